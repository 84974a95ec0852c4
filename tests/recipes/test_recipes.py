import re

import numpy as np
import pytest

from keras_gen import losses, recipes
from keras_gen.datasets import Dataset
from keras_gen.errors import InputError
from keras_gen.media import Image
from keras_gen.recipes.settings import flat, kinds_of, parse_assignments, settings_of, takes


@pytest.mark.parametrize("name", recipes.NAMES)
def test_every_recipe_states_itself_and_resolves(name):
    module = recipes.get(name)
    for line in (f"Command: keras-gen train {name}", r"Time: .*\d", r"Score: .*\d"):
        assert re.search(line, module.__doc__)
    config = recipes.resolve(name)
    assert config == module.recipe and config is not module.recipe
    assert all(setting.field.description for setting in settings_of(config))


def test_text_becomes_the_type_of_its_field():
    fields = parse_assignments(["width=8", "r1=0.5", "num_classes=none", "network=sngan", "ema=20_000"])
    config = recipes.resolve("digits-gan", fields)
    changed = dict(flat(config).items() - flat(recipes.resolve("digits-gan")).items())
    assert changed == {
        "network": "sngan",
        "network.width": 8,
        "penalties.r1": 0.5,
        "num_classes": None,
        "ema": 2e4,
    }
    for text, value in (("true", True), ("False", False)):
        assert recipes.resolve("digits-gan", {"jit_compile": text}).jit_compile is value


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"widht": "8"}, "Unknown field 'widht': did you mean 'width'"),
        ({"width": "wide"}, "'network.width' takes int from 1 to below 2\\*\\*31, not 'wide'"),
        ({"width": 0}, "'network.width' takes int from 1 .*, not 0"),
        ({"r1": -1.0}, "'penalties.r1' takes float from 0"),
        ({"network": "dcgn"}, "did you mean 'dcgan'"),
        ({"loss": "hing"}, "did you mean 'hinge'"),
        ({"plan": "both"}, "Unknown plan"),
        ({"seed": 2**31}, "'seed' takes int from 0 to below 2\\*\\*31, not 2147483648"),
        ({"width": True}, "'network.width' takes int .*, not True"),
        ({"beta_1": 1.0}, "'optimizer.beta_1' takes float from 0 to below 1, not 1.0"),
        ({"augment": "some"}, "Unknown augment"),
        ({"precision": "mixed_float"}, "did you mean 'mixed_float16'"),
        ({"jit_compile": "yes"}, "'jit_compile' takes true or false or auto, not 'yes'"),
        ({"jit_compile": 1}, "'jit_compile' takes true or false or auto, not 1"),
        ({"gradient_accumulation": 0}, "'optimizer.gradient_accumulation' takes int from 1"),
        ({"clip_norm": -1.0}, "'optimizer.clip_norm' takes float from 0"),
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
    from keras_gen.models.gan_steps import STEPS

    for name in ("digits-gan", "digits-vae", "file-text", "vowels-vae"):
        (network,) = [each for each in settings_of(recipes.resolve(name)) if each.name == "network"]
        assert kinds_of(network.field).keys() < set(networks.__all__)
    choices = {each.name: takes(each.field) for each in settings_of(recipes.resolve("digits-gan"))}
    assert set(choices["loss"].split(", ")) == set(LOSSES)
    assert set(choices["plan"].split(", ")) == set(STEPS)


def test_a_model_of_classes_needs_labels_of_what_it_is_scored_on():
    images = np.arange(8 * 64, dtype=np.uint8).reshape(8, 8, 8, 1)
    data = Dataset(
        Image(8, 8, 1),
        (images, np.arange(8) % 2),
        test=(images, None),
        class_names=["a", "b"],
        batch_size=1,
    )
    with pytest.raises(InputError, match="there are none of test: sort these into class folders"):
        recipes.resolve("digits-gan", {"num_classes": 2}).check_data(data)
    recipes.resolve("digits-gan", {"num_classes": "none"}).check_data(data)


def test_an_execution_never_lengthens_an_epoch():
    config = recipes.resolve("digits-gan", {"steps_per_epoch": 15, "steps_per_execution": 10})
    assert config.build().steps_per_execution == 5


