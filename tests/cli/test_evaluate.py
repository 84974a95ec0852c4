"""A model in use on data given, beside its report."""

import json

import numpy as np
import PIL.Image
import pytest
from sklearn.datasets import load_digits

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.evaluation.limits import Limit
from keras_gen.runs.run import Run

FIELDS = {"width": 8, "num_scored": 100}


def test_limits_are_read_strictly():
    assert Limit.parse("label_agreement<=0.9").is_broken({"label_agreement": 0.9})
    assert not Limit.parse("label_agreement < .9").is_broken({"label_agreement": 0.9})
    assert str(Limit.parse("kid>5e-2")) == "kid>0.05"
    for text in ("kid", "kid=1", "kid>", "kid>x", "kid>1>2", "kid>nan", "1<kid", "kids>1", "kid > 1; x"):
        with pytest.raises(InputError):
            Limit.parse(text)
    with pytest.raises(InputError, match="nll is no measure of this model: it has kid"):
        Limit.parse("nll>1").is_broken({"kid": 1.0})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run whose model has learned nothing, without scores, and folders of digits: inverted, and in other
    classes.
    """
    folder = tmp_path_factory.mktemp("in-use")
    run = Run(folder / "run")
    config = recipes.resolve("digits-gan", FIELDS)
    run.start("digits-gan", config)
    model = config.build()
    model.save(run.model_file)
    savedmodel = model.export(folder / "served" / "1", provenance=run.provenance())
    run.finished_file.write_text(json.dumps({"savedmodel": str(savedmodel), "training_minutes": 1.0}))
    images, labels = load_digits(return_X_y=True)
    for place, (image, label) in enumerate(zip(images[:300], labels[:300], strict=True)):
        picture = PIL.Image.fromarray((255 - image * 255 / 16).astype(np.uint8).reshape(8, 8))
        for kind, name in (("inverted", str(label)), ("others", f"digit {label}")):
            (folder / kind / name).mkdir(parents=True, exist_ok=True)
            picture.save(folder / kind / name / f"{place}.png")
    return folder


@pytest.mark.slow
def test_a_run_and_its_savedmodel_score_alike_and_drift_is_named(folder, cli_in):
    code, printed = cli_in(folder, "evaluate", "served/1", "--data", "digits")
    assert code == 2 and "served/1 does not say what made it: export it again" in printed
    code, printed = cli_in(folder, "score", "run")
    assert code == 0, printed
    kid = json.loads((folder / "run" / "metrics.json").read_text())["kid"]
    code, printed = cli_in(folder, "score", "run", "--split", "val")
    of_val = json.loads((folder / "run" / "scores-val.json").read_text())
    assert code == 0 and "run/report-val.html" in printed and of_val["split"] == "val", printed
    assert of_val["metrics"]["kid"] != kid and "| kid |" in (folder / "run" / "report-val.md").read_text()
    assert json.loads((folder / "run" / "metrics.json").read_text())["kid"] == kid
    files = [
        folder / "run" / name for name in ("metrics.json", "scores.json", "report.html", "scores-val.json")
    ]
    written = [path.stat().st_mtime_ns for path in files]
    code, printed = cli_in(folder, "score", "run", "--metrics", "kid, recall")
    assert code == 0 and f"kid {kid:.4g} kid_low" in printed and "recall" in printed, printed
    assert "frechet" not in printed and "Report" not in printed
    for arguments, message in (
        (["--metrics", "kidd"], "Unknown measure 'kidd': did you mean 'kid'"),
        (["--metrics", "nll"], "nll is no measure of this model on these data: it has authenticity"),
        (["--split", "vall"], "Unknown split 'vall': did you mean 'val'"),
    ):
        code, printed = cli_in(folder, "score", "run", *arguments)
        assert code == 2 and message in printed, printed
    assert written == [path.stat().st_mtime_ns for path in files]
    kept = json.loads((folder / "served" / "1" / "assets.extra" / "config.json").read_text())
    assert kept["data"] == "" and kept["recipe"] == "digits-gan"
    for path in ("run", "served/1"):
        code, printed = cli_in(folder, "evaluate", path, "--data", "digits", "--fail-if", "kid<0")
        assert code == 0 and "Nothing has drifted beyond its spread." in printed, printed
        assert printed.count(f" {kid:.4g} ") == 2
    code, printed = cli_in(folder, "evaluate", "run", "--data", "digits", "--fail-if", f"kid>{kid / 2}")
    assert code == 1 and "Failed: kid>" in printed
    code, printed = cli_in(folder, "evaluate", "run", "--data", "inverted")
    assert code == 0 and ("worse" in printed or "better" in printed) and "of other data" in printed, printed
    code, printed = cli_in(folder, "evaluate", "run", "--data", "others")
    assert code == 2 and "others holds other classes" in printed
    assert cli_in(folder, "evaluate", "run", "--data", "digits", "--fail-if", "kids>1")[0] == 2
    code, printed = cli_in(folder, "evaluate", "run", "--data", "digits", "--fail-if", "nll>1")
    assert code == 2 and "nll is no measure of this model" in printed and "measure now" not in printed
    code, printed = cli_in(folder, "evaluate", "inverted", "--data", "digits")
    assert code == 2 and "inverted is neither a run nor a SavedModel" in printed
