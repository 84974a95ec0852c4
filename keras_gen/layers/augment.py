"""What every augmentation of the discriminator's input has in common."""

import keras


class Augment(keras.layers.Layer):
    """Base of the augmentations: random, differentiable, the same for real and generated images.

    `augment(images, seed, examples=examples)` takes (batch, H, W, C) images in [-1, 1], two integers of randomness and the
    examples seen so far, and returns images of the same shape. All is computed in float32.
    """

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **{**kwargs, "dtype": "float32"})
        self.built = True

    def strength(self, examples):
        """How much is augmented: the probability of each transformation, in [0, 1]."""
        return 1.0

    def update(self, real_logits):
        """Learns from the discriminator's logits on real images; by default nothing."""
