import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.losses import Bernoulli, Categorical
from keras_gen.media import Image
from keras_gen.networks import conv_grid


@pytest.mark.parametrize(
    ("size", "halvings", "grid"),
    [
        *(
            ((side, side), n, (rows, rows))
            for side, n, rows in ((8, 3, 1), (9, 2, 3), (33, 3, 5), (256, 5, 8))
        ),
        ((28, 41), 2, (7, 11)),
        ((41, 28), 3, (6, 4)),
        ((8, 256), 3, (1, 32)),
    ],
)
def test_every_size_comes_back_from_its_grid(size, halvings, grid):
    media, likelihood = Image(*size, 4), Categorical(4, quantize=True)
    encoder, decoder = conv_grid(media, likelihood, code_dim=5, width=2, halvings=halvings, blocks=1)
    assert encoder.output_shape == (None, *grid, 5)
    z = encoder(np.zeros((2, *media.shape)))
    assert decoder(z).shape == (2, *size, 16)


def test_the_label_changes_what_is_decoded():
    media = Image(9, 9, 1)
    encoder, decoder = conv_grid(media, Bernoulli(), num_classes=3, width=4)
    assert len(encoder.inputs) == 1
    parameters = decoder([np.ones((2, 3, 3, 16)), np.array([0, 2])])
    assert np.all(np.ptp(parameters, axis=0) > 0)


def test_settings_change_what_they_are_named_for():
    def built(**settings):
        return conv_grid(Image(16, 16, 1), Bernoulli(), **settings)

    def convolutions(network):
        return sum("Conv" in type(layer).__name__ for layer in network.layers)

    encoder, decoder = built()
    more = built(blocks=4)
    assert encoder.output_shape[1:] == (4, 4, 16)
    assert built(code_dim=3)[0].output_shape[1:] == (4, 4, 3)
    assert built(halvings=3)[1].inputs[0].shape[1:] == (2, 2, 16)
    assert [
        layer.filters for layer in built(width=6)[0].layers if getattr(layer, "strides", None) == (2, 2)
    ] == [6, 12]
    assert [convolutions(n) for n in more] == [convolutions(n) + 4 for n in (encoder, decoder)]


def test_images_that_do_not_halve_are_refused():
    for shape, halvings, message in (
        ((8, 16, 1), 4, "halvings must be from 1 to 3 for images of 8 x 16"),
        ((7, 7, 1), 2, "8 to 256"),
        ((28, 28, 1), 5, "halvings must be from 1 to 4 for images of 28 x 28"),
        ((28, 28, 1), 0, "from 1 to 4"),
    ):
        with pytest.raises(InputError, match=message):
            conv_grid(Image(*shape), Bernoulli(), halvings=halvings)
