"""What is held out by a seed: by class, by group, and by time."""

import numpy as np
import pytest

from keras_gen import datasets
from keras_gen.datasets.account import Account
from keras_gen.datasets.held_out import hold_out
from keras_gen.datasets.readers import Found
from keras_gen.errors import InputError
from keras_gen.media import Audio

MEDIA = Audio(512, 8000, mels=8, window=128, hop=64)


def source(labels=None, files=None, groups=None, total=None, **others):
    """A `Found` whose examples are their own numbers."""
    total = len(next(x for x in (labels, files, groups) if x is not None)) if total is None else total
    splits = {"train": (np.arange(total), None if labels is None else np.asarray(labels, np.int32))}
    named = ({"train": np.asarray(x)} if x is not None else None for x in (files, groups))
    return Found(MEDIA, splits | others, None, Account("waveforms"), *named)


def held(found, **settings):
    splits, files = hold_out(found, "here", **settings)
    if files is not None:
        assert all(np.array_equal(files[s], found.files["train"][splits[s][0]]) for s in splits)
    places = {split: arrays[0] for split, arrays in splits.items()}
    assert np.array_equal(np.sort(np.concatenate(list(places.values()))), found.splits["train"][0])
    return places


def test_splits_have_the_classes_in_the_proportion_of_all():
    random = np.random.default_rng(0)
    for sizes in ([500, 300, 150, 45, 5], [37] * 30, [990, 9, 1]):
        labels = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
        places = held(source(labels), test=0.2, validation=0.1, seed=3)
        assert len(places["test"]) == round(0.2 * len(labels)) and len(places["val"]) == len(labels) // 10
        for split, share in {"test": 0.2, "val": 0.1, "train": 0.7}.items():
            counts = np.bincount(labels[places[split]], minlength=len(sizes))
            np.testing.assert_allclose(counts, share * np.array(sizes), atol=2)
        # What is the only one of its class is learned from.
        assert (np.bincount(labels[places["train"]]) > 0).all()
        again, other = held(source(labels), test=0.2, seed=3), held(source(labels), test=0.2, seed=4)
        assert np.array_equal(again["test"], places["test"])
        assert not np.array_equal(other["test"], places["test"])


def test_sets_with_a_name_are_divided_as_ever():
    def of_classes(**settings):
        return np.bincount(datasets.load("digits", **settings).arrays("test")[1]).tolist()

    assert of_classes() == of_classes(stratify=False) != of_classes(stratify=True)
    assert np.ptp(of_classes(stratify=True)) <= 2
    with pytest.raises(InputError, match="stratify"):
        datasets.load("digits", stratify="always")


def test_combinations_of_labels_are_in_proportion():
    labels = np.random.default_rng(0).permutation(
        [(digit, speaker) for digit in range(10) for speaker in range(6)] * 50
    )
    for split, places in held(source(labels), seed=1).items():
        counts = np.unique(labels[places], axis=0, return_counts=True)[1]
        assert len(counts) == 60 and set(counts) == {40 if split == "train" else 5}


@pytest.mark.parametrize("labels", [None, np.arange(40) % 4], ids=["no labels", "stratify=False"])
def test_without_classes_splits_are_those_of_earlier_versions(labels):
    places = held(source(labels, total=40), seed=7, stratify=False)
    order = np.random.default_rng(7).permutation(40)
    for split, expected in {"test": order[:4], "val": order[4:8], "train": order[8:]}.items():
        np.testing.assert_array_equal(places[split], np.sort(expected))


@pytest.mark.parametrize(
    "classes_of", [lambda group, random: random.integers(0, 4, 20), lambda group, random: [group % 2] * 9]
)
@pytest.mark.parametrize("count", [3, 6, 40])
def test_a_group_is_in_one_split_and_classes_as_near_as_they_come(classes_of, count):
    random = np.random.default_rng(count)
    parts = [classes_of(group, random) for group in range(count)]
    groups = np.repeat([f"speaker {group}" for group in range(count)], [len(part) for part in parts])
    labels = np.concatenate(parts)
    # Each example a file: groups, not files, are held together.
    places = held(source(labels, np.arange(len(labels)), groups), test=0.2, validation=0.2)
    of_split = {split: set(groups[chosen]) for split, chosen in places.items()}
    assert len(of_split) == 3 and sum(map(len, of_split.values())) == count
    if count == 40:
        for chosen in places.values():
            shares = np.bincount(labels[chosen]) / len(chosen)
            np.testing.assert_allclose(shares, np.bincount(labels) / len(labels), atol=0.08)


def test_groups_that_cannot_be_kept_whole_are_told():
    groups = np.array(["ann"] * 6 + ["theo"] * 6)
    with pytest.raises(InputError, match="None of 2 groups would be left to train on: give at least 3"):
        held(source(groups=groups))
    found = source(groups=groups, test=(np.arange(3), None))
    found.groups["test"] = np.array(["theo", "zoe", "theo"])
    with pytest.raises(InputError, match=r"groups in test and train at once \(1: theo\)"):
        hold_out(found, "here")


@pytest.mark.parametrize(
    "lengths, classes, divided",
    [
        ([20], None, [0]),
        ([30, 20], None, [0, 1]),
        ([100, 90, 110], None, [0, 1, 2]),  # a whole one would be three times what is wanted
        ([30, 1, 20], [0, 0, 1], [0, 2]),
        ([10] * 12 + [20, 30], [0] * 12 + [1, 1], [12, 13]),  # two cannot be in three splits
        ([10] * 24, [0, 1] * 12, []),
        ([1] * 30, None, []),
        ([2] * 5, None, []),  # which are too short to be divided
    ],
)
def test_recordings_too_few_to_stay_whole_are_divided_by_time(lengths, classes, divided):
    files = np.repeat([f"{number:02}.wav" for number in range(len(lengths))], lengths)
    labels = None if classes is None else np.repeat(classes, lengths)
    found = source(labels, files)
    places = held(found)
    kind = {place: split for split, chosen in places.items() for place in chosen}
    for number, name in enumerate(np.unique(files)):
        pieces = [kind[place] for place in np.flatnonzero(files == name)]
        if number in divided:
            share = max(1, round(0.1 * len(pieces)))
            expected = ["train"] * (len(pieces) - 2 * share) + ["val"] * share + ["test"] * share
            assert pieces == expected
        else:
            assert len(set(pieces)) == 1
    told = [name for what, names in found.account.notes.items() if "by time" in what for name in names]
    assert told == [f"{number:02}.wav" for number in divided]


def test_whole_recordings_of_several_lengths_bring_every_class_to_every_split():
    random = np.random.default_rng(5)
    lengths = random.integers(3, 14, 100)
    files, labels = np.repeat(np.arange(100), lengths), np.repeat(np.arange(100) // 10, lengths)
    for places in held(source(labels, files), seed=1).values():
        assert set(labels[places]) == set(range(10))


def test_pieces_that_are_too_few_are_told():
    for lengths in ([2], [1, 1]):
        with pytest.raises(InputError, match="give at least 3, or longer ones with chunks=True"):
            held(source(files=np.repeat(["a.wav", "b.wav"][: len(lengths)], lengths)))
