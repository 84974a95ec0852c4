import pytest

from keras_gen.errors import InputError
from keras_gen.networks.sizes import channels, start_and_doublings


@pytest.mark.parametrize(
    ("size", "expected"),
    {
        (8, 8): ((4, 4), 1),
        (20, 20): ((5, 5), 2),
        (28, 28): ((7, 7), 2),
        (256, 256): ((4, 4), 6),
        (64, 96): ((4, 6), 4),
        (96, 64): ((6, 4), 4),
        (48, 80): ((6, 10), 3),
        (8, 256): ((4, 128), 1),
    }.items(),
)
def test_the_start_doubles_to_the_size(size, expected):
    assert start_and_doublings((*size, 1)) == expected


def test_one_decomposition_for_each_size_that_has_one():
    works = {start * 2**k for start in (4, 5, 6, 7) for k in range(1, 7)}
    for size in range(1, 300):
        if size in works and size <= 256:
            (rows, columns), doublings = start_and_doublings((size, size, 3))
            assert rows == columns and rows * 2**doublings == size
        else:
            with pytest.raises(InputError):
                start_and_doublings((size, size, 3))


def test_errors_name_what_works():
    with pytest.raises(InputError, match="28 x 28 or 32 x 32"):
        start_and_doublings((30, 30, 1))
    with pytest.raises(InputError, match="use 256 x 256"):
        start_and_doublings((300, 300, 1))
    with pytest.raises(InputError, match="30 x 57 .* use 28 x 56 or 32 x 64"):
        start_and_doublings((30, 57, 1))
    with pytest.raises(InputError, match="use 8 x 64[.]"):
        start_and_doublings((4, 64, 1))


def test_channels_double_up_to_eight_times():
    assert [channels(32, level) for level in range(6)] == [32, 64, 128, 256, 256, 256]
