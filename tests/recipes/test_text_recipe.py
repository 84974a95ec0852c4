import itertools
import json
import re
import types

import numpy as np
import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.evaluation import Report, measures
from keras_gen.media import Text
from keras_gen.recipes.settings import settings_of
from keras_gen.runs.samples import write_walk

SENTENCES = [
    f"{article} {animal} {verb}."
    for article, animal, verb in itertools.product(
        ("A", "the"), ("dog", "cat", "bird", "Fish"), ("runs", "sleeps", "sings", "eats", "hides")
    )
]
RUNNING_CHANGES = {
    "steps_per_execution": 8, "precision": "mixed_bfloat16", "jit_compile": True, "gradient_accumulation": 2,
    "clip_norm": 9.0, "seed": 9, "learning_rate": 9.0, "final_learning_rate_share": 0.9, "epsilon": 0.1,
}  # fmt: skip
DECODER_CHANGES = {
    "length": 7, "network": "transformer", "width": 8, "dropout": 0.1, "word_dropout": 0.1, "num_classes": 3,
}  # fmt: skip
MEDIA_CHANGES = {"tokenizer": "characters", "most_words": 3, "lower": False}
VAE_CHANGES = {
    "latent_dim": 3, "objective": "elbo", "nats": 0.25, "form": "li", "beta": 9.0, "warm_up": 99, "cycles": 4,
    "encoder_steps": 9, "pretraining": 9, "model": "language_model",
}  # fmt: skip
USED_LATER = {
    "data", "batch_size", "epochs", "steps_per_epoch", "checkpoint_steps", "most_skipped", "most_restores",
    "sampling_prior", "nll_samples", "restore_best", "data_seed", "duplicates", "stratify", "start",
    "frozen", "num_scored", "extractor",
}  # fmt: skip
TESTED_BELOW = {"field", "labels"}
TESTED_ELSEWHERE = {"components"}  # of a sampling prior


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    """The path of a file of 40 sentences."""
    path = tmp_path_factory.mktemp("sentences") / "mine.txt"
    path.write_text("\n".join(SENTENCES))
    return path


def resolved(path, **fields):
    """A tiny config for the sentences of a file."""
    tiny = {"batch_size": 8, "length": 6, "width": 4}
    if fields.get("model") != "language_model":
        tiny["latent_dim"] = 2
    return recipes.resolve("file-text", {"data": str(path), **tiny, **fields})


def description(path, **fields):
    """Everything that building a model from the recipe decides."""
    model = resolved(path, **fields).build()
    # Keras counts the layers of a process in their names, but those of dtype policies say something.
    names = re.compile(r"_\d+|'name': '(?!mixed)\w+'")
    return names.sub("", str((type(model).__name__, model.get_config(), model.get_compile_config())))


@pytest.mark.slow
@pytest.mark.parametrize(
    "given, changes",
    [
        (
            {"nats": 0.5, "warm_up": 50},
            {**DECODER_CHANGES, **RUNNING_CHANGES, **MEDIA_CHANGES, **VAE_CHANGES},
        ),
        (
            {"model": "language_model"},
            {
                **DECODER_CHANGES,
                "seed": 9,
                "steps_per_execution": 8,
                "jit_compile": True,
                "learning_rate": 9.0,
            },
        ),
        ({"objective": "elbo", "warm_up": 50}, {"beta": 9.0, "warm_up": 99, "cycles": 4}),
        ({"network": "transformer"}, {"blocks": 1, "heads": 2}),
    ],
    ids=["vae", "language model", "plain", "transformer"],
)
def test_every_field_reaches_the_model(sentences, given, changes):
    """A model built from a changed field differs in its arguments, its networks or its media."""
    default = description(sentences, **given)
    assert default == description(sentences, **given)
    for field, value in changes.items():
        if value != "language_model":
            others = {name: given[name] for name in given if (field, name) != ("objective", "nats")}
            assert description(sentences, **{**others, field: value}) != default, field


def test_every_field_is_tested():
    fields = {setting.short_name for setting in settings_of(recipes.resolve("file-text"))}
    changed = {*DECODER_CHANGES, *RUNNING_CHANGES, *MEDIA_CHANGES, *VAE_CHANGES}
    assert changed | USED_LATER | TESTED_BELOW | TESTED_ELSEWHERE == fields


def test_a_field_chooses_what_is_read(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(json.dumps({"en": text, "de": f"Ja, {text}"}) for text in SENTENCES))
    english, german = (resolved(path, field=field) for field in ("en", "de"))
    assert set(german.media.vocabulary) - set(english.media.vocabulary) == {"ja", ","}


