"""What the parts of the page share: fields to fill in, mistakes in a sentence, files to give away."""

import collections
import functools
import html
import shutil
import tempfile
import threading
import warnings
from pathlib import Path

import gradio
import numpy as np
import tensorflow as tf

from keras_gen.demo.models import IN_TURN
from keras_gen.errors import InputError

KEPT = 200  # files until they are copied for whoever asked
ONE_AT_A_TIME = threading.Lock()  # a model has the machine for itself, and warnings are of one request


class Outbox:
    """Files that the page gives away, and of which its server keeps copies for a while; the oldest go.

    Args:
        folder: path, which exists.
    """

    def __init__(self, folder):
        self._folder, self._kept = Path(folder), collections.deque()

    def path(self, name):
        """A path for a file of this name, in a folder of its own."""
        self._kept.append(Path(tempfile.mkdtemp(dir=self._folder)))
        if len(self._kept) > KEPT:
            shutil.rmtree(self._kept.popleft(), ignore_errors=True)
        return self._kept[-1] / name


def answered(function):
    """The function of a button: one at a time, with mistakes and warnings shown in the page by a sentence."""

    @functools.wraps(function)
    def answer(*values):
        with ONE_AT_A_TIME, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            try:
                found = function(*values)
            except InputError as error:
                raise gradio.Error(html.escape(str(error)), print_exception=False) from None
            except (MemoryError, tf.errors.ResourceExhaustedError) as error:
                told = "The machine has not enough memory for it: ask for less."
                raise gradio.Error(told, print_exception=False) from error
        for warning in caught:
            if issubclass(warning.category, UserWarning):
                gradio.Warning(html.escape(str(warning.message)))
        return found

    return answer


def refuse_quietly(field):
    """Has a field refuse values to whoever sent them, without the traceback that gradio prints on the server.

    Args:
        field: `gradio.components.Component`, which is changed.
    """
    preprocess = field.preprocess

    @functools.wraps(preprocess)
    def checked(payload):
        try:
            return preprocess(payload)
        except gradio.Error as error:
            told = str(error.message)
        except (TypeError, ValueError):
            told = f"{field.label} cannot be {repr(payload)[:100]}."
        raise gradio.Error(html.escape(told), print_exception=False)

    field.preprocess = checked


def seed_field(label="Seed", value=0):
    """A field for a seed."""
    return gradio.Number(value, label=label, precision=0, minimum=0, min_width=110)


def checked_seed(seed):
    """A seed as the page gives it; raises `InputError` where its field is empty."""
    if seed is None:
        raise InputError("Give a seed, a whole number from 0.")
    return int(seed)


def count_field(label, most, value, least=1):
    """A slider for a number of things."""
    return gradio.Slider(least, most, value, step=1, label=label, min_width=180)


def class_fields(model, of="", in_turn=False):
    """A list with a menu of the classes of each label; empty where the model is not conditional.

    Args:
        model: `keras_gen.demo.models.Shown`.
        of: what they are of, in the names of the menus.
        in_turn: bool, whether all classes in turn may be asked for.
    """
    first = [("all in turn", IN_TURN)] if in_turn else []
    return [
        gradio.Dropdown(
            [*first, *((name, place) for place, name in enumerate(names))],
            value=IN_TURN if in_turn else 0,
            label=f"{label}{of}",
            min_width=130,
        )
        for label, names in model.class_names.items()
    ]


OPTIONS = {
    "temperature": ("Temperature", "below 1 likelier and less varied", 0, 2, 1, 0.05),
    "top_k": ("top_k", "likeliest words drawn from, 0 for all", 0, 100, 0, 1),
    "top_p": ("top_p", "probability of the words drawn from", 0.05, 1, 1, 0.05),
}  # words, smallest and largest value, value at first, step


def option_fields(model):
    """A slider for each of `model.has_options`, in their order."""
    fields = []
    for label, info, least, most, value, step in map(OPTIONS.get, model.has_options):
        precision = 0 if step == 1 else None
        fields.append(
            gradio.Slider(
                least, most, value, step=step, label=label, info=info, precision=precision, min_width=180
            )
        )
    return fields


def class_told(model, label):
    """Words for a label: the names of its classes, "" without one."""
    places = [] if label is None else np.reshape(label, (-1,)).tolist()
    return ", ".join(names[place] for names, place in zip(model.class_names.values(), places, strict=False))
