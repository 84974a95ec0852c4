"""What is shown to readers runs: the README's quickstart and the notebooks."""

import io
import itertools
import re
import zipfile
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from keras_gen.evaluation import registry

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_quickstart_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("caption\n" + "A dog runs, and a cat sleeps.\n" * 100)
    quickstart, *others = python_of(ROOT / "README.md")
    assert len(others) == 5 and "epochs=100" in quickstart
    short = "".join([quickstart, *others])
    for long, quick in (
        ("epochs=100", "epochs=1"),
        (".train, valid", ".train.take(2), valid"),
        (".val,", ".val.take(1),"),
        ('"digits-gan")', '"digits-gan", width=8)'),
        ('"vowels-vae")', '"vowels-vae", width=8)'),
        ("score(images)", "score(images, samples=10)"),
        ("max_trials=20", "max_trials=1"),
        ('measure="kid", epochs=1', 'measure="kid", epochs=1, fields={"steps_per_epoch": 2}'),
    ):
        assert long in short
        short = short.replace(long, quick)
    exec(short, {})
    assert Path("savedmodels/digits/1/saved_model.pb").is_file()


def test_an_objective_of_ones_own_trains_and_a_flow_is_fitted():
    import keras

    import keras_gen as kg

    names = {"keras": keras, "kg": kg}
    example, fitting = python_of(ROOT / "docs" / "vae.md")
    exec(example, names)
    digits = kg.datasets.load("digits")
    likelihood = kg.losses.Gaussian()
    networks = kg.networks.mlp(digits.media, likelihood, latent_dim=3)
    vae = kg.VAE(*networks, digits.media, likelihood, objective=names["Sparse"]())
    vae.compile()
    assert vae.fit(digits.train, verbose=0).history["absolute"][0] > 0
    flow = "RectifiedFlow(training_steps=1)"
    exec(
        fitting.replace("RectifiedFlow()", flow),
        names | {"vae": vae, "x": digits.arrays("train")[0], "labels": None},
    )
    assert isinstance(vae.sampling_prior, kg.losses.RectifiedFlow)


def test_each_addition_is_short_and_works(tmp_path, monkeypatch):
    import numpy as np

    from keras_gen.evaluation.registry import EVALUATIONS, MEASURES

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("keras_gen.evaluation.registry.EVALUATIONS", dict(EVALUATIONS))
    monkeypatch.setattr("keras_gen.evaluation.registry.MEASURES", dict(MEASURES))
    imports, objective, network, recipe, medium, measure = python_of(ROOT / "docs" / "extending.md")
    names = {}
    for example in (imports, objective, network, medium, measure):
        assert len(example.splitlines()) <= 25
        exec(example, names)
    kg = names["kg"]
    assert len(recipe.splitlines()) <= 25
    Path("mine.py").write_text(recipe)
    assert kg.GAN.from_recipe("mine.py", width=8).media == kg.Image(8, 8, 1)
    digits = kg.datasets.load("digits")
    gan = kg.GAN(*names["tiny"](digits.media), digits.media)
    gan.compile()
    gan.fit(digits.train.take(2), verbose=0)
    assert "brightness" in kg.evaluation.available(kg.recipes.resolve("digits-gan"))
    assert 0 < names["brightness"](gan, digits, kg.recipes.resolve("digits-gan")).metrics["brightness"] < 255
    media, likelihood = names["Curve"](16), kg.losses.Gaussian("learned")
    curves = np.sin(np.arange(16) / 4 + np.arange(64)[:, None]).astype("float32")
    vae = kg.VAE(*kg.networks.mlp(media, likelihood, latent_dim=2), media, likelihood, names["Sparse"]())
    vae.compile()
    assert vae.fit(curves, epochs=1, verbose=0).history["absolute"][0] > 0
    assert vae.generate(3, seed=0).shape == vae.reconstruct(curves[:3]).shape == (3, 16)
    vae.save("curves.keras")
    np.testing.assert_allclose(
        kg.load_model("curves.keras").generate(3, seed=0), vae.generate(3, seed=0), atol=1e-6
    )


