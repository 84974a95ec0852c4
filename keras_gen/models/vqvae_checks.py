"""Refusing networks that cannot make a VQVAE."""

from keras_gen.errors import InputError
from keras_gen.models.network_checks import check_one_output
from keras_gen.models.vae_checks import check_decoder, check_encoder_inputs


def check_grid(encoder, decoder, media, likelihood, num_classes):
    """Raises `InputError` where encoder and decoder do not meet in a grid, or do not fit media, likelihood or labels."""
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
            f"The encoder gives a grid of shape {shapes[0]}, but the decoder takes {taken}: build both with the same "
            "code_dim and halvings."
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
            f"The prior has num_classes={prior.num_classes}, but the model has num_classes={num_classes}: build both "
            "with the same."
        )
    if codebook.built and codebook.codes.shape[-1] != code_dim:
        raise InputError(
            f"The codebook holds vectors of length {codebook.codes.shape[-1]}, but the encoder gives {code_dim}: take a "
            "new Codebook."
        )
