"""Sets in the forms of other tools, made small by these tools or by hand, and prepared."""

import io
import json
import tarfile

import numpy as np
import PIL.Image
import pytest

from keras_gen.datasets import prepare
from keras_gen.datasets.shards import array_record, read_index
from keras_gen.errors import InputError
from keras_gen.media import Image, Text

MEDIA = Image(8, 8, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
# None are held out: the archives and files tell their splits.
ALL = {"media": MEDIA, "validation": 0, "processes": 1}


def png(pixels):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def contents(folder):
    """Name of a split -> its packed examples and labels."""
    index, found = read_index(folder), {}
    for split, told in index.splits.items():
        readers = [array_record().ArrayRecordReader(str(folder / shard.file)) for shard in told.shards]
        records = [record for reader in readers for record in reader.read_all()]
        found[split] = index.layout(split).arrays(records)
    return found


def check(folder):
    found, names = contents(folder), read_index(folder).class_names
    for split, rows in (("train", slice(0, 20)), ("test", slice(20, 30))):
        examples, labels = found[split]
        assert np.array_equal(examples, PIXELS[rows])
        assert [names[label] for label in labels] == [f"c{i % 3}" for i in range(30)][rows]


@pytest.mark.parametrize("labels", ["inferred", "kind"])
def test_webdataset(tmp_path, labels):
    for split, rows in (("train", range(20)), ("test", range(20, 30))):
        with tarfile.open(tmp_path / f"set-{split}-0.tar", "w") as archive:
            for i in rows:
                told = {"cls": f"c{i % 3}\n".encode()} if labels == "inferred" else {}
                told |= {"json": json.dumps({"kind": f"c{i % 3}"}).encode(), "seg.png": b"no image"}
                for ending, raw in {"png": png(PIXELS[i]), **told}.items():
                    member = tarfile.TarInfo(f"shard/{i:03d}.{ending}")
                    member.size = len(raw)
                    archive.addfile(member, io.BytesIO(raw))
    check(prepare(f"webdataset:{tmp_path}", tmp_path / "set", labels=labels, **ALL))
    with pytest.raises(InputError, match="no files that end in .tar"):
        prepare(f"webdataset:{tmp_path / 'set'}", tmp_path / "new", **ALL)


def test_examples_without_a_class_are_set_aside_by_a_name_that_tells_no_folder_of_the_user(tmp_path):
    with tarfile.open(tmp_path / "w.tar", "w") as archive:
        for i in range(20):
            told = {} if i == 5 else {"cls": f"c{i % 3}".encode()}
            for ending, raw in {"png": png(PIXELS[i]), **told}.items():
                member = tarfile.TarInfo(f"{i:03d}.{ending}")
                member.size = len(raw)
                archive.addfile(member, io.BytesIO(raw))
    source, arguments = f"webdataset:{tmp_path}", ALL | {"test": 0}
    with pytest.warns(UserWarning, match="1 of 20 images have no class"):
        folder = prepare(source, tmp_path / "set", **arguments)
    told = json.loads((folder / "account.json").read_text())
    assert told["set_aside"]["it has no class"]["names"] == ["w.tar::005.png"]
    assert told["found"] == 20 and len(contents(folder)["train"][1]) == 19
    without = prepare(source, tmp_path / "without", labels=None, **arguments)
    assert contents(without)["train"][1] is None and len(contents(without)["train"][0]) == 20
    with pytest.raises(InputError, match="labels='top' is about folders"):
        prepare(source, tmp_path / "new", labels="top", **arguments)


def test_parquet_of_images_as_hugging_face_keeps_them(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    features = {"label": {"names": ["c0", "c1", "c2"], "_type": "ClassLabel"}}
    told = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    for split, rows in (("train", range(20)), ("test", range(20, 30))):
        table = pyarrow.table(
            {
                "image": [{"bytes": png(PIXELS[i]), "path": f"{i}.png"} for i in rows],
                "label": [i % 3 for i in rows],
            }
        )
        path = tmp_path / "data" / "default" / split / "0000.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(table.replace_schema_metadata(told), path, row_group_size=7)
    source = f"parquet:{tmp_path / 'data'}"
    check(prepare(source, tmp_path / "set", labels="label", **ALL))
    for arguments, message in {
        (("field", "picture"),): "no column 'picture': give field, one of image, label",
        (("labels", "kind"),): "no column 'kind'",
        (("labels", "{x}_{index}"),): "have no use",
        (("media", Text(8)),): "brings images",
    }.items():
        with pytest.raises(InputError, match=message):
            prepare(source, tmp_path / "new", **ALL | dict(arguments))
    pq.write_table(pyarrow.table({"image": [b""]}), tmp_path / "data" / "z.parquet")
    with pytest.raises(InputError, match="z.parquet has no column 'label', which others have"):
        prepare(source, tmp_path / "new", labels="label", **ALL)


def test_parquet_of_sentences(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    texts = [f"sentence {'abcdefghij'[i // 10]} {'abcdefghij'[i % 10]}" for i in range(90)]
    table = pyarrow.table(
        {"text": [*texts, "", None, "no label"], "intent": [*["x", "y"] * 45, "x", "y", None]}
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=25)
    media = Text(4)
    folder = prepare(tmp_path / "t.parquet", tmp_path / "set", labels="intent", media=media, processes=1)
    found, index = contents(folder), read_index(folder)
    of = dict(zip(texts, ["x", "y"] * 45, strict=True))
    for examples, labels in found.values():
        for text, label in zip(index.media.unpack(examples), labels, strict=True):
            assert of.pop(str(text)) == index.class_names[label]
    assert not of
    told = json.loads((folder / "account.json").read_text())
    assert told["found"] == 93
    assert {why: part["count"] for why, part in told["set_aside"].items()} == {
        "it is empty": 2,
        "it has no label": 1,
    }


def test_files_of_other_kinds_are_refused_in_a_sentence(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing")
    for source, message in (
        (tmp_path / "a.parquet", "could not be read as Parquet"),
        ("parquet:/nowhere", "holds no files that end in .parquet"),
    ):
        with pytest.raises(InputError, match=message):
            prepare(source, tmp_path / "new", **ALL)


def test_sets_of_hugging_face(tmp_path, monkeypatch):
    """A folder stands for a name of the hub."""
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    folder = tmp_path / "test-of-sentences"
    folder.mkdir()
    for split, words in (("train", "abcdef"), ("test", "xyz")):
        rows = "".join(f"a sentence {word},{word in 'ax'}\n" for word in words)
        (folder / f"{split}.csv").write_text(f"text,first\n{rows}")
    arguments = {"labels": "first", "media": Text(4, vocabulary=list("abcdefxyz")), "validation": 0}
    index = read_index(prepare(f"hf:{folder}", tmp_path / "set", processes=1, **arguments))
    assert {split: told.count for split, told in index.splits.items()} == {"train": 6, "test": 3}
    assert index.class_names == ["False", "True"]
    with pytest.raises(InputError, match="hf:.* could not be loaded"):
        prepare(f"hf:{tmp_path / 'none'}", tmp_path / "new")
