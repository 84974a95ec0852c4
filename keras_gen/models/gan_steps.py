"""A training step of a GAN: in what order its two players learn from one batch, and what they share.

Counted in passes of the discriminator over one batch of images (a pass forward, back to the weights or back
to the images each count one), without penalties:

    alternating     2 forward, 2 x 2 back; then 1 forward, 1 back through the new discriminator     8
    simultaneous    2 forward, 2 x 2 back, 1 back to the generated images                           7
"""

from typing import NamedTuple

import tensorflow as tf

from keras_gen.errors import unknown
from keras_gen.training import distribution, noise
from keras_gen.training.precision import run


class Batch(NamedTuple):
    """A batch on its way through the discriminator.

    Args:
        real, fake: images in their model form, (batch, ...).
        tape: `tf.GradientTape` that has recorded how the generator made `fake`.
        labels: int32 (batch,), or None.
        real_seed, fake_seed, mix_seed: two integers each, of the augmentation and of the lines between real
            and fake.
    """

    real: tf.Tensor
    fake: tf.Tensor
    tape: tf.GradientTape
    labels: tf.Tensor | None
    real_seed: tf.Tensor
    fake_seed: tf.Tensor
    mix_seed: tf.Tensor


class Discriminated(NamedTuple):
    """What the discriminator says of a batch.

    Args:
        total: scalar that it makes small, the loss with the penalty as many times as it is taken seldom.
        loss, penalty: scalars.
        is_penalized: float scalar, 1 where the penalty is taken.
        real_logits, fake_logits: (batch, 1).
        fake_gradient: the input gradient at fake images, (batch, ...), where it is kept.
    """

    total: tf.Tensor
    loss: tf.Tensor
    penalty: tf.Tensor
    is_penalized: tf.Tensor
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    fake_gradient: tf.Tensor


def alternating(gan, batch):
    """The discriminator first; the generator then plays against what it has learned."""
    is_due = generator_is_due(gan)
    update_discriminator(gan, *discriminator_gradients(gan, batch))

    def generator_gradients():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch.fake)
            fake_logits = discriminate(gan, batch.fake, batch.labels, batch.fake_seed)
            real_logits = None
            if gan.adversarial_loss.relativistic:
                real_logits = discriminate(gan, batch.real, batch.labels, batch.real_seed)
            loss = tf.reduce_mean(gan.adversarial_loss.generator(real_logits, fake_logits))
            scaled_loss = gan.generator_optimizer.scale_loss(loss)
        return through_generator(gan, batch, tape.gradient(scaled_loss, batch.fake)), loss

    update_generator(gan, generator_gradients, is_due, batch)


def simultaneous(gan, batch):
    """Both players against each other as they stand, from one pass of the generated images through the
    discriminator.

    The discriminator sees each image by itself, so the chain rule gives the generator's gradient from the
    input gradient grad_x D(x) at generated images, d loss / dx = (d loss / d D(x)) grad_x D(x); R2 takes the
    same input gradient.
    """
    is_due = generator_is_due(gan)
    gradients, seen = discriminator_gradients(gan, batch, keep_fake_gradient=True)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(seen.fake_logits)
        loss = tf.reduce_mean(gan.adversarial_loss.generator(seen.real_logits, seen.fake_logits))
    of_logits = tape.gradient(loss, seen.fake_logits)
    update_discriminator(gan, gradients, seen)
    of_logits = gan.generator_optimizer.scale_loss(of_logits)

    def generator_gradients():
        of_images = row_by_row(of_logits, seen.fake_gradient) * seen.fake_gradient
        return through_generator(gan, batch, of_images), loss

    update_generator(gan, generator_gradients, is_due, batch)


STEPS = {"alternating": alternating, "simultaneous": simultaneous}


def get(name):
    """The step of a name in `STEPS`; raises `InputError` where there is none."""
    if name not in STEPS:
        raise unknown("plan", name, STEPS)
    return STEPS[name]


# The discriminator's side.


def discriminator_gradients(gan, batch, keep_fake_gradient=False):
    """The gradients that the discriminator learns from, and what it says: `Discriminated`."""

    def learned(is_penalized):
        return gan.discriminator_player.gradients(
            lambda: discriminated(gan, batch, keep_fake_gradient, is_penalized)
        )

    if gan.penalty_interval == 1 or not gan.penalties:
        return learned(bool(gan.penalties))
    is_due = gan.discriminator_optimizer.iterations % gan.penalty_interval == 0
    return tf.cond(is_due, lambda: learned(True), lambda: learned(False))


