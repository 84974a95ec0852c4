import json

import numpy as np
import pytest
import tensorflow as tf

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.export import export_as, formats

slow = pytest.mark.slow


@pytest.mark.parametrize("format", ["onnx", "litert"])
@pytest.mark.parametrize(
    "recipe, names",
    [
        ("digits-gan", {"decode", "discriminate"}),
        pytest.param("mnist-vqvae", {"decode", "encode", "reconstruct"}, marks=slow),
        pytest.param("folder-voice", {"decode", "generate", "encode", "reconstruct"}, marks=slow),
    ],
)
def test_files_compute_what_the_model_computes_in_any_batch(tmp_path, recipe, names, format):
    model = recipes.resolve(recipe, {"data": "unread"}).make()
    found = model.export(tmp_path, format=format) and json.loads((tmp_path / "formats.json").read_text())
    assert set(found["functions"]) == names and not any("cannot" in f for f in found["functions"].values())
    for name, (function, signature) in formats.functions_of(model).items():
        (path,) = tmp_path.glob(f"{name}.*")
        assert path.stat().st_size == found["functions"][name]["bytes"]
        names, run = formats.FORMATS[format].loaded(path)
        random = np.random.default_rng(5)
        for rows in (1, 5):
            inputs = {}
            for spec in signature:
                shape = (rows, *spec.shape[1:])
                if spec.dtype.is_integer:
                    most = {"label": 10, "images": 256}.get(spec.name, 32)
                    inputs[spec.name] = random.integers(0, most, shape).astype(spec.dtype.as_numpy_dtype)
                else:
                    inputs[spec.name] = random.normal(size=shape).astype("float32")
            expected = function(*map(tf.constant, inputs.values())).numpy().astype("float64")
            given = run({key: inputs[key] for key in names})
            assert given.shape == expected.shape and np.abs(given).max() > 0
            np.testing.assert_allclose(
                given, expected, rtol=1e-4, atol=1 if given.dtype == np.uint8 else 1e-5
            )


def test_what_cannot_be_converted_is_told_and_leaves_no_file(tmp_path, small_gan, monkeypatch):
    gan = small_gan(num_classes=3)
    export_as(gan, tmp_path, "litert")
    assert (tmp_path / "decode.tflite").is_file()

    def functions_of(gan):
        label = tf.TensorSpec((None,), tf.int32, name="label")
        return {"decode": (tf.strings.as_string, [label])}

    monkeypatch.setattr(formats, "functions_of", functions_of)
    found = export_as(gan, tmp_path, "litert")
    assert "AsString" in found["decode"].pop("cannot") and not found["decode"]
    assert not (tmp_path / "decode.tflite").exists()


def test_files_that_compute_something_else_are_not_kept(tmp_path, small_gan, monkeypatch):
    kept = formats.LiteRT.loaded

    def loaded(path):
        names, run = kept(path)
        return names, lambda inputs: run(inputs) + np.uint8(7)

    monkeypatch.setattr(formats.LiteRT, "loaded", staticmethod(loaded))
    found = export_as(small_gan(), tmp_path, "litert")
    assert "differs from the model's by" in found["decode"]["cannot"]
    assert not list(tmp_path.glob("*.tflite"))


def test_mistakes_are_told_in_a_sentence(tmp_path, small_gan, monkeypatch):
    with pytest.raises(InputError, match="Unknown format 'onx': did you mean 'onnx'"):
        export_as(small_gan(), tmp_path, "onx")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        export_as(small_gan(), tmp_path / "file", "onnx")
    monkeypatch.setattr(formats.ONNX, "packages", ("lost_package",))
    with pytest.raises(InputError, match=r"needs lost_package: pip install keras_gen\[export\]"):
        export_as(small_gan(), tmp_path, "onnx")
