"""Refusing networks, priors, objectives and codes that cannot make a VAE or a VQVAE."""

import math

from keras_gen.errors import InputError
from keras_gen.layers import AudioAugment, Codebook
from keras_gen.losses import CategoricalTokens, Likelihood, Objective, Prior, VampPrior
from keras_gen.media import Audio, Text
from keras_gen.models.checks.networks import (
    check_apart,
    check_label_input,
    check_media,
    check_network,
    check_num_classes,
    check_one_output,
    check_scope,
    outputs_of,
)
from keras_gen.models.checks.text import check_decoder as check_text_decoder
from keras_gen.networks import CodePrior
from keras_gen.networks.output_ranges import check_outputs
from keras_gen.training.phases import Phase

EXAMPLES = {"likelihood": 'Bernoulli("dynamic")', "objective": "ELBO()", "prior": "StandardNormal()"}


def check_vae(encoder, decoder, media, likelihood, objective, prior, num_classes):
    """Returns the length of the latents; raises `InputError` where parts of a `VAE` do not fit."""
    check_kinds(likelihood=likelihood, objective=objective, prior=prior)
    check_media(media, text=isinstance(likelihood, CategoricalTokens))
    check_num_classes(num_classes)
    check_network("encoder", encoder)
    latent_dim = latent_dim_of(encoder)
    check_encoder_inputs(encoder, media, num_classes)
    check_decoder(decoder, media, likelihood, (latent_dim,), num_classes)
    check_together(encoder, objective, prior)
    check_apart(encoder=encoder, decoder=decoder)
    check_scope(encoder, decoder, likelihood, prior)
    return latent_dim


def check_vqvae(encoder, decoder, media, likelihood, prior, codebook, commitment, num_classes):
    """Raises `InputError` where the parts of a `VQVAE` do not fit each other."""
    check_kinds(likelihood=likelihood)
    check_media(media)
    check_num_classes(num_classes)
    for name, network in {"encoder": encoder, "decoder": decoder}.items():
        check_network(name, network)
    if not isinstance(prior, CodePrior):
        raise InputError(f"prior must be a CodePrior of keras_gen.networks, not {prior!r}.")
    if not isinstance(codebook, Codebook | None):
        raise InputError(f"codebook must be a Codebook of keras_gen.layers, not {codebook!r}.")
    if not isinstance(commitment, (int, float)) or not 0 <= commitment < math.inf:
        raise InputError(f"commitment must be at least 0, not {commitment!r}.")
    check_grid(encoder, decoder, media, likelihood, num_classes)
    check_codes(prior, codebook or Codebook(prior.num_codes), encoder.output_shape[1:], num_classes)
    check_apart(encoder=encoder, decoder=decoder)
    check_scope(encoder, decoder, likelihood, prior, *([codebook] if codebook else []))


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
    if isinstance(media, Text):
        check_text_decoder(decoder, media, *latent_shape, num_classes)
        return
    check_media(media)
    check_network("decoder", decoder)
    check_one_output("decoder", decoder)
    inputs = 1 if num_classes is None else 2
    if len(decoder.inputs) != inputs:
        raise InputError(
            f"With num_classes={num_classes} the decoder must have {inputs} input(s), but it has "
            f"{len(decoder.inputs)}: build it with the same num_classes."
        )
    check_label_input("decoder", decoder, num_classes)
    taken = tuple(decoder.inputs[0].shape[1:])
    if taken != latent_shape:
        raise InputError(
            f"The encoder gives latents of shape {latent_shape}, but the decoder takes {taken}: build both "
            "with the same latent_dim."
        )
    *places, channels = media.model_shape
    wanted = (*places, likelihood.num_parameters(channels))
    given = tuple(decoder.outputs[0].shape[1:])
    if given != wanted:
        raise InputError(
            f"{type(likelihood).__name__} of {media} takes parameters of shape {wanted}, but the decoder "
            f"gives {given}: build it for this media and likelihood."
        )
    check_outputs(f"decoder of {type(likelihood).__name__}", decoder, likelihood.takes)


def check_augment(augment, media):
    """Raises `InputError` where an augmentation is not one of such media."""
    if augment is not None and not (isinstance(augment, AudioAugment) and isinstance(media, Audio)):
        raise InputError(
            f"augment takes an AudioAugment, for recordings alone, not {type(augment).__name__} for "
            f"{media.plural}."
        )


