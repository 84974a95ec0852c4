"""Makes the files of this folder: a saved model of each kind, what it samples, and how it trains on.

python tests/models/golden/make.py FOLDER

The files stand for those that people have. They are made once, and again only for kinds of models that are
new.
"""

import json
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np

import keras_gen as kg

SENTENCES = ["A dog runs.", "A cat sleeps.", "The dog sleeps.", "A red cat runs fast."] * 2


def images():
    return np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), dtype=np.uint8)


def gan():
    media = kg.Image(8, 8, 1)
    generator, discriminator = kg.networks.dcgan(media, latent_dim=4, width=2, num_classes=2)
    for weight in generator.trainable_variables:
        weight.assign(10.0 * weight)  # so that examples differ
    model = kg.GAN(generator, discriminator, media, num_classes=2)
    model.compile(augment=kg.layers.AdaptiveAugment(), ema=100.0, penalty_interval=2, discriminator_steps=2)
    return model


def vae():
    media, likelihood = kg.Image(8, 8, 1), kg.losses.Bernoulli("dynamic")
    networks = kg.networks.mlp(media, likelihood, latent_dim=2, width=4)
    model = kg.VAE(*networks, media, likelihood, kg.losses.ELBO(2.0), kg.losses.VampPrior(2))
    model.compile()
    model.fit_sampling_prior(images(), components=2)
    return model


def factor_vae():
    media, likelihood = kg.Image(8, 8, 1), kg.losses.Gaussian("learned")
    networks = kg.networks.mlp(media, likelihood, latent_dim=2, width=4, num_classes=2)
    model = kg.VAE(*networks, media, likelihood, kg.losses.FactorVAE(2.0, width=4), num_classes=2)
    model.compile()
    return model


def voice_vae():
    media, likelihood = kg.Audio(512, rate=8000, mels=8, window=128, hop=64), kg.losses.Laplace("learned")
    model = kg.VAE(*kg.networks.mlp(media, likelihood, latent_dim=2, width=4), media, likelihood)
    model.compile(augment=kg.layers.AudioAugment(gain=3.0))
    return model


def vqvae():
    media, likelihood = kg.Image(8, 8, 1), kg.losses.Bernoulli("dynamic")
    encoder, decoder = kg.networks.conv_grid(media, likelihood, width=2, code_dim=2)
    prior = kg.networks.CodePrior(encoder.output_shape[1:], num_codes=4, units=4)
    model = kg.VQVAE(encoder, decoder, media, likelihood, prior)
    model.compile()
    return model


def text_vae(**how):
    media = kg.Text(length=6).learn(SENTENCES)
    networks = kg.networks.recurrent(media, latent_dim=2, width=4)
    model = kg.TextVAE(*networks, media, objective=kg.losses.FreeBits(0.5))
    model.compile(**how)
    return model


def aggressive_text_vae():
    return text_vae(encoder_steps=2)


def language_model():
    media = kg.Text(length=6).learn(SENTENCES)
    decoder = kg.networks.RecurrentDecoder(media.length, media.vocabulary_size, latent_dim=None, width=4)
    model = kg.LanguageModel(decoder, media)
    model.compile()
    return model


KINDS = (gan, vae, factor_vae, voice_vae, vqvae, text_vae, aggressive_text_vae, language_model)


def batch(model):
    """Eight packed examples, and their labels where the model takes them."""
    x = {
        "image": images,
        "audio": lambda: (10_000 * np.sin(np.outer(np.arange(1, 9), np.arange(512)) / 20.0)).astype(np.int16),
        "text": lambda: model.media.pack(SENTENCES),
    }[model.media.key]()
    return x, None if model.num_classes is None else np.arange(8) % 2


def samples(model):
    """Raw media as JSON has it."""
    drawn = model.generate(3, seed=1)
    return drawn.tolist() if drawn.dtype.kind in "UO" else np.float64(drawn).round(5).tolist()


def further(model):
    """The logs of three steps more."""
    return [model.train_on_batch(*batch(model), return_dict=True) for _ in range(3)]


def compress(path):
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def main(folder):
    for kind in KINDS:
        path = folder / f"{kind.__name__}.keras"
        keras.utils.set_random_seed(0)
        model = kind()
        further(model)
        model.save(path)
        compress(path)
        expected = {"samples": samples(model), "logs": further(model)}
        path.with_suffix(".json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
