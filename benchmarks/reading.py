"""Reading prepared sets: how fast, against other readers and against memory, and in how much memory.

python benchmarks/reading.py [--parts readers training memory loading] [--rounds 9] [--tiny]

Readers are compared by the images a second of shuffled batches, training by its steps a second, both in turns
within one process. Memory is the peak of child processes. The images are made here.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import PIL.Image
import tensorflow as tf

from keras_gen import datasets, recipes
from keras_gen.datasets.shards import Index, Layout, Split, shard_name, write_index, write_shard
from keras_gen.media import Image
from keras_gen.training.loop import execution

CLASSES = [f"class {number}" for number in range(10)]
SHARD = 20_000  # examples
BATCH = 128
AIMS = {
    "image_dataset_from_directory": 2.0,
    "TFRecord, interleaved": 1.0,
    "digits-gan": 0.9,
    "cifar10-gan": 0.9,
}
READ_AHEAD = 32  # batches, at most
MOST_PEAK = 1.2e9  # bytes
MOST_TIMES = 1.3  # of the packed size


def images(count, size=32, channels=3, seed=0):
    """Smooth uint8 images (count, size, size, channels), which PNG packs about as well as photographs."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(20, 236, (count, size // 4, size // 4, channels), np.uint8)
    return coarse.repeat(4, 1).repeat(4, 2) + draw.integers(-8, 8, (count, size, size, channels)).astype(
        "uint8"
    )


def made(count, size=32, channels=3):
    """(labels, image) of so many examples, some at a time."""
    for start in range(0, count, 1000):
        some = images(min(1000, count - start), size, channels, seed=start)
        yield from zip((np.arange(start, start + len(some)) * 7919 % 10).tolist(), some, strict=True)


