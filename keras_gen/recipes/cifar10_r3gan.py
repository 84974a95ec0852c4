"""Small color photographs, 32x32, by class, for one GPU: the 60,000 of CIFAR-10.

Command: keras-gen train cifar10-r3gan [--data cifar10.zip]
Time: 13 minutes on an H200 that three other trainings shared.
Score: none yet: all 20 epochs were trained there once, and the samples were looked at (docs/gpu.md), but the
    machine was gone before they were scored.

Loss, penalties and learning rates are those of R3GAN (Huang et al. 2025, arXiv 2501.05441), on its schedules
but over 2,048,000 images. The paper takes at least ten times as many, also mirrored, in batches of 512, with
768 feature maps at every size. Its beta_2 rises from 0.9 to 0.99. Its augmentation rises from nothing, so
these few images would see little of it.
"""

from keras_gen.recipes.gan import R3GAN, R3GAN_SPACE, Adams, GANRecipe, Penalties
from keras_gen.recipes.media import Image

recipe = GANRecipe(
    data="cifar10",
    image=Image(size=32),
    num_classes=10,
    network=R3GAN(width=96, blocks=2),
    penalties=Penalties(r1=0.05, r2=0.05, final_weight_share=0.1),
    optimizer=Adams(final_learning_rate_share=0.25, epsilon=1e-8),
    ema=100_000.0,
    batch_size=256,
    epochs=20,
    steps_per_epoch=400,
)
space = R3GAN_SPACE
