"""What is measured of a recording while a source is checked."""

import hashlib
import io

import numpy as np
import PIL.Image
import soundfile
from scipy.signal import get_window

from keras_gen.datasets.checks.measures import Measure, Probe, Problem
from keras_gen.errors import InputError
from keras_gen.media import Audio, recordings
from keras_gen.media.cleaning import FRAME, LARGEST, SILENT, loudness_of

LONGEST = 300.0  # seconds, at the start, by which a long recording is judged
QUIET = 40.0  # dB below the loudest 20 ms from which a frame counts as silence
CLIPPED = 3  # samples in a row at one extreme value
LOUD = 0.9  # of full scale, from which an extreme may be clipping
OFFSET = 0.01  # of full scale
FAINTEST = -120.0  # LUFS, which stands for silence too
LOUDNESS = (-50.0, -10.0)  # LUFS, of what is neither faint nor crushed
# The fingerprint: 16 times 24 bits, over bands and parts of the time.
BANDS, PARTS = 17, 25
LOW, HIGH = 100.0, 3600.0  # Hz, which telephones have too
WINDOW = 0.032  # seconds
RANGE = 50.0  # dB below the loudest that count
ENDS = 25.0  # dB below the loudest from which the ends are left out, so that noise and padding count little
PICTURE = (96, 160)  # height and width


