"""Measures of what is seen and heard itself, in which no network's features take part."""

import numpy as np

from keras_gen.datasets.dataset import sample
from keras_gen.evaluation.registry import Measure, Score, register
from keras_gen.metrics import pair_similarity, patch_distances, similarity_scales, sound_scores
from keras_gen.metrics.images import PATCH

MOST_SEEN = 1_000  # images of either set
MOST_VALUES = 2**26  # of pixels and channels in them, which take a quarter of a gibibyte at once

MOST_HEARD = 200  # recordings of either set, each of which Griffin-Lim takes its time for

IMAGES, AUDIO = ("images",), ("audio",)


@register(
    Measure("swd", "min", "sliced Wasserstein distance of patches, mean over levels; 0 is best", IMAGES),
    Measure("swd_*", "min", "swd at the level of this side in pixels alone", IMAGES),
    Measure(
        "ms_ssim", None, "MS-SSIM of pairs of generated images; above that of real ones, collapse", IMAGES
    ),
    where_named=True,
)
def images(model, dataset, config):
    """How far patches of fresh images are from those of held-out ones, and how alike pairs of them are."""
    media, (real, labels) = dataset.media, sample(dataset, "test")
    train = sample(dataset, "train")[0]
    num = min(_number(config, MOST_SEEN), len(real), len(train), max(2, MOST_VALUES // real[0].size))
    random = np.random.default_rng(config.seed)
    drawn = random.permutation(len(real))[:num]
    real, train = real[drawn], train[random.permutation(len(train))[:num]]
    asked = model.labels_for(num)
    generated = model.generate(num, asked, config.seed)
    metrics, of_real = {}, {}
    conditions = f"ms_ssim and swd are of {num:,} generated images, and as many held-out ones."
    if min(media.shape[:2]) >= PATCH:
        metrics = patch_distances(real, generated, config.seed)
        of_real = patch_distances(real, train, config.seed)
    of_class = asked is not None and np.ndim(asked) == 1
    labels = (asked, np.reshape(labels[drawn], -1)) if of_class else (None, None)
    # Fewer classes than images: then two images are of one.
    if of_class and any(len(np.unique(some)) == num for some in labels):
        of_class, labels = False, (None, None)
    for found, images, classes in ((metrics, generated, labels[0]), (of_real, real, labels[1])):
        found["ms_ssim"] = pair_similarity(images, classes, num, config.seed)
    window, scales = similarity_scales(media.shape[:2])
    conditions += (
        f" Pairs are {num:,}, {'of one class' if of_class else 'of any two images'}; MS-SSIM has {scales} of "
        f"its five scales, with a window of {window} pixels."
    )
    return Score(metrics, conditions, of_real)


@register(
    Measure("voiced", None, "share of frames of generated recordings that have a pitch", AUDIO),
    Measure("pitch_median", None, "median pitch of these frames, Hz", AUDIO),
    Measure("pitch_spread", None, "range of the middle half of their pitch, semitones", AUDIO),
    Measure(
        "pitch_distance", "min", "Wasserstein-1 distance to real frames' pitch, semitones; 0 is best", AUDIO
    ),
    Measure("loudness_mean", None, "mean loudness of generated recordings, LUFS", AUDIO),
    Measure(
        "loudness_distance",
        "min",
        "Wasserstein-1 distance to real recordings' loudness, LU; 0 is best",
        AUDIO,
    ),
    where_named=True,
)
def recordings(model, dataset, config):
    """How high and how loud fresh recordings are, and how far that is from held-out ones."""
    media, (test, _), (train, _) = dataset.media, sample(dataset, "test"), sample(dataset, "train")
    num = min(_number(config, MOST_HEARD), len(test), len(train))
    random = np.random.default_rng(config.seed)
    real, other = (media.unpack(some[random.permutation(len(some))[:num]]) for some in (test, train))
    generated = np.asarray(model.generate(num, model.labels_for(num), config.seed))
    conditions = (
        f"Pitch and loudness are of {num:,} generated recordings and as many held-out ones; in the column of "
        "real ones, of as many training ones. Pitch is by YIN, from 60 to 1,000 Hz."
    )
    return Score(sound_scores(real, generated, media.rate), conditions, sound_scores(real, other, media.rate))


def _number(config, most):
    return most if config.num_scored == "auto" else min(most, config.num_scored)