def test_recipes_are_changed_and_written(tmp_path, monkeypatch):
    import keras_gen as kg

    monkeypatch.chdir(tmp_path)
    changed, own, callbacks, part = python_of(ROOT / "docs" / "recipes.md")
    names = {"__name__": "mine"}  # since pydantic takes classes of no module for Python's own
    exec(changed, names)
    assert names["vae"].objective.nats == 0.25 and names["config"].network.width == 64
    Path("birds.py").write_text(own)
    assert len(own.splitlines()) <= 25
    assert kg.GAN.from_recipe("birds.py", size=8, width=8).media == kg.Image(8, 8, 3)
    assert kg.recipes.space_of("birds.py").keys() == {"network.width", "r1"}
    exec("import keras\n" + callbacks, names)
    assert [type(each).__name__ for each in names["callbacks"](tmp_path)] == ["EarlyStopping", "CSVLogger"]
    exec(
        "from typing import Literal\nfrom keras_gen.recipes.gan import DCGAN, GANRecipe, Networks\n"
        "from keras_gen.recipes.settings import Field, Size, one_of\n" + part,
        names,
    )
    image = {"size": 8, "channels": 1}
    assert names["MyRecipe"](data="digits", image=image).network.maps == 4
    assert names["MyRecipe"](data="digits", image=image, network="dcgan").network.width == 32


@pytest.mark.exhaustive
def test_several_devices_and_the_data_service(tmp_path, monkeypatch):
    """Two consumers of the service on this machine: each image goes to one of them."""
    import numpy as np

    import keras_gen as kg

    monkeypatch.chdir(tmp_path)
    media = kg.Image(8, 8, 1)
    Path("holiday").mkdir()
    for value in range(64):
        media.save(np.full((8, 8, 1), value, np.uint8), Path("holiday") / f"{value}.png")
    names = {"kg": kg, "images": kg.datasets.load("digits")}
    replicas, service, going_on = python_of(ROOT / "docs" / "distribution.md")
    exec(replicas.replace("train, epochs=2", "train.take(2), epochs=1"), names)
    assert names["gan"].examples_seen.numpy() == 2 * 64
    names["gan"] = kg.GAN.from_recipe("digits-gan", steps_per_execution=1)
    going_on = going_on.replace("strategy.scope()", "kg.distribution.strategy('one').scope()")
    exec(going_on.replace('"runs/mine/checkpoints", 100', '"runs/mine/checkpoints", 3'), names)
    assert names["gan"].examples_seen.numpy() == 4 * 3 * 64
    exec(service, names)
    first = iter(names["packed"].as_numpy_iterator())
    exec(service[service.index("packed = ") :], names)  # as another process would ask
    consumers = [first, iter(names["packed"].as_numpy_iterator())]
    firsts = [int(next(consumer)[0, 0, 0]) for consumer in consumers]
    rests = [[int(image[0, 0, 0]) for image in consumer] for consumer in consumers]
    assert sorted([*firsts, *rests[0], *rests[1]]) == list(range(64))


def test_names_of_recordings_tell_labels(tmp_path, monkeypatch):
    import numpy as np
    import soundfile

    import keras_gen as kg

    monkeypatch.chdir(tmp_path)
    tone = 0.1 * np.sin(np.arange(4000) / 3)
    with zipfile.ZipFile("fsdd.zip", "w") as archive:
        for digit, speaker, index in itertools.product("01", ("ann", "theo"), range(10)):
            file = io.BytesIO()
            soundfile.write(file, tone, 8000, format="WAV")
            archive.writestr(f"{digit}_{speaker}_{index}.wav", file.getvalue())
    names = {"kg": kg}
    (example,) = python_of(ROOT / "docs" / "voice.md")
    exec(example, names)
    assert names["digits"].class_names == {"digit": ["0", "1"], "speaker": ["ann", "theo"]}
    assert len(names["digits"].arrays("test")[0]) == 20


def test_sprites_in_a_folder(tmp_path, monkeypatch):
    import numpy as np
    import PIL.Image

    import keras_gen as kg

    monkeypatch.chdir(tmp_path)
    Path("sprites").mkdir()
    for number in range(10):
        PIL.Image.new("RGBA", (20, 10), (number, 0, 0, 255)).save(f"sprites/{number}.png")
    names = {"kg": kg}
    (example,) = python_of(ROOT / "docs" / "images.md")
    exec(example, names)
    images = names["sprites"].arrays("train")[0]
    assert images.shape[1:] == (48, 64, 4) and np.unique(images[:, 0, 0], axis=0).tolist() == [[0, 0, 128, 0]]


