"""Kills and restarts a training at random moments, and compares the end with an undisturbed run.

Weights, averages, optimizers, clock, counters, history and callbacks must be equal to the last bit.
Checkpoints are written at every execution of the graph, so that many kills hit the writing of one.

    python benchmarks/kill.py [--recipes digits-gan digits-vae] [--kills 30] [--seed 0]
        [--set field=value ...]
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EARLIEST, LATEST = 4.0, 13.0  # seconds after the start that a kill comes
SETTINGS = ("epochs=30", "steps_per_epoch=200", "steps_per_execution=10", "checkpoint_steps=10")


def start(recipe, output, settings):
    assignments = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "keras_gen", "train", recipe, "--output", output, "--no-score"]
    command += assignments
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process):
    complaints = process.communicate()[1]
    if process.returncode:
        raise SystemExit(f"The training failed: {complaints}")


def kill_again_and_again(recipe, output, settings, kills, moments):
    """Returns how many kills hit the writing of a checkpoint, and how many came after the end of the run."""
    in_writing = over = 0
    for _ in range(kills):
        process = start(recipe, output, settings)
        time.sleep(moments.uniform(EARLIEST, LATEST))
        over += process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        partial = list(Path(output).glob("checkpoints/.partial-*"))
        in_writing += bool(partial)
        for path in partial:
            shutil.rmtree(path)  # only so that the next kill is not counted for it: training does not mind
    finish(start(recipe, output, settings))
    return in_writing, over


def differences(one, other):
    """Names of what differs between the ends of two runs."""
    import numpy as np

    from keras_gen.callbacks import TrainingState, latest_checkpoint
    from keras_gen.models import load_model
    from keras_gen.training.keras_internals import GENERATOR

    folders = [Path(one), Path(other)]
    found = []
    if len({(folder / "history.csv").read_bytes() for folder in folders}) > 1:
        found.append("history.csv")
    paths = [latest_checkpoint(folder / "checkpoints") for folder in folders]
    if TrainingState.read(paths[0]) != TrainingState.read(paths[1]):
        found.append("training state")
    states = []
    for path in paths:
        model = load_model(path)
        optimizers = [variable for optimizer in model.optimizers.values() for variable in optimizer.variables]
        # The generators of layers are in the training state, and begin anew in a model that is loaded.
        variables = [variable for variable in model.variables if not variable.path.endswith(GENERATOR)]
        states.append([*variables, *optimizers])
    for a, b in zip(*states, strict=True):
        if not np.array_equal(a.numpy(), b.numpy()):
            found.append(a.path)
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", default=["digits-gan", "digits-vae"])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", dest="settings", nargs="*", default=[])
    options = parser.parse_args()

    settings = [*SETTINGS, *options.settings]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    moments = random.Random(options.seed)
    failed = False
    for recipe in options.recipes:
        with tempfile.TemporaryDirectory() as folder:
            straight, killed = f"{folder}/straight", f"{folder}/killed"
            finish(start(recipe, straight, settings))
            in_writing, over = kill_again_and_again(recipe, killed, settings, options.kills, moments)
            found = differences(straight, killed)
        failed |= bool(found)
        result = f"differs in {', '.join(found)}" if found else "equal to the last bit"
        print(
            f"{recipe}: {options.kills} kills, {in_writing} while a checkpoint was being written, {over} "
            f"after the end: {result}",
            flush=True,
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
