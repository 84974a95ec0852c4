"""Small colour photographs, 32x32, by class: the 60,000 of CIFAR-10.

Command: keras-gen train cifar10-gan [--data cifar10.zip] [--epochs 4]
Time: TIME
Score: SCORE
"""

from keras_gen.recipes.gan import GANConfig


def config():
    return GANConfig(
        data="cifar10",
        size=32,
        channels=3,
        num_classes=10,
        width=64,
        augment="diff",
        plan="simultaneous",
        epochs=40,
        steps_per_epoch=1000,
    )
