import io
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import soundfile

from keras_gen.datasets import load
from keras_gen.errors import InputError
from keras_gen.media import Audio, Image

RATE = 8000
MEDIA = Audio(2048, RATE, mels=40, window=256, hop=64, fft_length=512)
# What is read is packed as it is, to the bit.
PLAIN = Audio(2048, RATE, mels=40, window=256, hop=64, fft_length=512, trim=None, loudness=None, repair=False)
FORMATS = {
    "wav": (8000, "PCM_16"),
    "flac": (22050, "PCM_16"),
    "ogg": (44100, "VORBIS"),
    "mp3": (16000, "MPEG_LAYER_III"),
}
PATTERN = "{digit}_{speaker}_{index}"
DIGITS, SPEAKERS = ("0", "1", "2"), ("theo", "ann")
ALL = {"batch_size": 1, "validation": 0, "test": 0}


def sine(number, rate=RATE, seconds=0.3):
    """A pitch that tells which of the recordings it is."""
    return 0.5 * np.sin(2 * np.pi * (300 + 100 * number) * np.arange(round(rate * seconds)) / rate)


def heard(examples):
    """The numbers of the recordings that packed examples are of."""
    pitches = np.abs(np.fft.rfft(examples)).argmax(axis=1) * RATE / examples.shape[1]
    numbers = (pitches - 300) / 100
    np.testing.assert_allclose(numbers, np.rint(numbers), atol=0.1)
    return np.rint(numbers).astype(int).tolist()


def file(waveform, rate=RATE, kind="WAV", encoding="PCM_16"):
    stream = io.BytesIO()
    soundfile.write(stream, waveform, rate, format=kind, subtype=encoding)
    return stream.getvalue()


