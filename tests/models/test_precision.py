"""Half precision, scaled losses, accumulated and clipped gradients, XLA: the same training by other means."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen import losses, networks
from keras_gen.layers import AdaptiveAugment, DiffAugment, ScheduledAugment
from keras_gen.losses import R1, R2, GradientPenalty
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.media import Image
from keras_gen.models import GAN, VAE, VQVAE, load_model
from keras_gen.models.gan_steps import discriminate_with_gradient
from keras_gen.training.precision import policy, scaled

MEDIA = Image(8, 8, 1)
HALVES = ("mixed_bfloat16", "mixed_float16")


def gan(network, **settings):
    keras.utils.set_random_seed(0)
    model = GAN(*getattr(networks, network)(MEDIA, latent_dim=4, width=8), media=MEDIA, seed=1)
    model.compile(**settings)
    return model


def vae(network="mlp", likelihood=None, objective=None, prior=None, **settings):
    keras.utils.set_random_seed(0)
    likelihood = losses.Bernoulli("dynamic") if likelihood is None else likelihood
    pair = getattr(networks, network)(MEDIA, likelihood, latent_dim=4, width=8)
    model = VAE(*pair, MEDIA, likelihood, objective, prior, seed=1)
    model.compile(**settings)
    return model


def vqvae(likelihood=None):
    keras.utils.set_random_seed(0)
    likelihood = losses.Bernoulli("dynamic") if likelihood is None else likelihood
    encoder, decoder = networks.conv_grid(MEDIA, likelihood, width=8, halvings=2)
    prior = networks.CodePrior(encoder.output_shape[1:], 8, units=8)
    model = VQVAE(encoder, decoder, MEDIA, likelihood, prior, seed=1)
    model.compile()
    return model


def sgd(rate=0.1, **settings):
    return keras.optimizers.SGD(rate, **settings)


def both(**settings):
    return {f"{player}_optimizer": sgd(**settings) for player in ("generator", "discriminator")}


def train(model, images, steps=1):
    """Steps on one batch, and the last logs."""
    step = model.guard.around(model.train_step, model.trained_networks)
    if steps >= 30:
        step = tf.function(step, autograph=False)  # which takes longer to trace than a few steps to run
    for _ in range(steps):
        logs = step(tf.constant(images))
    return {name: float(value) for name, value in logs.items()}


def values(variables):
    return [np.array(variable) for variable in variables]


def moving(model):
    """What is trained, but the bias of a logit, of which some losses know nothing."""
    return [variable for variable in model.trainable_variables if variable.shape != (1,)]


def settle(model):
    """Spares a model the first steps, in which a scaled loss overflows until its scale fits."""
    for optimizer in model.optimizers.values():
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer.dynamic_scale.assign(2.0**6)


def check_training(model, images):
    """All that is trained moves, at the latest in the second step: what a zero kept back from the first."""
    before = values(moving(model))
    settle(model)
    logs = train(model, images[0][:8], steps=2)
    assert np.isfinite(list(logs.values())).all() and int(model.skipped_steps) == 0
    for variable, old in zip(moving(model), before, strict=True):
        assert variable.dtype == "float32" and np.any(variable.numpy() != old), variable.path
    return logs


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    "network, settings",
    [
        ("dcgan", {"loss": "relativistic", "augment": DiffAugment}),
        ("sngan", {"loss": "hinge", "penalties": [GradientPenalty(1.0)], "augment": AdaptiveAugment}),
        ("r3gan", {"plan": "simultaneous", "augment": lambda: ScheduledAugment(0.5)}),
        ("dcgan", {"loss": "wasserstein", "plan": "simultaneous", "penalties": [GradientPenalty()]}),
        ("r3gan", {"loss": "non_saturating", "penalties": [R1(1.0)], "penalty_interval": 2}),
        ("sngan", {"loss": "least_squares", "penalties": [R2(1.0)], "plan": "simultaneous"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value)),
)
def test_every_gan_trains(network, settings, half, images):
    with policy(half):
        augment = settings.get("augment")
        model = gan(network, **{**settings, "augment": augment and augment()})
        logs = check_training(model, images)
    assert logs["penalty"] > 0


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("plan", ["alternating", "simultaneous"])
def test_networks_that_end_in_half_precision_are_judged_in_single(plan, half, small_gan, images):
    with policy(half):
        model = small_gan(plan=plan, augment=DiffAugment())
    assert (
        model.generator.outputs[0].dtype
        == model.discriminator.outputs[0].dtype
        == half.removeprefix("mixed_")
    )
    real = model.media.to_model(images[0][:8])
    logits, input_gradient = discriminate_with_gradient(
        model, tf.convert_to_tensor(real), None, tf.constant([0, 1])
    )
    assert logits.dtype == input_gradient.dtype == tf.float32
    check_training(model, images)


OBJECTIVES = {
    "elbo": losses.ELBO,
    "free_bits": lambda: losses.FreeBits(0.01),
    "capacity": lambda: losses.Capacity(1.0, gamma=10.0),
    "iwae": lambda: losses.IWAE(3),
    "dreg": lambda: losses.DReG(3),
    "tc": lambda: losses.BetaTCVAE(48),
    "factor": lambda: losses.FactorVAE(width=8, depth=2),
    "dip1": losses.DIPVAE1,
    "dip2": losses.DIPVAE2,
    "info": losses.InfoVAE,
}
LIKELIHOODS = (losses.Gaussian, losses.Laplace, losses.Categorical, losses.DiscretizedLogisticMixture)


@pytest.mark.exhaustive
@pytest.mark.parametrize("half", HALVES)
def test_every_vae_and_vqvae_trains(half, images):
    with policy(half):
        models = [vae(objective=objective()) for objective in OBJECTIVES.values()]
        models += [vae(likelihood=likelihood()) for likelihood in LIKELIHOODS]
        models += [
            vae("conv"),
            vae("resnet"),
            vae(prior=losses.VampPrior(3)),
            vqvae(),
            vqvae(losses.Gaussian()),
        ]
        for model in models:
            check_training(model, images)
            assert model(model.media.to_model(images[0][:2])).dtype == tf.float32


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "build, name, tolerance",
    [
        (lambda: gan("dcgan", **both()), "discriminator_loss", 0.02),
        (lambda: vae("conv", optimizer=sgd(0.01)), "loss", 0.02),
        (vqvae, "loss", 0.02),
    ],
    ids=["gan", "vae", "vqvae"],
)
def test_thirty_steps_come_out_as_in_single_precision(build, name, tolerance, images):
    """The mean loss over them; the same noise, weights that start the same."""
    outcomes = {}
    for kind in ("float32", *HALVES):
        with policy(kind):
            outcomes[kind] = train(build(), images[0][:16], steps=30)[name]
    for kind in HALVES:
        assert outcomes[kind] == pytest.approx(outcomes["float32"], rel=tolerance), outcomes


@pytest.mark.parametrize("kind", ["float32", *HALVES])
def test_the_loss_is_scaled_where_a_network_computes_in_float16_and_nowhere_else(kind, small_gan):
    with policy(kind):
        models = [small_gan(), vae(objective=losses.FactorVAE(width=8)), vqvae()]
        halved = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        full = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype="float32")])
    wrapped = {
        name: isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        for model in models
        for name, optimizer in model.optimizers.items()
    }
    half = kind == "mixed_float16"
    assert wrapped == {"generator": half, "discriminator": half, "model": half, "adversary": False}
    own = sgd()
    assert scaled(own, full) is own
    once = scaled(own, full, halved)
    assert isinstance(once, keras.optimizers.LossScaleOptimizer) is half
    assert scaled(once, halved) is once
    models[0].compile(**{f"{player}_optimizer": o for player, o in models[0].optimizers.items()})
    assert not hasattr(getattr(models[0].generator_optimizer, "inner_optimizer", None), "inner_optimizer")


def test_an_overflow_halves_the_scale_and_leaves_the_weights(small_gan, images):
    with policy("mixed_float16"):
        model = small_gan()
    optimizers = model.optimizers.values()
    for optimizer in optimizers:
        optimizer.dynamic_scale.assign(2.0**40)
    before = values(moving(model) + model.ema_generator.weights)
    train(model, images[0])
    assert [float(optimizer.dynamic_scale) for optimizer in optimizers] == [2.0**39] * 2
    assert int(model.skipped_steps) == int(model.skipped_in_row) == 1
    for variable, old in zip(moving(model) + model.ema_generator.weights, before, strict=True):
        np.testing.assert_array_equal(variable, old)
    train(model, images[0], steps=40)
    assert int(model.skipped_in_row) == 0 and all(float(o.dynamic_scale) < 2.0**39 for o in optimizers)
    assert all(np.any(variable.numpy() != old) for variable, old in zip(moving(model), before, strict=False))


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("family", ["gan", "vae"])
def test_what_is_saved_goes_on_the_same_in_a_process_of_another_policy(family, half, tmp_path, images):
    with policy(half):
        model = gan("dcgan") if family == "gan" else vae(objective=losses.FactorVAE(width=8, depth=2))
    settle(model)
    train(model, images[0], steps=2)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        train(one, images[0], steps=2)
    for (name, optimizer), same in zip(model.optimizers.items(), loaded.optimizers.values(), strict=True):
        assert type(optimizer) is type(same), name
        for variable, twin in zip(optimizer.variables, same.variables, strict=True):
            np.testing.assert_array_equal(variable, twin)
    for variable, twin in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(variable, twin, err_msg=variable.path)


@pytest.mark.parametrize("kind", ["float32", "mixed_float16"])
def test_two_accumulated_batches_are_one_of_twice_the_size(kind, images, monkeypatch):
    monkeypatch.setattr(DiagonalNormal, "sample", lambda posterior, noise: posterior.mean)
    with policy(kind):
        whole = vae(likelihood=losses.Gaussian(1.0), optimizer=sgd(0.01))
        parts = vae(likelihood=losses.Gaussian(1.0), optimizer=sgd(0.01, gradient_accumulation_steps=2))
    before = values(parts.trainable_variables)
    train(whole, images[0][:16])
    train(parts, images[0][:8])
    for variable, old in zip(parts.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, old)
    train(parts, images[0][8:16])
    tolerance = {"float32": 1e-5, "mixed_float16": 2e-3}[kind]
    for variable, twin, old in zip(parts.trainable_variables, whole.trainable_variables, before, strict=True):
        assert np.any(variable.numpy() != old)
        np.testing.assert_allclose(variable, twin, rtol=tolerance, atol=tolerance * np.abs(twin - old).max())


def test_intervals_count_steps_of_accumulated_batches(small_gan, images):
    model = small_gan(
        penalties=[R1(1.0)], penalty_interval=2, discriminator_steps=2, **both(gradient_accumulation_steps=2)
    )
    step, seen = tf.function(model.train_step), []
    for _ in range(8):
        old = values(network.trainable_variables[0] for network in (model.generator, model.discriminator))
        taken = int(model.reports.count("penalty"))
        step(tf.constant(images[0]))
        new = values(network.trainable_variables[0] for network in (model.generator, model.discriminator))
        moved = [bool(np.any(a != b)) for a, b in zip(new, old, strict=True)]
        seen.append((int(model.reports.count("penalty")) > taken, *moved))
    # (whether penalized, whether the generator moved, whether the discriminator did), of each batch
    first, second = [(True, False, False), (True, False, True)], [(False, False, False), (False, True, True)]
    assert seen == 2 * (first + second)


@pytest.mark.parametrize("kind", ["float32", "mixed_float16"])
def test_a_clipped_step_is_as_long_as_the_largest_norm(kind, images):
    lengths = {}
    for largest in (None, 0.5, 1e6):
        with policy(kind):
            model = vae(optimizer=sgd(1e-3, global_clipnorm=largest))
        before = values(model.trainable_variables)
        train(model, images[0])
        moved = [v.numpy() - old for v, old in zip(model.trainable_variables, before, strict=True)]
        lengths[largest] = np.sqrt(sum(np.sum(np.square(part, dtype="float64")) for part in moved)) / 1e-3
    assert lengths[0.5] == pytest.approx(0.5, rel=1e-3) and lengths[None] > 1.0
    assert lengths[1e6] == pytest.approx(lengths[None], rel=1e-3)


@pytest.mark.parametrize("accumulated", [None, 2])
@pytest.mark.parametrize("wrap", [lambda optimizer: optimizer, keras.optimizers.LossScaleOptimizer])
def test_a_learned_scale_is_left_out_of_the_norm_that_clips(wrap, accumulated):
    inner = sgd(1.0, global_clipnorm=1.0, gradient_accumulation_steps=accumulated)
    model = vae(likelihood=losses.Gaussian("learned"), optimizer=wrap(inner))
    settle(model)
    (scale,) = model.likelihood.trainable_variables
    for of_scale in (0.0, 1e3):
        gradients = [tf.fill(v.shape, of_scale if v is scale else 0.5) for v in model.player.variables]
        norm = np.sqrt(sum(np.size(g) * 0.25 for g in gradients) - 0.25)
        before = values(model.player.variables)
        for _ in range(accumulated or 1):
            told = model.player.apply([model.optimizer.scale_loss(g) for g in gradients], tf.zeros(()))
        every = np.sqrt(sum(np.sum(np.square(g, dtype="float64")) for g in gradients))
        assert told.numpy() == pytest.approx(every, rel=1e-5)  # before it is clipped or scaled
        for variable, old in zip(model.player.variables, before, strict=True):
            step = of_scale if variable is scale else 0.5 / norm
            np.testing.assert_allclose(variable.numpy(), old - step, rtol=1e-5, atol=1e-6)


def test_a_learned_scale_finds_its_optimum_as_quickly_where_gradients_are_clipped():
    """About a fixed location it is the root of the mean squared error; its logarithm takes ten learning rates
    a step."""
    x, location = np.random.default_rng(0).normal(0.0, 0.1, (2, 8, *MEDIA.model_shape)).astype("float32")
    optimum = np.log(np.sqrt(np.mean((x - location) ** 2)))
    paths = {}
    for largest in (None, 0.1):
        optimizer = keras.optimizers.Adam(1e-2, global_clipnorm=largest)
        model = vae(likelihood=losses.Gaussian("learned"), optimizer=optimizer)
        variables, steps = model.likelihood.trainable_variables, []
        loss = tf.function(lambda m=model: -tf.reduce_mean(m.likelihood.log_prob(x, location)))
        for _ in range(80):
            model.player.minimize(loss, variables)
            steps.append(float(model.likelihood.log_scale))
        paths[largest] = steps
    assert paths[0.1] == paths[None]
    np.testing.assert_allclose(steps[:10], -0.1 * np.arange(1, 11), rtol=0.02)
    assert steps[-1] == pytest.approx(optimum, abs=0.03)
