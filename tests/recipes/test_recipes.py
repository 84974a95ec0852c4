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
    documented = [
        field
        for kind in reversed(type(config).__mro__)
        if dataclasses.is_dataclass(kind)
        for field in re.findall(r"^        (\w+):", kind.__doc__, re.MULTILINE)
    ]
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
    for text, value in (("true", True), ("False", False)):
        assert recipes.resolve("digits-gan", {"jit_compile": text}).jit_compile is value


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
        ({"precision": "mixed_float"}, "did you mean 'mixed_float16'"),
        ({"jit_compile": "yes"}, "'jit_compile' takes true or false, not 'yes'"),
        ({"jit_compile": 1}, "'jit_compile' takes true or false, not 1"),
        ({"gradient_accumulation": 0}, "'gradient_accumulation' must be at least 1"),
        ({"clip_norm": -1.0}, "'clip_norm' must be from 0"),
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
    from keras_gen.recipes.gan import GANConfig
    from keras_gen.recipes.image_vae import ImageVAEConfig
    from keras_gen.recipes.text_vae import TextVAEConfig
    from keras_gen.recipes.voice_vae import VoiceVAEConfig

    for kind in (GANConfig, ImageVAEConfig, TextVAEConfig, VoiceVAEConfig):
        assert set(kind.choices["network"]) < set(networks.__all__)
    assert set(GANConfig.choices["loss"]) == set(LOSSES)
    assert set(GANConfig.choices["plan"]) == set(PLANS)


def test_an_execution_never_lengthens_an_epoch():
    config = recipes.resolve("digits-gan", {"steps_per_epoch": 15, "steps_per_execution": 10})
    assert config.build().steps_per_execution == 5


@pytest.mark.parametrize("name", ["digits-gan", "digits-vae", "mnist-vqvae"])
def test_a_precision_is_that_of_the_networks_and_of_nothing_else(name):
    import keras

    model = recipes.resolve(name, {"precision": "mixed_float16", "width": 4}).build()
    networks = [layer for layer in model.layers if hasattr(layer, "get_layer")]
    assert {layer.compute_dtype for network in networks for layer in network.layers} >= {"float16", "float32"}
    assert keras.config.dtype_policy().name == model.dtype_policy.name == "float32"
    with pytest.raises(InputError, match="does not double"):
        recipes.resolve("digits-gan", {"precision": "mixed_float16", "size": 9}).build()
    assert keras.config.dtype_policy().name == "float32"


RUNNING_CHANGES = {
    "steps_per_execution": 8, "precision": "mixed_bfloat16", "jit_compile": True, "gradient_accumulation": 2,
    "clip_norm": 9.0, "seed": 9,
}  # fmt: skip
GAN_CHANGES = RUNNING_CHANGES | {
    "size": 16, "channels": 3, "num_classes": None, "network": "sngan", "width": 5, "latent_dim": 7, "loss": "hinge",
    "r1": 9.0, "r2": 9.0, "gradient_penalty": 9.0, "penalty_interval": 9, "augment": "diff",
    "generator_learning_rate": 9.0, "discriminator_learning_rate": 9.0, "final_learning_rate_share": 0.9, "beta_1": 0.9,
    "beta_2": 0.9, "discriminator_steps": 9, "ema": 9.0, "plan": "alternating",
}  # fmt: skip
VAE_CHANGES = RUNNING_CHANGES | {
    "size": 16, "channels": 3, "num_classes": None, "network": "mlp", "width": 5, "latent_dim": 7, "activation": "tanh",
    "likelihood": "gaussian", "objective": "factor", "beta": 9.0, "warm_up": 9, "prior": "vamp", "learning_rate": 9.0,
    "final_learning_rate_share": 0.9, "epsilon": 0.1,
}  # fmt: skip
VQVAE_CHANGES = RUNNING_CHANGES | {
    "size": 16, "channels": 3, "num_classes": None, "width": 5, "halvings": 1, "code_dim": 3, "num_codes": 9,
    "prior_units": 7, "likelihood": "gaussian", "commitment": 9.0, "learning_rate": 9.0,
    "final_learning_rate_share": 0.9,
}  # fmt: skip
USED_LATER = {
    "data", "batch_size", "epochs", "steps_per_epoch", "checkpoint_steps", "most_skipped", "most_restores",
    "sampling_components", "nll_samples", "data_seed", "start", "frozen",
}  # fmt: skip
USED_BY_SOME = {
    "strength",
    "samples",
    "num_examples",
    "prior_components",
}  # of the objectives and priors, tested below