def test_a_gpu_decides_what_is_left_to_it(monkeypatch, caplog):
    from keras_gen.training import devices

    def built(name, **fields):
        fields = {"width": 4, "steps_per_epoch": 100, "steps_per_execution": "auto", **fields}
        model = recipes.resolve(name, fields).build()
        return model.steps_per_execution, model.trained_networks()[0].layers[1].compute_dtype

    on_processor = built("digits-gan"), built("digits-vae")
    assert on_processor == ((10, "float32"), (10, "float32"))
    monkeypatch.setattr(devices, "accelerator", lambda: "GPU:0")
    for half in (False, True):
        monkeypatch.setattr(devices, "has_bfloat16", lambda half=half: half)
        assert built("digits-gan") == (50, "bfloat16" if half else "float32")
        assert built("digits-vae") == built("digits-gan", jit_compile=False) == (50, "float32")
    assert "precision=float32 has them compute in float32" in caplog.text


def test_cards_since_ampere_have_bfloat16(monkeypatch):
    import tensorflow as tf

    from keras_gen.training import devices

    visible = {"GPU": ["a card"], "TPU": []}
    monkeypatch.setattr(tf.config, "get_visible_devices", visible.get)
    details = {"compute_capability": (7, 5)}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda card: details)
    assert devices.accelerator() == "GPU:0" and not devices.has_bfloat16()
    details["compute_capability"] = (8, 0)
    assert devices.has_bfloat16()
    visible["GPU"], visible["TPU"] = [], ["a TPU"]
    assert devices.accelerator() == "TPU:0" and devices.has_bfloat16()
    visible["TPU"] = []
    assert devices.accelerator() is None and not devices.has_bfloat16()


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
    "fit": "pad", "background": "navy",
    "steps_per_execution": 8, "precision": "mixed_bfloat16", "jit_compile": True, "gradient_accumulation": 2,
    "clip_norm": 9.0, "seed": 9,
}  # fmt: skip
GAN_CHANGES = RUNNING_CHANGES | {
    "size": 16, "channels": 3, "num_classes": None, "network": "sngan", "width": 5, "latent_dim": 7, "loss": "hinge",
    "r1": 9.0, "r2": 9.0, "gradient_penalty": 9.0, "interval": 9, "final_weight_share": 0.5,
    "augment": "diff", "epsilon": 0.1, "weight_decay": 0.5,
    "generator_learning_rate": 9.0, "discriminator_learning_rate": 9.0, "final_learning_rate_share": 0.9, "beta_1": 0.9,
    "beta_2": 0.9, "discriminator_steps": 9, "ema": 9.0, "plan": "alternating",
}  # fmt: skip
VAE_CHANGES = RUNNING_CHANGES | {
    "size": 16, "channels": 3, "num_classes": None, "network": "mlp", "width": 5, "latent_dim": 7, "hidden": 9,
    "activation": "tanh", "likelihood": "gaussian", "objective": "factor", "beta": 9.0, "warm_up": 9, "cycles": 2,
    "prior": "vamp", "learning_rate": 9.0, "final_learning_rate_share": 0.9, "epsilon": 0.1,
}  # fmt: skip
VQVAE_CHANGES = RUNNING_CHANGES | {
    "size": 16, "channels": 3, "num_classes": None, "width": 5, "halvings": 1, "code_dim": 3, "blocks": 1,
    "num_codes": 9, "prior_units": 7, "likelihood": "gaussian", "commitment": 9.0, "learning_rate": 9.0,
    "final_learning_rate_share": 0.9, "epsilon": 0.1,
}  # fmt: skip
USED_LATER = {
    "data", "batch_size", "epochs", "steps_per_epoch", "checkpoint_steps", "most_skipped", "most_restores",
    "sampling_prior", "nll_samples", "restore_best", "data_seed", "duplicates", "stratify", "start",
    "frozen", "labels", "groups", "chunks", "num_scored", "extractor", "best_by", "measured_every",
}  # fmt: skip


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
    [
        pytest.param("digits-gan", GAN_CHANGES, marks=pytest.mark.slow),
        pytest.param("digits-vae", VAE_CHANGES, marks=pytest.mark.slow),
        pytest.param("mnist-vqvae", VQVAE_CHANGES, marks=pytest.mark.exhaustive),
    ],
)
def test_every_field_reaches_the_model(name, changes):
    """A model built from a changed field differs in its arguments or its networks."""
    default = description(name)
    assert default == description(name)
    fields = {setting.short_name for setting in settings_of(recipes.resolve(name))}
    assert changes.keys() | USED_LATER & fields == fields
    for field, value in changes.items():
        free = {"num_classes": None} if value == "vamp" else {}
        assert description(name, **{field: value}, **free) != (
            description(name, **free) if free else default
        ), field


