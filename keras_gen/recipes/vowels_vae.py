"""Synthetic vowels whose factors are known: pitch, vowel, length of the vocal tract and breathiness.

Command: keras-gen train vowels-vae
Time: 12 minutes on one of two cores, the other busy.
Score: lines through the latents tell 1.00 of the vowels, pitch with R2 0.88, tract 0.48 and breathiness 0.63;
    MIG 0.05; Frechet distance 3.1, real 0.35, of 1,200 each.
"""

from keras_gen.recipes.media import Audio
from keras_gen.recipes.priors import GaussianMixture
from keras_gen.recipes.space import Choice, Range
from keras_gen.recipes.vae import AudioVAERecipe, Conv1D

recipe = AudioVAERecipe(
    data="vowels",
    audio=Audio(length=4096, rate=8000, mels=64, window=256, hop=64, fft_length=512, loudness=-20.0),
    network=Conv1D(width=64, latent_dim=24),
    batch_size=64,
    epochs=40,
    steps_per_epoch=100,
    sampling_prior=GaussianMixture(),
    nll_samples=100,
    num_scored=2_000,
)
space = {
    "width": Choice(48, 64, 96),
    "latent_dim": Choice(24, 32, 48),
    "activation": Choice("silu", "gelu"),
    "clip_norm": Choice(0.0, 100.0, 1000.0),
    "learning_rate": Range(5e-4, 5e-3, log=True),
    "final_learning_rate_share": Range(0.003, 0.3, log=True),
    "gain": Choice(0.0, 1.0),
}
