import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen import datasets
from keras_gen.errors import InputError
from keras_gen.losses import (
    DIPVAE1,
    DIPVAE2,
    ELBO,
    IWAE,
    Bernoulli,
    BetaTCVAE,
    Capacity,
    Categorical,
    DiscretizedLogisticMixture,
    DReG,
    FactorVAE,
    FreeBits,
    Gaussian,
    GaussianMixture,
    InfoVAE,
    RectifiedFlow,
    VampPrior,
)
from keras_gen.media import Image
from keras_gen.models import VAE, load_model
from keras_gen.networks import conv, mlp
from keras_gen.sampling.requests import seeds_of
from keras_gen.training import EncoderTurns
from keras_gen.training.schedules import Linear

MEDIA = Image(8, 8, 1)

UNMOVED = 5  # weights: counters of broken steps and of phases, and the scale of the learning rates


def build(objective=None, prior=None, num_classes=None, likelihood=None, latent_dim=4, **compile_arguments):
    """A small VAE, the same one at each call."""
    keras.utils.set_random_seed(0)
    likelihood = likelihood or Bernoulli("dynamic")
    networks = mlp(MEDIA, likelihood, num_classes=num_classes, latent_dim=latent_dim, width=16)
    vae = VAE(*networks, MEDIA, likelihood, objective, prior, num_classes=num_classes, seed=1)
    vae.compile(**compile_arguments)
    return vae


def test_a_step_is_plain_gradient_descent_on_the_loss(images):
    """The step against the negative ELBO written out by hand, on the same noise."""
    vae = build(ELBO(3.0), optimizer=keras.optimizers.SGD(0.01))
    observe_seed, draw_seed, _ = vae.step_seeds(3)
    x = vae.likelihood.observe(vae.media.to_model(images[0]), observe_seed)
    noise_seed = tf.random.experimental.stateless_split(draw_seed, 2)[0]
    noise = tf.random.stateless_normal((48, 4), noise_seed)
    variables = vae.encoder.trainable_variables + vae.decoder.trainable_variables
    with tf.GradientTape() as tape:
        mean, log_variance = vae.encoder(x)
        logits = vae.decoder(mean + tf.exp(log_variance / 2) * noise)
        crossed = tf.nn.sigmoid_cross_entropy_with_logits(labels=(x + 1) / 2, logits=logits)
        kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance)
        loss = (tf.reduce_sum(crossed) + 3.0 * kl) / 48
    expected = [v - 0.01 * g for v, g in zip(variables, tape.gradient(loss, variables), strict=True)]
    logs = tf.function(vae.train_step)(tf.constant(images[0]))
    np.testing.assert_allclose(logs["loss"], loss, rtol=1e-5)
    np.testing.assert_allclose(logs["kl"], kl / 48, rtol=1e-5)
    np.testing.assert_allclose(logs["elbo"], -(logs["reconstruction"] + logs["kl"]), rtol=1e-5)
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6)