@pytest.mark.parametrize(
    "kind, changes",
    {
        "objective=free_bits": {"nats": 2.0, "form": "li", "beta": 3.0, "warm_up": 9, "cycles": 2},
        "objective=capacity": {"nats": 2.0, "gamma": 2.0},
        "objective=iwae": {"samples": 3},
        "objective=dreg": {"samples": 3},
        "objective=tc": {"num_examples": 99, "beta": 3.0, "warm_up": 9, "cycles": 2},
        "objective=factor": {"gamma": 2.0, "beta": 3.0, "warm_up": 9, "cycles": 2},
        "objective=dip1": {"off_diagonal": 2.0, "diagonal": 3.0, "beta": 3.0, "warm_up": 9, "cycles": 2},
        "objective=dip2": {"off_diagonal": 2.0, "diagonal": 3.0, "beta": 3.0, "warm_up": 9, "cycles": 2},
        "objective=info": {"alpha": 0.5, "scale": 2.0},
        "prior=vamp": {"components": 3},
        "network=mlp": {"depth": 1},
        "network=resnet": {"blocks": 2},
    }.items(),
    ids=str,
)
def test_every_field_of_a_part_reaches_the_model(kind, changes):
    given = {"num_classes": None, "num_examples": 9} if kind == "objective=tc" else {"num_classes": None}
    given |= parse_assignments([kind])
    part, _, name = kind.partition("=")
    own = {s.short_name for s in settings_of(getattr(recipes.resolve("digits-vae", given), part))}
    assert changes.keys() == own - {"width", "latent_dim", "activation"}  # which the next one changes
    default = description("digits-vae", **given)
    for field, value in changes.items():
        assert description("digits-vae", **{**given, field: value}) != default, field


@pytest.mark.parametrize(
    "kind, changes",
    {
        "mixture": {"components": 3},
        "flow": {"units": 8, "blocks": 1, "training_steps": 2, "sampling_steps": 3},
    }.items(),
)
def test_every_field_of_a_sampling_prior_reaches_it(kind, changes):
    recipe = recipes.resolve("digits-vae", {"sampling_prior": kind})
    assert changes.keys() == {setting.short_name for setting in settings_of(recipe.sampling_prior)}
    made = recipes.resolve("digits-vae", {"sampling_prior": kind, **changes}).sampling_prior.make()
    assert {field: getattr(made, field) for field in changes} == changes
    # A recipe's defaults are those of the class.
    default = recipe.sampling_prior.make()
    assert {field: getattr(type(default)(), field) for field in changes} == {
        field: getattr(default, field) for field in changes
    }


def test_a_network_of_a_gan_has_settings_of_its_own():
    given = {"network": "r3gan", "width": 8}
    assert description("digits-gan", **given, blocks=2) != description("digits-gan", **given)
    with pytest.raises(InputError, match="'network.width' takes int .* and a multiple of 8, not 12"):
        recipes.resolve("digits-gan", {**given, "width": 12})


def test_an_augmentation_of_a_gan_has_settings_of_its_own():
    for given, changes in (
        ({"augment": "adaptive", "loss": "hinge"}, {"target": 0.5, "ramp": 9}),
        ({"augment": "scheduled"}, {"probability": 0.5}),
    ):
        default = description("digits-gan", **given)
        for field, value in changes.items():
            assert description("digits-gan", **given, **{field: value}) != default, field
    config = recipes.resolve("digits-gan", {"augment": "scheduled", "width": 4})
    augment = config.build().augment
    strengths = [float(augment.strength(share * config.examples)) for share in (0.0, 0.125, 0.25, 1.0)]
    assert strengths == pytest.approx([0.0, 0.15, 0.3, 0.3])


def test_a_flow_follows_the_sequence_that_latents_are():
    for network, places in (
        ({"network": "conv1d", "latent_dim": 6}, 1),
        ({"latent_dim": 3, "halvings": 2}, 16),
    ):
        vae = recipes.resolve("folder-voice", {"data": "x", "width": 4, **network}).build()
        config = recipes.resolve("folder-voice", {"data": "x", **network})
        assert config.network.places(vae.media) == places
        assert vae.latent_shape == (places * config.network.latent_dim,)
        assert config.sampling_prior.make(places).places == places


