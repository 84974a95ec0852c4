"""How much faster two workers of a core each finish a search than one of one core.

Both run the same trials, in turn, several rounds; the median of the ratios counts. From the command to its
end, starting included.

    python benchmarks/search_workers.py [--recipe digits-vae] [--trials 8] [--epochs 6] [--rounds 2]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def seconds(recipe, trials, epochs, workers, cores):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    environment |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "taskset",
            "-c",
            cores,
            sys.executable,
            "-m",
            "keras_gen",
            "tune",
            recipe,
            "--tuner",
            "random",
        ]
        command += [
            "--trials",
            trials,
            "--epochs",
            epochs,
            "--workers",
            workers,
            "--no-retrain",
            "--output",
            folder,
        ]
        begun = time.monotonic()
        subprocess.run(
            [str(part) for part in command], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="digits-vae")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()

    ratios = []
    for _ in range(options.rounds):
        one, two = (
            seconds(options.recipe, options.trials, options.epochs, workers, cores)
            for workers, cores in ((1, "0"), (2, "0,1"))
        )
        ratios.append(one / two)
        print(f"one worker {one:.0f} s, two {two:.0f} s: {one / two:.2f} times faster", flush=True)
    print(f"median of {options.rounds} rounds: {statistics.median(ratios):.2f} times")


if __name__ == "__main__":
    main()
