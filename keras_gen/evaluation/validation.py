"""Measures of a model that is still being trained, on validation data."""

import types

from keras_gen.errors import InputError
from keras_gen.evaluation.measures import quality
from keras_gen.evaluation.registry import EVALUATIONS, measure
from keras_gen.metrics import Quality, extractor_of
from keras_gen.registry import register

DRAWS = 10  # of the likelihood of each example


@register("on_validation")
class OnValidation:
    """Takes chosen measures of a model, each time from the same seed.

    Args:
        dataset: a `Dataset` with validation examples.
        names: of registered measures.
        num: int >= 4, generated examples that they are of.
        seed: int >= 0.
        extractor: name of the feature space of distances, as a recipe's field `extractor`.

    Raises:
        InputError: a measure is unknown, nothing takes it, or there is no such feature space.
    """

    def __init__(self, dataset, names, num=1000, seed=0, extractor="auto"):
        self.dataset, self.names, self.num, self.seed = dataset.tested_on("val"), tuple(names), num, seed
        self._quality, self.extractor = None, extractor
        self._embedding = None
        self.evaluations = [
            each for each in EVALUATIONS.values() if {m.name for m in each.measures} & set(self.names)
        ]
        taken = {m.name for each in self.evaluations for m in each.measures}
        for name in self.names:
            if measure(name).name not in taken:
                raise InputError(f"Measure {name!r} is not taken of a model while it is trained.")
        if any(each.function is quality for each in self.evaluations):
            self._embedding = extractor_of(extractor)

    def __call__(self, model):
        """The measures of a model: dict, `val_` and the name -> float.

        Raises:
            InputError: one of them cannot be taken of such a model.
        """
        functions = [each.function for each in self.evaluations]
        config = types.SimpleNamespace(
            media=model.media,
            num_classes=model.num_classes,
            measures=[function.__name__ for function in functions],
            seed=self.seed,
            num_scored=self.num,
            nll_samples=DRAWS,
            extractor=self.extractor,
        )
        found = {}
        for function in functions:
            taken = self._of_quality(model) if function is quality else function(model, self.dataset, config)
            found |= taken if isinstance(taken, dict) else taken.metrics
        missing = [name for name in self.names if name not in found]
        if missing:
            raise InputError(
                f"A {type(model).__name__} on these data has no {', '.join(missing)}: it has "
                f"{', '.join(found)}."
            )
        return {f"val_{name}": float(found[name]) for name in self.names}

    def _of_quality(self, model):
        # Its feature space stays, and so do the features of real examples.
        if self._quality is None:
            self._quality = Quality(self.dataset, extractor=self._embedding)
        labels = model.labels_for(self.num)
        return self._quality.score(model.generate(self.num, labels, self.seed), labels)
