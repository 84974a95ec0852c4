"""What a GPU shows: rates beside textbook Keras and PyTorch, seconds to the first step, quality, resuming.

    python benchmarks/gpu.py [--groups dcgan-64 ...] [--minutes 60] [--paper R3GAN] [--json FILE]
    python benchmarks/gpu.py --tiny     # tries everything on the processor, with tiny sizes

Contenders (`gpu_contenders.py`) are processes of their own. Those of a group compile first, `--workers` at a
time; then they are measured in turns, a window each, in several rounds, so that what disturbs the machine
disturbs all alike; they share the card's memory. Their seconds to the first step are those beside other work:
the group `first-step` measures them alone, with an empty cache of XLA and then with a full one. The kit's
contenders run as they come: `jit_compile="auto"`, through `fit`, with examples in memory and 50 steps in an
execution.

A process that is not done in time is stopped, and the tables say so; groups that `--minutes` leave no time
for are named. Where there is no GPU, nothing is measured. Left out are PyTorch's contenders where it is not
installed (`--torch-python` names an interpreter that has it), the code of R3GAN's paper where `--paper` does
not name a folder with a clone of github.com/brownvc/R3GAN, and the quality where there is no cifar10*.zip in
the folder `--data`. What is compared and what is wanted of it stands in `gpu_plan.py`.
"""

import argparse
import concurrent.futures
import contextlib
import functools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from gpu_plan import GROUPS, PEAK, RECIPES, RESUMED, TWO_CORES, UNITS, aims, contenders_of

HERE = Path(__file__).resolve().parent
TORCH = ("pytorch", "paper")  # kinds of contenders


class Failed(Exception):
    """A process was stopped, or ended without an answer; the message says why."""


