"""Pages of HTML that need no other file, from templates of the kit: whatever is filled in is escaped."""

import base64
import io
from pathlib import Path

import jinja2
import numpy as np
import PIL.Image

SMALL = 128  # pixels up to which a picture is kept without loss
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,  # names of files and sentences are from somewhere else, and may be markup
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def render(template, **values):
    """A template of the kit, filled in.

    Args:
        template: path in the package, such as "evaluation/report.html.j2".
        **values: that the template names.

    Returns:
        Text of HTML.
    """
    return TEMPLATES.get_template(template).render(values)


def inline(kind, content):
    """Bytes as an address that holds them.

    Args:
        kind: media type, such as "audio/wav".
        content: bytes.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def inline_picture(picture, side=None):
    """A picture as an address that holds its bytes: a PNG of small ones, a JPEG of others.

    Args:
        picture: `PIL.Image.Image`, or uint8 array (H, W, channels).
        side: int, longest side in pixels that it is brought down to; None leaves it.
    """
    if isinstance(picture, np.ndarray):
        picture = PIL.Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if side is not None:
        picture = picture.copy()
        picture.thumbnail((side, side))
    file = io.BytesIO()
    kind = "PNG" if max(picture.size) <= SMALL and len(picture.getcolors(4096) or ()) else "JPEG"
    if kind == "JPEG" and picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    picture.save(file, format=kind, **({"quality": 85} if kind == "JPEG" else {}))
    return inline(f"image/{kind.lower()}", file.getvalue())