def tree(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def zipped(path, files, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def splits_of(data):
    return {
        split: data.arrays(split) for split in ("train", "val", "test") if getattr(data, split) is not None
    }


@pytest.fixture(scope="module")
def clips():
    """24 recordings, name -> bytes: four of each digit and speaker, one in each format; number n in the order
    of digits, speakers, formats."""
    files = {}
    for digit in DIGITS:
        for speaker in SPEAKERS:
            for index, (ending, (rate, encoding)) in enumerate(FORMATS.items()):
                waveform = sine(len(files), rate)
                files[f"{digit}_{speaker}_{index}.{ending}"] = file(waveform, rate, ending.upper(), encoding)
    return files


@pytest.fixture(scope="module")
def wavs():
    """12 recordings, all of one format."""
    return {f"{i:02}.wav": file(sine(i)) for i in range(12)}


def numbered(name, number):
    """The name of a clip without the speaker."""
    return f"{name[0]}_{number}.{name.partition('.')[2]}"


BAD = {
    "text.wav": b"text, whatever its name",
    "empty.flac": b"",
    "nan.wav": file(np.append(sine(0), np.nan), encoding="FLOAT"),
    "silent.wav": file(np.zeros(4000)),
    "short.wav": file(sine(0, seconds=0.002)),
}
REASONS = (
    "The recording could not be read: Format not recognised (2: empty.flac, text.wav)",
    "The recording is damaged: samples are not finite, or beyond 1e+06 times full scale (1: nan.wav)",
    "The recording is too short: of 0.002 seconds, at least 0.005 are needed (1: short.wav)",
    "The recording is silent: its peak of 0 of full scale is below 0.001 (1: silent.wav)",
)


@pytest.mark.parametrize("make", [tree, zipped])
def test_folders_are_classes_whatever_the_format(tmp_path, make, clips):
    files = {
        f"voices/{'low' if number < 12 else 'high'}/{name.upper() if number % 2 else name}": content
        for number, (name, content) in enumerate(clips.items())
    }
    files |= {"voices/low/.hidden.wav": b"", "__MACOSX/voices/low/._a.wav": b"", "voices/notes.txt": b""}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(make(tmp_path / "voices.zip", files), media=MEDIA, batch_size=4)
    assert data.media == MEDIA and data.class_names == ["high", "low"] and data.num_classes == 2
    numbers = []
    for examples, labels in splits_of(data).values():
        assert examples.dtype == np.int16 and labels.dtype == np.int32
        numbers += heard(examples)
        np.testing.assert_array_equal(labels, np.array(heard(examples)) < 12)
    assert sorted(numbers) == list(range(24))


@pytest.mark.parametrize(
    "test, chosen",
    [
        ("index=0", lambda digit, speaker, index: index == 0),
        ("index=1,3", lambda digit, speaker, index: index in (1, 3)),
        ("speaker=ann", lambda digit, speaker, index: speaker == "ann"),
    ],
)
def test_names_tell_several_labels_and_the_test_split(tmp_path, clips, test, chosen):
    data = load(tree(tmp_path, clips), media=MEDIA, labels=PATTERN, test=test, batch_size=4)
    # Sorted, whatever the order of the files is.
    assert data.class_names == {"digit": ["0", "1", "2"], "speaker": ["ann", "theo"]}
    assert list(data.class_names) == ["digit", "speaker"] and data.num_classes == (3, 2)
    assert data.pattern == PATTERN and data.train.element_spec[1].shape == (4, 2)
    known = [(digit, speaker, index) for digit in DIGITS for speaker in SPEAKERS for index in range(4)]
    found = {}
    for split, (examples, labels) in splits_of(data).items():
        found[split] = heard(examples)
        assert labels.dtype == np.int32 and labels.shape == (len(examples), 2)
        names = [(DIGITS[digit], ("ann", "theo")[speaker]) for digit, speaker in labels]
        assert names == [known[number][:2] for number in found[split]]
    assert sorted(found["train"] + found["val"] + found["test"]) == list(range(24))
    assert sorted(found["test"]) == [number for number in range(24) if chosen(*known[number])]


def test_with_a_pattern_folders_are_splits_but_not_classes(tmp_path, clips):
    folders = ("train", "train/more", "test/more", "val")
    files = {f"{folders[i % 4]}/{numbered(name, i)}": clips[name] for i, name in enumerate(clips)}
    data = load(tree(tmp_path, files), media=MEDIA, labels="{digit}_{index}", batch_size=4)
    assert data.class_names == ["0", "1", "2"]
    for split, places in {"train": (0, 1), "val": (3,), "test": (2,)}.items():
        examples, labels = data.arrays(split)
        assert sorted(heard(examples)) == [number for number in range(24) if number % 4 in places]
        np.testing.assert_array_equal(labels, np.array(heard(examples)) // 8)
    with pytest.warns(UserWarning, match="has a split for testing, to which .* are added"):
        data = load(tmp_path, media=MEDIA, labels="{digit}_{index}", test="index=1", batch_size=4)
    assert sorted(heard(data.arrays("test")[0])) == [1, 2, 6, 10, 14, 18, 22]


@pytest.mark.parametrize("chunks", [False, True])
def test_a_folder_and_a_zip_are_loaded_alike(tmp_path, clips, chunks):
    files = clips | {f"0_theo_{index}.wav": content for index, content in enumerate(BAD.values(), 4)}
    loaded, told = [], []
    for source in (tree(tmp_path / "folder", files), zipped(tmp_path / "files.zip", files)):
        with pytest.warns(UserWarning) as caught:
            data = load(source, media=MEDIA, labels=PATTERN, test="index=0", chunks=chunks, batch_size=4)
        told.append([str(warning.message) for warning in caught])
        loaded.append((splits_of(data), data.class_names))
    assert told[0] == told[1]
    np.testing.assert_equal(loaded[0], loaded[1])


def long_recordings():
    """Waveforms of 3.6, 3.4, 1 and 0.3 times the length of a piece, and so on."""
    return {
        f"{speaker}_{index}": sine(4 * place + index, seconds=length * PLAIN.samples / RATE)
        for place, speaker in enumerate(SPEAKERS)
        for index, length in enumerate((3.6, 3.4, 1, 0.3))
    }


def test_pieces_are_consecutive_and_go_where_their_file_goes(tmp_path):
    waveforms = long_recordings()
    tree(tmp_path, {f"{name}.wav": file(waveform) for name, waveform in waveforms.items()})
    arguments = {"media": PLAIN, "labels": "{speaker}_{index}", "chunks": True, "batch_size": 1}
    data = load(tmp_path, **arguments, validation=0, test="index=1,2")
    for split, indices in {"train": (0, 3), "test": (1, 2)}.items():
        examples, labels = data.arrays(split)
        whole, numbers = [], []
        for number, speaker in enumerate(sorted(SPEAKERS)):
            for index in indices:
                pieces = (4, 3, 1, 1)[index]
                waveform = soundfile.read(tmp_path / f"{speaker}_{index}.wav", dtype="int16")[0]
                kept = waveform[: pieces * PLAIN.samples]
                whole.append(np.pad(kept, (0, pieces * PLAIN.samples - len(kept))))
                numbers += [number] * pieces
        np.testing.assert_array_equal(examples.reshape(-1), np.concatenate(whole))
        np.testing.assert_array_equal(labels, numbers)


def test_pieces_of_a_file_are_not_held_out_from_each_other(tmp_path):
    tree(tmp_path, {f"{name}.wav": file(waveform) for name, waveform in long_recordings().items()})
    data = load(tmp_path, media=PLAIN, chunks=True, batch_size=1, validation=0.3, test=0.3)
    train, val, test = (set(heard(examples)) for examples, _ in splits_of(data).values())
    assert not train & val and not train & test and not val & test


@pytest.mark.parametrize("name", ["speech.WAV", "", "speech.zip"])
def test_one_long_recording_is_divided_by_time(tmp_path, name):
    # Each piece has a pitch of its own.
    content = {"speech.WAV": file(np.concatenate([sine(i, seconds=2048 / RATE) for i in range(20)]))}
    source = zipped(tmp_path / name, content) if "zip" in name else tree(tmp_path, content) / name
    data = load(source, media=PLAIN, batch_size=1, validation=0.15, test=0.1)
    found = {split: heard(examples) for split, (examples, _) in splits_of(data).items()}
    assert found == {"train": list(range(15)), "val": [15, 16, 17], "test": [18, 19]}
    assert data.account.found == 1 and data.account.used == {"train": 15, "val": 3, "test": 2}
    assert "Divided by time" in str(data.account) and "(1: speech.WAV)" in str(data.account)


def test_what_was_repaired_is_told(tmp_path):
    files = {f"{i}.wav": file(sine(i)) for i in range(3)}
    files["out of phase.wav"] = file(np.stack([sine(3), -sine(3)], axis=1))
    files["offset.wav"] = file(0.5 * sine(4) + 0.3)
    data = load(tree(tmp_path, files), media=MEDIA, **ALL)
    assert heard(data.arrays("train")[0]) == [0, 1, 2, 4, 3]
    assert [names for what, names in data.account.notes.items() if "Repaired" in what] == [
        ["offset.wav"] if "offset" in what else ["out of phase.wav"] for what in data.account.notes
    ]
    told = str(data.account)
    assert "opposite polarity" in told and "(1: out of phase.wav)" in told and "an offset (DC)" in told


@pytest.mark.parametrize("make", [tree, zipped])
@pytest.mark.parametrize("chunks", [False, True])
def test_bad_recordings_are_set_aside_counted_and_named(tmp_path, make, chunks, wavs):
    files = {f"good/{name}": content for name, content in wavs.items()}
    # Before the good ones, which have to keep their labels.
    files |= {f"bad/{name}": content for name, content in BAD.items()}
    files["bad/fine.wav"] = file(sine(20, seconds=3 * MEDIA.samples / RATE))
    with pytest.warns(UserWarning) as caught:
        data = load(make(tmp_path / "mixed.zip", files), media=MEDIA, chunks=chunks, **ALL)
    reasons = "; ".join(REASONS)
    for name in BAD:
        reasons = reasons.replace(name, f"bad/{name}")
    assert [str(warning.message) for warning in caught] == [f"5 of 18 waveforms were set aside: {reasons}."]
    examples, labels = data.arrays("train")
    fine = [20] * (3 if chunks else 1)
    assert heard(examples) == [*fine, *range(12)]
    np.testing.assert_array_equal(labels, [0] * len(fine) + [1] * 12)


@pytest.mark.parametrize("chunks", [False, True])
def test_nothing_but_bad_recordings_is_an_input_error(tmp_path, chunks):
    with pytest.raises(InputError) as refusal:
        load(tree(tmp_path, BAD), media=MEDIA, chunks=chunks)
    assert str(refusal.value) == f"None of the 5 waveforms can be used: {'; '.join(REASONS)}."


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_members_of_a_zip_are_set_aside(tmp_path, wavs, compression):
    path = zipped(tmp_path / "damaged.zip", wavs, compression)
    content = bytearray(path.read_bytes())
    content[60:100] = bytes(40)  # within the first member
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"^1 of 12 .*\(1: 00.wav\)"):
        data = load(path, media=MEDIA, **ALL)
    assert heard(data.arrays("train")[0]) == list(range(1, 12))


def test_studio_recordings_become_what_the_others_are(tmp_path):
    # The mean of the channels is the one sine, neither channel is.
    middle, side = sine(3, 96000), 0.5 * sine(9, 96000)
    stereo = np.stack([middle + side, middle - side], axis=1)
    tree(tmp_path, {"a.wav": file(sine(3)), "b.wav": file(stereo, 96000, encoding="PCM_24")})
    plain, studio = load(tmp_path, media=MEDIA, **ALL).arrays("train")[0].astype(float)
    # Resampling lets the ends of a sine ring, so the level and the edges differ a little.
    assert np.sqrt(np.mean((plain - studio) ** 2) / np.mean(plain**2)) < 0.02


def test_names_of_another_pattern_are_set_aside(tmp_path, clips, wavs):
    # Before the others, which have to keep their splits and labels.
    files = {f"test/a/{name}": content for name, content in wavs.items()}
    files |= {
        f"{'train' if i % 2 else 'test'}/{numbered(name, i)}": clips[name] for i, name in enumerate(clips)
    }
    with pytest.warns(UserWarning) as caught:
        data = load(tree(tmp_path, files), media=MEDIA, labels="{digit}_{index}", batch_size=1, validation=0)
    assert len(caught) == 1
    for told in ("12 of 36 names", "{digit}_{index}", "set aside", "test/a/00.wav, test/a/01.wav"):
        assert told in str(caught[0].message)
    for split, rest in {"train": 1, "test": 0}.items():
        examples, labels = data.arrays(split)
        assert sorted(heard(examples)) == list(range(rest, 24, 2))
        np.testing.assert_array_equal(labels, np.array(heard(examples)) // 8)
    with pytest.raises(InputError, match="of the pattern {digit}_{index}, the first being 00.wav"):
        load(tmp_path / "test" / "a", media=MEDIA, labels="{digit}_{index}")


def test_beside_images_recordings_are_asked_for_by_media(tmp_path, wavs):
    tree(tmp_path, wavs)
    assert load(tmp_path, batch_size=4).media == Audio()
    for i in range(8):
        PIL.Image.new("RGB", (24, 24), (i, i, i)).save(tmp_path / f"{i}.png")
    with pytest.raises(InputError, match="8 images and 12 recordings: say which with media"):
        load(tmp_path, **ALL)
    images = load(tmp_path, size=64, **ALL)
    assert images.media == Image(64, 64, 3) and len(images.arrays("train")[0]) == 8
    recordings = load(tmp_path, media=MEDIA, **ALL)
    assert recordings.media == MEDIA and heard(recordings.arrays("train")[0]) == list(range(12))


def test_a_zip_is_not_trusted_for_paths(tmp_path, wavs):
    inside = tmp_path / "inside"
    tree(tmp_path, {"outside.wav": file(sine(20))})
    inside.mkdir()
    hostile = ("../outside.wav", "/tmp/../../root.wav", "..\\outside.wav", "a/../../outside.wav")
    before = sorted(tmp_path.rglob("*"))
    source = zipped(inside / "odd.zip", wavs | {name: file(sine(21)) for name in hostile})
    data = load(source, media=MEDIA, **ALL)
    assert heard(data.arrays("train")[0]) == list(range(12))
    assert sorted(tmp_path.rglob("*")) == sorted([*before, source])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"test": "index=0"}, "needs a field of the pattern"),
        ({"test": "index=0", "labels": "{digit}_{speaker}"}, "needs a field of the pattern"),
        ({"test": "speaker=nobody", "labels": PATTERN}, "No name in .* has speaker=nobody"),
        ({"test": "speaker=ann,theo", "labels": PATTERN}, "leaves no waveforms to train on"),
        ({"labels": "{digit}{speaker}"}, "pattern of names needs"),
        ({"labels": PATTERN, "groups": "room"}, "groups must be a field of the pattern .* not 'room'"),
        ({"groups": "speaker"}, "groups='speaker' needs the pattern of the file names"),
        ({"labels": PATTERN, "groups": "speaker"}, "None of 2 groups would be left"),
        ({"labels": PATTERN, "groups": "speaker", "test": "index=0"}, "groups in test and train at once"),
        ({"size": 32}, "size and channels have no use beside media"),
        ({"media": Image(16, 16, 3)}, "holds no images"),
        ({"labels": "speaker"}, "labels must be .* but is 'speaker' for waveforms"),
        ({"test": 0.6, "validation": 0.6}, "None of 24 waveforms would be left"),
    ],
)
def test_mistakes_are_input_errors(tmp_path, clips, arguments, message):
    with pytest.raises(InputError, match=message):
        load(tree(tmp_path, clips), **{"media": MEDIA, "batch_size": 4} | arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"chunks": True}, "chunks is about the files in a folder or .zip, but has no use for digits"),
        ({"media": MEDIA}, "digits brings no recordings: give a folder or .zip"),
        ({"labels": PATTERN}, "labels is about the files in a folder or .zip, but has no use for digits"),
    ],
)
def test_sources_without_files_of_recordings_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        load("digits", **arguments)


