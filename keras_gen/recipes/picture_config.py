"""What the recipes for pictures have in common."""

import dataclasses

from keras_gen.recipes.config import Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class PictureConfig(Config):
    """The part of a setup that every recipe for pictures has.

    Args:
        size: side of the pictures in pixels.
        channels: 1 for grey, 3 for colour.
    """

    size: int
    channels: int

    data_fields = (*Config.data_fields, "size", "channels")
    architecture = (*Config.architecture, "size", "channels")

    @property
    def media(self):
        from keras_gen.media import Image

        return Image(self.size, self.size, self.channels)

    def read(self):
        from keras_gen import datasets

        return datasets.load(
            self.data, size=self.size, channels=self.channels, batch_size=self.batch_size, seed=self.data_seed
        )
