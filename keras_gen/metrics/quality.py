"""Quality of what is generated, in the feature space of a classifier of the data, or in another one."""

import functools
import hashlib
import os
import reprlib
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np

from keras_gen.datasets.dataset import sample
from keras_gen.errors import InputError
from keras_gen.media import Image, Text
from keras_gen.metrics.bins import bin_count, ndb
from keras_gen.metrics.classes import ClassSet, class_table, share_table
from keras_gen.metrics.classifier import (
    FEATURES,
    VERSION,
    check_examples,
    check_labels,
    classifier_accuracy,
    columns,
    extract,
    pretext,
    train_classifier,
)
from keras_gen.metrics.copying import authenticity, copying_test, most_alike
from keras_gen.metrics.distances import FEWEST, frechet_scores, kid
from keras_gen.metrics.neighbors import neighbor_scores
from keras_gen.registry import register

NEAREST = 5  # neighbors that a ball of precision and recall reaches to
MOST_COPIES = 1_000  # examples compared with all training ones, which are many
MOST_BINNED = 5_000  # training examples that bins are made of, and examples that are put into them


@register("score_samples")
def sample_scores(model, real, num=10_000, seed=0):
    """What `GAN.score` gives: how fresh samples compare with real examples, see there."""
    if not isinstance(real, Quality) and not hasattr(real, "arrays"):
        raise InputError(
            f"A {type(model).__name__} is scored against a Dataset of keras_gen.datasets.load, or a Quality "
            f"made of one, not against {reprlib.repr(real)}."
        )
    quality = real if isinstance(real, Quality) else Quality(real)
    labels = model.labels_for(num)
    return quality.score(model.generate(num, labels, seed), labels)