def test_validation_is_the_elbo_whatever_the_objective_weighs(images):
    reports = [
        build(objective).evaluate(images[0], batch_size=16, verbose=0, return_dict=True)
        for objective in (ELBO(), ELBO(beta=100.0), IWAE(5), DReG(3), BetaTCVAE(48, beta=9.0), FactorVAE())
    ]
    assert reports[0].keys() == {"loss", "reconstruction", "kl", "elbo"}
    np.testing.assert_allclose(reports[0]["loss"], -reports[0]["elbo"], rtol=1e-5)
    for report in reports[1:]:
        assert report == reports[0]
    # Batches of any size, the last one smaller, weigh by their examples.
    whole = build(likelihood=Gaussian(1.0)).evaluate(images[0], batch_size=48, verbose=0, return_dict=True)
    parts = build(likelihood=Gaussian(1.0)).evaluate(images[0], batch_size=20, verbose=0, return_dict=True)
    np.testing.assert_allclose(parts["kl"], whole["kl"], rtol=1e-4)
    np.testing.assert_allclose(parts["loss"], whole["loss"], rtol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"objective": ELBO(Linear(0, 1, examples=100))},
        {"objective": DReG(3), "prior": "vamp", "likelihood": "learned"},
        {"objective": FactorVAE(width=8), "num_classes": 3},
    ],
    ids=["elbo", "dreg under a vamp prior with a learned scale", "factor by class"],
)
def test_save_load_and_continue_equals_an_uninterrupted_run(tmp_path, images, settings):
    def fresh():
        prior = VampPrior(5) if settings.get("prior") else None
        likelihood = Gaussian("learned") if settings.get("likelihood") else None
        optimizer = keras.optimizers.Adam(Linear(1e-2, 0.0, examples=500))
        return build(
            settings.get("objective"), prior, settings.get("num_classes"), likelihood, optimizer=optimizer
        )

    def train(vae):
        labels = images[1] if vae.num_classes else None
        return vae.fit(images[0], labels, batch_size=16, epochs=2, shuffle=False, verbose=0).history

    straight = fresh()
    before = straight.get_weights()
    train(straight)
    straight.save(tmp_path / "vae.keras")
    resumed = load_model(tmp_path / "vae.keras")
    assert train(resumed) == train(straight)
    moved = 0
    for a, b, start in zip(resumed.get_weights(), straight.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
        moved += np.any(a != start)
    assert (
        moved == len(before) - UNMOVED
    )  # every weight learns: the prior's, the likelihood's and the adversary's too
    for name, optimizer in straight.optimizers.items():
        for a, b in zip(resumed.optimizers[name].variables, optimizer.variables, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(resumed.generate(3, seed=4), straight.generate(3, seed=4))


OBJECTIVES = [
    ELBO(),
    FreeBits(0.1, "li"),
    Capacity(2.0),
    IWAE(3),
    DReG(3),
    BetaTCVAE(17),
    BetaTCVAE(17, weights="weighted"),
    FactorVAE(width=8),
    DIPVAE1(),
    DIPVAE2(),
    InfoVAE(),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_every_objective_trains_whatever_the_last_batch_leaves(images, objective):
    """Seventeen images in batches of eight: batches of unknown size, the last of one."""
    vae = build(objective, optimizer=keras.optimizers.Adam(1e-3))
    before = vae.get_weights()
    history = vae.fit(images[0][:17], batch_size=8, epochs=3, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    after = vae.get_weights()
    assert all(np.isfinite(value).all() for value in after)
    assert sum(np.any(a != b) for a, b in zip(after, before, strict=True)) == len(before) - UNMOVED
    total = np.array(history["reconstruction"]) + sum(np.array(history[term]) for term in objective.terms)
    if not isinstance(objective, IWAE):
        np.testing.assert_allclose(history["loss"], total, rtol=1e-4)


def test_a_mixture_is_fitted_again_and_saved(images, tmp_path):
    vae = build()
    for components in (2, 3):
        vae.fit_sampling_prior(images[0], components=components)
    vae.save(tmp_path / "vae.keras")
    again = load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(again.generate(20, seed=7), vae.generate(20, seed=7))


@pytest.mark.slow
def test_a_flow_is_fitted_to_latents_saved_and_exported(images, tmp_path):
    """By several labels, in the place of an earlier mixture; equal seeds and labels give equal images anywhere."""
    x, labels = images[0], np.stack([images[1], np.arange(48) % 2], axis=1).astype("int32")
    vae = build(num_classes=(3, 2))
    vae.fit_sampling_prior(x, labels, components=2)
    # Latents far from those of the prior, as a short training does not leave them.
    head = vae.encoder.get_layer("mean")
    head.set_weights([10.0 * head.kernel, head.bias + [50.0, 0.0, -50.0, 0.0]])
    vae.fit_sampling_prior(x, labels, prior=RectifiedFlow(units=16, blocks=1, training_steps=3))
    drawn = np.asarray(vae.latents_of_seeds(seeds_of(0, 48), labels))
    expected = vae.posteriors(x, labels)
    np.testing.assert_allclose(drawn.mean(0), expected.mean.mean(0), atol=2.0)
    asked = np.tile(labels, (2, 1))[:50]
    whole = vae.generate(50, asked, seed=5)
    assert np.any(vae.generate(50, asked[::-1], seed=5) != whole)
    vae.save(tmp_path / "vae.keras")
    np.testing.assert_array_equal(load_model(tmp_path / "vae.keras").generate(50, asked, seed=5), whole)
    served = tf.saved_model.load(str(vae.export(tmp_path / "1"))).signatures["serving_default"]
    seeds = seeds_of(5, 50)
    for size in (1, 7, 16, 50):
        parts = [
            served(seed=tf.constant(seeds[s : s + size]), label=tf.constant(asked[s : s + size]))["images"]
            for s in range(0, 50, size)
        ]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_layers_know_when_they_are_trained(images):
    """Batch normalization learns its statistics in `fit` alone."""
    likelihood = Gaussian(1.0)
    networks = []
    for network in mlp(MEDIA, likelihood, latent_dim=4, width=8):
        inputs = keras.Input(network.inputs[0].shape[1:])
        networks.append(keras.Model(inputs, network(keras.layers.BatchNormalization()(inputs))))
    vae = VAE(*networks, MEDIA, likelihood)
    vae.compile()
    statistics = [network.layers[1].moving_variance for network in networks]
    vae.fit(images[0], epochs=2, verbose=0)
    fitted = [value.numpy() for value in statistics]
    assert all(np.all(value != 1.0) for value in fitted)
    vae.evaluate(images[0], verbose=0)
    vae.score(images[0], samples=3)
    for value, statistic in zip(fitted, statistics, strict=True):
        np.testing.assert_array_equal(statistic, value)


def test_equal_seeds_draw_equal_images_under_every_prior(images, tmp_path):
    for prior in (None, VampPrior(6)):
        vae = build(prior=prior, num_classes=None)
        few, many = vae.generate(5, seed=7), vae.generate(300, seed=7)
        np.testing.assert_array_equal(few, many[:5])
        assert np.any(few != vae.generate(5, seed=8))
        frozen = vae.generate(40, seed=1, temperature=0.0).reshape(40, -1)
        # Without noise the standard prior has one image, and a mixture one for each component.
        assert len(np.unique(frozen, axis=0)) == (1 if prior is None else 6)
        before = vae.generate(50, seed=7)
        vae.fit_sampling_prior(images[0], components=3)
        fitted = vae.generate(50, seed=7)
        assert np.any(before != fitted)
        vae.save(tmp_path / "vae.keras")
        np.testing.assert_array_equal(load_model(tmp_path / "vae.keras").generate(50, seed=7), fitted)


def test_encoding_decoding_and_walking(images):
    x, labels = images
    vae = build(num_classes=3)
    latents = vae.encode(x, labels)
    assert latents.shape == (48, 4)
    np.testing.assert_array_equal(vae.reconstruct(x, labels), vae.decode(latents, labels))
    walked = vae.traverse(latents[0], dimensions=[2, 0], reach=3.0, steps=5, label=1)
    assert walked.shape == (2, 5, 8, 8, 1)
    by_hand = np.tile(latents[0], (5, 1))
    by_hand[:, 0] = [-3, -1.5, 0, 1.5, 3]
    np.testing.assert_array_equal(walked[1], vae.decode(by_hand, 1))
    np.testing.assert_array_equal(
        vae.interpolate(latents[0], latents[1], steps=3, label=2)[[0, 2]], vae.decode(latents[:2], 2)
    )
    # The encoder, too, sees the label.
    assert np.any(vae.encode(x, labels) != vae.encode(x, (labels + 1) % 3))


def test_exported_signatures_give_what_python_gives(images, tmp_path):
    x, labels = images
    vae = build(num_classes=3)
    served = tf.saved_model.load(str(vae.export(tmp_path / "1"))).signatures
    assert {"serving_default", "generate", "decode", "encode", "reconstruct"} <= set(served)
    latents = served["encode"](images=x, label=labels)["latents"]
    np.testing.assert_allclose(latents, vae.encode(x, labels), rtol=1e-4, atol=1e-5)
    again = served["reconstruct"](images=x[:7], label=labels[:7])["images"]
    np.testing.assert_array_equal(again, vae.reconstruct(x[:7], labels[:7]))
    larger = x[:6].repeat(3, axis=1).repeat(3, axis=2)
    assert served["reconstruct"](images=larger, label=labels[:6])["images"].shape == (6, 8, 8, 1)

    mixture = build(prior=VampPrior(4))
    served = tf.saved_model.load(str(mixture.export(tmp_path / "2"))).signatures["serving_default"]
    seeds = np.random.SeedSequence(5).generate_state(6, np.uint64).view(np.int64)
    np.testing.assert_array_equal(served(seed=tf.constant(seeds))["images"], mixture.generate(6, seed=5))


def test_mutual_information_of_data_that_are_sorted_by_class_is_estimated_across_the_classes():
    """Of ten gray levels that the latents tell apart it is log 10, and in batches of one class it is 0."""
    levels = np.repeat(np.arange(10), 20).astype("int32")
    images = np.broadcast_to(25 * levels[:, None, None, None], (200, *MEDIA.shape)).astype("uint8")
    data = datasets.Dataset(
        MEDIA, (images, levels), (images, levels), class_names=list("0123456789"), batch_size=20
    )
    image = keras.Input(MEDIA.model_shape)
    mean, log_variance = (
        keras.layers.Dense(1, kernel_initializer=kernel)(keras.layers.Flatten()(image))
        for kernel in (keras.initializers.Constant(100.0 / 64), "zeros")
    )
    encoder = keras.Model(image, [mean, log_variance])
    likelihood = Gaussian(0.5)
    vae = VAE(encoder, build(likelihood=likelihood, latent_dim=1).decoder, MEDIA, likelihood)
    vae.compile(phases=[EncoderTurns(1)])

    def information(*batches):
        return vae.evaluate(*batches, batch_size=20, verbose=0, return_dict=True)["mutual_information"]

    in_order = tf.data.Dataset.from_tensor_slices((images, levels)).batch(20)
    assert information(in_order) == pytest.approx(0.0, abs=0.05)
    # A batch of twenty holds seven or more of ten classes as a rule.
    assert information(data.val) == pytest.approx(np.log(10), abs=0.3)


def test_info_vae_keeps_its_latents():
    """With the whole KL, or the MMD a thousand times as strong, they told 0.01 nats of a digit."""
    digits, likelihood = datasets.load("digits"), Bernoulli("dynamic")
    keras.utils.set_random_seed(0)
    networks = mlp(digits.media, likelihood, latent_dim=4, width=64)
    vae = VAE(*networks, digits.media, likelihood, InfoVAE())
    vae.compile(steps_per_execution=50)
    vae.fit(digits.batches(), steps_per_epoch=500, verbose=0)
    assert vae.score(digits, samples=2)["mutual_information"] > 1


@pytest.mark.slow
def test_a_conditional_vae_learns_digits_and_obeys_labels():
    """Margins that a VAE without KL, without labels or with a collapsed posterior misses."""
    digits = datasets.load("digits", batch_size=64)
    keras.utils.set_random_seed(0)
    likelihood = Bernoulli("dynamic")
    networks = conv(digits.media, likelihood, num_classes=10, latent_dim=8, width=16, hidden=64)
    vae = VAE(*networks, digits.media, likelihood, num_classes=10)
    vae.compile(keras.optimizers.Adam(2e-3), steps_per_execution=50)
    before = vae.score(digits, samples=10)
    history = vae.fit(
        digits.batches(), steps_per_epoch=500, epochs=3, validation_data=digits.val, verbose=0
    ).history
    after = vae.score(digits, samples=10)
    assert after["nll"] < before["nll"] - 15 and -after["elbo"] > after["nll"]
    assert after["kl"] > 2 and after["active_units"] >= 3
    assert history["val_elbo"][-1] > history["val_elbo"][0]
    images, labels = digits.arrays("train")
    judge = keras.Sequential(
        [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    judge.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    judge.fit(images, labels, epochs=15, verbose=0)
    asked = vae.labels_for(500)
    assert judge.evaluate(vae.generate(500, asked, seed=0), asked, verbose=0)[1] > 0.85
    # Reconstructions are nearer to their originals than to those of the next example of the class.
    test, test_labels = digits.arrays("test")
    order = np.argsort(test_labels, kind="stable")
    originals = test[order].astype(float)
    again = vae.reconstruct(test[order], test_labels[order]).astype(float)
    own = np.mean((again - originals) ** 2)
    assert own < np.mean((again - np.roll(originals, 1, axis=0)) ** 2) / 2


def test_mistakes_are_told_in_one_sentence(images):
    x, labels = images
    strict = build(likelihood=Bernoulli())
    vae, conditional = build(), build(num_classes=3)
    encoder, decoder = vae.encoder, vae.decoder
    likelihood = Bernoulli("dynamic")
    categorical = Categorical(levels=4)
    other = mlp(MEDIA, likelihood, latent_dim=7, width=4)
    used = VampPrior(3)
    mistakes = {
        "Bernoulli takes black": lambda: strict.fit(x, verbose=0),
        "Bernoulli takes black .*give Bernoulli": lambda: strict.fit(
            tf.data.Dataset.from_tensors(x), verbose=0
        ),
        "Bernoulli takes black .-1. and white": lambda: strict.score(x),
        "hold -0.*give Bernoulli|hold 0.*give Bernoulli": lambda: strict.encode(x),
        "validation_data|Bernoulli takes": lambda: strict.fit(
            x // 255 * 255, validation_data=(x, None), verbose=0
        ),
        "Categorical takes 4 levels": lambda: build(likelihood=categorical).evaluate(x, verbose=0),
        "latents of shape .4,., but the decoder takes .7,.": lambda: VAE(
            encoder, other[1], MEDIA, likelihood
        ),
        "takes parameters of shape .8, 8, 30.": lambda: VAE(
            encoder, decoder, MEDIA, DiscretizedLogisticMixture()
        ),
        "a mean and a log variance": lambda: VAE(
            keras.Model(encoder.input, encoder.outputs[0]), decoder, MEDIA
        ),
        "encoder takes images of shape .8, 8, 1., but media is Image.height=16": lambda: VAE(
            encoder, decoder, Image(16, 16, 1), likelihood
        ),
        "decoder must have 2 input": lambda: VAE(encoder, decoder, MEDIA, likelihood, num_classes=3),
        "encoder has 2 inputs, but num_classes is None": lambda: VAE(
            conditional.encoder, decoder, MEDIA, likelihood
        ),
        "BetaTCVAE needs a standard normal prior": lambda: build(BetaTCVAE(48), VampPrior(5)),
        "pseudo-inputs that have no label": lambda: build(prior=VampPrior(5), num_classes=3),
        "conditional on 3 classes: give the labels": lambda: conditional.score(x),
        "uint8 examples": lambda: vae.encode(x[0]),
        "not uint8 of shape .48, 4": lambda: vae.score(x[:, :4]),
        "have no labels": lambda: conditional.fit(x, verbose=0),
        "must have shape|labels must be": lambda: conditional.encode(x, labels[:5]),
        "A walk needs a latent": lambda: vae.traverse(np.zeros(4), dimensions=[4]),
        "at least 2 steps": lambda: vae.traverse(np.zeros(4), steps=1),
        "give the label to walk in": lambda: conditional.traverse(np.zeros(4)),
        "need as many examples": lambda: vae.fit_sampling_prior(x, components=60),
        "samples must be a whole number from 1": lambda: vae.score(x, samples=2.5),
        "seed one from 0, not 10 and -1": lambda: vae.score(x, samples=10, seed=-1),
        "not 3 things": lambda: vae.score((x, labels, None)),
        "A walk needs .* but was given .*, 1, 2.0": lambda: vae.traverse(np.zeros(4), dimensions=1),
        "list of dimensions from 0 to 3": lambda: vae.traverse(np.zeros(4), dimensions=[]),
        "a reach above 0": lambda: vae.traverse(np.zeros(4), reach=-1.0),
        "seed must be a whole number from 0": lambda: vae.fit_sampling_prior(x, seed=-1),
        "whole number from 1, not 2.5": lambda: vae.fit_sampling_prior(x, components=2.5),
        "uint8 examples of shape .8, 8, 1., but x has float32": lambda: vae.fit(x / np.float32(255)),
        "likelihood must be one of keras_gen.losses.* not .bernoulli.": lambda: VAE(
            encoder, decoder, MEDIA, "bernoulli"
        ),
        "objective must be one of .* such as ELBO": lambda: VAE(encoder, decoder, MEDIA, likelihood, ELBO),
        "prior must be one of .* not .vamp.": lambda: VAE(encoder, decoder, MEDIA, likelihood, prior="vamp"),
        "encoder must be a built functional": lambda: VAE(MEDIA, decoder, MEDIA, likelihood),
        "GaussianMixture is .* for sampling only": lambda: build(prior=GaussianMixture(2)),
        "RectifiedFlow is .* for sampling only": lambda: build(prior=RectifiedFlow()),
        "one that is fitted to latents, .* not .flow.": lambda: vae.fit_sampling_prior(x, prior="flow"),
        "GaussianMixture or RectifiedFlow, not <Vamp": lambda: vae.fit_sampling_prior(x, prior=VampPrior(3)),
        "leave them or prior out": lambda: vae.fit_sampling_prior(x, components=3, prior=RectifiedFlow()),
        "give the labels of the examples": lambda: conditional.fit_sampling_prior(x, prior=RectifiedFlow()),
        "belongs to a model already": lambda: [build(prior=used) for _ in range(2)],
        "40 is less than the batch of 48": lambda: build(BetaTCVAE(40)).fit(x, batch_size=48, verbose=0),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
