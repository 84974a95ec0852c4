"""A GAN learns real digits: margins that a wrong sign, a missing penalty or mixed-up labels miss by far."""

import keras
import numpy as np
import pytest
from sklearn.svm import SVC

from keras_gen import datasets
from keras_gen.models import GAN
from keras_gen.networks import dcgan


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param("alternating", marks=pytest.mark.slow),
        pytest.param("simultaneous", marks=pytest.mark.exhaustive),
    ],
)
def test_a_thousand_steps_make_digits_of_the_class_asked_for(plan):
    digits = datasets.load("digits")
    keras.utils.set_random_seed(0)
    gan = GAN(*dcgan(digits.media, num_classes=10, width=32), media=digits.media, num_classes=10)
    gan.compile(plan=plan, steps_per_execution=50)
    before = gan.score(digits, num=1000)
    gan.fit(digits.batches(), steps_per_epoch=1000, verbose=0)
    after = gan.score(digits, num=1000)
    assert after["frechet"] < before["frechet"] / 5
    assert after["label_agreement"] > 0.9 > 0.3 > before["label_agreement"]
    labels = gan.labels_for(1000)
    samples = gan.generate(1000, labels, seed=1)
    images, truth = digits.arrays("train")
    judge = SVC().fit(images.reshape(len(images), -1), truth)
    assert np.mean(judge.predict(samples.reshape(1000, -1)) == labels) > 0.9
