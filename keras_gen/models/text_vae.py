"""Variational autoencoders of text."""

import keras

from keras_gen.errors import InputError
from keras_gen.losses import CategoricalTokens, VampPrior
from keras_gen.models.checks.text import check_text
from keras_gen.models.vae import VAE
from keras_gen.training.phases import EncoderTurns, Pretraining


@keras.saving.register_keras_serializable("keras_gen")
class TextVAE:
    """Makes a `VAE` whose decoder writes sentences token by token (Bowman et al. 2016, arXiv 1511.06349).

    A decoder that predicts each token from those before it needs no latent, and left to itself ignores it:
    the posterior collapses to the prior. Against that stand `objective` (`FreeBits`, or `ELBO` with a
    `WarmUp` or `Cyclical` weight), the decoder's `word_dropout`, and the phases that `compile` takes,
    `Pretraining` and `EncoderTurns`.

    `fit` reports what a `VAE` does, in nats per sentence, and in validation also `mutual_information` of
    sentence and latent, the mean over batches, which is at most the logarithm of their size.

    Args:
        encoder: built keras Model, tokens int32 (batch, length) [and label int32 (batch,)] -> [mean, log
            variance], each (batch, latent_dim).
        decoder: a `TextDecoder` of the same latents and labels, such as
            `keras_gen.networks.RecurrentDecoder`.
        media: the `Text` that is modeled.
        objective: an `Objective`; None stands for `ELBO()`.
        prior: a `Prior` but `VampPrior`; None stands for `StandardNormal()`.
        seed: int, decides every random number of training.
        sampling_prior: see `VAE`.
        num_classes: int, number of labels that the decoder takes, and the encoder may; a tuple of n ints
            where a sentence has n labels; or None.

    Returns:
        A `VAE`.

    Raises:
        InputError: networks, objective and prior do not fit each other or the media.

    Example:

    >>> import keras_gen as kg
    >>> media = kg.Text(length=8).learn(["A dog runs.", "A cat sleeps."])
    >>> encoder, decoder = kg.networks.recurrent(media, latent_dim=4, width=16)
    >>> vae = kg.TextVAE(encoder, decoder, media, objective=kg.losses.FreeBits(0.5))
    >>> vae.compile()
    >>> vae.generate(2, seed=0).shape
    (2,)
    """

    def __new__(
        cls,
        encoder,
        decoder,
        media,
        objective=None,
        prior=None,
        seed=0,
        sampling_prior=None,
        num_classes=None,
        **kwargs,
    ):
        if isinstance(prior, VampPrior):
            raise InputError("VampPrior learns pseudo-inputs, which tokens cannot be: take another prior.")
        check_text(media)
        likelihood = CategoricalTokens(media.vocabulary_size)
        return VAE(
            encoder,
            decoder,
            media,
            likelihood,
            objective,
            prior,
            num_classes,
            seed,
            sampling_prior,
            **kwargs,
        )

    from_recipe, from_pretrained = VAE.from_recipe, VAE.from_pretrained

    # Files of earlier versions hold a TextVAE, with settings in the place of phases.

    @classmethod
    def from_config(cls, config):
        vae = VAE.from_config.__func__(cls, config)
        vae.compile_from_config = lambda config: vae.compile(**with_phases(config))
        return vae

    def get_config(self):
        """Nothing: what is saved is a `VAE`."""


def with_phases(config):
    """The arguments of `compile` that a file of an earlier version holds, with phases."""
    arguments = keras.saving.deserialize_keras_object(config)
    pretraining, most = arguments.pop("pretraining"), arguments.pop("encoder_steps")
    return {**arguments, "phases": [Pretraining(pretraining), EncoderTurns(most)]}
