"""Refusing networks and settings that cannot make a GAN."""

import keras

from keras_gen.errors import InputError
from keras_gen.losses.penalties import SlopePenalty


def check_networks(generator, discriminator, media, num_classes):
    """Raises `InputError` where the networks do not fit each other, the media or the labels."""
    inputs = 1 if num_classes is None else 2
    for network in (generator, discriminator):
        if len(network.inputs) != inputs:
            raise InputError(
                f"With num_classes={num_classes} the {network.name} must have {inputs} input(s), but it has "
                f"{len(network.inputs)}: build it with the same num_classes."
            )
    shapes = {
        "generator makes": generator.output_shape[1:],
        "discriminator takes": discriminator.inputs[0].shape[1:],
    }
    for what, shape in shapes.items():
        if tuple(shape) != media.model_shape:
            raise InputError(f"The {what} pictures of shape {tuple(shape)}, but media is {media}.")
    if discriminator.output_shape[1:] != (1,):
        raise InputError(
            f"The discriminator must give one logit a picture, not {discriminator.output_shape[1:]}."
        )


def check_settings(gan, penalties, penalty_interval, discriminator_steps, optimizers, plan):
    """Raises `InputError` where the arguments of `GAN.compile` do not fit each other or the networks."""
    if not isinstance(penalties, (list, tuple)) or not all(isinstance(p, SlopePenalty) for p in penalties):
        raise InputError(f"penalties must be a list of R1, R2 or GradientPenalty, not {penalties!r}.")
    for name, count in {
        "penalty_interval": penalty_interval,
        "discriminator_steps": discriminator_steps,
    }.items():
        if count < 1:
            raise InputError(f"{name} must be at least 1, not {count}.")
    if optimizers[0] is optimizers[1]:
        raise InputError("The two players need an optimizer each, but were given the same one.")
    if layers_of(gan.discriminator, keras.layers.BatchNormalization) and (
        penalties or plan == "simultaneous"
    ):
        raise InputError(
            "The discriminator has batch normalisation, under which pictures are not judged one by one: remove it, "
            'or compile with penalties=[] and plan="alternating".'
        )


def layers_of(network, kind):
    """The network's layers of a class, also those within other layers."""
    return [layer for layer in network._flatten_layers() if isinstance(layer, kind)]
