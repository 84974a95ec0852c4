"""Files that are damaged, that lie or that mean harm end neither `load`, `check` nor `prepare`, and are accounted for.

A sample of a thousand; KERAS_GEN_HOSTILE=all runs all of them, bombs too.
"""

import html.parser
import json
import os
import time
import zipfile

import hostile_files
import pytest

from keras_gen.datasets import check, load, prepare
from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Text

ALL = os.environ.get("KERAS_GEN_HOSTILE") == "all"
MOST_MEGABYTES, MOST_SECONDS = 1000, 120 if ALL else 30
MEDIA = [Image(8, 8, 3), Audio(4096, 8000, mels=32, window=256, hop=64), Text()]


def sample(found, every):
    """Some of the files, or all. Those that take time to make are bombs."""
    if ALL:
        return found
    return {
        name: raw for place, (name, raw) in enumerate(found.items()) if not (place % every or callable(raw))
    }


@pytest.fixture(scope="module")
def heap(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "heap"
    hostile_files.write_heap(folder, sample(hostile_files.files(), 15) | hostile_files.strange_names())
    return folder


@pytest.fixture
def bounded(tmp_path, monkeypatch):
    """Within, nothing is written but below `tmp_path`, and neither memory nor time run away."""
    monkeypatch.chdir(tmp_path)
    outside = {parent: sorted(os.listdir(parent)) for parent in ("/", tmp_path.parent)}
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # has the kernel forget the highest use of memory
        before = highest_memory()
    except OSError:
        before = None
    start = time.process_time()
    yield
    assert time.process_time() - start < MOST_SECONDS
    if before is not None:
        assert highest_memory() - before < MOST_MEGABYTES
    assert outside == {parent: sorted(os.listdir(parent)) for parent in outside}


def highest_memory():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1000 for line in file if line.startswith("VmHWM"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("media", MEDIA, ids=lambda media: media.plural)
def test_every_file_of_a_heap_is_accounted_for(media, heap, bounded, tmp_path):
    found = check(heap, media=media)
    assert found.account.found > 6 and found.account.set_aside
    names = [name for name in os.listdir(heap) if name != "folder.png"]
    for account in (load(heap, media=media, batch_size=1).account, found.account):
        told = sum(left.count for left in account.set_aside.values())
        assert account.found == sum(account.used.values()) + told
        ignored = sum(map(len, account.ignored.values()))
        if media.plural == "sentences":  # of which a file has many
            assert ignored < len(names)
        else:
            assert account.found + ignored == len(names)
    found.save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_bytes().decode("utf-8")
    Harmless().feed(page)
    assert str(found) and os.listdir(tmp_path) == ["page.html"]
    prepare(heap, tmp_path / "set", media=media, processes=1)
    told = json.loads((tmp_path / "set" / "account.json").read_text())
    assert sorted(os.listdir(tmp_path)) == ["page.html", "set"]
    assert set(os.listdir(heap)) == {*names, "folder.png"}
    assert told["found"] == sum(told["used"].values()) + sum(
        left["count"] for left in told["set_aside"].values()
    )


class Harmless(html.parser.HTMLParser):
    """Fails at whatever a page would run or fetch."""

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "iframe", "svg", "object", "link", "base")
        for name, value in attributes:
            assert not name.startswith("on") and (
                name not in ("src", "href") or value.startswith("data:image/")
            )


ARCHIVES = sample(hostile_files.archives(), 10) | {"outside.zip": hostile_files.archives()["outside.zip"]}
TABLES = hostile_files.tables()


@pytest.mark.filterwarnings("ignore")
def test_archives_are_read_in_place_or_refused(bounded, tmp_path):
    refused = []
    for name, raw in ARCHIVES.items():
        path = tmp_path / name
        path.write_bytes(raw() if callable(raw) else raw)
        try:
            accounts = check(path).account, load(path, size=8, batch_size=1).account
        except InputError:
            refused.append(name)
            continue
        with zipfile.ZipFile(path) as archive:
            count = sum(not member.endswith(("/", "\\")) for member in archive.namelist())
        for account in accounts:
            told = sum(left.count for left in account.set_aside.values())
            assert account.found == sum(account.used.values()) + told, name
            assert account.found + sum(map(len, account.ignored.values())) == count, name
    assert "outside.zip" not in refused and len(refused) < len(ARCHIVES)
    assert sorted(os.listdir(tmp_path)) == sorted(ARCHIVES)
    told = {name for left in check("outside.zip").account.set_aside.values() for name in left.names}
    assert {"../owned.png", "..\\owned.png", "a/../../owned.png"} <= told


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TABLES)
def test_tables_and_lines_of_json(name, bounded, tmp_path):
    (tmp_path / name).write_text(TABLES[name])
    try:
        account = check(tmp_path / name, field="text").account
    except InputError as error:
        assert name in str(error)
    else:
        assert account.found == sum(account.used.values()) + sum(
            left.count for left in account.set_aside.values()
        )