class RecordingProbe(Probe):
    """Takes the place of an `Audio` while a source is read: packs what was measured instead of samples.

    Args:
        rate: of waveforms that are no files, Hz.
    """

    plural = Audio.plural
    dtype = np.dtype(
        [
            ("content", "S32"),
            ("fingerprint", np.uint8, (BANDS - 1) * (PARTS - 1) // 8),
            ("kind", "S24"),
            ("rate", np.int32),
            ("channels", np.int32),
            ("seconds", np.float64),
            ("loudness", np.float32),
            ("peak", np.float32),
            ("clipped", np.int64),
            ("silence", np.float32),
            ("offset", np.float32),
            ("centroid", np.float32),
        ]
    )
    measures = (
        Measure("duration", "seconds", lambda rows: rows["seconds"], np.log),
        Measure("loudness", "LUFS", lambda rows: rows["loudness"]),
        Measure("peak", "of full scale", lambda rows: rows["peak"], None),
        Measure(
            "silence", f"share of 20 ms {QUIET:g} dB below the loudest", lambda rows: rows["silence"], None
        ),
        Measure("offset", "mean, of full scale", lambda rows: rows["offset"], None),
        Measure("centroid", "Hz, mean frequency by power", lambda rows: rows["centroid"], np.log1p),
    )
    kinds = {
        "rate": lambda rows: [f"{rate} Hz" for rate in rows["rate"]],
        "channels": lambda rows: rows["channels"].astype(str),
        "format": lambda rows: np.char.decode(rows["kind"]),
    }
    problems = (
        Problem(
            "clipped",
            f"{CLIPPED} or more samples in a row at the highest or lowest value, above {LOUD:g} of full",
            lambda rows: rows["clipped"] > 0,
        ),
        Problem("silent", f"a peak below {SILENT:g} of full scale", lambda rows: rows["peak"] < SILENT),
        Problem(
            "faint",
            f"below {LOUDNESS[0]:g} LUFS",
            lambda rows: (rows["peak"] >= SILENT) & (rows["loudness"] < LOUDNESS[0]),
        ),
        Problem("very loud", f"above {LOUDNESS[1]:g} LUFS", lambda rows: rows["loudness"] > LOUDNESS[1]),
        Problem(
            "off center",
            f"a mean (DC offset) beyond {OFFSET:g} of full scale",
            lambda rows: np.abs(rows["offset"]) > OFFSET,
        ),
        Problem("mostly silence", "more than half of it", lambda rows: rows["silence"] > 0.5),
        Problem(
            "long",
            f"beyond {LONGEST:g} s, of which these are looked at",
            lambda rows: rows["seconds"] > LONGEST,
        ),
    )
    most_bits = 75  # those of others in real sets differ in 90 or more
    near = (
        f"spectral fingerprints (Haitsma & Kalker 2002, of {PARTS} parts of the whole recording) that differ "
        f"in at most {most_bits} of {(BANDS - 1) * (PARTS - 1)} bits, and durations by at most a tenth"
    )
    can_compare = True

    def __init__(self, rate=16000):
        self.rate = rate

    def pack(self, raw):
        """The row of one recording.

        Args:
            raw: the bytes of a file, or a waveform.

        Returns:
            A tuple of the fields of `dtype`.

        Raises:
            InputError: it cannot be read, or holds samples that are not finite.
        """
        waveform, rate, kind = self._read(raw)
        content = hashlib.blake2b(repr((waveform.shape, rate)).encode(), digest_size=16)
        content.update(np.ascontiguousarray(waveform))
        seconds, channels = len(waveform) / rate, waveform.shape[1]
        waveform = waveform[: round(LONGEST * rate)]
        mono = waveform.mean(axis=1)
        peak = np.abs(waveform).max()
        power, frequencies = _spectrum(mono, rate)
        total = power.sum(axis=0)
        return (
            content.hexdigest().encode(),
            _fingerprint(power, frequencies),
            kind,
            rate,
            channels,
            seconds,
            max(loudness_of(mono, rate), FAINTEST) if np.any(mono) else FAINTEST,
            peak,
            _clipped(waveform),
            _silence(mono, rate),
            mono.mean(dtype=np.float64),
            (frequencies @ total) / total.sum() if total.sum() else 0,
        )

    def picture(self, raw):
        """The spectrogram of one recording as a small `PIL.Image.Image`, low frequencies below."""
        waveform, rate, _ = self._read(raw)
        power, _ = _spectrum(waveform[: round(LONGEST * rate)].mean(axis=1), rate)
        levels = _decibels(power.T[::-1])
        image = PIL.Image.fromarray(np.uint8(levels / RANGE * 255 + 0.5))
        return image.resize(PICTURE[::-1], PIL.Image.Resampling.BILINEAR)

    def are_near(self, rows, pairs):
        """Which of the pairs that `near_pairs` finds are near duplicates; bool (pairs,)."""
        one, other = rows["seconds"][pairs[:, :2].T]
        return np.abs(np.log(one / other)) <= np.log(1.1)

    def _read(self, raw):
        if not isinstance(raw, bytes):
            waveform = np.asarray(raw)
            if waveform.dtype == np.int16:
                waveform = waveform / np.float32(recordings.FULL_SCALE)
            return waveform.reshape(len(waveform), -1), self.rate, "array"
        waveform, rate = recordings.read(raw)
        # Written so that NaN, too, is out of range.
        if not np.abs(waveform).max() <= LARGEST:
            raise InputError(
                f"The recording is damaged: samples are not finite, or beyond {LARGEST:g} times full scale."
            )
        with soundfile.SoundFile(io.BytesIO(raw)) as file:
            return waveform, rate, f"{file.format}, {file.subtype}"


def _spectrum(mono, rate):
    """Power (frames, frequencies), about a thousand frames or more closely; and frequencies."""
    length = max(16, round(WINDOW * rate))
    mono = np.pad(mono, (0, max(0, length - len(mono))))
    starts = np.arange(0, len(mono) - length + 1, max(length // 8, (len(mono) - length) // 1000))
    window = get_window("hann", length).astype(np.float32)
    frames = mono[starts[:, np.newaxis] + np.arange(length)] * window
    power = np.square(np.abs(np.fft.rfft(frames.astype(np.float32), axis=1))).astype(np.float32)
    return power, np.fft.rfftfreq(length, 1 / rate)


def _decibels(power):
    """Decibels from `RANGE` below the loudest, which become 0, to `RANGE`."""
    loudest = power.max(initial=0)
    if not loudest:
        return np.zeros(power.shape)
    return np.maximum(10 * np.log10(np.maximum(power / loudest, 1e-12)) + RANGE, 0)


def _fingerprint(power, frequencies):
    """Whether the step from one band to the next grows from one part of the recording to the next, packed."""
    edges = np.searchsorted(frequencies, np.geomspace(LOW, HIGH, BANDS + 1))
    edges = np.minimum(np.maximum(edges, edges[0] + np.arange(BANDS + 1)), power.shape[1] - 1)
    bands = np.add.reduceat(power, edges, axis=1)[:, :BANDS]
    loud = np.flatnonzero(bands.sum(axis=1) >= bands.sum(axis=1).max() * 10 ** (-ENDS / 10))
    bands = bands[loud[0] : loud[-1] + 1]
    # Each part is the mean over its time; parts of short recordings share frames.
    whole = np.pad(np.cumsum(bands, axis=0, dtype=np.float64), ((1, 0), (0, 0)))
    ends = np.linspace(0, len(bands), PARTS + 1)
    below = np.minimum(ends.astype(int), len(bands) - 1)
    sums = whole[below] + (ends - below)[:, np.newaxis] * bands[below]
    levels = _decibels(np.maximum(np.diff(sums, axis=0), 0))
    steps = np.diff(np.diff(levels, axis=1), axis=0)
    return np.packbits(steps > 0)


def _clipped(waveform):
    """The samples that stand in rows of at least three at the highest or the lowest value of a channel."""
    count = 0
    for channel in waveform.T:
        for extreme in (channel.max(), channel.min()):
            if abs(extreme) >= LOUD:
                at = np.flatnonzero(np.diff(np.pad(channel == extreme, 1).astype(np.int8)))
                lengths = at[1::2] - at[::2]
                count += lengths[lengths >= CLIPPED].sum()
    return count


def _silence(mono, rate):
    starts = np.arange(0, len(mono), max(1, round(FRAME * rate)))
    lengths = np.diff(np.append(starts, len(mono)))
    power = np.add.reduceat(np.square(mono, dtype=np.float64), starts) / lengths
    return np.mean(power <= power.max() * 10 ** (-QUIET / 10))
