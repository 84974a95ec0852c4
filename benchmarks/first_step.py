"""Seconds from the start of `keras-gen train` to its first training step, with imports and tracing.

python benchmarks/first_step.py [--recipe digits-gan] [--data ...] [--times 3]
"""

import argparse
import subprocess
import sys
import tempfile
import time


def seconds_to_first_step(recipe, data, folder):
    command = [sys.executable, "-c", "from keras_gen.cli import main; main()", "train", recipe]
    command += ["--output", f"{folder}/run"]
    if data:
        command += ["--data", data]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
    printed = b""
    try:
        while b"discriminator_loss" not in printed:
            piece = process.stdout.read1()
            if not piece:
                raise SystemExit(f"The command ended without a step:\n{printed.decode()}")
            printed += piece
        return time.perf_counter() - start
    finally:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="digits-gan")
    parser.add_argument("--data")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    for _ in range(options.times):
        with tempfile.TemporaryDirectory() as folder:
            seconds = seconds_to_first_step(options.recipe, options.data, folder)
            print(f"{options.recipe}: first progress after {seconds:.1f} s")


if __name__ == "__main__":
    main()
