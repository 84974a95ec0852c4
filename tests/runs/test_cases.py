"""Runs that another kit made, or that were edited: a row each."""

import functools
import json
import warnings

import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.runs.run import Run, fine_tuned

RECIPE = "digits-vae"


@pytest.fixture
def run(tmp_path):
    """A run that was stopped, with something in the place of its checkpoint."""
    run = Run(tmp_path / "run")
    run.start(RECIPE, recipes.resolve(RECIPE, {"width": 8}))
    (run.checkpoints / "64.keras").touch()
    return run


def edit(run, **fields):
    """Changes the config of a run, of whose parts the names have two underscores; None leaves a field out."""
    found = json.loads(run.config_file.read_text())
    for name, value in fields.items():
        *path, last = name.split("__")
        part = functools.reduce(dict.__getitem__, path, found)
        part[last] = value
        if value is None:
            del part[last]
    run.config_file.write_text(json.dumps(found))


@pytest.mark.parametrize(
    "made, told",
    [
        ({}, None),
        ({"versions": None}, None),  # as kits wrote it that kept none
        (
            {"optimizer__clip_norm": None, "network__hidden": None},
            None,
        ),  # as kits wrote it that had no such fields
        ({"optimizer__clip_norm": None, "versions": None}, None),
        ({"prior": None, "optimizer": None}, None),
        (
            {"epochs": None},
            "other settings (epochs is 20 there, 10 here)",
        ),  # a default that the recipe has changed
        ({"floors": 3}, "config.json cannot be used: Unknown field 'floors'"),
        (
            {"floors": 3, "versions": {"keras_gen": "9.1.0"}},
            "config.json cannot be used, made by keras_gen 9.1.0 and not by this ",
        ),
        ({"recipe": "digits-flow", "versions": {"keras_gen": "9.1.0"}}, "made by keras_gen 9.1.0"),
        ({"network__kind": "unet", "versions": {"keras_gen": "9.1.0"}}, "made by keras_gen 9.1.0"),
        ({"network__width": "wide", "versions": "new"}, "cannot be used: Field 'network.width' takes int"),
        (
            {"network__width": 16},
            "other settings (network.width is 16 there, 8 here): choose another --output.",
        ),
    ],
    ids=str,
)
def test_a_run_of_another_kit_goes_on_or_tells_why_not(run, made, told):
    wanted = {"width": 8} | ({"epochs": 10} if "epochs" in made else {})
    edit(run, **made)
    config = recipes.resolve(RECIPE, wanted)
    if told is None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run.start(RECIPE, config)
        assert json.loads(run.config_file.read_text())["versions"] == recipes.versions()
        assert run.settings() == (RECIPE, config)
        return
    with pytest.raises(InputError) as error:
        run.start(RECIPE, config)
    assert told in str(error.value)


def test_other_versions_are_no_other_settings_but_told(run):
    edit(run, versions={**recipes.versions(), "keras": "3.0.0"})
    with pytest.warns(UserWarning, match=r"begun with other versions \(keras is 3.0.0 there, "):
        run.start(RECIPE, recipes.resolve(RECIPE, {"width": 8}))


def test_a_finished_run_is_trained_further_from_itself(run):
    with pytest.raises(InputError, match="is not finished"):
        fine_tuned(RECIPE, run.folder, {})
    run.model_file.touch()
    with pytest.raises(InputError, match=f"or train it further with --from {run.folder} --output ANOTHER"):
        run.check(RECIPE, recipes.resolve(RECIPE, {"width": 8, "batch_size": 30}))
    run.check(RECIPE, recipes.resolve(RECIPE, {"width": 8, "epochs": 30}))
    with pytest.raises(InputError, match="epochs is 20 there, 10 here"):
        run.check(RECIPE, recipes.resolve(RECIPE, {"width": 8, "epochs": 10}))
    assert fine_tuned(RECIPE, run.folder, {"epochs": 30}).epochs == 30
    with pytest.raises(InputError) as error:
        run.check("digits-gan", recipes.resolve("digits-gan"))
    assert "--from" not in str(error.value)


def test_scores_of_an_older_kit_go_by_the_names_of_today(run):
    run.metrics_file.write_text(json.dumps(dict(kernel=0.25, kernel_std=0.5, frechet=1.0)))
    assert run.metrics() == {"kid": 0.25, "kid_std": 0.5, "frechet": 1.0}


def test_a_run_goes_on_with_the_prepared_set_that_it_was_begun_with(run):
    config = recipes.resolve(RECIPE, {"width": 8})
    run.start(RECIPE, config, "a" * 64)  # one that an earlier kit began without
    run.start(RECIPE, config, "a" * 64)
    assert run.fingerprint == "a" * 64 and run.settings() == (RECIPE, config)
    for other in ("b" * 64, None):
        with pytest.raises(InputError, match="is not what .* was begun with, whose fingerprint is aaaa"):
            run.start(RECIPE, config, other)
