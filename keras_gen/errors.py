"""What is raised when the input, not the code, is at fault."""

import difflib


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
