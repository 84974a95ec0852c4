"""What a model speaks: one serializable object for each kind of media."""

from keras_gen.media.audio import Audio
from keras_gen.media.image import Image
from keras_gen.media.media import Media
from keras_gen.media.origin import Origin, read_origin
from keras_gen.media.text import Text
from keras_gen.media.watermark import Detection, Watermark

__all__ = ["Audio", "Detection", "Image", "Media", "Origin", "Text", "Watermark", "read_origin"]
