"""What launchers write, from templates beside them."""

from pathlib import Path

import jinja2

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)


def render(template, **values):
    """A template of this folder, filled in."""
    return TEMPLATES.get_template(template).render(values)
