"""Images and recordings as files, in what requests give and answers tell."""

import io

import numpy as np
import PIL.Image
import soundfile
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media import pillow, recordings
from keras_gen.media.image import MODES
from keras_gen.serving.refusals import Refused

ANY_SIDE = 1 << 16  # pixels; so that no JPEG is decoded at a fraction of its size
IMAGES, AUDIO = "images", "audio"
TYPES = {"image/png": IMAGES, "audio/wav": AUDIO}


class Files:
    """Reads and writes the files of one version of a model.

    Args:
        version: `keras_gen.serving.signatures.Version`.
        max_bytes: int, of what the files of a request hold once decoded.
    """

    def __init__(self, version, max_bytes):
        self._version, self._max_bytes = version, max_bytes

    def reader(self, spec):
        """A function of a list of files' bytes that returns an array; None where an input is no medium.

        Args:
            spec: `tf.TensorSpec` of the input.
        """
        if spec.dtype == tf.uint8 and spec.shape.rank == 4 and spec.shape[3] in MODES:
            return lambda files: self._stacked(files, lambda raw: self._image(raw, MODES[spec.shape[3]]))
        if spec.name == AUDIO and spec.dtype == tf.float32 and spec.shape.rank == 2:
            return lambda files: self._stacked(files, self._recording)
        return None

    def _stacked(self, files, read):
        rows, size = [], 0
        for raw in files:
            try:
                row = read(raw)
            except InputError as error:
                raise Refused(str(error)) from error
            size += row.nbytes
            if size > self._max_bytes:
                raise Refused(f"Files must hold at most {self._max_bytes} bytes once decoded.", "large")
            if rows and row.shape != rows[0].shape:
                raise Refused("Files of one request must have one size: ask for each size alone.")
            rows.append(row)
        return np.stack(rows)

    def _image(self, raw, mode):
        try:
            image = PIL.Image.open(io.BytesIO(raw), formats=pillow.formats())
        except Exception:  # noqa: BLE001 - `pillow.read` tells what is wrong
            image = None
        if image is not None and image.width * image.height * len(mode) > self._max_bytes:
            raise Refused(
                f"An image of {image.width} x {image.height} pixels holds more than {self._max_bytes} bytes.",
                "large",
            )
        image = np.asarray(pillow.read(raw, mode, ANY_SIDE))
        return image[..., np.newaxis] if image.ndim == 2 else image

    def _recording(self, raw):
        rate = self._rate()
        try:
            with soundfile.SoundFile(io.BytesIO(raw)) as file:
                samples = file.frames * file.channels * max(1, rate // max(1, file.samplerate))
        except Exception:  # noqa: BLE001 - `recordings.read` tells what is wrong
            samples = 0
        if 4 * samples > self._max_bytes:
            raise Refused(f"{samples} samples hold more than {self._max_bytes} bytes.", "large")
        waveform, own = recordings.read(raw)
        return recordings.resample(waveform.mean(axis=1), own, rate)

    def _rate(self):
        if self._version.rate is None:
            raise Refused("The model does not tell the rate of its recordings: export it again.")
        return self._version.rate

    def written(self, outputs, kind):
        """The rows of an output as files, which say their origin: list of bytes.

        Args:
            outputs: dict of arrays.
            kind: "image/png" or "audio/wav".

        Raises:
            Refused: the outputs are none of this kind.
        """
        values = outputs.get(TYPES[kind])
        if values is None or len(outputs) > 1:
            raise Refused(f"The signature gives {' and '.join(outputs)}, not {kind}.", "not acceptable")
        files = []
        for row in values:
            file = io.BytesIO()
            if kind == "image/png":
                pillow.write(row, file, self._version.origin)
            else:
                recordings.write(file, row, self._rate(), self._version.origin)
            files.append(file.getvalue())
        return files
