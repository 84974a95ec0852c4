"""English sentences from the documentation that the Python standard library carries in its sources."""

import ast
import os
import re
import sysconfig
import warnings
from pathlib import Path

from keras_gen.errors import InputError

# Packages installed beside the library, and tests, whose docstrings are often made up.
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FEWEST_WORDS, MOST_WORDS = 4, 24

# Examples, lists and tables are indented or have a mark in front.
NO_PROSE = re.compile(r"^[\s>*+:.|-]", re.MULTILINE)
# A sentence goes on behind an abbreviation: before a lower-case letter, and behind "e.g." before any.
BREAK = re.compile(r"(?<!\.[a-z]\.)(?<!\beg\.)(?<=\.)\s+(?=[^a-z\s])")

# Words with inner capitals are code, and single letters are variables. Tkinter and IDLE write long arguments
# in capitals, so only these long acronyms pass. Text behind a colon is seldom prose.
ACRONYM = r"(?!XXX)[A-Z]{2,3}s?|ASCII|FIFO|HTML|HTTPS?|IDLE|JSON|MIME|POSIX|SMTP|UNIX|UUID"
PART = rf"(?:[A-Z]?[a-z]+|[AI]|{ACRONYM}|\d+(?:\.\d+)*)"
WORD = re.compile(
    rf"[\"'(]*(?![b-zB-HJ-Z]\b(?!['-])){PART}(?:['-]{PART})*[\"')]*[,;]?|\(?(?:e\.g|i\.e)\.,?|--"
)


def read_docstrings():
    """Read sentences from the docstrings of the standard library, without importing it.

    Kept are sentences of 4 to 24 plain words without code, each once.

    Returns:
        About 7,000 sentences, a list of str in a fixed order; they depend on the version of Python.

    Raises:
        InputError: if the standard library is installed without its sources.
    """
    root = sysconfig.get_path("stdlib")
    # The keys of a dict keep each sentence once, in order.
    sentences = list(
        dict.fromkeys(
            sentence for path in _sources(root) for text in _texts(path) for sentence in _sentences(text)
        )
    )
    if not sentences:
        raise InputError(
            f"Python's standard library is installed without its sources in {root}: give a text file of your "
            "own, such as sentences.txt with one sentence a line."
        )
    return sentences


def _sources(root):
    for folder, folders, names in os.walk(root):
        # In place, since os.walk reads it: skips folders and sorts the others.
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            if name.endswith(".py"):
                yield Path(folder, name)


def _texts(path):
    """The docstrings of one module, none if it cannot be parsed."""
    try:
        # Warnings about escapes in others' strings do not concern the user.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    return [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, DOCUMENTED)]


def _sentences(text):
    for paragraph in re.split(r"\n\s*\n", text):
        if not NO_PROSE.search(paragraph):
            yield from filter(_is_english, BREAK.split(" ".join(paragraph.split())))


def _is_english(sentence):
    words = sentence[:-1].split()
    return (
        sentence[:1].isupper()
        and sentence.endswith(".")
        and FEWEST_WORDS <= len(words) <= MOST_WORDS
        and all(WORD.fullmatch(word) for word in words)
        and sentence.count("(") == sentence.count(")")
        and sentence.count('"') % 2 == 0
    )
