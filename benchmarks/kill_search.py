"""Kills and restarts a search at random moments, and compares the end with an undisturbed search.

The trials must have the same settings and scores to the last bit, and none may be measured twice. Then two
workers run the same search and one is killed once: the same number of trials must end.

    python benchmarks/kill_search.py [--recipe digits-vae] [--tuners random hyperband] [--trials 6]
        [--kills 3] [--seed 0]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTINGS = ("steps_per_epoch=100", "steps_per_execution=50")
EPOCHS = 3


def start(recipe, tuner, trials, output, *arguments):
    assignments = [part for setting in SETTINGS for part in ("--set", setting)]
    command = [sys.executable, "-m", "keras_gen", "tune", recipe, "--tuner", tuner, "--trials", trials]
    command += ["--epochs", EPOCHS, "--no-retrain", "--output", output, *assignments, *arguments]
    return subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    """Returns what a search printed."""
    printed, complaints = process.communicate()
    if process.returncode:
        raise SystemExit(f"The search failed: {complaints}")
    return printed


def measured(output):
    """When each execution was measured: path -> time of its scores."""
    return {path: path.stat().st_mtime_ns for path in Path(output).glob("trials/*/*/metrics.json")}


def trials(output):
    """Name of a trial -> its state, settings and score."""
    found = {}
    for path in Path(output).glob("trials/*/trial.json"):
        trial = json.loads(path.read_text())
        found[trial["trial_id"]] = (trial["status"], trial["hyperparameters"]["values"], trial["score"])
    return found


def kill_at_random(recipe, tuner, num, output, kills, moments, seconds):
    """Returns after how many measured executions the kills came, and whether one was measured again."""
    seen, earlier, again = [], {}, False
    for _ in range(kills):
        process = start(recipe, tuner, num, output)
        time.sleep(moments.uniform(5, seconds / 2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = measured(output)
        again |= any(now.get(path) != when for path, when in earlier.items())
        earlier = now
        seen.append(len(now))
    finish(start(recipe, tuner, num, output))
    now = measured(output)
    return seen, again or any(now.get(path) != when for path, when in earlier.items())


def kill_worker(recipe, num, output, moments, seconds):
    """Kills one of two workers once, at a random moment; returns how many the search started again."""
    process = start(recipe, "random", num, output, "--workers", 2)
    time.sleep(moments.uniform(12, seconds / 2))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(moments.choice(children)), signal.SIGKILL)
    return finish(process).count("is started again")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="digits-vae")
    parser.add_argument("--tuners", nargs="+", default=["random", "hyperband"])
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    moments = random.Random(options.seed)
    failed = False
    for tuner in options.tuners:
        with tempfile.TemporaryDirectory() as folder:
            straight, killed = f"{folder}/straight", f"{folder}/killed"
            begun = time.monotonic()
            finish(start(options.recipe, tuner, options.trials, straight))
            seconds = time.monotonic() - begun
            seen, again = kill_at_random(
                options.recipe, tuner, options.trials, killed, options.kills, moments, seconds
            )
            equal = trials(straight) == trials(killed)
            failed |= again or not equal
            print(
                f"{tuner}: {len(trials(killed))} trials, killed after {seen} were measured: "
                f"{'the same trials and scores' if equal else 'OTHER trials or scores'}, "
                f"{'some measured AGAIN' if again else 'none measured again'}",
                flush=True,
            )
    with tempfile.TemporaryDirectory() as folder:
        again = kill_worker(options.recipe, options.trials, folder, moments, seconds)
        ended = [status for status, _, _ in trials(folder).values()]
        failed |= not again or ended != ["COMPLETED"] * options.trials
        print(
            f"two workers, {again} killed and started again: {ended.count('COMPLETED')} of {options.trials} "
            "trials measured"
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
