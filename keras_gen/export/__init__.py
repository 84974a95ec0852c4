"""Models as files that are served without this package."""

from keras_gen.export.formats import export_as
from keras_gen.export.savedmodel import export, next_version

__all__ = ["export", "export_as", "next_version"]
