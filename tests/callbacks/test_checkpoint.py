import numpy as np
import pytest

from keras_gen.callbacks import Checkpoint
from keras_gen.errors import InputError
from keras_gen.models import load_model


def test_a_diverged_epoch_leaves_the_one_before(small_gan, pictures, tmp_path):
    gan = small_gan()
    checkpoint = Checkpoint(tmp_path / "last.keras")
    gan.fit(pictures[0], callbacks=[checkpoint], verbose=0)
    good = gan.get_weights()
    gan.generator.trainable_variables[0].assign(np.full(gan.generator.trainable_variables[0].shape, np.nan))
    with pytest.raises(InputError, match="diverged in epoch 1"):
        gan.fit(pictures[0], callbacks=[checkpoint], verbose=0)
    for kept, value in zip(load_model(checkpoint.path).get_weights(), good, strict=True):
        np.testing.assert_array_equal(kept, value)
