"""Handwritten digits, 28x28 gray, by class, with the networks of R3GAN, for one GPU: the 70,000 of MNIST.

Command: keras-gen train mnist-r3gan [--data mnist.npz]
Time: three hours of one core, estimated from 0.9 seconds of a step; not yet tried on a GPU.
Score: none yet: only 250 of its 12,000 steps were tried.

Loss, learning rates and schedules are those of R3GAN (Huang et al. 2025, arXiv 2501.05441), in batches of 64
and over 768,000 images. The paper has no weight of penalties for this data set: those of mnist-gan, halved,
fall to a tenth as the paper's do.
"""

from keras_gen.recipes.gan import R3GAN, R3GAN_SPACE, Adams, GANRecipe, Penalties
from keras_gen.recipes.media import Image

recipe = GANRecipe(
    data="mnist",
    image=Image(size=28, channels=1),
    num_classes=10,
    network=R3GAN(width=32, blocks=1),
    penalties=Penalties(r1=1.0, r2=1.0, final_weight_share=0.1),
    optimizer=Adams(final_learning_rate_share=0.25, epsilon=1e-8),
    epochs=20,
    steps_per_epoch=600,
)
space = R3GAN_SPACE
