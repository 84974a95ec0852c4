"""Training rates on a GPU: the kit's steps, textbook Keras steps on the same networks, PyTorch, in one run.

Each contender is a process of its own. All compile first, `--workers` at a time; then they are measured
in turns, a window each, in several rounds, so that what disturbs the machine disturbs all alike. A
contender that does not compile in time is stopped, and the table says so. Seconds to the first step
count from the built model, with one worker.

    python benchmarks/gpu.py [--groups dcgan-64 dcgan-512 r3gan vae voice text] [--rounds 3] [--window 1.5]
    python benchmarks/gpu.py --tiny     # tries every contender on the processor, with tiny sizes

Where there is no GPU it says so and ends. PyTorch's contenders are left out where it is not installed;
`--torch-python` names an interpreter that has it.
"""

import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

FLOAT, HALF = "float32", "mixed_bfloat16"
SHORT = {FLOAT: "float32", HALF: "bfloat16"}

# What is compared: group -> name -> arguments of a function of BUILDERS. The first of a group is what ratios
# are taken of.


def dcgan_group(batch):
    sizes = {"batch": batch, "width": 64}
    group = {
        "textbook": {"kind": "textbook", **sizes},
        "textbook, XLA": {"kind": "textbook", "jit": True, **sizes},
    }
    for precision in (FLOAT, HALF):
        for jit, steps in ((False, 1), (False, 10), (True, 1), (True, 10), (True, 50)):
            name = f"kit, {SHORT[precision]}{', XLA' * jit}, {steps} in an execution"
            group[name] = {"kind": "gan", "precision": precision, "jit": jit, "steps": steps, **sizes}
        for form in ("eager", "channels_last", "compiled", "graph", "compiled graph"):
            name = f"PyTorch, {SHORT[precision]}, {form}"
            group[name] = {"kind": "pytorch", "precision": precision, "form": form, **sizes}
    group["kit, float32, XLA, fit"] = {"kind": "gan", "jit": True, "steps": 50, "fit": True, **sizes}
    return group


def model_group(kind, **sizes):
    return {
        "textbook": {"kind": kind, "textbook": True, **sizes},
        "textbook, XLA": {"kind": kind, "textbook": True, "jit": True, **sizes},
        "kit": {"kind": kind, **sizes},
        "kit, XLA": {"kind": kind, "jit": True, **sizes},
        "kit, bfloat16, XLA": {"kind": kind, "jit": True, "precision": HALF, **sizes},
    }


def groups(tiny):
    r3gan = {
        "kind": "gan",
        "network": "r3gan",
        "steps": 10,
        **({"batch": 4, "width": 8} if tiny else {"batch": 256, "width": 96}),
    }
    return {
        "dcgan-64": dcgan_group(4 if tiny else 64),
        "dcgan-512": dcgan_group(6 if tiny else 512),
        "r3gan": {
            f"kit, {SHORT[precision]}{', XLA' * jit}": {"precision": precision, "jit": jit, **r3gan}
            for precision in (FLOAT, HALF)
            for jit in (False, True)
        },
        "vae": model_group("vae", batch=4 if tiny else 128),
        "voice": model_group("voice", batch=4 if tiny else 64),
        "text": model_group("text", batch=4 if tiny else 128),
    }


# The contenders, in processes of their own: each gives a function that takes a number of executions and waits
# for the last, and how many examples one execution is of.


def endless(batch):
    import tensorflow as tf

    return iter(tf.data.Dataset.from_tensors(batch).cache().repeat())


def images(batch, size=32, channels=3):
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, (batch, size, size, channels), dtype=np.uint8)


def in_loop(model, batch, steps, fit=False):
    """Takes executions of the function that `fit` calls, or calls `fit`."""
    if fit:
        import tensorflow as tf

        data = tf.data.Dataset.from_tensors(batch).cache().repeat()
        return lambda count: model.fit(data, steps_per_epoch=count * steps, verbose=0)
    model.make_train_function()
    return calls(model.train_function, batch)


