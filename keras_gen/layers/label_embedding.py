"""Several labels as one vector."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_gen")
class LabelEmbedding(keras.layers.Layer):
    """An embedding of each label, one behind the other: int32 (batch, n) -> (batch, n * size).

    Args:
        num_classes: tuple of n ints, how many values each label has.
        size: length of each embedding.
        embeddings_initializer: of their tables, as Keras' `Embedding` takes it.
        **kwargs: of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, num_classes, size, embeddings_initializer="uniform", **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.size = tuple(num_classes), size
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.embeddings = [
            # Each draws from an initializer of its own, or all tables would begin alike.
            keras.layers.Embedding(count, size, self.embeddings_initializer.clone(), dtype=self.dtype_policy)
            for count in self.num_classes
        ]

    def build(self, input_shape):
        for embedding in self.embeddings:
            embedding.build(input_shape[:1])

    def call(self, labels):
        return ops.concatenate(
            [embedding(labels[:, place]) for place, embedding in enumerate(self.embeddings)], axis=-1
        )

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.num_classes) * self.size)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "size": self.size,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
        }


def embedding_of_labels(num_classes, size, **kwargs):
    """The layer that embeds a label (batch,), or several (batch, n) where `num_classes` is a tuple."""
    kind = LabelEmbedding if isinstance(num_classes, tuple) else keras.layers.Embedding
    return kind(num_classes, size, name="label_embedding", **kwargs)
