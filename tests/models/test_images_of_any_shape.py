"""Models of images that are no squares and have an alpha channel: they train, draw, and take raw images."""

import keras
import numpy as np
import pytest

from keras_gen.losses import DiscretizedLogisticMixture
from keras_gen.media import Image
from keras_gen.models import GAN, VAE
from keras_gen.networks import conv, dcgan

MEDIA = Image(8, 12, 4, "pad", "navy")


def small_gan():
    gan = GAN(*dcgan(MEDIA, latent_dim=4, width=4), MEDIA, seed=1)
    gan.compile(penalties=[])
    return gan


def small_vae():
    likelihood = DiscretizedLogisticMixture(2)
    vae = VAE(*conv(MEDIA, likelihood, latent_dim=3, width=4, hidden=8), MEDIA, likelihood, seed=1)
    vae.compile()
    return vae


@pytest.mark.parametrize("make, takes_raw", [(small_gan, "discriminate"), (small_vae, "encode")])
def test_models_of_rectangles_with_alpha(make, takes_raw):
    keras.utils.set_random_seed(0)
    model = make()
    raw = np.random.default_rng(0).integers(1, 256, (2, 24, 36, 4), dtype=np.uint8)
    packed = np.stack([MEDIA.pack(image) for image in raw])
    logs = model.train_on_batch(packed, return_dict=True)
    assert logs and all(np.isfinite(value) for value in logs.values())
    drawn = model.generate(2, seed=0)
    assert drawn.shape == (2, *MEDIA.shape) and drawn.dtype == np.uint8
    assert np.asarray(MEDIA.show(drawn)).shape[-1] == 3
    function, (spec,) = model.endpoints()[takes_raw]
    assert spec.shape == (None, None, None, 4)
    for of_raw, of_packed in zip(function(raw).values(), function(packed).values(), strict=True):
        np.testing.assert_allclose(of_raw, of_packed, atol=0.05)
