"""Refusing networks and settings that cannot make a GAN."""

import keras

from keras_gen.errors import InputError
from keras_gen.losses.penalties import InputGradientPenalty
from keras_gen.models.checks.networks import (
    check_apart,
    check_label_input,
    check_media,
    check_network,
    check_num_classes,
    check_one_output,
    check_scope,
)
from keras_gen.networks.output_ranges import check_outputs
from keras_gen.training.keras_internals import layers_of


def check_networks(generator, discriminator, media, num_classes):
    """Raises `InputError` where the networks do not fit each other, the media or the labels."""
    check_media(media)
    check_num_classes(num_classes)
    networks = {"generator": generator, "discriminator": discriminator}
    for name, network in networks.items():
        check_network(name, network)
        check_one_output(name, network)
    latent_shape, made = (tuple(tensor.shape[1:]) for tensor in (generator.inputs[0], generator.outputs[0]))
    taken, discriminated = (
        tuple(tensor.shape[1:]) for tensor in (discriminator.inputs[0], discriminator.outputs[0])
    )
    if latent_shape == discriminated == media.model_shape:
        raise InputError("The networks are given in the other order: a GAN takes the generator first.")
    inputs = 1 if num_classes is None else 2
    for name, network in networks.items():
        if len(network.inputs) != inputs:
            raise InputError(
                f"With num_classes={num_classes} the {name} must have {inputs} input(s), but it has "
                f"{len(network.inputs)}: build it with the same num_classes."
            )
        check_label_input(name, network, num_classes)
    for what, shape in {"generator makes": made, "discriminator takes": taken}.items():
        if shape != media.model_shape:
            raise InputError(f"The {what} {media.plural} of shape {shape}, but media is {media}.")
    if None in latent_shape:
        raise InputError(f"The generator takes latents of shape {latent_shape}: give its Input every length.")
    if discriminated != (1,):
        raise InputError(
            f"The discriminator must give one logit an image, of shape (1,), not {discriminated}."
        )
    check_apart(**networks)
    check_scope(*networks.values())
    check_outputs("generator", generator, "media")
    check_outputs("discriminator", discriminator, "logits")


def check_settings(gan, penalties, penalty_interval, discriminator_steps, optimizers, plan):
    """Raises `InputError` where the arguments of `GAN.compile` do not fit each other or the networks."""
    if not isinstance(penalties, (list, tuple)) or not all(
        isinstance(p, InputGradientPenalty) for p in penalties
    ):
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
            "The discriminator has batch normalization, under which images are not discriminated one by one: "
            "remove it, "
            'or compile with penalties=[] and plan="alternating".'
        )
