"""Small color photographs, 32x32, by class: the 60,000 of CIFAR-10.

Command: keras-gen train cifar10-gan [--data cifar10.zip] [--epochs 2]
Time: 3 minutes on two cores with --epochs 2, 64,000 examples; about 45 for all 40 epochs.
Score: Frechet distance 43, real images 0.1, of 10,000 each, after these 2 epochs: colors and rough forms, no
    more.
"""

from keras_gen.recipes.gan import DCGAN, SPACE, DiffAugment, GANRecipe
from keras_gen.recipes.media import Image

recipe = GANRecipe(
    data="cifar10",
    image=Image(size=32),
    num_classes=10,
    network=DCGAN(width=32),
    augment=DiffAugment(),
    plan="simultaneous",
    epochs=40,
    steps_per_epoch=500,
)
space = SPACE
