import contextlib
import functools
import io
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf

# The processor as two devices, for what is done on several.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

collect_ignore = ["one_worker.py"]

MEDIA_SHAPE = (8, 8, 1)
NUM_CLASSES = 3


def small_networks(num_classes=None):
    """A generator and a discriminator of a few smooth layers, whose every derivative is well behaved."""
    latent, image = keras.Input((4,), name="latent"), keras.Input(MEDIA_SHAPE, name="image")
    z, h = latent, keras.layers.Flatten()(image)
    inputs, seen = [latent], [image]
    if num_classes:
        label, shown = (keras.Input((), dtype="int32", name="label") for _ in range(2))
        z = keras.layers.Concatenate()([z, keras.layers.Embedding(num_classes, 3)(label)])
        h = keras.layers.Concatenate()([h, keras.layers.Embedding(num_classes, 3)(shown)])
        inputs, seen = [latent, label], [image, shown]
    x = keras.layers.Dense(16, activation="tanh")(z)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dense(64, activation="tanh")(x)
    h = keras.layers.Dense(16, activation="tanh")(h)
    generator = keras.Model(inputs, keras.layers.Reshape(MEDIA_SHAPE)(x), name="generator")
    return generator, keras.Model(seen, keras.layers.Dense(1)(h), name="discriminator")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Classifiers trained in these tests are kept for their time only, for all processes that test."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    os.environ["KERAS_GEN_CACHE"] = str(folder / "cache")


@pytest.fixture(scope="session", autouse=True)
def few_samples():
    """Runs and trials draw few samples to be scored by."""
    from keras_gen.evaluation import measures

    measures.NUM_SCORED = measures.MOST_HEARD = measures.LEAST_HEARD = 200


@pytest.fixture(scope="session")
def cli_in():
    """Runs `keras-gen` in a folder, in this process; returns the exit code and what was printed."""
    from keras_gen import cli

    def run(folder, *arguments):
        printed = io.StringIO()
        with (
            contextlib.chdir(folder),
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            pytest.raises(SystemExit) as end,
        ):
            patch.setattr(sys, "argv", ["keras-gen", *map(str, arguments)])
            cli.main()
        return end.value.code or 0, " ".join(printed.getvalue().split())

    return run


@pytest.fixture
def run_cli(cli_in, tmp_path, monkeypatch):
    """Runs `keras-gen` in a folder of its own; returns the exit code and what was printed."""
    monkeypatch.chdir(tmp_path)
    return functools.partial(cli_in, tmp_path)


@pytest.fixture
def small_gan():
    """Builds a small GAN, the same one at each call, compiled with the arguments given."""
    from keras_gen.media import Image
    from keras_gen.models import GAN

    def build(num_classes=None, **settings):
        keras.utils.set_random_seed(0)
        gan = GAN(*small_networks(num_classes), media=Image(*MEDIA_SHAPE), num_classes=num_classes, seed=1)
        gan.compile(**settings)
        return gan

    return build


@pytest.fixture(scope="session")
def images():
    """48 packed images and their labels."""
    random = np.random.default_rng(0)
    labels = (np.arange(48) % NUM_CLASSES).astype("int32")
    return random.integers(0, 256, (48, *MEDIA_SHAPE), dtype=np.uint8), labels