def check_phases(phases):
    """Raises `InputError` where these are no phases that training can begin with."""
    if not isinstance(phases, (list, tuple)) or not all(isinstance(phase, Phase) for phase in phases):
        raise InputError(f"phases must be a list of phases of keras_gen.training, not {phases!r}.")


def check_encoder_inputs(encoder, media, num_classes):
    """Raises `InputError` where the encoder does not fit the media or the labels."""
    if len(encoder.inputs) > (1 if num_classes is None else 2):
        raise InputError(
            f"The encoder has {len(encoder.inputs)} inputs, but num_classes is {num_classes}: build it with "
            "the same num_classes."
        )
    check_label_input("encoder", encoder, num_classes)
    taken = tuple(encoder.inputs[0].shape[1:])
    if taken != media.model_shape:
        raise InputError(
            f"The encoder takes {media.plural} of shape {taken}, but media is {media}, of shape "
            f"{media.model_shape}."
        )


def latent_dim_of(encoder):
    """The length of the latents of an encoder; raises `InputError` where it is not one of a VAE."""
    shapes = [tuple(output.shape[1:]) for output in encoder.outputs]
    is_pair = isinstance(outputs_of(encoder), (list, tuple)) and len(shapes) == 2
    if not is_pair or shapes[0] != shapes[1] or len(shapes[0]) != 1:
        raise InputError(
            "The encoder must give a mean and a log variance of shape (latent_dim,) each, in a list, but it "
            f"gives {shapes}."
        )
    check_outputs("mean of the encoder", encoder, "means")
    check_outputs("log variance of the encoder", encoder, "log_variances", place=1)
    return shapes[0][0]


def check_together(encoder, objective, prior):
    """Raises `InputError` where the objective and the encoder do not fit the prior."""
    if prior.sampling_only:
        raise InputError(
            f"{type(prior).__name__} is fitted after training, for sampling only: train with another prior, "
            "then call fit_sampling_prior."
        )
    if objective.needs_standard_normal and not prior.standard_normal:
        raise InputError(
            f"{type(objective).__name__} needs a standard normal prior, but was given "
            f"{type(prior).__name__}: take prior=StandardNormal(), or another objective."
        )
    if isinstance(prior, VampPrior) and len(encoder.inputs) == 2:
        raise InputError(
            "VampPrior asks the encoder about pseudo-inputs that have no label, but the encoder takes "
            "labels: build the encoder without num_classes, or take another prior."
        )


def check_grid(encoder, decoder, media, likelihood, num_classes):
    """Raises `InputError` where encoder and decoder do not fit each other, media or likelihood."""
    shapes = [tuple(output.shape[1:]) for output in encoder.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or len(encoder.inputs) != 1:
        raise InputError(
            "The encoder must take an image alone and give one grid of shape (h, w, code_dim), but it has "
            f"{len(encoder.inputs)} input(s) and gives {shapes}: build it with networks.conv_grid."
        )
    check_one_output("encoder", encoder)
    check_encoder_inputs(encoder, media, num_classes)
    taken = tuple(decoder.inputs[0].shape[1:])
    if taken != shapes[0]:
        raise InputError(
            f"The encoder gives a grid of shape {shapes[0]}, but the decoder takes {taken}: build both with "
            "the same code_dim and halvings."
        )
    check_decoder(decoder, media, likelihood, shapes[0], num_classes)


def check_codes(prior, codebook, grid, num_classes):
    """Raises `InputError` where the prior is one over other codes, or the codebook one of other vectors."""
    *places, code_dim = grid
    if prior.num_codes != codebook.num_codes or prior.grid != tuple(places):
        raise InputError(
            f"The prior is over {prior.num_codes} codes on a grid of {prior.grid}, but the codebook has "
            f"{codebook.num_codes} and the grid is {tuple(places)}: build it with CodePrior({grid}, "
            f"{codebook.num_codes})."
        )
    if prior.num_classes != num_classes:
        raise InputError(
            f"The prior has num_classes={prior.num_classes}, but the model has num_classes={num_classes}: "
            "build both with the same."
        )
    if codebook.built and codebook.codes.shape[-1] != code_dim:
        raise InputError(
            f"The codebook holds vectors of length {codebook.codes.shape[-1]}, but the encoder gives "
            f"{code_dim}: take a new Codebook."
        )
