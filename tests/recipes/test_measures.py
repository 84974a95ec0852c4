import numpy as np
import pytest

from keras_gen import recipes
from keras_gen.media import Image
from keras_gen.recipes import measures


class KnownFactors:
    """A data set of three factors, each with a latent of its own."""

    media = Image(8, 8, 1)
    factor_names = ["shape", "x", "y"]
    truth = {split: np.random.default_rng(0).integers(0, 4, (800, 3)) for split in ("train", "test")}

    def arrays(self, split):
        return self.truth[split].astype(np.uint8), None

    def factors(self, split):
        return self.truth[split]


class PerfectEncoder:
    num_classes = None

    def encode(self, images, labels):
        return images.astype(np.float32) * [1.0, -2.0, 3.0]


def test_disentanglement_is_of_known_factors_alone():
    (score,) = measures.disentanglement(PerfectEncoder(), KnownFactors(), None)
    for name in (
        "mig",
        "dci_disentanglement",
        "dci_completeness",
        "dci_informativeness",
        "probe_shape",
        "probe_y",
    ):
        assert score.metrics[name] > 0.95
    assert "800 test images" in score.conditions
    unknown = KnownFactors()
    unknown.factor_names = None
    assert measures.disentanglement(PerfectEncoder(), unknown, None) == []


@pytest.mark.parametrize("name", recipes.NAMES)
def test_a_recipe_names_measures_that_exist_and_explains_them(name):
    for measure in recipes.resolve(name).measures:
        assert callable(getattr(measures, measure))
