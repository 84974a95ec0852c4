"""Adaptive discriminator augmentation (ADA): just enough to keep the discriminator from memorizing."""

import keras
from keras import ops

from keras_gen.layers.scheduled_augment import POLICY, ScheduledAugment
from keras_gen.training import distribution


@keras.saving.register_keras_serializable("keras_gen")
class AdaptiveAugment(ScheduledAugment):
    """Raises each transformation's probability while r_t = E[sign D(real)] is above a target.

    Every `interval` steps: p <- p + sign(r_t - target) * batch * interval / examples, kept in [0, 1].
    Source: Karras et al. 2020, arXiv 2006.06676.

    Args:
        target: float in (-1, 1), the wanted r_t.
        examples: int > 0, how many examples it takes from p = 0 to p = 1.
        interval: int >= 1, steps between two changes.
        policy: which transformations, as in `ScheduledAugment`.
        **kwargs: of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, target=0.6, examples=500_000, interval=4, policy=POLICY, **kwargs):
        super().__init__(probability=0.0, policy=policy, **kwargs)
        self.target, self.examples, self.interval = float(target), int(examples), int(interval)
        self.adapted = self.add_weight(name="probability", shape=(), initializer="zeros", trainable=False)
        self.sign_sum = self.add_weight(name="sign_sum", shape=(), initializer="zeros", trainable=False)
        # TensorFlow keeps variables of int32 off the GPU, where XLA would look for them.
        self.steps = self.add_weight(
            name="steps", shape=(), dtype="int64", initializer="zeros", trainable=False
        )

    def strength(self, examples):
        return ops.convert_to_tensor(self.adapted)

    def update(self, real_logits):
        (sign,) = distribution.mean_over_replicas([ops.mean(ops.sign(ops.cast(real_logits, "float32")))])
        signs = self.sign_sum + sign
        steps = self.steps + 1
        due = ops.cast(ops.equal(steps % self.interval, 0), "float32")
        batch = ops.shape(real_logits)[0] * distribution.num_replicas()
        change = batch * self.interval / self.examples
        p = self.adapted + due * ops.sign(signs / self.interval - self.target) * change
        self.adapted.assign(ops.clip(p, 0.0, 1.0))
        self.sign_sum.assign(signs * (1.0 - due))
        self.steps.assign(steps)

    def get_config(self):
        config = super().get_config()
        del config["probability"]
        return {**config, "target": self.target, "examples": self.examples, "interval": self.interval}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