@pytest.mark.parametrize("model", ["vae", "language_model"])
def test_a_label_is_what_the_model_is_conditional_on(tmp_path, model):
    path = tmp_path / "mine.csv"
    rows = [f"{text},{text.split()[1].lower()}" for text in SENTENCES]
    path.write_text("\n".join(["text,animal", *rows]))
    config = resolved(path, field="text", labels="animal", num_classes=4, model=model)
    dataset = config.load()
    config.check_data(dataset)
    assert dataset.class_names == ["bird", "cat", "dog", "fish"]
    for split in ("train", "val", "test"):
        packed, labels = dataset.arrays(split)
        animals = [text.split()[1] for text in dataset.media.unpack(packed)]
        told = [dataset.class_names[label] for label in labels]
        assert all(
            animal in (name, "\N{REPLACEMENT CHARACTER}") for animal, name in zip(animals, told, strict=True)
        )
    built = config.build()
    assert built.num_classes == 4 and built.decoder.num_classes == 4
    assert model == "language_model" or len(built.encoder.inputs) == 2
    with pytest.raises(InputError, match="labels=animal has no use .* num_classes=4 too"):
        resolved(path, field="text", labels="animal").check_data(dataset)
    with pytest.raises(InputError, match="wants 3 classes, but the data have 4"):
        resolved(path, field="text", labels="animal", num_classes=3).check_data(dataset)


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            {"model": "language_model", "nats": "1"},
            "'nats' has no use with model=language_model: set model=vae too",
        ),
        (
            {"model": "language_model", "pretraining": "1"},
            "'pretraining' has no use with model=language_model",
        ),
        ({"objective": "elbo", "nats": "1"}, "'nats' has no use with model.objective=elbo: .*=free_bits too"),
        ({"num_classes": "0"}, "'num_classes' takes .*, not 0"),
        (
            {"epochs": 2, "steps_per_epoch": 5, "batch_size": 3, "pretraining": 30},
            "less than all 30 examples",
        ),
        ({"tokenizer": "word"}, "did you mean 'words'"),
        ({"network": "lstm"}, "Unknown network"),
        ({"form": "kingme"}, "did you mean 'kingma'"),
        ({"objective": "iwae"}, "Unknown objective 'iwae': Available: elbo, free_bits"),
        ({"latent_dim": 0}, "'model.latent_dim' takes int from 1"),
        ({"nats": -1.0}, "'model.objective.nats' takes float from 0"),
        ({"dropout": 1.0}, "'network.dropout' takes float from 0 to below 1, not 1.0"),
        ({"restore_best": "maybe"}, "'restore_best' takes true or false, not 'maybe'"),
    ],
    ids=str,
)
def test_mistakes_are_told_before_anything_is_built(fields, message):
    with pytest.raises(InputError, match=message):
        recipes.resolve("file-text", fields)


def test_data_that_are_missing_or_too_few_are_told_before_anything_is_built(sentences):
    with pytest.raises(InputError, match="needs sentences of yours: give data"):
        recipes.resolve("captions-vae").load()
    config = resolved(sentences, components=33)
    with pytest.raises(InputError, match="at most the 32 training sentences, not 33"):
        config.check_data(config.load())


def test_the_media_of_a_recipe_is_that_of_its_data(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join([*SENTENCES, *(f"rare{number}" for number in range(20))]))
    config = resolved(path, duplicates="keep")  # rare words are alike
    dataset = config.load()
    assert config.media == dataset.media == resolved(path).media
    train, test = (
        dataset.media.words(dataset.media.unpack(dataset.arrays(split)[0])) for split in ("train", "test")
    )
    assert set(config.media.vocabulary) == {word for words in train for word in words}
    # The words that only test sentences have are not known.
    assert "\N{REPLACEMENT CHARACTER}" in {word for words in test for word in words}
    path.write_text("\n".join(SENTENCES[::-1] + ["A worm crawls."] * 10))
    assert "worm" in resolved(path).media.vocabulary and "worm" not in config.media.vocabulary


class Echo:
    """A model whose latents are the tokens of sentences; it draws the sentences that it was given."""

    num_classes = None

    def __init__(self, sentences):
        self.sentences, self.media = sentences, Text(length=6).learn(sentences)

    def arrays(self, split):
        return self.media.pack(self.sentences), None

    def generate(self, num, seed):
        return np.array(self.sentences[:num])

    def encode(self, x, labels):
        return x

    def interpolate(self, start, stop, steps):
        ends = self.media.unpack(np.stack([start, stop]))
        return np.array([f"{step}: {ends[0]} {ends[1]}" for step in range(steps)])


def test_a_walk_leads_from_the_first_sentence_to_the_second(tmp_path):
    out = tmp_path / "new" / "walk.txt"
    write_walk(Echo(SENTENCES), "A dog runs.", "The cat eats.", out, steps=2)
    assert out.read_text() == "0: a dog runs. the cat eats.\n1: a dog runs. the cat eats.\n"


def test_sentences_of_one_word_are_scored_by_what_they_have():
    """A training should not fail in its end because names, say, hold no three words."""
    model = Echo(["Ann", "Bob", "Eve", "Ann"])
    score = measures.writing(model, model, recipes.resolve("file-text"))
    assert score.metrics == score.real
    assert score.metrics == {"distinct_1": 0.75, "self_bleu": pytest.approx(0.09, abs=0.05), "verbatim": 1}


def test_a_report_shows_sentences_as_they_are(tmp_path):
    sheet = tmp_path / "samples.txt"
    sheet.write_text("```\nimport this\n````\n")
    data = types.SimpleNamespace(media=Text(4))
    text = Report("file-text", "", "TextVAE", {}, [], data, [], {}, [sheet]).markdown()
    assert "## Samples\n\n`````\n```\nimport this\n````\n`````\n" in text