def calls(function, batch, get=lambda iterator: iterator):
    iterator = endless(batch)

    def take(count):
        for _ in range(count):
            logs = function(get(iterator))
        return {name: float(value) for name, value in logs.items()}

    return take


def dcgan_pair(width, precision=FLOAT):
    import keras_gen as kg
    from keras_gen.training.precision import policy

    media = kg.Image(32, 32, 3)
    with policy(precision):
        return media, kg.networks.dcgan(media, width=width)


def textbook(batch, width, jit=False):
    import tensorflow as tf
    from textbook_dcgan import TextbookDCGAN

    model = TextbookDCGAN(*dcgan_pair(width)[1])
    model.compile()
    return calls(tf.function(model.train_step, jit_compile=jit), images(batch), next), batch


def gan(batch, width, network="dcgan", precision=FLOAT, jit=False, steps=1, fit=False):
    import keras_gen as kg
    from keras_gen.training.precision import policy

    if network == "dcgan":
        media, pair = dcgan_pair(width, precision)
        settings = {"loss": "non_saturating", "penalties": [], "ema": 0}
    else:  # as its paper trains it
        media, settings = kg.Image(32, 32, 3), {}
        with policy(precision):
            pair = kg.networks.r3gan(media, width=width, blocks=2)
    model = kg.GAN(*pair, media=media)
    model.compile(jit_compile=jit, steps_per_execution=steps, **settings)
    return in_loop(model, images(batch), steps, fit), batch * steps


def vae(batch, precision=FLOAT, jit=False, textbook=False):
    import keras_gen as kg
    from keras_gen.training.precision import policy

    media, likelihood = kg.Image(28, 28, 1), kg.losses.Bernoulli("dynamic")
    with policy(precision):
        pair = kg.networks.conv(media, likelihood, latent_dim=32, width=32)
    model = kg.VAE(*pair, media, likelihood)
    return evidence(model, images(batch, 28, 1), jit, textbook), batch * (1 if textbook else 10)


def voice(batch, precision=FLOAT, jit=False, textbook=False):
    import numpy as np

    import keras_gen as kg
    from keras_gen.training.precision import policy

    media, likelihood = kg.Audio(5120, rate=8000), kg.losses.Gaussian("learned")
    with policy(precision):
        pair = kg.networks.conv1d(media, likelihood, latent_dim=32, width=64)
    model = kg.VAE(*pair, media, likelihood)
    sounds = np.random.default_rng(0).integers(-9000, 9000, (batch, *media.shape)).astype(np.int16)
    seconds = 5120 / 8000
    return evidence(model, sounds, jit, textbook), batch * seconds * (1 if textbook else 10)


def evidence(model, batch, jit, textbook):
    """The kit's step of a VAE, or the textbook's with the same networks and likelihood."""
    import keras
    import tensorflow as tf

    if not textbook:
        model.compile(jit_compile=jit, steps_per_execution=10)
        return in_loop(model, batch, 10)
    optimizer = keras.optimizers.Adam(1e-3)
    variables = model.encoder.trainable_variables + model.decoder.trainable_variables
    variables += model.likelihood.trainable_variables
    optimizer.build(variables)

    @tf.function(jit_compile=jit)
    def step(packed):
        x = model.likelihood.observe(model.media.to_model(packed))
        with tf.GradientTape() as tape:
            mean, log_variance = model.encoder(x, training=True)
            z = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
            kl = -0.5 * tf.reduce_sum(1.0 + log_variance - mean**2 - tf.exp(log_variance), axis=-1)
            loss = tf.reduce_mean(kl - model.likelihood.log_prob(x, model.decoder(z, training=True)))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}

    return calls(step, batch, next)


