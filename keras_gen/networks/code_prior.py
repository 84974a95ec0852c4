"""The autoregressive prior over grids of codes."""

import keras
import tensorflow as tf
from keras import layers, ops

from keras_gen.networks.blocks import in_blocks
from keras_gen.networks.conditioning import check_one_label
from keras_gen.training import noise


@keras.saving.register_keras_serializable("keras_gen")
class CodePrior(keras.layers.Layer):
    """p(c) = prod_t p(c_t | c_1 ... c_{t-1}) over the codes of a grid, row by row, by a recurrent network.

    At each place a GRU (Cho et al. 2014) reads the code before it, the code above it, the place and the
    label, and gives the logits of the code. All is computed in float32.

    Source: the prior of van den Oord et al. 2017, arXiv 1711.00937, section 3.3, with a GRU in place of
    their PixelCNN, so that sampling costs one pass.

    Args:
        grid: shape of the encoder's output, (h, w, code_dim) or (h, w).
        num_codes: int K, as many as in the codebook.
        num_classes: number of labels, or None for a model without labels.
        units: of the GRU, and length of the embeddings.
        **kwargs: of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, grid, num_codes=128, num_classes=None, units=128, **kwargs):
        check_one_label(num_classes)
        super().__init__(autocast=False, **{**kwargs, "dtype": "float32"})
        self.grid = tuple(grid[:2])
        self.num_codes, self.num_classes, self.units = num_codes, num_classes, units
        self.places = self.grid[0] * self.grid[1]
        # One extra embedding stands for codes outside the grid.
        self.before = self._embedding(num_codes + 1)
        self.above = self._embedding(num_codes + 1)
        self.place = self._embedding(self.places)
        self.label = None if num_classes is None else self._embedding(num_classes)
        self.gru = layers.GRU(units, return_sequences=True, use_cudnn=False, dtype="float32")
        self.gru.build((None, None, units))
        self.head = layers.Dense(num_codes, dtype="float32")
        self.head.build((None, units))
        self.built = True

    def _embedding(self, size):
        embedding = layers.Embedding(size, self.units, dtype="float32")
        embedding.build((None,))
        return embedding

    def _inputs(self, before, above, place, labels):
        """What the GRU reads: the sum of the embeddings, (batch, ..., units)."""
        x = self.before(before) + self.above(above) + self.place(place)
        if self.label is None:
            return x
        return x + ops.reshape(self.label(labels), (-1, *[1] * (len(x.shape) - 2), self.units))

    def call(self, codes, labels=None):
        """The logits at all places in one pass, each given the codes before it.

        Args:
            codes: int32 (batch, h, w).
            labels: int32 (batch,), or None.

        Returns:
            (batch, h, w, K).
        """
        flat = ops.reshape(codes, (-1, self.places))
        before, above = (
            ops.pad(flat, ((0, 0), (back, 0)), constant_values=self.num_codes)[:, : self.places]
            for back in (1, self.grid[1])
        )
        x = self._inputs(before, above, ops.arange(self.places, dtype="int32"), labels)
        return ops.reshape(self.head(self.gru(x)), (-1, *self.grid, self.num_codes))

    def log_prob(self, codes, labels=None):
        """log p(codes) of each example, (batch,), in nats."""
        log_p = ops.log_softmax(self(codes, labels))
        return ops.sum(ops.one_hot(codes, self.num_codes, dtype="float32") * log_p, axis=(1, 2, 3))

    def step(self, place, recent, state, labels=None):
        """The logits at one place.

        Args:
            place: int32 scalar, counted row by row.
            recent: int32 (batch, w), the codes of the last w places before it; K outside the grid.
            state: (batch, units), the GRU's state; zeros at the first place.
            labels: int32 (batch,), or None.

        Returns:
            Logits (batch, K), and the next state.
        """
        x = self._inputs(recent[:, -1], recent[:, 0], place, labels)
        output, (state,) = self.gru.cell(x, [state])
        return self.head(output), state

    def sample(self, seeds, labels=None, temperature=1.0):
        """Draws codes place by place.

        Args:
            seeds: int64 (batch,), one for each row.
            labels: int32 (batch,), or None.
            temperature: float >= 0, which divides the logits; 0 takes the likeliest code at each place.

        Returns:
            int32 (batch, h, w).
        """
        uniform = noise.uniform_of_seeds((self.places, self.num_codes), seeds, noise.LATENTS, 1e-7, 1.0)
        return in_blocks(lambda uniform, labels: self._draw(uniform, labels, temperature), uniform, labels)

    def _draw(self, uniform, labels, temperature):
        # The argmax of logits / T plus Gumbel noise is a draw from the softmax; times T it has no pole at 0.
        gumbel = -temperature * ops.log(-ops.log(uniform))
        batch, width = tf.shape(uniform)[0], self.grid[1]

        def draw(place, recent, state, drawn):
            logits, state = self.step(place, recent, state, labels)
            code = ops.cast(ops.argmax(logits + gumbel[:, place], axis=-1), "int32")
            recent = tf.concat([recent[:, 1:], code[:, None]], axis=1)
            return place + 1, recent, state, drawn.write(place, code)

        outside, forgotten = tf.fill((batch, width), self.num_codes), tf.zeros((batch, self.units))
        start = (tf.constant(0), outside, forgotten, tf.TensorArray(tf.int32, self.places))
        *_, drawn = tf.while_loop(lambda place, *_: place < self.places, draw, start)
        return ops.reshape(ops.transpose(drawn.stack()), (-1, *self.grid))

    def get_config(self):
        return {
            **super().get_config(),
            "grid": self.grid,
            "num_codes": self.num_codes,
            "num_classes": self.num_classes,
            "units": self.units,
        }
