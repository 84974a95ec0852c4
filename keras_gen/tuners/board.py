"""A search in TensorBoard: the dashboard of hyperparameters, and the samples of each trial."""

import tensorflow as tf
from tensorboard.plugins.hparams import api

from keras_gen.evaluation import measure


def write_trial(folder, name, values, metrics, media, samples):
    """Writes the settings, metrics and samples of a trial that ended.

    Args:
        folder: path for the events.
        name: of the trial.
        values: dict, field -> value.
        metrics: dict, name -> float.
        media: the `Media` of the samples.
        samples: array of raw media.
    """
    with tf.summary.create_file_writer(str(folder)).as_default(step=0):
        api.hparams(values, trial_id=name)
        for metric, value in metrics.items():
            tf.summary.scalar(metric, value)
        media.summarize("samples", samples)


def write_search(folder, space, metrics):
    """Writes which settings a search changes, and what it measures.

    Args:
        folder: path for the events.
        space: dict, field -> `Range` or `Choice`.
        metrics: names of metrics, the one that is searched by first.
    """
    domains = {
        field: api.Discrete(values.values)
        if hasattr(values, "values")
        else (api.IntInterval if values.is_whole else api.RealInterval)(*values.ends)
        for field, values in space.items()
    }
    with tf.summary.create_file_writer(str(folder)).as_default(step=0):
        api.hparams_config(
            hparams=[api.HParam(field, domain) for field, domain in domains.items()],
            metrics=[api.Metric(name, description=measure(name).meaning) for name in metrics],
        )
