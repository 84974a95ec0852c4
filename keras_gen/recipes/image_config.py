"""What the recipes for images have in common."""

import dataclasses

from keras_gen.recipes.config import Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageConfig(Config):
    """The part of a setup that every recipe for images has.

    Args:
        size: side of the images in pixels.
        channels: 1 for gray, 3 for color.
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
