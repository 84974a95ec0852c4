"""Every training step compiles by XLA as on a GPU, and is then the step that it is without.

The same small model, data and seed take two executions of two steps each, with `jit_compile=True` and with False.
What XLA compiles is what a GPU runs: both steps of an execution as one loop, grouped convolutions as one operation.
XLA adds numbers up in another order, so that floats differ by rounding. The optimizers are smooth in the gradient:
Adam has an epsilon far above a gradient's rounding errors here, without which its first steps are a mere sign.

Compiling takes long. So a part of the cases is compared, and the others are lowered, by which XLA finds each operation
and every shape. `KERAS_GEN_COMPARE_ALL=1 python -m pytest tests/models/test_jit_compile.py` compares them all.
"""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_gen import losses, networks
from keras_gen.layers import AdaptiveAugment, AudioAugment, DiffAugment, ScheduledAugment
from keras_gen.losses import R1, R2, GradientPenalty
from keras_gen.media import Audio, Image, Text
from keras_gen.models import GAN, VAE, VQVAE, LanguageModel, TextVAE
from keras_gen.training import EncoderTurns, Pretraining, devices, noise, schedules
from keras_gen.training.keras_internals import compiled_by_xla
from keras_gen.training.precision import policy

BATCH, STEPS, AT_ONCE = 8, 4, 2
EXAMPLES = BATCH * STEPS
# Shares of the way that the steps moved weights, by which XLA may miss them. A penalty 3% too strong misses by more.
MISSED = 0.005
MISSED_IN_HALF = 0.1  # where networks compute in half precision, which XLA rounds at fewer places
ROUNDED, ROUNDED_IN_HALF = 2e-6, 5e-4  # what rounding makes of a number, whether it moves or not

