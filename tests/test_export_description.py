"""What exported models say of themselves, and that it is so."""

import json

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.export import Description, description, is_whole, verify, warm_up


@pytest.fixture
def exported(small_gan, tmp_path):
    provenance = {
        "recipe": "digits-gan",
        "data": "digits",
        "class_names": ["a", "b", "c"],
        "model": "sha256:1",
    }
    gan = small_gan(num_classes=3)
    return gan, gan.export(tmp_path / "gan" / "1", provenance=provenance)


def test_an_export_says_what_it_is(exported):
    gan, folder = exported
    told = description.read(folder)
    assert (told.kind, told.recipe, told.data.name, told.model) == ("GAN", "digits-gan", "digits", "sha256:1")
    assert told.media == {"kind": "image", "height": 8, "width": 8, "channels": 1}
    assert told.num_classes == 3 and told.class_names == ["a", "b", "c"] and told.seed == gan.seed
    assert told.versions["tensorflow"] == tf.__version__ and set(told.versions) == {
        "keras_gen",
        "keras",
        "tensorflow",
        "python",
    }
    served = tf.saved_model.load(str(folder)).signatures
    assert set(told.signatures) == set(served)
    for name, signature in told.signatures.items():
        specs = served[name].structured_input_signature[1]
        for tensors, found in (
            (signature.inputs, specs),
            (signature.outputs, served[name].structured_outputs),
        ):
            assert {key: (t.dtype, t.shape) for key, t in tensors.items()} == {
                key: (spec.dtype.name, spec.shape.as_list()) for key, spec in found.items()
            }
    for name, inputs in warm_up.read_requests(folder):
        served[name](**{key: tf.constant(values) for key, values in inputs.items()})

    changed = folder / "variables" / "variables.index"
    whole = changed.read_bytes()
    assert is_whole(folder)
    changed.write_bytes(whole[:-1])
    assert description.changes(folder, told) == ["variables/variables.index"] and not is_whole(folder)
    changed.unlink()
    assert description.changes(folder, told) == ["variables/variables.index"]
    (folder / "assets.extra" / "model.json").write_text('{"kind": 3}')
    with pytest.raises(InputError, match=r"model.json is damaged: kind: "):
        description.read(folder)


def test_scores_that_come_later_bless_no_changed_file(exported, monkeypatch):
    _, folder = exported
    scores = {"metrics": {"kid": 0.5, "ratio": float("nan")}, "conditions": ["of 100"], "real": {"kid": 0.1}}
    description.add(folder, {"scores.json": b"{}"}, license="CC0", **scores)
    told = description.read(folder)
    assert told.metrics == {"kid": 0.5, "ratio": None} and told.real == {"kid": 0.1} and is_whole(folder)
    assert told.data.model_dump() == {"name": "digits", "fingerprint": None, "license": "CC0"}
    assert "assets.extra/scores.json" in told.files

    # Killed when the file is there, and its new checksum is not.
    with monkeypatch.context() as patch:
        patch.setattr(description, "_checksum", lambda content: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            description.add(folder, {"scores.json": b"other"}, **scores)
    assert (folder / "assets.extra" / "scores.json").read_bytes() == b"other" and is_whole(folder)

    (folder / "saved_model.pb").write_bytes(b"other")
    description.add(folder, {"scores.json": b"{}"}, **scores)
    assert description.changes(folder, description.read(folder)) == ["saved_model.pb"]


def test_an_export_that_gives_something_else_is_refused(exported):
    gan, folder = exported
    verify(gan, folder)
    for network in gan.exported_networks():
        for weight in network.weights:
            weight.assign(weight + 0.5)
    with pytest.raises(InputError, match="does not give what the model gives for 100 seeds together"):
        verify(gan, folder)
    (folder / "fingerprint.pb").unlink()
    with pytest.raises(InputError, match=r"not written as it was meant to be \(fingerprint.pb\)"):
        verify(gan, folder)


def test_requests_are_written_as_tensorflow_serving_reads_them():
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    inputs = {"label": np.array([[2, 3]], "int32"), "text": np.array(["a", b"\xff"], object)}
    asked = prediction_log_pb2.PredictionLog.FromString(
        warm_up.request("sample", inputs).SerializeToString()
    ).predict_log.request
    assert asked.model_spec.signature_name == "sample" and set(asked.inputs) == {"label", "text"}
    np.testing.assert_array_equal(tf.make_ndarray(asked.inputs["label"]), inputs["label"])
    np.testing.assert_array_equal(tf.make_ndarray(asked.inputs["text"]), [b"a", b"\xff"])


def test_the_schema_tells_every_field():
    fields = Description.model_json_schema()["properties"]
    assert {"kind", "signatures", "files"} <= set(fields)
    assert all("description" in field for name, field in fields.items() if name not in ("signatures", "data"))
    assert json.dumps(fields)
