"""English sentences from the documentation that the Python standard library carries in its sources."""

import ast
import os
import re
import sysconfig
import warnings
from pathlib import Path

from keras_gen.errors import InputError

# What is installed beside the library, and tests, whose docstrings are often made up.
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FEWEST_WORDS, MOST_WORDS = 4, 24

# Examples, lists and tables are indented or have a mark in front.
NO_PROSE = re.compile(r"^[\s>*+:.|-]", re.MULTILINE)
# A lower-case letter goes on with a sentence that an abbreviation interrupts, as "e.g." does before any
# letter.
BREAK = re.compile(r"(?<!\.[a-z]\.)(?<!\beg\.)(?<=\.)\s+(?=[^a-z\s])")

# Capitals within a word are of code, and a single letter is a variable. Tkinter and IDLE write arguments in
# capitals, most of them long, so that of long acronyms only these pass. What a colon introduces is seldom
# prose.
ACRONYM = r"(?!XXX)[A-Z]{2,3}s?|ASCII|FIFO|HTML|HTTPS?|IDLE|JSON|MIME|POSIX|SMTP|UNIX|UUID"
PART = rf"(?:[A-Z]?[a-z]+|[AI]|{ACRONYM}|\d+(?:\.\d+)*)"
WORD = re.compile(
    rf"[\"'(]*(?![b-zB-HJ-Z]\b(?!['-])){PART}(?:['-]{PART})*[\"')]*[,;]?|\(?(?:e\.g|i\.e)\.,?|--"
)


def read_docstrings():
    """Read sentences from the docstrings of the installed standard library, none of which is imported.

    Prose alone is kept: sentences of 4 to 24 plain words, each on one line, without code and each once.

    Returns:
        List of str, the same one at each call, about 7,000 sentences; which ones depends on the version of
        Python.

    Raises:
        InputError: if the standard library is installed without its sources.
    """
    root = sysconfig.get_path("stdlib")
    # As the keys of a dict, each is kept once and in its order.
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
        # In place: which folders are walked, and in which order.
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            if name.endswith(".py"):
                yield Path(folder, name)


def _texts(path):
    """The docstrings of one module, none if it cannot be parsed."""
    try:
        # Odd escapes in somebody else's strings are not the user's to mend.
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