def test_a_path_that_is_not_there_is_told_so(tmp_path):
    for arguments in ({}, {"media": MEDIA}, {"media": MEDIA, "labels": PATTERN}, {"chunks": True}):
        for name in ("voices", "voices.zip"):
            with pytest.raises(InputError, match=f"missing path '.*{name}'"):
                load(tmp_path / name, **arguments)


def test_a_folder_without_recordings_is_told_what_would_work(tmp_path):
    tree(tmp_path, {"voice.m4a": b"", "voice.wav.txt": b""})
    with pytest.raises(InputError, match="holds no waveforms: .*end in .wav, .flac, .ogg, .mp3"):
        load(tmp_path, media=MEDIA)


DATA = os.environ.get("KERAS_GEN_DATA")


@pytest.mark.skipif(not DATA, reason="KERAS_GEN_DATA is not set to a folder of real data")
def test_spoken_digits():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(
            Path(DATA) / "fsdd_wav.zip",
            media=Audio(5120, RATE, mels=64, window=256, hop=64, fft_length=512),
            labels=PATTERN,
            test="index=0,1,2,3,4",
        )
    assert data.num_classes == (10, 6) and data.class_names["digit"] == list("0123456789")
    assert data.class_names["speaker"] == ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"]
    splits = splits_of(data)
    assert [len(splits[split][0]) for split in ("train", "val", "test")] == [2430, 270, 300]
    combinations, counts = np.unique(splits["test"][1], axis=0, return_counts=True)
    assert len(combinations) == 60 and set(counts) == {5}


