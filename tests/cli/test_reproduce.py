"""Figures of docs/results.md, taken again."""

import re
from pathlib import Path

import pytest

from keras_gen import recipes
from keras_gen.evaluation import measure
from keras_gen.runs import reproduction
from keras_gen.runs.reproduction import ROWS, Figure, Row

RESULTS = (Path(__file__).parents[2] / "docs" / "results.md").read_text()


@pytest.mark.parametrize("name", ROWS)
def test_each_figure_stands_in_the_results_and_is_a_measure(name):
    assert f"`{name}" in RESULTS or f"keras-gen train {name}" in RESULTS
    for measured, figure in ROWS[name].figures.items():
        measure(measured)
        scale = 1000 if measured == "kid" else 1
        assert re.search(rf"(?<![\d.]){figure.told * scale:g}(?!\d)", RESULTS), measured


def test_a_figure_holds_within_three_deviations():
    assert [Figure(2.0, 0.1).verdict(found) for found in (1.71, 2.29, 2.31)] == ["held", "held", "missed"]
    assert Figure(2.0).verdict(2.0) == "spread unknown"


@pytest.mark.slow
def test_a_row_is_trained_scored_and_compared(run_cli, tmp_path, monkeypatch):
    """A recipe of a few steps; the second call finds the run as it is."""
    short = recipes.resolve("digits-gan", {"width": 8, "steps_per_epoch": 4, "epochs": 1, "num_scored": 100})
    monkeypatch.setattr(reproduction.recipes, "resolve", lambda name, fields: short)
    for label_agreement, verdict, status in ((0.1, "held", 0), (0.9, "missed", 1)):
        figures = {"label_agreement": Figure(label_agreement, 0.1), "frechet": Figure(1.0)}
        monkeypatch.setitem(ROWS, "digits-gan", Row(figures))
        ended, printed = run_cli("reproduce", "--row", "digits-gan", "--output", tmp_path)
        assert ended == status and ("training about" in printed) == (status == 0)
        assert re.search(rf"label_agreement +{label_agreement} ± 0.1 +[\d.e-]+ +{verdict}", printed)
        assert re.search(r"frechet +1 +[\d.e+]+ +spread unknown", printed)


@pytest.mark.parametrize(
    "given, message",
    [
        (["--row", "digits"], "digits"),
        (["--row", "mnist-vae"], "name mnist.npz by --data"),
        (["--row", "digits-gan", "--data", "x.npz"], "leave --data out"),
    ],
)
def test_mistakes_end_in_a_sentence(run_cli, given, message):
    ended, printed = run_cli("reproduce", *given)
    assert ended == 2 and message in printed