class Quality:
    """Distances from what is generated to the real test examples of a data set.

    Features come from a small classifier that is trained once on the training examples and kept on disk, or
    from another extractor; labels are always read by the classifier. Compare figures only in one feature
    space, for one data set and one count of examples; papers' FID and KID use the Inception network and are
    not comparable.

    Args:
        dataset: a `Dataset`, or an object with `media`, `class_names` and `arrays(split)` -> (packed media,
            labels or None) for the splits "train" and "test".
        seed: integer seed of the classifier and of the draws.
        cache: folder of trained classifiers; by default that of the environment variable KERAS_GEN_CACHE, or
            ~/.cache/keras_gen.
        extractor: an `Extractor`, or None for the classifier.

    Attributes:
        extractor: one line that names the feature space and how good the classifier is.
        accuracy: of the classifier on real test examples (without labels, on its pretext task, or None where
            it gives no features); for n labels that vary, an array (n,).
        num_real: number of real test examples.
        seed: as given.

    Raises:
        InputError: when the data set does not hold packed media, or fewer than four for training or testing,
            or the extractor does not take such media.
    """

    def __init__(self, dataset, seed=0, cache=None, extractor=None):
        self.seed = seed
        self._dataset = dataset
        self._media = dataset.media
        if isinstance(self._media, Text):
            raise InputError(
                "No classifier embeds sentences: take keras_gen.metrics.diversity_scores, or a model's score."
            )
        real, labels = sample(dataset, "test")
        check_examples("the test examples", real, self._media)
        self.num_real = len(real)
        examples, train_labels = sample(dataset, "train")
        self._num_train = len(examples)
        for split, num in (("test", self.num_real), ("train", self._num_train)):
            if num < FEWEST:
                raise InputError(f"The {split} split holds {num}: give at least {FEWEST}, better 1000.")
        self._varying = _varying(labels, train_labels)
        self._embedding, self._classifier, self.accuracy = extractor, None, None
        self._compared = None, None
        if extractor is None or self._labeled:
            told = self._told(train_labels) if self._labeled else None
            self._classifier = _stored_classifier(self._media, examples, told, seed, cache)
        self._real_features, predicted = self._extract(real)
        told = self._told(labels) if self._labeled else None
        # Labels of test examples, those that the classifier reads, and labels of training examples.
        self._told_of = told, predicted, self._told(train_labels) if self._labeled else None
        if self._classifier is not None:
            self.accuracy = classifier_accuracy(self._classifier, self._media, real, told)
        self._all_told = float(columns(predicted == told).all(axis=1).mean()) if self._labeled else None
        self.extractor = self._described()

    def _extract(self, examples):
        """Features (num, dimensions) and, of a classifier, predicted classes (num,) or (num, n)."""
        found = None if self._classifier is None else extract(self._classifier, examples)
        if self._embedding is None:
            return found
        return self._embedding(examples, self._media), found and found[1]

    def _described(self):
        accuracies = ", ".join(
            f"{accuracy:.3f}" for accuracy in np.reshape(self.accuracy, (-1,)) if accuracy is not None
        )
        if self._embedding is not None:
            told = f"; labels by a classifier of test accuracy {accuracies}" if self._labeled else ""
            return self._embedding.description + told
        task = "classifier" if self._labeled else f"classifier of {pretext(self._media).name}"
        return (
            f"features of a small {task} trained on this data set ({FEATURES} dimensions, seed {self.seed}); "
            f"test accuracy {accuracies}"
        )

    @property
    def _labeled(self):
        return bool(self._varying)

    def _told(self, labels):
        """The labels that the classifier predicts: those that vary; (num,) if there is one."""
        varying = columns(np.asarray(labels))[:, self._varying]
        return varying[:, 0] if len(self._varying) == 1 else varying

    def embed(self, examples):
        """The features in which distances are measured.

        Args:
            examples: packed or generated media (num, ...).

        Returns:
            float32 (num, dimensions), of the classifier (num, 64).
        """
        return self._features(self._packed("examples", examples))

    def _features(self, examples):
        if self._embedding is None:
            return extract(self._classifier, examples)[0]
        return self._embedding(examples, self._media)

    def score(self, generated, labels=None):
        """Compare what was generated with the real test examples.

        Args:
            generated: packed or generated media (num, ...), at least four examples of the data set's size,
                better 10,000.
            labels: the labels that were asked for, integer array (num,), of n labels (num, n), or None.

        Returns:
            A dict of floats: `frechet` and `frechet_std`, mean and standard deviation over draws of `count`
            generated and test examples, and `frechet_infinity`, its limit for infinitely many, see
            `frechet_scores`; `kid` of all of them, and `kid_low` and `kid_high`, its interval at 95%, see
            `kid`; `precision`, `recall`, `density` and `coverage` of one draw of `count` of each, see
            `neighbor_scores`; `authenticity` and `copying`, of at most 1,000 generated and as many test
            examples beside all training ones, see `authenticity` and `copying_test`; `ndb`, of as many as
            `binned` says; for labeled data
            `classes_produced`, the number of classes (for n labels, of combinations) that the classifier
            predicts; with `labels`, `label_agreement`, the share of examples predicted as asked for, and for
            n labels `label_agreement_<name>` of each. Of distances 0 is best, and small negatives are valid
            where they are not `frechet`.

        Raises:
            InputError: when the examples or labels do not fit the data set.
        """
        return self.compare(generated, labels)[0]

    def compare(self, generated, labels=None):
        """What `score` gives, and tables of the classes.

        Args:
            generated: as in `score`.
            labels: as in `score`.

        Returns:
            The dict of `score`, and a dict, heading -> (columns, rows). With `labels`, for each label that
            varies "By class" or "By <name>": for each class a row of the model and one of training examples
            in the place of generated ones, as `class_table` has them.
            Without, for labeled data, "Classes": the share that the classifier sees of each among generated
            and among test examples.

        Raises:
            InputError: as in `score`.
        """
        packed = self._packed("generated", generated)
        if len(packed) < FEWEST:
            raise InputError(f"`generated` holds {len(packed)}: give at least {FEWEST} examples.")
        if labels is not None:
            if not self._labeled:
                raise InputError("`labels` were given, but the data set has no classes: leave them out.")
            labels = self._told(check_labels("labels", labels, len(packed), self._media))
        features, predicted = self._extract(packed)
        self._compared = generated, features  # which `most_alike` is often asked for next
        scores = self._distances(features) | self._copying(features, self._real_features)
        scores["ndb"] = self._ndb(features, self.binned(len(features)))
        if self._labeled:
            scores["classes_produced"] = float(len(np.unique(predicted, axis=0)))
        if labels is not None:
            agreed = columns(predicted == labels)
            scores["label_agreement"] = float(agreed.all(axis=1).mean())
            scores |= self._of_each_label(agreed.mean(axis=0))
        tables = {}
        for place, (name, classes) in enumerate(self._named_labels()):
            read, real, real_read, train = (columns(some)[:, place] for some in (predicted, *self._told_of))
            if labels is None:
                heading = "Classes" if name == "class" else f"Classes of {name}"
                tables[heading] = share_table(name, classes, read, real_read)
            else:
                tables[f"By {name}"] = class_table(
                    name,
                    classes,
                    ClassSet(self._real_features, real, real_read),
                    ClassSet(features, columns(labels)[:, place], read),
                    ClassSet(self._train_features, train),
                    nearest=NEAREST,
                    seed=self.seed,
                )
        return scores, tables

    def _named_labels(self):
        """Name and names of classes of each label that varies."""
        if not self._labeled:
            return []
        names = self._dataset.class_names
        if not isinstance(names, dict):
            return [("class", names)]
        return [list(names.items())[place] for place in self._varying]

    def _packed(self, name, examples):
        examples = np.asarray(examples)
        if examples.dtype.kind == "f" and not isinstance(self._media, Image):
            examples = self._media.pack_in_graph(examples).numpy()
        return check_examples(name, examples, self._media)

    def _of_each_label(self, agreements):
        if not isinstance(self._dataset.class_names, dict):
            return {}
        names = [list(self._dataset.class_names)[place] for place in self._varying]
        return {f"label_agreement_{name}": float(a) for name, a in zip(names, agreements, strict=True)}

    def count(self, num):
        """How many examples of either set a Frechet distance is of, for `score` and `floor` alike.

        Args:
            num: number of generated examples.

        Returns:
            The number of test examples, or half the generated or training ones if that is less, so that draws
            differ; at least 4.
        """
        return max(FEWEST, min(self.num_real, num // 2, self._num_train // 2))

    def floor(self, num=10_000):
        """The score of a perfect generator: real training examples in the place of generated ones.

        Args:
            num: number of generated examples that it stands beside; all training examples where these are
                fewer. The count of the Frechet distances is the same either way.

        Returns:
            A dict of floats: the distances that `score` gives; how near one half of the test examples is to
            training ones beside the other half; `ndb` of test examples; for labeled data `label_agreement`
            and, of n labels, that of each: the classifier's accuracy on real test examples.
        """
        drawn = np.random.default_rng(self.seed).permutation(self._num_train)[:num]
        scores = self._distances(self._train_features[drawn])
        scores |= self._copying(self._real_features[::2], self._real_features[1::2])
        scores["ndb"] = self._ndb(self._real_features, self.binned(num))
        if self._labeled:
            scores["label_agreement"] = self._all_told
            scores |= self._of_each_label(np.reshape(self.accuracy, (-1,)))
        return scores

    def most_alike(self, generated, num=8):
        """Those generated examples that are nearest to training ones, and held-out ones nearest to these.

        Of each, as many are looked at as `score` compares for copying.

        Args:
            generated: packed or generated media (num, ...).
            num: int >= 1, pairs of either set.

        Returns:
            A dict, `generated` and `held_out` -> (packed examples, their nearest training examples, the
            distances of their features), nearest first.

        Raises:
            InputError: when the examples do not fit the data set.
        """
        packed, held_out = self._packed("generated", generated), sample(self._dataset, "test")[0]
        compared, features = self._compared
        if compared is not generated:
            features = self._features(packed)
        count = min(MOST_COPIES, len(packed), len(held_out))
        random = np.random.default_rng(self.seed)
        rows = [random.permutation(len(some))[:count] for some in (packed, held_out)]
        fake, real = packed[rows[0]], held_out[rows[1]]
        features = [self._real_features[rows[1]], features[rows[0]]]
        pairs, train = most_alike(self._train_features, *features, num), sample(self._dataset, "train")[0]
        return {
            name: (some[rows], train[nearest], distances)
            for some, (name, (rows, nearest, distances)) in zip((fake, real), pairs.items(), strict=True)
        }

    def _distances(self, features):
        real, count = self._real_features, self.count(len(features))
        value, low, high = kid(real, features)
        scores = frechet_scores(real, features, count, seed=self.seed)
        random = np.random.default_rng(self.seed)
        drawn = [random.permutation(features)[:count] for features in (real, features)]
        near = neighbor_scores(*drawn, nearest=min(NEAREST, count - 1))
        return {
            **scores,
            **{"kid": value, "kid_low": low, "kid_high": high},
            **{name: near[name] for name in ("precision", "recall", "density", "coverage")},
        }

    def binned(self, num):
        """How many of `num` generated examples, and how many test ones, `ndb` puts into bins."""
        return min(MOST_BINNED, self.num_real, num)

    def _ndb(self, features, count):
        random = np.random.default_rng(self.seed)
        drawn = random.permutation(features)[:count]
        train = random.permutation(self._train_features)[:MOST_BINNED]
        return ndb(train, drawn, bin_count(min(count, len(train))), self.seed)

    def _copying(self, features, held_out):
        count = min(MOST_COPIES, len(features), len(held_out))
        random = np.random.default_rng(self.seed)
        drawn, real = (random.permutation(some)[:count] for some in (features, held_out))
        return {
            "authenticity": authenticity(self._train_features, drawn),
            "copying": copying_test(self._train_features, real, drawn),
        }

    @functools.cached_property
    def _train_features(self):
        return self._features(sample(self._dataset, "train")[0])


def _varying(labels, train_labels):
    """The indices of labels with several values in training; none if a split has no labels."""
    if labels is None or train_labels is None:
        return []
    return [place for place, values in enumerate(columns(train_labels).T) if len(np.unique(values)) > 1]


def _stored_classifier(media, examples, labels, seed, cache):
    """The classifier of these examples, labels and seed, from disk or newly trained and stored."""
    cache = Path(cache or os.environ.get("KERAS_GEN_CACHE") or "~/.cache/keras_gen").expanduser()
    path = cache / "classifiers" / f"{_fingerprint(media, examples, labels, seed)}.keras"
    if path.exists():
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # noqa: BLE001 - a damaged archive fails in as many ways as it has layers
            warnings.warn(f"{path} cannot be read ({error}): the classifier is trained again.", stacklevel=3)
    classifier = train_classifier(media, examples, labels, seed=seed)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            complete = Path(folder) / path.name
            classifier.save(complete)
            complete.replace(path)
    except OSError as error:
        warnings.warn(f"The classifier is not kept for the next time: {error}.", stacklevel=3)
    return classifier


def _fingerprint(media, examples, labels, seed):
    digest = hashlib.sha256(f"{VERSION} {seed} {media} {examples.shape}".encode())
    digest.update(np.ascontiguousarray(examples))
    if labels is not None:
        digest.update(np.ascontiguousarray(labels, "int32"))
    return digest.hexdigest()[:32]
