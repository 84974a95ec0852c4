"""What recipes say of their media, and of how these are read."""

from typing import Annotated, Literal

from pydantic import Field

from keras_gen.recipes.settings import SHAPES, Natural, Part, Share, Size, Weight


class Image(Part):
    """Square images."""

    size: Size = Field(description="side of the images, pixels")
    channels: Annotated[Literal[1, 3], SHAPES] = Field(3, description="1 for gray, 3 for color")

    def make(self):
        """The `keras_gen.media.Image`."""
        from keras_gen.media import Image

        return Image(self.size, self.size, self.channels)

    def load(self, recipe):
        """The `Dataset` of a recipe."""
        from keras_gen import datasets

        return datasets.load(
            recipe.data,
            **self.arguments(),
            batch_size=recipe.batch_size,
            seed=recipe.data_seed,
            duplicates=recipe.duplicates,
        )


class Audio(Part):
    """Recordings, as log-mel spectrograms."""

    length: Size = Field(description="samples of a recording; longer ones are cut, shorter ones padded")
    rate: Size = Field(description="samples a second, Hz")
    mels: Size = Field(description="bands of the spectrogram")
    window: Size = Field(description="length of the Hann window, samples")
    hop: Size = Field(description="from one frame to the next, samples")
    fft_length: Size = Field(description="length of the Fourier transform, samples")
    labels: str | None = Field(
        None,
        description='pattern of file names, such as "{digit}_{speaker}_{index}"; none: folders are classes',
    )
    chunks: bool = Field(False, description="whether recordings are taken as consecutive pieces, not cut")
    test: str | None = Field(
        None, description='which files are for testing, such as "index=0,1,2"; none: a tenth of them'
    )

    def make(self):
        """The `keras_gen.media.Audio`."""
        from keras_gen.media import Audio

        return Audio(self.length, self.rate, self.mels, self.window, self.hop, self.fft_length)

    def load(self, recipe):
        """The `Dataset` of a recipe."""
        from keras_gen import datasets

        return datasets.load(
            recipe.data,
            media=self.make(),
            labels=self.labels,
            chunks=self.chunks,
            test=self.test,
            batch_size=recipe.batch_size,
            seed=recipe.data_seed,
            duplicates=recipe.duplicates,
        )


class AudioAugment(Part):
    """What happens to recordings in training."""

    gain: Weight = Field(0.0, description="largest change of loudness, dB either way")
    shift: Share = Field(0.0, description="largest move, a share of the recording either way")
    time_mask: Natural = Field(0, description="frames that are hidden from the encoder at most")
    frequency_mask: Natural = Field(0, description="bands that are hidden from the encoder at most")

    def make(self):
        """The `keras_gen.layers.AudioAugment`; None where it would do nothing."""
        from keras_gen.layers import AudioAugment

        return AudioAugment(**self.arguments()) if any(self.arguments().values()) else None


class Text(Part):
    """Sentences, as tokens."""

    length: Size = Field(32, description="tokens of a sentence, with its end; longer ones are cut")
    tokenizer: Annotated[Literal["words", "subwords", "characters", "bytes"], SHAPES] = Field(
        "words", description="what a token is"
    )
    most_words: Size = Field(
        5000,
        description="words, sub-words or characters in the vocabulary, the most frequent ones in training",
    )
    lower: Annotated[bool, SHAPES] = Field(True, description="whether letters become lower case")
    field: str | None = Field(None, description="key or column of sentences, or its number")
    label: str | None = Field(
        None, description="key or column of their labels, or its number; none: no labels"
    )

    def load(self, recipe):
        """The `Dataset` of a recipe, whose media has the vocabulary of the training sentences."""
        from keras_gen import datasets, media

        text = media.Text(self.length, self.tokenizer, self.most_words, lower=self.lower)
        if recipe.start is not None:
            text = recipe.earlier().media  # the weights are of its words
        return datasets.load(
            recipe.data,
            media=text,
            field=self.field,
            label=self.label,
            batch_size=recipe.batch_size,
            seed=recipe.data_seed,
            duplicates=recipe.duplicates,
        )