def discriminated(gan, batch, keep_fake_gradient, is_penalized):
    """What the discriminator says of a batch, with or without penalties on its input gradient."""
    places = {penalty.at for penalty in gan.penalties} if is_penalized else set()
    wanted = places | ({"fake"} if keep_fake_gradient else set())
    gradients = {"fake": tf.zeros(())}

    def logits_at(place, images, seed):
        if place not in wanted:
            return discriminate(gan, images, batch.labels, seed)
        logits, gradients[place] = discriminate_with_gradient(gan, images, batch.labels, seed)
        return logits

    real_logits = logits_at("real", batch.real, batch.real_seed)
    fake_logits = logits_at("fake", batch.fake, batch.fake_seed)
    if "interpolated" in places:
        share = noise.uniform((tf.shape(batch.real)[0], *[1] * (len(batch.real.shape) - 1)), batch.mix_seed)
        logits_at("interpolated", share * batch.real + (1.0 - share) * batch.fake, batch.fake_seed)
    loss = tf.reduce_mean(gan.adversarial_loss.discriminator(real_logits, fake_logits))
    penalty = tf.zeros(())
    if is_penalized:
        costs = [penalty(gradients[penalty.at], gan.examples_seen) for penalty in gan.penalties]
        penalty = tf.add_n([tf.reduce_mean(cost) for cost in costs])
    return Discriminated(
        total=loss + gan.penalty_interval * penalty,
        loss=loss,
        penalty=penalty,
        is_penalized=tf.cast(is_penalized, tf.float32),
        real_logits=real_logits,
        fake_logits=fake_logits,
        fake_gradient=gradients["fake"] if keep_fake_gradient else tf.zeros(()),
    )


def discriminate(gan, images, labels, seed):
    """The discriminator's logits on (augmented) images, (batch, 1)."""
    if gan.augment:
        images = gan.augment(images, seed, examples=gan.examples_seen)
    return run(gan.discriminator, images, labels, training=True)


def discriminate_with_gradient(gan, images, labels, seed):
    """The logits and their gradient with respect to the images before augmentation.

    It is taken of the logits as they are: unlike the gradient of a mean loss, it is far above the smallest
    float16.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        logits = discriminate(gan, images, labels, seed)
    return logits, tape.gradient(logits, images)


def update_discriminator(gan, gradients, seen):
    """Takes the discriminator's step, reports what it said, and adapts the augmentation to it."""
    norm = gan.discriminator_player.apply(gradients, seen.loss + seen.penalty)
    gan.reports.add(
        discriminator_loss=seen.loss,
        real_logit=tf.reduce_mean(seen.real_logits),
        fake_logit=tf.reduce_mean(seen.fake_logits),
        discriminator_gradient_norm=norm,
    )
    if gan.penalties:
        gan.reports.add(weight=seen.is_penalized, penalty=seen.penalty)
    if gan.augment:
        gan.augment.update(seen.real_logits)
        gan.reports.add(augment=gan.augment.strength(gan.examples_seen))


# The generator's side.


def generator_is_due(gan):
    """Whether the generator learns at this step; to be asked before the discriminator's step is counted."""
    # Of accumulated batches Keras moves the counter on the last one only.
    return (gan.discriminator_optimizer.iterations + 1) % gan.discriminator_steps == 0


def through_generator(gan, batch, of_images):
    """Gradients of the generator's variables from that of its images, (batch, ...)."""
    gradients = batch.tape.gradient(batch.fake, gan.generator_player.variables, output_gradients=of_images)
    return [None if each is None else tf.convert_to_tensor(each) for each in gradients]


def update_generator(gan, gradients_and_loss, is_due, batch):
    """Takes the generator's step where it is due, from a function that returns its gradients and loss."""
    learned_from = tf.shape(batch.real)[0] * distribution.num_replicas() * gan.discriminator_steps
    if gan.discriminator_steps == 1:
        gradients, loss = gradients_and_loss()
        norm = gan.generator_player.apply(gradients, loss, examples=learned_from)
        gan.reports.add(generator_loss=loss, generator_gradient_norm=norm)
        return

    def learn():
        norm = gan.generator_player.apply(gradients, loss, examples=learned_from)
        gan.reports.add(generator_gradient_norm=norm)

    idle = [tf.zeros_like(variable) for variable in gan.generator_player.variables], tf.zeros(())
    gradients, loss = distribution.computed_when(is_due, gradients_and_loss, idle)
    distribution.when(is_due, learn)
    gan.reports.add(weight=tf.cast(is_due, tf.float32), generator_loss=loss)


def row_by_row(values, tensor):
    """Numbers (batch, 1) in a shape in which each multiplies a row of a tensor (batch, ...) of any rank."""
    return tf.reshape(values, (-1, *[1] * (len(tensor.shape) - 1)))
