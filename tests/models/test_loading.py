"""Saved models are read where nothing but `load_model` has been imported."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.losses import DiscretizedLogisticMixture, FactorVAE, VampPrior
from keras_gen.media import Image
from keras_gen.models import VAE, VQVAE, load_model
from keras_gen.networks import CodePrior, conv_grid, mlp
from keras_gen.training.schedules import Cyclical


def models(small_gan):
    media, likelihood = Image(8, 8, 1), DiscretizedLogisticMixture(2)
    encoder, decoder = conv_grid(media, likelihood, width=4)
    yield VQVAE(encoder, decoder, media, likelihood, CodePrior(encoder.output_shape[1:], 8))
    networks = mlp(media, likelihood, latent_dim=3, width=4)
    yield VAE(*networks, media, likelihood, FactorVAE(Cyclical(1.0, examples=9)))
    yield VAE(*mlp(media, likelihood, latent_dim=3, width=4), media, likelihood, prior=VampPrior(3))
    yield small_gan()


@pytest.mark.exhaustive
def test_in_a_fresh_process_saved_models_draw_the_same(small_gan, tmp_path):
    expected = []
    for number, model in enumerate(models(small_gan)):
        model.compile()
        model.save(tmp_path / f"{number}.keras")
        expected.append(model.generate(2, seed=1).sum())
    script = (
        f"import keras_gen as kg\nfor i in range({len(expected)}): "
        f"print(kg.load_model(rf'{tmp_path}/{{i}}.keras').generate(2, seed=1).sum())"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    np.testing.assert_array_equal([int(line) for line in ran.stdout.split()], expected)


def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path):
    @keras.saving.register_keras_serializable("elsewhere")
    class Foreign(keras.layers.Layer):
        pass

    path = tmp_path / "foreign.keras"
    keras.Sequential([keras.Input((2,)), Foreign()]).save(path)
    keras.saving.get_custom_objects().pop("elsewhere>Foreign")
    with pytest.raises(InputError, match="Could not locate class 'Foreign'") as told:
        load_model(path)
    assert len(str(told.value)) < 500
