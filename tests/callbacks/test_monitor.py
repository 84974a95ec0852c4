import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
from werkzeug.test import Client

from keras_gen.callbacks import Checkpoint, HistoryFile, LatentMonitor, Monitor
from keras_gen.callbacks.watching import Watch, spread
from keras_gen.datasets.dataset import Dataset
from keras_gen.errors import InputError
from keras_gen.losses import Bernoulli
from keras_gen.media import Image
from keras_gen.metrics import Extractor, Quality
from keras_gen.models import VAE, load_model
from keras_gen.networks import mlp
from keras_gen.training.precision import run


@pytest.fixture(scope="module")
def data():
    """Gray squares whose brightness tells their class."""
    random = np.random.default_rng(0)
    labels = (np.arange(96) % 3).astype("int32")
    x = (80 * labels[:, None, None, None] + random.integers(0, 40, (96, 8, 8, 1))).astype("uint8")
    splits = {
        name: (x[rows], labels[rows])
        for name, rows in (("train", slice(0, 48)), ("val", slice(48, 72)), ("test", slice(72, 96)))
    }
    return Dataset(Image(8, 8, 1), **splits, class_names=["dark", "gray", "light"], batch_size=16)


def events(folder):
    """What TensorBoard has: (tag, step) -> value."""
    found = {}
    for file in folder.glob("events*"):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                found[value.tag, event.step] = value
    return found


def test_the_logs_tell_what_the_discriminator_says_of_each_kind_of_example(small_gan, data, tmp_path):
    gan = small_gan(num_classes=3)
    monitor, history = Monitor(tmp_path, num=4, data=data), HistoryFile(tmp_path / "history.csv")
    gan.fit(data.train, epochs=2, validation_data=data.val, callbacks=[monitor, history], verbose=0)
    last, seen = history.rows[-1], {}
    for split in ("train", "val"):
        packed, labels = data.arrays(split)
        seen[split] = run(gan.discriminator, gan.media.to_model(packed), tf.constant(labels)).numpy()
        assert last[f"{split}_logit"] == pytest.approx(seen[split].mean(), rel=1e-4)
    _, labels = data.arrays("val")
    raw = gan.generate(len(labels), labels, seed=0)  # the model form, but for its rounding
    fake = run(gan.discriminator, gan.media.to_model(raw), tf.constant(labels)).numpy()
    assert last["generated_logit"] == pytest.approx(fake.mean(), abs=0.02)
    assert last["val_pair_accuracy"] == pytest.approx(np.mean(seen["val"] > fake), abs=0.1)
    packed, _ = data.arrays("val")
    expected = spread(raw / 127.5, labels) / spread(packed / 127.5, labels)
    assert last["sample_diversity"] == pytest.approx(expected, rel=0.02)
    assert last["generator_learning_rate"] == pytest.approx(2e-4)
    assert {tag for tag, step in events(tmp_path / "tensorboard") if step == 96} >= set(last) - {"epoch"}


@pytest.mark.parametrize("share, shown", [(1e-9, [48, 192]), (1, [48, 96, 144, 192])])
def test_samples_take_a_share_of_the_time_and_are_there_first_and_last(
    small_gan, data, tmp_path, share, shown
):
    monitor, history = Monitor(tmp_path, num=4, share=share), HistoryFile(tmp_path / "history.csv")
    small_gan().fit(data.train, epochs=4, callbacks=[monitor, history], verbose=0)
    assert sorted(int(path.stem) for path in (tmp_path / "samples").iterdir()) == shown
    found = events(tmp_path / "tensorboard")
    assert sorted(step for tag, step in found if tag == "samples") == shown
    assert len(history.rows) == sum(tag == "generator_loss" for tag, _ in found) == 4
    with pytest.raises(InputError, match="share must be above 0 and at most 1, not 2"):
        Monitor(tmp_path, share=2)


def test_diversity_is_within_classes():
    points = np.array([[0.0, 0.0], [3.0, 4.0], [10.0, 0.0], [10.0, 1.0]])
    assert spread(points, np.array([0, 0, 1, 1])) == pytest.approx((5 + 1) / 2)
    of_pairs = [np.linalg.norm(a - b) for i, a in enumerate(points) for b in points[:i]]
    assert spread(points) == pytest.approx(np.mean(of_pairs))
    assert spread(points[:2], np.array([0, 1])) is None


def test_a_single_example_is_not_compared_with_itself(data):
    likelihood = Bernoulli("dynamic")
    vae = VAE(*mlp(data.media, likelihood, latent_dim=2), data.media, likelihood)
    (x, labels), held_out = data.arrays("train"), data.arrays("val")
    for count, told in ((2, {"sample_diversity", "val_active_units"}), (1, set())):
        val = tuple(part[:count] for part in held_out)
        few = Dataset(data.media, (x, labels), val, held_out, batch_size=16)
        assert set(Watch(few)(vae)) == told


