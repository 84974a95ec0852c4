"""Convolutions against recurrence for spectrograms: `conv1d` and a pair of GRUs, trained for the same time.

The recurrent encoder is a bidirectional GRU over frames; the decoder is a GRU that is given the latent, with
its label, at each frame. Reported for each: training examples a second, the ELBO on held-out recordings, and
how far reconstructions are.

    python benchmarks/recurrent_voice.py --data fsdd.zip [--minutes 4] [--units 128]
"""

import argparse
import time
from functools import partial

import keras
from keras import layers

from keras_gen import losses, networks, recipes
from keras_gen.metrics import reconstruction_distances
from keras_gen.models import VAE
from keras_gen.networks.conditioning import latent_inputs
from keras_gen.networks.latents import encoder_inputs, join_label, posterior_encoder

STEPS_PER_CALL = 10


def recurrent(media, likelihood, num_classes, latent_dim, units):
    frames, bands = media.model_shape
    spectrogram, label = encoder_inputs(media.model_shape, num_classes, name="spectrogram")
    x = layers.Bidirectional(layers.GRU(units))(spectrogram)
    encoder = posterior_encoder(spectrogram, label, join_label(x, label, num_classes), latent_dim)
    inputs, x = latent_inputs(latent_dim, num_classes)
    x = layers.GRU(units, return_sequences=True)(layers.RepeatVector(frames)(x))
    return encoder, keras.Model(inputs, layers.Dense(likelihood.num_parameters(bands))(x), name="decoder")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--units", type=int, default=128)
    options = parser.parse_args()

    config = recipes.resolve("fsdd-vae", {"data": options.data})
    dataset = config.load()
    test, labels = dataset.arrays("test")
    real = dataset.media.unpack(test)
    builders = {
        "conv1d": partial(networks.conv1d, width=config.network.width),
        "recurrent": partial(recurrent, units=options.units),
    }
    for name, build in builders.items():
        keras.utils.set_random_seed(config.seed)
        likelihood = losses.Gaussian()
        pair = build(
            dataset.media, likelihood, num_classes=config.num_classes, latent_dim=config.network.latent_dim
        )
        objective = losses.ELBO(config.objective.beta)
        model = VAE(*pair, dataset.media, likelihood, objective, num_classes=config.num_classes)
        model.compile(
            keras.optimizers.Adam(config.optimizer.learning_rate), steps_per_execution=STEPS_PER_CALL
        )
        model.fit(dataset.batches("train", 0), steps_per_epoch=STEPS_PER_CALL, verbose=0)  # traces the graph
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < 60 * options.minutes:
            model.fit(dataset.batches("train", done), steps_per_epoch=10 * STEPS_PER_CALL, verbose=0)
            done += 10 * STEPS_PER_CALL
        rate = done * config.batch_size / (time.perf_counter() - start)
        report = model.evaluate(test, labels, verbose=0, return_dict=True)
        distances = reconstruction_distances(dataset.media, real, model.reconstruct(test, labels))
        print(
            f"{name}: {rate:.0f} examples a second, ELBO {report['elbo']:.0f} nats, KL {report['kl']:.1f}, "
            f"log-mel {distances['log_mel']:.2f} dB, multi-resolution STFT {distances['mr_stft']:.3f}"
        )


if __name__ == "__main__":
    main()
