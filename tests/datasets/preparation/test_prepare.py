"""Prepared sets: what is in them, what is told of them, and that no way to them makes others."""

import collections
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest
import soundfile
import tensorflow as tf

from keras_gen.datasets import load, prepare
from keras_gen.datasets.files import open_tree
from keras_gen.datasets.shards import array_record, read_index
from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Text

MEDIA = Image(8, 8, 3)


def png(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write(folder, files):
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


def quietly(*args, **kwargs):
    """A prepared set, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        folder = prepare(*args, **{"processes": 1} | kwargs)
    return folder, [str(warning.message) for warning in caught if warning.category is UserWarning]


def contents(folder):
    """Name of a split -> its packed examples and labels, read from the shards."""
    index, found = read_index(folder), {}
    for split, told in index.splits.items():
        records = []
        for shard in told.shards:
            assert hashlib.sha256((folder / shard.file).read_bytes()).hexdigest() == shard.sha256
            reader = array_record().ArrayRecordReader(str(folder / shard.file))
            records += reader.read([*range(shard.count)])
            reader.close()
        found[split] = index.layout(split).arrays(records)
    return found


def account(folder):
    return json.loads((folder / "account.json").read_text())


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def heap(tmp_path):
    """Forty images of two classes, two copies of one, a damaged one and a note."""
    files = {f"{'cat' if i % 2 else 'dog'}/{i:02d}.png": png(i) for i in range(40)}
    files |= {"cat/copy.png": png(1), "dog/also.png": png(1), "dog/torn.png": png(99)[:60]}
    return write(tmp_path / "heap", files | {"README.md": b"A heap."})


def test_every_file_is_in_a_shard_or_set_aside_with_its_reason_and_twin(heap, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_gen.datasets.preparation.shard_tasks.SHARD_BYTES", 200)
    monkeypatch.setattr("keras_gen.datasets.preparation.shard_tasks.MOST_SHARDS", 5)
    folder, warned = quietly(heap, tmp_path / "set", media=MEDIA, license="CC0 <1>", seed=3)
    assert len(list(folder.glob("train-*"))) == 5
    assert load(folder, batch_size=1).account.as_dict().items() <= account(folder).items()
    told, found = account(folder), contents(folder)
    lost = told["set_aside"]
    assert told["found"] == 43 == sum(told["used"].values()) + sum(part["count"] for part in lost.values())
    assert {split: len(x) for split, (x, _) in found.items()} == told["used"]
    assert set(told["used"]) == {"train", "val", "test"}
    (torn,) = (part for reason, part in lost.items() if "could not be read" in reason)
    assert torn["names"] == ["dog/torn.png"]
    assert lost["it is packed as another one"] | {} == {
        "count": 1,
        "names": ["cat/copy.png"],
        "twins": ["cat/01.png"],
    }
    (other,) = (part for reason, part in lost.items() if "another class" in reason)
    assert other["names"] == ["dog/also.png"] and other["twins"] == ["cat/01.png"]
    assert told["ignored"] == {".md": ["README.md"]} and len(warned) == 1
    # Each image is there once, as it is packed, with its class.
    of = {MEDIA.pack(png(i)).tobytes(): i % 2 for i in range(40)}
    for examples, labels in found.values():
        for example, label in zip(examples, labels, strict=True):
            assert of.pop(example.tobytes()) == (["dog", "cat"].index(read_index(folder).class_names[label]))
    assert not of
    sheet = (folder / "datasheet.md").read_text()
    for name in ("account.json", "dataset.json", "datasheet.md"):  # none tells the folders of the user
        assert str(tmp_path) not in (folder / name).read_text() and "heap" in (folder / name).read_text()
    assert "CC0 \\<1>" in sheet and read_index(folder).fingerprint in sheet and "| cat |" in sheet
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".array_record") == [
        "account.json",
        "dataset.json",
        "datasheet.md",
    ]


class Killed(BaseException):
    pass


def test_killed_at_any_moment_it_ends_with_the_same_bytes_and_repeats_nothing(heap, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_gen.datasets.preparation.intake.BLOCK_FILES", 7)
    monkeypatch.setattr("keras_gen.datasets.preparation.shard_tasks.SHARD_BYTES", 3000)
    whole = files_of(quietly(heap, tmp_path / "whole", media=MEDIA)[0])
    replace, pack, packed = os.replace, MEDIA.pack, collections.Counter()

    def counted(self, raw):
        packed[raw] += 1
        return pack(raw)

    monkeypatch.setattr(Image, "pack", counted)
    left = [0]

    def replace_or_die(*paths):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        replace(*paths)

    for moments in range(100):
        left[0], target = moments, tmp_path / f"killed{moments}"
        packed.clear()
        monkeypatch.setattr(os, "replace", replace_or_die)
        try:
            quietly(heap, target, media=MEDIA)
            break
        except Killed:
            pass
        monkeypatch.setattr(os, "replace", replace)
        done = len(list((target / ".work").glob("*.npy")))
        assert files_of(quietly(heap, target, media=MEDIA)[0]) == whole
        repeated = sum(count - 1 for count in packed.values())
        # Images that stand in the heap three times are packed thrice, and the block at work was not kept.
        assert repeated <= 2 + 7 and done * 7 <= 43 + 7
    assert moments > 2 * 7 + 3  # of blocks, shards and documents


@pytest.mark.exhaustive
def test_processes_that_are_killed_leave_what_one_process_makes(heap, tmp_path):
    write(heap, {f"dog/{i}.png": png(i) for i in range(100, 2600)})
    whole = files_of(quietly(heap, tmp_path / "whole", size=8)[0])
    command = [sys.executable, "-m", "keras_gen", "prepare", heap, tmp_path / "set", "--size", "8"]
    process = subprocess.Popen([*command, "--processes", "2"], start_new_session=True)
    deadline = time.monotonic() + 300
    while not list((tmp_path / "set").glob(".work/*.npy")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "set" / "dataset.json").exists()
    subprocess.run([*command, "--processes", "2"], check=True)
    assert files_of(tmp_path / "set") == whole


def test_an_example_stays_in_its_split_whatever_is_added(tmp_path):
    names = {f"{speaker}_{i}": speaker for speaker in "abcdefghijklmnop" for i in range(4)}
    sounds = {}
    for number, name in enumerate(names):
        file = io.BytesIO()
        wave = 0.5 * np.sin(np.arange(400) * (0.1 + number / 100))
        soundfile.write(file, wave, 4000, format="WAV")
        sounds[f"{name}.wav"] = file.getvalue()
    media = Audio(256, 4000, mels=8, window=64, hop=32, trim=None)
    arguments = {"media": media, "labels": "{speaker}_{index}", "groups": "speaker"}

    def splits(sounds, **more):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        write(folder, sounds)
        found = contents(quietly(folder, f"{folder}-set", **arguments | more)[0])
        return {x.tobytes(): split for split, (examples, _) in found.items() for x in examples}

    few = {name: raw for name, raw in sounds.items() if name[0] not in "ck" and name[2] != "0"}
    before, after, other = splits(few), splits(sounds), splits(sounds, seed=1)
    assert set(after.values()) == {"train", "val", "test"} and len(after) == 64
    assert before == {x: after[x] for x in before} != {}
    assert other != after
    of_speakers = collections.defaultdict(set)
    for name, raw in sounds.items():
        of_speakers[name[0]].add(after[media.pack(raw).tobytes()])
    assert all(len(found) == 1 for found in of_speakers.values())


def test_nothing_is_written_outside_whatever_names_an_archive_has(tmp_path):
    names = ["a/../../../out.png", "../out.png", "/tmp/out-of-prepare.png", "C:\\out.png", "a/in.png"]
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for i, name in enumerate(names):
            archive.writestr(name, png(i))
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        for i, name in enumerate(names):
            member, raw = tarfile.TarInfo(name), png(i)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"{kind.decode()}.png")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    before = files_of(tmp_path)
    for archive in ("evil.zip", "evil.tar.gz"):
        folder, _ = quietly(tmp_path / archive, tmp_path / f"{archive}-set", labels="{x}", media=MEDIA)
        told = account(folder)
        lost = [name for part in told["set_aside"].values() for name in part["names"]]
        assert sum(told["used"].values()) == 3 == told["found"] - len(lost)
        assert set(names[:2]) <= set(lost)
        assert len(lost) == (2 if archive.endswith("zip") else 6)
    outside = {path for path in tmp_path.rglob("*") if "-set" not in str(path)}
    assert {path.name for path in outside} == set(before)
    assert not os.path.exists("/tmp/out-of-prepare.png")


def test_threads_read_one_tar_archive_side_by_side(tmp_path, monkeypatch):
    class Slow(io.FileIO):
        def seek(self, *place):
            found = super().seek(*place)
            time.sleep(1e-3)  # in which another thread may move it
            return found

    files = {f"{i}.png": png(i) for i in range(16)}
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, raw in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    monkeypatch.setattr(tarfile, "bltn_open", Slow)
    with open_tree(tmp_path / "a.tar") as tree, ThreadPoolExecutor(4) as threads:
        assert dict(zip(files, threads.map(tree.read, files), strict=True)) == files


def test_a_folder_is_gone_on_with_by_the_same_command_only(heap, tmp_path):
    folder, _ = quietly(heap, tmp_path / "set", media=MEDIA)
    before = files_of(folder)
    assert quietly(heap, folder, media=MEDIA) == (folder, []) and files_of(folder) == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    refused = {
        "seed is 0 there, 1 here": (heap, folder, {"seed": 1}),
        "holds something else (thesis.tex)": (heap, tmp_path / "other", {}),
        "is no folder": (heap, tmp_path / "link", {}),
        "lies in": (heap, heap / "set", {}),
        "leave no images to train on": (heap, tmp_path / "new", {"validation": 0.5, "test": 0.5}),
        "needs the pattern of the file names": (heap, tmp_path / "new", {"groups": "speaker"}),
        "Unknown duplicates": (heap, tmp_path / "new", {"duplicates": "some"}),
        "processes must be": (heap, tmp_path / "new", {"processes": 0}),
        "validation must be a share of the images": (heap, tmp_path / "new", {"validation": "0.1"}),
        "license must be a text": (heap, tmp_path / "new", {"license": 4}),
        "is a prepared set already": (folder, tmp_path / "new", {}),
        "missing path": (tmp_path / "gone", tmp_path / "new", {}),
    }
    for told, (source, target, arguments) in refused.items():
        with pytest.raises(InputError, match=".*") as error:
            quietly(source, target, media=MEDIA, **arguments)
        assert told in str(error.value)
    write(heap, {"cat/new.png": png(200)})
    with pytest.raises(InputError, match="has changed"):
        quietly(heap, folder, media=MEDIA)
    assert files_of(folder) == before and not (tmp_path / "new").exists()


def test_sentences_are_split_by_what_they_say_and_learned_from_those_for_training(tmp_path):
    words = np.array("one two three four five six seven eight nine ten".split())
    rng = np.random.default_rng(0)
    rows = [f"{' '.join(rng.choice(words, 5))},{'ab'[i % 2]}" for i in range(60)]
    table = write(tmp_path / "tables", {"t.csv": "\n".join(["text,kind", *rows, rows[0], ",a"]).encode()})
    (table / "gone.csv").symlink_to(tmp_path / "nowhere")
    folder, _ = quietly(table, tmp_path / "set", media=Text(8), field="text", labels="kind")
    told, found, index = account(folder), contents(folder), read_index(folder)
    assert told["found"] == 62 and sum(told["used"].values()) == 60
    (twin,) = (part for part in told["set_aside"].values() if part["twins"])
    assert twin["names"] == ["t.csv, sentence 61"] and twin["twins"] == ["t.csv, sentence 1"]
    texts = {row.split(",")[0]: row.split(",")[1] for row in rows}
    for examples, labels in found.values():
        for text, label in zip(index.media.unpack(examples), labels, strict=True):
            assert texts.pop(str(text)) == index.class_names[label]
    assert not texts


def test_arrays_and_splits_that_a_source_brings_stay(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), dtype=np.uint8)
    y = np.arange(30) % 3
    np.savez(tmp_path / "a.npz", x_train=pixels[:20], y_train=y[:20], x_test=pixels[15:], y_test=y[15:])
    folder, _ = quietly(tmp_path / "a.npz", tmp_path / "set", validation=0)
    found = contents(folder)
    assert np.array_equal(found["train"][0], pixels[:20]) and np.array_equal(found["train"][1], y[:20])
    assert np.array_equal(found["test"][0], pixels[20:]) and np.array_equal(found["test"][1], y[20:])
    kept, _ = quietly(tmp_path / "a.npz", tmp_path / "kept", validation=0, duplicates="keep")
    assert len(contents(kept)["test"][0]) == 15 and account(kept)["shared"] == {"test": 5}


def test_arrays_with_other_labels_are_another_source(tmp_path):
    pixels, source = np.arange(30 * 64, dtype=np.uint8).reshape(30, 8, 8, 1), tmp_path / "a.npz"
    np.savez(source, x=pixels, y=np.arange(30) % 2)
    folder, _ = quietly(source, tmp_path / "set")
    np.savez(source, x=pixels, y=np.arange(30) % 3)
    with pytest.raises(InputError, match="The source has changed"):
        quietly(source, folder)


def test_a_list_of_sentences_without_labels_or_with(tmp_path):
    texts = [f"{one} {two}" for one in "abcdefgh" for two in "abcdefgh"] + [" "]
    folder, _ = quietly(texts, tmp_path / "set", media=Text(4))
    told = account(folder)
    assert told["found"] == 65 and told["set_aside"]["it is empty"]["count"] == 1
    labeled, _ = quietly((texts, [len(set(text)) for text in texts]), tmp_path / "labeled", media=Text(4))
    for prepared in (folder, labeled):
        media, found = read_index(prepared).media, contents(prepared)
        assert sorted(str(text) for x, _ in found.values() for text in media.unpack(x)) == texts[:-1]
    for x, y in found.values():
        assert (y == [len(set(str(text))) - 2 for text in media.unpack(x)]).all()


def test_one_recording_is_taken_in_pieces_and_divided_by_time(tmp_path):
    media = Audio(256, 4000, mels=8, window=64, hop=32, trim=None)
    soundfile.write(tmp_path / "speech.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 20 * 256), 4000)
    folder, _ = quietly(tmp_path / "speech.wav", tmp_path / "set", media=media, test=0.2)
    pieces = media.cut(media.clean((tmp_path / "speech.wav").read_bytes()), chunks=True)
    for split, rows in {"train": slice(14), "val": slice(14, 16), "test": slice(16, 20)}.items():
        np.testing.assert_array_equal(contents(folder)[split][0], pieces[rows])
    assert any("by time" in note for note in account(folder)["notes"])
    assert account(folder)["seconds"] == [1.28, 1.28] and "by time" in (folder / "datasheet.md").read_text()
    with pytest.raises(InputError, match="give a longer one"):
        quietly(tmp_path / "speech.wav", tmp_path / "new", media=Audio(2560, 4000, mels=8, trim=None))


def test_a_group_in_two_splits_of_the_source_is_refused(tmp_path):
    names = (
        f"{split}/{speaker}_{i}.png" for split in ("train", "test") for speaker in "ab" for i in range(3)
    )
    heap = write(tmp_path / "heap", {name: png(number) for number, name in enumerate(names)})
    with pytest.raises(InputError, match="has groups in test and train at once"):
        quietly(heap, tmp_path / "set", media=MEDIA, labels="{speaker}_{index}", groups="speaker")


def test_images_of_any_shape_by_a_table_frame_by_frame(tmp_path):
    files, rows = {}, ["file,label,split"]
    for number in range(12):
        frames = [PIL.Image.new("RGBA", (9, 6), (number, 20 * frame, 0, 255)) for frame in range(3)]
        raw = io.BytesIO()
        frames[0].save(raw, "PNG", save_all=True, append_images=frames[1:])
        files[f"{number}.png"] = raw.getvalue()
        rows.append(f"{number}.png,{'ab'[number % 2]},{('train', 'val', 'test')[number % 3]}")
    heap = write(tmp_path / "heap", files | {"labels.csv": "\n".join(rows).encode()})
    media = Image(8, 12, 4, "pad", "navy")
    settings = {"media": media, "labels": "labels.csv", "chunks": True}
    folder, _ = quietly(heap, tmp_path / "set", **settings)
    found = contents(folder)
    assert read_index(folder).media == media and account(folder)["cleaned"]["taken frame by frame"] == 12
    for place, split in enumerate(("train", "val", "test")):
        examples, labels = found[split]
        expected = np.concatenate([media.pack_frames(files[f"{n}.png"]) for n in range(place, 12, 3)])
        assert {x.tobytes() for x in examples} == {x.tobytes() for x in expected} and len(examples) == 12
        np.testing.assert_array_equal(labels.reshape(-1), examples[:, 4, 6, 0] % 2)
    (heap / "labels.csv").write_text("\n".join(rows).replace(",a,", ",c,"))
    with pytest.raises(InputError, match="begun|other"):
        prepare(heap, folder, processes=1, **settings)


def test_names_that_tell_one_class_only_tell_none(tmp_path):
    heap = write(tmp_path / "heap", {f"7_{number}.png": png(number) for number in range(12)})
    settings = {"size": 8, "labels": "{digit}_{index}", "validation": 0, "test": 0}
    folder, _ = quietly(heap, tmp_path / "set", **settings)
    for data in (load(folder, batch_size=2), load(heap, batch_size=2, **settings)):
        assert (data.num_classes, data.pattern) == (None, None)


def test_the_command_tells_where_things_are_and_refuses_in_a_sentence(heap, run_cli):
    arguments = ("prepare", heap, "set", "--media", "image", "--processes", "1")
    size = ("--set", "height=8", "--set", "width=8", "--set", "channels=3")
    code, printed = run_cli(*arguments, *size)
    assert code == 0 and "train: " in printed and "set/datasheet.md" in printed
    for more, told in {
        ("--set", "heigth=8"): "did you mean 'height'",
        ("--set", "height=8"): "Image needs width, channels",
        (*size, "--seed", "4"): "seed is 0 there, 4 here",
        (*size, "--media", "video"): "Unknown media 'video'",
    }.items():
        code, printed = run_cli(*arguments, *more)
        assert code == 2 and told in printed and "Traceback" not in printed
    code, printed = run_cli("prepare", heap, "gs://bucket/set", *arguments[3:], *size)
    assert code == 2 and "gs://bucket/set is elsewhere" in printed


def test_files_elsewhere_are_read_as_those_here(heap, tmp_path):
    """TensorFlow's files in memory stand for a bucket."""
    for path in heap.rglob("*.*"):
        target = f"ram://bucket/heap/{path.relative_to(heap)}"
        tf.io.gfile.makedirs(target.rpartition("/")[0])
        tf.io.gfile.copy(str(path), target)
    here, _ = quietly(heap, tmp_path / "here", media=MEDIA)
    there, _ = quietly("ram://bucket/heap", tmp_path / "there", media=MEDIA)
    assert read_index(there).fingerprint == read_index(here).fingerprint
    assert account(there)["set_aside"] == account(here)["set_aside"]
    for source, target, told in (
        ("s3://bucket/heap", tmp_path / "new", "s3://bucket/heap cannot be read"),
        ("ram://bucket/none", tmp_path / "new", "missing path"),
        (heap, "gs://bucket/set", "is elsewhere"),
    ):
        with pytest.raises(InputError, match=told):
            quietly(source, target, media=MEDIA)
