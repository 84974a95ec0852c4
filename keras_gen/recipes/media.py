"""What recipes say of their media, and of how these are read."""

import contextlib
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from keras_gen.recipes.settings import SHAPES, Natural, Part, Share, Side, Size, Weight


def _sides(size):
    """A size as recipes hold it: one number, or (height, width) of a rectangle; "64x96" stands for these."""
    if isinstance(size, str):
        with contextlib.suppress(ValueError):
            size = [int(side) for side in size.lower().split("x")]
    if isinstance(size, list | tuple) and len(set(size)) == 1 and len(size) == 2:
        return size[0]
    return tuple(size) if isinstance(size, list) else size


ImageSize = Annotated[Side | tuple[Side, Side], SHAPES, BeforeValidator(_sides)]
GROUPS = "field of the pattern that must be in one split only, such as speaker; no label then"
Labels = Annotated[str, BeforeValidator(lambda labels: "none" if labels is None else labels)]


def _given(labels):
    """Labels as `keras_gen.datasets.load` takes them."""
    return None if labels == "none" else labels


class Image(Part):
    """Images of one size."""

    size: ImageSize = Field(description="side of the images, pixels, or height x width")
    channels: Annotated[Literal[1, 3, 4], SHAPES] = Field(
        3, description="1 for gray, 3 for color, 4 for color with alpha"
    )
    fit: Literal["crop", "pad", "stretch"] = Field(
        "crop", description="how images of other aspect ratios are made to fit"
    )
    background: str = Field("white", description="color beneath transparent parts and beside padded images")
    labels: Labels = Field(
        "inferred",
        description='where labels come from: folders (inferred, top), a pattern, a table "labels.csv", none',
    )
    groups: str | None = Field(None, description=GROUPS)
    chunks: bool = Field(False, description="whether all frames of animated images are taken, not the first")

    def make(self):
        """The `keras_gen.media.Image`."""
        from keras_gen.media import Image

        size = self.size if isinstance(self.size, tuple) else (self.size, self.size)
        return Image(*size, self.channels, self.fit, self.background)

    def load(self, recipe):
        """The `Dataset` of a recipe."""
        media = self.make()
        found = {"labels": _given(self.labels), "groups": self.groups, "chunks": self.chunks}
        return _loaded(recipe, media, {"media": media, **found})


class Audio(Part):
    """Recordings, as log-mel spectrograms."""

    length: Size = Field(description="samples of a recording; longer ones are cut, shorter ones padded")
    rate: Size = Field(description="samples a second, Hz")
    mels: Size = Field(description="bands of the spectrogram")
    window: Size = Field(description="length of the Hann window, samples")
    hop: Size = Field(description="from one frame to the next, samples")
    fft_length: Size = Field(description="length of the Fourier transform, samples")
    labels: Labels = Field(
        "inferred",
        description="where labels come from: folders (inferred, top), a pattern of file names, such as "
        '"{digit}_{speaker}_{index}", a table "labels.csv", none',
    )
    groups: str | None = Field(None, description=GROUPS)
    chunks: bool = Field(False, description="whether recordings are taken as consecutive pieces, not cut")
    test: str | None = Field(
        None, description='which files are for testing, such as "index=0,1,2"; none: a tenth of them'
    )
    trim: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        40.0, description="dB below the loudest part at which ends count as silence and are cut off"
    )
    loudness: Annotated[float, Field(gt=-70, le=0)] | None = Field(
        -23.0, description="LUFS that recordings, and what is drawn, are brought to; none: as they are"
    )
    shortest: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        0.005, description="seconds below which a recording is set aside"
    )
    repair: bool = Field(
        True, description="whether an offset (DC) is taken out and opposite channels are mixed in phase"
    )

    def make(self):
        """The `keras_gen.media.Audio`."""
        from keras_gen.media import Audio

        return Audio(
            self.length,
            self.rate,
            self.mels,
            self.window,
            self.hop,
            self.fft_length,
            trim=self.trim,
            loudness=self.loudness,
            shortest=self.shortest,
            repair=self.repair,
        )

    def load(self, recipe):
        """The `Dataset` of a recipe."""
        media = self.make()
        found = {"labels": _given(self.labels), "groups": self.groups, "chunks": self.chunks}
        found["test"] = self.test
        return _loaded(recipe, media, {"media": media, **found})


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
    field: str | None = Field(None, description="column or key of sentences, or its number")
    labels: str | None = Field(
        None, description="column or key of their labels, or its number; none: no labels"
    )

    def load(self, recipe):
        """The `Dataset` of a recipe, whose media has the vocabulary of the training sentences."""
        from keras_gen import media

        text = media.Text(self.length, self.tokenizer, self.most_words, lower=self.lower)
        if recipe.start is not None:
            text = recipe.earlier().media  # the weights are of its words
        return _loaded(recipe, text, {"media": text, "field": self.field, "labels": self.labels})


def _loaded(recipe, media, found):
    """The `Dataset` of a recipe.

    Args:
        recipe: a `Recipe`.
        media: the `Media` that it is for, which those of a prepared set must be.
        found: how `keras_gen.datasets.load` finds examples, labels and splits in files, which a prepared set
            brings; argument -> value.
    """
    from keras_gen import datasets
    from keras_gen.datasets.prepared import prepared_folder

    if prepared_folder(recipe.data) is None:
        found |= {"duplicates": recipe.duplicates, "stratify": recipe.stratify}
    else:
        found = {"media": media}
    return datasets.load(recipe.data, **found, batch_size=recipe.batch_size, seed=recipe.data_seed)