def test_groups_stay_beside_their_examples_when_others_are_left_out(tmp_path):
    speakers, random = ("ann", "bob", "cid", "dan", "eve", "fay"), np.random.default_rng(0)
    files = {
        f"{digit}-{speaker}-{index}": file(random.uniform(-0.5, 0.5, 512))
        for digit in range(2)
        for speaker in speakers
        for index in range(3)
    }
    shared = files["0-ann-0"]
    files |= {f"0-{speaker}-0": shared for speaker in speakers}  # of which held-out ones are left out
    media = Audio(512, RATE, mels=8, window=128, hop=64, trim=None, loudness=None, repair=False)
    source = zipped(tmp_path / "voices.zip", {f"{name}.wav": content for name, content in files.items()})
    with pytest.warns(UserWarning, match="stand in other splits too"):
        data = load(
            source, media=media, labels="{digit}-{speaker}-{index}", groups="speaker", test=0.3, batch_size=4
        )
    names = {media.pack(content).tobytes(): name for name, content in files.items() if content != shared}
    known = 0
    for split, (examples, labels) in splits_of(data).items():
        for example, label, group in zip(examples, labels, data.groups(split), strict=True):
            if example.tobytes() in names:
                digit, speaker, _ = names[example.tobytes()].split("-")
                assert (digit, speaker) == (str(label), group)
                known += 1
    assert known == len(names) and data.group_name == "speaker"
    assert data.tested_on("val").groups("test").tolist() == data.groups("val").tolist()


