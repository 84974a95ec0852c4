"""Training that begins with what an earlier run has learned."""

import numpy as np
import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.files import write_atomically
from keras_gen.runs.run import Run, fine_tuned

KINDS = {
    "digits-gan": {"width": 4, "latent_dim": 4},
    "digits-vae": {"width": 4, "prior": "vamp", "num_classes": None, "components": 3, "likelihood": "gaussian"},
    "mnist-vqvae": {"data": "digits", "size": 8, "width": 4, "halvings": 2, "num_codes": 4},
    "docstrings-vae": {"width": 8, "latent_dim": 2, "most_words": 50},
}  # fmt: skip
NOUNS = ("length", "name", "value", "copy", "end", "number", "sum", "mean", "head", "tail")
ADJECTIVES = ("long", "short", "given", "new", "sorted", "empty", "nested", "double", "plain", "flat")
SMALL = {"batch_size": 32, "steps_per_epoch": 4, "steps_per_execution": 2, "epochs": 1}


@pytest.fixture(
    scope="module",
    params=[
        "digits-gan",
        "docstrings-vae",
        *(pytest.param(kind, marks=pytest.mark.exhaustive) for kind in ("digits-vae", "mnist-vqvae")),
    ],
)
def earlier(request, tmp_path_factory):
    """A finished run: (its recipe, its folder, its model)."""
    recipe = request.param
    folder = tmp_path_factory.mktemp(recipe)
    fields = {**SMALL, **KINDS[recipe]}
    if recipe == "docstrings-vae":  # in the place of thousands, which take their time
        fields["data"] = str(folder / "few.txt")
        sentences = [f"Return the {n} of a {a} list." for n in NOUNS for a in ADJECTIVES]
        (folder / "few.txt").write_text("\n".join(sentences))
    config = recipes.resolve(recipe, fields)
    run = Run(folder / "run")
    run.start(recipe, config)
    model = config.build()
    dataset = config.load()
    model.fit(dataset.batches(), steps_per_epoch=4, verbose=0)
    if recipe == "digits-vae":  # a mixture that only samples are drawn from is no part of what is trained
        model.fit_sampling_prior(dataset.arrays("train")[0][:50], None, 2)
    model.save(run.model_file)
    return recipe, run.folder, model


def learned(model):
    return [np.asarray(weight) for part in model.learned_parts() for weight in part.weights]


def test_training_begins_where_the_run_ended_and_at_a_tenth_of_its_rates(earlier):
    recipe, folder, model = earlier
    config = fine_tuned(recipe, folder, {"epochs": 2})
    further = config.build()
    pairs = list(zip(learned(model), learned(further), strict=True))
    assert len(pairs) > 5 and all(np.array_equal(a, b) for a, b in pairs)
    assert further.examples_seen.numpy() == 0
    for name, optimizer in further.optimizers.items():
        field = f"{name}_learning_rate" if recipe == "digits-gan" else "learning_rate"
        rate = getattr(Run(folder).settings()[1].optimizer, field)
        assert float(optimizer.learning_rate) == pytest.approx(0.1 * rate) == getattr(config.optimizer, field)
        assert optimizer.iterations.numpy() == 0
    if recipe == "digits-gan":
        averages = zip(further.ema_generator.weights, model.generator.weights, strict=True)
        assert all(np.array_equal(a, b) for a, b in averages)
    _, saved = Run(folder).settings()
    assert config.epochs == 2 and config.start == str(folder) and saved.start is None


@pytest.mark.exhaustive
def test_what_is_frozen_keeps_its_weights_while_the_rest_learns(earlier):
    recipe, folder, model = earlier
    part = "lower_discriminator" if recipe == "digits-gan" else "encoder"
    config = fine_tuned(recipe, folder, {"frozen": part})
    further = config.build()
    further.fit(config.load().batches(), steps_per_epoch=4, verbose=0)
    before, after = (
        [w.numpy() for layer in _layers(m, part) for w in layer.weights] for m in (model, further)
    )
    assert before and all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    other = "generator" if recipe == "digits-gan" else "decoder"
    pairs = zip(getattr(model, other).get_weights(), getattr(further, other).get_weights(), strict=True)
    assert sum(not np.array_equal(a, b) for a, b in pairs) > 3
    if recipe == "digits-gan":
        last = [m.discriminator.get_layer("linear").get_weights()[0] for m in (model, further)]
        assert not np.array_equal(*last)


def test_sentences_of_ones_own_are_told_by_the_words_of_the_run(earlier, tmp_path):
    recipe, folder, model = earlier
    if recipe != "docstrings-vae":
        pytest.skip("no vocabulary")
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(f"Return the quokka number {number}." for number in range(50)))
    config = fine_tuned(recipe, folder, {"data": str(path)})
    assert config.media == model.media and "quokka" not in config.media.vocabulary
    assert config.build().media == model.media
    assert config.model.objective.warm_up == config.model.pretraining == 0


def _layers(model, part):
    if part == "encoder":
        return [model.encoder]
    layers = [layer for layer in model.discriminator.layers if layer.weights]
    return layers[: len(layers) // 2]


def test_what_does_not_fit_is_told(earlier, tmp_path):
    recipe, folder, model = earlier
    with pytest.raises(InputError, match="The networks differ: weight \\d+ is \\("):
        fine_tuned(recipe, folder, {"width": 16}).build()
    other = "digits-vae" if recipe == "digits-gan" else "digits-gan"
    with pytest.raises(InputError, match=f"is a run of {recipe}, not of {other}"):
        fine_tuned(other, folder, {})
    write_atomically(tmp_path / "config.json", (folder / "config.json").read_text())
    with pytest.raises(InputError, match="is not finished"):
        fine_tuned(recipe, tmp_path, {})
    with pytest.raises(InputError, match="Unknown frozen 'all'.*Available: "):
        fine_tuned(recipe, folder, {"frozen": "all"})
    with pytest.raises(InputError, match="would keep weights that have learned nothing"):
        recipes.resolve("digits-vae", {"frozen": "encoder"})