class Process:
    """A process that answers in lines of JSON.

    Args:
        python: path of its interpreter.
        script: in the folder of this one.
        *arguments: texts.
        environment: dict.
    """

    def __init__(self, python, script, *arguments, environment):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=environment,
            start_new_session=True,  # so that what it starts ends with it
        )

    def answer(self, limit):
        """What it says next. Raises `Failed` where it does not within so many seconds."""
        timer = threading.Timer(limit, self.kill)
        timer.start()
        for line in self.process.stdout:
            if line.startswith("{"):
                timer.cancel()
                return json.loads(line)
        timed_out = not timer.is_alive()
        timer.cancel()
        self.process.wait()
        self.errors.seek(0)
        lines = [line for line in self.errors.read().splitlines() if line.strip()]
        raise Failed(f"not done in {limit:.0f} s" if timed_out else (lines or ["ended"])[-1][:300])

    def ask(self, limit):
        """The answer to an empty line."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Failed("ended") from error
        return self.answer(limit)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def end(self):
        self.kill()
        self.process.wait()
        self.errors.close()


class Contender:
    """A process that is measured, and what was found of it."""

    def __init__(self, name, arguments, run):
        self.name, self.arguments, self.run = name, arguments, run
        self.rates, self.facts, self.failure, self.process = [], {}, None, None

    def begin(self):
        """Waits until it has taken its first steps."""
        is_torch = self.arguments["kind"] in TORCH
        python = self.run.options.torch_python if is_torch else sys.executable
        window = str(self.run.options.window)
        environment = self.run.surroundings(is_torch)
        arguments = (json.dumps(self.arguments), window)
        try:
            self.process = Process(python, "gpu_contenders.py", *arguments, environment=environment)
            self.facts = self.process.answer(self.run.limit())
        except Failed as failure:
            self.failure = str(failure)

    def measure(self):
        if self.failure:
            return
        if self.run.left() < 5:
            self.failure = None if self.rates else "the time is over"
            return
        try:
            self.rates.append(self.process.ask(self.run.limit(20 * self.run.options.window + 30))["rate"])
        except Failed as failure:
            self.failure = str(failure)

    @property
    def rate(self):
        return statistics.median(self.rates)


class Run:
    """All that is measured: groups in turn, until the time is over.

    Args:
        options: of the command.
        card: name of the GPU.
    """

    def __init__(self, options, card):
        self.options, self.card = options, card
        self.end = time.monotonic() + 60 * options.minutes
        self.found, self.rows = {}, []

    @functools.cached_property
    def has_torch(self):
        command = [self.options.torch_python, "-c", "import torch"]
        return not subprocess.run(command, capture_output=True, env=self.surroundings(True)).returncode

    def left(self):
        return self.end - time.monotonic()

    def limit(self, most=None):
        """Seconds that a process may take."""
        return max(0.0, min(most or self.options.limit, self.left()))

    def surroundings(self, for_torch=False, **more):
        """The environment of a process. PyTorch brings its CUDA libraries, and must not find TensorFlow's."""
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_FORCE_GPU_ALLOW_GROWTH": "true", **more}
        package = str(HERE.parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (package, environment.get("PYTHONPATH"))))
        if for_torch:
            environment.pop("LD_LIBRARY_PATH", None)
        if self.options.tiny:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        return environment

    def keep(self, group, name, value, **more):
        self.found[group, name] = value
        self.rows.append({"group": group, "name": name, "value": value, **more})

    def lose(self, group, name, failure):
        print(f"{name:40}  failed: {failure}", flush=True)
        self.rows.append({"group": group, "name": name, "failure": failure})

    # Rates.

    def rates(self, group):
        """Measures the contenders of a group in turns."""
        options, asked = self.options, contenders_of(group, self.options)
        everyone = [
            Contender(name, arguments, self)
            for name, arguments in asked.items()
            if arguments["kind"] not in TORCH or self.has_torch
        ]
        if len(everyone) < len(asked):
            print(f"Left out: PyTorch, which {options.torch_python} cannot import.")
        if group == "r3gan" and not options.paper:
            print("Left out: the paper's code, since --paper names no folder.")
        try:
            with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
                list(pool.map(Contender.begin, everyone))
            for number in range(options.rounds):
                turn = number % len(everyone)
                for each in everyone[turn:] + everyone[:turn]:
                    each.measure()
        finally:
            for each in everyone:
                if each.process:
                    each.process.end()
        self.tell(group, everyone)
        if group == "r3gan":
            self.share_of_peak(everyone)

    def tell(self, group, contenders):
        """Prints and keeps what the contenders did."""
        unit = UNITS.get(group, "images")
        print(f"{'':30}{unit + ' a second':>26}{'spread':>8}{'times first':>12}{'first step s':>14}")
        base = None
        for each in contenders:
            if each.failure:
                self.lose(group, each.name, each.failure)
                continue
            self.keep(group, each.name, each.rate, rates=each.rates, **each.facts)
            if each.name == PEAK:
                print(f"{each.name:40}{each.rate:16,.1f}")
                continue
            base = base or each.rate
            spread, first = (max(each.rates) - min(each.rates)) / each.rate, each.facts["first"]
            told = f"{each.name:40}{each.rate:16,.0f}{spread:8.1%}{each.rate / base:12.2f}{first:14.1f}"
            print(f"{told}  {each.facts['operators']} operators" if "operators" in each.facts else told)

    def share_of_peak(self, everyone):
        """What the step's convolutions and dense layers are, of the matrix products that the card can do."""
        flop = next((each.facts["flop"] for each in everyone if "flop" in each.facts), 0) / 1e12
        rates = {each.name: each.rate for each in everyone if not each.failure}
        if PEAK not in rates or not flop:
            return
        print(f"An image takes {1000 * flop:.2f} GFLOP (counted in gpu_contenders.flop_of_step). Shares:")
        for name, rate in rates.items():
            if name.startswith("kit"):
                print(f"    {name:36}{rate * flop / rates[PEAK]:8.1%}")
        if "kit, bfloat16" in rates:
            self.keep("r3gan", "share", rates["kit, bfloat16"] * flop / rates[PEAK])

    # The rest.

    def check(self, group, name, limit, environment=None, **arguments):
        """What a process of `gpu_checks.py` answers, or None where it failed, which is kept."""
        environment = environment or self.surroundings()
        process = Process(sys.executable, "gpu_checks.py", json.dumps(arguments), environment=environment)
        try:
            return process.answer(self.limit(limit))
        except Failed as failure:
            self.lose(group, name, str(failure))
        finally:
            process.end()

    def first_step(self, group):
        print(f"{'':40}{'seconds from the built model':>30}{'from the command':>20}")
        for recipe, tiny in RECIPES.items():
            asked = {"kind": "first_step", "recipe": recipe, "fields": tiny if self.options.tiny else {}}
            with tempfile.TemporaryDirectory() as cache:
                environment = self.surroundings(KERAS_GEN_CACHE=cache)
                environment.pop("TF_XLA_FLAGS", None)  # may name another cache
                for name in (f"{recipe}, empty cache", f"{recipe}, full cache"):
                    found = self.check(group, name, 300, environment, **asked)
                    if found:
                        print(f"{name:40}{found['model']:30.1f}{found['command']:20.1f}", flush=True)
                        self.keep(group, name, found["model"], **found)

    def quality(self, group):
        recipe, seconds, fields = "cifar10-gan", 120, {}
        if self.options.tiny:
            recipe, seconds, fields = "digits-gan", 5, {"width": 8}
        elif paths := sorted(Path(self.options.data or "/dev/null").glob("cifar10*.zip")):
            fields = {"data": str(paths[0])}
        else:
            print("Left out: --data names no folder with the images of CIFAR-10 in a cifar10*.zip.")
            return
        asked = {"kind": "quality", "recipe": recipe, "fields": fields, "seconds": seconds}
        found = self.check(group, recipe, seconds + 240, **asked)
        if found:
            print(
                f"{recipe}: Frechet distance {found['frechet']:.2f} after {found['examples']:,} of its "
                f"{found['of']:,} examples in {found['seconds']:.0f} s."
            )
            self.keep(group, recipe, found["frechet"], **found)
        if found and not self.options.tiny:
            distance, examples = TWO_CORES
            print(
                f"On two cores all of them take 45 minutes; {distance} was reached there after {examples:,}."
            )
            self.keep(group, "share", found["examples"] / found["of"])

    def resume(self, group):
        settings = ["epochs=2", "steps_per_execution=10", "checkpoint_steps=10"]
        settings.append(f"steps_per_epoch={40 if self.options.tiny else 100}")
        modes = [(recipe, True) for recipe in RESUMED]
        modes += [(recipe, False) for recipe in list(RESUMED)[: 1 if self.options.tiny else None]]

        def one(recipe, deterministic):
            name = f"{recipe}, {'deterministic' if deterministic else 'not deterministic'}"
            asked = {"recipe": recipe, "settings": settings + RESUMED[recipe], "deterministic": deterministic}
            found = self.check(group, name, 600, kind="resume", **asked)
            if not found:
                return
            if found["killed after"] == found["of"]:
                return self.lose(group, name, "the kill came after its end")
            names = found["differs"]
            result = f"{len(names)} variables differ: {', '.join(names)[:200]}" if names else "equal"
            print(f"{name:40}  killed after {found['killed after']:,} of {found['of']:,} examples: {result}")
            self.keep(group, name, len(names), **found)

        with concurrent.futures.ThreadPoolExecutor(self.options.workers) as pool:
            list(pool.map(one, *zip(*modes, strict=True)))

    # All of it.

    def everything(self, groups):
        for group in groups:
            print(f"\n{group} ({self.card})", flush=True)
            if self.left() < 30:
                print("Left out: the time is over.")
                self.rows.append({"group": group, "failure": "the time is over"})
                continue
            others = {"first-step": self.first_step, "quality": self.quality, "resume": self.resume}
            others.get(group, self.rates)(group)
            self.write()
        self.judge()
        self.write()

    def write(self):
        sys.stdout.flush()
        if self.options.json:
            found = {"card": self.card, "rows": self.rows}
            Path(self.options.json).write_text(json.dumps(found, indent=1) + "\n")

    def judge(self):
        """Prints each aim beside its figure."""
        print(f"\n{f'aim ({self.card})':64}{'wanted':>14}{'found':>10}")
        for sentence, sense, wanted, value in aims(self.found):
            met = value is not None and (value >= wanted if sense == "at least" else value <= wanted)
            told = "  not measured" if value is None else f"{value:10.2f}  {'met' if met else 'MISSED'}"
            print(f"{sentence:64}{f'{sense} {wanted:g}':>14}{told}")
            self.rows.append({"aim": sentence, "wanted": f"{sense} {wanted:g}", "value": value, "met": met})


