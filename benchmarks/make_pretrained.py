"""Makes the models that come with the kit: trains their recipes, scores them, and puts them into the package.

    python benchmarks/make_pretrained.py [digits-gan docstrings-vae vowels-vae] --runs runs

A run that is there already is gone on with. What is kept is small: large arrays of weights in half precision,
and optimizers that begin anew, without their moments. Scores are those of the small files.
"""

import argparse
import io
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np

from keras_gen import pretrained, recipes
from keras_gen.files import checksum, replace_atomically, write_atomically
from keras_gen.runs.run import Run
from keras_gen.runs.training import score, train

NAMES = ("digits-gan", "docstrings-vae", "vowels-vae")
WEIGHTS = "model.weights.h5"
FEW = 1_000  # numbers that stay in full precision, such as biases and variances
FILES = ("model.keras", "config.json", "classes.json", "scores.json", "metrics.json", "model_card.md")
EXPLANATION = (
    "What stands in *italics* is a question that the author is asked to answer, in its place. "
    "A card that was changed is never overwritten.\n\n"
)
MAKERS = "Made by the authors of keras_gen, to whom issues of its repository go; Apache 2.0, as the kit."
PURPOSE = "To try what the kit does within seconds, and to test programs with."
NO_PURPOSE = "It is not for anything on which people depend."
DATA = {
    "digits-gan": (
        "Who wrote a digit, with which hand and in which tradition of writing is not known.",
        "The test part of Optical Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, 1998), by 13 "
        "people, as scikit-learn brings it; CC BY 4.0.",
    ),
    "docstrings-vae": (
        "The sentences are English, and about programs.",
        "The docstrings of Python's standard library, under the license of the Python Software Foundation.",
    ),
    "vowels-vae": (
        "Five vowels of one model of the voice stand for nobody's language.",
        "keras_gen.datasets computes them from a model of the voice: no person is heard.",
    ),
}
HARM = "No person is shown or heard, and what it makes is small, so that little harm is to be seen."
ELSE = "It is as small as it can be and still show what the kit does; train a recipe for what you need."


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=NAMES)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    for name in options.names:
        make(name, Run(options.runs / name))


def make(name, run):
    config = recipes.resolve(name)
    train(run, name, config, scored=False)
    replace_atomically(run.model_file, lambda path: path.write_bytes(small(run.model_file)))
    run.card_file.unlink(missing_ok=True)  # which would be kept, once it is answered
    score(run)
    run.card_file.write_text(answered(name, run.card_file.read_text()))
    folder = pretrained.FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in FILES:
        if (run.folder / file).is_file():
            shutil.copyfile(run.folder / file, folder / file)
    manifest = {
        "command": f"python benchmarks/make_pretrained.py {name}",
        "recipe": name,
        "seed": config.seed,
        "versions": recipes.saved(run.config_file)[recipes.VERSIONS],
        "files": {path.name: checksum(path) for path in sorted(folder.iterdir())},
    }
    write_atomically(folder / pretrained.MANIFEST, json.dumps(manifest, indent=2) + "\n")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size / 1e6:.2f} MB")


def small(file):
    """A saved model whose large arrays are in half precision, with optimizers that have not begun: bytes."""
    kept = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as slim:
        for name in archive.namelist():
            content = archive.read(name)
            # With a date of its own, equal weights would make other files.
            slim.writestr(zipfile.ZipInfo(name), halved(content) if name == WEIGHTS else content)
    return kept.getvalue()


def halved(content):
    halved = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as source, h5py.File(halved, "w") as target:

        def copy(name, entry):
            if isinstance(entry, h5py.Group):
                made = target.require_group(name)
            else:
                values = entry[()]
                if "optimizer" in name.split("/")[0]:
                    is_rate = values.shape == () and values.dtype == np.float32
                    values = values if is_rate else np.zeros_like(values)
                elif values.dtype == np.float32 and values.size > FEW:
                    values = values.astype(np.float16)
                compressed = {"compression": "gzip"} if values.size > FEW else {}
                made = target.create_dataset(name, data=values, **compressed)
            made.attrs.update(entry.attrs)

        source.visititems(copy)
        target.attrs.update(source.attrs)
    return halved.getvalue()


def answered(name, card):
    """A model card whose questions are answered."""
    groups, origin = DATA[name]
    answers = iter((MAKERS, PURPOSE, NO_PURPOSE, groups, origin, HARM, ELSE))
    card = card.replace("license: unknown", "license: apache-2.0").replace(EXPLANATION, "")
    card = re.sub(r"^- \*.*\?.*\*$", lambda question: f"- {next(answers)}", card, flags=re.MULTILINE)
    assert next(answers, None) is None, "the card asks fewer questions than are answered"
    return re.sub("<!-- keras_gen wrote this.*\n", "", card)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
