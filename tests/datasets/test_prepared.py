"""A prepared set gives what the same examples in memory give, and trusts nothing that stands in it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import keras_gen as kg
from keras_gen import recipes
from keras_gen.datasets import Dataset, load
from keras_gen.datasets import dataset as datasets
from keras_gen.datasets.account import Account
from keras_gen.datasets.shards import (
    INDEX,
    Index,
    Layout,
    Split,
    check_shard,
    fingerprint_of,
    read_index,
    shard_name,
    write_index,
    write_shard,
)
from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Text

IMAGE = Image(8, 6, 3)
AUDIO = Audio(64, 8000, 8, 32, 16)
TEXT = Text(length=5).learn(["so it goes", "it is so"])
TWO = {"digit": ["0", "1", "2"], "speaker": ["theo", "jackson"]}
KINDS = {
    "images": (IMAGE, None),
    "labeled images": (IMAGE, ["cat", "dog", "fox"]),
    "recordings of two labels": (AUDIO, TWO),
    "labeled sentences": (TEXT, ["yes", "no"]),
}
COUNTS = {"train": 23, "val": 7, "test": 6}


def arrays(media, class_names):
    draw = np.random.default_rng(0)
    most = getattr(media, "vocabulary_size", None) or np.iinfo(media.dtype).max
    columns = class_names.values() if isinstance(class_names, dict) else [class_names]
    found = {}
    for split, count in COUNTS.items():
        examples = draw.integers(0, most, (count, *media.shape)).astype(media.dtype)
        labels = None
        if class_names:
            labels = [draw.integers(0, len(names), count, np.int32) for names in columns]
            labels = np.stack(labels, axis=-1) if len(labels) > 1 else labels[0]
        found[split] = examples, labels
    return found


def prepare(folder, media, splits, class_names=None, shards=3):
    """Writes a prepared set of arrays."""
    found = {}
    for split, (examples, labels) in splits.items():
        count = 0 if labels is None else np.ndim(labels[0]) and len(labels[0]) or 1
        layout = Layout(media, count)
        labels = [None] * len(examples) if labels is None else labels
        cuts = np.linspace(0, len(examples), shards + 1).astype(int)
        found[split] = Split(
            tuple(
                write_shard(
                    folder / shard_name(split, i, shards),
                    layout,
                    zip(labels[cuts[i] : cuts[i + 1]], examples[cuts[i] : cuts[i + 1]], strict=True),
                )
                for i in range(shards)
            ),
            labeled=bool(count),
        )
    write_index(folder, Index(media, found, class_names))
    return folder


@pytest.fixture(scope="module", params=KINDS)
def twins(request, tmp_path_factory):
    """The same examples in shards and in memory, in batches of 4."""
    media, class_names = KINDS[request.param]
    splits = arrays(media, class_names)
    folder = prepare(tmp_path_factory.mktemp("set"), media, splits, class_names)
    how = {"batch_size": 4, "seed": 7}
    return load(folder, **how), Dataset(media, **splits, class_names=class_names, **how)


@pytest.fixture
def folder(tmp_path):
    """A prepared set of labeled images."""
    return prepare(tmp_path, IMAGE, arrays(IMAGE, TWO), TWO)


def assert_same(ours, theirs, count=None):
    assert ours.element_spec == theirs.element_spec
    pairs = list(zip(ours.take(count or -1), theirs.take(count or -1), strict=True))
    assert pairs
    for one, other in pairs:
        for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            np.testing.assert_array_equal(a, b)


def test_batches_are_those_of_memory_also_resumed_and_divided(twins):
    shards, memory = twins
    assert (shards.media, shards.class_names, shards.num_classes) == (
        memory.media,
        memory.class_names,
        memory.num_classes,
    )
    for _ in range(2):  # two epochs, in two orders
        assert_same(shards.train, memory.train)
    assert_same(shards.val, memory.val)
    assert_same(shards.test, memory.test)
    for start in (0, 3, 11):
        assert_same(shards.batches("train", start), memory.batches("train", start), 8)
    for worker in range(2):
        context = tf.distribute.InputContext(2, worker, 2)
        assert_same(shards.batches("train", 4, context), memory.batches("train", 4, context), 8)


def test_arrays_are_those_of_memory(twins):
    shards, memory = twins
    for split in COUNTS:
        for rows in (None, np.array([5, 0, 3])):
            for ours, theirs in zip(shards.arrays(split, rows), memory.arrays(split, rows), strict=True):
                np.testing.assert_array_equal(ours, theirs)
                assert theirs is None or ours.dtype == theirs.dtype
        assert shards.count(split) == memory.count(split) == COUNTS[split]
        assert shards.is_labeled(split) == memory.is_labeled(split)


def test_a_large_set_is_sampled_for_statistics_and_one_in_memory_never(twins, monkeypatch):
    shards, memory = twins
    assert len(shards.sample("train")[0]) == 23
    monkeypatch.setattr(datasets, "MOST_SAMPLED", 10 * memory.arrays("test")[0][0].nbytes)
    examples, labels = shards.sample("train")
    assert len(examples) == 10 and len(memory.sample("train")[0]) == 23
    whole, told = memory.arrays("train")
    rows = [next(i for i, x in enumerate(whole) if np.array_equal(x, example)) for example in examples]
    if memory.media != TEXT:  # short sentences recur
        assert rows == sorted(set(rows))
        assert labels is None or np.array_equal(labels, told[rows])
    np.testing.assert_array_equal(examples, shards.sample("train")[0])


def test_held_out_examples_may_lack_labels(tmp_path):
    splits = arrays(IMAGE, ["a", "b", "c"])
    splits["test"] = (splits["test"][0], None)
    data = load(prepare(tmp_path, IMAGE, splits, ["a", "b", "c"]), batch_size=4)
    assert data.is_labeled("train") and not data.is_labeled("test")
    np.testing.assert_array_equal(next(iter(data.test)), splits["test"][0][:4])


def test_a_shard_is_the_same_bytes_again_and_known_by_its_sum(folder):
    index = read_index(folder)
    for split in index.splits.values():
        for shard in split.shards:
            check_shard(folder, shard)
    again = folder / "again"
    again.mkdir()
    prepare(again, IMAGE, arrays(IMAGE, TWO), TWO)
    assert read_index(again) == index
    (again / "train-00001-of-00003.array_record").write_bytes(b"")
    with pytest.raises(InputError, match="train-00001-of-00003.array_record is not as it was written"):
        check_shard(again, index.splits["train"].shards[1])


def test_what_a_record_is_made_of_is_checked():
    with pytest.raises(ValueError, match="1 labels"):
        Layout(IMAGE, 1).record(None, np.zeros(IMAGE.shape, np.uint8))
    with pytest.raises(ValueError, match="Not a packed example"):
        Layout(IMAGE).record(None, np.zeros((6, 8, 3), np.uint8))


def damage(path, place):
    found = bytearray(path.read_bytes())
    found[place] ^= 255
    path.write_bytes(found)


def test_a_damaged_record_is_named_also_in_training(folder):
    path = folder / "train-00001-of-00003.array_record"
    damage(path, path.read_bytes().index(arrays(IMAGE, TWO)["train"][0][10].tobytes()) + 20)
    data = load(folder, batch_size=23)
    told = rf"^Record 3 of the shard {path} is damaged \(.*hash mismatch\)"
    with pytest.raises(InputError, match=told):
        data.arrays("train")
    likelihood = kg.losses.Gaussian()
    model = kg.VAE(*kg.networks.mlp(IMAGE, likelihood, latent_dim=2, width=4), IMAGE, likelihood)
    model.compile("adam")
    with pytest.raises(InputError, match=told):
        model.fit(data.train, verbose=0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:3000]), "holds 0 records that can be read, not 8"),
        (lambda path: path.write_bytes(b"x" * 100_000), "holds 0 records"),
        (
            lambda path: path.write_bytes((path.parent / "val-00001-of-00003.array_record").read_bytes()),
            "not 8",
        ),
    ],
)
def test_a_shard_that_is_not_the_one_is_refused(folder, change, told):
    change(folder / "train-00001-of-00003.array_record")
    with pytest.raises(InputError, match=rf"train-00001-of-00003\.array_record .*{told}"):
        load(folder, batch_size=4)


def test_labels_and_tokens_out_of_range_are_refused(tmp_path):
    for media, x in ((IMAGE, 0), (TEXT, TEXT.vocabulary_size)):
        splits = {"train": (np.full((3, *media.shape), x, media.dtype), np.array([0, 1, 2 - bool(x)]))}
        data = load(prepare(tmp_path, media, splits, ["a", "b"], shards=1), batch_size=1)
        with pytest.raises(InputError, match=f"Record {0 if x else 2} of the shard .* out of range"):
            data.arrays("train")


def changed(folder, *path, to):
    """`dataset.json` with another value, whose fingerprint is made right again."""
    told = json.loads((folder / INDEX).read_text())
    part = told
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = to
    try:
        told["fingerprint"] = fingerprint_of(told)
    except (KeyError, TypeError):
        pass
    (folder / INDEX).write_text(json.dumps(told))


SHARD = ("splits", "train", "shards", 0)
HOSTILE = {
    "newer": (("format",), 2),
    "path": ((*SHARD, "file"), "../train-00000-of-00003.array_record"),
    "absolute": ((*SHARD, "file"), "/etc/passwd"),
    "of another split": ((*SHARD, "file"), "test-00000-of-00003.array_record"),
    "line break": ((*SHARD, "file"), "train-00000-of-00003.array_record\n"),
    "negative count": ((*SHARD, "count"), -8),
    "count of a text": ((*SHARD, "count"), "8"),
    "count that is true": ((*SHARD, "count"), True),
    "endless count": ((*SHARD, "count"), 10**30),
    "sum": ((*SHARD, "sha256"), "<script>"),
    "no shards": (("splits", "train", "shards"), []),
    "twice": (("splits", "train", "shards", 1, "file"), "train-00000-of-00003.array_record"),
    "no splits": (("splits",), {}),
    "other splits": (("splits", "../x"), {"count": 0, "shards": []}),
    "list of splits": (("splits",), [1]),
    "other class": (("media", "class_name"), "Lambda"),
    "module": (("media",), "os.system"),
    "argument": (("media", "config", "evil"), 1),
    "size": (("media", "config", "height"), 2**40),
    "nan": (("media", "config", "height"), float("nan")),
    "labels": (("labels",), 7),
    "class names": (("class_names",), {"digit": [1, 2]}),
    "markup": (("license",), {"a": 1}),
    "sum of counts": (("splits", "train", "count"), 22),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_index_is_refused(folder, name):
    path, to = HOSTILE[name]
    changed(folder, *path, to=to)
    with pytest.raises(
        InputError, match=r"dataset\.json is (not the index of a prepared set|of the format 2)"
    ):
        load(folder, batch_size=4)


@pytest.mark.parametrize(
    "change",
    [
        {"plural": "waveforms"},
        {"found": -1},
        {"used": {"train": 22, "val": 7, "test": 6}},
        {"set_aside": {"torn": {"count": 1, "names": [1], "twins": []}}},
        {"set_aside": {"torn": {"count": 1, "names": [], "twins": [], "evil": 1}}},
        {"cleaned": {"resized": "many"}},
        {"ignored": [".md"]},
        {"notes": {"x": "y"}},
        {"shared": None},
        {"seconds": [float("nan"), 1]},
        None,
    ],
    ids=str,
)
def test_a_hostile_account_is_refused(folder, change):
    account = Account("images", found=40, used=COUNTS, seconds=(1.0, 2.0), notes={"by\x1b[31m": ["a"]})
    account.set_apart("torn", ["b\n.png"], twins=["c"])
    path = folder / "account.json"
    path.write_text(json.dumps(account.as_dict() | {"settings": {}}))
    assert load(folder, batch_size=4).account == account
    assert all(line.isprintable() for line in account.lines())
    path.write_text(json.dumps([] if change is None else account.as_dict() | change))
    with pytest.raises(InputError, match=r"account\.json is not the account of this set"):
        load(folder, batch_size=4)
    path.unlink()
    assert load(folder, batch_size=4).account is None


def test_an_index_that_was_changed_or_cut_off_is_refused(folder):
    text = (folder / INDEX).read_text()
    (folder / INDEX).write_text(text.replace('"theo"', '"thea"'))
    with pytest.raises(InputError, match="its fingerprint cannot be right"):
        load(folder)
    for cut in range(100, len(text) - 2, len(text) // 10):
        (folder / INDEX).write_text(text[:cut])
        with pytest.raises(InputError, match=INDEX):
            load(folder)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"labels": "{digit}_{index}"}, "labels='{digit}_{index}' has no use"),
        ({"labels": None}, "labels=None has no use"),
        ({"test": 0.2}, "test=0.2 has no use"),
        ({"validation": 0}, "validation=0 has no use"),
        ({"chunks": True}, "chunks=True has no use"),
        ({"duplicates": "keep"}, "duplicates='keep' has no use"),
        ({"size": 64}, "not as size=64"),
        ({"media": Image(8, 6, 1)}, "not as Image(height=8, width=6, channels=1)"),
        ({"media": AUDIO}, "was prepared as Image"),
    ],
)
def test_what_has_no_use_for_a_prepared_set_is_refused(folder, asked, told):
    with pytest.raises(InputError, match=re.escape(told)):
        load(folder, **asked)
    assert (
        load(folder, media=IMAGE, channels=None, batch_size=4).fingerprint == read_index(folder).fingerprint
    )


def test_files_of_sentences_may_be_called_like_the_index(tmp_path):
    (tmp_path / INDEX).write_text(json.dumps([f"sentence {i}" for i in range(40)]))
    assert load(tmp_path, batch_size=4).media.plural == "sentences"
    with pytest.raises(InputError, match="missing path"):
        load("no\0name")


def test_a_recipe_takes_the_labels_and_splits_of_a_prepared_set(tmp_path):
    config = recipes.resolve("fsdd-vae", {"data": str(tmp_path), "batch_size": 4})
    media = config.media
    prepare(tmp_path, media, arrays(media, TWO), TWO)
    data = config.load()
    assert (data.media, data.class_names, data.count("test")) == (media, TWO, 6)


@pytest.mark.exhaustive
def test_the_benchmark_runs_and_finds_the_losses_of_training_in_memory():
    script = Path(__file__).parents[2] / "benchmarks" / "reading.py"
    done = subprocess.run([sys.executable, script, "--tiny"], capture_output=True, text=True, check=True)
    assert "the losses are those of memory, bit for bit" in done.stdout
