"""Small color photographs, 32x32, by class: the 60,000 of CIFAR-10.

Command: keras-gen train cifar10-gan [--data cifar10.zip] [--epochs 2]
Time: 3 minutes on two cores with --epochs 2, 64,000 examples; about 45 for all 40 epochs, 4 on an H200 that
    three other trainings shared.
Score: Frechet distance 1.9, real images 0.2, of 5,000 each, after all epochs on that GPU: colors and forms,
    few things to recognize. After 2 epochs on two cores 43, real images 0.1, of 10,000 each.
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
