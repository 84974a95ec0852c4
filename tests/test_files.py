"""Files take their place whole, and through nobody's link."""

import os
import stat

import pytest

from keras_gen.errors import InputError
from keras_gen.files import PARTIAL, locked, remove_partial, replace_atomically, write_atomically


def test_what_is_written_is_seen_whole_and_nothing_else_stays(tmp_path):
    path, seen = tmp_path / ("n" * 251 + ".txt"), []

    def write(partial):
        seen.append(partial)
        assert partial.name == path.name and not path.exists()
        assert stat.S_IMODE(partial.parent.stat().st_mode) == 0o700
        partial.write_text("whole")

    before = os.umask(0o027)
    try:
        replace_atomically(path, write)
    finally:
        os.umask(before)
    assert path.read_text() == "whole" and stat.S_IMODE(path.stat().st_mode) == 0o640

    def fail(partial):
        seen.append(partial)
        partial.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_atomically(path, fail)
    assert path.read_text() == "whole" and list(tmp_path.iterdir()) == [path]
    assert seen[0].parent != seen[1].parent  # so that nobody can foresee it


def test_links_lead_nowhere(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("kept")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / f"{PARTIAL}config.json").symlink_to(precious)
    (folder / "config.json").symlink_to(precious)
    write_atomically(folder / "config.json", "{}")
    (folder / ".lock").symlink_to(precious)
    with pytest.raises(InputError, match=r"\.lock cannot be locked \(it is a link\): remove it"):
        with locked(folder, "training"):
            pass
    (folder / f"{PARTIAL}abc").mkdir()
    (folder / f"{PARTIAL}abc" / "half.keras").write_text("half")
    (folder / f"{PARTIAL}elsewhere").symlink_to(tmp_path)
    remove_partial(folder)
    assert {path.name for path in folder.iterdir()} == {".lock", "config.json"}
    assert precious.read_text() == "kept" and (folder / "config.json").read_text() == "{}"


def test_one_process_at_a_time(tmp_path):
    with locked(tmp_path, "training"):
        with pytest.raises(InputError, match="Another process is training in"):
            with locked(tmp_path, "training"):
                pass
    with locked(tmp_path, "training"):
        pass
