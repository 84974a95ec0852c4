"""The contenders of `gpu.py`, each in a process of its own: builds, takes the first steps, then measures.

    python benchmarks/gpu_contenders.py '{"kind": "gan", ...}' WINDOW

prints a line of JSON after the first execution, then one for each line that it reads, after a window of so
many seconds.
"""

import json
import math
import sys
import time

FLOAT, HALF = "float32", "mixed_bfloat16"
EXAMPLES = 50_000  # as CIFAR-10 has


class Contender:
    """What is measured.

    Args:
        take: function of a number of executions, which waits for the last and returns the seconds they took.
        amount: what one execution gets done, in the unit of the group.
        **facts: what else is to be known of it.
    """

    def __init__(self, take, amount, **facts):
        self.take, self.amount, self.facts = take, amount, facts


def timed(execute):
    """`take` of a function that runs one execution and returns something to wait for."""

    def take(count):
        start = time.perf_counter()
        for _ in range(count):
            made = execute()
        for value in made.values():
            float(value)
        return time.perf_counter() - start

    return take


def on_gpu():
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


# The kit's models, as they come or otherwise.


def kit(model, packed, batch, steps, way, unit=1, **settings):
    """A contender of a model of the kit on examples in memory.

    Args:
        model: not yet compiled.
        packed: media, (num, ...).
        batch: examples in a batch.
        steps: batches in an execution.
        way: "fit": all by default; "off": `fit` without XLA; "bare": without `fit`, one compiled loop.
        unit: what an example counts.
        **settings: of `compile`.
    """
    import keras_gen as kg

    jit_compile = False if way == "off" else "auto"
    model.compile(jit_compile=jit_compile, steps_per_execution=steps, **settings)
    if way == "bare":
        take = timed(bare_loop(model, packed, batch, steps))
    else:
        take = fitted(model, kg.datasets.Dataset(model.media, train=(packed, None), batch_size=batch), steps)
    return Contender(take, batch * steps * unit)


def fitted(model, dataset, steps):
    """`take` of `fit`, from its first batch to the end of its epoch."""
    import keras

    class Stopwatch(keras.callbacks.Callback):
        start = None

        def on_train_batch_begin(self, batch, logs=None):
            self.start = self.start or time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds = time.perf_counter() - self.start

    batches = dataset.batches()

    def take(count):
        stopwatch = Stopwatch()
        model.fit(batches, steps_per_epoch=count * steps, verbose=0, callbacks=[stopwatch])
        return stopwatch.seconds

    return take


def bare_loop(model, packed, batch, steps):
    """What `fit` is measured by: one compiled loop of guarded steps over rows of examples on the device."""
    import numpy as np
    import tensorflow as tf

    examples = tf.constant(packed)
    order = np.random.default_rng(0).permutation(len(packed))
    rows = tf.data.Dataset.from_tensor_slices(order).repeat().batch(batch).batch(steps).prefetch(2)
    iterator = iter(rows)
    step = model.guard.around(model.train_step, model.trained_networks)

    @tf.function(jit_compile=True, autograph=False)
    def loop(rows):
        def body(place):
            step(tf.gather(examples, rows[place]))
            return place + 1

        tf.while_loop(lambda place: place < steps, body, [tf.constant(0)])
        return model.reports.logs()

    return lambda: loop(next(iterator))


def gan(batch, width, steps, blocks=None, precision=FLOAT, way="fit"):
    """`dcgan`, or with residual blocks `r3gan`."""
    import keras_gen as kg

    media = kg.Image(32, 32, 3)
    if blocks is None:
        pair, settings = dcgan(width, precision), {"loss": "non_saturating", "penalties": [], "ema": 0}
    else:  # as its paper trains it
        pair, settings = built(kg.networks.r3gan, precision, media, width=width, blocks=blocks), {}
    contender = kit(kg.GAN(*pair, media=media), images(), batch, steps, way, **settings)
    contender.facts["flop"] = flop_of_step(*pair)
    return contender


