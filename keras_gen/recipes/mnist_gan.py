"""Handwritten digits, 28x28 gray, by class: the 70,000 of MNIST.

Command: keras-gen train mnist-gan [--data mnist.npz]
Time: 10 minutes on two cores, from the command to its end.
Score: Frechet distance 0.43 (real images 0.13), 96% of labels as asked for by an independent judge.
"""

from keras_gen.recipes.gan import SPACE, GANConfig


def config():
    return GANConfig(
        data="mnist",
        size=28,
        channels=1,
        num_classes=10,
        width=32,
        r1=2.0,
        r2=2.0,
        generator_learning_rate=4e-4,
        discriminator_learning_rate=4e-4,
        plan="simultaneous",
        epochs=20,
        steps_per_epoch=600,
    )


def space():
    return SPACE
