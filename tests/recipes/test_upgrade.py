"""Configs of version 0.1, whose fields were flat: of every recipe, and of every kind of part."""

import json
from pathlib import Path

import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.media import Audio
from keras_gen.recipes.settings import flat
from keras_gen.recipes.upgrade import BEFORE_AUTO, BEFORE_FIELDS

CONFIGS = json.loads((Path(__file__).parent / "configs_0.1.json").read_text())
LATER = (
    "cifar10-r3gan",
    "cifar10-sngan",
    "folder-sounds",
    "folder-vae",
    "mnist-r3gan",
)  # recipes that version 0.1 did not have
SINCE = {  # what recipes set that have changed since
    "folder-voice": {
        "batch_size": 64,
        "epochs": 15,
        "objective.beta": 10.0,
        "optimizer.learning_rate": 0.001,
        "sampling_prior": "mixture",
        "sampling_prior.components": 10,
        "restore_best": False,
        "network": "conv1d",
        "network.width": 64,
        "network.hidden": 256,
        "network.blocks": 1,
        "augment.time_mask": 8,
        "augment.frequency_mask": 8,
    },
    "fsdd-vae": {"objective.beta": 25.0, "sampling_prior": "mixture", "sampling_prior.components": 10},
    "mnist-vae-best": {
        "epochs": 27,
        "network.width": 200,
        "network.activation": "silu",
        "prior.components": 100,
        "optimizer.learning_rate": 0.003,
    },
    "vowels-vae": {"audio.loudness": -23.0},
}


def read(tmp_path, config):
    (tmp_path / "config.json").write_text(json.dumps(config))
    return recipes.read(tmp_path / "config.json")


def changes(name, config):
    """What is another value than the recipe's, today or formerly: name of the field -> value."""
    own = flat(recipes.resolve(name, {"data": config.data}))
    before = {
        **BEFORE_AUTO,
        **BEFORE_FIELDS,
        "duplicates": "keep",
        "image.labels": "top",
        "audio.labels": "top",
        "num_scored": 2_000,
    }
    known = {field: [value, before.get(field, value)] for field, value in own.items()}
    return {field: value for field, value in flat(config).items() if value not in known.get(field, [""])}


@pytest.mark.parametrize("name", [name for name in recipes.NAMES if name not in LATER])
def test_a_run_of_every_recipe_is_read_as_that_recipe(tmp_path, name):
    found, config = read(tmp_path, CONFIGS[name])
    assert found == name and changes(name, config) == SINCE.get(name, {})


WEIGHTED = {"objective.beta": 3.0, "objective.warm_up": 7}