def vae(batch, width, steps, precision=FLOAT, way="fit"):
    import keras_gen as kg

    media, likelihood = kg.Image(28, 28, 1), kg.losses.Bernoulli("dynamic")
    pair = built(kg.networks.conv, precision, media, likelihood, latent_dim=32, width=width)
    return evidence(kg.VAE(*pair, media, likelihood), images(size=28, channels=1), batch, steps, way)


def voice(batch, width, steps, precision=FLOAT, way="fit"):
    """The unit is a second of sound."""
    import numpy as np

    import keras_gen as kg

    media, likelihood = kg.Audio(5120, rate=8000), kg.losses.Gaussian("learned")
    pair = built(kg.networks.conv1d, precision, media, likelihood, latent_dim=32, width=width)
    random = np.random.default_rng(0)
    sounds = random.integers(-9000, 9000, (10 * batch, *media.shape)).astype(np.int16)
    return evidence(kg.VAE(*pair, media, likelihood), sounds, batch, steps, way, unit=5120 / 8000)


def text(batch, width, steps, precision=FLOAT, way="fit"):
    """Random sentences of 28 places, of which the first half are words: the unit is a word."""
    import numpy as np

    import keras_gen as kg

    words = [f"w{number}" for number in range(3000)]
    random = np.random.default_rng(0)
    media = kg.Text(28, most_words=3000).learn([" ".join(words[i : i + 10]) for i in range(0, 3000, 10)])
    packed = media.pack([" ".join(random.choice(words, 14)) for _ in range(10 * batch)])
    if way.startswith("textbook"):
        return textbook_text(media, packed, batch, width, way)
    decoder = built(kg.networks.RecurrentDecoder, precision, media.length, media.vocabulary_size, width=width)
    return kit(kg.LanguageModel(decoder, media), packed, batch, steps, way, unit=14)


def evidence(model, packed, batch, steps, way, unit=1):
    """The kit's step of a VAE, or the textbook's with the same networks and likelihood."""
    if way.startswith("textbook"):
        return textbook_vae(model, packed, batch, way, unit)
    return kit(model, packed, batch, steps, way, unit)


# Textbook Keras steps, one at a time, with `jit_compile="auto"` as Keras resolves it or without XLA.


def textbook(step, packed, batch, way, network, unit=1):
    """A contender of a step, a function of a batch.

    Args:
        step: returns logs.
        packed, batch, unit: as in `kit`.
        way: "textbook", or "textbook off" without XLA.
        network: that the step runs, which says whether XLA can compile it.
    """
    import tensorflow as tf

    network.compile(jit_compile="auto")
    compiled = tf.function(step, jit_compile=network.jit_compile and way == "textbook")
    iterator = iter(tf.data.Dataset.from_tensor_slices(packed).repeat().batch(batch).prefetch(4))
    return Contender(timed(lambda: compiled(next(iterator))), batch * unit)


def textbook_gan(batch, width, way):
    from textbook_dcgan import TextbookDCGAN

    model = TextbookDCGAN(*dcgan(width, FLOAT))
    model.compile()
    return textbook(model.train_step, images(), batch, way, model.discriminator)


def textbook_vae(model, packed, batch, way, unit):
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam(1e-3)
    variables = model.encoder.trainable_variables + model.decoder.trainable_variables
    variables += model.likelihood.trainable_variables
    optimizer.build(variables)

    def step(packed):
        x = model.likelihood.observe(model.media.to_model(packed))
        with tf.GradientTape() as tape:
            mean, log_variance = model.encoder(x, training=True)
            z = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
            kl = -0.5 * tf.reduce_sum(1.0 + log_variance - mean**2 - tf.exp(log_variance), axis=-1)
            loss = tf.reduce_mean(kl - model.likelihood.log_prob(x, model.decoder(z, training=True)))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}

    return textbook(step, packed, batch, way, model.encoder, unit)


def textbook_text(media, packed, batch, width, way):
    import keras
    import tensorflow as tf

    tokens = keras.Input((media.length - 1,), dtype="int32")
    table = keras.layers.Embedding(media.vocabulary_size, width)
    hidden = keras.layers.LSTM(width, return_sequences=True)(table(tokens))
    network = keras.Model(tokens, keras.layers.Dense(media.vocabulary_size)(hidden))
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(network.trainable_variables)

    def step(x):
        with tf.GradientTape() as tape:
            costs = tf.nn.sparse_softmax_cross_entropy_with_logits(
                x[:, 1:], network(x[:, :-1], training=True)
            )
            loss = tf.reduce_mean(costs)
        optimizer.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
        return {"loss": loss}

    return textbook(step, packed, batch, way, network, unit=14)


