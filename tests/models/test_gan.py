import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import AdaptiveAugment, DiffAugment, SpectralNorm
from keras_gen.losses import R1, R2, GradientPenalty, adversarial
from keras_gen.media import Image
from keras_gen.models import GAN, load_model
from keras_gen.networks import dcgan, sngan
from keras_gen.training.schedules import Linear

RATE = 0.1


def sgd():
    return {f"{player}_optimizer": keras.optimizers.SGD(RATE) for player in ("generator", "discriminator")}


def textbook_step(gan, real, plan, loss, weights, interval=1):
    """One step written out with separate passes and all gradients taken from the losses themselves.

    Returns the discriminator's and the generator's weights after a step of plain gradient descent.
    """
    latent_seed, _, _, mix_seed = gan.step_seeds(4)
    latents = gan.draw_latents(len(real), latent_seed)
    real = tf.constant(real / 127.5 - 1.0, tf.float32)
    share = tf.random.stateless_uniform((len(real), 1, 1, 1), mix_seed)
    game = adversarial.get(loss)

    def squared_gradient(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(gan.discriminator(images))
        return tf.reduce_sum(tape.gradient(total, images) ** 2, axis=(1, 2, 3))

    def discriminator_loss():
        fake = tf.stop_gradient(gan.generator(latents, training=True))
        total = tf.reduce_mean(game.discriminator(gan.discriminator(real), gan.discriminator(fake)))
        total += interval * weights["r1"] * tf.reduce_mean(squared_gradient(real)) / 2
        total += interval * weights["r2"] * tf.reduce_mean(squared_gradient(fake)) / 2
        norm = tf.sqrt(squared_gradient(share * real + (1 - share) * fake))
        return total + interval * weights["gp"] * tf.reduce_mean((norm - 1) ** 2)

    def generator_loss():
        fake = gan.generator(latents, training=True)
        return tf.reduce_mean(game.generator(gan.discriminator(real), gan.discriminator(fake)))

    def descend(network, objective):
        with tf.GradientTape() as tape:
            value = objective()
        variables = network.trainable_variables
        return [v - RATE * g for v, g in zip(variables, tape.gradient(value, variables), strict=True)]

    if plan == "simultaneous":
        new_generator = descend(gan.generator, generator_loss)
    new_discriminator = descend(gan.discriminator, discriminator_loss)
    if plan == "alternating":
        for variable, value in zip(gan.discriminator.trainable_variables, new_discriminator, strict=True):
            variable.assign(value)
        new_generator = descend(gan.generator, generator_loss)
    return new_discriminator, new_generator


@pytest.mark.parametrize("plan", ["alternating", "simultaneous"])
@pytest.mark.parametrize(
    "loss, weights",
    [
        ("relativistic", {"r1": 0.5, "r2": 0.3, "gp": 0.0}),
        ("non_saturating", {"r1": 0.0, "r2": 0.0, "gp": 0.0}),
        ("hinge", {"r1": 0.0, "r2": 0.4, "gp": 0.0}),
        ("wasserstein", {"r1": 0.0, "r2": 0.0, "gp": 2.0}),
        ("least_squares", {"r1": 0.7, "r2": 0.0, "gp": 0.0}),
    ],
)
def test_a_step_equals_the_textbook_with_fewer_passes(small_gan, images, plan, loss, weights):
    penalties = [penalty(weights[key]) for penalty, key in ((R1, "r1"), (R2, "r2"), (GradientPenalty, "gp"))]
    settings = {"loss": loss, "penalties": [p for p in penalties if float(p.weight(0)) > 0], "plan": plan}
    gan, twin = small_gan(**settings, **sgd()), small_gan(**settings, **sgd())
    discriminator, generator = textbook_step(twin, images[0], plan, loss, weights)
    tf.function(gan.train_step)(tf.constant(images[0]))
    for new, expected in ((gan.discriminator, discriminator), (gan.generator, generator)):
        for variable, value in zip(new.trainable_variables, expected, strict=True):
            np.testing.assert_allclose(variable, value, rtol=1e-4, atol=2e-6)


def test_lazy_penalties_come_at_every_kth_step_k_times_as_strong(small_gan, images):
    weights = {"r1": 0.5, "r2": 0.0, "gp": 0.0}
    settings = {"loss": "hinge", "penalties": [R1(0.5)], "penalty_interval": 3}
    gan = small_gan(**settings, **sgd())
    step = tf.function(gan.train_step)
    for number in range(4):
        twin = small_gan(**settings, **sgd())
        twin.set_weights(gan.get_weights())
        now = weights if number % 3 == 0 else dict.fromkeys(weights, 0.0)
        discriminator, _ = textbook_step(twin, images[0], "alternating", "hinge", now, interval=3)
        step(tf.constant(images[0]))
        for variable, value in zip(gan.discriminator.trainable_variables, discriminator, strict=True):
            np.testing.assert_allclose(variable, value, rtol=1e-4, atol=2e-6)
    assert gan.reports.logs()["penalty"] > 0


def test_the_generator_learns_at_every_nth_batch(small_gan, images):
    gan = small_gan(discriminator_steps=3, plan="simultaneous")
    step, moved = tf.function(gan.train_step), []
    for _ in range(6):
        before = [network.get_weights()[0] for network in (gan.generator, gan.discriminator)]
        step(tf.constant(images[0]))
        after = [network.get_weights()[0] for network in (gan.generator, gan.discriminator)]
        moved.append([bool(np.any(a != b)) for a, b in zip(after, before, strict=True)])
    assert moved == [[False, True], [False, True], [True, True]] * 2


def test_the_average_halves_its_distance_in_a_half_life(small_gan, images):
    gan = small_gan(ema=100.0)
    trained, average = gan.generator.trainable_variables, gan.ema_generator.weights
    trained_average = [a for v, a in zip(gan.generator.weights, average, strict=True) if v.trainable]
    expected = [a.numpy() for a in trained_average]
    for _ in range(3):
        gan.train_step(tf.constant(images[0]))
        kept = 0.5 ** (len(images[0]) / 100.0)
        expected = [kept * e + (1 - kept) * v.numpy() for e, v in zip(expected, trained, strict=True)]
    for value, one in zip(trained_average, expected, strict=True):
        np.testing.assert_allclose(value, one, rtol=1e-5, atol=1e-7)
    for value, copy in zip(gan.generator.weights, average, strict=True):
        if not value.trainable:
            np.testing.assert_array_equal(copy, value)
    assert gan.sampling_generator is gan.ema_generator
    assert small_gan(ema=0).sampling_generator is not gan.ema_generator


def test_spectral_norm_takes_one_power_iteration_a_step(images):
    def build():
        keras.utils.set_random_seed(0)
        gan = GAN(*sngan(Image(8, 8, 1), width=4), media=Image(8, 8, 1))
        gan.compile(loss="hinge", penalties=[], discriminator_steps=2)
        return gan, [layer for layer in gan.discriminator.layers if isinstance(layer, SpectralNorm)]

    gan, layers = build()
    _, expected = build()
    for layer in expected:
        layer.power_iteration()
    tf.function(gan.train_step)(tf.constant(images[0]))
    for layer, moved in zip(layers, expected, strict=True):
        np.testing.assert_allclose(layer.u, moved.u, rtol=1e-5, atol=1e-6)


CHANGES = {
    "loss": ({"loss": "hinge"}, "discriminator_loss"),
    "weight of R1": ({"penalties": [R1(5.0), R2(1.0)]}, "penalty"),
    "weight of R2": ({"penalties": [R1(1.0), R2(5.0)]}, "penalty"),
    "kind of penalty": ({"penalties": [GradientPenalty(1.0)]}, "penalty"),
    "augmentation": ({"augment": DiffAugment()}, "real_logit"),
    "policy": ({"augment": DiffAugment(policy=("cutout",))}, "real_logit"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_hyperparameter_changes_what_it_is_named_for(small_gan, images, change):
    settings, term = CHANGES[change]
    default, changed = small_gan(), small_gan(**settings)
    for gan in (default, changed):
        gan.train_step(tf.constant(images[0]))
    assert abs(float(default.reports.logs()[term] - changed.reports.logs()[term])) > 1e-4


def test_learning_rate_schedules_run_on_examples_seen(small_gan, images):
    rate = Linear(0.4, 0.0, examples=4 * len(images[0]))
    gan = small_gan(generator_optimizer=keras.optimizers.SGD(rate), steps_per_execution=2)
    gan.fit(images[0], batch_size=12, epochs=1, verbose=0)
    np.testing.assert_allclose(float(gan.generator_optimizer.learning_rate), 0.3, rtol=1e-6)
    assert int(gan.examples_seen) == len(images[0])


@pytest.mark.slow
def test_save_load_and_continue_equals_an_uninterrupted_run(tmp_path, images):
    def build():
        keras.utils.set_random_seed(0)
        gan = GAN(*dcgan(Image(8, 8, 1), num_classes=3, width=4), media=Image(8, 8, 1), num_classes=3)
        rate = Linear(1e-3, 0.0, examples=500)
        gan.compile(
            penalty_interval=2,
            augment=AdaptiveAugment(-0.9, examples=1000, interval=2, policy=("blit",)),
            generator_optimizer=keras.optimizers.Adam(rate, beta_1=0.5),
            ema=Linear(0, 50, examples=300),
        )
        return gan

    def train(gan):
        return gan.fit(*images, batch_size=8, epochs=2, shuffle=False, verbose=0).history

    straight = build()
    train(straight)
    straight.save(tmp_path / "gan.keras")
    resumed = load_model(tmp_path / "gan.keras")
    assert train(resumed) == train(straight)
    for a, b in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for name, optimizer in straight.optimizers.items():
        for a, b in zip(resumed.optimizers[name].variables, optimizer.variables, strict=True):
            np.testing.assert_array_equal(a, b)
    assert float(resumed.augment.adapted) == float(straight.augment.adapted) > 0


def test_validation_sees_the_players_without_training_them(small_gan, images):
    gan = small_gan(num_classes=3)
    before = gan.get_weights()
    first = gan.evaluate(*images, batch_size=16, verbose=0, return_dict=True)
    assert first == gan.evaluate(*images, batch_size=16, verbose=0, return_dict=True)
    real = images[0] / np.float32(127.5) - 1
    np.testing.assert_allclose(
        first["real_logit"], np.mean(gan.discriminator([real, images[1]])), rtol=1e-4, atol=1e-6
    )
    for a, b in zip(gan.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_equal_seeds_draw_equal_images_in_any_number(small_gan):
    gan = small_gan(num_classes=3)
    few, many = gan.generate(5, seed=7), gan.generate(300, seed=7)
    assert few.shape == (5, 8, 8, 1) and few.dtype == np.uint8
    np.testing.assert_array_equal(few, many[:5])
    assert np.any(few != gan.generate(5, seed=8))
    assert np.any(gan.generate(5) != gan.generate(5))
    np.testing.assert_array_equal(gan.generate(4, labels=1, seed=7)[1], few[1])
    frozen = gan.generate(2, labels=0, temperature=0.0)
    np.testing.assert_array_equal(frozen[0], frozen[1])


def test_a_second_compile_draws_from_the_network_it_names_and_is_saved(small_gan, images, tmp_path):
    optimizer = keras.optimizers.Adam(Linear(0.1, 0.0, examples=480))
    gan = small_gan(generator_optimizer=optimizer, ema=1e9)
    gan.fit(images[0], verbose=0)
    averaged = gan.generate(4, seed=0)
    gan.compile(generator_optimizer=optimizer, ema=0)
    assert np.any(gan.generate(4, seed=0) != averaged)
    gan.save(tmp_path / "gan.keras")
    loaded = load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.generate(4, seed=0), gan.generate(4, seed=0))
    np.testing.assert_allclose(float(loaded.generator_optimizer.learning_rate), 0.09, rtol=1e-6)


def test_interpolation_goes_from_one_latent_to_the_other(small_gan):
    gan = small_gan(num_classes=3)
    start, stop = np.random.default_rng(0).normal(size=(2, 4))
    walked = gan.interpolate(start, stop, steps=5, label=2)
    np.testing.assert_array_equal(walked[[0, -1]], gan.decode([start, stop], labels=2))


def test_mistakes_are_told_in_one_sentence(small_gan, images):
    x, labels = images
    gan, conditional = small_gan(), small_gan(num_classes=3)
    networks = dcgan(Image(8, 8, 1), width=4)
    normalized = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    mistakes = {
        "uint8 examples of shape .8, 8, 1.": lambda: gan.fit(x[:, :4]),
        "float32 examples": lambda: gan.fit(x.astype("float32")),
        "have no labels": lambda: conditional.fit(x),
        "from 0 to 2, but y spans 0 to 7": lambda: conditional.fit(x, labels.clip(0, 1) * 7),
        "not conditional": lambda: gan.generate(2, labels=1),
        "between 0 and 2": lambda: conditional.generate(2, labels=3),
        "num must be at least 1": lambda: gan.generate(0),
        "Latents must have shape": lambda: gan.decode(np.zeros((2, 5))),
        "same num_classes": lambda: GAN(*networks, media=Image(8, 8, 1), num_classes=3),
        "makes images of shape": lambda: GAN(*networks, media=Image(16, 16, 1)),
        "Unknown plan 'sequential'": lambda: gan.compile(plan="sequential"),
        "batch normalization": lambda: GAN(networks[0], normalized, media=Image(8, 8, 1)).compile(),
        "penalty_interval must be at least 1": lambda: gan.compile(penalty_interval=0),
        "penalties must be a list": lambda: gan.compile(penalties=R1(1.0)),
        "an optimizer each": lambda: gan.compile(generator_optimizer=adam, discriminator_optimizer=adam),
        "one integer an example, but y is float64": lambda: conditional.fit(x, labels / 2),
        r"one integer an example, but y is .* of shape .48, 3.": lambda: conditional.fit(
            x, np.eye(3, dtype=int)[labels]
        ),
        "the data have no label": lambda: conditional.evaluate(x),
        "sample_weight has no use": lambda: gan.fit(x, sample_weight=np.ones(48)),
        "one logit an image": lambda: GAN(networks[0], two_logits, media=Image(8, 8, 1)),
        "seed must be at least 0": lambda: gan.generate(1, seed=-1),
        "at least 2 steps": lambda: gan.interpolate(np.ones(4), np.ones(5)),
        "give the label": lambda: conditional.interpolate(np.ones(4), np.zeros(4)),
        "There is no saved model": lambda: load_model("nowhere.keras"),
        "cannot be read as a saved model": lambda: load_model(__file__),
    }
    two_logits = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    adam = keras.optimizers.Adam()
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
