"""How labels enter a generator and a discriminator."""

import keras
from keras import layers

from keras_gen.errors import InputError
from keras_gen.layers.label_embedding import embedding_of_labels


def label_input(num_classes):
    """The keras Input of a label, int32 (), or of n labels, int32 (n,), where `num_classes` is a tuple."""
    shape = (len(num_classes),) if isinstance(num_classes, tuple) else ()
    return keras.Input(shape, dtype="int32", name="label")


def check_one_label(num_classes):
    """Raises `InputError` where an example has several labels, for networks that take one."""
    if isinstance(num_classes, tuple):
        raise InputError(
            f"This network takes one label an example, but num_classes={num_classes} are {len(num_classes)}: give one number."
        )


def latent_inputs(latent_dim, num_classes):
    """The inputs of a generator, and the vector it starts from.

    With labels that vector is the latent, followed by an embedding of each label of the same length and scale.

    Args:
        latent_dim: length of the latent.
        num_classes: number of labels, a tuple of n numbers where an example has n labels, or None without labels.

    Returns:
        (inputs, vector): `latent`, or [`latent`, `label`]; and a tensor (batch, latent_dim), or longer by an embedding of
        that length for each label.
    """
    latent = keras.Input((latent_dim,), name="latent")
    if num_classes is None:
        return latent, latent
    label = label_input(num_classes)
    unit_normal = keras.initializers.RandomNormal(stddev=1.0)
    embedding = embedding_of_labels(num_classes, latent_dim, embeddings_initializer=unit_normal)
    return [latent, label], layers.Concatenate(name="conditioned_latent")([latent, embedding(label)])


def projection_discriminator(image, features, num_classes, normalize=lambda layer: layer):
    """The discriminator whose logit is linear(h) + <embed(y), h>, or linear(h) alone without labels.

    The head computes in float32 under every dtype policy, and starts with weights N(0, 1 / dim h).

    Source: Miyato & Koyama 2018, "cGANs with Projection Discriminator", equation 3.

    Args:
        image: the keras.Input of images.
        features: h, a tensor (batch, features) computed from `image`.
        num_classes: number of labels, or None without labels.
        normalize: what is done to each layer of the head, such as `SpectralNorm`.

    Returns:
        A functional Model from the image, or [image, `label`], to logits (batch, 1).

    Raises:
        InputError: an example has several labels.
    """
    check_one_label(num_classes)
    size = features.shape[-1]
    initializer = keras.initializers.RandomNormal(stddev=size**-0.5)
    linear = layers.Dense(1, kernel_initializer=initializer, dtype="float32", name="linear")
    logits = normalize(linear)(features)
    if num_classes is None:
        return keras.Model(image, logits, name="discriminator")
    label = keras.Input((), dtype="int32", name="label")
    embed = layers.Embedding(
        num_classes, size, embeddings_initializer=initializer, dtype="float32", name="embed"
    )
    projection = layers.Dot(axes=1, dtype="float32", name="projection")([normalize(embed)(label), features])
    logits = layers.Add(dtype="float32", name="logits")([logits, projection])
    return keras.Model([image, label], logits, name="discriminator")
