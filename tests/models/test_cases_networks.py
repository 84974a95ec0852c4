"""What users' own networks and Keras' settings bring: each works, or is refused or doubted in one
sentence.
"""

import contextlib
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gen as kg
from keras_gen.errors import InputError, reading
from keras_gen.layers import SpectralNorm
from keras_gen.models import GAN, VAE, VQVAE, LanguageModel, TextVAE, load_model
from keras_gen.networks.output_ranges import span_of
from keras_gen.training.precision import policy

L, ops = keras.layers, keras.ops
MEDIA = kg.Image(8, 8, 1)
TEXT = kg.Text(length=8).learn(["A dog runs.", "A cat sleeps."])
ANY = (-np.inf, np.inf)


def chain(shape, *layers, **settings):
    return keras.Sequential([keras.Input(shape, **settings), *layers])


def generator(*ends, **settings):
    return chain((4,), L.Dense(64), L.Reshape((8, 8, 1)), *ends, **settings)


def discriminator(*ends, **settings):
    return chain((8, 8, 1), L.Flatten(), L.Dense(1), *ends, **settings)


def encoder(mean=None, log_variance=None):
    image = keras.Input((8, 8, 1))
    h = L.Flatten()(image)
    return keras.Model(image, [L.Dense(4, mean)(h), L.Dense(4, log_variance)(h)])


def decoder(likelihood, *ends):
    numbers = likelihood.num_parameters(1)
    return chain((4,), L.Dense(64 * numbers), L.Reshape((8, 8, numbers)), *ends)


