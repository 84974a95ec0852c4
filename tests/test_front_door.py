"""`import keras_gen` is quick, and its names are known to editors."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keras_gen

PACKAGE = Path(keras_gen.__file__).parent


def test_importing_the_package_imports_neither_tensorflow_nor_keras():
    script = "import sys, keras_gen; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["False", "False"]


def test_the_stub_types_the_package():
    assert (PACKAGE / "py.typed").is_file()
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text())
    aliases = [alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    # Only `import X as X` makes a name public in a stub.
    assert all(alias.asname == alias.name for alias in aliases)
    assert sorted(alias.name for alias in aliases) == sorted(keras_gen.__all__) == sorted(dir(keras_gen))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert all(hasattr(keras_gen, name) for name in defined | {"__version__"})


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="gan"):
        _ = keras_gen.gan