def description(name, **fields):
    """Everything that building a model from a recipe decides."""
    small = {"data": "digits", "size": 8, "width": 4}
    config = recipes.resolve(name, {**small, **fields})
    model = config.build()
    networks = [layer.get_config() for layer in model.layers if hasattr(layer, "get_layer")]
    settings = {key: value for key, value in model.get_config().items() if key not in ("encoder", "decoder")}
    # Keras counts the layers of a process in their names, but those of dtype policies say something.
    names = re.compile(r"_\d+|'name': '(?!mixed)\w+'")
    return names.sub("", str((networks, settings, model.get_compile_config())))


@pytest.mark.parametrize(
    "name, changes",
    [("digits-gan", GAN_CHANGES), ("digits-vae", VAE_CHANGES), ("mnist-vqvae", VQVAE_CHANGES)],
)
def test_every_field_reaches_the_model(name, changes):
    """A model built from a changed field differs in its arguments or its networks."""
    default = description(name)
    assert default == description(name)
    fields = {field.name for field in dataclasses.fields(recipes.resolve(name))}
    assert changes.keys() | (USED_LATER | USED_BY_SOME) & fields == fields
    for field, value in changes.items():
        free = {"num_classes": None} if value == "vamp" else {}
        assert description(name, **{field: value}, **free) != (
            description(name, **free) if free else default
        ), field


@pytest.mark.parametrize(
    "given, field, value",
    [
        ({"objective": objective, "warm_up": 0}, field, value)
        for objective, field, value in (
            ("free_bits", "strength", 2.0),
            ("capacity", "strength", 2.0),
            ("factor", "strength", 2.0),
            ("dip1", "strength", 2.0),
            ("dip2", "strength", 2.0),
            ("info", "strength", 2.0),
            ("iwae", "samples", 3),
            ("dreg", "samples", 3),
            ("factor", "beta", 3.0),
            ("dip2", "beta", 3.0),
            ("free_bits", "beta", 3.0),
        )
    ]
    + [
        ({"objective": "tc", "num_examples": 9}, "num_examples", 99),
        ({"objective": "tc", "num_examples": 9}, "beta", 3.0),
        ({"prior": "vamp", "num_classes": None}, "prior_components", 3),
    ],
    ids=str,
)
def test_a_field_of_an_objective_or_a_prior_reaches_it(given, field, value):
    assert description("digits-vae", **given) != description("digits-vae", **{**given, field: value})


@pytest.mark.parametrize(
    "likelihood", ["bernoulli", "categorical", "gaussian", "laplace", "logistic_mixture"]
)
def test_every_likelihood_can_be_chosen(likelihood):
    model = recipes.resolve("digits-vae", {"likelihood": likelihood, "width": 4}).build()
    assert model.generate(1, seed=0).shape == (1, 8, 8, 1)


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"objective": "tcvae"}, "Unknown objective"),
        ({"likelihood": "bernouli"}, "did you mean 'bernoulli'"),
        ({"objective": "tc"}, "set num_examples, which is None"),
        (
            {"objective": "dip1", "prior": "vamp", "num_classes": None},
            "set prior=standard, or objective=elbo",
        ),
        ({"prior": "vamp"}, "set num_classes=none, or prior=standard"),
        ({"samples": 3}, "'samples' has no use with objective=elbo: set it to 5, or .* dreg, iwae"),
        ({"objective": "iwae"}, "'warm_up' has no use with objective=iwae: set it to 0"),
        ({"prior_components": 3}, "set prior=vamp"),
        ({"epsilon": 0.0}, "'epsilon' must be above 0"),
        ({"beta": -1.0}, "'beta' must be from 0"),
        ({"latent_dim": 0}, "'latent_dim' must be at least 1"),
    ],
)
def test_mistakes_in_a_vae_are_told_before_anything_is_built(fields, message):
    with pytest.raises(InputError, match=message):
        recipes.resolve("digits-vae", fields)