def text(batch, precision=FLOAT, jit=False, textbook=False):
    """Random sentences of 28 places, of which the first half are words: the unit is a word."""
    import keras
    import numpy as np
    import tensorflow as tf

    import keras_gen as kg
    from keras_gen.training.precision import policy

    words = [f"w{number}" for number in range(3000)]
    random = np.random.default_rng(0)
    media = kg.Text(28, most_words=3000).learn([" ".join(words[i : i + 10]) for i in range(0, 3000, 10)])
    sentences = [" ".join(random.choice(words, 14)) for _ in range(batch)]
    packed, width = media.pack(sentences), 192
    if not textbook:
        with policy(precision):
            decoder = kg.networks.RecurrentDecoder(media.length, media.vocabulary_size, width=width)
        model = kg.LanguageModel(decoder, media)
        model.compile(jit_compile=jit, steps_per_execution=10)
        return in_loop(model, packed, 10), batch * 14 * 10
    tokens = keras.Input((media.length - 1,), dtype="int32")
    table = keras.layers.Embedding(media.vocabulary_size, width)
    hidden = keras.layers.LSTM(width, return_sequences=True)(table(tokens))
    network = keras.Model(tokens, keras.layers.Dense(media.vocabulary_size)(hidden))
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(network.trainable_variables)

    @tf.function(jit_compile=jit)
    def step(x):
        with tf.GradientTape() as tape:
            costs = tf.nn.sparse_softmax_cross_entropy_with_logits(
                x[:, 1:], network(x[:, :-1], training=True)
            )
            loss = tf.reduce_mean(costs)
        optimizer.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
        return {"loss": loss}

    return calls(step, packed, next), batch * 14


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

    def step(real):
        with torch.autocast(device, torch.bfloat16, enabled=precision != FLOAT):
            plain(real)

    captured = []

    def capture():
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for _ in range(3):
                step(real)
        torch.cuda.current_stream().wait_stream(side)
        captured.append(torch.cuda.CUDAGraph())
        with torch.cuda.graph(captured[0]):
            step(real)

    def take(count):
        if graph and not captured:
            capture()
        for _ in range(count):
            captured[0].replay() if graph else step(real)
        if device == "cuda":
            torch.cuda.synchronize()

    return take, batch


BUILDERS = {"textbook": textbook, "gan": gan, "vae": vae, "voice": voice, "text": text, "pytorch": pytorch}


