"""The inputs and outputs that encoders and decoders of VAEs share."""

import keras
from keras import layers

from keras_gen.layers.label_embedding import embedding_of_labels
from keras_gen.networks.conditioning import label_input

EMBEDDING = 16


def encoder_inputs(shape, num_classes, name="image", dtype=None):
    """The inputs of an encoder.

    Args:
        shape: of the media in their model form.
        num_classes: number of classes; a tuple of n numbers for n labels an example; None without labels.
        name: of the first input.
        dtype: of the first input, by default floating.

    Returns:
        (media, label): keras Inputs; label is None without labels.
    """
    media = keras.Input(shape, name=name, dtype=dtype)
    return media, None if num_classes is None else label_input(num_classes)


def join_label(vector, label, num_classes):
    """A vector (batch, n) followed by an embedding of each label, or alone without labels."""
    if label is None:
        return vector
    return layers.Concatenate()([vector, embedding_of_labels(num_classes, EMBEDDING)(label)])


def small_start():
    """How weights of mean and log variance begin: so small that the first draws are near the prior."""
    return keras.initializers.VarianceScaling(0.1)


def posterior_encoder(media, label, features, latent_dim):
    """Ends an encoder in a diagonal normal, in float32 under every dtype policy.

    Args:
        media: keras Input.
        label: keras Input, or None.
        features: tensor (batch, n) computed from them.
        latent_dim: length of the latent.

    Returns:
        A functional Model from the media, or [media, `label`], to [mean, log variance], (batch, latent_dim)
        each.
    """
    outputs = [
        layers.Dense(latent_dim, kernel_initializer=small_start(), dtype="float32", name=name)(features)
        for name in ("mean", "log_variance")
    ]
    return keras.Model(media if label is None else [media, label], outputs, name="encoder")
