"""The base of the augmentations of a discriminator's input."""

import keras


class Augment(keras.layers.Layer):
    """Base of the augmentations: random, differentiable, the same for real and generated images.

    `augment(images, seed, examples=examples)` takes images (batch, H, W, C) in [-1, 1], a seed of two
    integers and the number of examples seen so far. It returns images of the same shape, in float32.
    """

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **{**kwargs, "dtype": "float32"})
        self.built = True

    def strength(self, examples):
        """The probability of each transformation, in [0, 1]."""
        return 1.0

    def update(self, real_logits):
        """Adapts to the discriminator's logits on real images; by default does nothing."""
