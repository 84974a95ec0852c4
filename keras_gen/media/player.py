"""Recordings that a notebook plays."""

import io

import numpy as np
import PIL.Image

from keras_gen.html import inline
from keras_gen.media import recordings

MOST_PLAYED = 16


class Player:
    """Spectrograms with an audio player for each recording, for notebooks.

    Args:
        sheet: uint8 image (H, W, 3) of the spectrograms.
        waveforms: float32 (num, samples) in [-1, 1].
        rate: Hz.

    Attributes:
        image: the spectrograms, a `PIL.Image.Image`.
    """

    def __init__(self, sheet, waveforms, rate):
        self.image = PIL.Image.fromarray(sheet)
        self._waveforms, self._rate = waveforms, rate

    def __repr__(self):
        return f"Player({len(self._waveforms)} recordings at {self._rate} Hz)"

    def _repr_png_(self):
        file = io.BytesIO()
        self.image.save(file, format="PNG")
        return file.getvalue()

    def _repr_html_(self):
        players = []
        for waveform in self._waveforms:
            file = io.BytesIO()
            recordings.write(file, waveform, self._rate)
            source = inline("audio/wav", file.getvalue())
            players.append(f'<audio controls preload="none" src="{source}" style="width: 12em"></audio>')
        return f'<img src="{inline("image/png", self._repr_png_())}"><br>{"".join(players)}'


def played(num, rows=None):
    """The indices of the recordings to play: the first ones of each row, at most 16 in all."""
    if rows is None:
        return np.arange(min(num, MOST_PLAYED))
    columns = -(-num // rows)
    places = np.arange(rows)[:, np.newaxis] * columns + np.arange(min(columns, max(1, MOST_PLAYED // rows)))
    return np.array([place for place in places.flat if place < num][:MOST_PLAYED])
