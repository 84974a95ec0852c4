import asyncio
import json
import types

import pytest

from keras_gen.errors import InputError
from keras_gen.serving.folders import models_in, stamp
from keras_gen.serving.metrics import Metrics
from keras_gen.serving.models import Models
from keras_gen.serving.refusals import Refused
from keras_gen.serving.settings import Settings
from keras_gen.serving.signatures import rate_of


def write(path, graph="graph"):
    (path / "variables").mkdir(parents=True)
    (path / "saved_model.pb").write_text(graph)
    (path / "variables" / "variables.index").touch()
    (path / "variables" / "variables.data-00000-of-00001").touch()
    return path


def models_of(folder, **settings):
    def make(name, number, path):
        if (path / "saved_model.pb").read_text() == "broken":
            raise InputError(f"{path} cannot be loaded.")
        graph = (path / "saved_model.pb").read_text()
        return types.SimpleNamespace(name=name, number=number, graph=graph, signatures={"serving_default"})

    return Models(folder, make, Settings(**settings), Metrics())


def look(models, times=2):
    async def refresh():
        for _ in range(times):
            await models.refresh()

    asyncio.run(refresh())


def test_every_form_of_folder_is_understood(tmp_path):
    write(tmp_path / "many" / "cats" / "2")
    write(tmp_path / "many" / "cats" / "10")
    write(tmp_path / "many" / "dogs" / "1")
    for name in ("notes", "cats/.partial-x", "cats/old"):
        (tmp_path / "many" / name).mkdir()
    write(tmp_path / "runs" / "birds" / "savedmodel")
    found = models_in(tmp_path / "many")
    assert {name: sorted(told.versions) for name, told in found.items()} == {"cats": [2, 10], "dogs": [1]}
    for folder, name, number in (
        ("many/cats", "cats", 10),
        ("many/cats/10", "cats", 10),
        ("runs/birds", "birds", 1),
        ("runs/birds/savedmodel", "birds", 1),
    ):
        found = models_in(tmp_path / folder)
        assert [*found] == [name] and number in found[name].versions
    assert models_in(tmp_path / "runs" / "birds" / "savedmodel" / "variables") == {}


def test_half_written_versions_are_not_whole(tmp_path):
    path = write(tmp_path / "1")
    whole = stamp(path)
    assert whole is not None
    (path / "variables" / "variables.index").write_text("longer")
    assert stamp(path) not in (None, whole)
    for name in ("variables/variables.data-00000-of-00001", "variables/variables.index", "saved_model.pb"):
        (path / name).rename(tmp_path / "away")
        assert stamp(path) is None
        (tmp_path / "away").rename(path / name)
    (path / "variables" / "variables.data-00000-of-00001").rename(
        path / "variables" / "variables.data-00000-of-00002"
    )
    assert stamp(path) is None


def test_the_rate_of_recordings_is_what_the_model_says(tmp_path):
    assert rate_of(tmp_path) is None
    (tmp_path / "assets.extra").mkdir()
    for file, told, rate in (
        ("config.json", {"image": {"size": 8}}, None),
        ("config.json", {"audio": {"rate": 8000}}, 8000),
        ("model.json", {"media": {"kind": "audio", "rate": 16000}}, 16000),
        ("model.json", [], 8000),
    ):
        (tmp_path / "assets.extra" / file).write_text(json.dumps(told))
        assert rate_of(tmp_path) == rate


def test_the_newest_version_takes_the_place_of_the_last(tmp_path):
    write(tmp_path / "1")
    models = models_of(tmp_path)
    look(models, 1)
    assert not models.is_ready  # it might still be written to
    look(models, 1)
    name = tmp_path.name
    assert models.is_ready and models.find(name).number == 1
    write(tmp_path / "2")
    look(models)
    assert models.find(name).number == 2
    assert models.states(name) == [(2, "AVAILABLE", ""), (1, "END", "")]
    with pytest.raises(Refused, match=rf"Servable not found for request: Specific\({name}, 1\)") as refusal:
        models.find(name, 1)
    assert refusal.value.status == 404
    (tmp_path / "2").rename(tmp_path / "moved")
    look(models)
    assert models.find(name).number == 1  # back again
    (tmp_path / "1" / "saved_model.pb").write_text("another graph")
    look(models)
    assert models.find(name).graph == "another graph"


def test_a_version_that_does_not_load_leaves_the_last_one(tmp_path):
    write(tmp_path / "cats" / "1")
    write(tmp_path / "cats" / "2", "broken")
    models = models_of(tmp_path)
    look(models, 4)
    assert models.find("cats").number == 1
    assert models.states("cats", 2) == [(2, "END", f"{tmp_path / 'cats' / '2'} cannot be loaded.")]
    (tmp_path / "cats" / "2" / "saved_model.pb").write_text("mended")
    look(models)
    assert models.find("cats").graph == "mended"


def test_labels_keep_versions_and_may_change(tmp_path):
    for number in range(1, 5):
        write(tmp_path / "cats" / str(number))
    labels = tmp_path / "cats" / "labels.json"
    labels.write_text(json.dumps({"stable": 1, "canary": 4, "gone": 9}))
    models = models_of(tmp_path)
    look(models)
    assert [number for number, state, _ in models.states("cats")] == [4, 1]
    assert models.find("cats", label="stable").number == 1 and models.find("cats").number == 4
    for label in ("gone", "none"):
        with pytest.raises(Refused, match=f"Unrecognized servable version label: {label}"):
            models.find("cats", label=label)
    labels.write_text(json.dumps({"stable": 3}))
    look(models)
    assert models.find("cats", label="stable").number == 3
    with pytest.raises(Refused):
        models.find("cats", 1)
    labels.write_text('{"stable": "3"}')
    with pytest.raises(InputError, match=r"must give versions by label, such as"):
        look(models)
    assert models.find("cats", label="stable").number == 3


def test_several_versions_are_served_if_wanted(tmp_path):
    for number in range(1, 5):
        write(tmp_path / "cats" / str(number))
    models = models_of(tmp_path, versions=3)
    look(models)
    assert [number for number, *_ in models.states("cats")] == [4, 3, 2]


def test_models_come_and_go(tmp_path):
    write(tmp_path / "cats" / "1")
    models = models_of(tmp_path)
    look(models)
    write(tmp_path / "dogs" / "1")
    (tmp_path / "cats").rename(tmp_path / ".cats")
    (tmp_path / ".cats" / "1").rename(tmp_path / "1-of-cats")
    look(models)
    assert models.names == ["dogs"]
    for name, wrong in (("cats", r"Latest\(cats\)"), ("../dogs", r"Latest\(../dogs\)"), ("", "no name")):
        with pytest.raises(Refused, match=wrong):
            models.find(name)
    with pytest.raises(Refused, match="Could not find any versions of model birds"):
        models.states("birds")
    with pytest.raises(Refused, match="Could not find version 7 of model dogs"):
        models.states("dogs", 7)
