"""The house keeps to its map: imports point downwards, models are composed, modules are short enough to read."""

import ast
import re
from pathlib import Path

import keras

import keras_gen
from keras_gen.registry import HOMES, find

PACKAGE = Path(keras_gen.__file__).parent
FLOORS = [
    {"compiled_programs", "cores", "errors", "registration", "registry"},
    {"files", "signals", "logs", "markdown", "html"},
    {"cluster"},
    {"engines"},
    {"pool", "pretrained"},
    {"training"},
    {"layers"},
    {"networks", "losses", "media", "datasets"},
    {"sampling"},
    {"models"},
    {"export", "callbacks", "metrics"},
    {"evaluation"},
    {"recipes"},
    {"runs"},
    {"tuners", "serving", "demo", "launch"},
    {"cli"},
    {"__main__"},
]
LONGEST = 250  # lines of a module of models


def floor(room):
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imported_rooms(path):
    """The rooms of this package that a module imports, at its head or within its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "keras_gen":
            yield from [node.module.split(".")[1]] if "." in node.module else [a.name for a in node.names]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("keras_gen."))


def test_imports_point_downwards_only():
    seen = 0
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for imported in imported_rooms(path):
            assert floor(imported) <= floor(room), f"{path} imports {imported}"
            seen += 1
    assert seen > 100


def test_loading_needs_nothing_of_preparation():
    datasets = PACKAGE / "datasets"
    loading = [path for path in datasets.rglob("*.py") if datasets / "preparation" not in path.parents]
    importing = [path for path in loading if "keras_gen.datasets.preparation" in path.read_text()]
    assert len(loading) > 20 and importing == [datasets / "__init__.py"]  # which names `prepare`


def test_what_models_ask_of_upper_rooms_is_registered():
    for name in HOMES:
        assert callable(find(name))


def test_models_are_two_classes_below_that_of_keras():
    kinds = [getattr(keras_gen, name) for name in ("GAN", "VAE", "VQVAE", "LanguageModel")]
    for kind in kinds:
        ours = [base for base in kind.__mro__ if base.__module__.startswith("keras_gen")]
        assert ours == [kind, keras_gen.GenerativeModel] and issubclass(kind, keras.Model)


def test_modules_of_models_are_short():
    lengths = {path: len(path.read_text().splitlines()) for path in (PACKAGE / "models").rglob("*.py")}
    assert len(lengths) > 10 and not {path: length for path, length in lengths.items() if length > LONGEST}


def test_private_names_of_other_libraries_are_gathered():
    """Those of Keras and TensorFlow in one module, where each has a test of what is expected of it."""
    private = re.compile(
        r"\._(flatten_layers|keras_history|learning_rate|iterations|all_reduce_sum_gradients|clip_gradients|tracker)\b"
        r"|tensorflow\.python|keras\.src|_use_cached_eval_dataset"
    )
    found = [path for path in PACKAGE.rglob("*.py") if private.search(path.read_text())]
    assert found == [PACKAGE / "training" / "keras_internals.py"]


def test_every_name_at_the_front_door_is_there():
    for name in keras_gen.__all__:
        assert getattr(keras_gen, name) is not None


def test_noise_is_drawn_in_one_place():
    call = re.compile(r"random\.(experimental\.)?stateless_")
    drawing = [path for path in PACKAGE.rglob("*.py") if call.search(path.read_text())]
    assert drawing == [PACKAGE / "training" / "noise.py"]
