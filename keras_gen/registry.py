"""What upper rooms do for models, found by name when it is asked for, so that no module imports upwards.

A room registers what it offers; a lower one calls it. Front doors such as `GAN.from_recipe`, `model.score`
and `model.export` are made so.
"""

import importlib

HOMES = {  # what is asked for -> the module that registers it
    "export": "keras_gen.export.savedmodel",
    "on_validation": "keras_gen.evaluation.validation",
    "export_as": "keras_gen.export.formats",
    "resolve_recipe": "keras_gen.recipes",
    "trained_model": "keras_gen.callbacks.checkpoint",
    "score_bound": "keras_gen.metrics.evidence",
    "score_evidence": "keras_gen.metrics.evidence",
    "score_text": "keras_gen.metrics.language",
    "score_samples": "keras_gen.metrics.quality",
}
_registered = {}


def register(name):
    """Marks the function that is found under a name."""

    def marked(function):
        _registered[name] = function
        return function

    return marked


def find(name):
    """The function that is registered under a name in `HOMES`, whose module is imported now at the latest."""
    importlib.import_module(HOMES[name])
    return _registered[name]
