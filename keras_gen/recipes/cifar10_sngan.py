"""Small color photographs, 32x32, by class, with spectral normalization, for one GPU: the 60,000 of CIFAR-10.

Command: keras-gen train cifar10-sngan [--data cifar10.zip]
Time: 25 minutes on an H200 that three other trainings shared, estimated from the 15 ms of a batch there.
Score: none yet: it was trained there for 3 of its 20 epochs.

Loss, optimizers and the order of updates are those of SNGAN (Miyato et al. 2018, arXiv 1802.05957, setting C
of table 1 and appendix B.4), labels enter as in its sequel (Miyato & Koyama 2018, arXiv 1802.05637). The
paper makes five times as many updates, on a line to a learning rate of 0 instead of a cosine, with 256
feature maps at every size of the generator.
"""

from keras_gen.recipes.gan import SNGAN, Adams, GANRecipe, Penalties
from keras_gen.recipes.media import Image
from keras_gen.recipes.space import Choice, Range

recipe = GANRecipe(
    data="cifar10",
    image=Image(size=32),
    num_classes=10,
    network=SNGAN(width=64, latent_dim=128),
    loss="hinge",
    penalties=Penalties(r1=0.0, r2=0.0),
    optimizer=Adams(beta_2=0.9, final_learning_rate_share=0.0),
    discriminator_steps=5,
    ema=0.0,
    epochs=20,
    steps_per_epoch=5000,
)
space = {
    "loss": Choice("hinge", "non_saturating", "wasserstein"),
    "discriminator_steps": Choice(1, 2, 5),
    "augment": Choice("none", "diff", "adaptive"),
    "generator_learning_rate": Range(5e-5, 1e-3, log=True),
    "discriminator_learning_rate": Range(5e-5, 1e-3, log=True),
    "beta_2": Choice(0.9, 0.99, 0.999),
    "ema": Range(2_000.0, 500_000.0, log=True),
}
