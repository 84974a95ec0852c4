"""Provokes what `Diagnose` names, and trains healthy models that it must not say anything of.

Each training is short, and a run, which the same command goes on with where it was stopped.

    python benchmarks/diagnose.py [--only overfitting ...] [--output runs/diagnose]
"""

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_gen import datasets, recipes
from keras_gen.callbacks import Monitor, diagnose
from keras_gen.callbacks.diagnosis import RULES
from keras_gen.files import make_folder
from keras_gen.media import Image
from keras_gen.recipes.settings import parse_assignments
from keras_gen.runs import training
from keras_gen.runs.run import Run
from keras_gen.training.distribution import strategy

GAN = "num_classes=none epochs=8 steps_per_epoch=100"
VQVAE = (
    "data=digits image.size=8 num_classes=none network.halvings=1 network.width=8 prior_units=32 "
    "batch_size=64 epochs=8 steps_per_epoch=50"
)


class Case(NamedTuple):
    """A training.

    Args:
        recipe: its name.
        settings: fields that differ from it, "field=value ...".
        measures: taken of every second epoch.
        data: function of a folder that writes the data there and returns their path, or None.
    """

    recipe: str
    settings: str
    measures: tuple = ()
    data: object = None


def few(folder):
    """24 handwritten digits to learn from."""
    return written(folder / "few.npz", lambda digits: digits["train"][:24], lambda digits: digits["val"])


def inverted(folder):
    """Digits of which those for validation are dark on light."""
    return written(
        folder / "inverted.npz", lambda digits: digits["train"], lambda digits: 255 - digits["val"]
    )


def written(path, train, val):
    data = datasets.load("digits", media=Image(8, 8, 1))
    digits = {split: data.arrays(split)[0] for split in ("train", "val", "test")}
    np.savez(path, x_train=train(digits), x_val=val(digits), x_test=digits["test"])
    return path


PROVOKED = {
    "data that look wrong": Case(
        "digits-vae", "num_classes=none epochs=5 steps_per_epoch=50 warm_up=0", data=inverted
    ),
    "overfitting": Case(
        "digits-vae",
        "num_classes=none likelihood=gaussian batch_size=24 warm_up=0 epochs=10 steps_per_epoch=50",
        data=few,
    ),
    "underfitting": Case("digits-vae", "learning_rate=1e-5 warm_up=0 epochs=10 steps_per_epoch=50"),
    # A generator that learns much faster than the discriminator makes what this rates best (Goodfellow 2016,
    # arXiv 1701.00160, section 5.1.1); the Wasserstein loss never saturates, so that nothing holds it back.
    "mode collapse": Case(
        "digits-gan",
        f"{GAN} loss=wasserstein r1=0 r2=0 ema=0 final_learning_rate_share=1 generator_learning_rate=0.002 "
        "discriminator_learning_rate=1e-5",
    ),
    "strong discriminator": Case(
        "digits-gan", f"{GAN} r1=0 r2=0 generator_learning_rate=1e-5 discriminator_learning_rate=0.002"
    ),
    "weak discriminator": Case("digits-gan", f"{GAN} discriminator_learning_rate=1e-7"),
    "vanishing gradients": Case(
        "digits-gan",
        f"{GAN} loss=hinge r1=0 r2=0 generator_learning_rate=1e-6 discriminator_learning_rate=0.002",
    ),
    "posterior collapse": Case("docstrings-vae", "objective=elbo epochs=6 steps_per_epoch=60"),
    "dead codes": Case("mnist-vqvae", f"{VQVAE} image.size=16 num_codes=1024 epochs=6"),
    "copying": Case("digits-gan", f"{GAN} batch_size=24 epochs=16 r1=0.1 r2=0.1", ("copying",), few),
    "plateau": Case(
        "digits-vae",
        "network=mlp final_learning_rate_share=1 learning_rate=0.03 epochs=24 steps_per_epoch=100",
    ),
}
HEALTHY = [
    *(Case("digits-gan", f"seed={seed} epochs=10 steps_per_epoch=100") for seed in (0, 1)),
    Case("digits-gan", "seed=2 epochs=10 steps_per_epoch=100 loss=hinge"),
    Case("digits-gan", "seed=3 epochs=10 steps_per_epoch=100 loss=non_saturating num_classes=none"),
    *(Case("digits-vae", f"seed={seed} epochs=10 steps_per_epoch=100 warm_up=20_000") for seed in (0, 1)),
    Case("digits-vae", "seed=2 network=mlp epochs=10 steps_per_epoch=100 warm_up=0"),
    Case("docstrings-vae", "epochs=6 steps_per_epoch=60"),
    Case("vowels-vae", "epochs=8 steps_per_epoch=40"),
    Case("mnist-vqvae", f"{VQVAE} num_codes=64"),
    Case("mnist-vqvae", f"{VQVAE} num_codes=64 seed=1"),
    Case("shapes-tcvae", "epochs=8 steps_per_epoch=100"),
]


def findings(case, folder):
    """What is said during a training, from the history that it leaves: dict, name -> `Finding`."""
    run = Run(folder)
    fields = parse_assignments(case.settings.split())
    if case.data is not None:
        make_folder(folder)
        fields["data"] = str(case.data(folder))
    config = recipes.resolve(case.recipe, fields)
    if not run.model_file.is_file():
        dataset = training.load(config)
        monitor = Monitor(folder, num=4, data=dataset, measures=case.measures, every=2, num_measured=500)
        with training.begun(run, case.recipe, config, dataset):
            training.trained(run, config, dataset, strategy("one"), watch=[monitor]).save(run.model_file)
    with open(run.history_file, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = {}
    for epoch in range(1, len(rows) + 1):
        for finding in diagnose(rows[:epoch], config.epochs):
            said.setdefault(finding.name, finding)
    return said


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[*PROVOKED, "healthy"], choices=[*RULES, "healthy"])
    parser.add_argument("--output", type=Path, default=Path("runs/diagnose"))
    options = parser.parse_args()

    print("| provoked | by | named | seen |\n| --- | --- | --- | --- |")
    for name in [name for name in options.only if name != "healthy"]:
        case = PROVOKED[name]
        found = findings(case, options.output / name.replace(" ", "-"))
        told = found.pop(name, None)
        when = f"epoch {told.since}" if told else "NOT NAMED"
        seen = told.seen if told else ""
        others = f"; also {', '.join(found)}" if found else ""
        print(f"| {name} | {case.recipe} {case.settings} | {when}{others} | {seen} |", flush=True)
    if "healthy" in options.only:
        print("\n| healthy | findings |\n| --- | --- |")
        for number, case in enumerate(HEALTHY):
            found = findings(case, options.output / f"healthy-{number}")
            told = "; ".join(f"{each.name}: {each.seen}" for each in found.values()) or "none"
            print(f"| {case.recipe} {case.settings} | {told} |", flush=True)


if __name__ == "__main__":
    main()
