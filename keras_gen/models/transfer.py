"""Going on from what another model has learned."""

import itertools

from keras_gen.errors import InputError


def transfer(earlier, model):
    """Copies the weights of all parts that learn from one model to another, see `GenerativeModel.take_weights`."""
    if type(earlier) is not type(model) or earlier.media != model.media:
        raise InputError(
            f"A {type(model).__name__} of {model.media} cannot go on from a {type(earlier).__name__} of {earlier.media}: take "
            "a model of the same kind and media."
        )
    mine, theirs = (
        [weight for part in each.learned_parts() for weight in part.weights] for each in (model, earlier)
    )
    shapes, found = ([tuple(weight.shape) for weight in weights] for weights in (mine, theirs))
    if shapes != found:
        pairs = itertools.zip_longest(shapes, found, fillvalue="no more")
        place, (here, there) = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
        raise InputError(
            f"The networks differ: weight {place} is {here} here, {there} there. Take a model of the same architecture."
        )
    for weight, value in zip(mine, theirs, strict=True):
        weight.assign(value)
