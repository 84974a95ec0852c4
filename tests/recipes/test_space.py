import math
import random

import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.evaluation import available, choose
from keras_gen.recipes.settings import find, settings_of
from keras_gen.recipes.space import Choice, Range, check_space, parse_ranges, slower

GAN = recipes.resolve("digits-gan")


@pytest.mark.parametrize("name", recipes.NAMES)
def test_every_recipe_declares_a_space_that_its_config_takes(name):
    config, space = recipes.get(name).recipe, recipes.get(name).space
    check_space(config, space)
    searched = {find(config, field).name for field in space}
    assert searched & set(config.learning_rates)
    assert any(isinstance(values, Choice) for values in space.values())
    assert choose(config).name in ("nll", "kid")
    kept = [find(config, field) for field in slower(config, space)]
    assert not any(setting.shapes_weights for setting in kept)
    assert {setting.name for setting in kept} >= set(config.learning_rates)


def test_what_shapes_weights_is_marked():
    def marked(name):
        return {setting.name for setting in settings_of(recipes.resolve(name)) if setting.shapes_weights}

    media = {"num_classes", "image.size", "image.channels"}
    networks = {"network", "network.width", "network.latent_dim"}
    assert marked("digits-gan") == media | networks
    hidden = {"network.hidden", "network.activation"}
    assert marked("digits-vae") == media | networks | hidden | {"likelihood", "objective", "prior"}
    text = {"text.length", "text.tokenizer", "text.most_words", "text.lower", "network", "network.width"}
    assert marked("file-text") == text | {"num_classes", "model", "model.latent_dim", "model.objective"}


def test_equal_ratios_are_equally_likely_on_a_logarithmic_range():
    source = random.Random(0)
    draws = {log: [Range(1e-4, 1.0, log).draw(source) for _ in range(2000)] for log in (True, False)}
    below = {log: sum(value < 1e-2 for value in values) / 2000 for log, values in draws.items()}
    assert abs(below[True] - 0.5) < 0.04 and below[False] < 0.02
    whole = [Range(1, 3).draw(source) for _ in range(100)]
    assert set(whole) == {1, 2, 3}


def test_the_command_line_says_ranges_and_choices():
    told = parse_ranges(GAN, ["r1=0.5:4", "width=16:64:log", "augment=none,diff", "latent_dim=16,32"])
    assert told == {
        "r1": Range(0.5, 4.0),
        "width": Range(16, 64, log=True),
        "augment": Choice("none", "diff"),
        "latent_dim": Choice(16, 32),
    }
    assert told["width"].is_whole and not told["r1"].is_whole


@pytest.mark.parametrize(
    "text, message",
    [
        ("r1", "field=low:high"),
        ("r1=1:2:ln", "field=low:high:log"),
        ("widht=1:2", "Unknown field 'widht': did you mean 'width'"),
        ("r1=a:2", "one of numbers, not from 'a' to 2.0: take a choice"),
        ("r1=2:1", "to a larger one, not from 2.0 to 1.0"),
        ("network=dcgan:sngan", "one of numbers, not from 'dcgan' to 'sngan': take a choice"),
        ("r1=0:1:log", "begins above 0, not at 0.0"),
        ("width=8,8", "at least two different values"),
    ],
)
def test_mistakes_in_ranges_are_told(text, message):
    with pytest.raises(InputError, match=message):
        parse_ranges(GAN, [text])


@pytest.mark.parametrize(
    "space, message",
    [
        ({}, "The space is empty"),
        ({"breadth": Choice(1, 2)}, "Unknown field 'breadth'"),
        ({"width": [32, 64]}, "is a Range or a Choice, not \\[32, 64\\]"),
        (
            {"width": Range(0, 64)},
            "space of 'width' \\(0 to 64\\) holds 0: Field 'network.width' takes int from 1",
        ),
        ({"beta_1": Range(0.5, 1.0)}, "holds 1.0: Field 'optimizer.beta_1' takes float from 0 to below 1"),
        ({"network": Choice("dcgan", "resnet")}, "holds 'resnet': Unknown network 'resnet'"),
        ({"width": Range(0.5, 9.0)}, "Field 'network.width' takes int .*, not 0.5"),
    ],
)
def test_spaces_that_the_model_refuses_are_told(space, message):
    with pytest.raises(InputError, match=message):
        check_space(GAN, space)


def test_a_value_that_goes_with_some_values_of_the_others_is_taken():
    """Adaptive augmentation goes by logits that the relativistic loss leaves open."""
    adaptive = {"augment": Choice("none", "adaptive")}
    check_space(GAN, {**adaptive, "loss": Choice("relativistic", "hinge")})
    with pytest.raises(InputError, match="holds 'adaptive'"):
        check_space(GAN, adaptive)


def test_a_search_compares_by_what_the_models_are_measured_by():
    distances = {"kid", "frechet", "frechet_infinity", "ndb", "swd"}
    of_labels = {"label_agreement", "label_agreement_worst", "frechet_worst"}
    assert distances | of_labels | {"precision", "recall", "coverage"} == available(GAN).keys()
    assert "label_agreement" not in available(recipes.resolve("folder-gan"))
    assert {"nll", "mig", "log_mel"} <= available(recipes.resolve("vowels-vae")).keys()
    assert choose(GAN, "kid").direction == "min"
    with pytest.raises(
        InputError,
        match="Unknown measure 'fid'.*Available: coverage, frechet, frechet_infinity, frechet_worst",
    ):
        choose(GAN, "fid")


def test_what_is_fine_tuned_keeps_its_weights_in_reach():
    rates = slower(GAN, recipes.get("digits-gan").space)["generator_learning_rate"]
    assert math.isclose(rates.low * 3, GAN.optimizer.generator_learning_rate) and rates.log
    assert math.isclose(rates.high, 3 * GAN.optimizer.generator_learning_rate)