def card():
    """The name of the first GPU, or None. This process leaves the GPU alone."""
    command = (
        "import tensorflow as tf; gpus = tf.config.list_physical_devices('GPU'); "
        "print('GPU', tf.config.experimental.get_device_details(gpus[0])['device_name'] if gpus else '')"
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    found = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, env=environment)
    last = found.stdout.strip().splitlines()[-1:] or ["GPU"]
    return last[0].removeprefix("GPU").strip() or None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=GROUPS)
    parser.add_argument("--minutes", type=float, default=60, help="for all of it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=1.5, help="seconds a round of a contender")
    parser.add_argument("--limit", type=float, default=240, help="seconds to the first steps of a contender")
    parser.add_argument("--workers", type=int, default=4, help="contenders that compile at a time")
    parser.add_argument("--paper", help="folder with a clone of github.com/brownvc/R3GAN")
    parser.add_argument("--data", default=os.environ.get("KERAS_GEN_DATA"), help="folder of a cifar10*.zip")
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--json", help="file for all figures")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    if options.tiny:
        options.rounds, options.window, options.workers = 1, 0.01, 2
    found = "processor, tiny sizes: figures without meaning" if options.tiny else card()
    if found is None:
        print("TensorFlow sees no GPU here: nothing is measured. --tiny tries everything on the processor.")
        return
    Run(options, found).everything(options.groups)


if __name__ == "__main__":
    main()
