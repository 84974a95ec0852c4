import keras
import numpy as np
import tensorflow as tf

from keras_gen.callbacks import LatentMonitor
from keras_gen.callbacks.latent_monitor import views
from keras_gen.losses import Bernoulli
from keras_gen.media import Image
from keras_gen.metrics import kl_of_dimensions
from keras_gen.models import VAE
from keras_gen.networks import mlp


def small_vae(num_classes=None):
    keras.utils.set_random_seed(0)
    media, likelihood = Image(8, 8, 1), Bernoulli("dynamic")
    networks = mlp(media, likelihood, num_classes=num_classes, latent_dim=5, width=8)
    vae = VAE(*networks, media, likelihood, num_classes=num_classes)
    vae.compile()
    return vae


def test_tensorboard_gets_reconstructions_traversals_and_the_kl_of_each_dimension(images, tmp_path):
    x, labels = images
    vae = small_vae(num_classes=3)
    monitor = LatentMonitor(tmp_path, x[:6], labels[:6], num=6)
    vae.fit(x, labels, epochs=2, validation_data=images, callbacks=[monitor], verbose=0)
    values = {}
    for file in (tmp_path / "tensorboard").glob("events*"):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                values[value.tag, event.step] = tf.make_ndarray(value.tensor)
    expected = {"samples", "reconstructions", "traversals", "val_elbo", "kl", "learning_rate"}
    tags = {tag for tag, step in values if step == 96}
    assert expected | {f"kl_of_dimensions/{i:03d}" for i in range(5)} <= tags
    divergences = [values[f"kl_of_dimensions/{i:03d}", 96] for i in range(5)]
    np.testing.assert_allclose(divergences, kl_of_dimensions(vae, x[:6], labels[:6]), rtol=1e-5)


def test_views_show_originals_beside_what_comes_back(images):
    x, _ = images
    vae = small_vae()
    found = views(vae, x[:4])
    pairs, rows = found["reconstructions"]
    np.testing.assert_array_equal(pairs, np.concatenate([x[:4], vae.reconstruct(x[:4])]))
    assert rows == 2
    strongest = np.argsort(-kl_of_dimensions(vae, x[:4]))
    walked = vae.traverse(vae.encode(x[:1])[0], strongest)
    traversed, rows = found["traversals"]
    np.testing.assert_array_equal(traversed, walked.reshape(-1, 8, 8, 1))
    assert rows == 5
