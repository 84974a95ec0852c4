"""Quality of generated pictures, in the feature space of a classifier of the data set itself."""

import hashlib
import os
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np

from keras_gen.errors import InputError
from keras_gen.metrics.classifier import (
    FEATURES,
    VERSION,
    check_labels,
    check_pictures,
    classifier_accuracy,
    extract,
    train_classifier,
)
from keras_gen.metrics.frechet import frechet_distance
from keras_gen.metrics.kernel import kernel_distance


class PictureQuality:
    """Distances from generated pictures to the real test pictures of a data set.

    Features come from a small classifier, trained once on the training pictures and then kept on disk. Figures
    compare generators of ONE data set at ONE number of generated pictures; they are not the FID or KID of
    papers, which need the Inception network.

    Args:
        dataset: has `arrays(split)` -> (uint8 pictures (num, height, width, channels), labels (num,) or None)
            for the splits "train" and "test", such as `keras_gen.datasets.load` returns.
        seed: integer seed of the classifier and of the subsets of the kernel distance.
        cache: folder that keeps trained classifiers; by default the environment variable KERAS_GEN_CACHE, or
            else ~/.cache/keras_gen.

    Attributes:
        extractor: one line that names the feature space and how good the classifier is.
        accuracy: share of real test pictures whose class (or rotation) the classifier tells.
        num_real: number of real test pictures.
        num_generated: number of pictures in the last `score`, 0 before.
        seed: as given.

    Raises:
        InputError: when the data set does not hold pictures, or its test split holds fewer than two.
    """

    def __init__(self, dataset, seed=0, cache=None):
        self.seed = seed
        self.num_generated = 0
        self._dataset = dataset
        real, labels = dataset.arrays("test")
        self._shape = check_pictures("the test pictures", real).shape[1:]
        self.num_real = len(real)
        if self.num_real < 2:
            raise InputError("The test split holds 1 picture: give at least 2, better 1000.")
        pictures, train_labels = dataset.arrays("train")
        both_labelled = labels is not None and train_labels is not None
        self._labelled = both_labelled and len(np.unique(train_labels)) > 1
        self._classifier = _stored_classifier(pictures, train_labels if self._labelled else None, seed, cache)
        self._real_features, _ = extract(self._classifier, real)
        self.accuracy = classifier_accuracy(self._classifier, real, labels if self._labelled else None)
        task = "classifier" if self._labelled else "classifier of four rotations"
        self.extractor = (
            f"features of a small {task} trained on this data set ({FEATURES} dimensions, seed {seed}); "
            f"test accuracy {self.accuracy:.3f}"
        )

    def score(self, generated, labels=None):
        """Compare generated pictures with the real test pictures.

        Args:
            generated: uint8 array (num, height, width, channels), at least two pictures of the data set's size.
            labels: the labels that were asked for, integer array (num,), or None.

        Returns:
            A dict of floats: `frechet` (0 is best), `kernel` and `kernel_std` (0 is best, small negatives are
            valid); for labelled data `classes_produced`, the number of classes that the classifier sees; with
            `labels`, `label_agreement`, the share of pictures whose class it sees as asked for.

        Raises:
            InputError: when the pictures or labels do not fit the data set.
        """
        generated = check_pictures("generated", generated)
        if generated.shape[1:] != self._shape or len(generated) < 2:
            raise InputError(
                f"`generated` has shape {generated.shape}: give at least 2 pictures of shape {self._shape}."
            )
        if labels is not None:
            if not self._labelled:
                raise InputError("`labels` were given, but the data set has no classes: leave them out.")
            labels = check_labels("labels", labels, len(generated))
        self.num_generated = len(generated)
        features, predicted = extract(self._classifier, generated)
        scores = self._distances(features)
        if self._labelled:
            scores["classes_produced"] = float(len(np.unique(predicted)))
        if labels is not None:
            scores["label_agreement"] = float(np.mean(predicted == labels))
        return scores

    def floor(self):
        """What a perfect generator would score: real training pictures in the place of generated ones.

        As many training pictures are drawn as there are test pictures, or all of them if there are fewer.

        Returns:
            A dict of floats: `frechet`, `kernel`, `kernel_std`; for labelled data also `label_agreement`, the
            classifier's accuracy on real test pictures.
        """
        pictures, _ = self._dataset.arrays("train")
        num = min(len(pictures), self.num_real)
        drawn = np.random.default_rng(self.seed).choice(len(pictures), num, replace=False)
        scores = self._distances(extract(self._classifier, pictures[drawn])[0])
        if self._labelled:
            scores["label_agreement"] = self.accuracy
        return scores

    def _distances(self, features):
        # Subsets of at most half a set differ from each other, so that their spread means something.
        half = max(2, min(len(features), self.num_real) // 2)
        kernel, deviation = kernel_distance(
            self._real_features, features, subset_size=min(1000, half), seed=self.seed
        )
        frechet = frechet_distance(self._real_features, features)
        return {"frechet": frechet, "kernel": kernel, "kernel_std": deviation}


def _stored_classifier(pictures, labels, seed, cache):
    """The classifier of these very pictures, labels and seed: from disk, or else trained and put there."""
    cache = Path(cache or os.environ.get("KERAS_GEN_CACHE") or "~/.cache/keras_gen").expanduser()
    path = cache / "classifiers" / f"{_fingerprint(pictures, labels, seed)}.keras"
    if path.exists():
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # noqa: BLE001 - a damaged archive fails in as many ways as it has layers
            warnings.warn(f"{path} cannot be read ({error}): the classifier is trained again.", stacklevel=3)
    classifier = train_classifier(pictures, labels, seed=seed)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            complete = Path(folder) / path.name
            classifier.save(complete)
            complete.replace(path)
    except OSError as error:
        warnings.warn(f"The classifier is not kept for the next time: {error}.", stacklevel=3)
    return classifier


def _fingerprint(pictures, labels, seed):
    digest = hashlib.sha256(f"{VERSION} {seed} {pictures.shape}".encode())
    digest.update(np.ascontiguousarray(pictures))
    if labels is not None:
        digest.update(np.ascontiguousarray(labels, "int32"))
    return digest.hexdigest()[:32]
