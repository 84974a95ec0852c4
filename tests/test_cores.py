import os

import pytest

from keras_gen import cores


@pytest.mark.parametrize(
    "told, expected", [("150000 100000", 2), ("20000 100000", 1), ("max 100000", 64), ("?", 64), (None, 64)]
)
def test_cores_are_those_that_a_container_has_time_for(told, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    monkeypatch.setattr(cores, "QUOTA", tmp_path / "cpu.max")
    if told is not None:
        (tmp_path / "cpu.max").write_text(told)
    assert cores.available_cores() == expected
