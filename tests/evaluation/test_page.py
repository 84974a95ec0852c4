"""The page of a run: all of it within the file, and nothing of the data but text."""

import html.parser
import math
import types

import numpy as np
import PIL.Image
import pytest
import yaml

from keras_gen.evaluation import Report, Score, Table
from keras_gen.evaluation.card import write_card
from keras_gen.evaluation.comparison import apart, compare, interval, verdict
from keras_gen.evaluation.curves import curves
from keras_gen.evaluation.page import page
from keras_gen.media import Audio, Image

HOSTILE = "<script>alert(1)</script>\" onload='x'"
VOID = {"meta", "img", "br", "link", "line", "circle", "polyline"}


class Elements(html.parser.HTMLParser):
    """The elements of a page, each closed where it must be."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts, self.open = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def dataset(media):
    account = types.SimpleNamespace(lines=lambda most: [f"Set aside: {HOSTILE}"])
    return types.SimpleNamespace(
        media=media, account=account, fingerprint=HOSTILE, class_names=["a", HOSTILE]
    )


def report(media, folder, **more):
    alike = np.zeros((2, *media.shape), media.dtype)
    score = Score(
        {"kid": 0.01, "kid_low": -0.01, "kid_high": 0.03, f"label_agreement_{HOSTILE}": 0.5, HOSTILE: 1.0},
        f"Of {HOSTILE}.",
        {"kid": 0.0, "kid_low": -0.02, "kid_high": 0.02},
        {HOSTILE: Table(("class", "of", "count"), [(HOSTILE, "model", 3), ("b", "real", None)])},
        {"generated": (alike, alike, np.array([0.5, 1.0]))},
    )
    return Report(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        {HOSTILE: 12_345},
        [(HOSTILE, HOSTILE, HOSTILE)],
        dataset(media),
        [score],
        score.metrics,
        history=[{"epoch": epoch, HOSTILE: 1.0 / (1 + epoch), "loss": math.nan} for epoch in range(3)],
        diagnosis=[{"name": HOSTILE, "since": "3", "seen": HOSTILE, "advice": HOSTILE}],
        made=[(HOSTILE, HOSTILE)],
        **more,
    )


@pytest.fixture
def sheet(tmp_path):
    PIL.Image.new("L", (64, 64)).save(tmp_path / "samples.png")
    return tmp_path / "samples.png"


def test_names_of_any_kind_stay_text_and_all_lies_in_the_file(tmp_path, sheet):
    (tmp_path / "traversals.txt").write_text(f"{HOSTILE}\n")
    sheets = [sheet, tmp_path / "traversals.txt"]
    found = Elements(page(report(Image(8, 8, 1), tmp_path, sheets=sheets, progress=[(640, sheet)])))
    tags = [tag for tag, _ in found.found]
    assert "script" not in tags and not any(
        name.startswith("on") for _, attrs in found.found for name in attrs
    )
    addresses = [attrs[name] for _, attrs in found.found for name in ("src", "href") if name in attrs]
    assert all(address.startswith(("data:image/", "#")) for address in addresses)
    assert tags.count("img") == 1 + 1 + 4 and tags.count("polyline") == 1
    # Recipe, its line, model, network, log, diagnosis (3), sheet, measures, table, data, settings, ...
    assert sum(HOSTILE in text for text in found.texts) > 15
    assert "640" in found.texts and "lower is better" in found.texts


def test_recordings_are_played_while_there_is_room(tmp_path, monkeypatch):
    media = Audio(256, rate=8000, mels=8, window=64, hop=32, fft_length=64)
    for number in range(3):
        media.save(np.zeros(256, np.int16), tmp_path / f"{number}.wav")
    sounds = sorted(tmp_path.glob("*.wav"))
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    given = report(media, tmp_path, sheets=[], sounds=[tmp_path / "broken.wav", *sounds])
    found = Elements(page(given)).found
    assert sum(tag == "audio" for tag, _ in found) == 3 + 4
    monkeypatch.setattr("keras_gen.evaluation.page.MOST_SOUND", 2 * sounds[0].stat().st_size)
    shorter = Elements(page(given)).found
    assert sum(tag == "audio" for tag, _ in shorter) == 2


def test_a_curve_breaks_where_there_is_no_number_and_keeps_its_range():
    values = [1e6, 4.0, 3.0, math.nan, 2.0, 1.0, 1.0, 1.0]
    history = [{"epoch": epoch, "loss": value, "val_loss": 2.0} for epoch, value in enumerate(values)]
    (curve,) = curves([{**row, "epoch": row["epoch"]} for row in history])
    assert (curve.name, curve.last, curve.last_val) == ("loss", 1.0, 2.0) and curve.is_main
    assert curve.svg.count("<polyline") == 3 and ">4.15<" not in curve.svg and "e+06" not in curve.svg
    (curve,) = curves([{"epoch": epoch, "elbo": 1000.0 * epoch - 2000} for epoch in range(8)])
    assert ">5350<" in curve.svg and ">-2350<" in curve.svg
    assert curves([]) == [] and curves([{"epoch": 0, "loss": math.nan}]) == []


def test_what_cannot_be_told_apart_is_said():
    model = {
        "kid": 0.02,
        "kid_low": 0.01,
        "kid_high": 0.03,
        "frechet": 2.0,
        "frechet_std": 0.1,
        "recall": 0.5,
    }
    assert interval("kid", model) == (0.01, 0.03) and interval("recall", model) is None
    assert interval("frechet", model) == (1.8, 2.2)
    assert apart("kid", model, {"kid": 0.025, "kid_low": 0.0, "kid_high": 0.05}) is False
    assert apart("frechet", model, {"frechet": 2.3, "frechet_std": 0.01}) is True
    assert apart("frechet", model, {"frechet": 2.1}) is False and apart("recall", model, model) is None
    (told,) = verdict(model, {"kid": 0.0, "kid_low": -0.01, "kid_high": 0.009}, "images")
    assert told.startswith("What it generates can be told from real images by kid")
    (told,) = verdict(model, {"kid": 0.0, "kid_low": -0.01, "kid_high": 0.011}, "images")
    assert "cannot be told" in told and "whose intervals overlap (kid 0.02, 0.01 to 0.03; real images" in told
    assert "copies" in verdict({"copying": -3.5}, {}, "images")[0]
    assert "No sign" in verdict({"copying": 0.1}, {}, "images")[0]


def test_a_card_is_filled_in_and_kept_once_somebody_answered(tmp_path):
    given, path = report(Image(8, 8, 1), tmp_path, sheets=[]), tmp_path / "model_card.md"
    assert write_card(given, path)
    front, _, body = path.read_text().removeprefix("---\n").partition("\n---\n")
    assert yaml.safe_load(front) == {
        "license": "unknown",
        "library_name": "keras",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["keras", "keras_gen", HOSTILE.lower()],
    }
    titles = [line.removeprefix("## ") for line in body.split("\n") if line.startswith("## ")]
    assert titles == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]
    assert "- class: 2 classes (a, \\<script>" in body and "| kid | 0.01 | 0 |" in body
    given.metrics["kid"] = 0.02
    assert write_card(given, path) and "| kid | 0.02 |" in path.read_text()
    answered = path.read_text().replace("*What else should a user know?*", "Nothing.")
    path.write_text(answered)
    assert not write_card(given, path) and path.read_text() == answered


def test_the_better_of_models_is_marked_with_what_cannot_be_told_from_it():
    first = {"kid": 0.1, "kid_low": 0.05, "kid_high": 0.15, "recall": 0.5, "copying": 1.0}
    second = {"kid": 0.12, "kid_low": 0.1, "kid_high": 0.2, "recall": 0.6, "copying": 2.0}
    third = {"kid": 0.4, "kid_low": 0.3, "kid_high": 0.5, "recall": 0.6, "nll": math.nan}
    rows = {row.name: row for row in compare([first, second, third])}
    assert list(rows) == ["kid", "recall", "copying", "nll"]
    assert rows["kid"].best == [0, 1] and rows["kid"].certain is True
    assert rows["recall"].best == [1, 2] and rows["recall"].certain is None
    assert rows["copying"].best == rows["nll"].best == [] and rows["nll"].numbers[:2] == [None, None]
    (kid, *_) = compare([first, second])
    assert kid.best == [0, 1] and kid.certain is False
