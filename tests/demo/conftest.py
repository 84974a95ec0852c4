import json

import pytest

from keras_gen import recipes
from keras_gen.demo.models import Exported, Trained
from keras_gen.export import export
from keras_gen.runs.run import Run

WHO, WHAT = ("dog", "cat", "bird", "fish"), ("runs", "sleeps", "sings", "eats", "hides")
SENTENCES = [f"{article} {who} {does}." for article in ("A", "the") for who in WHO for does in WHAT]


def untrained(folder, recipe, names=None, **fields):
    """A run whose model has learned nothing, with classes of these names."""
    config, run = recipes.resolve(recipe, fields), Run(folder)
    run.start(recipe, config)
    if names:
        run.classes_file.write_text(json.dumps({"pattern": None, "names": names}))
    model = config.build()
    model.save(run.model_file)
    export(model, run.savedmodel, run.provenance())
    return run


def both(run):
    """The model of a run, as trained and as exported."""
    return [Trained(run), Exported(run.folder.name, 1, run.savedmodel)]


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "digits"
    return untrained(folder, "digits-vae", [f"n{place}" for place in range(10)], width=8, latent_dim=4)


@pytest.fixture(scope="session")
def spoken(tmp_path_factory):
    names = {"digit": list("0123456789"), "speaker": ["ann", "bob", "cem", "dan", "eve", "fay"]}
    folder = tmp_path_factory.mktemp("demo") / "spoken"
    return untrained(folder, "fsdd-vae", names, width=8, latent_dim=4, data="spoken")


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    (folder / "lines.txt").write_text("\n".join(SENTENCES))
    fields = {"data": str(folder / "lines.txt"), "width": 8, "latent_dim": 4, "length": 8, "batch_size": 8}
    return untrained(folder / "written", "file-text", **fields)
