"""Shows doctests in docstrings as code: Markdown would take `>>>` for a quotation."""

import inspect
import re

from griffe import Extension

EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*?(?=^\s*$|\Z)", re.MULTILINE | re.DOTALL)


def fenced(text):
    """A docstring whose doctests are fenced."""
    text = re.sub(r"^Example:$", "**Example**", inspect.cleandoc(text), flags=re.MULTILINE)
    return EXAMPLE.sub(lambda found: f"```pycon\n{inspect.cleandoc(found[0])}\n```\n", text)


class Doctests(Extension):
    """Fences the doctests of every docstring that is read."""

    def on_instance(self, *, obj, **kwargs):
        if obj.docstring and ">>> " in obj.docstring.value:
            obj.docstring.value = fenced(obj.docstring.value)
