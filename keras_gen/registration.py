"""Making `import keras_gen` enough for Keras to load a model of this kit, without importing Keras or
TensorFlow early.

Keras finds a class by the name that it was registered under, when its module was imported. So the modules of
all saved classes are imported as soon as Keras is: now if it has been, else right after its own import.
"""

import importlib
import importlib.abc
import importlib.util
import os
import sys

CLASSES = "keras_gen.models.loading"  # imports every module whose classes a file may name


def register_with_keras():
    """Registers all classes that a `.keras` file may name, once Keras is imported."""
    if "keras" in sys.modules:
        _import_classes()
    else:
        sys.meta_path.insert(0, _AfterKeras())


def _import_classes():
    importing = any(
        name.startswith("keras_gen.") and getattr(module.__spec__, "_initializing", False)
        for name, module in list(sys.modules.items())
    )
    # A module of this kit that imports Keras is not whole yet; what needs it imports the others.
    if not importing and os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        importlib.import_module(CLASSES)


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Imports the classes after Keras, whoever imports it first."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module):
                execute(module)
                _import_classes()

            spec.loader.exec_module = execute_and_register
        return spec
