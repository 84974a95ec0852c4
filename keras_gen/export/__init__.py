"""Models as files that are served without this package."""

from keras_gen.export.description import Description, is_whole
from keras_gen.export.formats import export_as
from keras_gen.export.savedmodel import export, next_version
from keras_gen.export.verification import verify
from keras_gen.export.versions import exported_from, publish

__all__ = [
    "Description",
    "export",
    "export_as",
    "exported_from",
    "is_whole",
    "next_version",
    "publish",
    "verify",
]
