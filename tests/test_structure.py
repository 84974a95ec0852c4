"""The house keeps to its map: imports point downwards, and what is imported lazily is imported late."""

import ast
import re
from pathlib import Path

import keras_gen

PACKAGE = Path(keras_gen.__file__).parent
FLOORS = [
    {"errors", "registration"},
    {"files", "signals", "logs"},
    {"noise", "schedules", "layers", "distribution"},
    {"networks", "losses", "media", "datasets"},
    {"models"},
    {"export", "callbacks", "metrics"},
    {"evaluation"},
    {"recipes"},
    {"runs"},
    {"tuners"},
    {"cli"},
    {"__main__"},
]


def floor(room):
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imported_rooms(path):
    """The rooms of this package that a module imports when it is itself imported."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "keras_gen":
            names = (
                [node.module.split(".")[1]] if "." in node.module else [alias.name for alias in node.names]
            )
            yield from names


def test_imports_point_downwards_only():
    seen = 0
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for imported in imported_rooms(path):
            assert floor(imported) <= floor(room), f"{path} imports {imported}"
            seen += 1
    assert seen > 50


def test_every_name_at_the_front_door_is_there():
    for name in keras_gen.__all__:
        assert getattr(keras_gen, name) is not None


def test_noise_is_drawn_in_one_place():
    call = re.compile(r"random\.(experimental\.)?stateless_")
    drawing = [path for path in PACKAGE.rglob("*.py") if call.search(path.read_text())]
    assert drawing == [PACKAGE / "noise.py"]
