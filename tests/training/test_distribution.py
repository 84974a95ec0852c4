"""Several replicas do what one does: two logical processors stand for two devices."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.callbacks import Checkpoint, TrainingState, latest_checkpoint
from keras_gen.errors import InputError
from keras_gen.layers import AdaptiveAugment
from keras_gen.losses import ELBO, Bernoulli, GradientPenalty
from keras_gen.media import Image
from keras_gen.models import VAE, VQVAE, load_model
from keras_gen.networks import CodePrior, conv_grid, mlp
from keras_gen.training import distribution
from keras_gen.training.replicas import generators_of, whole_batches

MEDIA = Image(8, 8, 1)
BATCH = 16


@pytest.fixture(params=["one", "mirrored"])
def strategy(request):
    return distribution.strategy(request.param)


@pytest.fixture
def batches(images):
    return tf.data.Dataset.from_tensor_slices(images[0]).repeat().batch(BATCH, drop_remainder=True)


@pytest.fixture
def noise_given(monkeypatch):
    """Noise of the whole batch, of which each replica takes the rows of its own examples.

    A codebook chooses among the vectors of all replicas, by a list of numbers that stays whole.
    """
    monkeypatch.setattr(distribution, "own_seed", lambda seed: seed)

    def rows_of_replica(draw):
        def drawn(shape, seed, *args, **kwargs):
            replicas, context = distribution.num_replicas(), tf.distribute.get_replica_context()
            if replicas == 1 or context is None or _rank(shape) == 1:
                return draw(shape, seed, *args, **kwargs)
            batch, *rest = tf.unstack(tf.convert_to_tensor(shape))
            whole = draw(tf.stack([replicas * batch, *rest]), seed, *args, **kwargs)
            first = context.replica_id_in_sync_group * batch
            return whole[first : first + batch]

        return drawn

    for name in ("stateless_normal", "stateless_uniform"):
        monkeypatch.setattr(tf.random, name, rows_of_replica(getattr(tf.random, name)))


def _rank(shape):
    return tf.convert_to_tensor(shape).shape[0]


FLIPPED = {"examples": 1000, "policy": ("blit",)}  # whose graph is small


def build_vae(objective=None):
    keras.utils.set_random_seed(0)
    likelihood = Bernoulli("dynamic")
    vae = VAE(
        *mlp(MEDIA, likelihood, latent_dim=4, width=16), MEDIA, likelihood, objective or ELBO(2.0), seed=1
    )
    vae.compile()
    return vae


def build_vqvae():
    keras.utils.set_random_seed(0)
    likelihood = Bernoulli("dynamic")
    encoder, decoder = conv_grid(MEDIA, likelihood, width=8)
    prior = CodePrior(encoder.output_shape[1:], num_codes=8)
    vqvae = VQVAE(encoder, decoder, MEDIA, likelihood, prior, seed=1)
    vqvae.compile()
    return vqvae


def gap(model, other):
    """The largest difference between two models in any of their variables."""
    pairs = zip(everything(model), everything(other), strict=True)
    return max(np.max(np.abs(one - two)) for one, two in pairs)


def everything(model):
    optimizers = [variable for optimizer in model.optimizers.values() for variable in optimizer.variables]
    return [v.numpy().astype("float64") for v in [*model.variables, *optimizers] if "metric" not in v.path]


def first_steps(build, batches, **fit):
    """How far two replicas are from one after a step, which they report alike, and after ten."""
    models, gaps, first = [], [], None
    for name in ("one", "mirrored"):
        with distribution.strategy(name).scope():
            models.append(build())
    for steps in (1, 9):
        histories = [m.fit(batches, steps_per_epoch=steps, verbose=0, **fit).history for m in models]
        gaps.append(gap(*models))
        first = first or histories
    assert [model.examples_seen.numpy() for model in models] == [10 * BATCH, 10 * BATCH]
    assert [model.skipped_steps.numpy() for model in models] == [0, 0]
    for name, values in first[0].items():
        if name == "perplexity":
            continue  # of the codes of each replica's part
        np.testing.assert_allclose(values, first[1][name], rtol=1e-4, atol=1e-6)
    return gaps


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(settings, id=settings["loss"], marks=mark)
        for settings, mark in [
            ({"loss": "relativistic"}, pytest.mark.slow),
            ({"loss": "hinge", "plan": "simultaneous"}, pytest.mark.exhaustive),
            (
                {"loss": "wasserstein", "penalties": [GradientPenalty(10.0)], "discriminator_steps": 2},
                pytest.mark.exhaustive,
            ),
            (
                {"loss": "least_squares", "augment": FLIPPED, "penalty_interval": 2},
                pytest.mark.exhaustive,
            ),
        ]
    ],
)
def test_two_replicas_train_a_gan_as_one_does(small_gan, batches, noise_given, settings):
    augment = settings.get("augment")
    gaps = first_steps(
        lambda: small_gan(**settings | {"augment": augment and AdaptiveAugment(**augment)}), batches
    )
    assert gaps[0] < 1e-5
    assert gaps[1] < 1e-3


@pytest.mark.exhaustive
@pytest.mark.parametrize("build", [build_vae, build_vqvae])
def test_two_replicas_train_an_autoencoder_as_one_does(build, batches, noise_given):
    gaps = first_steps(build, batches)
    assert gaps[0] < 1e-5
    assert gaps[1] < 1e-3


@pytest.mark.exhaustive
def test_several_steps_in_an_execution_are_the_same_steps(small_gan, batches, images):
    gans = []
    for steps in (1, 5):
        with distribution.strategy("mirrored").scope():
            gans.append(small_gan(steps_per_execution=steps))
        gans[-1].fit(batches, steps_per_epoch=10, verbose=0)
    assert gap(*gans) == 0
    # The last batch is smaller than the others.
    one, several = (gan.evaluate(images[0][:20], batch_size=8, verbose=0) for gan in gans)
    np.testing.assert_allclose(one, several, rtol=1e-6)


def test_replicas_draw_noise_of_their_own(small_gan):
    strategy = distribution.strategy("mirrored")
    with strategy.scope():
        gan = small_gan()

    def draw():
        own, shared = gan.step_seeds(1)[0], gan.step_seeds(1, shared=True)[0]
        return gan.draw_latents(3, own), gan.draw_latents(3, shared)

    own, shared = (strategy.experimental_local_results(draw) for draw in strategy.run(draw))
    assert np.abs(own[0] - own[1]).min() > 0
    np.testing.assert_array_equal(*shared)


def test_a_step_that_breaks_on_one_replica_is_skipped_on_all(batches):
    """The second replica alone sees images at which the loss is not finite."""

    class Poisoned(ELBO):
        def regularizer(self, draw):
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            poisoned = tf.cast(replica, tf.int64) == 1
            broken = tf.where(poisoned & (draw.examples == BATCH), np.inf, 0.0)
            return {"regularizer": draw.kl + broken}

    with distribution.strategy("mirrored").scope():
        vae = build_vae(Poisoned())
    vae.fit(batches, steps_per_epoch=1, verbose=0)
    before = everything(vae)
    history = vae.fit(batches, steps_per_epoch=1, verbose=0).history
    changed = [i for i, (a, b) in enumerate(zip(before, everything(vae), strict=True)) if np.any(a != b)]
    assert [vae.variables[i].path.split("/")[-1] for i in changed] == [
        "examples_seen",
        "skipped_steps",
        "skipped_in_row",
        "step_is_broken",
    ]
    assert np.isfinite(history["loss"]).all()
    vae.fit(batches, steps_per_epoch=1, verbose=0)
    assert (vae.skipped_steps.numpy(), vae.skipped_in_row.numpy()) == (1, 0)


def test_every_example_is_validated_also_where_a_replica_runs_out(strategy, images, noise_given):
    with strategy.scope():
        vae = build_vae()
    report = vae.evaluate(images[0][:17], batch_size=8, verbose=0, return_dict=True)
    alone = build_vae().evaluate(images[0][:16], batch_size=8, verbose=0, return_dict=True)
    assert np.isfinite(list(report.values())).all()
    assert report["kl"] != alone["kl"]
    np.testing.assert_allclose(report["kl"], alone["kl"], rtol=0.2)


def test_arrays_come_in_one_order_whatever_the_global_seed(images):
    epochs = []
    for global_seed in (0, 1):  # as of two workers
        tf.random.set_seed(global_seed)
        batches = whole_batches(*images, BATCH, 2, seed=1)
        epochs.append([np.concatenate([labels for _, labels in batches]) for _ in range(2)])
    np.testing.assert_array_equal(*epochs)
    assert (epochs[0][0] != epochs[0][1]).any()


@pytest.mark.exhaustive
def test_arrays_are_trained_in_whole_batches(small_gan, images):
    with distribution.strategy("mirrored").scope():
        gan = small_gan()
    gan.fit(images[0], batch_size=20, epochs=2, verbose=0)
    assert gan.examples_seen.numpy() == 80


def test_batches_that_cannot_be_shared_are_refused(small_gan, images):
    with distribution.strategy("mirrored").scope():
        gan = small_gan()
    data = tf.data.Dataset.from_tensor_slices(images[0])
    with pytest.raises(InputError, match="15 cannot be divided among 2 replicas: take a multiple of 2"):
        gan.fit(images[0], batch_size=15)
    with pytest.raises(InputError, match="15 cannot be divided"):
        gan.fit(data.batch(15, drop_remainder=True))
    with pytest.raises(InputError, match="drop_remainder=True"):
        gan.fit(data.batch(16))
    with pytest.raises(InputError, match="64 is more than the 48 examples"):
        gan.fit(images[0], batch_size=64)
    with pytest.raises(InputError, match="give validation_data"):
        gan.fit(images[0], batch_size=16, validation_split=0.5)
    with pytest.raises(InputError, match="not of a generator"):
        gan.fit(batch for batch in data)


def test_what_was_made_outside_the_scope_is_refused(small_gan, batches):
    augment = AdaptiveAugment()
    with distribution.strategy("mirrored").scope():
        gan = small_gan(loss="hinge", augment=augment)
    with pytest.raises(InputError, match=r"outside the scope of the strategy: .*with strategy.scope\(\)"):
        gan.fit(batches, steps_per_epoch=1)


@pytest.mark.exhaustive
def test_dropout_differs_between_replicas_and_goes_on_where_it_was(batches, tmp_path):
    def build():
        vae = build_vae()
        image = keras.Input(MEDIA.shape)
        noisy = keras.Model(image, vae.encoder(keras.layers.Dropout(0.5, seed=3)(image)))
        vae = VAE(noisy, vae.decoder, MEDIA, vae.likelihood, seed=1)
        vae.compile()
        return vae

    strategy = distribution.strategy("mirrored")

    def states(vae):
        return [strategy.experimental_local_results(state.value) for state in generators_of(vae)]

    with strategy.scope():
        straight, stopped = build(), build()
    straight.fit(batches, steps_per_epoch=4, verbose=0)
    stopped.fit(batches, steps_per_epoch=2, verbose=0, callbacks=[Checkpoint(tmp_path)])
    path = latest_checkpoint(tmp_path)
    with strategy.scope():
        resumed = load_model(path)
    going_on = Checkpoint(tmp_path, state=TrainingState.read(path))
    resumed.fit(batches.skip(2), steps_per_epoch=2, verbose=0, callbacks=[going_on])
    assert gap(resumed, straight) == 0
    for (first, second), (a, b) in zip(states(straight), states(resumed), strict=True):
        np.testing.assert_array_equal([first, second], [a, b])
        assert first[0] != second[0]


@pytest.mark.exhaustive
def test_half_precision_and_rare_steps_of_the_generator(small_gan, images):
    """A scaled loss that overflows, in a condition that replicas meet in: at every second step."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with distribution.strategy("mirrored").scope():
            gan = small_gan(discriminator_steps=2)
    finally:
        keras.config.set_dtype_policy("float32")
    before = everything(gan)
    gan.fit(images[0], batch_size=16, epochs=4, verbose=0)
    after = everything(gan)
    assert gan.generator_optimizer.iterations.numpy() + gan.skipped_steps.numpy() >= 6
    assert gan.skipped_in_row.numpy() == 0
    assert all(np.isfinite(value).all() for value in after)
    assert sum(np.any(a != b) for a, b in zip(before, after, strict=True)) > len(before) / 2


