import numpy as np
import pytest
from scipy.special import log_expit

from keras_gen.errors import InputError
from keras_gen.losses import adversarial

rng = np.random.default_rng(0)
REAL, FAKE = rng.normal(0.0, 3.0, (2, 200, 1)).astype("float32")

# Independent forms: -log sigmoid for cross-entropies, plain NumPy for the rest.
EXPECTED = {
    "non_saturating": (-log_expit(REAL) - log_expit(-FAKE), -log_expit(FAKE)),
    "hinge": (np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE), -FAKE),
    "least_squares": (((REAL - 1) ** 2 + FAKE**2) / 2, (FAKE - 1) ** 2 / 2),
    "wasserstein": (FAKE - REAL, -FAKE),
    "relativistic": (-log_expit(REAL - FAKE), -log_expit(FAKE - REAL)),
}


@pytest.mark.parametrize("name", adversarial.LOSSES)
def test_losses_equal_their_numpy_forms(name):
    loss = adversarial.get(name)
    discriminator, generator = EXPECTED[name]
    np.testing.assert_allclose(loss.discriminator(REAL, FAKE), discriminator, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(loss.generator(REAL, FAKE), generator, rtol=1e-5, atol=1e-6)


def test_only_a_relativistic_generator_looks_at_real_logits():
    for loss in adversarial.LOSSES.values():
        changed = np.any(np.asarray(loss.generator(REAL + 1, FAKE)) != np.asarray(loss.generator(REAL, FAKE)))
        assert changed == loss.relativistic


def test_an_unknown_loss_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'hinge'"):
        adversarial.get("hinged")
