"""Publishes many models at once, kills exports at random moments, and lets disks be full or not writable.

Whatever happens, each version that is there must be whole and say which model it is, and no model may be
there twice. The models are those of a small recipe before training, each of another seed.

    python benchmarks/kill_export.py [--recipe digits-gan] [--processes 20] [--kills 20] [--seed 0]
"""

import argparse
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SMALL = {"digits-gan": {"width": 8, "num_classes": None}}
ENOUGH = 20_000  # bytes that a file may have where the disk is to be full: less than the graph needs


def make(recipe, folder, seed):
    """A run whose model was not trained."""
    from keras_gen import recipes
    from keras_gen.runs.run import Run

    run, config = Run(folder), recipes.resolve(recipe, SMALL.get(recipe, {}) | {"seed": seed})
    run.start(recipe, config)
    config.build().save(run.model_file)


def publish(folder, versions, limit=None):
    """Exports a run as the command does. Exit code 2 stands for a mistake that was told in a sentence."""
    from keras_gen.errors import InputError
    from keras_gen.runs.results import write_version
    from keras_gen.runs.run import Run

    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write_version(Run(folder), versions)
    except InputError as error:
        print(f"    {error}", file=sys.stderr)
        sys.exit(2)


def faults(versions):
    """What is wrong with the versions in a folder: list of texts."""
    from keras_gen.export import exported_from, is_whole

    found, models = [], []
    for version in versions.iterdir():
        if version.name.isdigit():
            models.append(exported_from(version).get("model"))
            found += [] if is_whole(version) else [f"{version} is not whole"]
    return found + ([] if len(set(models)) == len(models) else ["a model is there twice"])


def numbers(versions):
    return sorted(int(path.name) for path in versions.iterdir() if path.name.isdigit())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="digits-gan")
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["keras_gen.runs.results"])  # TensorFlow is imported once for all
    moments, wrong = random.Random(options.seed), []

    def started(*arguments):
        process = context.Process(target=publish, args=arguments)
        process.start()
        return process

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        runs = [folder / f"run-{place}" for place in range(options.processes)]
        for place, run in enumerate(runs):
            maker = context.Process(target=make, args=(options.recipe, run, place))
            maker.start()
            maker.join()

        together = folder / "together"
        begun = time.monotonic()
        processes = [started(run, together) for run in runs]
        codes = [process.join() or process.exitcode for process in processes]
        seconds = (time.monotonic() - begun) / len(runs)
        wrong += faults(together)
        if any(codes) or numbers(together) != list(range(1, len(runs) + 1)):
            wrong.append(f"at once: exit codes {codes}, versions {numbers(together)}")
        print(
            f"{len(runs)} processes at once: versions {numbers(together)}, {seconds:.1f} s each", flush=True
        )

        begun = time.monotonic()
        started(runs[0], folder / "alone").join()
        seconds = time.monotonic() - begun
        killed, cut = folder / "killed", 0
        for place in range(options.kills):
            process = started(runs[place % len(runs)], killed)
            time.sleep(moments.uniform(0.2, seconds))
            process.kill()
            process.join()
            cut += process.exitcode != 0
            wrong += faults(killed) if killed.is_dir() else []
        for run in runs:
            started(run, killed).join()
        wrong += faults(killed)
        left = [path for path in killed.rglob(".partial-*")]
        wrong += [f"left over: {left}"] if left else []
        if len(numbers(killed)) != len(runs):
            wrong.append(f"after the kills there are versions {numbers(killed)}")
        print(
            f"{cut} of {options.kills} killed: versions {numbers(killed)}, {len(left)} left over", flush=True
        )

        full = folder / "full"
        process = started(runs[0], full, ENOUGH)
        process.join()
        if process.exitcode != 2 or numbers(full) or list(full.rglob(".partial-*")):
            wrong.append(f"on a full disk: exit code {process.exitcode}, {list(full.rglob('*'))}")
        print(f"a full disk: exit code {process.exitcode}, versions {numbers(full)}", flush=True)

        # A folder in a file cannot be made by anybody; rights would not keep root out.
        (folder / "file").touch()
        process = started(runs[0], folder / "file" / "versions")
        process.join()
        wrong += [] if process.exitcode == 2 else [f"in no folder: exit code {process.exitcode}"]
        print(f"where nothing can be written: exit code {process.exitcode}", flush=True)
    print("\n".join(wrong) or "nothing is wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
