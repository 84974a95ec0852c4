"""Documents in Markdown, from templates of the kit: whatever is filled in stands in the text as it is."""

import re
from pathlib import Path

import jinja2
from markupsafe import Markup

SPECIAL = re.compile(r"([\\`*\[\]<|])")  # what Markdown reads as more than a character


def plain(value):
    """A value as it reads in a line or a cell: names of files and errors end no cell, and mark nothing up."""
    return value if isinstance(value, Markup) else SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def code(value):
    """A value between backticks."""
    return Markup(f"`{' '.join(str(value).split()).replace('`', chr(39))}`")


def fenced(text):
    """A text as a block of code, with a fence of more backticks than any that it has."""
    fence = "`" * max([3, *(1 + len(ticks) for ticks in re.findall("`+", text))])
    return Markup("\n".join([fence, text.rstrip("\n"), fence]))


TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    finalize=plain,  # where HTML has autoescape
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)
TEMPLATES.filters |= {"code": code, "fenced": fenced}


def render(template, **values):
    """A template of the kit, filled in; whatever is in the values stands in the text as it is.

    Args:
        template: path in the package, such as "evaluation/run.md.j2".
        **values: that the template names.

    Returns:
        Text in Markdown.
    """
    return TEMPLATES.get_template(template).render(values)
