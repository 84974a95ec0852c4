import keras
import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.media.image import Image
from keras_gen.networks import r3gan

MEDIA = Image(16, 16, 3)


@pytest.mark.parametrize("model", [0, 1], ids=["generator", "discriminator"])
def test_blocks_are_the_identity_at_the_start(model):
    network = r3gan(MEDIA, width=8, blocks=2)[model]
    sums = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == 3 * 2
    x = keras.random.normal((2, *network.input_shape[1:]), seed=0)
    for layer in sums:
        into, branch = keras.Model(network.input, layer.input)(x)
        np.testing.assert_array_equal(branch, np.zeros_like(branch))
        np.testing.assert_array_equal(keras.Model(network.input, layer.output)(x), into)


def test_no_normalization_and_no_bound_on_the_image():
    generator, discriminator = r3gan(MEDIA, width=8)
    kinds = {type(layer).__name__ for model in (generator, discriminator) for layer in model.layers}
    assert not {kind for kind in kinds if "Norm" in kind or kind == "Activation"}
    images = generator(100 * keras.random.normal((2, 64), seed=0))
    assert np.abs(images).max() > 1


def test_gain_falls_with_the_number_of_blocks():
    shallow, deep = (r3gan(MEDIA, width=64, blocks=blocks)[1] for blocks in (1, 4))

    def first_expansion(network):
        return next(
            x for x in network.layers if isinstance(x, keras.layers.Conv2D) and x.filters == 128
        ).kernel

    # 3 sizes with one or four blocks each: L = 3 and 12; std = sqrt(2 / 1.04) L^(-1/4) / sqrt(fan in).
    for network, total in ((shallow, 3), (deep, 12)):
        expected = np.sqrt(2 / 1.04 / 64) * total**-0.25
        assert np.std(first_expansion(network)) == pytest.approx(expected, rel=0.05)


def test_refuses_a_width_that_cannot_be_grouped():
    with pytest.raises(InputError, match="multiple of 8"):
        r3gan(MEDIA, width=12)
