"""Walks between pairs of test sentences in the latents of a run, and what comes back of their ends.

The pairs are drawn by a seed: the first ones it gives, not chosen ones.

    python benchmarks/sentence_walks.py runs/captions-vae [--pairs 3] [--steps 6] [--seed 0]
"""

import argparse

import numpy as np

from keras_gen.runs.run import Run


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    run = Run.open(options.run)
    _, config = run.settings()
    packed, _ = config.load().arrays("test")
    model = run.load_model()
    random = np.random.default_rng(options.seed)
    for _ in range(options.pairs):
        pair = random.choice(len(packed), 2, replace=False)
        start, stop = model.media.unpack(packed[pair]).tolist()
        walk = model.interpolate(*model.encode(packed[pair]), steps=options.steps).tolist()
        print("\n".join([f"**{start}**", *walk, f"**{stop}**", ""]))


if __name__ == "__main__":
    main()
