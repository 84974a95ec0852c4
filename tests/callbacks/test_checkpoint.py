import resource
import signal
import zipfile

import keras
import numpy as np
import pytest

from keras_gen.callbacks import (
    Checkpoint,
    Diverged,
    HistoryFile,
    Interruption,
    TrainingState,
    latest_checkpoint,
)
from keras_gen.callbacks.checkpoint import checkpoints
from keras_gen.errors import InputError
from keras_gen.layers import AdaptiveAugment
from keras_gen.models import GAN, load_model


def assert_equal(model, other):
    """All of two models, to the last bit."""
    for kind in (lambda m: [m], lambda m: m.optimizers.values()):
        for one, two in zip(kind(model), kind(other), strict=True):
            for a, b in zip(one.variables, two.variables, strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy(), a.path)


def test_the_last_ones_and_the_best_stay(small_gan, images, tmp_path):
    class Score(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["score"] = [np.nan, 1.0, 2.0, np.nan, 1.5][epoch]

    gan = small_gan()
    checkpoint = Checkpoint(tmp_path, every=2, keep=2, monitor="score")
    gan.fit(images[0], batch_size=16, epochs=5, callbacks=[Score(), checkpoint], verbose=0)
    assert [int(path.stem) for path in checkpoints(tmp_path)] == [240, 224]
    assert {path.name for path in tmp_path.iterdir()} == {
        "000000000224.keras",
        "000000000240.keras",
        "best.keras",
    }
    assert load_model(tmp_path / "best.keras").examples_seen.numpy() == 96
    # Another training into the same folder: what the earlier one reached is not taken for it.
    small_gan().fit(images[0], batch_size=16, callbacks=[Checkpoint(tmp_path)], verbose=0)
    assert [int(path.stem) for path in checkpoints(tmp_path)] == [48]


@pytest.mark.exhaustive
def test_training_goes_on_exactly_from_the_middle_of_an_epoch(small_gan, images, tmp_path):
    """With random layers, adapted augmentation, the logs so far, and a Keras callback that counts epochs."""
    x = np.concatenate([images[0]] * 2)[:64]

    def fresh():
        part = small_gan()
        noisy = keras.Sequential(
            [keras.Input((8, 8, 1)), keras.layers.Dropout(0.5, seed=3), part.discriminator]
        )
        gan = GAN(part.generator, noisy, part.media, seed=1)
        gan.compile(loss="hinge", augment=AdaptiveAugment(examples=200, interval=2, policy=("blit",)))
        return gan

    def fit(gan, name, x, first, watched=(), **settings):
        stopping = keras.callbacks.EarlyStopping("discriminator_loss", patience=99, mode="max", min_delta=1e9)
        watching = [stopping, HistoryFile(tmp_path / f"{name}.csv")]
        callbacks = [*watched, *watching, Checkpoint(tmp_path / name, watching, **settings)]
        gan.fit(
            x, batch_size=16, shuffle=False, initial_epoch=first, epochs=2, callbacks=callbacks, verbose=0
        )
        return stopping

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.examples_seen.numpy() == 5 * 16:
                signal.raise_signal(signal.SIGTERM)

    straight = fresh()
    counted = fit(straight, "straight", x, first=0)
    with Interruption() as interruption, pytest.raises(SystemExit) as end:
        fit(fresh(), "stopped", x, first=0, watched=[Stop()], interruption=interruption)
    assert end.value.code == 143
    path = latest_checkpoint(tmp_path / "stopped")
    assert int(path.stem) == 5 * 16
    resumed = load_model(path)
    counted_on = fit(resumed, "stopped", x[16:], first=1, state=TrainingState.read(path))
    assert_equal(resumed, straight)
    assert (tmp_path / "stopped.csv").read_text() == (tmp_path / "straight.csv").read_text()
    assert (counted_on.wait, counted_on.best) == (counted.wait, counted.best) and counted.wait == 1


def test_a_disk_that_is_full_leaves_whole_checkpoints(small_gan, images, tmp_path):
    gan = small_gan()
    checkpoint = Checkpoint(tmp_path)
    gan.fit(images[0], callbacks=[checkpoint], verbose=0)
    whole, limits = latest_checkpoint(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    too_large = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole.stat().st_size // 2, limits[1]))
    try:
        with pytest.raises(
            InputError, match=r"cannot be written \(File too large\): those before it are whole"
        ):
            gan.fit(images[0], callbacks=[checkpoint], verbose=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, too_large)
    assert [path.name for path in tmp_path.iterdir()] == [whole.name]
    assert load_model(latest_checkpoint(tmp_path)).examples_seen.numpy() == 48


def test_damaged_checkpoints_are_passed_over(small_gan, images, tmp_path, caplog):
    small_gan().fit(images[0], batch_size=16, epochs=2, callbacks=[Checkpoint(tmp_path)], verbose=0)
    newest, older = checkpoints(tmp_path)
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) // 2])
    assert latest_checkpoint(tmp_path) == older
    (said,) = (record.getMessage() for record in caplog.records if record.name == "keras_gen")
    assert f"{newest} is damaged" in said
    with zipfile.ZipFile(tmp_path / "foreign.keras", "w") as archive:
        archive.writestr("training.json", '{"depth": 3}')
    for path in (newest, tmp_path / "foreign.keras", tmp_path / "none.keras"):
        with pytest.raises(InputError, match="cannot be read as a checkpoint"):
            TrainingState.read(path)


def test_training_that_breaks_leaves_the_last_good_one(small_gan, images, tmp_path):
    gan = small_gan()
    gan.fit(images[0], callbacks=[Checkpoint(tmp_path)], verbose=0)
    good = gan.get_weights()
    gan.generator.trainable_variables[0].assign(np.full(gan.generator.trainable_variables[0].shape, np.nan))
    checkpoint = Checkpoint(tmp_path, every=1, most_skipped=4)
    with pytest.raises(Diverged):
        gan.fit(images[0], batch_size=16, epochs=9, callbacks=[checkpoint], verbose=0)
    assert (gan.skipped_steps.numpy(), gan.skipped_in_row.numpy()) == (4, 4)
    for kept, value in zip(load_model(latest_checkpoint(tmp_path)).get_weights(), good, strict=True):
        np.testing.assert_array_equal(kept, value)


def test_signals_are_what_they_were_before(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(InputError, match="keep must be at least 1, not 0"):
        Checkpoint(tmp_path, keep=0)
