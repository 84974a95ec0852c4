"""What every pair of networks promises, whatever its architecture."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media.image import Image
from keras_gen.networks import dcgan, r3gan, sngan

BUILDERS = [dcgan, sngan, r3gan]
every_network = pytest.mark.parametrize("build", BUILDERS)


def small(build, num_classes=None):
    keras.utils.set_random_seed(0)
    return build(Image(16, 16, 3), num_classes=num_classes, latent_dim=6, width=8)


def latents(num=4):
    return keras.random.normal((num, 6), seed=1)


@every_network
@pytest.mark.parametrize(
    ("shape", "num_classes"),
    [((8, 8, 1), None), ((28, 28, 1), 10), ((48, 48, 3), 10), ((20, 20, 4), None), ((24, 40, 4), 10)]
    + [((40, 24, 3), None), ((8, 64, 1), None)],
)
def test_shapes(build, shape, num_classes):
    generator, discriminator = build(Image(*shape), num_classes=num_classes, latent_dim=6, width=8)
    labels = [] if num_classes is None else [tf.constant([3, 0])]
    images = generator([latents(2), *labels] if labels else latents(2))
    logits = discriminator([images, *labels] if labels else images)
    assert (generator.name, discriminator.name) == ("generator", "discriminator")
    assert images.shape == (2, *shape)
    assert logits.shape == (2, 1)


@every_network
def test_largest_size_builds_with_the_defaults(build):
    generator, discriminator = build(Image(256, 256, 3))
    assert generator.output_shape == discriminator.input_shape == (None, 256, 256, 3)


@every_network
def test_input_names_and_types(build):
    generator, discriminator = small(build, num_classes=5)
    assert [(x.name, x.dtype) for x in generator.inputs] == [("latent", "float32"), ("label", "int32")]
    assert [(x.name, x.dtype) for x in discriminator.inputs] == [("image", "float32"), ("label", "int32")]


@every_network
def test_width_and_latent_dim_are_used(build):
    narrow, wide = build(Image(8, 8, 1), width=8), build(Image(8, 8, 1), width=16, latent_dim=6)
    assert wide[0].input_shape == (None, 6)
    assert wide[1].count_params() > 1.5 * narrow[1].count_params()


@every_network
def test_refuses_sides_that_do_not_double_together(build):
    with pytest.raises(InputError, match="32 x 18 does not double from .*: use 32 x 16 or 32 x 20"):
        build(Image(32, 18, 3))


@every_network
def test_the_label_matters_in_both(build):
    generator, discriminator = small(build, num_classes=5)
    images = generator([latents(), tf.constant([0, 1, 2, 3])])
    others = generator([latents(), tf.constant([1, 1, 2, 3])])
    assert np.abs(images - others)[0].max() > 0.1 * np.abs(images[0]).max()
    np.testing.assert_allclose(images[1:], others[1:], rtol=1e-4, atol=1e-6)

    logits = discriminator([images, tf.constant([0, 1, 2, 3])])
    others = discriminator([images, tf.constant([4, 1, 2, 3])])
    assert np.abs(logits - others)[0] > 1e-2 * np.abs(logits[0])
    np.testing.assert_allclose(logits[1:], others[1:], rtol=1e-4, atol=1e-6)


@every_network
def test_logits_are_linear_plus_projection(build):
    _, discriminator = small(build, num_classes=5)
    inputs = [keras.random.uniform((3, 16, 16, 3), -1, 1, seed=2), tf.constant([2, 0, 4])]
    linear, embed = discriminator.get_layer("linear"), discriminator.get_layer("embed")
    features = keras.Model(discriminator.inputs, linear.input)(inputs)
    expected = linear(features) + tf.reduce_sum(embed(inputs[1]) * features, axis=1, keepdims=True)
    np.testing.assert_allclose(discriminator(inputs), expected, rtol=1e-4)


@every_network
def test_logits_of_an_image_do_not_depend_on_the_batch(build):
    _, discriminator = small(build)
    images = keras.random.uniform((3, 16, 16, 3), -1, 1, seed=2)
    alone = discriminator(images[:1], training=True)
    np.testing.assert_allclose(discriminator(images, training=True)[:1], alone, rtol=1e-4)


@every_network
def test_round_trip(build, tmp_path):
    generator, discriminator = small(build, num_classes=5)
    inputs = [latents(2), tf.constant([1, 4])]
    images = generator(inputs)
    for model, x in ((generator, inputs), (discriminator, [images, inputs[1]])):
        model.save(tmp_path / "model.keras")
        np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))


@every_network
def test_float32_outputs_in_a_mixed_policy(build):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator, discriminator = small(build, num_classes=5)
        images = generator([latents(2), tf.constant([1, 4])])
        logits = discriminator([images, tf.constant([1, 4])])
    finally:
        keras.config.set_dtype_policy("float32")
    assert images.dtype == logits.dtype == "float32"


def squared_gradient(discriminator, images):
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminator(images, training=True)
    return tf.reduce_sum(tape.gradient(logits, images) ** 2)


def softened(layer):
    if isinstance(layer, keras.layers.ReLU | keras.layers.LeakyReLU):
        return keras.layers.Activation("softplus", name=layer.name)
    return type(layer).from_config(layer.get_config())


@every_network
def test_the_gradient_of_a_gradient_penalty_equals_differences(build):
    # Across a kink the penalty jumps, which no gradient tells: compare with smooth activations instead.
    discriminator = keras.models.clone_model(small(build)[1], clone_function=softened)
    weights = discriminator.trainable_variables
    for seed, weight in enumerate(weights):
        weight.assign(keras.random.normal(weight.shape, stddev=0.2, seed=seed))
    images = keras.random.uniform((2, 16, 16, 3), -1, 1, seed=3)
    kernel = weights[0]
    with tf.GradientTape() as tape:
        value = squared_gradient(discriminator, images)
    gradient = tape.gradient(value, kernel.value)

    step, values = 1e-2, []
    start, direction = kernel.numpy(), np.sign(gradient)
    for sign in (1, -1):
        kernel.assign(start + sign * step * direction)
        values.append(float(squared_gradient(discriminator, images)))
    assert np.sum(gradient * direction) == pytest.approx((values[0] - values[1]) / (2 * step), rel=2e-2)


@every_network
def test_a_gradient_penalty_trains_every_kernel(build):
    _, discriminator = small(build)
    kernels = [weight for weight in discriminator.trainable_variables if len(weight.shape) > 1]
    for seed, kernel in enumerate(kernels):
        kernel.assign(keras.random.normal(kernel.shape, stddev=0.2, seed=seed))
    images = keras.random.uniform((2, 16, 16, 3), -1, 1, seed=3)
    with tf.GradientTape() as tape:
        value = squared_gradient(discriminator, images)
    for gradient in tape.gradient(value, [kernel.value for kernel in kernels]):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0
