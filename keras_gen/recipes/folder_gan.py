"""Any folder or zip of your own pictures, cropped and resized to 64x64 in colour.

Command: keras-gen train folder-gan --data FOLDER [--set size=32] [--set num_classes=3]
Time: TIME
Score: SCORE
"""

from keras_gen.recipes.gan import GANConfig


def config():
    return GANConfig(
        data="",
        size=64,
        channels=3,
        augment="diff",
        plan="simultaneous",
        epochs=40,
        steps_per_epoch=500,
    )
