"""Compares the time that a training is expected to take with what it takes.

Each recipe is rehearsed by `--dry-run`, then trained without scores. Beside both figures stand the minutes
that the run keeps. Other work on the machine changes all of them.

    python benchmarks/expected.py [--recipes digits-gan digits-vae] [--data FOLDER] [--set field=value]
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECIPES = ("digits-gan", "digits-vae", "vowels-vae", "docstrings-vae")
EXPECTED = r"about (\d+) (minutes|seconds)"


def compare(recipe, settings, folder):
    """Minutes of one training: (told by --dry-run, told while it trained, real)."""
    command = [sys.executable, "-m", "keras_gen", "train", recipe, "--output", str(folder), *settings]
    rehearsed = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True)
    trained = subprocess.run([*command, "--no-score"], capture_output=True, text=True, check=True)
    real = json.loads((folder / "finished.json").read_text())["training_minutes"]
    return (*(minutes(ran.stdout + ran.stderr) for ran in (rehearsed, trained)), real)


def minutes(printed):
    """What was told last."""
    number, unit = re.findall(EXPECTED, printed)[-1]
    return float(number) / (1 if unit == "minutes" else 60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--data")
    parser.add_argument("--set", nargs="*", default=())
    options = parser.parse_args()
    settings = [f"--data={options.data}"] if options.data else []
    settings += [part for setting in options.set for part in ("--set", setting)]
    for recipe in options.recipes:
        with tempfile.TemporaryDirectory() as folder:
            before, during, real = compare(recipe, settings, Path(folder) / "run")
        print(f"{recipe}: {before:.2f} minutes told before, {during:.2f} while training, {real:.2f} taken")


if __name__ == "__main__":
    main()
