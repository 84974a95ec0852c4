"""What all media have in common."""

import numpy as np

from keras_gen.media.pillow import WRITTEN


class Media:
    """Base of the media: one kind of example of one size, in raw, packed and model forms.

    Sub-classes convert between the forms: `pack(raw)` and `unpack` in Python, `pack_in_graph`, `to_model`
    and `to_raw` in graph. They also display examples: `show`, `summarize`, and `save` and `save_sheet`, whose
    files say their `Origin`. Media with equal settings are equal.

    Attributes:
        dtype: of packed examples.
        key: of examples in batches that are dicts, as in TensorFlow Datasets, such as "image".
        plural: of examples in messages, such as "images".
        ending: of the file that `save` writes by default.
        endings: all that it can write, such as ".png" and ".jpg".
        sheet_ending: of the file that `save_sheet` writes by default, which shows several examples.
        sheet_endings: all that it can write.
        shape: tuple of ints, of a packed example.
        model_shape: tuple of ints, of its model form.
        raw_spec: `tf.TensorSpec` of raw media in exported signatures; its name is that of the tensors.
    """

    sheet_ending = ".png"
    sheet_endings = tuple(WRITTEN)

    def finish(self, raw):
        """What becomes of raw media that were drawn, in graph: by default nothing."""
        return raw

    def as_array(self, raw):
        """A tensor of raw media, as `to_raw` gives it, as an array."""
        return raw.numpy()

    def beside(self, examples, others):
        """Examples with what is compared with each, laid out to be shown: (raw media, rows)."""
        return np.concatenate([examples, others]), 2

    def get_config(self):
        raise NotImplementedError

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __eq__(self, other):
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self):
        return hash((type(self).__name__, *self.get_config().items()))

    def __repr__(self):
        settings = ", ".join(f"{name}={value}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({settings})"
