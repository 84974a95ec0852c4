"""What a check finds as a page of HTML that needs no other file."""

import base64
import io
from pathlib import Path

import jinja2

from keras_gen.datasets.account import printable
from keras_gen.files import write_atomically

MOST_ROWS = 1000  # of a table on the page
SMALL = 128  # pixels up to which a picture is kept without loss
# Names of files and sentences are from somewhere else, and may be markup.
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
TEMPLATES.filters["printable"] = printable


def write_page(findings, path):
    """Writes the page of `Findings` to a path."""
    page = TEMPLATES.get_template("page.html.j2").render(findings=findings, most=MOST_ROWS)
    write_atomically(Path(path), page)


def as_address(picture):
    """A `PIL.Image.Image` as an address that holds its bytes."""
    file = io.BytesIO()
    kind = "PNG" if max(picture.size) <= SMALL and len(picture.getcolors(4096) or ()) else "JPEG"
    picture.save(file, format=kind, **({"quality": 85} if kind == "JPEG" else {}))
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
