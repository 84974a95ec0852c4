"""From media to latents and back: methods of the models that have an encoder, a decoder and a likelihood.

Such a model says in `encode_model(x, labels)` what the likeliest latents (batch, *latent_shape) of media in
their model form are.
"""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models.checks.data import as_arrays, as_labels, examples_of, media_and_labels
from keras_gen.networks.blocks import SMALL_BLOCK, in_blocks
from keras_gen.sampling.labels import check_label, label_spec
from keras_gen.sampling.requests import in_batches
from keras_gen.training import noise
from keras_gen.training.replicas import is_array

CHECKED = 1024  # examples in a part that is checked at once
SCORE_BATCH = 100  # examples that are scored at once


def encode(self, x, labels=None):
    """The likeliest latents of media.

    Args:
        x: packed media (num, *media.shape), such as `media.pack` gives.
        labels: for a conditional model `num` ints.

    Returns:
        Array (num, *latent_shape).

    Raises:
        InputError: media or labels do not fit the model.
    """
    return in_batches(lambda *part: self._encode(*part).numpy(), *examples_of(self, x, labels))


def graph_of_posterior(model):
    """What `posteriors` of a `VAE` runs: a function of packed media and labels."""
    return tf.function(
        lambda packed, labels: tuple(model.posterior(observed(model, packed), labels)),
        autograph=False,
        reduce_retracing=True,
    )


def graph_of_encode(model):
    """What `encode` runs: a function of packed media and labels, compiled for each size of batch."""
    return tf.function(
        lambda packed, labels: encoded(model, observed(model, packed), labels),
        autograph=False,
        reduce_retracing=True,
    )


def encoded(model, x, labels):
    """The likeliest latents of media in their model form, of which a row has the same bits in any batch."""
    return in_blocks(model.encode_model, x, labels, block=SMALL_BLOCK)


def observed(model, packed, seed=None):
    """What the likelihood sees of packed media; without a seed the mean of its draws."""
    return model.likelihood.observe(model.media.to_model(packed), seed)


def observed_in_score(model, packed, seed):
    """What a score sees of packed media under a seed: the same for every model of one likelihood."""
    return observed(model, packed, noise.fold_in(seed, -1))


def reconstruct(self, x, labels=None):
    """Media as they come back from their latents.

    Args:
        x: packed media (num, *media.shape).
        labels: as in `encode`.

    Returns:
        Array of raw media, (num, ...): the expected ones.

    Raises:
        InputError: media or labels do not fit the model.
    """
    return self.decode(self.encode(x, labels), labels)


def reconstruct_recording(self, raw, rate=None, label=None):
    """A recording of any length as it comes back from its latents.

    It is cleaned like those learned from, and taken in pieces that overlap by half.

    Args:
        raw: the bytes of a WAV, FLAC, OGG or MP3 file, or a waveform (samples,) or (samples, channels) of
            int16 or floating values.
        rate: of a waveform in Hz; by default the media's.
        label: int, or n ints, which a conditional model needs.

    Returns:
        float32 waveform (any,) in [-1, 1], at the media's rate.

    Raises:
        InputError: the model is not one of recordings, the recording cannot be read or is silent or too
            short, or the label does not fit.

    Example:

    >>> wave = vae.reconstruct_recording(open("speech.flac", "rb").read())  # doctest: +SKIP
    """
    if self.media.key != "audio":
        raise InputError(f"This model is of {self.media.plural}: call reconstruct(x) with packed ones.")
    check_label(label, self.num_classes)
    pieces, samples = self.media.pack_overlapping(raw, rate)
    labels = self.labels_for(len(pieces), label)
    latents = self.encode(pieces, labels)
    spectrograms = in_batches(lambda *part: self.decode_to_model(*part).numpy(), latents, labels)
    return self.media.join(spectrograms, samples)


def model_form(model, inputs):
    """The inputs of a call, media in their model form or [media, labels] -> (media, labels or None)."""
    x, labels = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
    if x.dtype.is_integer and not tf.as_dtype(model.encoder.inputs[0].dtype).is_integer:
        raise InputError(
            f"The model itself takes media in their model form, but was given {x.dtype.name}: call "
            "reconstruct(x) or encode(x) with packed media."
        )
    return x, labels


def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
    """Media as they come back from their latents: `reconstruct`, of whatever `fit` takes.

    Args:
        x: packed media or batches of these; of a conditional model batches of pairs of media and labels.
        batch_size: int, examples in a batch of an array; None stands for 32.
        verbose: 0 for nothing, 1 for a bar, or "auto".
        steps: int, batches to take; None for all.
        callbacks: list of `keras.callbacks.Callback`, or None.

    Returns:
        Array of raw media, (num, ...).

    Raises:
        InputError: media or labels do not fit the model.
    """
    x, _ = as_arrays(x, None, self.media)
    if is_array(x) and self.num_classes is not None:
        raise InputError(
            "predict takes no labels, which the model is conditional on: call reconstruct(x, labels)."
        )
    self.checks_next_batch = True
    raw = keras.Model.predict(self, x, batch_size, verbose, steps, callbacks)
    return self.media.as_array(tf.convert_to_tensor(raw))


def make_predict_function(self, force=False):
    """Lets Keras make its function, in front of which the first batch is checked."""
    if self.predict_function is not None and not force:
        return
    keras.Model.make_predict_function(self, force)
    function = self.predict_function

    def checked(batches):
        self.check_if_first(batches[0])
        return function(batches)

    self.predict_function = checked


def predict_step(self, data):
    """A batch as `fit` gets it -> raw media as they come back."""
    x, labels = self.unpack(data)
    return self.sampler.to_raw(encoded(self, self.likelihood.observe(x), labels), labels)


def unpack_augmented(model, data, seed):
    """A batch of training: what is modeled, labels or None, and what the encoder sees instead, or None."""
    if model.augment is None:
        return *model.unpack(data), None
    own = noise.split(noise.fold_in(seed, 1), 2)
    packed, labels = media_and_labels(data, model.media)
    x = model.media.to_model(model.augment.waveforms(packed, own[0]))
    return x, as_labels(model, labels), model.augment.masked(x, own[1])


def check_support(self, x):
    """Raises `InputError` for media that the likelihood gives no probability."""
    for start in range(0, len(x), CHECKED):
        self.likelihood.check(np.asarray(self.media.to_model(x[start : start + CHECKED])))


def learned_parts(self):
    """The layers whose weights are all that the model has learned."""
    return [*self.trained_networks(), self.likelihood, self.prior]


def endpoints(self):
    """The signatures of a model that encodes, see `GenerativeModel.endpoints`."""

    def encode(raw, label=None):
        return {"latents": encoded(self, observed(self, self.media.pack_in_graph(raw)), label)}

    def reconstruct(raw, label=None):
        return {self.media.raw_spec.name: self.sampler.to_raw(encode(raw, label)["latents"], label)}

    signature = [self.media.raw_spec, *label_spec(self.num_classes)]
    of_encoder = {"encode": (encode, signature), "reconstruct": (reconstruct, signature)}
    return {**self.sampler.endpoints(), **of_encoder}