def contend(arguments, window):
    """A contender's process: builds, takes the first step, then measures a window for each line that it
    reads.
    """
    take, examples = BUILDERS[arguments.pop("kind")](**arguments)
    start = time.perf_counter()
    take(1)
    first = time.perf_counter() - start
    take(2)
    start = time.perf_counter()
    take(2)
    count = max(1, round(window / ((time.perf_counter() - start) / 2)))
    print(json.dumps({"first": first}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        take(count)
        print(json.dumps({"rate": count * examples / (time.perf_counter() - start)}), flush=True)


class Contender:
    """A process that was asked to contend."""

    def __init__(self, name, arguments, options):
        self.name, self.arguments, self.options = name, dict(arguments), options
        self.rates, self.first, self.failure, self.process = [], None, None, None

    def begin(self):
        """Waits until it has taken its first steps, and no longer than the limit."""
        is_torch = self.arguments["kind"] == "pytorch"
        python = self.options.torch_python if is_torch else sys.executable
        environment = surroundings(is_torch)
        if self.options.tiny:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        command = [python, os.path.abspath(sys.argv[0]), "--contend", json.dumps(self.arguments)]
        self.errors = Path(self.options.logs) / f"{abs(hash(self.name + json.dumps(self.arguments)))}.log"
        self.process = subprocess.Popen(
            [*command, "--window", str(self.options.window)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors.open("w"),
            text=True,
            env=environment,
        )
        answer = self.answer(self.options.limit)
        self.first = answer and answer["first"]

    def measure(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except OSError:
            pass
        answer = self.answer(20 * self.options.window + 20)
        if answer:
            self.rates.append(answer["rate"])

    def answer(self, limit):
        """What it prints next, or None: it is then over."""
        timer = threading.Timer(limit, self.process.kill)
        timer.start()
        for line in self.process.stdout:
            if line.startswith("{"):
                timer.cancel()
                return json.loads(line)
        timed_out = not timer.is_alive()
        timer.cancel()
        self.process.wait()
        lines = [line for line in self.errors.read_text(errors="replace").splitlines() if line.strip()]
        self.failure = f"not done in {limit:.0f} s" if timed_out else (lines or ["ended"])[-1][:300]
        return None

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    @property
    def rate(self):
        return statistics.median(self.rates) if self.rates else None


def compare(title, contenders, options):
    """Runs the contenders of a group, and prints and returns what they did."""
    everyone = [Contender(name, arguments, options) for name, arguments in contenders.items()]
    try:
        with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
            list(pool.map(Contender.begin, everyone))
        for number in range(options.rounds):
            for each in everyone[number % len(everyone) :] + everyone[: number % len(everyone)]:
                if not each.failure:
                    each.measure()
    finally:
        for each in everyone:
            each.end()
    base = everyone[0].rate
    print(f"\n{title}, {options.card}, {options.rounds} rounds of {options.window:g} s")
    print(f"{'contender':44}{'a second':>12}{'spread':>8}{'times first':>12}{'first step s':>14}")
    for each in everyone:
        if each.failure:
            print(f"{each.name:44}  failed: {each.failure}")
            continue
        spread = (max(each.rates) - min(each.rates)) / each.rate
        ratio = f"{each.rate / base:12.2f}" if base else f"{'':12}"
        print(f"{each.name:44}{each.rate:12,.0f}{spread:8.1%}{ratio}{each.first:14.1f}", flush=True)
    found = [
        {
            "group": title,
            "name": e.name,
            "rates": e.rates,
            "first": e.first,
            "failure": e.failure,
            "card": options.card,
        }
        for e in everyone
    ]
    if options.json:
        with open(options.json, "a") as file:
            file.writelines(json.dumps(row) + "\n" for row in found)
    return found


def card():
    """The name of the first GPU, or None. This process leaves the GPU alone."""
    command = "import tensorflow as tf; g = tf.config.list_physical_devices('GPU'); "
    command += (
        "print('GPU ' + tf.config.experimental.get_device_details(g[0])['device_name'] if g else 'none')"
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    found = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, env=environment)
    last = found.stdout.strip().splitlines()[-1:] or ["none"]
    return None if last == ["none"] else last[0].removeprefix("GPU ")


def has_torch(python):
    return not subprocess.run(
        [python, "-c", "import torch"], capture_output=True, env=surroundings(True)
    ).returncode


def surroundings(for_torch):
    """The environment of a contender. PyTorch brings its CUDA libraries, and must not find TensorFlow's."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    if for_torch:
        environment.pop("LD_LIBRARY_PATH", None)
    return environment


def main(all_groups=groups):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groups", nargs="+", choices=list(all_groups(True)))
    parser.add_argument(
        "--only", nargs="+", default=[""], help="contenders whose name contains one of these, and the first"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=1.5, help="seconds a round of a contender")
    parser.add_argument(
        "--limit", type=float, default=240, help="seconds in which a contender must take its first steps"
    )
    parser.add_argument("--workers", type=int, default=1, help="contenders that compile at a time")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--json", help="file that each result is added to, a line each")
    parser.add_argument("--logs", default="/tmp", help="folder for what the contenders complain of")
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        return contend(json.loads(options.contend), options.window)
    if options.tiny:
        options.card, options.rounds, options.window = "processor, tiny", min(options.rounds, 1), 0.01
    else:
        options.card = card()
    if options.card is None:
        print("TensorFlow sees no GPU here: nothing is measured. --tiny tries everything on the processor.")
        return None
    with_torch = has_torch(options.torch_python)
    for name, contenders in all_groups(options.tiny).items():
        if options.groups and name not in options.groups:
            continue
        kept = {
            title: arguments
            for place, (title, arguments) in enumerate(contenders.items())
            if (with_torch or arguments["kind"] != "pytorch")
            and (not place or any(part in title for part in options.only))
        }
        if options.tiny:
            kept = {
                title: {**arguments, **({"width": 8} if "width" in arguments else {})}
                for title, arguments in kept.items()
            }
        compare(name, kept, options)


if __name__ == "__main__":
    main()
