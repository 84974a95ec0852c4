"""How often a judge that never saw a generated picture gives a run's samples the label they were asked for.

The judge is scikit-learn's support vector machine on the pixels of real training pictures.

    python benchmarks/label_agreement.py runs/mnist-gan [--num 10000] [--seed 1]
"""

import argparse

import numpy as np
from sklearn.svm import SVC

from keras_gen import datasets
from keras_gen.recipes.run import Run

MOST_LEARNED_FROM = 20_000


def pixels(pictures):
    return pictures.reshape(len(pictures), -1) / np.float32(255)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--num", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    run = Run.open(options.run)
    recipe, config = run.settings()
    dataset = datasets.load(config.data, size=config.size, channels=config.channels, seed=config.seed)
    pictures, labels = dataset.arrays("train")
    learned_from = np.random.default_rng(0).permutation(len(pictures))[:MOST_LEARNED_FROM]
    judge = SVC(C=5.0).fit(pixels(pictures[learned_from]), labels[learned_from])
    test_pictures, test_labels = dataset.arrays("test")
    accuracy = judge.score(pixels(test_pictures), test_labels)

    model = run.load_model()
    asked = model.labels_for(options.num)
    given = judge.predict(pixels(model.generate(options.num, asked, options.seed)))
    produced = np.bincount(given, minlength=config.num_classes)
    print(
        f"{recipe}: agreement {np.mean(given == asked):.4f} of {options.num:,} samples, seed {options.seed}"
    )
    print(f"the judge is right on {accuracy:.4f} of {len(test_labels):,} real test pictures")
    print("samples given each label:", *produced)


if __name__ == "__main__":
    main()