GRAY, COLOR = Image(8, 8, 1), Image(8, 8, 3)
VOICE = Audio(512, rate=8000, mels=8, window=128, hop=64)
SENTENCES = ["A dog runs.", "A cat sleeps.", "The dog sleeps.", "A red cat runs fast."] * (EXAMPLES // 4)
TEXT = Text(length=6).learn(SENTENCES)
LABELS = (np.arange(EXAMPLES) % 3).astype("int32")
WAVES = 10_000 * np.sin(np.outer(np.arange(1, EXAMPLES + 1), np.arange(512)) / 20.0)


class InfiniteOnce(schedules.Schedule):
    """A weight that is infinite at the second step alone."""

    def __call__(self, examples):
        return ops.where(ops.equal(examples, BATCH), np.inf, 1.0)

    def get_config(self):
        return {}


def adam(rate=1e-2, **settings):
    return keras.optimizers.Adam(rate, beta_1=0.5, epsilon=0.1, **settings)


def accumulating():
    return adam(schedules.Cosine(1e-2, 1e-3, EXAMPLES), gradient_accumulation_steps=2, global_clipnorm=1.0)


def gan(how, network=networks.dcgan, media=GRAY, dtype="float32", classes=None, optimizer=adam, **settings):
    with policy(dtype):
        pair = network(media, latent_dim=4, width=8, num_classes=classes)
    model = GAN(*pair, media, classes, seed=1)
    settings |= {f"{player}_optimizer": optimizer() for player in ("generator", "discriminator")}
    model.compile(**settings, **how)
    return model


def vae(
    how, objective=None, likelihood=None, network=networks.mlp, media=GRAY, dtype="float32", classes=None,
    prior=None, optimizer=adam, **settings,
):  # fmt: skip
    likelihood = losses.Bernoulli("dynamic") if likelihood is None else likelihood
    with policy(dtype):
        pair = network(media, likelihood, latent_dim=3, width=4, num_classes=classes)
    model = VAE(*pair, media, likelihood, objective, prior, classes, seed=1)
    model.compile(optimizer(), **settings, **how)
    return model


def vqvae(how, likelihood=None, dtype="float32", classes=None):
    likelihood = losses.Bernoulli("dynamic") if likelihood is None else likelihood
    with policy(dtype):
        encoder, decoder = networks.conv_grid(GRAY, likelihood, classes, code_dim=2, width=4, blocks=1)
        prior = networks.CodePrior(encoder.output_shape[1:], num_codes=4, units=4, num_classes=classes)
    model = VQVAE(encoder, decoder, GRAY, likelihood, prior, num_classes=classes, seed=1)
    model.compile(adam(), **how)
    return model


def text(how, network=networks.recurrent, objective=None, dtype="float32", **settings):
    with policy(dtype):
        pair = network(TEXT, latent_dim=2, width=8, dropout=0.1, word_dropout=0.2)
    model = TextVAE(*pair, TEXT, objective, seed=1)
    model.compile(adam(), **settings, **how)
    return model


def language(how, decoder):
    model = LanguageModel(decoder(TEXT.length, TEXT.vocabulary_size, width=8, dropout=0.1), TEXT, seed=1)
    model.compile(adam(), **how)
    return model


COMPARED = {
    "gan hinge gradient penalty classes": lambda how: gan(how, loss="hinge", penalties=[GradientPenalty(1.0)], classes=3, discriminator_steps=2),
    "gan least squares simultaneous seldom": lambda how: gan(how, loss="least_squares", plan="simultaneous", penalties=[R2(schedules.Linear(0.0, 1.0, EXAMPLES)), GradientPenalty(1.0)], penalty_interval=2, discriminator_steps=2),
    "gan accumulation seldom": lambda how: gan(how, optimizer=accumulating, penalty_interval=2),
    "gan guard float16": lambda how: gan(how, penalties=[R1(InfiniteOnce())], dtype="mixed_float16"),
    "gan AdaptiveAugment": lambda how: gan(how, loss="hinge", penalties=[], plan="simultaneous", augment=AdaptiveAugment(-0.6, examples=EXAMPLES, interval=2, policy=("blit",))),
    "gan r3gan": lambda how: gan(how, networks.r3gan, classes=3),
    "vae guard": lambda how: vae(how, losses.ELBO(InfiniteOnce())),
    "vae capacity Gaussian": lambda how: vae(how, losses.Capacity(schedules.Linear(0.0, 5.0, EXAMPLES), 10.0), losses.Gaussian("learned"), classes=3),
    "vae BetaTCVAE": lambda how: vae(how, losses.BetaTCVAE(EXAMPLES)),
    "vae FactorVAE": lambda how: vae(how, losses.FactorVAE(width=8, depth=2, learning_rate=1e-3)),
    "vae DReG": lambda how: vae(how, losses.DReG(3)),
    "vae VampPrior InfoVAE": lambda how: vae(how, losses.InfoVAE(0.5, 10.0), prior=losses.VampPrior(3)),
    "vae turns of the encoder": lambda how: vae(how, phases=[EncoderTurns(2)]),
    "voice mlp AudioAugment classes": lambda how: vae(how, None, losses.Gaussian("learned"), networks.mlp, VOICE, classes=3, augment=AudioAugment(3.0, 0.1, 2, 1)),
    "vqvae": lambda how: vqvae(how),
    "text recurrent IWAE": lambda how: text(how, objective=losses.IWAE(2)),
}  # fmt: skip

LOWERED = {
    "gan relativistic R1 R2": lambda how: gan(how, ema=20.0),
    "gan non-saturating R1 ema rises": lambda how: gan(how, loss="non_saturating", penalties=[R1(1.0)]),
    "gan wasserstein sgd": lambda how: gan(how, loss="wasserstein", penalties=[], ema=0, optimizer=lambda: keras.optimizers.SGD(0.05, momentum=0.5)),
    "gan relativistic simultaneous classes": lambda how: gan(how, plan="simultaneous", classes=3),
    "gan guard": lambda how: gan(how, penalties=[R1(InfiniteOnce())]),
    "gan DiffAugment": lambda how: gan(how, media=COLOR, augment=DiffAugment()),
    "gan ScheduledAugment": lambda how: gan(how, media=COLOR, loss="hinge", plan="simultaneous", penalties=[R1(1.0)], augment=ScheduledAugment(schedules.Linear(1.0, 0.5, EXAMPLES))),
    "gan dcgan bfloat16 DiffAugment": lambda how: gan(how, dtype="mixed_bfloat16", classes=3, augment=DiffAugment()),
    "gan sngan": lambda how: gan(how, networks.sngan, loss="hinge", penalties=[], classes=3),
    "gan sngan bfloat16 gradient penalty": lambda how: gan(how, networks.sngan, dtype="mixed_bfloat16", loss="hinge", penalties=[GradientPenalty(1.0)]),
    "gan r3gan bfloat16 DiffAugment": lambda how: gan(how, networks.r3gan, dtype="mixed_bfloat16", augment=DiffAugment()),
    "gan r3gan float16 simultaneous": lambda how: gan(how, networks.r3gan, dtype="mixed_float16", plan="simultaneous"),
    "vae warm up accumulation": lambda how: vae(how, losses.ELBO(schedules.WarmUp(1.0, EXAMPLES)), optimizer=accumulating),
    "vae guard float16": lambda how: vae(how, losses.ELBO(InfiniteOnce()), dtype="mixed_float16"),
    "vae free bits kingma Laplace": lambda how: vae(how, losses.FreeBits(0.05), losses.Laplace("learned")),
    "vae free bits total Gaussian": lambda how: vae(how, losses.FreeBits(0.05, "total"), losses.Gaussian(0.5)),
    "vae free bits li Categorical": lambda how: vae(how, losses.FreeBits(0.05, "li"), losses.Categorical(4, quantize=True)),
    "vae BetaTCVAE weighted": lambda how: vae(how, losses.BetaTCVAE(EXAMPLES, weights="weighted"), losses.Bernoulli("threshold")),
    "vae IWAE Laplace": lambda how: vae(how, losses.IWAE(3), losses.Laplace(0.5)),
    "vae InfoVAE": lambda how: vae(how, losses.InfoVAE(0.5, 10.0)),
    "vae DIPVAE1": lambda how: vae(how, losses.DIPVAE1()),
    "vae DIPVAE2": lambda how: vae(how, losses.DIPVAE2()),
    "vae VampPrior": lambda how: vae(how, prior=losses.VampPrior(3)),
    "vae VampPrior IWAE": lambda how: vae(how, losses.IWAE(2), prior=losses.VampPrior(3)),
    "vae conv logistic mixture": lambda how: vae(how, None, losses.DiscretizedLogisticMixture(2), networks.conv, COLOR),
    "vae resnet bfloat16": lambda how: vae(how, None, losses.Gaussian("learned"), networks.resnet, dtype="mixed_bfloat16", classes=3),
    "vae pre-training": lambda how: vae(how, losses.DIPVAE1(), phases=[Pretraining(1000)]),
    "voice conv1d AudioAugment": lambda how: vae(how, None, losses.Laplace("learned"), networks.conv1d, VOICE, augment=AudioAugment(3.0, 0.1, 2, 1)),
    "vqvae bfloat16 classes": lambda how: vqvae(how, losses.Gaussian("learned"), "mixed_bfloat16", classes=3),
    "text transformer": lambda how: text(how, networks.transformer, losses.FreeBits(0.1)),
    "text transformer bfloat16": lambda how: text(how, networks.transformer, dtype="mixed_bfloat16"),
    "text recurrent pre-training": lambda how: text(how, phases=[Pretraining(1000)]),
    "text recurrent turns of the encoder": lambda how: text(how, phases=[EncoderTurns(2)]),
    "language model recurrent": lambda how: language(how, networks.RecurrentDecoder),
    "language model transformer": lambda how: language(how, networks.TransformerDecoder),
}  # fmt: skip

CASES = {**COMPARED, **LOWERED}
FIRST = ("gan least squares simultaneous seldom", "vae VampPrior InfoVAE")
COMPARES_ALL = bool(os.environ.get("KERAS_GEN_COMPARE_ALL"))


def built(case, **how):
    keras.utils.set_random_seed(0)
    return CASES[case]({"steps_per_execution": AT_ONCE, **how})


def batches_for(model):
    """Batches for all steps."""
    if model.media is TEXT:
        packed = TEXT.pack(SENTENCES)
    elif model.media is VOICE:
        packed = WAVES.astype("int16")
    else:
        packed = np.random.default_rng(0).integers(0, 256, (EXAMPLES, *model.media.shape), dtype=np.uint8)
    examples = packed if model.num_classes is None else (packed, LABELS)
    return tf.data.Dataset.from_tensor_slices(examples).batch(BATCH, drop_remainder=True)


def state_of(model):
    """All that a step may change: path -> array."""
    variables = [*model.variables, *(v for each in model.optimizers.values() for v in each.variables)]
    return {f"{place} {v.path}": np.array(v, "float64") for place, v in enumerate(variables)}


def trained(model):
    """What all steps make of a model: its state before and after, the last logs, and whether XLA compiled them."""
    before, step, by_xla = state_of(model), model.train_step, []

    def watched_step(data):
        by_xla.append(compiled_by_xla())
        return step(data)

    model.train_step = watched_step
    batches = iter(batches_for(model))
    model.make_train_function()
    for _ in range(STEPS // AT_ONCE):
        model.train_function(batches)
    return before, state_of(model), model.get_metrics_result(), all(by_xla)


def check_the_same(case, plain, compiled):
    """Both models come to the same state, and say the same."""
    before, expected, logs, _ = plain
    _, found, others, _ = compiled
    missed, rounded = (MISSED_IN_HALF, ROUNDED_IN_HALF) if "float16" in case else (MISSED, ROUNDED)
    for (path, value), other, old in zip(expected.items(), found.values(), before.values(), strict=True):
        moved = np.abs(value - old).max(initial=0.0)
        np.testing.assert_allclose(other, value, rtol=rounded, atol=missed * moved + rounded, err_msg=path)
    assert others == pytest.approx(logs, rel=missed, abs=1e-4)


@pytest.fixture
def dropout_of_the_kit(monkeypatch):
    """Keras' Dropout with the noise of the kit, which is the same under XLA."""

    def dropout(x, rate, noise_shape, seed):
        shape = tf.shape(x) if noise_shape is None else noise_shape
        kept = noise.uniform(shape, tf.cast(seed, tf.int64)) >= rate
        return tf.where(kept, x / (1.0 - rate), 0)

    monkeypatch.setattr(tf.nn.experimental, "stateless_dropout", dropout)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Has the kit take the processor for a GPU from now on."""
    return lambda: monkeypatch.setattr(devices, "accelerator", lambda: "CPU:0")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.slow if case in FIRST else pytest.mark.exhaustive)
        for case in (CASES if COMPARES_ALL else COMPARED)
    ],
)
def test_compiled_steps_are_those_without_xla(case, dropout_of_the_kit, as_on_a_gpu):
    plain_model = built(case, jit_compile=False)
    plain = trained(plain_model)
    as_on_a_gpu()
    compiled = trained(built(case, jit_compile=True))
    check_the_same(case, plain, compiled)
    assert (plain[-1], compiled[-1]) == (False, True)
    assert int(plain_model.skipped_steps.numpy()) == ("guard" in case)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", LOWERED)
def test_xla_knows_all_operations_and_shapes_of_a_step(case, as_on_a_gpu):
    as_on_a_gpu()
    model = built(case, jit_compile=True)
    step = model.guard.around(model.train_step, model.trained_networks)
    step = tf.function(step, jit_compile=True, autograph=False)
    batch = next(iter(batches_for(model)))
    assert "ENTRY" in step.experimental_get_compiler_ir(batch)(stage="hlo")


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ["gan accumulation seldom", "gan guard float16"])
def test_updates_are_compiled_alone_where_layers_are_not(case):
    plain = trained(built(case, jit_compile=False))
    model = built(case, jit_compile=False)
    model.compiles_updates = True
    check_the_same(case, plain, trained(model))
