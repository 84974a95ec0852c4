"""Scored runs beside each other, in the terminal and as a page."""

import json

import PIL.Image
import pytest

from keras_gen import recipes
from keras_gen.runs.run import Run


@pytest.fixture
def runs(tmp_path):
    """Two scored runs that differ in their width, whose models nobody needs."""
    scores = (
        {"kid": 0.1, "kid_low": 0.09, "kid_high": 0.11, "recall": 0.5},
        {"kid": 0.3, "kid_low": 0.2, "kid_high": 0.4, "recall": 0.5},
    )
    for name, width, metrics in zip(("a", "<b>"), (8, 16), scores, strict=True):
        run = Run(tmp_path / name)
        run.start("digits-gan", recipes.resolve("digits-gan", {"width": width}))
        run.metrics_file.write_text(json.dumps(metrics))
        PIL.Image.new("L", (8, 8)).save(run.samples(".png"))


def test_runs_are_compared(runs, run_cli, tmp_path):
    code, printed = run_cli("compare", "a", "<b>", "--page", "compared.html")
    assert code == 0, printed
    assert "kid 0.1 (0.09 to 0.11) * 0.3 (0.2 to 0.4) lower yes" in printed
    assert "recall 0.5 0.5 higher unknown" in printed and "network.width 8 16" in printed
    page = (tmp_path / "compared.html").read_text()
    assert "&lt;b&gt;" in page and "<b>" not in page and page.count("data:image/png") == 2
    assert page.count(' best"') == 1 and "different data" not in page


def test_what_cannot_be_compared_is_refused(runs, run_cli, tmp_path):
    assert run_cli("compare", "a") == (2, "keras-gen: One run alone compares with nothing: give two or more.")
    (tmp_path / "a" / "metrics.json").unlink()
    code, printed = run_cli("compare", "a", "<b>")
    assert code == 2 and "a has no scores: take them by keras-gen score a." in printed
    code, printed = run_cli("compare", "a", "nowhere")
    assert code == 2 and "nowhere is not the folder of a run: it has no config.json." in printed


def test_a_page_lies_where_it_is_wanted_or_nowhere(runs, run_cli, tmp_path):
    assert run_cli("compare", "a", "<b>", "--page", "new/folder/compared.html")[0] == 0
    assert (tmp_path / "new" / "folder" / "compared.html").is_file()
    code, printed = run_cli("compare", "a", "<b>", "--page", "a")
    assert code == 2 and "keras-gen: a cannot be written: " in printed
    code, printed = run_cli("compare", "a", "<b>", "./a", "--page", "b.html")
    assert (
        code == 2 and "a is given twice: give other runs." in printed and not (tmp_path / "b.html").exists()
    )
