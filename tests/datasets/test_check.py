import json
import os
import sys

import numpy as np
import PIL.Image
import pytest
import scipy.signal
import soundfile

from keras_gen.datasets import check, prepare
from keras_gen.datasets.checks.measures import Measure
from keras_gen.datasets.near_duplicates import near_pairs, near_sentences
from keras_gen.errors import InputError
from keras_gen.media import Audio


def photo(seed, side=48):
    """Smooth patches of color, as photos have them."""
    random = np.random.default_rng(seed)
    levels = random.uniform(0, 255, (6, 6, 3)).astype(np.uint8)
    return PIL.Image.fromarray(levels).resize((side, side), PIL.Image.Resampling.BICUBIC)


def phrase(seed, rate=8000):
    """A second of noise whose bands come and go, as those of speech do."""
    random = np.random.default_rng(seed)
    whole = np.zeros(rate)
    for low in np.geomspace(150, 2400, 8):
        band = scipy.signal.sosfilt(
            scipy.signal.butter(2, [low, low * 1.4], "band", fs=rate, output="sos"), random.normal(size=rate)
        )
        whole += band * np.interp(np.linspace(0, 9, rate), range(10), 10 ** random.uniform(-2, 0, 10))
    return 0.3 * whole / np.abs(whole).max()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for split, seeds in (("train", range(12)), ("test", range(20, 24))):
        for kind in ("a", "b"):
            (folder / split / kind).mkdir(parents=True)
            for seed in seeds:
                photo(seed + 100 * (kind == "b")).save(folder / split / kind / f"{seed}.png")
    photo(3).save(folder / "test" / "a" / "same.bmp")
    photo(4).save(folder / "test" / "a" / "near.jpg", quality=60)
    photo(7, 96).point(lambda level: level * 0.8).save(folder / "train" / "b" / "darker.png")
    return folder


def test_images_that_are_in_two_splits_are_found_whatever_their_format(photos):
    found = check(photos)
    assert {tuple(map(os.path.basename, pair.names)): pair.is_exact for pair in found.duplicates} == {
        ("3.png", "same.bmp"): True,
        ("4.png", "near.jpg"): False,
        ("7.png", "darker.png"): False,
    }
    assert [pair.splits for pair in found.duplicates] == [("train", "test")] * 2 + [("train", "train")]
    assert found.shared == {("test", "train"): 2, ("train", "test"): 2, ("train", "train"): 2}
    assert found.balance == {"class": {"a": {"train": 12, "test": 6}, "b": {"train": 13, "test": 4}}}
    assert found.kinds["size"] == {"48 x 48": 34, "96 x 96": 1}
    assert found.kinds["format"] == {"PNG": 33, "BMP": 1, "JPEG": 1}
    assert [each.name.rpartition("/")[2] for each in found.outliers] == ["darker.png"]
    assert found.pictures.keys() == {place for pair in found.duplicates for place in pair.places}


def test_what_images_are_and_what_may_be_wrong_with_them(photos):
    folder = photos / "train" / "a"
    photo(50).convert("RGBA").save(folder / "clear.png")
    PIL.Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16).save(folder / "deep.png")
    photo(51).save(folder / "moves.gif", save_all=True, append_images=[photo(52)])
    PIL.Image.new("L", (48, 48), 77).save(folder / "blank.png")
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    photo(53).resize((200, 40)).save(folder / "turned.jpg", exif=turned)
    (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:200])
    found = check(photos)
    assert found.kinds["mode"]["color, alpha"] == 1 and found.kinds["mode"]["gray, 16 bit"] == 1
    assert found.kinds["size"]["40 x 200"] == 1  # upright
    assert {flag.name: [name.rpartition("/")[2] for name in flag.names] for flag in found.flags} == {
        "of one color, or nearly": ["blank.png"],
        "animated": ["moves.gif"],
        "far from square": ["turned.jpg"],
        "turned by Exif": ["turned.jpg"],
    }
    [(reason, left)] = found.account.set_aside.items()
    assert "could not be read" in reason and left.names == ["train/a/broken.png"]


