"""DCGAN as textbooks write it: the yardstick of the benchmarks, on the same networks as the kit's."""

import keras
import tensorflow as tf
from keras import ops


class TextbookDCGAN(keras.Model):
    """Non-saturating loss; two generator forwards a step, every gradient from its loss; no penalty, no average.

    Args:
        generator: keras Model, [latent, label] or latent -> images in [-1, 1].
        discriminator: keras Model, [image, label] or image -> logits.
    """

    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim = generator.inputs[0].shape[-1]
        self.built = True

    def compile(self, learning_rate=2e-4, **settings):
        super().compile(optimizer=None, jit_compile=False, **settings)
        self.generator_optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
        self.discriminator_optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def train_step(self, data):
        images, *labels = data if isinstance(data, tuple) else (data,)
        real = tf.cast(images, tf.float32) / 127.5 - 1.0

        def fake():
            return self.generator(
                [tf.random.normal((tf.shape(real)[0], self.latent_dim)), *labels], training=True
            )

        made = fake()
        with tf.GradientTape() as tape:
            real_logits = self.discriminator([real, *labels], training=True)
            fake_logits = self.discriminator([made, *labels], training=True)
            discriminator_loss = ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(discriminator_loss, variables), variables)

        with tf.GradientTape() as tape:
            generator_loss = ops.mean(ops.softplus(-self.discriminator([fake(), *labels], training=True)))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(generator_loss, variables), variables)
        return {"discriminator_loss": discriminator_loss, "generator_loss": generator_loss}
