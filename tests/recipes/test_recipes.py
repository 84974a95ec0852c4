import dataclasses
import re

import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.recipes.fields import parse_assignments


@pytest.mark.parametrize("name", recipes.NAMES)
def test_every_recipe_states_itself_and_resolves(name):
    module = recipes.get(name)
    for line in (f"Command: keras-gen train {name}", r"Time: .*\d", r"Score: .*\d"):
        assert re.search(line, module.__doc__)
    config = recipes.resolve(name)
    assert config == module.config()
    documented = re.findall(r"^        (\w+):", type(config).__doc__, re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(config)]


def test_text_becomes_the_type_of_its_field():
    fields = parse_assignments(["width=8", "r1=0.5", "num_classes=none", "network=sngan", "ema=20_000"])
    config = recipes.resolve("digits-gan", fields)
    assert (config.width, config.r1, config.num_classes, config.network, config.ema) == (
        8,
        0.5,
        None,
        "sngan",
        2e4,
    )


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"widht": "8"}, "Unknown field 'widht': did you mean 'width'"),
        ({"width": "wide"}, "'width' takes int, not 'wide'"),
        ({"width": 0}, "'width' must be at least 1"),
        ({"r1": -1.0}, "'r1' must be from 0"),
        ({"network": "dcgn"}, "did you mean 'dcgan'"),
        ({"loss": "hing"}, "did you mean 'hinge'"),
        ({"plan": "both"}, "Unknown plan"),
        ({"seed": 2**31}, "'seed' must be from 0"),
        ({"width": True}, "'width' takes int"),
        ({"beta_1": 1.0}, "'beta_1' must be at least 0 and below 1"),
        ({"augment": "some"}, "Unknown augment"),
    ],
)
def test_mistakes_are_told_before_anything_is_built(fields, message):
    with pytest.raises(InputError, match=message):
        recipes.resolve("digits-gan", fields)
    with pytest.raises(InputError, match="did you mean 'digits-gan'"):
        recipes.get("digit-gan")


def test_the_choices_are_those_that_exist():
    from keras_gen import networks
    from keras_gen.losses.adversarial import LOSSES
    from keras_gen.models.gan_plans import PLANS
    from keras_gen.recipes.gan import CHOICES

    assert set(CHOICES["network"]) == set(networks.__all__)
    assert set(CHOICES["loss"]) == set(LOSSES)
    assert set(CHOICES["plan"]) == set(PLANS)


def test_an_execution_never_lengthens_an_epoch():
    config = recipes.resolve("digits-gan", {"steps_per_epoch": 15, "steps_per_execution": 10})
    assert config.build().steps_per_execution == 5


def test_every_field_reaches_the_model():
    """A model built from a changed field differs in its compile arguments, its networks or its batches."""
    from keras_gen.models import GAN

    def description(**fields):
        gan = GAN.from_recipe("digits-gan", **{"width": 4, **fields})
        networks = (gan.generator.get_config(), gan.discriminator.get_config())
        names = re.compile(r"_\d+|'name': '\w+'")  # Keras counts the layers of a process in their names
        return names.sub("", str((networks, gan.get_compile_config(), gan.seed, gan.media, gan.num_classes)))

    default = description()
    assert default == description()
    used_by_training = {"data", "batch_size", "epochs", "steps_per_epoch"}
    changes = {
        "size": 16, "channels": 3, "num_classes": None, "network": "sngan", "width": 5, "latent_dim": 7, "loss": "hinge",
        "r1": 9.0, "r2": 9.0, "gradient_penalty": 9.0, "penalty_interval": 9, "augment": "diff",
        "generator_learning_rate": 9.0, "discriminator_learning_rate": 9.0, "final_learning_rate_share": 0.9, "beta_1": 0.9,
        "beta_2": 0.9, "discriminator_steps": 9, "ema": 9.0, "plan": "simultaneous", "steps_per_execution": 8, "seed": 9,
    }  # fmt: skip
    fields = {field.name for field in dataclasses.fields(recipes.resolve("digits-gan"))}
    assert changes.keys() == fields - used_by_training
    for field, value in changes.items():
        if getattr(recipes.resolve("digits-gan"), field) == value:
            value = "alternating"
        assert description(**{field: value}) != default, field
