"""What labels stand for, and the files that are named by it."""

import json

import numpy as np
import PIL.Image
import pytest

from keras_gen.datasets import load
from keras_gen.errors import InputError
from keras_gen.media import Image
from keras_gen.runs.classes import Classes
from keras_gen.runs.run import Run
from keras_gen.runs.samples import write_folder, write_samples, write_walk

PATTERN = "{digit}_{speaker}_{index}"
MEDIA = Image(8, 8, 1)
IMAGES = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8, 1)


@pytest.fixture
def spoken():
    # As after "10" and "2" were sorted as text: no number of a class is its name.
    return Classes({"digit": ["10", "2", "7"], "speaker": ["ann", "theo"]}, PATTERN)


@pytest.mark.parametrize(
    "text, label", [("7,theo", [2, 1]), (" 10 , ann ", [0, 0]), ("2,1", [1, 1]), ("0,0", [0, 0])]
)
def test_several_labels_are_told_by_name_or_number(spoken, text, label):
    assert spoken.label(text) == label


def test_one_label_is_told_by_name_before_number():
    classes = Classes(["2", "0", "cat"])
    assert [classes.label(text) for text in ("2", "0", "cat", "1")] == [0, 1, 2, 1]


@pytest.mark.parametrize(
    "text, message",
    [
        ("7", "A label must be digit,speaker, not '7'"),
        ("7,theo,0", "A label must be digit,speaker, not '7,theo,0'"),
        ("7,teo", "Unknown class 'teo': did you mean 'theo'"),
        ("3,theo", "Unknown class '3'.*Available: 10, 2, 7"),
        ("-1,theo", "Unknown class '-1'"),
        ("²,theo", "Unknown class '²'"),  # a digit, but none that int() takes
        ("7,", "Unknown class ''"),
    ],
)
def test_labels_that_do_not_exist_are_refused(spoken, text, message):
    with pytest.raises(InputError, match=message):
        spoken.label(text)


def test_one_label_is_asked_for_as_one():
    assert Classes(["cat", "cat,dog"]).label("cat,dog") == 1
    with pytest.raises(InputError, match="Unknown class 'cat,dog'"):
        Classes(["cat", "dog"]).label("cat,dog")


def test_files_are_counted_by_combination_and_tell_their_labels(spoken):
    labels = [[2, 1], [0, 1], [2, 1], [2, 0], [2, 1]]
    names = spoken.file_names(labels)
    assert names == ["7_theo_0", "10_theo_0", "7_theo_1", "7_ann_0", "7_theo_2"]
    assert [spoken.of_file(f"some_other_folder/{name}.wav") for name in names] == labels
    one = Classes(["ann", "theo"], "{speaker}_{index}")
    assert one.file_names([1, 0, 1]) == ["theo_0", "ann_0", "theo_1"]
    assert one.of_file("theo_1.wav") == 1


def test_without_a_pattern_folders_and_written_names_tell_the_class(spoken):
    classes = Classes(["drums/kick", "kick", "drums-kick"])
    names = classes.file_names([1, 0, 1, 2])
    assert names == ["kick_0", "drums-kick_0", "kick_1", "drums-kick_1"]  # none twice
    told = {"a/drums/kick/x.wav": 0, "kick/x.wav": 1, "kick_12.wav": 1, "x.wav": None, "snare_0.wav": None}
    assert {path: classes.of_file(path) for path in told} == told
    several = Classes({"digit": ["7"], "speaker": ["ann", "theo"]})
    assert several.file_names([[0, 1], [0, 1]]) == ["7_theo_0", "7_theo_1"]
    assert several.of_file("7_theo_0.wav") is None
    assert spoken.of_file("theo.wav") is None
    with pytest.raises(InputError, match="Unknown class 'eva'"):
        spoken.of_file("7_eva_0.wav")


def test_the_name_of_a_file_tells_classes_by_name_alone():
    assert Classes(["a,b", "c"], "{speaker}_{index}").of_file("a,b_0.wav") == 0
    with pytest.raises(InputError, match="Unknown class '0'"):
        Classes(["1", "2"], "{digit}_{index}").of_file("0_0.wav")


def test_without_an_index_in_the_pattern_written_names_tell_their_labels():
    classes = Classes(["ann", "theo"], "{speaker}")
    assert [classes.of_file(f"{name}.wav") for name in classes.file_names([1, 1, 0])] == [1, 1, 0]


