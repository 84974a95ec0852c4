"""Loading in tests, with what is told of it."""

import warnings

from keras_gen.datasets import load


def loaded(source, told=(), **arguments):
    """The `Dataset`; what is told of it is in one warning, which is there only where something is told."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = load(source, **arguments)
    found = [str(warning.message) for warning in caught if warning.category is UserWarning]
    assert len(found) == bool(told), found
    for part in told:
        assert part in found[0], found
    return data
