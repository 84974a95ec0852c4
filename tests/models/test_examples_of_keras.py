"""Three examples that people begin with, written with this kit as a reader of them would; networks are small,
to be quick.

Sources: keras.io/examples/generative: dcgan_overriding_train_step, vae, conditional_gan.
"""

import math

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.svm import SVC

import keras_gen as kg


@pytest.fixture
def digits():
    keras.utils.set_random_seed(0)
    return kg.datasets.load("digits")


def adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.5)


@pytest.mark.exhaustive
def test_dcgan(digits):
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, kernel_size=4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    generator = keras.Sequential(
        [
            keras.Input((16,)),
            layers.Dense(4 * 4 * 16),
            layers.Reshape((4, 4, 16)),
            layers.Conv2DTranspose(16, kernel_size=4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, kernel_size=5, padding="same", activation="tanh"),
        ]
    )
    gan = kg.GAN(generator, discriminator, digits.media)
    gan.compile(
        "non_saturating", penalties=[], ema=0, generator_optimizer=adam(), discriminator_optimizer=adam()
    )
    gan.fit(digits.train, epochs=12, verbose=0)
    drawn, real = gan.generate(256, seed=0), digits.arrays("train")[0]
    assert np.abs(drawn.mean(axis=0) - real.mean(axis=0)).mean() < 30  # 62 where all pixels are alike


@pytest.mark.exhaustive
def test_vae(digits):
    (x_train, _), (x_test, _) = digits.arrays("train"), digits.arrays("test")
    encoder_inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, activation="relu", strides=2, padding="same")(encoder_inputs)
    x = layers.Dense(32, activation="relu")(layers.Flatten()(x))
    z_mean, z_log_var = layers.Dense(2)(x), layers.Dense(2)(x)
    encoder = keras.Model(encoder_inputs, [z_mean, z_log_var])
    latent_inputs = keras.Input((2,))
    x = layers.Dense(4 * 4 * 16, activation="relu")(latent_inputs)
    x = layers.Conv2DTranspose(16, 3, activation="relu", strides=2, padding="same")(
        layers.Reshape((4, 4, 16))(x)
    )
    decoder = keras.Model(latent_inputs, layers.Conv2D(1, 3, padding="same")(x))
    vae = kg.VAE(encoder, decoder, digits.media, kg.losses.Bernoulli("dynamic"))
    vae.compile(optimizer=keras.optimizers.Adam(5e-3))
    vae.fit(x_train, epochs=12, batch_size=64, verbose=0)
    error = np.abs(vae.predict(x_test, verbose=0) - x_test.astype(float)).mean()
    assert error < 0.9 * np.abs(x_train.mean(axis=0) - x_test).mean()
    assert vae.encode(x_test).shape == (len(x_test), 2)


@pytest.mark.exhaustive
def test_conditional_gan(digits):
    def labeled(shape):
        label = keras.Input((), dtype="int32")
        return label, layers.Reshape(shape)(layers.Embedding(10, math.prod(shape))(label))

    image = keras.Input((8, 8, 1))
    label, seen = labeled((8, 8, 1))
    x = layers.Conv2D(32, 3, strides=2, padding="same")(layers.Concatenate()([image, seen]))
    x = layers.Dense(64)(layers.Flatten()(layers.LeakyReLU(0.2)(x)))
    discriminator = keras.Model([image, label], layers.Dense(1)(layers.LeakyReLU(0.2)(x)))
    latent = keras.Input((16,))
    label, seen = labeled((16,))
    x = layers.Dense(128, activation="relu")(layers.Concatenate()([latent, seen]))
    x = layers.Dense(64, activation="tanh")(layers.Dense(128, activation="relu")(x))
    generator = keras.Model([latent, label], layers.Reshape((8, 8, 1))(x))
    gan = kg.GAN(generator, discriminator, digits.media, num_classes=10)
    gan.compile(
        "non_saturating",
        penalties=[kg.losses.R1(0.1)],
        generator_optimizer=adam(),
        discriminator_optimizer=adam(),
    )
    gan.fit(digits.train, epochs=50, verbose=0)
    real, labels = digits.arrays("train")
    judge = SVC().fit(real.reshape(len(real), -1), labels)
    asked = np.arange(200) % 10
    assert np.mean(judge.predict(gan.generate(200, asked, seed=0).reshape(200, -1)) == asked) > 0.8
