"""Models that were saved before the house was rebuilt: they load, sample and train on as they did."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import keras_gen as kg

FOLDER = Path(__file__).parent / "golden"
specification = importlib.util.spec_from_file_location("golden_make", FOLDER / "make.py")
make = importlib.util.module_from_spec(specification)
specification.loader.exec_module(make)


@pytest.mark.slow
@pytest.mark.parametrize("kind", make.KINDS, ids=lambda kind: kind.__name__)
def test_saved_model_samples_and_trains_on_as_it_did(kind):
    expected = json.loads((FOLDER / f"{kind.__name__}.json").read_text())
    model = kg.load_model(FOLDER / f"{kind.__name__}.keras")
    drawn = make.samples(model)
    if isinstance(drawn[0], str):
        assert drawn == expected["samples"]
    elif kind is make.voice_vae:
        wanted = model.media.finish(
            tf.constant(expected["samples"], tf.float32)
        )  # it was left as it came then
        np.testing.assert_allclose(drawn, wanted, rtol=0.0, atol=0.01)
    else:
        np.testing.assert_allclose(
            drawn, expected["samples"], rtol=0.0, atol=1
        )  # processors round differently
    logs = make.further(model)
    assert len(logs) == len(expected["logs"])
    for found, wanted in zip(logs, expected["logs"], strict=True):
        known = {name: found[name] for name in wanted}  # later versions log more
        assert known == pytest.approx(wanted, rel=1e-4, abs=1e-5)
