"""What all media have in common."""

import numpy as np


class Media:
    """Base of the media: one kind of thing in its raw, packed and model forms, of one size.

    Sub-classes say how the forms become each other: `pack(raw)` and `unpack` on the host, `pack_in_graph`, `to_model` and
    `to_raw` in graph; and how examples are looked at: `show`, `save`, `save_sheet`, `summarize`. Equal settings make equal media.

    Attributes:
        dtype: of packed examples.
        key: what TensorFlow Datasets calls examples in batches that are dicts, such as "image".
        plural: what examples are called, such as "images".
        ending: of the file that `save` writes.
        sheet_ending: of the file that `save_sheet` writes, in which several examples are looked at together.
        shape: tuple of ints, of a packed example.
        model_shape: tuple of ints, of its model form.
        raw_spec: `tf.TensorSpec` of what an exported signature takes.
    """

    sheet_ending = ".png"

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