def grid_pair(likelihood, *ends):
    taken, _ = kg.networks.conv_grid(MEDIA, likelihood, width=8)
    grid = taken.output_shape[1:]
    numbers = 64 * likelihood.num_parameters(1)
    return taken, chain(grid, L.Flatten(), L.Dense(numbers), L.Reshape((8, 8, numbers // 64)), *ends)


def gan(generator, discriminator, num_classes=None):
    return GAN(generator, discriminator, MEDIA, num_classes)


def vae(encoder, decoder, likelihood=None):
    return VAE(encoder, decoder, MEDIA, likelihood or kg.losses.Bernoulli("dynamic"))


def vqvae(encoder, decoder, likelihood=None, **settings):
    prior = kg.networks.CodePrior((2, 2, 16), 8, units=4)
    return VQVAE(encoder, decoder, MEDIA, likelihood or kg.losses.Bernoulli("dynamic"), prior, **settings)


# Where outputs lie.

likelihoods = {
    "bernoulli": lambda: kg.losses.Bernoulli("dynamic"),
    "gaussian": lambda: kg.losses.Gaussian(1.0),
    "laplace": lambda: kg.losses.Laplace(1.0),
    "categorical": lambda: kg.losses.Categorical(4, quantize=True),
    "mixture": lambda: kg.losses.DiscretizedLogisticMixture(2),
}
PLACES = {
    "generator": lambda end: gan(generator(end), discriminator()),
    "discriminator": lambda end: gan(generator(), discriminator(end)),
    **{
        name: lambda end, likelihood=likelihood: vae(encoder(), decoder(likelihood(), end), likelihood())
        for name, likelihood in likelihoods.items()
    },
    "mean": lambda end: vae(encoder(mean=end), decoder(likelihoods["bernoulli"]())),
    "log variance": lambda end: vae(encoder(log_variance=end), decoder(likelihoods["bernoulli"]())),
}
COLUMNS = (
    "generator",
    "gaussian",
    "laplace",
    "discriminator",
    "bernoulli",
    "mixture",
    "categorical",
    "mean",
    "log variance",
)
MATRIX = {  # activation -> what becomes of it at each place: refused (R), doubted (D), taken (.)
    #               media  logits  levels  mean  log variance
    "linear":       "...    ...     .       .     .",
    "leaky_relu":   "...    ...     .       .     .",
    "log_softmax":  "RRR    RRR     .       D     .",
    "log_sigmoid":  "RRR    RRR     .       D     .",
    "tanh":         "...    DDD     D       D     D",
    "softsign":     "...    DDD     D       D     D",
    "hard_tanh":    "...    DDD     D       D     D",
    "elu":          "...    DDD     D       D     D",
    "selu":         "...    DDD     D       D     D",
    "silu":         "RRR    DDD     D       D     D",
    "gelu":         "RRR    DDD     D       D     D",
    "mish":         "RRR    DDD     D       D     D",
    "relu":         "RRR    RRR     D       D     R",
    "relu6":        "RRR    RRR     D       D     R",
    "softplus":     "RRR    RRR     D       D     R",
    "exponential":  "RRR    RRR     D       D     R",
    "sigmoid":      "RRR    RRR     R       D     R",
    "hard_sigmoid": "RRR    RRR     R       D     R",
    "softmax":      "RRR    RRR     R       D     R",
}  # fmt: skip


def verdict(build):
    """What becomes of a model, and the sentence that says so."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            build()
        except InputError as error:
            return "R", str(error)
    return ("D", str(told[0].message)) if told else (".", "")


@pytest.mark.parametrize("activation", MATRIX)
def test_every_place_takes_refuses_or_doubts_every_activation(activation):
    wanted = dict(zip(COLUMNS, MATRIX[activation].replace(" ", ""), strict=True))
    end = activation if activation != "log_softmax" else keras.activations.log_softmax
    found = {}
    for place, build in PLACES.items():
        as_layer = place not in ("mean", "log variance")
        found[place], sentence = verdict(
            lambda build=build, as_layer=as_layer: build(L.Activation(end) if as_layer else end)
        )
        if found[place] != ".":
            assert f"ends in {activation} and gives values" in sentence and "wanted: end it in" in sentence
    assert found == wanted


@pytest.mark.parametrize(
    "end, span",
    {
        "layer": (lambda x: L.Dense(3, "sigmoid")(x), (0, 1)),
        "layer of a function of TensorFlow": (lambda x: L.Dense(3, tf.nn.sigmoid)(x), (0, 1)),
        "layer with a layer": (lambda x: L.Dense(3, activation=L.ReLU())(x), (0, np.inf)),
        "layer with a function of one's own": (lambda x: L.Dense(3, activation=lambda y: y)(x), ANY),
        "ReLU": (lambda x: L.ReLU(max_value=3)(x), (0, 3)),
        "leaky ReLU": (lambda x: L.ReLU(negative_slope=0.1)(x), ANY),
        "LeakyReLU": (lambda x: L.LeakyReLU()(ops.sigmoid(x)), ANY),
        "PReLU": (lambda x: L.PReLU()(x), ANY),
        "ELU": (lambda x: L.ELU(2.0)(x), (-2, np.inf)),
        "Softmax": (lambda x: L.Softmax()(x), (0, 1)),
        "function": (lambda x: keras.activations.sigmoid(x), (0, 1)),
        "linear behind it": (lambda x: L.Activation("linear")(ops.sigmoid(x)), (0, 1)),
        "operation": (lambda x: ops.sigmoid(x), (0, 1)),
        "clipped": (lambda x: ops.clip(x, -1, 1), (-1, 1)),
        "negative": (lambda x: -ops.relu(x), (-np.inf, 0)),
        "from 1": (lambda x: 1 - ops.sigmoid(x) / 2, (0.5, 1)),
        "stretched": (lambda x: 2 * ops.sigmoid(x) - 1, (-1, 1)),
        "rescaled": (lambda x: L.Rescaling(127.5, 127.5)(ops.tanh(x)), (0, 255)),
        "added": (lambda x: L.Add()([ops.sigmoid(x), ops.tanh(x)]), (-1, 2)),
        "gated": (lambda x: ops.sigmoid(x) * x, ANY),
        "product": (lambda x: ops.sigmoid(x) * ops.tanh(x), (-1, 1)),
        "side by side": (lambda x: L.Concatenate()([ops.sigmoid(x), ops.tanh(x)]), (-1, 1)),
        "not below": (lambda x: ops.maximum(x, 0), (0, np.inf)),
        "moved about": (
            lambda x: L.Cropping1D(1)(L.Permute((2, 1))(L.Dropout(0.5)(L.Reshape((8, 8))(ops.relu(x))))),
            (0, np.inf),
        ),
        "cut": (lambda x: ops.transpose(ops.reshape(ops.sigmoid(x), (-1, 8, 8)))[:, :4], (0, 1)),
        "doubled": (lambda x: L.UpSampling2D()(L.Reshape((8, 8, 1))(ops.sigmoid(x))), (0, 1)),
        "nested": (
            lambda x: keras.Sequential([L.Dense(3), keras.Sequential([L.Activation("relu")])])(x),
            (0, np.inf),
        ),
        "through a nested one": (
            lambda x: chain((64,), L.Reshape((8, 8)), L.Identity())(ops.tanh(x)),
            (-1, 1),
        ),
        "at each place": (lambda x: L.TimeDistributed(L.Dense(1, "sigmoid"))(L.Reshape((8, 8))(x)), (0, 1)),
        "normalized": (lambda x: SpectralNorm(L.Dense(1, "sigmoid"))(x), (0, 1)),
        "learned behind it": (lambda x: L.BatchNormalization()(ops.sigmoid(x)), ANY),
        "a layer of one's own": (lambda x: Doubled(3, "sigmoid")(x), ANY),
        "a Lambda": (lambda x: L.Lambda(lambda y: 2 * y)(ops.sigmoid(x)), ANY),
        "recurrent": (lambda x: L.LSTM(3)(L.Reshape((8, 8))(x)), (-1, 1)),
    }.values(),
)
def test_outputs_are_known_wherever_the_activation_stands(end, span):
    x = keras.Input((64,))
    assert span_of(keras.Model(x, end(L.Dense(64)(x))).outputs[0])[:2] == span


class Doubled(L.Dense):
    """A layer that cannot be looked into, since its call is the user's own."""

    def call(self, x):
        return 2 * super().call(x)


@pytest.mark.parametrize(
    "end, wanted",
    [
        (L.Rescaling(2.0, -1.0), "."),
        (L.Rescaling(255.0), "R"),
        (L.Rescaling(510.0, -255.0), "D"),
        (L.Rescaling(1.4, -0.7), "D"),
    ],
)
def test_a_sigmoid_may_be_stretched_to_media(end, wanted):
    assert verdict(lambda: gan(generator(L.Activation("sigmoid"), end), discriminator()))[0] == wanted


def test_a_vqvae_looks_at_its_decoder_alone():
    likelihood = kg.losses.Gaussian(1.0)
    assert verdict(lambda: vqvae(*grid_pair(likelihood, L.Activation("relu")), likelihood))[0] == "R"
    plain, its_decoder = grid_pair(likelihood)
    bounded = keras.Model(plain.input, L.ReLU()(plain.output))
    assert verdict(lambda: vqvae(bounded, its_decoder, likelihood))[0] == "."


def test_the_networks_of_the_kit_are_taken_without_a_word():
    voice, bernoulli = kg.Audio(2048, rate=8000), kg.losses.Bernoulli("dynamic")
    small = {"latent_dim": 4, "width": 8}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("dcgan", "sngan", "r3gan"):
            gan(*getattr(kg.networks, name)(MEDIA, 3, **small), num_classes=3)
        for name in ("mlp", "conv", "resnet"):
            for likelihood in likelihoods.values():
                vae(*getattr(kg.networks, name)(MEDIA, likelihood(), **small), likelihood())
        VAE(*kg.networks.conv1d(voice, kg.losses.Laplace(), **small), voice, kg.losses.Laplace())
        vqvae(*kg.networks.conv_grid(MEDIA, bernoulli, width=8), bernoulli)
        for name in ("recurrent", "transformer"):
            TextVAE(*getattr(kg.networks, name)(TEXT, **small), TEXT)


def test_a_saved_model_is_read_whatever_its_networks_end_in(tmp_path):
    """As one that was saved before its outputs were looked at: what would be refused is warned of."""
    with reading(), pytest.warns(UserWarning, match="discriminator ends in sigmoid"):
        model = gan(generator(), discriminator(L.Activation("sigmoid")))
    model.compile()
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="discriminator ends in sigmoid"):
        loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.generate(2, seed=0), model.generate(2, seed=0))


# Networks of another kind.


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.shape = L.Dense(64), L.Reshape((8, 8, 1))

    def call(self, latent):
        return self.shape(self.dense(latent))


def functional(shape, build, **settings):
    x = keras.Input(shape, **settings)
    return keras.Model(x, build(x))


def with_labels(shape, dtype="int32"):
    latent, label = keras.Input((4,)), keras.Input(shape, dtype=dtype)
    joined = L.Concatenate()([latent, L.Flatten()(L.Embedding(3, 2)(label))])
    return keras.Model([latent, label], L.Reshape((8, 8, 1))(L.Dense(64)(joined)))


def sharing():
    shared = L.Dense(64)
    return chain((64,), shared, L.Reshape((8, 8, 1))), chain((8, 8, 1), L.Flatten(), shared, L.Dense(1))


def text_pair():
    return kg.networks.recurrent(TEXT, latent_dim=4, width=8)


bernoulli = kg.losses.Bernoulli("dynamic")
UNBUILT = keras.Sequential([L.Dense(64), L.Reshape((8, 8, 1))])
MISTAKES = {
    "subclassed": (lambda: gan(Subclassed(), discriminator()), "generator must be a built functional or sequential"),
    "unbuilt": (lambda: gan(UNBUILT, discriminator()), "begin it with x = keras.Input"),
    "unbuilt discriminator": (lambda: gan(generator(), UNBUILT), "discriminator must be a built"),
    "function": (lambda: gan(lambda z: z, discriminator()), "generator must be a built .* not <function"),
    "None": (lambda: gan(generator(), None), "discriminator must be a built .* not None"),
    "other order": (lambda: gan(discriminator(), generator()), "given in the other order"),
    "one for both": (lambda: (lambda one: gan(one, one))(generator()), "discriminator takes images of shape .4,."),
    "shared layers": (lambda: gan(*sharing()), "share the weight .*kernel: give each layers of its own"),
    "fixed batch": (lambda: gan(generator(batch_size=4), discriminator()), "batches of 4 alone"),
    "two outputs": (lambda: gan(functional((4,), lambda z: [generator()(z)] * 2), discriminator()), "must give one tensor, but gives a list"),
    "dict of outputs": (lambda: gan(functional((4,), lambda z: {"a": generator()(z)}), discriminator()), "but gives a dict"),
    "open latents": (lambda: gan(functional((None, 64), lambda z: L.Reshape((8, 8, 1))(L.GlobalMaxPooling1D()(z))), discriminator()), "latents of shape .None, 64."),
    "one-hot labels": (lambda: gan(with_labels((3,)), discriminator(), 3), "labels of shape .3,., but those of num_classes=3 have shape"),
    "classes as text": (lambda: gan(generator(), discriminator(), "3"), "num_classes must be a whole number from 1"),
    "no classes": (lambda: gan(generator(), discriminator(), 0), "num_classes must be a whole number from 1"),
    "media of a GAN": (lambda: GAN(generator(), discriminator(), (8, 8, 1)), "media must be an Image, an Audio or another Media"),
    "sentences of a GAN": (lambda: GAN(generator(), discriminator(), TEXT), "for sentences take a TextVAE"),
    "model that cannot be copied": (lambda: gan(functional((4,), Subclassed()), discriminator()), "cannot be made anew"),
    "Lambda": (lambda: gan(generator(L.Lambda(lambda x: x)), discriminator()), "write what a Lambda does as such a layer"),
    "VAE subclassed": (lambda: vae(Subclassed(), decoder(bernoulli)), "encoder must be a built"),
    "VAE unbuilt": (lambda: vae(encoder(), UNBUILT), "decoder must be a built"),
    "VAE None": (lambda: vae(None, decoder(bernoulli)), "encoder must be a built"),
    "VAE other order": (lambda: vae(decoder(bernoulli), encoder()), "encoder must give a mean and a log variance"),
    "VAE media": (lambda: VAE(encoder(), decoder(bernoulli), None, bernoulli), "media must be an Image, an Audio or another Media"),
    "VAE of sentences": (lambda: VAE(*text_pair(), TEXT), "for sentences take a TextVAE"),
    "VAE dict": (lambda: vae(functional((8, 8, 1), lambda x: dict.fromkeys("ab", L.Dense(4)(L.Flatten()(x)))), decoder(bernoulli)), "in a list"),
    "VAE decoder of two": (lambda: vae(encoder(), encoder()), "decoder must give one tensor"),
    "VQVAE other order": (lambda: vqvae(*grid_pair(bernoulli)[::-1]), "encoder takes images of shape|one grid of shape"),
    "VQVAE None": (lambda: vqvae(None, grid_pair(bernoulli)[1]), "encoder must be a built"),
    "VQVAE codebook": (lambda: vqvae(*grid_pair(bernoulli), codebook=8), "codebook must be a Codebook"),
    "VQVAE commitment": (lambda: vqvae(*grid_pair(bernoulli), commitment="a"), "commitment must be at least 0"),
    "TextVAE media": (lambda: TextVAE(*text_pair(), None), "media must be a Text"),
    "TextVAE other order": (lambda: TextVAE(*text_pair()[::-1], TEXT), "encoder must be a built"),
    "TextVAE decoder": (lambda: TextVAE(text_pair()[0], decoder(bernoulli), TEXT), "decoder must be a TextDecoder"),
    "LanguageModel": (lambda: LanguageModel(None, TEXT), "decoder must be a TextDecoder"),
    "score of arrays": (lambda: gan(generator(), discriminator()).score(np.zeros((4, 8, 8, 1), "uint8")), "scored against a Dataset"),
    **{
        f"{name} of a function": (lambda name=name: getattr(kg.tuners, name)(lambda hp: None, directory="t"), "HyperRecipe.*keras_tuner.RandomSearch")
        for name in ("RandomSearch", "BayesianOptimization", "Hyperband", "GridSearch")
    },
}  # fmt: skip


@pytest.mark.parametrize("build, sentence", MISTAKES.values(), ids=MISTAKES)
def test_what_is_no_network_for_a_model_is_refused(build, sentence):
    with pytest.raises(InputError, match=f"(?s){sentence}"):
        build()


def test_networks_made_outside_the_scope_are_refused_when_the_model_is_made():
    strategy = kg.distribution.strategy("mirrored")
    scaled = kg.losses.Gaussian("learned")
    outside = [
        (gan, (generator(), discriminator())),
        (vae, (encoder(), decoder(bernoulli))),
        (vqvae, grid_pair(bernoulli)),
        (TextVAE, (*text_pair(), TEXT)),
    ]
    with strategy.scope():
        inside = generator(), discriminator()
        gan(*inside)
        outside.append((vae, (encoder(), decoder(scaled), scaled)))
        for model, parts in outside:
            with pytest.raises(InputError, match="outside the scope of the strategy"):
                model(*parts)
    with pytest.raises(InputError, match="outside the scope of the strategy"):
        gan(*inside)


# Keras' settings.


@contextlib.contextmanager
def setting(name, value):
    """One of Keras' settings of the process, and then as it was."""
    before = getattr(keras.config, name)()
    try:
        getattr(keras.config, f"set_{name}")(value)
        yield
    finally:
        getattr(keras.config, f"set_{name}")(before)


def step(model, x):
    """A step of training and a validation, in which each operation runs by itself."""
    model.compile(run_eagerly=True)
    history = model.fit(x, epochs=1, batch_size=16, verbose=0, validation_data=x).history
    assert np.isfinite(list(history.values())).all() and int(model.skipped_steps) == 0


KIT = {
    "gan": lambda: gan(*kg.networks.dcgan(MEDIA, latent_dim=4, width=4)),
    "vae of levels": lambda: vae(*kg.networks.mlp(MEDIA, kg.losses.Categorical(quantize=True), width=4), kg.losses.Categorical(quantize=True)),
    "vae": lambda: VAE(*kg.networks.mlp(MEDIA, kg.losses.Gaussian(), width=4), MEDIA, kg.losses.Gaussian(), kg.losses.DIPVAE2()),
    "vqvae": lambda: vqvae(*kg.networks.conv_grid(MEDIA, bernoulli, width=4)),
    "text": lambda: TextVAE(*kg.networks.transformer(TEXT, latent_dim=4, width=8, blocks=1, heads=2), TEXT),
    "language model": lambda: LanguageModel(kg.networks.RecurrentDecoder(8, TEXT.vocabulary_size, width=8), TEXT),
}  # fmt: skip


def examples(model, images):
    return np.stack([TEXT.pack("A dog runs.")] * 16) if model.media is TEXT else images[0][:16]


@pytest.mark.parametrize("floatx", ["float64", "float16"])
@pytest.mark.parametrize("build", KIT.values(), ids=KIT)
def test_all_is_float32_whatever_floatx_is(build, floatx, images):
    with setting("floatx", floatx), setting("dtype_policy", floatx):
        model = build()
        step(model, examples(model, images))
        model.generate(2, seed=0)
    assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
    assert {mean.dtype for mean in model.metrics} == {"float32"}


@pytest.mark.parametrize("half", ["mixed_bfloat16", "mixed_float16"])
def test_networks_of_the_kit_keep_their_policy_and_weights_in_float32(half):
    with policy(half):
        _, its_decoder = text_pair()
    assert its_decoder.dtype_policy.name == its_decoder.lstm.dtype_policy.name == half
    again = type(its_decoder).from_config(its_decoder.get_config())
    assert again.lstm.dtype_policy.name == half and keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("family", ["gan", "vae"])
def test_networks_of_ones_own_may_compute_in_float64(family, images):
    with policy("float64"):
        if family == "gan":
            model = gan(
                generator(L.BatchNormalization()), chain((8, 8, 1), L.Flatten(), SpectralNorm(L.Dense(1)))
            )
        else:
            model = vae(encoder(), decoder(bernoulli))
        networks = (
            [model.generator, model.discriminator] if family == "gan" else [model.encoder, model.decoder]
        )
        before = [weight.numpy() for network in networks for weight in network.trainable_weights]
        step(model, images[0][:16])
    after = [weight for network in networks for weight in network.trainable_weights]
    for weight, old in zip(after, before, strict=True):
        cancels = weight.path.endswith("bias") and weight.shape == (1,)  # that of the logits, in the loss
        assert weight.dtype == "float64" and (cancels or np.any(weight.numpy() != old))


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_weights_in_half_precision_are_refused(half):
    with policy(half):
        networks = generator(), discriminator()
        its_encoder = encoder()
    with pytest.raises(InputError, match=f"weights in {half}.*mixed_{half}"):
        gan(*networks)
    with pytest.raises(InputError, match=f"encoder has weights in {half}"):
        vae(its_encoder, decoder(bernoulli))


def test_channels_first_is_refused_at_once(images):
    bernoulli = kg.losses.Bernoulli()
    voice = kg.Audio(2048, rate=8000)
    builders = {
        **{name: (MEDIA,) for name in ("dcgan", "sngan", "r3gan")},
        **{name: (MEDIA, bernoulli) for name in ("mlp", "conv", "resnet", "conv_grid")},
        "conv1d": (voice, bernoulli),
        **{name: (TEXT,) for name in ("recurrent", "transformer")},
    }
    with setting("image_data_format", "channels_first"):
        for name, arguments in builders.items():
            with pytest.raises(InputError, match='set_image_data_format."channels_last"'):
                getattr(kg.networks, name)(*arguments)
        with pytest.raises(InputError, match="channels_last"):  # of the classifier that scores
            kg.metrics.train_classifier(MEDIA, images[0])
        networks = generator(), discriminator()
    with pytest.raises(
        InputError, match="layer flatten.* of the discriminator has data_format channels_first"
    ):
        gan(*networks)


@pytest.fixture
def checked_numerics():
    """Has TensorFlow raise where an operation gives infinity or NaN."""
    tf.debugging.enable_check_numerics()
    yield
    tf.debugging.disable_check_numerics()


def test_check_numerics_finds_nothing_in_an_average_that_begins(small_gan, checked_numerics):
    """By default its half-life rises from 0."""
    model = small_gan()
    model.generator_player.average.update(16, model.examples_seen)


def test_check_numerics_finds_nothing_where_sentences_are_written(checked_numerics):
    written = kg.networks.RecurrentDecoder(3, TEXT.vocabulary_size, width=4)
    written.generate(None, tf.fill((2, 3), 0.5), tf.ones(2), tf.constant([3, 2]), tf.constant([0.5, 0.9]))


@pytest.mark.parametrize("half_life, decay", [(0.0, 0.0), (16.0, 0.5), (5e-3, 0.0)])
def test_a_half_life_keeps_its_share_of_the_average_and_none_at_0(half_life, decay, small_gan):
    model = small_gan(ema=kg.schedules.Constant(half_life))
    averages = model.ema_generator.trainable_weights or model.ema_generator.weights
    values = dict(zip(map(id, model.ema_generator.weights), model.generator.weights, strict=True))
    average = next(weight for weight in averages if values[id(weight)].trainable)
    average.assign(values[id(average)] + 1.0)
    model.generator_player.average.update(16, model.examples_seen)
    np.testing.assert_allclose(average - values[id(average)], decay, atol=1e-6)


def test_a_generator_of_labels_may_learn_at_every_second_step(small_gan, images):
    """Gradients of an embedding are sparse, those of a step without any are not."""
    model = small_gan(num_classes=3, discriminator_steps=2)
    before = model.generator.get_weights()
    step = tf.function(model.train_step, autograph=False)
    for _ in range(2):
        step((tf.constant(images[0]), tf.constant(images[1])))
    assert all(np.any(new != old) for new, old in zip(model.generator.get_weights(), before, strict=True))
