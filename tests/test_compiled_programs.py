import importlib.metadata
import os

import pytest

from keras_gen import compiled_programs

ELSEWHERE = f"{compiled_programs.FLAG}=/elsewhere"


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """A folder in which a driver tells of a card; the cache is beside it."""
    monkeypatch.setenv("KERAS_GEN_CACHE", str(tmp_path / "cache"))
    card = tmp_path / "gpus" / "0000:01:00.0" / "information"
    card.parent.mkdir(parents=True)
    card.write_text("Model: \t\t NVIDIA H100 80GB\nIRQ:   \t\t 12\n")
    return tmp_path / "gpus"


def flags(monkeypatch, before, cards):
    monkeypatch.setenv("TF_XLA_FLAGS", before)
    compiled_programs.keep(cards)
    return os.environ["TF_XLA_FLAGS"].split()


def test_programs_are_kept_by_version_and_card(cards, monkeypatch):
    version = importlib.metadata.version("tensorflow").replace(".", "-")
    own, kinds = flags(monkeypatch, "", cards)
    folder = cards.parent / "cache" / "xla" / f"{version}-NVIDIA-H100-80GB"
    assert own == f"{compiled_programs.FLAG}={folder}" and kinds.endswith("device_types=GPU")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert flags(monkeypatch, "--tf_xla_auto_jit=0", cards)[0] == "--tf_xla_auto_jit=0"


def test_nothing_is_changed_where_nothing_can_be_kept(cards, monkeypatch):
    assert flags(monkeypatch, ELSEWHERE, cards) == [ELSEWHERE]
    assert flags(monkeypatch, "", cards / "none") == []
    for cache in (cards.parent / "with space", cards / "0000:01:00.0" / "information"):
        monkeypatch.setenv("KERAS_GEN_CACHE", str(cache))
        assert flags(monkeypatch, "", cards) == []
