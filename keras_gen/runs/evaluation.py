"""Scores of a model in use, on data given, beside those of its report."""

import types
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_gen import pretrained, recipes
from keras_gen.datasets.dataset import Dataset, sample
from keras_gen.errors import InputError
from keras_gen.evaluation import check_taken, evaluate
from keras_gen.evaluation.comparison import apart, direction
from keras_gen.export.description import EXTRA, GRAPH
from keras_gen.files import read_json
from keras_gen.recipes.settings import override
from keras_gen.runs.reporting import CONFIG, SCORES
from keras_gen.runs.run import Run
from keras_gen.runs.training import load
from keras_gen.sampling.labels import labels_for
from keras_gen.sampling.requests import seeds_of

FROM_SIGNATURES = {
    "quality": "generate",
    "images": "generate",
    "recordings": "generate",
    "writing": "generate",
    "reconstruction": "reconstruct",
}
BATCH = 100  # examples of a call of a signature


class Evaluation(NamedTuple):
    """What a model in use scores.

    Args:
        metrics: dict, name -> number.
        real: dict, name -> what real data score.
        reported: dict, name -> number, of its report; empty where there is none.
        comparable: bool, whether both were taken under the same conditions.
        drifted: dict, name -> "better" or "worse", of measures that can be told from the report's.
    """

    metrics: dict
    real: dict
    reported: dict
    comparable: bool
    drifted: dict


class Served:
    """A SavedModel as the measures see a model: what its signatures give.

    Args:
        path: of its folder.
        dataset: the `Dataset` that it is scored on.
        num_classes: as of a model.

    Raises:
        InputError: it cannot be loaded, or is not an exported model of this kit.
    """

    def __init__(self, path, dataset, num_classes):
        try:
            self._loaded = tf.saved_model.load(str(path))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise InputError(f"{path} cannot be loaded: {error}") from error
        if "serving_default" not in self._loaded.signatures:
            raise InputError(f"{path} has no signature serving_default: give an exported model.")
        self.media, self.num_classes = dataset.media, num_classes
        if "reconstruct" in self._loaded.signatures:
            self.reconstruct = self._reconstruct

    def labels_for(self, num, labels=None):
        return labels_for(num, labels, self.num_classes)

    def generate(self, num, labels=None, seed=None):
        labels = self.labels_for(num, labels)
        return self._called("serving_default", {"seed": seeds_of(seed, num)}, labels)

    def _reconstruct(self, packed, labels=None):
        raw = self.media.unpack(packed)
        return self._called("reconstruct", {self.media.raw_spec.name: raw}, labels)

    def _called(self, name, inputs, labels):
        if labels is not None:
            inputs = inputs | {"label": np.asarray(labels, "int32")}
        signature, parts = self._loaded.signatures[name], []
        for start in range(0, len(next(iter(inputs.values()))), BATCH):
            some = {key: tf.constant(values[start : start + BATCH]) for key, values in inputs.items()}
            (raw,) = signature(**some).values()
            parts.append(self.media.as_array(raw))
        return np.concatenate(parts)


def evaluate_in_use(path, data, samples=None, needed=()):
    """Scores a run, or a SavedModel, on data given.

    Distances of a run are in the feature space of its own training data, to all examples of the given data.
    A SavedModel has no training data with it: those of the given data stand for them, and their test split is
    what it is scored on.

    Args:
        path: folder of a run, name of a pretrained model, or folder of a SavedModel that a scored run has
            exported.
        data: name or path of a data set.
        samples: int >= 4, examples to generate; None for as many as the recipe says.
        needed: names of measures without which there is nothing to score.

    Returns:
        `Evaluation`.

    Raises:
        InputError: it is neither, the data do not fit it, or a measure that is needed is not taken of it.
    """
    path = Path(path)
    if (path / GRAPH).is_file():
        extra = path / EXTRA
        if not (extra / CONFIG).is_file():
            raise InputError(f"{path} does not say what made it: export it again from its scored run.")
        _, config = recipes.read(extra / CONFIG)
        kept, config = _kept(extra / SCORES), _set(config, samples, data)
        dataset = load(config)
        model = Served(path, dataset, config.num_classes)
    else:
        if not (path / pretrained.CONFIG).is_file() and str(path) not in pretrained.names():
            raise InputError(
                f"{path} is neither a run nor a SavedModel: it has no config.json and no saved_model.pb. "
                f"Pretrained models: {', '.join(pretrained.names())}."
            )
        run = Run.open(path)
        _, config = run.settings()
        kept, config, model = _kept(run.scores_file), _set(config, samples), run.load_model()
        dataset = load(config)
        if data != config.data:
            dataset = _of(dataset, _set(config, None, data, start=str(run.folder)).load(), data)
    if isinstance(model, Served):
        config = _measured(config, model)
    check_taken(needed, config, dataset)
    scores = evaluate(model, dataset, config)
    metrics = {name: value for score in scores for name, value in score.metrics.items()}
    real = {name: value for score in scores for name, value in score.real.items()}
    reported = kept.get("metrics", {})
    drifted = {}
    for name in metrics.keys() & reported.keys():
        way = direction(name)
        if way and apart(name, metrics, reported):
            is_better = (metrics[name] < reported[name]) == (way == "min")
            drifted[name] = "better" if is_better else "worse"
    conditions = [score.conditions for score in scores if score.conditions]
    comparable = set(conditions) <= set(kept.get("conditions", []))
    return Evaluation(metrics, real, reported, comparable, drifted)


def _kept(path):
    found = read_json(path) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _measured(config, model):
    """What a config says to measures that a SavedModel's signatures suffice for."""
    names = [name for name in config.measures if hasattr(model, FROM_SIGNATURES.get(name, ""))]
    said = {name: getattr(config, name) for name in ("num_classes", "num_scored", "seed")}
    extractor = getattr(config, "extractor", None)
    return types.SimpleNamespace(media=model.media, measures=names, extractor=extractor, **said)


def _set(config, samples, data=None, **fields):
    fields |= {} if samples is None else {"num_scored": samples}
    return override(config, fields | ({} if data is None else {"data": data}))


def _of(own, given, data):
    """The training examples of a run's data, and all examples of given data to test on."""
    if given.class_names != own.class_names or given.media != own.media:
        raise InputError(
            f"{data} holds other classes, or other {own.media.plural}, than the run was trained on: give "
            "data of the same kind, sorted into the same classes."
        )
    splits = [sample(given, split) for split in ("train", "val", "test") if getattr(given, split) is not None]
    examples = np.concatenate([part for part, _ in splits])
    labels = None
    if all(part is not None for _, part in splits):
        labels = np.concatenate([part for _, part in splits])
    return Dataset(
        own.media,
        sample(own, "train"),
        test=(examples, labels),
        class_names=own.class_names,
        batch_size=own.batch_size,
        name=given.name,
    )