def test_xla_is_for_one_replica(small_gan, batches):
    with distribution.strategy("mirrored").scope():
        gan = small_gan(jit_compile=True)
    with pytest.raises(InputError, match="jit_compile=False"):
        gan.fit(batches, steps_per_epoch=1)


def test_replicas_do_not_accumulate(small_gan):
    adam = keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2)
    with distribution.strategy("mirrored").scope():
        with pytest.raises(InputError, match="cannot accumulate gradients"):
            small_gan(generator_optimizer=adam)


def cluster(**changes):
    whole = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}
    return json.dumps(whole | changes)


@pytest.mark.parametrize(
    "config, complaint",
    [
        ("{", "TF_CONFIG is malformed"),
        ("[]", "TF_CONFIG is malformed"),
        (cluster(task={"type": "worker"}), "TF_CONFIG is malformed"),
        (cluster(task={"type": "chief", "index": 0}), "TF_CONFIG is malformed"),
        (cluster(task={"type": "worker", "index": 2}), "this is worker 2, but lists 2"),
        (cluster(cluster={"worker": ["a", "b"]}), "host:port, but lists"),
        (cluster(cluster={"worker": ["a:1", "b:2"], "ps": ["c:3"]}), "type ps, which have no part here"),
        ("", "which is not set"),
    ],
)
def test_a_malformed_cluster_is_told_in_a_sentence(monkeypatch, config, complaint):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(InputError, match=complaint):
        distribution.strategy("multiworker")


def test_strategies_by_name(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert distribution.strategy() is distribution.strategy("one") is tf.distribute.get_strategy()
    assert distribution.strategy("mirrored").num_replicas_in_sync == 2
    assert distribution.is_chief(distribution.strategy("mirrored"))
    for name in ("parameter_server", "central_storage"):
        with pytest.raises(InputError, match=f"'{name}' cannot train here: Keras 3 has no fit"):
            distribution.strategy(name)
    with pytest.raises(InputError, match="did you mean 'mirrored'"):
        distribution.strategy("mirorred")
    with pytest.raises(InputError, match="There is no TPU"):
        distribution.strategy("tpu")
