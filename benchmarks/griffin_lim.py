"""Griffin-Lim from log-mel spectrograms: the kit's against librosa's, with the same bands and iterations.

The error is the mean absolute difference, in dB, between the given log-mel spectrogram and that of the
result, in the library's own framing and in the other's. The speed is seconds of speech per second, the best
of rounds that alternate in one process.

    python benchmarks/griffin_lim.py --data librispeech.zip [--clips 12] [--rounds 3]
"""

import argparse
import time
from unittest import mock

import librosa
import numpy as np
import tensorflow as tf

from keras_gen import datasets
from keras_gen.media import Audio
from keras_gen.media.audio import FLOOR

SECONDS = 4
RATE, WINDOW, HOP, MELS, ITERATIONS = 16000, 1024, 256, 80, 32
DECIBELS = 20 / np.log(10)


def librosas_mel(waveforms, weights):
    """Mel magnitudes in librosa's framing, on the kit's scale and bands, (clips, mels, frames)."""
    spectra = np.abs(librosa.stft(waveforms, n_fft=WINDOW, hop_length=HOP, window="hann"))
    return np.einsum("bm,nbt->nmt", weights, spectra) / (WINDOW / 4)


def librosas(mel, weights, samples):
    # librosa makes bands of its own from names of their kind; these are handed in where it does.
    with mock.patch("librosa.filters.mel", lambda **_: weights.T / (WINDOW / 4)):
        return np.stack(
            [
                librosa.feature.inverse.mel_to_audio(
                    one, sr=RATE, n_fft=WINDOW, hop_length=HOP, power=1.0, n_iter=ITERATIONS, length=samples
                )
                for one in mel
            ]
        )


def error(wanted, made):
    """Mean absolute difference of log magnitudes, dB."""
    wanted, made = (np.log(np.maximum(mel, FLOOR)) for mel in (wanted, made))
    return DECIBELS * np.mean(np.abs(wanted - made))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder or zip of recordings")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    samples = SECONDS * RATE // HOP * HOP
    media = Audio(samples, RATE, MELS, WINDOW, HOP, iterations=ITERATIONS)
    packed, _ = datasets.load(options.data, media=media, chunks=True).arrays("train")
    waveforms = media.unpack(packed[np.linspace(0, len(packed) - 1, options.clips).astype(int)])
    weights = tf.signal.linear_to_mel_weight_matrix(MELS, WINDOW // 2 + 1, RATE, 0.0, RATE / 2).numpy()

    def framed_as_ours(sound):
        return np.exp(media.log_mel(sound).numpy())

    def framed_as_librosas(sound):
        return librosas_mel(np.asarray(sound), weights)

    wanted, model_form = framed_as_librosas(waveforms), media.to_model(waveforms)
    ours = tf.function(media.to_raw)
    made, best = {}, {"keras_gen": np.inf, "librosa": np.inf}
    for _ in range(options.rounds + 1):  # the first one traces the graph
        for name, make in {
            "keras_gen": lambda: ours(model_form).numpy(),
            "librosa": lambda: librosas(wanted, weights, samples),
        }.items():
            start = time.perf_counter()
            made[name] = make()
            best[name] = min(best[name], time.perf_counter() - start)
    print(f"{options.clips} clips of {SECONDS} s, {MELS} bands, {ITERATIONS} iterations")
    for name, sound in made.items():
        own, other = (error(frame(waveforms), frame(sound)) for frame in (framed_as_ours, framed_as_librosas))
        print(
            f"{name:10} {own:.3f} dB in the kit's framing, {other:.3f} dB in librosa's; "
            f"{options.clips * samples / RATE / best[name]:.1f} times faster than real time"
        )


if __name__ == "__main__":
    main()