def test_classes_come_back_from_the_folder_of_a_run(tmp_path):
    for digit in ("7", "10"):
        for speaker in ("theo", "ann"):
            for index in range(3):
                PIL.Image.new("L", (8, 8), index).save(tmp_path / f"{digit}_{speaker}_{index}.png")
    data = load(tmp_path, labels=PATTERN, size=8, batch_size=4)
    run = Run(tmp_path / "run")
    assert Run(tmp_path).classes() is None
    run.folder.mkdir()
    run.write_classes(data)
    assert run.classes().names == data.class_names and run.classes().pattern == PATTERN
    assert run.classes().label("7,ann") == [1, 0]
    for damage in ("{", "[]", '{"names": []}{', '{"classes": []}', "\xff", '{"names": [1]}', '{"names": {}}'):
        run.classes_file.write_text(damage, "latin-1")
        with pytest.raises(InputError, match="classes.json cannot be read"):
            run.classes()


def test_samples_are_written_under_their_names(tmp_path):
    write_folder(MEDIA, IMAGES, tmp_path / "new" / "out", ["7_theo_0", "..", "a.b", "ä ö"])
    files = sorted((tmp_path / "new" / "out").iterdir())
    assert [path.name for path in files] == ["...png", "7_theo_0.png", "a.b.png", "ä ö.png"]
    np.testing.assert_array_equal(PIL.Image.open(files[1]), IMAGES[0, ..., 0])


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/b", "x/", ".", "./x", "a\0"])
def test_names_that_are_paths_are_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(InputError, match="give the class another name") as refusal:
        write_folder(MEDIA, IMAGES[:2], tmp_path / "out", ["fine", name])
    assert repr(name) in str(refusal.value) and not list(tmp_path.iterdir())


class Model:
    """A stand-in whose latents are the means of the images."""

    media, num_classes = MEDIA, None

    def labels_for(self, num, labels):
        return np.resize(labels, num)

    def generate(self, num, labels, seed):
        return IMAGES[:num]

    def encode(self, packed, labels=None):
        return packed.mean(axis=(1, 2, 3))[:, np.newaxis]

    def interpolate(self, start, stop, steps, **labels):
        levels = np.rint(np.linspace(start, stop, steps)).astype(np.uint8)
        return np.broadcast_to(levels[..., np.newaxis, np.newaxis], (steps, 8, 8, 1))


@pytest.mark.parametrize(
    "pattern, name", [("{digit}_{index}", "../../x"), ("{digit}_{index}", "{folder}/x"), ("../{digit}", "x")]
)
def test_a_run_of_someone_else_writes_nothing_outside_of_the_folder(tmp_path, pattern, name):
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    names = ["fine", name.format(folder=tmp_path)]
    run.classes_file.write_text(json.dumps({"pattern": pattern, "names": names}))
    with pytest.raises(InputError, match="give the class another name"):
        write_samples(Model(), tmp_path / "a" / "out", 2, [0, 1], classes=run.classes())
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["classes.json"]


@pytest.fixture
def ends(tmp_path):
    paths = tmp_path / "a.png", tmp_path / "b.png"
    for path, level in zip(paths, (10, 30), strict=True):
        PIL.Image.new("L", (8, 8), level).save(path)
    return paths


def test_a_walk_goes_from_the_one_file_to_the_other(tmp_path, ends):
    write_walk(Model(), *ends, tmp_path / "walk", steps=11)
    files = sorted((tmp_path / "walk").iterdir())
    assert [path.name for path in files] == [f"{i:02}.png" for i in range(11)]
    assert [PIL.Image.open(path).getpixel((0, 0)) for path in files] == list(range(10, 31, 2))


@pytest.mark.parametrize(
    "place, content, message",
    [
        (0, None, r"a.png cannot be read: No such file"),
        (1, None, r"b.png cannot be read: No such file"),
        (1, b"text", r"b.png cannot be used: The image could not be read"),
    ],
)
def test_a_walk_needs_two_files_that_can_be_used(tmp_path, ends, place, content, message):
    ends[place].unlink()
    if content is not None:
        ends[place].write_bytes(content)
    with pytest.raises(InputError, match=message):
        write_walk(Model(), *ends, tmp_path / "walk", steps=2)
    assert not (tmp_path / "walk").exists()


def test_a_walk_needs_an_encoder_and_a_folder(tmp_path, ends, small_gan):
    with pytest.raises(InputError, match="A GAN has no encoder"):
        write_walk(small_gan(), *ends, tmp_path / "walk", steps=2)
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken cannot be written"):
        write_walk(Model(), *ends, tmp_path / "taken", steps=2)