def test_presets_stand_over_a_recipe_and_under_the_fields_that_are_given():
    with_presets = [name for name in recipes.NAMES if recipes.presets_of(name)]
    own = {name for name in recipes.NAMES if name.startswith(("folder-", "file-"))}
    assert own == set(with_presets)
    for name in with_presets:
        quick, default, best = (recipes.resolve(name, {}, preset) for preset in ("quick", "default", "best"))
        assert default == recipes.get(name).recipe
        assert quick.examples < default.examples < best.examples
    given = recipes.resolve("folder-gan", {"epochs": 2}, "quick")
    assert (given.epochs, given.steps_per_epoch, given.image.size) == (2, 150, 32)
    with pytest.raises(InputError, match="digits-gan has no preset 'quick': it has default."):
        recipes.resolve("digits-gan", {}, "quick")


@pytest.mark.parametrize("name", ["shapes-tcvae", "mnist-vqvae"])
def test_bernoulli_is_refused_for_colors_that_are_neither_full_nor_empty(name):
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (60, 16, 16, 3)).astype("uint8")
    drawings = np.where(photos < 128, 9, 240).astype("uint8")
    fields = {"image.size": 16, "image.channels": 3, "num_classes": None, "batch_size": 4}
    config = recipes.resolve(name, fields | ({"num_examples": 60} if name == "shapes-tcvae" else {}))
    media = config.media
    with pytest.raises(
        InputError, match="7.% of the values of these images lie between: set likelihood=logis"
    ):
        config.check_data(Dataset(media, (photos, None), test=(photos[:9], None), batch_size=4))
    config.check_data(Dataset(media, (drawings, None), test=(drawings[:9], None), batch_size=4))


def test_penalties_fall_to_their_share_at_the_end_of_training():
    config = recipes.resolve("digits-gan", {"r1": 2.0, "r2": 0.0, "final_weight_share": 0.25})
    (penalty,) = config.build().penalties
    weights = [float(penalty.weight(share * config.examples)) for share in (0.0, 0.5, 1.0, 2.0)]
    assert weights == pytest.approx([2.0, 1.25, 0.5, 0.5])


def test_the_moving_average_of_a_short_training_forgets_its_beginning():
    fields = {"width": 8, "epochs": 2, "steps_per_epoch": 20, "batch_size": 4}
    for ema, half_life in ((10_000.0, 160 / 8), (10.0, 10.0)):
        config = recipes.resolve("digits-gan", {**fields, "ema": ema})
        assert float(config.build().ema(config.examples)) == pytest.approx(half_life)


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
        ({"objective": "tc"}, "'objective.num_examples' is missing: it takes int from 2"),
        (
            {"objective": "dip1", "prior": "vamp", "num_classes": None},
            "set prior=standard, or objective=elbo",
        ),
        ({"prior": "vamp"}, "set num_classes=none, or prior=standard"),
        (
            {"samples": 3},
            "'samples' has no use with objective=elbo: set objective=iwae or objective=dreg too",
        ),
        (
            {"objective": "iwae", "warm_up": 9},
            "'warm_up' has no use with objective=iwae: set objective=elbo or",
        ),
        ({"components": 3}, "set prior=vamp too"),
        ({"epsilon": 0.0}, "'optimizer.epsilon' takes float above 0"),
        ({"beta": -1.0}, "'objective.beta' takes float from 0"),
        ({"latent_dim": 0}, "'network.latent_dim' takes int from 1"),
    ],
)
def test_mistakes_in_a_vae_are_told_before_anything_is_built(fields, message):
    with pytest.raises(InputError, match=message):
        recipes.resolve("digits-vae", fields)


def test_objectives_have_their_own_defaults_in_recipes_and_alone():
    expected = {
        "free_bits": (losses.FreeBits(), {"nats": 0.5}),
        "capacity": (losses.Capacity(25.0), {"capacity": 25.0, "gamma": 1000.0}),
        "factor": (losses.FactorVAE(), {"gamma": 10.0}),
        "dip1": (losses.DIPVAE1(), {"off_diagonal": 10.0, "diagonal": 100.0}),
        "dip2": (losses.DIPVAE2(), {"off_diagonal": 10.0, "diagonal": 10.0}),
        "info": (losses.InfoVAE(), {"alpha": 1.0, "scale": 100.0}),
    }
    for kind, (alone, defaults) in expected.items():
        examples = 100
        in_recipe = recipes.resolve("digits-vae", {"objective": kind}).objective.make(examples)
        for objective in (alone, in_recipe):
            found = {name: getattr(objective, name) for name in defaults}
            found = {name: v(examples) if callable(v) else v for name, v in found.items()}
            assert {name: float(v) for name, v in found.items()} == defaults, kind
