"""What the recipes for voices have in common."""

import dataclasses

from keras_gen.recipes.config import Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class VoiceConfig(Config):
    """The part of a setup that every recipe for voices has.

    Args:
        length: of a recording, samples; longer ones are cut, shorter ones padded.
        rate: samples a second, Hz.
        mels: bands of the spectrogram.
        window: length of the Hann window, samples.
        hop: samples from one frame to the next.
        fft_length: length of the Fourier transform.
        labels: pattern of the files' names, such as "{digit}_{speaker}_{index}", or None for folders as classes.
        chunks: whether recordings are taken as consecutive pieces, instead of cut.
        test: choice of the files for testing, such as "index=0,1,2", or None for a tenth of them.
        gain: dB that the loudness changes by at most, either way, in training.
        shift: share of the recording that it moves by at most, either way, in training.
        time_mask: frames that are hidden from the encoder at most, in training.
        frequency_mask: bands that are hidden from it at most, in training.
    """

    length: int
    rate: int
    mels: int
    window: int
    hop: int
    fft_length: int
    labels: str | None = None
    chunks: bool = False
    test: str | None = None
    gain: float = 0.0
    shift: float = 0.0
    time_mask: int = 0
    frequency_mask: int = 0

    data_fields = (
        *Config.data_fields,
        "length",
        "rate",
        "mels",
        "window",
        "hop",
        "fft_length",
        "labels",
        "chunks",
        "test",
    )
    architecture = (*Config.architecture, "length", "rate", "mels", "window", "hop", "fft_length")

    @property
    def media(self):
        from keras_gen.media import Audio

        return Audio(self.length, self.rate, self.mels, self.window, self.hop, self.fft_length)

    @property
    def augment(self):
        """The `AudioAugment` of training, or None where it would do nothing."""
        from keras_gen.layers import AudioAugment

        settings = (self.gain, self.shift, self.time_mask, self.frequency_mask)
        return AudioAugment(*settings) if any(settings) else None

    def read(self):
        from keras_gen import datasets

        return datasets.load(
            self.data,
            media=self.media,
            labels=self.labels,
            chunks=self.chunks,
            test=self.test,
            batch_size=self.batch_size,
            seed=self.data_seed,
        )
