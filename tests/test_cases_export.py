"""Right values of what exported signatures are given: each row, and what it is answered with."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gen as kg
from keras_gen.export.checks import checked
from keras_gen.export.description import TENSORS, Tensor
from keras_gen.export.examples import examples

KINDS = ("gan", "vae", "voice", "vqvae", "text", "words")


def build(kind):
    """A small model of each kind; of these the GAN, the VAE of images, with two labels, and the VQ-VAE are
    conditional.
    """
    keras.utils.set_random_seed(0)
    media, likelihood = kg.Image(8, 8, 1), kg.losses.Gaussian("learned")
    if kind == "gan":
        networks = kg.networks.dcgan(media, width=4, num_classes=3)
        model = kg.GAN(*networks, media, num_classes=3)
    elif kind == "vae":
        networks = kg.networks.mlp(media, likelihood, latent_dim=4, width=8, num_classes=(3, 2))
        model = kg.VAE(*networks, media, likelihood, num_classes=(3, 2))
    elif kind == "voice":
        media = kg.Audio(512, rate=8000, mels=8, window=128, hop=64, iterations=1)
        model = kg.VAE(*kg.networks.conv1d(media, likelihood, latent_dim=4, width=4), media, likelihood)
    elif kind == "vqvae":
        encoder, decoder = kg.networks.conv_grid(media, likelihood, width=4, num_classes=3)
        prior = kg.networks.CodePrior(encoder.output_shape[1:], num_codes=6, num_classes=3, units=8)
        model = kg.VQVAE(encoder, decoder, media, likelihood, prior, num_classes=3)
    else:
        media = kg.Text(length=5).learn(["A dog runs.", "A cat sleeps and a dog eats."])
        if kind == "text":
            model = kg.TextVAE(*kg.networks.recurrent(media, latent_dim=4, width=8), media)
        else:
            decoder = kg.networks.RecurrentDecoder(5, media.vocabulary_size, width=8)
            model = kg.LanguageModel(decoder, media)
    model.compile()
    return model


@functools.cache
def model_of(kind):
    return build(kind)


@functools.cache
def signature_of(kind, name):
    """A signature as it is exported: a compiled function, and the specs of its inputs by their names."""
    function, specs = model_of(kind).endpoints()[name]
    graph = tf.function(checked(function, specs, model_of(kind)), input_signature=specs, autograph=False)
    return graph, {spec.name: spec for spec in specs}


def ask(kind, name, rows=2, **changes):
    """What a signature answers to inputs that nothing is wrong with but these changes, so many rows of
    each.
    """
    graph, specs = signature_of(kind, name)
    inputs = {}
    for key, spec in specs.items():
        sides = iter({"images": (9, 7), "audio": (300,)}.get(key, ()))
        shape = [rows, *(next(sides) if side is None else side for side in spec.shape[1:])]
        good = tf.fill(shape, "A dog.") if spec.dtype == tf.string else tf.zeros(shape, spec.dtype)
        inputs[key] = good + 1.0 if key in ("temperature", "top_p") else good
        if key in changes:
            change = changes[key]
            inputs[key] = tf.constant(change(inputs[key]) if callable(change) else change, spec.dtype)
    return {key: value.numpy() for key, value in graph(*inputs.values()).items()}


def first(value):
    """The same input with its first number another."""
    return lambda values: tf.tensor_scatter_nd_update(values, [[0] * values.shape.rank], [value])


LABELS = "label must be whole numbers from 0 to 2, not"
TWO_LABELS = "label must be whole numbers from 0 to [2, 1], not"
FINITE = "latents must be finite numbers, not"
PIXELS = "images must be at least 1 pixel high and wide, not] [0"
LOUD = "audio must be finite numbers in [-1, 1], not"

REFUSED = [  # kind, signature, what is changed, what is said
    ("gan", "generate", {"label": [0, -1]}, f"{LABELS}] [-1"),
    ("gan", "generate", {"label": [3, 7]}, f"{LABELS}] [3"),
    ("gan", "decode", {"label": [2**31 - 1, 0]}, f"{LABELS}] [2147483647"),
    ("gan", "discriminate", {"label": [0, 3]}, f"{LABELS}] [3"),
    ("gan", "generate", {"label": [0, 1, 2]}, "seed and label must have equally many rows, not] [2 3"),
    ("gan", "generate", {"label": [0]}, "seed and label must have equally many rows, not] [2 1"),
    ("gan", "decode", {"latents": first(np.nan)}, f"{FINITE}] [nan"),
    ("gan", "decode", {"latents": first(-np.inf)}, f"{FINITE}] [-inf"),
    ("gan", "discriminate", {"images": np.zeros((2, 0, 0, 1))}, PIXELS),
    ("gan", "discriminate", {"images": np.zeros((2, 5, 0, 1))}, PIXELS),
    ("gan", "discriminate", {"images": np.zeros((1, 8, 8, 1))}, "images and label must have equally"),
    ("vae", "generate", {"label": [[0, 2], [0, 0]]}, f"{TWO_LABELS}] [2"),
    ("vae", "encode", {"label": [[-1, 0], [0, 0]]}, f"{TWO_LABELS}] [-1"),
    ("vae", "encode", {"images": np.zeros((2, 0, 0, 1))}, PIXELS),
    ("vae", "reconstruct", {"images": np.zeros((2, 0, 3, 1))}, PIXELS),
    ("vae", "reconstruct", {"label": [[0, 0]]}, "images and label must have equally"),
    ("vae", "decode", {"latents": first(np.inf)}, f"{FINITE}] [inf"),
    ("voice", "decode", {"latents": first(np.nan)}, f"{FINITE}] [nan"),
    ("voice", "encode", {"audio": first(np.nan)}, f"{LOUD}] [nan"),
    ("voice", "encode", {"audio": first(-32768.0)}, f"{LOUD}] [-32768"),
    ("voice", "reconstruct", {"audio": first(np.inf)}, f"{LOUD}] [inf"),
    (
        "voice",
        "reconstruct",
        {"audio": np.zeros((2, 0))},
        "audio must be at least 1 sample long, not] [0",
    ),
    ("vqvae", "generate", {"label": [0, 3]}, f"{LABELS}] [3"),
    ("vqvae", "decode", {"latents": first(-1)}, "latents must be numbers from 0 to below 6, not] [-1"),
    ("vqvae", "decode", {"latents": first(6)}, "latents must be numbers from 0 to below 6, not] [6"),
    ("vqvae", "encode", {"images": np.zeros((2, 0, 0, 1))}, PIXELS),
    ("text", "decode", {"latents": first(np.nan)}, f"{FINITE}] [nan"),
    ("text", "sample", {"temperature": [1, np.nan]}, "temperature must be finite and at least 0, not] [nan"),
    ("text", "sample", {"temperature": [1, np.inf]}, "temperature must be finite and at least 0, not] [inf"),
    ("text", "sample", {"temperature": [-1, 1]}, "temperature must be finite and at least 0, not] [-1"),
    ("text", "sample", {"top_p": [0, 1]}, "top_p must be above 0, not] [0"),
    ("text", "sample", {"top_p": [1, -0.5]}, "top_p must be above 0, not] [-0.5"),
    ("text", "sample", {"top_p": [np.nan, 1]}, "top_p must be above 0, not] [nan"),
    (
        "text",
        "sample",
        {"temperature": [1]},
        "seed and temperature and top_k and top_p must have equally many rows, not] [2 1 2 2",
    ),
    ("words", "sample", {"top_p": [0, 0]}, "top_p must be above 0, not] [0"),
]


@pytest.mark.parametrize("kind, name, changes, said", REFUSED)
def test_values_out_of_range_are_refused_in_one_sentence(kind, name, changes, said):
    with pytest.raises(tf.errors.InvalidArgumentError) as refused:
        ask(kind, name, **changes)
    assert f"assertion failed: [{said}" in str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_signature_answers_good_rows_and_none(kind):
    for name in model_of(kind).endpoints():
        # TensorFlow's convolutions and spectrograms fail without rows.
        for rows in (3,) if kind in ("voice", "vqvae") else (3, 0):
            assert all(len(values) == rows for values in ask(kind, name, rows).values()), name


GIVEN = [  # kind, signature, what is given: what is at the ends of ranges, or unusual and right
    ("gan", "generate", {"seed": [-(2**63), 2**63 - 1], "label": [0, 2]}),
    ("gan", "discriminate", {"images": np.full((2, 1, 300, 1), 255)}),
    ("vae", "generate", {"label": [[2, 1], [0, 0]]}),
    ("voice", "encode", {"audio": first(1.5)}),
    ("voice", "encode", {"audio": np.zeros((2, 1))}),
    ("vqvae", "decode", {"latents": first(5)}),
    ("text", "encode", {"text": ["", b"\xff\xfe\x00"]}),
]


@pytest.mark.parametrize("kind, name, changes", GIVEN)
def test_values_at_the_ends_of_their_ranges_are_taken(kind, name, changes):
    assert all(len(values) == 2 for values in ask(kind, name, **changes).values())


@pytest.mark.parametrize("kind", KINDS)
def test_ranges_that_are_told_are_those_that_are_checked(kind):
    """The ends of a range are taken, what lies past them is refused."""
    tried = 0
    for name, (_, specs) in model_of(kind).endpoints().items():
        graph, _ = signature_of(kind, name)
        graph(*map(tf.constant, examples(model_of(kind), specs, 2)))
        for spec in specs:
            told = Tensor(dtype="", shape=[], **TENSORS[spec.name](model_of(kind)))
            if spec.dtype == tf.uint8 or spec.name == "audio":  # whose type, and whose loudness, is the limit
                continue
            for bound, past in ((told.minimum, -1), (told.maximum, 1), (told.exclusive_minimum, 0)):
                if bound is None:
                    continue
                tried += 1
                several = isinstance(bound, list)
                if past:
                    ask(kind, name, **{spec.name: [bound] * 2 if several else first(bound)})
                wrong = [[each + past for each in bound]] * 2 if several else first(bound + past)
                with pytest.raises(tf.errors.InvalidArgumentError, match=f"{spec.name} must be"):
                    ask(kind, name, **{spec.name: wrong})
    assert tried or kind == "voice"


@pytest.mark.parametrize("top_k, top_p", [(0, 1.0), (-5, 1.0), (10**9, 2.0), (0, np.inf)])
@pytest.mark.parametrize("kind", ["text", "words"])
def test_top_k_of_0_and_top_p_of_1_are_off(kind, top_k, top_p):
    seeds = np.arange(20)
    every = ask(kind, "generate", 20, seed=seeds)["text"]
    limits = {"top_k": np.full(20, top_k), "top_p": np.full(20, top_p)}
    np.testing.assert_array_equal(ask(kind, "sample", 20, seed=seeds, **limits)["text"], every)
    likeliest = ask(kind, "sample", 20, seed=seeds, top_k=np.ones(20))["text"]
    assert (likeliest != every).any()  # at 0 all are drawn from, not one


@pytest.mark.parametrize("kind", ["gan", "vae", "voice", "vqvae"])
def test_xla_generates_the_same(kind):
    graph, specs = signature_of(kind, "generate")
    label = [tf.ones([20, *spec.shape[1:]], tf.int32) for name, spec in specs.items() if name == "label"]
    inputs = [tf.range(20, dtype=tf.int64), *label]
    compiled = tf.function(lambda *inputs: graph(*inputs), jit_compile=True, autograph=False)
    ((name, expected),), generated = graph(*inputs).items(), compiled(*inputs)
    rounding = 1 if name == "images" else 1e-5  # gray levels; of full scale
    difference = np.abs(generated[name].numpy().astype(float) - expected.numpy().astype(float))
    assert difference.max() <= rounding


def test_python_takes_the_same_numbers_for_off():
    model = model_of("words")
    every = model.generate(20, seed=1)
    for top_k, top_p in ((0, None), (-1, 1), (None, 1.5), (np.int64(0), 1.0), (10**12, 1.0)):
        np.testing.assert_array_equal(model.generate(20, seed=1, top_k=top_k, top_p=top_p), every)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_python_refuses_the_same_numbers(number):
    model = model_of("words")
    for mistake in (
        lambda: model.generate(1, temperature=number),
        lambda: model_of("gan").generate(1, temperature=number),
        lambda: model_of("gan").decode(np.full((1, model_of("gan").latent_shape[0]), number), 1),
    ):
        with pytest.raises(kg.errors.InputError, match="finite|at least 0"):
            mistake()