def test_folders_that_load_refuses_are_checked_all_the_same(photos):
    (photos / "others").mkdir()
    photo(60).save(photos / "others" / "60.png")
    found = check(photos)
    assert "load refuses" in found.notes[0] and found.account.used == {"train": 36}
    assert ("same.bmp", "3.png") in [tuple(map(os.path.basename, pair.names)) for pair in found.duplicates]


def test_recordings(tmp_path):
    for speaker in ("ann", "bob"):
        for seed in range(8):
            waveform = phrase(seed + 50 * (speaker == "bob"))
            soundfile.write(tmp_path / f"{speaker}_{seed}.wav", waveform, 8000)
    soundfile.write(tmp_path / "bob_90.ogg", 0.4 * phrase(5), 8000)  # quieter, and with losses
    soundfile.write(tmp_path / "bob_91.wav", np.clip(30 * phrase(91), -1, 1), 8000)
    soundfile.write(tmp_path / "bob_92.wav", np.stack([phrase(92) * 0.5 + 0.2] * 2, 1), 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "ann_93.wav", np.zeros(8000), 8000)
    soundfile.write(tmp_path / "ann_94.wav", np.tile(phrase(94, 11025), 2), 11025)
    found = check(tmp_path, labels="{speaker}_{index}")
    assert found.kinds["rate"] == {"8000 Hz": 20, "11025 Hz": 1}
    assert found.kinds["channels"] == {"1": 20, "2": 1}
    assert found.balance == {"speaker": {"ann": {"train": 10}, "bob": {"train": 11}}}
    flags = {flag.name: flag.names for flag in found.flags}
    assert flags["clipped"] == ["bob_91.wav"] and flags["silent"] == ["ann_93.wav"]
    assert flags["off center"] == ["bob_92.wav"]
    assert [pair.names for pair in found.duplicates] == [("ann_5.wav", "bob_90.ogg")]
    unit, (least, *_, most) = found.spreads["duration"]
    assert unit == "seconds" and least == 1 and most == 2
    assert all(picture.startswith("data:image/") for _, picture in found.sheet)


def test_sentences_with_labels(tmp_path):
    lines = [{"text": f"the {noun} is {verb}", "kind": verb} for noun in NOUNS for verb in ("lost", "found")]
    lines += [{"text": "The dog, is lost!", "kind": "lost"}, {"text": "собака потерялась", "kind": "lost"}]
    lines += [{"text": "a cafÃ© in the rain by the river", "kind": "lost"}, lines[0]]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = check(tmp_path / "a.jsonl", field="text", labels="kind")
    assert found.balance == {"kind": {"lost": {"train": 10}, "found": {"train": 6}}}
    assert [(pair.names, pair.is_exact) for pair in found.duplicates] == [
        (("the dog is lost",) * 2, True),
        (("the dog is lost", "The dog, is lost!"), False),
    ]
    assert found.kinds["characters"]["Cyrillic"] == 16 and found.kinds["encoding of files"] == {"ASCII": 1}
    assert {flag.name: flag.names for flag in found.flags} == {
        "wrongly decoded": ["a cafÃ© in the rain by the river"]
    }


NOUNS = ("dog", "umbrella", "old accordion", "key to the cellar", "manuscript", "second answer")


def test_a_page_shows_names_as_text_and_needs_no_other_file(photos, tmp_path):
    (photos / "train" / "a" / "<img src=x onerror=alert(1)>.png").write_bytes(
        (photos / "train" / "a" / "0.png").read_bytes()
    )
    check(photos).save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "&lt;img src=x onerror=alert(1)&gt;.png" in page and "<img src=x" not in page
    assert page.count('<img src="data:image/') == page.count("<img ") > 35


