"""Where an encoder ends and a decoder begins: the latents of a VAE, with or without labels."""

import keras
from keras import layers

from keras_gen.layers.label_embedding import embedding_of_labels
from keras_gen.networks.conditioning import label_input

EMBEDDING = 16


def encoder_inputs(shape, num_classes, name="image", dtype=None):
    """The inputs of an encoder.

    Args:
        shape: of the media in their model form.
        num_classes: number of labels, a tuple of n numbers where an example has n labels, or None without labels.
        name: of the first input.
        dtype: of the first input, by default floating.

    Returns:
        (media, label): keras Inputs; label is None without labels.
    """
    media = keras.Input(shape, name=name, dtype=dtype)
    return media, None if num_classes is None else label_input(num_classes)


def join_label(vector, label, num_classes):
    """A vector (batch, n) with an embedding of each label behind it, or as it is without labels."""
    if label is None:
        return vector
    return layers.Concatenate()([vector, embedding_of_labels(num_classes, EMBEDDING)(label)])


def posterior_encoder(media, label, features, latent_dim):
    """The encoder that ends in a diagonal normal, in float32 under every dtype policy.

    Args:
        media: keras Input.
        label: keras Input, or None.
        features: tensor (batch, n) computed from them.
        latent_dim: length of the latent.

    Returns:
        A functional Model from the media, or [media, `label`], to [mean, log variance], (batch, latent_dim) each.
    """
    # A small start keeps the first draws near the prior.
    small = keras.initializers.VarianceScaling(0.1)
    outputs = [
        layers.Dense(latent_dim, kernel_initializer=small, dtype="float32", name=name)(features)
        for name in ("mean", "log_variance")
    ]
    return keras.Model(media if label is None else [media, label], outputs, name="encoder")
