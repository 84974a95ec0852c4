"""Generative adversarial networks."""

import keras
import tensorflow as tf

from keras_gen import registry
from keras_gen.layers import SpectralNorm
from keras_gen.losses import R1, R2, adversarial
from keras_gen.models import gan_steps, saving
from keras_gen.models.checks.gan import check_networks, check_settings
from keras_gen.models.checks.networks import copy_of
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.networks.blocks import SMALL_BLOCK, in_blocks
from keras_gen.sampling import OneShot
from keras_gen.sampling.labels import label_spec
from keras_gen.training import noise, schedules
from keras_gen.training.keras_internals import layers_of
from keras_gen.training.player import MovingAverage, Player, optimizer_for
from keras_gen.training.precision import run
from keras_gen.training.reports import Reports
from keras_gen.training.two_optimizers import TwoOptimizers

GAME = ("discriminator_loss", "generator_loss", "real_logit", "fake_logit")
NORMS = ("discriminator_gradient_norm", "generator_gradient_norm")


@keras.saving.register_keras_serializable("keras_gen")
class GAN(GenerativeModel):
    """A generator and a discriminator that learn from each other (Goodfellow et al. 2014).

    Args:
        generator: built keras Model, latent (batch, dim) [and label int32 (batch,)] -> media in its model
            form.
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

    parts = ("generator", "discriminator")

    def __init__(self, generator, discriminator, media, num_classes=None, seed=0, **kwargs):
        check_networks(generator, discriminator, media, num_classes)
        super().__init__(media, num_classes, seed, **kwargs)
        self.latent_shape = tuple(generator.inputs[0].shape[1:])
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = copy_of("generator", generator)
        self.ema_generator.set_weights(generator.get_weights())
        self.ema_generator.trainable = False
        self.ema = None
        self.sampler = OneShot(self)

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
        jit_compile="auto",
        steps_per_execution=1,
        run_eagerly=False,
    ):
        """Says how the two networks learn. The defaults follow R3GAN (Huang et al. 2025).

        Where optimizers accumulate gradients over several batches (Keras' `gradient_accumulation_steps`, the
        same for both), these batches together are one step: `penalty_interval` and `discriminator_steps`
        count such steps, and treat all batches of a step alike.

        Where a network computes in float16, both optimizers are wrapped in a `LossScaleOptimizer`.
        `gan.optimizer` stands for both, see `TwoOptimizers`: a learning rate that is set there, also by a
        callback of Keras, scales both.

        Args:
            loss: "relativistic", "non_saturating", "hinge", "least_squares", "wasserstein", or an
                `AdversarialLoss`, of functions that are registered with Keras if the model is to be saved.
            penalties: list of `R1`, `R2`, `GradientPenalty`; None stands for `[R1(1.0), R2(1.0)]`.
            penalty_interval: int k >= 1, take the penalties at every k-th step and k times as strong (lazy
                regularization, Karras et al. 2020). They are added to the loss of that step, not given a step
                of their own, so the optimizer takes one step for each batch and needs no correction.
            augment: `DiffAugment`, `ScheduledAugment`, `AdaptiveAugment`, or None.
            generator_optimizer: keras Optimizer; None stands for Adam(2e-4, beta_1=0, beta_2=0.99). A
                learning rate from `keras_gen.schedules` is read on the clock of examples seen.
            discriminator_optimizer: likewise.
            discriminator_steps: int n >= 1, the generator learns at every n-th step, the discriminator at
                each.
            ema: half-life in examples of the moving average of the generator that samples are drawn from, a
                float or `Schedule`; 0 draws from the generator itself. None stands for a rise from 0 to
                10,000 examples.
            plan: "alternating" or "simultaneous", see `keras_gen.models.gan_steps`.
            jit_compile: bool, or "auto" for XLA on a GPU alone. Keras' Dropout draws other noise under it.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.

        Raises:
            InputError: a name is unknown, a count is below 1, or a discriminator with batch normalization
                meets a penalty or the simultaneous plan, both of which need each image discriminated by
                itself.
        """
        game = adversarial.get(loss)
        penalties = [R1(1.0), R2(1.0)] if penalties is None else penalties
        ema = schedules.Linear(0, 10_000, examples=200_000) if ema is None else ema
        take_step = gan_steps.get(plan)
        optimizers = [
            optimizer_for(
                optimizer,
                keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.99),
                self.generator,
                self.discriminator,
            )
            for optimizer in (generator_optimizer, discriminator_optimizer)
        ]
        check_settings(self, penalties, penalty_interval, discriminator_steps, optimizers, plan)
        self.prepare(
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
        self.discriminator_steps = discriminator_steps
        self.ema = None if ema == 0 else schedules.get(ema)
        average = None if self.ema is None else MovingAverage(self.generator, self.ema_generator, self.ema)
        self.generator_player = Player(self, [self.generator], optimizers[0], average, alone=False)
        self.discriminator_player = Player(self, [self.discriminator], optimizers[1], alone=False)
        self.players = {"generator": self.generator_player, "discriminator": self.discriminator_player}
        self.generator_optimizer, self.discriminator_optimizer = optimizers
        self.optimizer = TwoOptimizers(self)
        self.take_step = take_step
        optional = {"penalty": self.penalties, "augment": self.augment}
        self.reports = Reports([*GAME, *(name for name, used in optional.items() if used), *NORMS])

    def draw_latents(self, batch, seed):
        """(batch, *latent_shape) of standard normal noise."""
        return noise.normal((batch, *self.latent_shape), seed)

    def train_step(self, data):
        real, labels = self.unpack(data)
        for network in (self.generator, self.discriminator):
            for layer in layers_of(network, SpectralNorm):
                layer.power_iteration()
        latent_seed, *image_seeds = self.step_seeds(4)
        latents = self.draw_latents(tf.shape(real)[0], latent_seed)
        with tf.GradientTape() as tape:
            fake = run(self.generator, latents, labels, training=True)
        self.take_step(self, gan_steps.Batch(real, fake, tape, labels, *image_seeds))
        self.count_examples(tf.shape(real)[0])
        return self.reports.logs()

    def test_step(self, data):
        """The game on data that neither network has learned from, without augmentation and penalties."""
        real, labels = self.unpack(data)
        seen = self.reports.count("real_logit")
        latents = self.draw_latents(tf.shape(real)[0], self.test_seed(seen))
        fake = run(self.sampling_generator, latents, labels)
        real_logits = run(self.discriminator, real, labels)
        fake_logits = run(self.discriminator, fake, labels)
        self.reports.add(
            discriminator_loss=self.adversarial_loss.discriminator(real_logits, fake_logits),
            generator_loss=self.adversarial_loss.generator(real_logits, fake_logits),
            real_logit=real_logits,
            fake_logit=fake_logits,
        )
        return self.reports.logs(GAME)

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

    def exported_networks(self):
        return [self.sampling_generator, self.discriminator]

    def trained_networks(self):
        augmentations = [self.augment] if self.augment else []
        return [self.generator, self.discriminator, *augmentations]

    def take_weights(self, earlier):
        """Takes what another GAN has learned; the moving average begins there."""
        saving.take_weights(self, earlier)
        if self.ema is not None:
            self.ema_generator.set_weights(self.generator.get_weights())

    def learned_parts(self):
        return [self.generator, self.discriminator]

    def score(self, real, num=10_000, seed=0):
        """Quality of fresh samples against held-out real images.

        Args:
            real: a `Dataset`, whose training images train the feature space once, or a `Quality`.
            num: int >= 4, samples to draw; a conditional model goes through its classes in turn.
            seed: int >= 0, decides the samples.

        Returns:
            Dict of floats, see `keras_gen.metrics.Quality.score`.

        Raises:
            InputError: `real` is neither.
        """
        return registry.find("score_samples")(self, real, num, seed)

    def endpoints(self):
        def discriminate(raw, label=None):
            images = self.media.to_model(self.media.pack_in_graph(raw))
            logits = in_blocks(lambda *x: run(self.discriminator, *x), images, label, block=SMALL_BLOCK)
            return {"logits": logits[:, 0]}

        return {
            **super().endpoints(),
            "discriminate": (discriminate, [self.media.raw_spec, *label_spec(self.num_classes)]),
        }
