"""What strangers give to the command line, and what becomes of it: a row each."""

import os
import signal
import subprocess
import sys
import zipfile

import PIL.Image
import pytest

from keras_gen import cli, recipes
from keras_gen.logs import log
from keras_gen.runs import results, training
from keras_gen.runs.run import Run

SMALL = {"width": 4, "network": "mlp", "steps_per_epoch": 2, "epochs": 1, "batch_size": 32, "nll_samples": 1}
SET = [part for field, value in SMALL.items() for part in ("--set", f"{field}={value}")]
LONG = "a" * 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a finished run, whose model has learned nothing."""
    folder = tmp_path_factory.mktemp("cases")
    run = Run(folder / "run")
    config = recipes.resolve("digits-vae", SMALL)
    run.start("digits-vae", config)
    run.write_classes(config.load())
    model = config.build()
    model.save(run.model_file)
    model.save(run.checkpoints / "000000000064.keras")
    training.TrainingState.of(model, []).add_to(run.checkpoints / "000000000064.keras")
    run.metrics_file.write_text('{"nll": 1.0}')
    run.report_file.write_text("# Report")
    PIL.Image.new("L", (8, 8)).save(run.samples(".png"))
    (folder / "file").write_text("no folder")
    (folder / "folder.png").mkdir()
    (folder / "deep.json").write_text("[" * 100_000)
    return folder


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["sample", "run", "--num", 99_999_999_999, "--out", "a.npz"], "--num 99999999999 would take 1"),
        (["interpolate", "run", "a", "b", "--steps", 10**12, "--label", 1, "--stop-label", 1, "--out", "x"], "ask for fewer"),
        (["sample", "run", "--num", 0, "--out", "a.npz"], "'--num'"),
        (["sample", "run", "--seed", -1, "--out", "a.npz"], "'--seed'"),
        (["sample", "run", "--label", "", "--out", "a.npz"], "Unknown class ''"),
        (["interpolate", "run", "a", "b", "--label", "", "--out", "x"], "Unknown class ''"),
        (["sample", "run", "--label", "[/x]", "--out", "a.npz"], "Unknown class '[/x]'"),
        (["sample", "run", "--out", "folder.png"], "folder.png cannot be written: Is a directory"),
        (["sample", "run", "--out", "file/a.npz"], "cannot be written"),
        (["sample", "run", "--num", 1, "--out", f"{LONG}.png"], "cannot be written: File name too long"),
        (["sample", "run", "--out", ""], "an empty text is no path"),
        (["sample", LONG, "--out", "a.png"], "File name too long"),
        (["sample", "a\nb", "--out", "a.png"], "'a\\nb' has characters that cannot be printed"),
        (["sample", "file", "--out", "a.png"], "file is not the folder of a run"),
        (["train", "digits-vae", "--output", "a\udcffb"], "cannot be printed"),
        (["train", "digits-vae", "--output", LONG], "File name too long"),
        (["train", "digits-vae", "--output", "file"], "cannot be written: File exists"),
        (["train", "[/x]\x1b[31m"], "Unknown recipe '[/x]\\x1b[31m'"),
        (["train", "digits-vae", "--data", "[/x]"], "missing path '[/x]'"),
        (["train", "digits-vae", "--epochs", 0], "'epochs' takes int from 1 to below 2**31, not 0"),
        (["train", "digits-vae", "--epochs", 10**30], "'epochs' takes int from 1 to below 2**31"),
        (["train", "digits-vae", "--set", f"steps_per_epoch={2**30}", "--set", f"epochs={2**30}"], "set epochs,"),
        (["train", "digits-vae", "--workers", 10**6], "'--workers'"),
        (["train", "deep.json"], "deep.json cannot be read: "),
        (["tune", "digits-vae", "--trials", 1, "--executions", 10**9], "'--executions'"),
        (
            ["train", "digits-vae", *SET, "--set", "seed=2", "--output", "run"],
            "seed is 0 there, 2 here): choose another --output, or train it further with --from run "
            "--output ANOTHER.",
        ),
    ],
    ids=lambda value: " ".join(map(str, value))[:60] if isinstance(value, list) else "",
)  # fmt: skip
def test_what_makes_no_sense_ends_in_one_sentence(cli_in, folder, arguments, told):
    """`cli_in` lets nothing but `SystemExit` pass."""
    code, printed = cli_in(folder, *arguments)
    plain = " ".join(printed.replace("│", " ").split())  # the frame that typer puts around its own
    assert code == 2 and told in plain, printed


@pytest.mark.parametrize(
    "damaged, told",
    [
        ({"model.keras": b"half"}, "run/model.keras cannot be read (File is not a zip file): run/checkpoints/0000"),
        ({"model.keras": None}, "run/model.keras cannot be read (No such file or directory): run/checkpoints/0000"),
        ({"model.keras": b"", "checkpoints/000000000064.keras": b""}, "run has no whole model"),
        ({"classes.json": b"{"}, "run/classes.json cannot be read"),
        ({"config.json": b"\xff"}, "run/config.json cannot be read"),
        ({"config.json": None}, "run is not the folder of a run"),
        ({"history.csv": b"?", "metrics.json": b"?", "report.md": None, "samples.png": None}, "1 samples: a.npz"),
    ],
)  # fmt: skip
def test_samples_of_a_damaged_run(cli_in, folder, restored, damaged, told):
    harm(folder / "run", damaged)
    code, printed = cli_in(folder, "sample", "run", "--num", 1, "--label", 0, "--out", "a.npz")
    assert told in printed and code == (0 if "1 samples" in printed else 2)


@pytest.mark.parametrize(
    "damaged, told",
    [
        ({}, "run is complete: read run/report.md, train it further with --from run --output ANOTHER"),
        ({"history.csv": b"?", "checkpoints/000000000064.keras": b"?"}, "run is complete"),
        ({"metrics.json": b'{"nll": 1.'}, "trained"),
        ({"metrics.json": b'{"nll": "low"}'}, "trained"),
        ({"metrics.json": None}, "trained"),
        ({"report.md": None}, "trained"),
        ({"samples.png": None}, "trained"),
        ({"classes.json": b"{"}, "trained"),
        ({"model.keras": b"half"}, "trained"),
        ({"model.keras": b"half", "checkpoints/000000000064.keras": b"half"}, "training begins anew"),
        ({"config.json": b"{"}, "run/config.json cannot be read"),
        ({"config.json": None}, "run holds a run whose config.json is lost"),
    ],
)
def test_a_damaged_run_is_trained_or_measured_again(cli_in, folder, restored, monkeypatch, damaged, told):
    """`write_results` and `write_scores` stand for all of what follows training, which takes no steps here."""
    monkeypatch.setattr(training, "fit_from_here", lambda *_: None)
    monkeypatch.setattr(training, "write_results", lambda run, *rest: log.warning("trained") or run.folder)
    monkeypatch.setattr(training, "write_scores", lambda *_: None)
    harm(folder / "run", {"history.csv": b"epoch,loss\r\n0,1.0\r\n", **damaged})
    code, printed = cli_in(folder, "train", "digits-vae", *SET, "--output", "run")
    assert told in printed and code == (2 if "config.json" in damaged else 0), printed
    if told == "trained":
        assert "Epoch" not in printed  # nothing is trained again


def harm(run, damaged):
    for name, content in damaged.items():
        (run / name).unlink(missing_ok=True)
        if content is not None:
            (run / name).write_bytes(content)


@pytest.fixture
def restored(folder):
    """Puts the run back as it was."""
    with zipfile.ZipFile(folder / "kept.zip", "w") as kept:
        for path in filter(os.path.isfile, (folder / "run").rglob("*")):
            kept.write(path, path.relative_to(folder))
    yield
    with zipfile.ZipFile(folder / "kept.zip") as kept:
        kept.extractall(folder)


@pytest.mark.parametrize("moment", ["write_sheets", "write_savedmodel", "evaluate"])
@pytest.mark.parametrize(
    "number, status", [(signal.SIGHUP, 129), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_signal_after_training_tells_what_is_kept(
    cli_in, folder, restored, monkeypatch, moment, number, status
):
    lost = ("metrics.json",) if moment == "evaluate" else ("metrics.json", "finished.json")
    harm(folder / "run", dict.fromkeys(lost))
    monkeypatch.setattr(type(recipes.resolve("digits-vae")), "measures", ())
    monkeypatch.setattr(results, moment, lambda *_: signal.raise_signal(number))
    ignored = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # by `nohup`, perhaps
    code, printed = cli_in(folder, "train", "digits-vae", *SET, "--output", "run")
    signal.signal(signal.SIGHUP, ignored)
    assert code == status, printed
    kept = "the training is over and kept in run, and the same command exports the model and scores it."
    if moment == "evaluate":
        kept = "the model, its samples and its SavedModel are kept in run, and the same command scores it."
    assert f"Stopped: {kept}" in printed


@pytest.mark.slow
def test_scores_come_last_are_left_out_and_taken_later(cli_in, folder, restored, monkeypatch):
    """Whatever stops scoring, model, samples and SavedModel are there, and are not made again."""
    harm(folder / "run", dict.fromkeys(("metrics.json", "report.md", "finished.json")))
    command = ["train", "digits-vae", *SET, "--output", "run"]
    code, printed = cli_in(folder, *command, "--no-score")
    assert code == 0 and "SavedModel" in printed and "Scor" not in printed, printed
    run = Run(folder / "run")
    assert run.finished()["savedmodel"] == str(run.savedmodel)
    assert "keras-gen score run scores it" in cli_in(folder, *command, "--no-score")[1]
    lasting = (run.model_file, run.savedmodel / "saved_model.pb", *run.sheets())
    kept = {path: path.stat().st_mtime_ns for path in lasting}
    with monkeypatch.context() as stopped:
        stopped.setattr(results, "evaluate", lambda *_: signal.raise_signal(signal.SIGINT))
        assert cli_in(folder, *command)[0] == 130 and run.metrics() is None
    code, printed = cli_in(folder, "score", "run")
    assert code == 0 and "Scored in" in printed and run.complete, printed
    first, report = run.metrics(), run.report_file.read_text()
    assert "200 images were generated" in report and "| frechet |" in report
    assert first["training_minutes"] == run.finished()["training_minutes"]
    assert cli_in(folder, "score", "run", "--samples", 50)[0] == 0
    assert "50 images were generated" in run.report_file.read_text()
    assert run.metrics()["kid"] != first["kid"] and run.metrics()["nll"] == first["nll"]
    assert run.settings()[1].num_scored == "auto"
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    harm(folder / "run", {"model.keras": None})
    code, printed = cli_in(folder, "score", "run")
    assert code == 2 and "run has no whole model.keras to score" in printed


def test_names_are_no_markup_and_lines_are_whole(folder, monkeypatch, capsys):
    name = f"[/x] [bold]b[/bold] {'long ' * 30}x"
    (folder / name).mkdir(parents=True)
    for file in ("config.json", "classes.json", "model.keras"):
        (folder / name / file).write_bytes((folder / "run" / file).read_bytes())
    out = folder / f"{name}.npz"
    monkeypatch.setattr(
        sys, "argv", ["keras-gen", "sample", str(folder / name), "--num", "2", "--out", str(out)]
    )
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code and capsys.readouterr().out == f"2 samples: {out}\n"


def test_a_warning_is_one_plain_line():
    """In a process of its own, since pytest takes warnings to itself."""
    script = r"""