# PyTorch.


def pytorch(batch, width, precision=FLOAT, form="eager"):
    import torch
    from torch_dcgan import make_step, networks

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True  # as TensorFlow does
    pair = [network.to(device) for network in networks(32, 3, width, 100, doublings=3)]
    graph = "graph" in form and device == "cuda"
    real = torch.from_numpy(images(batch).transpose(0, 3, 1, 2).copy()).to(device)
    if form != "eager":
        pair = [network.to(memory_format=torch.channels_last) for network in pair]
        real = real.to(memory_format=torch.channels_last)
    if "compiled" in form and device == "cuda":
        pair = [torch.compile(network) for network in pair]
    plain = make_step(*pair, 100, **({"fused": True, "capturable": True} if graph else {}))

    def step():
        with torch.autocast(device, torch.bfloat16, enabled=precision != FLOAT):
            plain(real)

    captured = []

    def capture():
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        captured.append(torch.cuda.CUDAGraph())
        with torch.cuda.graph(captured[0]):
            step()

    def execute():
        if graph and not captured:
            capture()
        captured[0].replay() if graph else step()

    return Contender(torch_timed(execute), batch)


def paper(folder, batch, width, blocks):
    import torch
    from paper_r3gan import make_step

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True  # as its training loop
    real = torch.from_numpy(images(batch).transpose(0, 3, 1, 2).copy()).to(device)
    step, operators = make_step(folder, width, blocks, batch, device)
    return Contender(torch_timed(lambda: step(real, real)), batch, operators=operators)


def torch_timed(execute):
    import torch

    def take(count):
        start = time.perf_counter()
        for _ in range(count):
            execute()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter() - start

    return take


# What all need.


def matmul(size):
    """What the card can do in bfloat16: the unit is 1e12 floating-point operations."""
    import tensorflow as tf

    products = 20
    matrix = tf.cast(tf.random.normal((size, size)) / size**0.5, tf.bfloat16)

    @tf.function
    def multiply(matrix):
        product = matrix
        for _ in range(products):
            product = tf.matmul(product, matrix)
        return {"last": product[0, 0]}

    return Contender(timed(lambda: multiply(matrix)), products * 2 * size**3 / 1e12)


def images(number=EXAMPLES, size=32, channels=3):
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, (number, size, size, channels), dtype=np.uint8)


def built(networks, precision, *arguments, **settings):
    from keras_gen.training.precision import policy

    with policy(precision):
        return networks(*arguments, **settings)


def dcgan(width, precision):
    import keras_gen as kg

    return built(kg.networks.dcgan, precision, kg.Image(32, 32, 3), width=width)


def flop_of_step(generator, discriminator):
    """Floating-point operations of convolutions and dense layers for an image, as `r3gan` is trained.

    A pass goes forward, or back to inputs or to weights. The discriminator has 6 at real and 6 at generated
    images (forward, back to the image, and back through both of these to inputs and to weights), and 3 for
    the generator's loss (forward at both, back to the image). The generator has 3.
    """

    def forward(network):
        return sum(
            math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
            for layer in network.layers
            if hasattr(layer, "kernel")
        )

    return 2 * (15 * forward(discriminator) + 3 * forward(generator))


KINDS = {each.__name__: each for each in (gan, vae, voice, text, textbook_gan, pytorch, paper, matmul)}


def main():
    arguments, window = json.loads(sys.argv[1]), float(sys.argv[2])
    contender = KINDS[arguments.pop("kind")](**arguments)
    start = time.perf_counter()
    contender.take(1)
    print(json.dumps({"first": time.perf_counter() - start, **contender.facts}), flush=True)
    count = 1
    while contender.take(count) < window / 2:
        count *= 2
    for _ in sys.stdin:
        print(json.dumps({"rate": count * contender.amount / contender.take(count)}), flush=True)


if __name__ == "__main__":
    main()
