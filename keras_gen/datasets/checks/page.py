"""What a check finds as a page of HTML that needs no other file."""

from pathlib import Path

from keras_gen.datasets.account import printable
from keras_gen.files import write_atomically
from keras_gen.html import TEMPLATES, render

MOST_ROWS = 1000  # of a table on the page
TEMPLATES.filters["printable"] = printable


def write_page(findings, path):
    """Writes the page of `Findings` to a path."""
    page = render("datasets/checks/page.html.j2", findings=findings, most=MOST_ROWS)
    write_atomically(Path(path), page)