def prepared(folder, count, size=32, channels=3):
    """A prepared set of so many training examples."""
    folder.mkdir()
    media, examples = Image(size, size, channels), made(count, size, channels)
    total = -(-count // SHARD)
    shards = [
        write_shard(
            folder / shard_name("train", number, total),
            Layout(media, 1),
            [next(examples) for _ in range(min(SHARD, count - number * SHARD))],
        )
        for number in range(total)
    ]
    write_index(folder, Index(media, {"train": Split(tuple(shards))}, CLASSES))
    return folder


def in_memory(count, size=32, channels=3, batch_size=BATCH):
    """The `Dataset` of the same examples in memory."""
    labels, examples = zip(*made(count, size, channels), strict=True)
    arrays = np.stack(examples), np.array(labels, np.int32)
    return datasets.Dataset(Image(size, size, channels), arrays, class_names=CLASSES, batch_size=batch_size)


def folder_of_files(folder, count):
    for number, (label, image) in enumerate(made(count)):
        path = folder / CLASSES[label] / f"{number:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(image).save(path)
    return keras.utils.image_dataset_from_directory(
        folder, image_size=(32, 32), batch_size=BATCH, seed=0, verbose=False
    ).repeat()


def tfrecords(folder, count, files=8):
    folder.mkdir()
    paths = [str(folder / f"{number}.tfrecord") for number in range(files)]
    writers = [tf.io.TFRecordWriter(path) for path in paths]
    for number, (label, image) in enumerate(made(count)):
        writers[number % files].write(np.int32(label).tobytes() + image.tobytes())
    for writer in writers:
        writer.close()

    def read(record):
        packed = tf.io.decode_raw(record, tf.uint8)
        return tf.reshape(packed[4:], (32, 32, 3)), tf.bitcast(packed[:4], tf.int32)

    found = tf.data.Dataset.from_tensor_slices(paths).repeat()
    found = found.interleave(
        tf.data.TFRecordDataset, cycle_length=files, num_parallel_calls=tf.data.AUTOTUNE, deterministic=False
    )
    found = found.shuffle(10_000, seed=0).map(read, num_parallel_calls=tf.data.AUTOTUNE)
    return found.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def grain_loader(folder):
    """Grain over the same shards, or None where it is not installed."""
    try:
        import grain
    except ImportError:
        print("Grain is not installed, and left out.")
        return None
    layout = Layout(Image(32, 32, 3), 1)

    def read(record):
        row = np.frombuffer(record, layout.dtype)[0]
        return row["example"], row["labels"][0]

    source = grain.sources.ArrayRecordDataSource(sorted(map(str, folder.glob("*.array_record"))))
    found = grain.MapDataset.source(source).seed(0).shuffle().repeat().map(read).batch(BATCH)
    return found.to_iter_dataset(grain.ReadOptions(prefetch_buffer_size=READ_AHEAD // 2))


def drawn(iterator, steps):
    """Seconds that so many batches take, after those that were read ahead while others had their turn."""
    for _ in range(min(steps, READ_AHEAD)):
        next(iterator)
    start = time.perf_counter()
    for _ in range(steps):
        next(iterator)
    return time.perf_counter() - start


def in_turns(takers, rounds):
    """The seconds of each of several functions, name -> list, called one after the other, again and again."""
    seconds = {name: [] for name in takers}
    for _ in range(rounds + 1):
        for name, take in takers.items():
            seconds[name].append(take())
    return {name: times[1:] for name, times in seconds.items()}  # the first round warms up


def told(name, ratios, rate, other):
    """A line on how much faster shards are, with the aim."""
    median = statistics.median(ratios)
    aim = AIMS.get(name)
    verdict = "" if aim is None else f", aim {aim:g}: {'met' if median >= aim else 'missed'}"
    print(
        f"shards against {name}: {median:.2f} times ({min(ratios):.2f} to {max(ratios):.2f}){verdict}; "
        f"{rate:,.0f} against {other:,.0f} images/s",
        flush=True,
    )


def compare_readers(folder, count, rounds, steps):
    shards = datasets.load(prepared(folder / "shards", count), batch_size=BATCH)
    readers = {
        "shards": iter(shards.batches()),
        "image_dataset_from_directory": iter(folder_of_files(folder / "files", count)),
        "TFRecord, interleaved": iter(tfrecords(folder / "tfrecords", count)),
        "memory": iter(in_memory(count).batches()),
    }
    grains = grain_loader(folder / "shards")
    if grains is not None:
        readers["Grain"] = iter(grains)
    takers = {name: functools.partial(drawn, reader, steps) for name, reader in readers.items()}
    seconds = in_turns(takers, rounds)
    rates = {name: BATCH * steps / statistics.median(times) for name, times in seconds.items()}
    for name in list(readers)[1:]:
        ratios = [other / own for own, other in zip(seconds["shards"], seconds[name], strict=True)]
        told(name, ratios, rates["shards"], rates[name])


def compare_training(folder, rounds, steps, **smaller):
    for recipe, count, size, channels in (("digits-gan", 1437, 8, 1), ("cifar10-gan", 45_000, 32, 3)):
        config = recipes.resolve(recipe, {"steps_per_execution": 10, **smaller})
        count = count if steps > 20 else 2 * config.batch_size
        kept = prepared(folder / recipe, count, size, channels)
        data = {
            "shards": datasets.load(kept, batch_size=config.batch_size),
            "memory": in_memory(count, size, channels, config.batch_size),
        }
        model = config.build()
        take = execution(model, model.guard.around(model.train_step, model.trained_networks))
        taken = steps if recipe == "cifar10-gan" else 20 * steps  # about as long

        def train(batches, take=take, taken=taken):
            start = time.perf_counter()
            for _ in range(taken // 10):
                take(batches)
            return time.perf_counter() - start

        batches = {name: iter(found.batches()) for name, found in data.items()}
        takers = {name: functools.partial(train, some) for name, some in batches.items()}
        seconds = in_turns(takers, rounds)
        rates = {
            name: config.batch_size * taken / statistics.median(times) for name, times in seconds.items()
        }
        ratios = [m / s for s, m in zip(seconds["shards"], seconds["memory"], strict=True)]
        told(recipe, ratios, rates["shards"], rates["memory"])


def peak():
    """The most memory that this process has held since `forget_peak`, bytes."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def child_trains(source, count, steps):
    """Trains on a prepared set, or on so many examples in memory; prints the losses and the peak."""
    config = recipes.resolve("cifar10-gan", {"width": 8, "batch_size": 64, "steps_per_execution": 1})
    data = datasets.load(source, batch_size=64) if source else in_memory(count, batch_size=64)
    model = config.build()
    losses = []
    seen = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: losses.append(logs))
    model.fit(data.batches(), steps_per_epoch=steps // 4, epochs=4, verbose=0, callbacks=[seen])
    print(json.dumps({"peak": peak(), "losses": losses}))


def child_loads(path):
    """Loads files; prints how much memory that takes at most, over the packed size."""
    datasets.load(np.zeros((100, 8, 8), np.uint8), batch_size=1, duplicates="keep")
    forget_peak()
    before = peak()
    data = datasets.load(path, size=32)
    size = sum(data.arrays(split)[0].nbytes for split in ("train", "val", "test"))
    print(json.dumps({"times": (peak() - before) / size}))


def child(*arguments):
    """What a child process prints at the end."""
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure_memory(folder, counts, steps):
    """Peaks of training, and whether the losses are those of the same examples in memory."""
    for count in counts:
        found = child("trains", prepared(folder / str(count), count), count, steps)
        note = f"aim {MOST_PEAK / 1e9:g} GB: {'met' if found['peak'] <= MOST_PEAK else 'missed'}"
        if count == counts[0]:
            same = child("trains", "", count, steps)["losses"] == found["losses"]
            note += f"; the losses are {'' if same else 'NOT '}those of memory, bit for bit"
        print(f"training on {count:,} images: peak {found['peak'] / 1e9:.2f} GB, {note}", flush=True)


def measure_loading(folder, count):
    """Peaks of loading in memory."""
    labels, examples = map(np.array, zip(*made(count), strict=True))
    np.savez(folder / "images.npz", x=examples, y=labels)
    folder_of_files(folder / "files", count)
    for kind, path in (("an .npz", folder / "images.npz"), ("a folder of PNG", folder / "files")):
        times = child("loads", path)["times"]
        verdict = "met" if times <= MOST_TIMES else "missed"
        print(
            f"loading {kind}: peak {times:.2f} times the packed size, aim {MOST_TIMES}: {verdict}", flush=True
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ["readers", "training", "memory", "loading"]
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tiny", action="store_true", help="whether to try only that all of it runs")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, source, *numbers = options.child
        child_loads(source) if kind == "loads" else child_trains(source, *map(int, numbers))
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    tiny, rounds = options.tiny, 1 if options.tiny else options.rounds
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for part in options.parts:
            (folder / part).mkdir()
        if "readers" in options.parts:
            compare_readers(folder / "readers", 300 if tiny else 20_000, rounds, 2 if tiny else 100)
        if "training" in options.parts:
            smaller = {"width": 8, "batch_size": 16} if tiny else {}
            compare_training(folder / "training", rounds, 10 if tiny else 40, **smaller)
        if "memory" in options.parts:
            counts = (200,) if tiny else (10_000, 100_000, 1_000_000)
            measure_memory(folder / "memory", counts, 4 if tiny else 40)
        if "loading" in options.parts:
            measure_loading(folder / "loading", 200 if tiny else 50_000)


if __name__ == "__main__":
    main()