import warnings
from keras_gen import cli
cli.app = lambda: warnings.warn("3 of [/x]\nwere set aside")
cli.main()
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == "keras-gen: warning: 3 of [/x] were set aside\n"


def test_the_versions_are_told_without_tensorflow():
    script = "from keras_gen.cli import main\ntry: main()\nfinally:\n import sys; assert 'tensorflow' not in sys.modules"
    ran = subprocess.run(
        [sys.executable, "-c", script, "--version"], capture_output=True, text=True, check=True
    )
    found = recipes.versions()
    assert (
        ran.stdout
        == f"keras-gen {found['keras_gen']} (Keras {found['keras']}, TensorFlow {found['tensorflow']})\n"
    )


@pytest.mark.parametrize(
    "redirection, status",
    [("| true", 0), (">&-", 0), ("2>&- >&- <&-", 0), (">/dev/full", 2)],
)
def test_output_that_nobody_reads_ends_nothing(redirection, status, tmp_path):
    """A file that is written must not take the place of a closed output, nor a traceback end what is done."""
    script = """
import sys
from keras_gen import cli
def work():
    file = open("written", "w")
    for _ in range(2000): cli.say("told " * 20)
    print("noise", file=sys.stderr)
    file.write("whole")
cli.app = work
cli.main()
"""
    command = f"set -o pipefail; '{sys.executable}' -c '{script}' {redirection}"
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == status and "Traceback" not in ran.stderr and "ignored" not in ran.stderr, (
        ran.stderr
    )
    if status == 0:
        assert (tmp_path / "written").read_text() == "whole"
    else:
        assert ran.stderr.count("\n") == 1 and "No space left" in ran.stderr
