"""One of several workers: trains a GAN and a VAE with the others that `TF_CONFIG` lists, and writes what it
ended with.

python tests/one_worker.py SOURCE FILE.npz
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from conftest import MEDIA_SHAPE, small_networks

from keras_gen import datasets
from keras_gen.layers import AdaptiveAugment
from keras_gen.losses import Bernoulli
from keras_gen.media import Image
from keras_gen.models import GAN, VAE
from keras_gen.networks import mlp
from keras_gen.training import distribution

BATCH = 12


def models():
    media = Image(*MEDIA_SHAPE)
    gan = GAN(*small_networks(), media=media, seed=1)
    gan.compile(loss="hinge", augment=AdaptiveAugment(examples=200, interval=2), steps_per_execution=2)
    yield gan
    likelihood = Bernoulli("dynamic")
    vae = VAE(*mlp(media, likelihood, latent_dim=4, width=16), media, likelihood, seed=1)
    vae.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0))
    yield vae


def main():
    strategy = distribution.strategy()
    keras.utils.set_random_seed(0)
    dataset = datasets.load(sys.argv[1], batch_size=BATCH)
    read = []

    def batches(context):
        parts = dataset.batches("train", context=context)
        read.extend(part.numpy() for part in parts.take(2))
        return parts

    ended = {"chief": distribution.is_chief(strategy)}
    with strategy.scope():
        trained = list(models())
    for model in trained:
        history = model.fit(
            strategy.distribute_datasets_from_function(batches),
            validation_data=dataset.val,
            steps_per_epoch=4,
            epochs=2,
            verbose=0,
        ).history
        # What Keras divides among the workers by itself.
        model.fit(dataset.train, epochs=3, initial_epoch=2, verbose=0)
        kind = type(model).__name__
        ended |= {f"{kind} {name}": values for name, values in history.items()}
        optimizers = [variable for optimizer in model.optimizers.values() for variable in optimizer.variables]
        weights = [*model.weights, *optimizers]
        ended |= {f"{kind} {index} {v.path}": v.numpy() for index, v in enumerate(weights)}
        ended[f"{kind} greatest"] = distribution.greatest(strategy, 7 + int(ended["chief"]))
    np.savez(sys.argv[2], read=np.stack(read), **ended)


if __name__ == "__main__":
    tf.get_logger().setLevel("ERROR")
    main()