@pytest.mark.parametrize(
    "key, expected",
    {
        "objective=elbo": WEIGHTED,
        "objective=free_bits": WEIGHTED | {"objective.nats": 2.5, "objective.form": "kingma"},
        "objective=capacity": {"objective.nats": 2.5, "objective.gamma": 1000.0},
        "objective=iwae": {"objective.samples": 3},
        "objective=dreg": {"objective.samples": 3},
        "objective=tc": WEIGHTED | {"objective.num_examples": 1258},
        "objective=factor": WEIGHTED | {"objective.gamma": 2.5},
        "objective=dip1": WEIGHTED | {"objective.off_diagonal": 2.5, "objective.diagonal": 25.0},
        "objective=dip2": WEIGHTED | {"objective.off_diagonal": 2.5, "objective.diagonal": 2.5},
        "objective=info": {"objective.alpha": 0.0, "objective.scale": 2.5},
        "prior=vamp": {"num_classes": None, "prior": "vamp", "prior.components": 7},
        "augment=adaptive": {
            "start": "runs/first",
            "frozen": "lower_discriminator",
            "network": "r3gan",
            "network.blocks": 1,
            "loss": "hinge",
            "penalties.gradient_penalty": 2.0,
            "penalties.interval": 3,
            "augment": "adaptive",
            "augment.target": 0.6,
            "augment.ramp": 500_000,
        },
        "latent_dim=none": {"model": "language_model"},
        "annealing=cyclical": {
            "network": "transformer",
            "network.dropout": 0.1,
            "network.blocks": 2,
            "network.heads": 4,
            "model.objective": "elbo",
            "model.objective.warm_up": 140_000,
            "model.objective.cycles": 4,
            "model.encoder_steps": 3,
            "model.pretraining": 50,
        },
        "annealing=linear": {
            "text.tokenizer": "bytes",
            "model.objective.warm_up": 60_000,
            "model.objective.nats": 0.25,
            "model.objective.form": "li",
        },
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_part_is_read_as_it_was(tmp_path, key, expected):
    name, config = read(tmp_path, CONFIGS[key])
    kind = dict([key.split("=")]) if key.startswith("objective") and key != "objective=elbo" else {}
    assert changes(name, config) == expected | kind
    # What is read is written in today's form.
    (tmp_path / "again.json").write_text(recipes.dump(name, config))
    assert recipes.read(tmp_path / "again.json") == (name, config)


@pytest.mark.parametrize("data, choice", [("digits", "auto"), ("mine.zip", "keep")])
def test_duplicates_stay_where_they_were_kept(tmp_path, data, choice):
    config = {"recipe": "digits-vae", "versions": {}, "data": data}
    assert read(tmp_path, config)[1].duplicates == choice
    assert read(tmp_path, {**config, "duplicates": "drop"})[1].duplicates == "drop"


@pytest.mark.parametrize(
    "config, labels",
    [
        ({"recipe": "folder-gan", "data": "mine", "size": 64}, "top"),
        ({"recipe": "folder-gan", "data": "mine", "image": {"size": 64}}, "top"),
        ({"recipe": "folder-voice", "data": "mine", "audio": {"labels": None}}, "top"),
        ({"recipe": "folder-voice", "data": "mine", "labels": None}, "top"),
        ({"recipe": "fsdd-vae", "data": "mine", "audio": {"labels": "{digit}_{index}"}}, "{digit}_{index}"),
        ({"recipe": "digits-gan", "data": "digits", "image": {"size": 8, "channels": 1}}, "inferred"),
        ({"recipe": "folder-gan", "data": "mine", "image": {"size": 64, "labels": "none"}}, "none"),
    ],
)
def test_classes_stay_the_top_folders_that_they_were(tmp_path, config, labels):
    found = read(tmp_path, {**config, "versions": {}})[1]
    assert getattr(found, found.medium).labels == labels
    assert read(tmp_path, json.loads(recipes.dump(config["recipe"], found)))[1] == found


@pytest.mark.parametrize("data", ["mine", "mnist"])
def test_the_same_command_goes_on_with_what_an_older_kit_did(tmp_path, data):
    fields = {"data": data}
    old = json.loads(recipes.dump("folder-gan", recipes.resolve("folder-gan", fields)))
    old |= {"image": {"size": old["image"]["size"], "channels": 3}}
    for field in ("stratify", "duplicates"):
        del old[field]
    found = read(tmp_path, old)[1]
    begun = recipes.as_begun(tmp_path / "config.json", "folder-gan", fields)
    assert recipes.resolve("folder-gan", fields | begun) == found
    assert found.image.labels == ("top" if data == "mine" else "inferred")
    for given in ("labels", "image.labels", "image__labels"):
        assert "image.labels" not in recipes.as_begun(tmp_path / "config.json", "folder-gan", {given: "none"})


def test_splits_and_recordings_stay_as_they_were(tmp_path):
    audio = {"trim": 30.0, "labels": "{digit}_{index}"}
    config = {"recipe": "fsdd-vae", "versions": {}, "duplicates": "auto", "audio": audio}
    found = read(tmp_path, config)[1]
    assert not found.stratify and found.audio.trim == 30.0
    assert found.media == Audio.from_config(
        {"samples": 5120, "rate": 8000, "mels": 64, "window": 256, "hop": 64, "fft_length": 512, "trim": 30.0}
    )
    # The same command goes on with them, unless it says otherwise.
    assert recipes.as_begun(tmp_path / "config.json", "fsdd-vae", {}) == BEFORE_FIELDS | {"num_scored": 2_000}
    given = {"repair": True, "audio__shortest": 0.1, "network": "mlp", "depth": 3}
    begun = {"stratify": False, "num_scored": 2_000}
    assert recipes.as_begun(tmp_path / "config.json", "fsdd-vae", given) == begun
    for name, file in (("digits-vae", "config.json"), ("fsdd-vae", "search.json")):
        assert recipes.as_begun(tmp_path / file, name, {}) == {}
    trial = {"recipe": "fsdd-vae", "measure": "frechet", "trial": {"data": "mine", "audio": {"repair": True}}}
    (tmp_path / "search.json").write_text(json.dumps(trial))
    expected = {"stratify": False, "audio.shortest": 0.05, "duplicates": "keep", "audio.labels": "top"}
    expected["num_scored"] = 2_000
    assert recipes.as_begun(tmp_path / "search.json", "fsdd-vae", {}) == expected
    config = {**config, "stratify": True, "audio": {"shortest": 0.01, "repair": True}}
    found = read(tmp_path, config)[1]
    assert found.stratify and (found.media.shortest, found.media.repair) == (0.01, True)


@pytest.mark.parametrize("components", [0, 7])
def test_the_number_of_normals_became_a_part(tmp_path, components):
    """In files of trees, which kept it until there were flows."""
    for name, within in (("digits-vae", {}), ("file-text", {"model": {"kind": "vae"}})):
        config = {"recipe": name, "versions": {}, "network": {"width": 8}, **within}
        config.get("model", config)["sampling_components"] = components
        read_back = flat(read(tmp_path, config)[1])
        prefix = "model." if within else ""
        assert read_back[f"{prefix}sampling_prior"] == ("mixture" if components else "prior")
        assert read_back.get(f"{prefix}sampling_prior.components", 0) == components
    flat_one = {"recipe": "digits-vae", "prior": "vamp", "prior_components": 3, "num_classes": None}
    flat_one["sampling_components"] = components
    read_back = flat(read(tmp_path, flat_one)[1])
    assert read_back["prior.components"] == 3
    assert read_back.get("sampling_prior.components", 0) == components


def test_every_objective_was_kept():
    from keras_gen.recipes.settings import find, kinds_of

    kinds = kinds_of(find(recipes.resolve("digits-vae"), "objective").field)
    assert {f"objective={kind}" for kind in kinds} < CONFIGS.keys()


def test_a_file_that_somebody_wrote_may_be_short(tmp_path):
    short = {"recipe": "digits-vae", "objective": "free_bits", "strength": 2.0, "width": 8}
    assert changes(*read(tmp_path, short)) == {
        "objective": "free_bits",
        "objective.nats": 2.0,
        "objective.form": "kingma",
        "network.width": 8,
    }
    nested = {"recipe": "digits-vae", "network": {"width": 8}, "epochs": 3}
    assert changes(*read(tmp_path, nested)) == {"network.width": 8, "epochs": 3}
    with pytest.raises(InputError, match="'samples' has no use with objective=elbo"):
        read(tmp_path, {"recipe": "digits-vae", "objective": "elbo", "samples": 3})


def test_media_have_the_words_of_load(tmp_path):
    images = {"recipe": "folder-gan", "data": "mine", "image": {"size": 64, "frames": "all"}}
    assert read(tmp_path, images)[1].image.chunks
    images["image"]["frames"] = "first"
    assert not read(tmp_path, images)[1].image.chunks
    sentences = {"recipe": "file-text", "data": "mine.csv", "text": {"field": "text", "label": "intent"}}
    assert read(tmp_path, sentences)[1].text.labels == "intent"
