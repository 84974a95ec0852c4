"""In what order a GAN's two players learn from one batch, and what they share.

A plan is a function of (gan, batch) that updates the discriminator and returns a function for the generator's side:
called, it gives the generator's loss and its gradient (as the generator's optimizer scales it) with respect to the
generated images, which is all that the generator needs of the discriminator. Counted in passes of the discriminator over
one batch of images (a pass forward, back to the weights or back to the images each count one), without penalties:

    alternating     2 forward, 2 x 2 back; then 1 forward, 1 back through the new discriminator     8
    simultaneous    2 forward, 2 x 2 back, 1 back to the generated images                         7
"""

from typing import NamedTuple

import tensorflow as tf

from keras_gen.errors import unknown


class Batch(NamedTuple):
    """One batch on its way through the discriminator: images, labels, and seeds of the augmentation."""

    real: tf.Tensor
    fake: tf.Tensor
    labels: tf.Tensor | None
    real_seed: tf.Tensor
    fake_seed: tf.Tensor
    mix_seed: tf.Tensor


class Discriminated(NamedTuple):
    """What the discriminator said of a batch: logits, input gradient at generated images where kept, and costs."""

    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    fake_gradient: tf.Tensor
    loss: tf.Tensor
    penalty: tf.Tensor
    penalized: tf.Tensor


def alternating(gan, batch):
    """The discriminator first; the generator then plays against what it has learned."""
    gan.update_discriminator(*gan.discriminator_gradients(batch))

    def generator_side():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch.fake)
            fake_logits = gan.discriminate(batch.fake, batch.labels, batch.fake_seed)
            real_logits = None
            if gan.adversarial_loss.relativistic:
                real_logits = gan.discriminate(batch.real, batch.labels, batch.real_seed)
            loss = tf.reduce_mean(gan.adversarial_loss.generator(real_logits, fake_logits))
            scaled_loss = gan.generator_optimizer.scale_loss(loss)
        return loss, tape.gradient(scaled_loss, batch.fake)

    return generator_side


def simultaneous(gan, batch):
    """Both players against each other as they stand, from one pass of the generated images through the discriminator.

    The discriminator treats each image by itself, so the chain rule gives the generator's gradient from the input gradient
    grad_x D(x) at generated images, d loss / dx = (d loss / d D(x)) grad_x D(x); R2 takes the same input gradient.
    """
    gradients, discriminated = gan.discriminator_gradients(batch, keep_input_gradient=True)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(discriminated.fake_logits)
        loss = tf.reduce_mean(
            gan.adversarial_loss.generator(discriminated.real_logits, discriminated.fake_logits)
        )
    pull = tape.gradient(loss, discriminated.fake_logits)
    gan.update_discriminator(gradients, discriminated)
    pull = gan.generator_optimizer.scale_loss(pull)
    return lambda: (loss, tf.reshape(pull, (-1, 1, 1, 1)) * discriminated.fake_gradient)


PLANS = {"alternating": alternating, "simultaneous": simultaneous}


def get(name):
    """The plan of a name in `PLANS`; raises `InputError` where there is none."""
    if name not in PLANS:
        raise unknown("plan", name, PLANS)
    return PLANS[name]