def test_watching_and_measuring_change_no_bit_of_training_and_choose_the_best(small_gan, data, tmp_path):
    class Note(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            noted.append((int(self.model.examples_seen.numpy()), dict(logs)))

    pixels = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    pixels.save(tmp_path / "pixels.keras")
    noted, how = [], dict(epochs=4, validation_data=data.val, verbose=0)
    bare, watched = small_gan(num_classes=3), small_gan(num_classes=3)
    bare.fit(data.batches(), steps_per_epoch=3, **how)
    measuring = dict(data=data, measures=("recall", "kid"), every=2, num_measured=24)
    monitor = Monitor(tmp_path, num=2, extractor=str(tmp_path / "pixels.keras"), **measuring)
    best = Checkpoint(tmp_path / "checkpoints", monitor="val_kid", mode="max")
    watched.fit(data.batches(), steps_per_epoch=3, callbacks=[monitor, Note(), best], **how)
    for a, b in zip(bare.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    measured = {seen: logs["val_kid"] for seen, logs in noted if "val_kid" in logs}
    assert list(measured) == [96, 192]
    labels = watched.labels_for(24)
    quality = Quality(data.tested_on("val"), extractor=Extractor(pixels))
    scores = quality.score(watched.generate(24, labels, seed=0), labels)
    assert measured[192] == pytest.approx(scores["kid"]) and noted[-1][1]["val_recall"] == scores["recall"]
    kept = load_model(tmp_path / "checkpoints" / "best.keras").examples_seen.numpy()
    assert kept == max(measured, key=measured.get)


def test_measures_that_cannot_be_taken_are_refused(data, tmp_path):
    with pytest.raises(InputError, match="no measure 'kind'.*'kid'|'kind'"):
        Monitor(tmp_path, data=data, measures=("kind",))
    with pytest.raises(InputError, match="'training_minutes' is not taken"):
        Monitor(tmp_path, data=data, measures=("training_minutes",))
    with pytest.raises(InputError, match="give data, a Dataset that has some"):
        Monitor(tmp_path, measures=("kid",))
    with pytest.raises(InputError, match="nowhere.keras"):
        Monitor(tmp_path, data=data, measures=("kid",), extractor="nowhere.keras")
    with pytest.raises(InputError, match="mode 'least'|'least'"):
        Checkpoint(tmp_path, mode="least")


def test_the_projector_and_the_dashboard_of_hyperparameters_get_what_they_read(data, tmp_path):
    keras.utils.set_random_seed(0)
    media, likelihood = Image(8, 8, 1), Bernoulli("dynamic")
    vae = VAE(*mlp(media, likelihood, latent_dim=3, width=8), media, likelihood)
    vae.compile()
    monitor = LatentMonitor(
        tmp_path, data.arrays("val")[0][:4], num=2, data=data, hyperparameters={"width": 8, "loss": "elbo"}
    )
    vae.fit(data.train, validation_data=data.val, callbacks=[monitor], verbose=0)
    folder = tmp_path / "tensorboard"
    packed, labels = data.arrays("val")
    latents = np.loadtxt(folder / "projector" / "latents.tsv", delimiter="\t")
    np.testing.assert_allclose(latents, vae.encode(packed), rtol=1e-4, atol=1e-5)
    told = (folder / "projector" / "labels.tsv").read_text().split()
    assert told == [data.class_names[label] for label in labels]
    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload()
    provider = MultiplexerDataProvider(multiplexer, str(tmp_path))
    plugin = ProjectorPlugin(TBContext(logdir=str(tmp_path), data_provider=provider))
    served = {name: Client(app) for name, app in plugin.get_plugin_apps().items()}
    (run_name,) = served["/runs"].get("/").json
    (embedding,) = served["/info"].get(f"/?run={run_name}").json["embeddings"]
    assert embedding["tensorShape"] == [24, 3] and embedding["sprite"]["singleImageDim"] == [8, 8]
    query = f"/?run={run_name}&name=latents"
    tensor = np.frombuffer(served["/tensor"].get(query).data, "float32").reshape(24, 3)
    np.testing.assert_allclose(tensor, latents, rtol=1e-5)
    assert served["/metadata"].get(query).text.split() == told
    assert served["/sprite_image"].get(query).data == (folder / "projector" / "sprites.png").read_bytes()
    begun = metadata.parse_session_start_info_plugin_data(
        next(
            v for (tag, _), v in events(folder).items() if tag == metadata.SESSION_START_INFO_TAG
        ).metadata.plugin_data.content
    )
    assert json.loads(str(begun.hparams["width"].number_value)) == 8
    assert begun.hparams["loss"].string_value == "elbo"
