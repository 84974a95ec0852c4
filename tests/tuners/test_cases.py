"""Searches that another kit began, or that were damaged: a row each."""

import json
from pathlib import Path

import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.files import write_atomically
from keras_gen.runs.run import Run
from keras_gen.tuners.clock import SearchClock
from keras_gen.tuners.folder import check_settings

CONFIGS = json.loads((Path(__file__).parent.parent / "recipes" / "configs_0.1.json").read_text())
SETTINGS = {
    "recipe": "digits-vae",
    "measure": "nll",
    "trial": recipes.resolve("digits-vae").model_dump(),
    "seed": 1,
}
OLD = {"recipe": "digits-vae", "objective": "nll", "seed": 1} | {  # as version 0.1 had it
    f"{field} of a trial": value
    for field, value in CONFIGS["digits-vae"].items()
    if field not in ("recipe", "versions")
}
CLIPPED = {"trial": recipes.resolve("digits-vae", {"clip_norm": 1.0}).model_dump()}
CLIP = "clip_norm of a trial"


@pytest.mark.parametrize(
    "found, wanted, told",
    [
        ({}, {}, None),
        ({}, {}, "stratify of a trial is False there, auto here"),
        ({CLIP: None}, {}, None),  # as kits wrote it that had no such field
        ({CLIP: None}, CLIPPED, "optimizer.clip_norm of a trial is 0.0 there, 1.0 here"),
        ({"seed": 2}, {}, "seed is 2 there, 1 here"),
        (
            {"precision of a trial": "mixed_float16"},
            {},
            "precision of a trial is mixed_float16 there, auto here",
        ),
        (SETTINGS, {}, None),
        (SETTINGS, CLIPPED, "optimizer.clip_norm of a trial is 0.0 there, 1.0 here"),
        (SETTINGS, {"measure": "elbo"}, "measure is nll there, elbo here"),
        ([1], {}, "search.json is not the settings of a search"),
        ("[" * 100_000, {}, "search.json cannot be read"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_search_of_an_older_kit_goes_on_or_tells_why_not(tmp_path, found, wanted, told):
    if isinstance(found, dict) and found is not SETTINGS:
        whole = OLD | found
        found = {name: value for name, value in whole.items() if value is not None or name not in found}
    write_atomically(tmp_path / "search.json", found if isinstance(found, str) else json.dumps(found))
    if told is None:
        fields = recipes.as_begun(tmp_path / "search.json", "digits-vae", {})  # as the command does
        trial = recipes.resolve("digits-vae", fields).model_dump()
        check_settings(tmp_path, SETTINGS | {"trial": trial})
        return
    with pytest.raises(InputError) as error:
        check_settings(tmp_path, SETTINGS | wanted)
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kid": null}', "{}", "\0", '{"kid": 0.5'])
def test_scores_that_are_damaged_are_none(tmp_path, text):
    run = Run(tmp_path)
    write_atomically(run.metrics_file, text)
    assert run.metrics() is None and not run.complete
    write_atomically(run.metrics_file, '{"kid": 0.5}')
    assert run.metrics() == {"kid": 0.5}


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_clock_that_is_damaged_begins_anew(tmp_path, text):
    write_atomically(tmp_path / "clock.json", text)
    clock = SearchClock(tmp_path, minutes=1)
    assert not clock.is_over and clock.deadline() == float("inf")
