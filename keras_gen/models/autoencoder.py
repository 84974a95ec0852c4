"""What models with an encoder and a decoder have in common."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen import noise
from keras_gen.errors import InputError
from keras_gen.models.data_check import as_arrays, is_array
from keras_gen.models.generative_model import GENERATE_BATCH, GenerativeModel
from keras_gen.models.precision import scaled

SCORE_BATCH = 100
CHECKED = 1024  # examples in a part that is checked at once


class Autoencoder(GenerativeModel):
    """Base of the models that turn media into latents and back.

    Args:
        encoder: built keras Model, media in their model form [and label int32 (batch,)] -> what the sub-class says.
        decoder: built keras Model, what the sub-class says -> parameters of the likelihood.
        media: what is modeled, such as `Image(32, 32, 3)`.
        likelihood: a `Likelihood`.
        latent_shape: tuple of ints, the shape of one latent.
        num_classes: int, number of labels, or None.
        seed: int, decides every random number of training.
    """

    def __init__(self, encoder, decoder, media, likelihood, latent_shape, num_classes=None, seed=0, **kwargs):
        super().__init__(media, latent_shape, num_classes, seed, **kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self._encode = tf.function(
            lambda packed, labels: self.encode_model(
                self.likelihood.observe(self.media.to_model(packed)), labels
            ),
            reduce_retracing=True,
        )

    # What sub-classes say.

    def encode_model(self, x, labels):
        """Media in their model form -> latents (batch, *latent_shape), the likeliest ones."""
        raise NotImplementedError

    def parameters(self, latents, labels):
        """Latents (batch, *latent_shape) -> parameters of the likelihood, (batch, ...)."""
        raise NotImplementedError

    # Training.

    def compile(
        self, optimizer=None, jit_compile=False, steps_per_execution=1, run_eagerly=False, **objective
    ):
        """Says how the networks learn.

        Args:
            optimizer: keras Optimizer; None stands for Adam(1e-3). A learning rate from `keras_gen.schedules` is read on
                the clock of examples seen. It is wrapped in a `LossScaleOptimizer` where a network computes in float16.
            jit_compile: bool, XLA, under which Keras' own layers, such as Dropout, draw other noise.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.
            **objective: what a sub-class is compiled with besides.
        """
        optimizer = keras.optimizers.get(optimizer or keras.optimizers.Adam(1e-3))
        optimizer = scaled(optimizer, self.encoder, self.decoder)
        super().compile(
            optimizer=optimizer,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            **objective,
        )
        self.optimizer = self.prepare_optimizer(optimizer, self.learned_variables)

    @property
    def learned_variables(self):
        """The variables that the model's own optimizer trains."""
        parts = (self.encoder, self.decoder, self.likelihood)
        return [variable for part in parts for variable in part.trainable_variables]

    @property
    def optimizers(self):
        return {"model": self.optimizer}

    def check_support(self, x):
        """Refuses media that the likelihood gives no probability."""
        for start in range(0, len(x), CHECKED):
            self.likelihood.check(np.asarray(self.media.to_model(x[start : start + CHECKED])))

    def observe_packed(self, packed, seed):
        """What a score sees of packed media under a seed of two integers: the same for every model of one likelihood."""
        own = noise.fold_in(seed, -1)
        return self.likelihood.observe(self.media.to_model(packed), own)

    # Use.

    def call(self, inputs, training=False):
        """Media in their model form, or [media, labels] -> parameters of the likelihood at the likeliest latents."""
        x, labels = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
        if not x.dtype.is_floating:
            raise InputError(
                f"The model itself takes media in their model form, but was given {x.dtype.name}: call reconstruct(x) or "
                "encode(x) with packed media."
            )
        return self.parameters(self.encode_model(x, labels), labels)

    def decode_to_model(self, latents, labels):
        return self.likelihood.mean(self.parameters(latents, labels))

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
        x, labels = self._examples(x, labels)
        parts = [slice(i, i + GENERATE_BATCH) for i in range(0, len(x), GENERATE_BATCH)]
        return np.concatenate(
            [self._encode(x[part], None if labels is None else labels[part]).numpy() for part in parts]
        )

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Media as they come back from their latents: `reconstruct`, of whatever `fit` takes.

        Args:
            x: packed media or batches of these; of a conditional model batches of pairs of media and labels.
            batch_size, verbose, steps, callbacks: those of `keras.Model.predict`.

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

    def predict_on_batch(self, x):
        """Media of one batch as they come back from their latents, see `predict`."""
        return self.predict(x, batch_size=len(x), verbose=0)

    def make_predict_function(self, force=False):
        if self.predict_function is not None and not force:
            return
        super().make_predict_function(force)
        function = self.predict_function

        def checked(batches):
            self.check_if_first(batches[0])
            return function(batches)

        self.predict_function = checked

    def predict_step(self, data):
        x, labels = self.unpack(data)
        latents = self.encode_model(self.likelihood.observe(x), labels)
        return self.media.to_raw(self.decode_to_model(latents, labels))

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

    def held_out(self, real):
        """The examples that a score is taken over.

        Args:
            real: a `Dataset`, whose test split counts; packed media; or a pair of packed media and labels.

        Returns:
            Arrays of packed media and of labels, or None in their place.

        Raises:
            InputError: media or labels do not fit the model or its likelihood.
        """
        if hasattr(real, "arrays"):
            real = real.arrays("test")
        if isinstance(real, (tuple, list)) and len(real) != 2:
            raise InputError(
                f"A score takes a Dataset, media, or a pair of media and labels, not {len(real)} things."
            )
        x, labels = real if isinstance(real, (tuple, list)) else (real, None)
        return self._examples(x, labels if self.num_classes is not None else None)

    def _examples(self, x, labels):
        x = np.asarray(x)
        if x.shape[1:] != self.media.shape or x.dtype != self.media.dtype or not len(x):
            raise InputError(
                f"The model takes {self.media.dtype} examples (num, *{self.media.shape}), not {x.dtype} of shape "
                f"{x.shape}: pack them with model.media.pack."
            )
        if self.num_classes is not None and labels is None:
            raise InputError(
                f"The model is conditional on {self.num_classes} classes: give the labels of the examples."
            )
        self.check_support(x)
        return x, self.labels_for(len(x), labels)

    # Saving and serving.

    def exported_networks(self):
        return [self.encoder, self.decoder, self.likelihood]

    def trained_networks(self):
        return [self.encoder, self.decoder]

    def learned_parts(self):
        return [*self.trained_networks(), self.likelihood, self.prior]

    def endpoints(self):
        def encode(raw, label=None):
            x = self.media.to_model(self.media.pack_in_graph(raw))
            return {"latents": self.encode_model(self.likelihood.observe(x), label)}

        def reconstruct(raw, label=None):
            latents = encode(raw, label)["latents"]
            return {self.media.raw_spec.name: self.media.to_raw(self.decode_to_model(latents, label))}

        signature = [self.media.raw_spec, *self.label_spec]
        return {
            **super().endpoints(),
            "encode": (encode, signature),
            "reconstruct": (reconstruct, signature),
        }

    def get_config(self):
        parts = {"encoder": self.encoder, "decoder": self.decoder, "likelihood": self.likelihood}
        return {
            **{name: keras.saving.serialize_keras_object(part) for name, part in parts.items()},
            **super().get_config(),
        }
