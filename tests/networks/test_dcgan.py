import keras

from keras_gen.media.image import Image
from keras_gen.networks import dcgan


def test_strided_kernels_are_divisible_and_only_the_generator_has_batch_norm():
    generator, discriminator = dcgan(Image(32, 32, 3))
    strided = [
        x
        for model in (generator, discriminator)
        for x in model.layers
        if getattr(x, "strides", None) == (2, 2)
    ]
    assert len(strided) == 6
    assert all(x.kernel_size == (4, 4) for x in strided)
    batch_norm = keras.layers.BatchNormalization
    assert any(isinstance(x, batch_norm) for x in generator.layers)
    assert not any(isinstance(x, batch_norm) for x in discriminator.layers)
