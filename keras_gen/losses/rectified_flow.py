"""A flow from noise to the latents of a trained model, to sample from."""

import keras
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError
from keras_gen.logs import log
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.losses.priors import Prior
from keras_gen.networks.blocks import in_blocks
from keras_gen.networks.velocity import velocity
from keras_gen.training import noise

BATCH = 256  # vectors in a batch, whether latents or the places of these
FEWEST = 32  # latents in a batch
LEARNING_RATE = 2e-3
AVERAGED = 0.05  # share of the steps that the moving average of the weights reaches back
AT_ONCE = 250  # most steps in a call of the compiled graph
TOLD = 4  # how often progress is told


@keras.saving.register_keras_serializable("keras_gen")
class RectifiedFlow(Prior):
    """A flow that moves noise to a trained model's latents on nearly straight lines: for sampling only.

    A draw follows dx = v(x, t) dt from noise x_0 ~ N(0, 1) at t = 0 to t = 1. The network v learns to make
    E |(x_1 - x_0) - v(x_t, t)|^2 small, where x_1 is a latent, x_t = (1 - t) x_0 + t x_1, and t is uniform.
    Then x has the distribution of the latents at t = 1. Latents are centered and scaled in each dimension
    first. For normal latents the best v is (2t - 1) / (t^2 + (1 - t)^2) x; a network adds the rest. The flow
    of a conditional model takes the label too.

    Source: Liu et al. 2023, "Flow Straight and Fast", arXiv 2209.03003, equation 1; Lipman et al. 2023, "Flow
    Matching for Generative Modeling", arXiv 2210.02747.

    Args:
        units: int >= 1, of the hidden layers of the network.
        blocks: int >= 1, its residual blocks.
        training_steps: int >= 1, optimizer steps of `fit`, each on 256 latents, or on 256 / places, at least
            32.
        sampling_steps: int >= 1, midpoint steps from noise to a latent, each of two passes of v.
        places: int >= 1 that divides the length of a latent: of how many vectors a latent is a sequence, as
            that of `keras_gen.networks.conv1d_sequence` is. The network is then convolutional.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: a number is out of its range.
    """

    sampling_only = True

    def __init__(self, units=256, blocks=2, training_steps=3000, sampling_steps=16, places=1, **kwargs):
        counts = {
            "units": units,
            "blocks": blocks,
            "training_steps": training_steps,
            "sampling_steps": sampling_steps,
            "places": places,
        }
        for name, value in counts.items():
            if not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be a whole number from 1, not {value!r}.")
        super().__init__(**kwargs)
        self.units, self.blocks = units, blocks
        self.training_steps, self.sampling_steps = training_steps, sampling_steps
        self.places = places

    def bind(self, encode, media_shape, latent_dim, num_classes=None):
        if latent_dim % self.places:
            raise InputError(f"A latent of {latent_dim} numbers is no sequence of {self.places} places.")
        super().bind(encode, media_shape, latent_dim, num_classes)
        self.center, self.scale = (
            self.add_weight(name=name, shape=(latent_dim,), initializer=initializer, trainable=False)
            for name, initializer in (("center", "zeros"), ("scale", "ones"))
        )
        self.velocity = velocity(latent_dim, num_classes, self.units, self.blocks, self.places)

    def fit(self, posterior, labels=None, seed=0):
        """Learns the distribution of latents, drawn anew at every step.

        Args:
            posterior: `DiagonalNormal` of arrays (num, dim), of all examples.
            labels: int32 (num,), of n labels (num, n), or None.
            seed: int, decides the batches and all noise.
        """
        posterior = DiagonalNormal(*(tf.constant(part, tf.float32) for part in posterior))
        labels = None if labels is None else tf.constant(labels, tf.int32)
        self.standardize(posterior)
        schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, self.training_steps)
        momentum = max(0.0, 1.0 - 1.0 / (AVERAGED * self.training_steps))
        optimizer = keras.optimizers.Adam(schedule, use_ema=True, ema_momentum=momentum)
        variables = self.velocity.trainable_variables
        optimizer.build(variables)
        seed = tf.constant((seed, noise.LATENTS), tf.int64)

        def step(number):
            with tf.GradientTape() as tape:
                loss = self.loss(posterior, labels, noise.fold_in(seed, number))
            optimizer.apply(tape.gradient(loss, variables), variables)
            return loss

        @tf.function(autograph=False)
        def steps(first, last):
            def body(number, total):
                return number + 1, total + step(number)

            _, total = tf.while_loop(lambda number, _: number < last, body, (first, 0.0))
            return total / tf.cast(last - first, tf.float32)

        bounds = [*range(0, self.training_steps, AT_ONCE), self.training_steps]
        for first, last in zip(bounds, bounds[1:], strict=False):
            loss = steps(tf.constant(first), tf.constant(last))
            if last * TOLD // self.training_steps > first * TOLD // self.training_steps:
                log.info("Flow of latents: step %d of %d, loss %.4f", last, self.training_steps, loss)
        optimizer.finalize_variable_values(variables)

    def standardize(self, posterior):
        """Takes the mean and the standard deviation of latents, in each dimension, from all posteriors."""
        mean, log_variance = posterior
        self.center.assign(tf.reduce_mean(mean, axis=0))
        within, between = tf.reduce_mean(tf.exp(log_variance), axis=0), tf.math.reduce_variance(mean, axis=0)
        self.scale.assign(tf.sqrt(within + between))

    def loss(self, posterior, labels, seed):
        """E |E[x_1 - x_0 | x_t, example] - v(x_t, t)|^2 over a batch, the mean over dimensions.

        Given its example, a latent is normal, and so is x_t, which says what x_1 - x_0 is to be expected. The
        best v is that of single draws of x_1 and x_0, whose noise is left out of the gradient.

        Args:
            posterior: `DiagonalNormal` of tensors (num, dim), of which a batch is drawn.
            labels: int32 (num,), of n labels (num, n), or None.
            seed: two integers.
        """
        of_batch, of_noise, of_time = tf.unstack(noise.split(seed, 3), num=3)
        batch = max(FEWEST, BATCH // self.places)
        chosen = noise.integers((batch,), of_batch, 0, len(posterior.mean))
        drawn = DiagonalNormal(*(tf.gather(part, chosen) for part in posterior))
        labels = None if labels is None else tf.gather(labels, chosen)
        mean, variance = (drawn.mean - self.center) / self.scale, tf.exp(drawn.log_variance) / self.scale**2
        t = noise.uniform((batch, 1), of_time)
        variance_of_x = t**2 * variance + (1.0 - t) ** 2
        away = tf.sqrt(variance_of_x) * noise.normal(mean.shape, of_noise)  # x_t - E[x_t | example]
        expected = mean + (t * variance - (1.0 - t)) / variance_of_x * away
        return tf.reduce_mean(tf.square(expected - self._velocity(t * mean + away, t, labels)))

    def _velocity(self, x, t, labels):
        """v(x, t): what would be best if the scaled latents were normal, and what the network adds."""
        normal = (2.0 * t - 1.0) / (ops.square(t) + ops.square(1.0 - t)) * x
        return normal + self.velocity([x, t] if labels is None else [x, t, labels])

    def draw(self, noise, choice, labels=None):
        return self.center + self.scale * in_blocks(self._flow, noise, labels)

    def _flow(self, x, labels):
        """Where noise (batch, dim) arrives, by the midpoint rule."""
        size = 1.0 / self.sampling_steps

        def step(number, x):
            def velocity(x, t):
                return self._velocity(x, ops.full((ops.shape(x)[0], 1), t), labels)

            t = ops.cast(number, "float32") * size
            middle = x + size / 2.0 * velocity(x, t)
            return x + size * velocity(middle, t + size / 2.0)

        return ops.fori_loop(0, self.sampling_steps, step, x)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "blocks": self.blocks,
            "training_steps": self.training_steps,
            "sampling_steps": self.sampling_steps,
            "places": self.places,
        }
