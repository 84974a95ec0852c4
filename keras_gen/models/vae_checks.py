"""Refusing networks, priors and objectives that cannot make a VAE."""

from keras_gen.errors import InputError
from keras_gen.layers import AudioAugment
from keras_gen.losses import GaussianMixture, Likelihood, Objective, Prior, VampPrior
from keras_gen.media import Audio, Image
from keras_gen.models.network_checks import (
    check_label_input,
    check_media,
    check_network,
    check_one_output,
    outputs_of,
)
from keras_gen.models.output_ranges import check_outputs

EXAMPLES = {"likelihood": 'Bernoulli("dynamic")', "objective": "ELBO()", "prior": "StandardNormal()"}


def check_kinds(**parts):
    """Raises `InputError` where a part is of another class than its name says."""
    kinds = {"likelihood": Likelihood, "objective": Objective, "prior": Prior}
    for name, part in parts.items():
        if not isinstance(part, kinds[name]):
            raise InputError(
                f"{name} must be one of keras_gen.losses, such as {EXAMPLES[name]}, not {part!r}."
            )


def check_decoder(decoder, media, likelihood, latent_shape, num_classes):
    """Raises `InputError` where the decoder does not fit the latents, the likelihood or the labels."""
    check_media(media, Image, Audio)
    check_network("decoder", decoder)
    check_one_output("decoder", decoder)
    inputs = 1 if num_classes is None else 2
    if len(decoder.inputs) != inputs:
        raise InputError(
            f"With num_classes={num_classes} the decoder must have {inputs} input(s), but it has {len(decoder.inputs)}: "
            "build it with the same num_classes."
        )
    check_label_input("decoder", decoder, num_classes)
    taken = tuple(decoder.inputs[0].shape[1:])
    if taken != latent_shape:
        raise InputError(
            f"The encoder gives latents of shape {latent_shape}, but the decoder takes {taken}: build both with the "
            "same latent_dim."
        )
    *places, channels = media.model_shape
    wanted = (*places, likelihood.num_parameters(channels))
    given = tuple(decoder.outputs[0].shape[1:])
    if given != wanted:
        raise InputError(
            f"{type(likelihood).__name__} of {media} takes parameters of shape {wanted}, but the decoder gives "
            f"{given}: build it for this media and likelihood."
        )
    check_outputs(f"decoder of {type(likelihood).__name__}", decoder, likelihood.takes)


def check_augment(augment, media):
    """Raises `InputError` where an augmentation is not one of such media."""
    if augment is not None and not (isinstance(augment, AudioAugment) and isinstance(media, Audio)):
        raise InputError(
            f"augment takes an AudioAugment, for recordings alone, not {type(augment).__name__} for {media.plural}."
        )


def check_encoder_inputs(encoder, media, num_classes):
    """Raises `InputError` where the encoder does not fit the media or the labels."""
    if len(encoder.inputs) > (1 if num_classes is None else 2):
        raise InputError(
            f"The encoder has {len(encoder.inputs)} inputs, but num_classes is {num_classes}: build it with the same "
            "num_classes."
        )
    check_label_input("encoder", encoder, num_classes)
    taken = tuple(encoder.inputs[0].shape[1:])
    if taken != media.model_shape:
        raise InputError(
            f"The encoder takes {media.plural} of shape {taken}, but media is {media}, of shape {media.model_shape}."
        )


def latent_dim_of(encoder):
    """The length of the latents of a VAE's encoder; raises `InputError` where it is not the encoder of a VAE."""
    shapes = [tuple(output.shape[1:]) for output in encoder.outputs]
    is_pair = isinstance(outputs_of(encoder), (list, tuple)) and len(shapes) == 2
    if not is_pair or shapes[0] != shapes[1] or len(shapes[0]) != 1:
        raise InputError(
            f"The encoder must give a mean and a log variance of shape (latent_dim,) each, in a list, but it gives {shapes}."
        )
    check_outputs("mean of the encoder", encoder, "means")
    check_outputs("log variance of the encoder", encoder, "log_variances", place=1)
    return shapes[0][0]


def check_together(encoder, objective, prior):
    """Raises `InputError` where the objective and the encoder do not fit the prior."""
    if isinstance(prior, GaussianMixture):
        raise InputError(
            "GaussianMixture is fitted after training, for sampling only: train with another prior, then call "
            "fit_sampling_prior."
        )
    if objective.needs_standard_normal and not prior.standard_normal:
        raise InputError(
            f"{type(objective).__name__} needs a standard normal prior, but was given {type(prior).__name__}: take "
            "prior=StandardNormal(), or another objective."
        )
    if isinstance(prior, VampPrior) and len(encoder.inputs) == 2:
        raise InputError(
            "VampPrior asks the encoder about pseudo-inputs that have no label, but the encoder takes labels: build the "
            "encoder without num_classes, or take another prior."
        )
