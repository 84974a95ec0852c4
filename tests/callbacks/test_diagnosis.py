import json
import math

import numpy as np
import pytest

from keras_gen.callbacks import Diagnose, Finding, HistoryFile, diagnose
from keras_gen.callbacks.diagnosis import RULES
from keras_gen.errors import InputError

EPOCHS = np.arange(12)
FALLING = 40 + 60 * np.exp(-EPOCHS)
HEALTHY = {  # of all kinds of models at once
    "loss": FALLING,
    "val_loss": FALLING + 1,
    "learning_rate": 1e-3 * (0.5 + 0.5 * np.cos(np.pi * EPOCHS / 11)),
    "gradient_norm": 5.0 - 0.3 * EPOCHS,
    "generator_loss": np.full(12, 0.7),
    "sample_diversity": np.linspace(0.3, 0.9, 12),
    "train_pair_accuracy": np.linspace(1.0, 0.7, 12),
    "val_pair_accuracy": np.linspace(1.0, 0.6, 12),
    "train_logit": np.full(12, 2.0),
    "val_logit": np.linspace(2.0, 1.4, 12),
    "generated_logit": np.full(12, 1.0),
    "val_kl": np.full(12, 5.0),
    "val_active_units": np.full(12, 8.0),
    "val_dead_codes": np.linspace(0.9, 0.1, 12),
    "val_copying": np.where(EPOCHS % 2, 1.0, np.nan),
}
WRONG = {  # name -> (what differs, the epoch since when it is seen)
    "data that look wrong": [
        ({"val_loss": 1.3 * FALLING}, 1),
        ({"skipped_steps": np.where(EPOCHS > 6, 4.0, np.nan)}, 8),
        ({"val_loss": np.where(EPOCHS > 10, np.nan, FALLING)}, 12),
    ],
    "overfitting": [
        ({"val_loss": 50 + np.abs(EPOCHS - 4.0), "train_logit": None}, 6),
        ({"val_logit": np.where(EPOCHS > 5, 1.1, 1.9)}, 7),
    ],
    "underfitting": [({"loss": 100 - EPOCHS, "val_loss": 100.5 - EPOCHS, "learning_rate": np.ones(12)}, 7)],
    "mode collapse": [({"sample_diversity": np.where(EPOCHS > 7, 0.2, 0.8)}, 9)],
    "strong discriminator": [
        (
            {
                "val_pair_accuracy": np.ones(12),
                "discriminator_gradient_norm": np.full(12, 0.01),
                "generator_gradient_norm": np.ones(12),
            },
            1,
        )
    ],
    "weak discriminator": [({"train_pair_accuracy": np.where(EPOCHS > 8, 0.5, 0.9)}, 10)],
    "vanishing gradients": [({"gradient_norm": 10.0 ** -(EPOCHS / 2.0)}, 5)],
    "posterior collapse": [
        ({"val_kl": np.where(EPOCHS > 3, 0.01, 5.0)}, 5),
        ({"val_active_units": np.zeros(12)}, 1),
    ],
    "dead codes": [({"val_dead_codes": np.full(12, 0.8)}, 1)],
    "copying": [({"val_copying": np.where(EPOCHS % 2, np.where(EPOCHS > 4, -5.0, 1.0), np.nan)}, 6)],
    "plateau": [({"loss": np.maximum(FALLING, 41), "learning_rate": np.full(12, 1e-3)}, 7)],
}


def rows_of(columns):
    return [
        {
            "epoch": epoch,
            **{name: float(values[epoch]) for name, values in columns.items() if not missing(values, epoch)},
        }
        for epoch in range(12)
    ]


def missing(values, epoch):
    """A number that is told now and then; one that is not finite in the last epoch is told."""
    return math.isnan(values[epoch]) and epoch < 11


def test_nothing_is_said_of_a_healthy_training():
    rows = rows_of({**HEALTHY, "val_copying": np.where(EPOCHS % 2, 1.0, np.nan)})
    for end in range(1, 13):
        assert diagnose(rows[:end], epochs=12) == []


@pytest.mark.parametrize("name, number", [(name, i) for name in WRONG for i in range(len(WRONG[name]))])
def test_what_is_wrong_is_named_and_when_it_began(name, number):
    changed, since = WRONG[name][number]
    columns = {column: told for column, told in {**HEALTHY, **changed}.items() if told is not None}
    found = {f.name: f for f in diagnose(rows_of(columns))}
    assert list(found) == [name]
    assert found[name].since == since and found[name].advice == RULES[name].advice
    assert any(character.isdigit() for character in found[name].seen) or "is nan" in found[name].seen


def test_every_rule_is_tried():
    assert list(WRONG) == list(RULES)


def test_a_file_of_history_says_what_its_rows_say(tmp_path):
    history = HistoryFile(tmp_path / "history.csv")
    history.rows = rows_of({**HEALTHY, **WRONG["copying"][0][0]})
    history._write()
    assert diagnose(tmp_path / "history.csv") == diagnose(history.rows) != []
    # A column whose first number is still to come.
    assert diagnose([{**row, "val_kid": ""} for row in history.rows]) == diagnose(history.rows)
    with pytest.raises(InputError, match=r"none\.csv cannot be read"):
        diagnose(tmp_path / "none.csv")


def test_the_callback_tells_once_keeps_a_file_and_goes_on_where_it_was(small_gan, tmp_path, caplog):
    rows = rows_of({**HEALTHY, **WRONG["mode collapse"][0][0]})
    whole, first = Diagnose(tmp_path / "a.json", epochs=12), Diagnose(tmp_path / "b.json", epochs=12)

    def feed(callback, rows):
        for row in rows:
            callback.on_epoch_end(row["epoch"], {name: row[name] for name in row if name != "epoch"})

    feed(whole, rows)
    said = [record.getMessage() for record in caplog.records if record.name == "keras_gen"]
    assert len(said) == 1 and said[0].startswith("mode collapse since epoch 9: two samples are 20% as far")
    feed(first, rows[:11])
    state = json.loads(json.dumps(first.get_state()))
    resumed = Diagnose(tmp_path / "c.json", epochs=12)
    resumed.set_state(state)
    feed(resumed, rows[11:])
    assert resumed.get_state() == whole.get_state()
    assert (tmp_path / "a.json").read_text() == (tmp_path / "c.json").read_text()
    (told,) = json.loads((tmp_path / "a.json").read_text())
    assert Finding(**told) == whole.findings[0] and set(told) == {"name", "since", "seen", "advice"}


def test_it_ends_a_training_where_it_is_asked_to(small_gan, images):
    class Collapse(Diagnose):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, {**logs, "sample_diversity": 0.1})

    for stop_at, epochs in (((), 7), (("mode collapse",), 5)):
        gan = small_gan()
        gan.fit(images[0], epochs=7, batch_size=48, callbacks=[Collapse(stop_at=stop_at)], verbose=0)
        assert gan.examples_seen.numpy() == 48 * epochs
    with pytest.raises(InputError, match="'mode colapse'.*'mode collapse'"):
        Diagnose(stop_at=("mode colapse",))
