"""Searches from the command line."""

import json
import os
import subprocess
import sys

import pytest

SHORT = ["--epochs", 1, "--set", "width=8", "--set", "network=mlp", "--set", "steps_per_epoch=8"]
SHORT += ["--set", "steps_per_execution=4", "--set", "nll_samples=2", "--set", "epochs=3"]


@pytest.fixture(scope="module")
def searched(cli_in, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    beta = ["--range", "beta=0.5:2", "--range", "latent_dim=2,3"]
    code, printed = cli_in(folder, "tune", "digits-vae", "--tuner", "random", "--trials", 2, *beta, *SHORT)
    return folder, code, printed


@pytest.mark.slow
def test_a_search_ends_in_a_better_model(searched, cli_in):
    folder, code, printed = searched
    assert code == 0, printed
    output = folder / "runs" / "digits-vae-tuned"
    assert printed.index("is trained for all 3 epochs") < printed.index("Trial 0 begins: beta=1.0")
    for told in ("Trial 1 ends after", "Best trials", "best.json", "report.md"):
        assert told in printed
    best = json.loads((output / "best.json").read_text())
    trials = [json.loads(path.read_text()) for path in output.glob("trials/trial_?/trial.json")]
    least = min(trials, key=lambda trial: trial["score"])["hyperparameters"]["values"]
    assert best["recipe"] == "digits-vae" and best["network"]["latent_dim"] == least["latent_dim"]
    assert best["objective"]["beta"] == pytest.approx(least["beta"], rel=1e-3)
    assert (best["epochs"], best["seed"], best["data_seed"], best["network"]["width"]) == (3, 1, 0, 8)
    (run,) = (output / "best").iterdir()
    assert run.name in ("trial_0", "trial_1")
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["examples_seen"] == 3 * 8 * 128
    report = (output / "report.md").read_text()
    assert f"best/{run.name}/report.md" in report and "| 0 |" in report and "fewer than 8 trials" in report
    assert (run / "savedmodel" / "saved_model.pb").is_file()


@pytest.mark.slow
def test_its_setting_is_a_recipe_and_its_trials_are_runs(searched, cli_in):
    folder, *_ = searched
    tuned = "runs/digits-vae-tuned"
    again = ["--epochs", 1, "--output", "runs/again", "--no-score"]
    code, printed = cli_in(folder, "train", f"{tuned}/best.json", *again)
    assert code == 0, printed
    assert json.loads((folder / "runs/again/config.json").read_text())["epochs"] == 1
    trial = f"{tuned}/trials/trial_1/execution0"
    code, printed = cli_in(folder, "sample", trial, "--num", 4, "--out", "four.png")
    assert code == 0 and (folder / "four.png").is_file(), printed


@pytest.mark.slow
def test_fine_tuning_from_the_command_line(searched, cli_in):
    folder, *_ = searched
    trial = "runs/digits-vae-tuned/trials/trial_1/execution0"
    again = ["--from", trial, "--freeze", "encoder", "--epochs", 1, "--no-score"]
    code, printed = cli_in(folder, "train", "digits-vae", *again, "--output", "runs/further")
    assert code == 0, printed
    config = json.loads((folder / "runs/further/config.json").read_text())
    assert config["frozen"] == "encoder" and config["optimizer"]["learning_rate"] == pytest.approx(1e-4)
    assert config["start"] == trial
    assert config["network"]["width"] == 8 and config["objective"]["warm_up"] == 0
    code, printed = cli_in(folder, "train", "runs/digits-vae-tuned/best.json", "--from", trial)
    assert code == 2 and "instead of --from" in printed


@pytest.mark.slow
def test_other_settings_are_not_mixed_with_a_search(searched, cli_in):
    folder, *_ = searched
    same = ["--tuner", "random", "--trials", 2, *SHORT]
    for change, told in (
        (["--range", "beta=0.5:3"], "space of beta is"),
        (["--executions", 2], "executions is 1 there, 2 here"),
        (["--measure", "elbo"], "measure is nll there, elbo here"),
        (["--set", "depth=3"], "network.depth of a trial is 2 there, 3 here"),
    ):
        code, printed = cli_in(folder, "tune", "digits-vae", *same, *change)
        assert code == 2 and "holds a search with other settings" in printed and told in printed
    run = "runs/digits-vae-tuned/trials/trial_0/execution0"
    code, printed = cli_in(folder, "tune", "digits-vae", *same, "--output", run)
    assert code == 2 and "holds a run: choose another folder" in printed


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["digits-gan"], "bayesian search has no end of its own: give --trials or --minutes"),
        (["digits-gan", "--trials", 1, "--measure", "fid"], "Unknown measure 'fid': did you mean 'kid'?"),
        (["digits-gan", "--trials", 1, "--tuner", "hyperbrand"], "Unknown tuner 'hyperbrand': did you mean"),
        (["digits-gan", "--trials", 1, "--range", "widht=1,2"], "Unknown field 'widht': did you mean 'width'?"),
        (["digits-gan", "--trials", 1, "--range", "width=0:64"], "The space of 'width' (0 to 64) holds 0"),
        (["digits-gan", "--trials", 1, "--minutes", 0], "minutes must be above 0, not 0"),
        (["digits-gan", "--trials", 1, "--from", "nowhere"], "nowhere is not the folder of a run"),
        (["folder-gan", "--trials", 1], "folder-gan needs files of yours"),
        (["digits-gan", "--trials", 1, "--data", "nowhere.zip"], "nowhere.zip"),
        (["digits-vae", "--trials", 1, "--set", "objective=elbow"], "Unknown objective 'elbow': did you mean 'elbo'?"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_mistakes_end_in_a_sentence(run_cli, arguments, message):
    code, printed = run_cli("tune", *arguments)
    assert code == 2 and message in printed and "Traceback" not in printed


@pytest.mark.slow
def test_variables_of_a_search_across_machines_come_together(run_cli, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    code, printed = run_cli("tune", "digits-gan", "--trials", 1)
    assert code == 2 and "needs KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_PORT too" in printed
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1234")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    code, printed = run_cli("tune", "digits-gan", "--trials", 1, "--workers", 2)
    assert code == 2 and "is the chief of workers elsewhere: leave --workers out" in printed


@pytest.mark.slow
def test_a_setting_from_elsewhere_is_checked(run_cli, tmp_path):
    for text, message in (
        ("{", "cannot be read"),
        ("[]", "names no recipe"),
        ('{"recipe": "digits-vae", "widht": 3}', "Unknown field 'widht'"),
    ):
        (tmp_path / "best.json").write_text(text)
        code, printed = run_cli("train", "best.json")
        assert code == 2 and message in printed


@pytest.mark.exhaustive
def test_workers_of_one_machine_share_a_search(tmp_path):
    """In processes of their own, with a chief that hands out the trials."""
    command = [
        "tune",
        "digits-vae",
        "--tuner",
        "random",
        "--trials",
        3,
        "--workers",
        2,
        "--no-retrain",
        *SHORT,
    ]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("KERASTUNER")}
    first, second = (
        subprocess.run(
            [sys.executable, "-m", "keras_gen", *map(str, command), "--range", "beta=0.5:2"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    )
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout.count("begins: beta=") == first.stdout.count(": nll ") == 3
    assert "begins" not in second.stdout and "Best trials" in second.stdout
    output = tmp_path / "runs" / "digits-vae-tuned"
    assert {path.name for path in (output / "workers").iterdir()} == {"tuner0.log", "tuner1.log"}
    states = [json.loads(path.read_text())["status"] for path in output.glob("trials/*/trial.json")]
    assert states == ["COMPLETED"] * 3 and (output / "best.json").is_file()