def test_without_the_extra_the_rest_is_checked(photos, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    monkeypatch.setitem(sys.modules, "datasketch", None)
    found = check(photos)
    assert [pair.is_exact for pair in found.duplicates] == [True] and found.flags == []
    assert "imagehash" in found.notes[0] and "keras_gen[prepare]" in found.notes[0]
    assert "datasketch" in check(["a", "a", "b"]).notes[0]


def test_arrays_and_names_are_checked_too():
    images = np.stack([np.asarray(photo(seed)) for seed in (0, 1, 2, 1)])
    found = check(((images, np.arange(4) % 2), (images[:1], [0])))
    assert found.account.used == {"train": 4, "test": 1}
    assert found.balance == {"class": {"0": {"train": 2, "test": 1}, "1": {"train": 2}}}
    assert [pair.names for pair in found.duplicates] == [("train 0", "test 0"), ("train 1", "train 3")]
    waveforms = np.int16(2**14 * np.stack([phrase(seed)[:4096] for seed in (0, 1, 0)]))
    found = check(waveforms, media=Audio(4096, 8000, mels=32, window=256, hop=64))
    assert [pair.places for pair in found.duplicates] == [(0, 2)] and found.kinds["rate"] == {"8000 Hz": 3}
    with pytest.raises(InputError, match="Unknown data set or missing path 'digit'"):
        check("digit")


def test_a_prepared_set_is_refused_with_what_to_check(photos, tmp_path):
    prepare(photos, tmp_path / "set", size=8, processes=1)
    with pytest.raises(InputError, match="is a prepared set.*check what it was prepared from"):
        check(tmp_path / "set")


def test_near_pairs_are_those_of_all_pairs_or_of_a_sample(monkeypatch):
    random = np.random.default_rng(0)
    prints = random.integers(0, 256, (300, 8), np.uint8)
    prints[200:] = prints[:100] ^ (
        1 << random.integers(0, 8, (100, 8)) & (random.random((100, 8)) < 0.3) * 255
    )
    apart = np.unpackbits(prints[:, np.newaxis] ^ prints, axis=-1).sum(axis=-1)
    expected = {(i, j, int(apart[i, j])) for i in range(300) for j in range(i) if apart[i, j] <= 12}
    monkeypatch.setattr("keras_gen.datasets.near_duplicates.BLOCK", 64)
    pairs, compared = near_pairs(prints, 12)
    assert compared == 300 and len(pairs) >= 100
    assert {(j, i, d) for i, j, d in pairs.tolist()} == expected and len(pairs) == len(expected)
    assert (np.diff(pairs[:, 2]) >= 0).all()
    monkeypatch.setattr("keras_gen.datasets.near_duplicates.MOST_PAIRS", 300 * 40)
    some, compared = near_pairs(prints, 12, seed=1)
    sample = set(np.random.default_rng(1).choice(300, 40, replace=False).tolist())
    assert compared == 40
    assert {(j, i, d) for i, j, d in some.tolist()} == {pair for pair in expected if sample & {*pair[:2]}}
    assert len(some) == len({tuple(pair) for pair in some.tolist()})


def test_near_sentences_are_those_with_most_parts_in_common(monkeypatch):
    sentences = ["two dogs run over the green grass", "Two dogs run over the green grass.", "a red boat"]
    sentences += ["two dogs run over the green grasses", "nobody is at home on a monday"]
    pairs, compared = near_sentences(sentences)
    assert compared == 5
    # Of 29 parts, and 31 of the longer one.
    assert pairs == [(0, 1, 1.0), (0, 3, 29 / 31), (1, 3, 29 / 31)]
    # Where enough pairs are found, those that are left were not compared.
    monkeypatch.setattr("keras_gen.datasets.near_duplicates.MOST_FOUND", 1)
    assert near_sentences(sentences) == ([(0, 1, 1.0)], 2)
    assert any("1 pairs of near duplicates are told" in note for note in check(sentences).notes)


def test_outliers_are_told_by_robust_deviations():
    rows = np.array([1.0, 2, 3, 4, 100])
    measure = Measure("", "", lambda rows: rows)
    np.testing.assert_allclose(measure.deviations(rows), (rows - 3) / 1.4826)
    rows = np.array([5.0, 5, 5, 5, 6])
    np.testing.assert_allclose(measure.deviations(rows), (rows - 5) / (1.2533 * 0.2))
    assert (measure.deviations(np.ones(4)) == 0).all()