def test_sentences_in_a_table(tmp_path, monkeypatch):
    import keras_gen as kg

    monkeypatch.chdir(tmp_path)
    rows = [f"{number},A dog sees {number} cats." for number in range(30)]
    Path("captions.csv").write_text("\n".join(["id,caption", *rows]))
    names = {"kg": kg}
    for example in python_of(ROOT / "docs" / "text.md"):
        exec(example, names)
    assert names["sentences"].media.vocabulary[0] in ("a", "dog", "sees", "cats", ".")
    assert names["vae"].decoder.num_classes == 4


@pytest.mark.slow
def test_a_search_from_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    example, measure = python_of(ROOT / "docs" / "tuning.md")
    for registered in ("MEASURES", "EVALUATIONS"):
        monkeypatch.setattr(registry, registered, dict(getattr(registry, registered)))
    exec(measure, {})
    for long, quick in (("max_trials=4", "max_trials=1"), ('"steps_per_epoch": 50', '"steps_per_epoch": 5')):
        assert long in example
        example = example.replace(long, quick)
    exec(example, names)
    (row,) = names["results"].rows
    assert 0 < row.metrics["brightness"] < 255 and names["config"].epochs == 20


def test_the_how_tos(tmp_path, monkeypatch):
    import numpy as np

    import keras_gen as kg

    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for number in range(10):
        image = np.full((40, 40, 3), 20 * number, np.uint8)
        kg.Image(40, 40, 3).save(image, Path("photos") / f"{number}.png")
    Path("runs/digits-gan").mkdir(parents=True)
    kg.GAN.from_recipe("digits-gan").save("runs/digits-gan/model.keras")
    costs = [9, 8, 7, 6, 5, 4, 3, 2], [5, 4, 3, 4, 5, 6, 7, 8]
    rows = ["loss,val_loss", *(f"{train},{val}" for train, val in zip(*costs, strict=True))]
    Path("runs/digits-gan/history.csv").write_text("\n".join(rows))
    names = {"kg": kg}
    for page in ("my-data", "fine-tuning", "when-training-fails"):
        for example in python_of(ROOT / "docs" / "how-to" / f"{page}.md"):
            exec(example.replace("fit(images.train, epochs", "fit(images.train.take(1), epochs"), names)
    assert Path("further.keras").is_file() and names["finding"].name == "overfitting"
    assert names["gan"].learning_rate_scale.numpy() == np.float32(0.1)


def python_of(document):
    """The Python examples in a document."""
    return re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL)


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_notebooks_are_there():
    assert [path.name for path in NOTEBOOKS] == [
        "01_image_gan.ipynb",
        "02_image_vae.ipynb",
        "03_voice_vae.ipynb",
        "04_text_vae.ipynb",
        "05_tune.ipynb",
        "06_export_and_serve.ipynb",
    ]


# A few steps and trials run as well as all of them, whose outputs are stored.
SHORTENED = (
    (r"\bepochs=\d+", "epochs=1"),
    (r"\b(steps_per_epoch\W+)\d+", r"\g<1>10"),
    (r"\b(steps_per_execution=)\d+", r"\g<1>5"),
    (r"\[:200\]", "[:20]"),
    (r"\.fit\((\w+)\.train,", r".fit(\1.train.take(10),"),
    (r"\bvalidation_data=(\w+)\.val\b", r"validation_data=\1.val.take(1)"),
    (r"\b(width\W+)\d+", r"\g<1>8"),
    (r"\bsamples=\d+", "samples=5"),
    (r"\bmax_trials=\d+", "max_trials=1"),
)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_is_stored_with_its_outputs(path, tmp_path, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "%pip install --quiet" in code[0].source  # for Colab
    assert all(cell.execution_count == number for number, cell in enumerate(code, 1))
    shown = "text/plain" if "text" in path.stem else "image/png"
    assert any(shown in output.get("data", {}) for cell in code for output in cell.outputs)
    shell = InteractiveShell()
    monkeypatch.chdir(tmp_path)
    for cell in code:
        for long, quick in SHORTENED:
            cell.source = re.sub(long, quick, cell.source)
        shell.run_cell(cell.source).raise_error()
