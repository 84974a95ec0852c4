"""How a `GenerativeModel` comes and goes: from recipes and files, also of earlier versions, to files and
other models.

The functions whose first argument is `self` or `cls` are methods of the class.
"""

import itertools

import keras

from keras_gen import registry
from keras_gen.errors import InputError
from keras_gen.training.keras_internals import own_variables_of


def from_recipe(cls, name, **fields):
    """A compiled model as a recipe describes it.

    Args:
        name: of a recipe, as `keras-gen list` shows them, or the path of a Python file with one.
        **fields: fields of the recipe to override, as `keras-gen show` shows them: `width=64`, or in full
            `network__width=64`, with two underscores for the dot.

    Raises:
        InputError: there is no recipe or field of this name, or the recipe makes another kind of model.
    """
    model = registry.find("resolve_recipe")(name, fields).build()
    if not isinstance(model, cls):
        raise InputError(f"Recipe {name!r} makes a {type(model).__name__}, not a {cls.__name__}.")
    return model


def from_pretrained(cls, name):
    """A trained model that came with the kit, compiled, or that of a run of one's own.

    Args:
        name: such as "digits-gan", as `keras-gen list` shows them, or the folder of a finished run, which
            comes first where it has such a name.

    Raises:
        InputError: there is neither, its file is damaged, or it is another kind of model.

    Example:

    >>> import keras_gen as kg
    >>> gan = kg.GAN.from_pretrained("digits-gan")
    >>> gan.generate(2, labels=7, seed=0).shape
    (2, 8, 8, 1)
    """
    model = registry.find("trained_model")(name)
    if not isinstance(model, cls):
        raise InputError(f"{name} is a {type(model).__name__}, not a {cls.__name__}.")
    return model


def save(self, filepath, overwrite=True, zipped=None, include_optimizer=True):
    """Saves the model with its optimizers and its clock, like `keras.Model.save`.

    Raises:
        InputError: the name does not end in `.keras`: no other format keeps a model of several networks.
    """
    if not str(filepath).endswith(".keras"):
        raise InputError(
            f"A {type(self).__name__} is saved to a file whose name ends in .keras, not to "
            f"{str(filepath)!r}; save_weights takes .weights.h5."
        )
    keras.Model.save(self, filepath, overwrite, zipped, include_optimizer=include_optimizer)


def export(self, path, format="tf_saved_model", verbose=None, provenance=None, watermark=None):
    """Writes a SavedModel with named signatures, ready to be served without this package.

    Args:
        path: folder to write; TensorFlow Serving wants `<name>/<integer version>`.
        format: "tf_saved_model"; or "onnx" or "litert" for a file of each function that can be converted, see
            `keras_gen.export.export_as`, which needs the extra `export`.
        verbose: bool, whether to print where it lies; None stands for False.
        provenance: dict that JSON can hold, of what made the model, such as the fingerprint of its data; it
            is kept in `assets.extra/provenance.json` of a SavedModel.
        watermark: `keras_gen.media.Watermark` that a SavedModel puts into the images or recordings it gives,
            or None.

    Returns:
        The path.

    Raises:
        InputError: the format is another one, there is something at the path already, it cannot be written,
            or a watermark is to be put into text or by another format.
    """
    if format != "tf_saved_model":
        if watermark is not None:
            raise InputError(f"A watermark is in SavedModels alone: leave it out for format={format!r}.")
        registry.find("export_as")(self, path, format)
        return path
    path = registry.find("export")(self, path, provenance, watermark)
    if verbose:
        print(f"Saved model at {path}, with the signatures {', '.join(self.endpoints())}.")
    return path


def load_own_variables(self, store):
    """Sets the model's own variables, of which files of earlier versions have others.

    Before there were phases, a file had no count of those that are over, but the state of both phases of
    text: whether the pre-training went on, whether the encoder's turns did, and the last mutual information.

    Args:
        store: mapping of "0", "1", ... to values, as Keras reads it.
    """
    *others, phases_over = variables = own_variables_of(self)
    if len(store.keys()) == len(variables):
        keras.Model.load_own_variables(self, store)
        return
    saved = [store[str(place)] for place in range(len(store.keys()))]
    for variable, value in zip(others, saved, strict=False):
        variable.assign(value)
    of_phases = saved[len(others) :]
    if of_phases:
        is_pretraining, is_aggressive, last_information = of_phases
        phases_over.assign(len(self.phases) - int(is_pretraining[()]) - int(is_aggressive[()]))
        self.phases[-1].last_information.assign(last_information)


def get_compile_config(self):
    """What `compile_from_config` takes: the arguments of `compile` as they were given."""
    return self._compile_arguments if self.compiled else None


def compile_from_config(self, config):
    """Compiles the model as a saved one was."""
    self.compile(**keras.saving.deserialize_keras_object(config))


def take_weights(self, earlier):
    """Takes what another model has learned, to be trained further with optimizers and a clock of this one's
    own.

    Args:
        earlier: a model of the same kind and architecture, for the same media.

    Raises:
        InputError: it is of another kind, or its networks have weights of other shapes.
    """
    if type(earlier) is not type(self) or earlier.media != self.media:
        raise InputError(
            f"A {type(self).__name__} of {self.media} cannot go on from a {type(earlier).__name__} of "
            f"{earlier.media}: take a model of the same kind and media."
        )
    mine, theirs = (
        [weight for part in each.learned_parts() for weight in part.weights] for each in (self, earlier)
    )
    shapes, found = ([tuple(weight.shape) for weight in weights] for weights in (mine, theirs))
    if shapes != found:
        pairs = itertools.zip_longest(shapes, found, fillvalue="no more")
        place, (here, there) = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
        raise InputError(
            f"The networks differ: weight {place} is {here} here, {there} there. Take a model of the same "
            "architecture."
        )
    for weight, value in zip(mine, theirs, strict=True):
        weight.assign(value)
