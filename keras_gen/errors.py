"""What is raised when the input, not the code, is at fault."""

import contextlib
import contextvars
import difflib
import warnings


class InputError(ValueError):
    """A mistake in what the user gave, told in one sentence that names it and what would work."""


def unknown(kind, name, choices):
    """An error for a name that is not among the choices, offering the nearest one.

    Args:
        kind: what the name stands for, such as "recipe".
        name: the name given.
        choices: the names that exist.

    Returns:
        An `InputError`, to be raised.
    """
    choices = sorted(choices)
    near = difflib.get_close_matches(str(name), choices, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return InputError(f"Unknown {kind} {name!r}: {hint}Available: {', '.join(choices)}.")


_is_reading = contextvars.ContextVar("is_reading", default=False)


@contextlib.contextmanager
def reading():
    """Warns within of what would be refused: a saved model is read whatever it is."""
    token = _is_reading.set(True)
    try:
        yield
    finally:
        _is_reading.reset(token)


def refuse(message):
    """Raises `InputError`; warns of the same while a saved model is read."""
    if not _is_reading.get():
        raise InputError(message)
    warnings.warn(message, stacklevel=2)


def doubt(message):
    """Warns of what may be meant; not while a saved model is read, whose maker was told."""
    if not _is_reading.get():
        warnings.warn(message, stacklevel=2)
