"""Refusing networks that no model can be made of, whatever it is a model of."""

import numbers
import reprlib

import keras

from keras_gen.errors import InputError, refuse
from keras_gen.media import Media, Text
from keras_gen.sampling.labels import label_shape
from keras_gen.training import distribution
from keras_gen.training.keras_internals import layers_of


def check_media(media, text=False):
    """Raises `InputError` where these are no media, or where they are text and the model writes none."""
    if not isinstance(media, Media):
        raise InputError(f"media must be an Image, an Audio or another Media of keras_gen, not {media!r}.")
    if isinstance(media, Text) and not text:
        raise InputError(f"This model writes no {media!r}: for sentences take a TextVAE or a LanguageModel.")


def check_num_classes(num_classes):
    """Raises `InputError` where a number of classes is neither None nor whole, nor a tuple of whole ones."""
    counts = num_classes if isinstance(num_classes, (tuple, list)) else [num_classes]
    whole = [isinstance(count, numbers.Integral) and not isinstance(count, bool) for count in counts]
    if num_classes is not None and not (counts and all(whole) and min(counts) >= 1):
        raise InputError(
            "num_classes must be a whole number from 1, a tuple of such where an example has several labels, "
            f"or None, not {num_classes!r}."
        )


def check_network(name, network):
    """Refuses what is not a network that can be trained here.

    Args:
        name: of the argument.
        network: what should be a functional or sequential keras Model.

    Raises:
        InputError: it is something else or has not been built, has a fixed batch size, keeps its channels
            first, or has weights in half precision.
    """
    is_model = isinstance(network, keras.Model)
    if not is_model or not getattr(network, "inputs", None) or not getattr(network, "outputs", None):
        raise InputError(
            f"{name} must be a built functional or sequential keras Model, whose shapes can be read, not "
            f"{reprlib.repr(network)}: begin it with x = keras.Input(shape), or give keras.Model(x, "
            "network(x)) where it is a subclass."
        )
    sizes = [tensor.shape[0] for tensor in network.inputs if tensor.shape[0] is not None]
    if sizes:
        refuse(f"The {name} takes batches of {sizes[0]} alone: build it without a batch_size.")
    check_layers(name, network)


def check_layers(name, network):
    """Refuses a network or layer that keeps its channels first or has weights in half precision."""
    for layer in layers_of(network):
        if getattr(layer, "data_format", None) == "channels_first":
            refuse(
                f"The layer {layer.name} of the {name} has data_format channels_first, but channels come "
                "last here: build it with "
                'keras.config.set_image_data_format("channels_last").'
            )
            break
    halves = {"float16", "bfloat16"} & {weight.dtype for weight in network.trainable_weights}
    if halves:
        half = halves.pop()
        refuse(
            f"The {name} has weights in {half}, in which small steps are lost: build it under "
            f'keras.config.set_dtype_policy("mixed_{half}"), which keeps weights in float32.'
        )


def check_one_output(name, network):
    """Refuses a network that gives anything but one tensor."""
    outputs = outputs_of(network)
    if keras.tree.is_nested(outputs):
        shapes = keras.tree.map_structure(lambda tensor: tuple(tensor.shape[1:]), outputs)
        raise InputError(f"The {name} must give one tensor, but gives a {type(outputs).__name__}: {shapes}.")


def outputs_of(network):
    """The outputs of a model in the structure in which a call gives them."""
    # A sequential model says so only after it was called.
    return getattr(network, "output", network.outputs[0] if len(network.outputs) == 1 else network.outputs)


def check_label_input(name, network, num_classes):
    """Refuses a network whose second input, if it has one, does not take labels as they come."""
    if len(network.inputs) < 2:
        return
    taken, wanted = tuple(network.inputs[1].shape[1:]), label_shape(num_classes)
    if taken not in (wanted, wanted or (1,)):
        raise InputError(
            f"The second input of the {name} takes labels of shape {taken}, but those of "
            f"num_classes={num_classes} have shape "
            f'{wanted}: give it keras.Input({wanted}, dtype="int32"), and embed or encode them inside.'
        )


def check_apart(**networks):
    """Refuses networks, by their names, that share weights: each learns by gradients of its own."""
    names = {}
    for name, network in networks.items():
        for weight in network.trainable_weights:
            other = names.setdefault(id(weight), name)
            if other != name:
                refuse(
                    f"The {other} and the {name} share the weight {weight.path}: give each layers of its own."
                )
                return


def check_scope(*parts):
    """Raises `InputError` where variables were made outside the scope of the strategy in force."""
    distribution.check_scope([variable for part in parts for variable in part.variables])


def copy_of(name, network):
    """A network built like another, of layers of its own.

    Raises:
        InputError: a layer cannot be made anew from its configuration.
    """
    try:
        return keras.models.clone_model(network)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise InputError(
            f"A layer of the {name} cannot be made anew, as its moving average needs: give each layer and "
            "model of your own a get_config from which its constructor makes it, and write what a Lambda "
            "does as such a layer."
        ) from error
