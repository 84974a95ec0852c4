"""The page of a model, whatever it makes."""

import gradio

from keras_gen.demo.controls import refuse_quietly
from keras_gen.demo.images import Images
from keras_gen.demo.sentences import Sentences
from keras_gen.demo.voices import Voices
from keras_gen.markdown import plain

MADE = {"image": "image", "audio": "recording", "text": "sentence"}
KEPT = (600, 3600)  # seconds between two looks, and after which a file that was sent here is removed
WAITING = 32  # questions at once
FONTS = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}  # of the machine
CSS = """
.pixels .image-frame { width: 100%; }
.pixels img { image-rendering: pixelated; object-fit: contain; width: 100%; max-height: 480px; }
.players {
    display: grid !important;
    grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr));
}
"""


def page(model, outbox, longest):
    """The page of a model.

    Args:
        model: `keras_gen.demo.models.Shown`.
        outbox: `keras_gen.demo.controls.Outbox`.
        longest: seconds of a recording that is sent to it.

    Returns:
        `gradio.Blocks`.
    """
    parts = {
        "image": lambda: Images(model, outbox),
        "audio": lambda: Voices(model, outbox, longest),
        "text": lambda: Sentences(model),
    }
    made_by = f"{plain(model.origin.system)}, {plain(model.origin.version[:20])}"
    with gradio.Blocks(title=f"{model.name}: keras_gen", analytics_enabled=False, delete_cache=KEPT) as shown:
        gradio.Markdown(
            f"# {plain(model.name)}\n\nEvery {MADE[model.kind]} that this page makes is **synthetic**, "
            f"made by {made_by}."
        )
        parts[model.kind]().build(shown)
    for field in shown.blocks.values():
        if isinstance(field, gradio.components.Component):
            refuse_quietly(field)
    return shown.queue(max_size=WAITING)
