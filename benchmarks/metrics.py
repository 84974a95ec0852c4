"""Time and memory of the distances between features, beside `prdc` and SciPy's `sqrtm`.

Each is measured in a process of its own, all in turn, round by round; the fastest round of each counts.
Memory is the peak of the process, without what Python and the features take.

    python benchmarks/metrics.py [--rows 10000] [--dimensions 2048] [--rounds 1]
        [--only frechet kid neighbors]
"""

import argparse
import multiprocessing
import resource
import time

import numpy as np


def frechet(real, fake):
    from keras_gen.metrics import frechet_distance

    return frechet_distance(real, fake)


def frechet_by_sqrtm(real, fake):
    from scipy.linalg import sqrtm

    covariances = [np.cov(features.astype("float64"), rowvar=False) for features in (real, fake)]
    offset = real.mean(axis=0, dtype="float64") - fake.mean(axis=0, dtype="float64")
    root = sqrtm(covariances[0] @ covariances[1])
    return offset @ offset + sum(np.trace(covariance) for covariance in covariances) - 2 * np.trace(root).real


def kid(real, fake):
    from keras_gen.metrics import kid

    return kid(real, fake).value


def neighbors(real, fake):
    from keras_gen.metrics import neighbor_scores

    found = neighbor_scores(real, fake)
    return tuple(found[name] for name in ("precision", "recall", "density", "coverage"))


def neighbors_by_prdc(real, fake):
    from prdc import compute_prdc

    return tuple(compute_prdc(real, fake, nearest_k=5).values())


MEASURED = {
    "frechet": frechet,
    "frechet, sqrtm": frechet_by_sqrtm,
    "kid": kid,
    "neighbors": neighbors,
    "neighbors, prdc": neighbors_by_prdc,
}


def measured(name, rows, dimensions, results):
    """Puts (result, seconds, GiB) of one function on a queue."""
    random = np.random.default_rng(0)
    mixed = random.normal(size=(dimensions, dimensions)).astype("float32") / dimensions**0.5
    real, fake = (random.normal(size=(rows, dimensions)).astype("float32") @ mixed for _ in range(2))
    fake += np.float32(0.05)
    MEASURED[name](real[:64, :16], fake[:64, :16])  # imports
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    result = MEASURED[name](real, fake)
    seconds = time.perf_counter() - started
    results.put((result, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=["frechet", "kid", "neighbors"])
    options = parser.parse_args()

    names = [name for name in MEASURED if name.split(",")[0] in options.only]
    spawn, found = multiprocessing.get_context("spawn"), {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            results = spawn.SimpleQueue()
            process = spawn.Process(target=measured, args=(name, options.rows, options.dimensions, results))
            process.start()
            found[name].append(results.get())
            process.join()
    for name, each in found.items():
        result, seconds, memory = min(each, key=lambda one: one[1])
        shown = ", ".join(f"{value:.6g}" for value in np.atleast_1d(result))
        print(f"{name}: {seconds:.1f} s, {memory:.2f} GiB: {shown}", flush=True)


if __name__ == "__main__":
    main()
