"""Where an encoder ends and a decoder begins: the latents of a VAE, with or without labels."""

import keras
from keras import layers

EMBEDDING = 16


def picture_inputs(shape, num_classes):
    """The inputs of an encoder.

    Args:
        shape: of the media in their model form.
        num_classes: number of labels, or None without labels.

    Returns:
        (picture, label): keras Inputs; label is None without labels.
    """
    picture = keras.Input(shape, name="picture")
    return picture, None if num_classes is None else keras.Input((), dtype="int32", name="label")


def join_label(vector, label, num_classes):
    """A vector (batch, n) with an embedding of the label behind it, or as it is without labels."""
    if label is None:
        return vector
    return layers.Concatenate()(
        [vector, layers.Embedding(num_classes, EMBEDDING, name="label_embedding")(label)]
    )


def posterior_encoder(picture, label, features, latent_dim):
    """The encoder that ends in a diagonal normal, in float32 under every dtype policy.

    Args:
        picture: keras Input.
        label: keras Input, or None.
        features: tensor (batch, n) computed from them.
        latent_dim: length of the latent.

    Returns:
        A functional Model from the picture, or [picture, `label`], to [mean, log variance], (batch, latent_dim) each.
    """
    # A small start keeps the first draws near the prior.
    small = keras.initializers.VarianceScaling(0.1)
    outputs = [
        layers.Dense(latent_dim, kernel_initializer=small, dtype="float32", name=name)(features)
        for name in ("mean", "log_variance")
    ]
    return keras.Model(picture if label is None else [picture, label], outputs, name="encoder")
