"""What becomes of a training that is disturbed, or that an older kit began: a row each."""

import shutil
import signal
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.callbacks import (
    Checkpoint,
    HistoryFile,
    Interruption,
    Monitor,
    TrainingState,
    latest_checkpoint,
)
from keras_gen.errors import InputError
from keras_gen.signals import leave
from keras_gen.training.reports import Reports


def in_an_epoch(gan):
    """A model in the middle of an epoch."""
    gan.reports = Reports(["discriminator_loss", "generator_loss"])
    gan.reports.add(discriminator_loss=tf.constant([1.0, 3.0]), generator_loss=tf.constant([2.0, 4.0]))
    return gan


LISTS = [[4.0, 2.0, 5.0, 2.0]]  # of the totals and counts
DICTS = [
    {"discriminator_loss/total": 4.0, "discriminator_loss/count": 2.0, "generator_loss/total": 5.0,
     "generator_loss/count": 2.0, "penalty/total": 9.0}
]  # fmt: skip


LONGER = [[4.0, 2.0, 0.0, 5.0, 2.0, 0.0]]


@pytest.mark.parametrize("metrics", [LISTS, LONGER, DICTS], ids=["lists", "longer lists", "dicts"])
def test_running_means_of_an_older_kit_go_on(small_gan, metrics):
    gan = in_an_epoch(small_gan())
    TrainingState(metrics).restore(gan, [])
    assert gan.get_metrics_result() == {"discriminator_loss": 2.0, "generator_loss": 2.5}


def test_running_means_come_back_by_their_names(small_gan):
    gan = in_an_epoch(small_gan())
    gan.reports.add(generator_loss=tf.constant([np.nan] * 3), discriminator_loss=tf.zeros(3))
    state = TrainingState.of(gan, [])
    assert state.metrics[0]["generator_loss/left_out"] == 3.0
    gan.reset_metrics()
    state.restore(gan, [])
    assert TrainingState.of(gan, []) == state
    with pytest.raises(InputError, match="has 3 numbers of running means, of which the model has 2"):
        TrainingState([[1.0, 2.0, 3.0]]).restore(gan, [])


@pytest.mark.parametrize("lost", ["samples", "tensorboard", "history.csv"])
def test_what_is_lost_of_a_run_is_made_again(small_gan, images, tmp_path, lost):
    class Lose(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            path = tmp_path / lost
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    history = HistoryFile(tmp_path / "history.csv")
    callbacks = [Monitor(tmp_path, num=2), history, Lose()]
    small_gan().fit(images[0], batch_size=16, epochs=2, callbacks=callbacks, verbose=0)
    assert (tmp_path / "samples" / "0000000096.png").is_file()
    events = [path.stat().st_size for path in (tmp_path / "tensorboard").glob("events*")]
    assert max(events) > 500  # more than a header
    whole = (tmp_path / "history.csv").read_text()
    assert whole.count("\n") == 3
    (tmp_path / "history.csv").write_text("?")
    HistoryFile(tmp_path / "history.csv").set_state(history.get_state())
    assert (tmp_path / "history.csv").read_text() == whole


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text", "foreign", "flipped"])
def test_no_checkpoint_that_cannot_be_gone_on_with_is_taken(small_gan, images, tmp_path, content, caplog):
    small_gan().fit(images[0], batch_size=16, callbacks=[Checkpoint(tmp_path)], verbose=0)
    (whole,) = tmp_path.iterdir()
    later, data = tmp_path / "000000000099.keras", bytearray(whole.read_bytes())
    if content == "foreign":
        with zipfile.ZipFile(later, "w") as archive:
            archive.writestr("metadata.json", "{}")
    elif content == "flipped":
        data[len(data) // 2] ^= 255
        later.write_bytes(data)
    else:
        later.write_bytes(content)
    assert latest_checkpoint(tmp_path) == whole
    (said,) = (record.getMessage() for record in caplog.records if record.name == "keras_gen")
    assert said.startswith(f"{later} is damaged (")


@pytest.mark.parametrize(
    "name, end, status",
    [("SIGHUP", SystemExit, 129), ("SIGTERM", SystemExit, 143), ("SIGINT", KeyboardInterrupt, None)],
)
def test_every_signal_that_asks_to_stop_is_heeded(name, end, status):
    number = getattr(signal, name)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which `nohup` may have had ignored
    with Interruption() as interruption:
        signal.raise_signal(number)
    signal.signal(signal.SIGHUP, before)
    assert interruption.signal == number
    with pytest.raises(end) as raised:
        leave(interruption.signal)
    assert status is None or raised.value.code == status
