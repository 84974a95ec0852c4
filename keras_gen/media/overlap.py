"""A recording of any length as pieces that overlap, and their spectrograms as one."""

import numpy as np

from keras_gen.media import cleaning


def overlapping(waveform, samples, step):
    """The pieces (pieces, samples) of a waveform (any,), a step apart, the last padded with silence."""
    pieces = 1 + max(0, -(-(len(waveform) - samples) // step))
    padded = cleaning.fit(waveform, samples + (pieces - 1) * step)
    return np.lib.stride_tricks.sliding_window_view(padded, samples)[::step]


def faded(spectrograms, step):
    """One spectrogram (any, bands) of (pieces, frames, bands), a step apart, each fading into the next."""
    frames = spectrograms.shape[1]
    rising = np.arange(1, frames + 1)
    fade = np.minimum(rising, rising[::-1]).astype(np.float32)[:, np.newaxis]
    total = np.zeros((frames + step * (len(spectrograms) - 1), spectrograms.shape[2]), np.float32)
    weight = np.zeros((len(total), 1), np.float32)
    for i, spectrogram in enumerate(spectrograms):
        place = slice(i * step, i * step + frames)
        total[place] += fade * spectrogram
        weight[place] += fade
    return total / weight
