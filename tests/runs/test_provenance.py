import json

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.media import Image, Origin
from keras_gen.runs.provenance import inspect, write_sidecar

FIRST, SECOND = Origin("first", "1"), Origin("second", "2")


def written(path, value, origin=None):
    Image(4, 4, 1).save(np.full((4, 4, 1), value, "uint8"), path, origin)
    return path


def test_a_sidecar_tells_of_the_files_it_was_written_for_alone(tmp_path):
    folder = tmp_path / "drawn"
    folder.mkdir()
    own = written(folder / "own.png", 9)
    a, b = written(folder / "a.png", 0, FIRST), written(folder / "b.png", 1, FIRST)
    write_sidecar(folder, [a, b], FIRST, {"seed": 1})
    b, c = written(folder / "b.png", 2, SECOND), written(folder / "c.png", 3)
    path = write_sidecar(folder, [b, c], SECOND, {"seed": 2})
    assert [inspect(file).beside for file in (own, a, b, c)] == [None, FIRST, SECOND, SECOND]
    assert [inspect(file).within for file in (own, a, b, c)] == [None, FIRST, SECOND, None]
    assert [made["made_with"] for made in json.loads(path.read_text())["made"]] == [{"seed": 1}, {"seed": 2}]

    assert not inspect(c).changed
    written(c, 4)
    assert inspect(c).changed and not inspect(a).changed


def test_files_of_any_kind_have_one_beside_them(tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("a sentence\n")
    assert inspect(text).beside is None
    sidecar = write_sidecar(text, [text], FIRST, {})
    assert sidecar.name == "a.txt.json" and inspect(text).beside == FIRST and inspect(text).within is None


@pytest.mark.parametrize(
    "told", ["[]", "{}", '{"made": 1}', '{"synthetic": true, "made": [1, {"files": 2}]}']
)
def test_a_file_of_another_kind_is_no_sidecar(tmp_path, told):
    image = written(tmp_path / "a.png", 1)
    (tmp_path / "a.png.json").write_text(told)
    assert inspect(image).beside is None


def test_a_damaged_sidecar_is_refused(tmp_path):
    image = written(tmp_path / "a.png", 1)
    (tmp_path / "provenance.json").write_text("{")
    with pytest.raises(InputError, match="provenance.json cannot be read"):
        inspect(image)
