"""Spectral normalization as a function of the weights, not as an overwriting of them."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_gen")
class SpectralNorm(keras.layers.Wrapper):
    """Divides the kernel of a layer by an estimate of its largest singular value.

    The layer computes with W / sigma(W), sigma = u^T W v, v = W^T u / |W^T u|, where u and v are
    constants to the gradient but W is not. The estimate of u is a weight that calls only read: every call
    between two power iterations sees the same kernel, in training, evaluation and export alike. A training
    step runs `power_iteration()` once, before it first calls the layer.

    The wrapper works in float32; the wrapped layer keeps its own dtype policy.

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", algorithm 1.

    Args:
        layer: a layer with a `kernel` or with `embeddings`, such as Dense, Conv2D or Embedding.
    """

    def __init__(self, layer, **kwargs):
        # In a mixed policy sigma must come from the full-precision kernel; the wrapped layer casts later.
        super().__init__(layer, autocast=False, **{"name": layer.name, "dtype": "float32", **kwargs})

    @property
    def kernel(self):
        """The weight of the wrapped layer before normalization."""
        return self.layer.embeddings if hasattr(self.layer, "embeddings") else self.layer.kernel

    def build(self, input_shape=None):
        super().build(input_shape)
        self.u = self.add_weight(
            shape=self.kernel.shape[-1:],
            initializer=_unit_vector,
            trainable=False,
            name="u",
        )

    def call(self, inputs):
        kernel = self.kernel
        normalized = kernel / ops.maximum(self.sigma(), keras.config.epsilon())
        values = [(weight, normalized if weight is kernel else weight) for weight in self.layer.weights]
        with keras.StatelessScope(values):
            return self.layer(inputs)

    def sigma(self):
        """The estimated largest singular value of the kernel, differentiable in the kernel."""
        matrix = self._matrix()
        u, v = ops.stop_gradient(self.u), ops.stop_gradient(self._v(matrix))
        return ops.sum(v * ops.matmul(matrix, u))

    def power_iteration(self):
        """Moves u one step toward the leading singular vector of the kernel."""
        matrix = self._matrix()
        self.u.assign(ops.normalize(ops.matmul(self._v(matrix), matrix)))

    def _matrix(self):
        """The transpose of W: one column for each output channel."""
        return ops.reshape(ops.convert_to_tensor(self.kernel), (-1, self.kernel.shape[-1]))

    def _v(self, matrix):
        return ops.normalize(ops.matmul(matrix, self.u))


def _unit_vector(shape, dtype=None):
    return ops.normalize(keras.random.normal(shape, dtype=dtype))
