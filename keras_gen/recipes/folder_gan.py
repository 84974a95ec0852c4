"""Any folder (or zip) of your own pictures, cropped and resized to 64x64 in colour.

Command: keras-gen train folder-gan --data FOLDER [--set size=32] [--set num_classes=3]
"""

from keras_gen.recipes.gan import GANConfig


def config():
    return GANConfig(data="pictures", size=64, channels=3, augment="adaptive")
