"""Generative adversarial networks."""

import reprlib

import keras
import tensorflow as tf

from keras_gen import distribution, noise, schedules
from keras_gen.errors import InputError
from keras_gen.layers import SpectralNorm
from keras_gen.losses import R1, R2, adversarial
from keras_gen.models import gan_plans
from keras_gen.models.gan_checks import check_networks, check_settings, layers_of
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.network_checks import copy_of
from keras_gen.models.precision import run, scaled
from keras_gen.models.two_optimizers import TwoOptimizers

GAME = ("discriminator_loss", "generator_loss", "real_logit", "fake_logit")


@keras.saving.register_keras_serializable("keras_gen")
class GAN(GenerativeModel):
    """A generator and a discriminator that learn from each other (Goodfellow et al. 2014).

    Args:
        generator: built keras Model, latent (batch, dim) [and label int32 (batch,)] -> media in its model form.
        discriminator: built keras Model, media in its model form [and label] -> logits (batch, 1).
        media: what is generated, such as `Image(32, 32, 3)`.
        num_classes: int, number of labels both networks take, or None.
        seed: int, decides every random number of training.

    Raises:
        InputError: the networks do not fit each other, the media or the labels.

    Example:

    >>> import keras_gen as kg
    >>> media = kg.Image(8, 8, 1)
    >>> generator, discriminator = kg.networks.dcgan(media, width=8)
    >>> gan = kg.GAN(generator, discriminator, media=media)
    >>> gan.compile()
    >>> gan.generate(2, seed=0).shape
    (2, 8, 8, 1)
    """

    def __init__(self, generator, discriminator, media, num_classes=None, seed=0, **kwargs):
        check_networks(generator, discriminator, media, num_classes)
        super().__init__(media, generator.inputs[0].shape[1:], num_classes, seed, **kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = copy_of("generator", generator)
        self.ema_generator.set_weights(generator.get_weights())
        self.ema_generator.trainable = False
        self.ema = None

    def compile(
        self,
        loss="relativistic",
        penalties=None,
        penalty_interval=1,
        augment=None,
        generator_optimizer=None,
        discriminator_optimizer=None,
        discriminator_steps=1,
        ema=None,
        plan="alternating",
        jit_compile=False,
        steps_per_execution=1,
        run_eagerly=False,
    ):
        """Says how the two networks learn. The defaults follow R3GAN (Huang et al. 2025).

        Where optimizers accumulate gradients over several batches (Keras' `gradient_accumulation_steps`, the same for both),
        these batches together are one step: `penalty_interval` and `discriminator_steps` count such steps, and treat all
        batches of a step alike.

        Where a network computes in float16, both optimizers are wrapped in a `LossScaleOptimizer`. `gan.optimizer` stands for
        both, see `TwoOptimizers`: a learning rate that is set there, also by a callback of Keras, scales both.

        Args:
            loss: "relativistic", "non_saturating", "hinge", "least_squares", "wasserstein", or an `AdversarialLoss`, of
                functions that are registered with Keras if the model is to be saved.
            penalties: list of `R1`, `R2`, `GradientPenalty`; None stands for `[R1(1.0), R2(1.0)]`.
            penalty_interval: int k >= 1, take the penalties at every k-th step and k times as strong (lazy
                regularization, Karras et al. 2020). They are added to the loss of that step, not given a step of their
                own, so the optimizer takes one step for each batch and needs no correction.
            augment: `DiffAugment`, `ScheduledAugment`, `AdaptiveAugment`, or None.
            generator_optimizer: keras Optimizer; None stands for Adam(2e-4, beta_1=0, beta_2=0.99). A learning rate
                from `keras_gen.schedules` is read on the clock of examples seen.
            discriminator_optimizer: likewise.
            discriminator_steps: int n >= 1, the generator learns at every n-th step, the discriminator at each.
            ema: half-life in examples of the moving average of the generator that samples are drawn from, a float or
                `Schedule`; 0 draws from the generator itself. None stands for a rise from 0 to 10,000 examples.
            plan: "alternating" or "simultaneous", see `keras_gen.models.gan_plans`.
            jit_compile: bool, XLA, under which Keras' own layers, such as Dropout, draw other noise.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.

        Raises:
            InputError: a name is unknown, a count is below 1, or a discriminator with batch normalization meets a
                penalty or the simultaneous plan, both of which need each image discriminated by itself.
        """
        game = adversarial.get(loss)
        penalties = [R1(1.0), R2(1.0)] if penalties is None else penalties
        ema = schedules.Linear(0, 10_000, examples=200_000) if ema is None else ema
        step_plan = gan_plans.get(plan)
        optimizers = [
            scaled(
                keras.optimizers.get(optimizer or keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.99)),
                self.generator,
                self.discriminator,
            )
            for optimizer in (generator_optimizer, discriminator_optimizer)
        ]
        check_settings(self, penalties, penalty_interval, discriminator_steps, optimizers, plan)
        super().compile(
            loss=game.name if game in adversarial.LOSSES.values() else game,
            penalties=penalties,
            penalty_interval=penalty_interval,
            augment=augment,
            generator_optimizer=optimizers[0],
            discriminator_optimizer=optimizers[1],
            discriminator_steps=discriminator_steps,
            ema=ema,
            plan=plan,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
        )
        self.adversarial_loss = game
        self.penalties = list(penalties)
        self.penalty_interval = penalty_interval
        self.augment = augment
        self.generator_optimizer, self.discriminator_optimizer = (
            self.prepare_optimizer(optimizer, network.trainable_variables, alone=False)
            for optimizer, network in zip(optimizers, (self.generator, self.discriminator), strict=True)
        )
        self.optimizer = TwoOptimizers(self)
        self.discriminator_steps = discriminator_steps
        self.ema = None if ema == 0 else schedules.get(ema)
        self.plan = step_plan
        optional = {"penalty": self.penalties, "augment": self.augment}
        self.track(*GAME, *(name for name, used in optional.items() if used))

    # The discriminator's side.

    def discriminate(self, images, labels, seed):
        """The discriminator's logits on (augmented) images, (batch, 1)."""
        if self.augment:
            images = self.augment(images, seed, examples=self.examples_seen)
        return run(self.discriminator, images, labels, training=True)

    def discriminate_with_gradient(self, images, labels, seed):
        """The logits and their gradient with respect to the images before augmentation.

        It is taken of the logits as they are: unlike the gradient of a mean loss, it is far above the smallest float16.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logits = self.discriminate(images, labels, seed)
        return logits, tape.gradient(logits, images)

    def discriminator_gradients(self, batch, keep_input_gradient=False):
        """What the discriminator learns from a batch.

        Args:
            batch: `gan_plans.Batch`.
            keep_input_gradient: whether the input gradient at generated images is wanted.

        Returns:
            Gradients of the discriminator's trainable variables, and `gan_plans.Discriminated`.
        """
        if self.penalty_interval == 1 or not self.penalties:
            return self._discriminator_gradients(batch, keep_input_gradient, penalized=bool(self.penalties))
        return tf.cond(
            self.discriminator_optimizer.iterations % self.penalty_interval == 0,
            lambda: self._discriminator_gradients(batch, keep_input_gradient, penalized=True),
            lambda: self._discriminator_gradients(batch, keep_input_gradient, penalized=False),
        )

    def _discriminator_gradients(self, batch, keep_input_gradient, penalized):
        places = {penalty.at for penalty in self.penalties} if penalized else set()
        input_gradients = {"fake": tf.zeros(())}

        def discriminate(place, images, seed, with_gradient):
            if not with_gradient:
                return self.discriminate(images, batch.labels, seed)
            logits, input_gradients[place] = self.discriminate_with_gradient(images, batch.labels, seed)
            return logits

        with tf.GradientTape() as tape:
            real_logits = discriminate("real", batch.real, batch.real_seed, with_gradient="real" in places)
            fake_logits = discriminate(
                "fake", batch.fake, batch.fake_seed, with_gradient="fake" in places or keep_input_gradient
            )
            if "interpolated" in places:
                discriminate("interpolated", self._between(batch), batch.fake_seed, with_gradient=True)
            loss = tf.reduce_mean(self.adversarial_loss.discriminator(real_logits, fake_logits))
            penalty = tf.zeros(())
            if penalized:
                costs = [
                    penalty(input_gradients[penalty.at], self.examples_seen) for penalty in self.penalties
                ]
                penalty = tf.add_n([tf.reduce_mean(cost) for cost in costs])
            total = self.discriminator_optimizer.scale_loss(loss + self.penalty_interval * penalty)
        gradients = tape.gradient(total, self.discriminator.trainable_variables)
        input_gradient = input_gradients["fake"] if keep_input_gradient else tf.zeros(())
        discriminated = gan_plans.Discriminated(
            real_logits, fake_logits, input_gradient, loss, penalty, tf.cast(penalized, tf.float32)
        )
        return gradients, discriminated

    def _between(self, batch):
        share = noise.uniform((tf.shape(batch.real)[0], 1, 1, 1), batch.mix_seed)
        return share * batch.real + (1.0 - share) * batch.fake

    def update_discriminator(self, gradients, discriminated):
        self.learn(
            self.discriminator_optimizer,
            gradients,
            self.discriminator.trainable_variables,
            discriminated.loss + discriminated.penalty,
        )
        self.report(
            discriminator_loss=discriminated.loss,
            real_logit=tf.reduce_mean(discriminated.real_logits),
            fake_logit=tf.reduce_mean(discriminated.fake_logits),
        )
        if self.penalties:
            self.report(weight=discriminated.penalized, penalty=discriminated.penalty)
        if self.augment:
            self.augment.update(discriminated.real_logits)
            self.report(augment=self.augment.strength(self.examples_seen))

    # The generator's side.

    def update_generator(self, gradients, loss, batch_size):
        self.learn(
            self.generator_optimizer,
            gradients,
            self.generator.trainable_variables,
            loss,
            also=lambda: self.update_average(batch_size),
        )

    def update_average(self, batch_size):
        """Moves the averages of the generator's weights on by the examples that it learned from."""
        if self.ema is None:
            return
        examples = tf.cast(batch_size * distribution.num_replicas() * self.discriminator_steps, tf.float32)
        half_life = self.ema(self.examples_seen)
        is_kept = half_life > 0.0
        decay = tf.where(is_kept, tf.pow(0.5, examples / tf.where(is_kept, half_life, 1.0)), 0.0)
        averages, values = self.ema_generator.weights, self.generator.weights
        for average, value in zip(averages, values, strict=True):
            kept = tf.cast(decay, value.dtype) if value.trainable else 0.0
            average.assign(value + kept * (average - value))

    # The steps that `fit` and `evaluate` take.

    def train_step(self, data):
        real, labels = self.unpack(data)
        batch_size = tf.shape(real)[0]
        for network in (self.generator, self.discriminator):
            for layer in layers_of(network, SpectralNorm):
                layer.power_iteration()
        latent_seed, *image_seeds = self.step_seeds(4)
        latents = self.draw_latents(batch_size, latent_seed)
        with tf.GradientTape() as tape:
            fake = run(self.generator, latents, labels, training=True)
        # Read before it moves on, which of accumulated batches only the last one has it do.
        step = self.discriminator_optimizer.iterations + 1
        generator_side = self.plan(self, gan_plans.Batch(real, fake, labels, *image_seeds))

        def generator_gradients():
            loss, pull = generator_side()
            gradients = tape.gradient(fake, self.generator.trainable_variables, output_gradients=pull)
            return loss, [None if each is None else tf.convert_to_tensor(each) for each in gradients]

        if self.discriminator_steps == 1:
            loss, gradients = generator_gradients()
            self.update_generator(gradients, loss, batch_size)
            self.report(generator_loss=loss)
        else:
            due = step % self.discriminator_steps == 0
            idle = tf.zeros(()), [tf.zeros_like(v) for v in self.generator.trainable_variables]
            loss, gradients = distribution.computed_when(due, generator_gradients, idle)
            distribution.when(due, lambda: self.update_generator(gradients, loss, batch_size))
            self.report(weight=tf.cast(due, tf.float32), generator_loss=loss)
        self.count_examples(batch_size)
        return self.results()

    def test_step(self, data):
        """The game on data that neither network has learned from, without augmentation and penalties."""
        real, labels = self.unpack(data)
        seen = tf.cast(self._trackers["real_logit"].count, tf.int64)
        latents = self.draw_latents(tf.shape(real)[0], self.test_seed(seen))
        fake = run(self.sampling_generator, latents, labels)
        real_logits = run(self.discriminator, real, labels)
        fake_logits = run(self.discriminator, fake, labels)
        self.report(
            discriminator_loss=self.adversarial_loss.discriminator(real_logits, fake_logits),
            generator_loss=self.adversarial_loss.generator(real_logits, fake_logits),
            real_logit=real_logits,
            fake_logit=fake_logits,
        )
        return self.results(GAME)

    # Use.

    @property
    def sampling_generator(self):
        """The generator that samples come from: the moving average where one is kept."""
        return self.generator if self.ema is None else self.ema_generator

    def call(self, inputs, training=False):
        """Latents, or [latents, labels] -> media in its model form."""
        return run(self.sampling_generator, inputs, training=training)

    def decode_to_model(self, latents, labels):
        return run(self.sampling_generator, latents, labels)

    @property
    def optimizers(self):
        return {"generator": self.generator_optimizer, "discriminator": self.discriminator_optimizer}

    def exported_networks(self):
        return [self.sampling_generator, self.discriminator]

    def trained_networks(self):
        augmentations = [self.augment] if self.augment else []
        return [self.generator, self.discriminator, *augmentations]

    def take_weights(self, earlier):
        super().take_weights(earlier)
        if self.ema is not None:
            self.ema_generator.set_weights(self.generator.get_weights())

    take_weights.__doc__ = GenerativeModel.take_weights.__doc__

    def learned_parts(self):
        return [self.generator, self.discriminator]

    def score(self, real, num=10_000, seed=0):
        """Quality of fresh samples against held-out real images.

        Args:
            real: a `Dataset`, whose training images train the feature space once, or a `Quality`.
            num: int >= 2, samples to draw; a conditional model goes through its classes in turn.
            seed: int >= 0, decides the samples.

        Returns:
            Dict of floats, see `keras_gen.metrics.Quality.score`.

        Raises:
            InputError: `real` is neither.
        """
        from keras_gen.metrics import Quality  # metrics stand above models

        if not isinstance(real, Quality) and not hasattr(real, "arrays"):
            raise InputError(
                "A GAN is scored against a Dataset of keras_gen.datasets.load, or a Quality made of one, not against "
                f"{reprlib.repr(real)}."
            )
        quality = real if isinstance(real, Quality) else Quality(real)
        labels = self.labels_for(num)
        return quality.score(self.generate(num, labels, seed), labels)

    def endpoints(self):
        def discriminate(raw, label=None):
            images = self.media.to_model(self.media.pack_in_graph(raw))
            return {"logits": run(self.discriminator, images, label)[:, 0]}

        return {
            **super().endpoints(),
            "discriminate": (discriminate, [self.media.raw_spec, *self.label_spec]),
        }

    def get_config(self):
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            **super().get_config(),
        }