@pytest.mark.skipif(not DATA, reason="KERAS_GEN_DATA is not set to a folder of real data")
@pytest.mark.parametrize(
    "name, labels, chunks",
    [("fsdd_wav.zip", PATTERN, False), ("librispeech_flac.zip", "{speaker}-{_}-{index}", True)],
)
def test_real_speakers_are_in_one_split_only(tmp_path, name, labels, chunks):
    """Each recording is a noise of its own, so that where it went can be told."""
    with zipfile.ZipFile(Path(DATA) / name) as archive:
        names = [name for name in archive.namelist() if name.endswith((".wav", ".flac"))]
    names = names[:: len(names) // 100 // 6 or 1]  # six or ten of each speaker, and of each digit
    noises = {n: file(np.random.default_rng(i).uniform(-0.5, 0.5, 4 * 512)) for i, n in enumerate(names)}
    media = Audio(512, RATE, mels=8, window=128, hop=64, trim=None, loudness=None, repair=False)
    source = zipped(tmp_path / name, noises)
    data = load(source, media=media, labels=labels, groups="speaker", chunks=chunks)
    places = {media.pack(noises[name]).tobytes(): name for name in names}
    speakers = {}
    for split, (examples, classes) in splits_of(data).items():
        known = [places[x.tobytes()] for x in examples if x.tobytes() in places]
        speakers[split] = {
            Path(name).stem.replace("-", "_").split("_")[name.startswith("fsdd")] for name in known
        }
        if classes is not None:
            assert data.num_classes == 10 and len(set(np.bincount(classes))) == 1
    assert sum(map(len, speakers.values())) == len(set.union(*speakers.values())) == (10 if chunks else 6)
    assert set(speakers) == {"train", "val", "test"} and data.pattern == (
        None if chunks else "{digit}_{_}_{index}"
    )
