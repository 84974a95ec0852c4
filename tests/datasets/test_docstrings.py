import string
import sysconfig

import pytest

from keras_gen.datasets.docstrings import read_docstrings
from keras_gen.errors import InputError

MODULE = '''"""The module tells\tof   many
things.  It goes on, e.g. here, "as if" nothing (at all) had happened.

    Indented lines are left out.

So is what they are beneath,
    as they are here.

- Lists are left out as well.

The second paragraph isn't left out.
"""

class Thing:
    """Keeps a 'thing' -- or 2.5 of them -- for non-technical users of HTTP servers; it lasts."""

    async def wait(self):
        """Waits along the x-axis, on systems of one kind (e.g. Windows) as on others."""

        def inner():
            """A docstring within a function within a class."""
            """A string that documents nothing at all."""

    def skip(self):
        """The module tells of many things. Too short this.

        a lower case letter starts this.

        This one ends without a full stop

        These words are TOO_MANY.

        Call fetch_all for the rest. Call fetch() for the rest. Call fetchAll for the rest.
        Ask os.path for the rest.
        The sum a + b is small. It needs x more than that. It moves NAME to another place. XXX is still to do.
        These are the choices: red and blue. It opens (but never closes the paren.
        It opens "but never closes the quote.
        It has `marks` around a word. It is the last one, eg. This one.
        It keeps apples, pears etc. and many more.
        Это не по-английски написано. Why would this be kept?
        """
'''.replace("TOO_MANY", "words " * 21 + "more")

KEPT = [
    "The module tells of many things.",
    'It goes on, e.g. here, "as if" nothing (at all) had happened.',
    "The second paragraph isn't left out.",
    "Keeps a 'thing' -- or 2.5 of them -- for non-technical users of HTTP servers; it lasts.",
    "Waits along the x-axis, on systems of one kind (e.g. Windows) as on others.",
    "A docstring within a function within a class.",
]


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Makes a standard library of these files, name -> text."""

    def make(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(sysconfig, "get_path", {"stdlib": str(tmp_path)}.get)

    return make


def test_prose_alone_is_kept(library):
    library({"module.py": MODULE})
    assert sorted(read_docstrings()) == sorted(KEPT)


def test_files_are_read_in_one_order_without_tests_and_what_is_installed(library):
    names = ("a.py", "c.py", "b/a.py", "b/c/a.py", "b/c/b.py", "d/a.py")
    left_out = ("site-packages", "dist-packages", "test", "b/tests", "idlelib/idle_test", "__pycache__")
    files = {name: f'"""This is file number {i}."""' for i, name in enumerate(names)}
    files |= {f"{name}/a.py": f'"""This is left out, number {i}."""' for i, name in enumerate(left_out)}
    files |= {"b/broken.py": '"""This file is not Python."""\n(', "b/null.py": '"""This file has a NUL."""\0'}
    files |= {"b/text.txt": '"""This file is not a module."""'}
    library(dict(sorted(files.items(), reverse=True)))
    assert read_docstrings() == [f"This is file number {i}." for i in range(len(names))]


def test_modules_are_not_imported(library):
    library({"module.py": '"""This module fails when imported."""\nraise SystemExit'})
    assert read_docstrings() == ["This module fails when imported."]


def test_a_library_without_sources_is_told_so(library):
    library({"module.pyc": ""})
    with pytest.raises(InputError, match="without its sources in .*: give a text file of your own"):
        read_docstrings()


@pytest.mark.slow
def test_the_library_holds_thousands_of_clean_sentences():
    sentences = read_docstrings()
    assert len(sentences) > 5000 and len(set(sentences)) == len(sentences)
    # As in Python 3.11 to 3.13.
    assert "Choose a random element from a non-empty sequence." in sentences
    allowed = set(string.ascii_letters + string.digits + " .,;'\"()-")
    for sentence in sentences:
        assert set(sentence) <= allowed and sentence[0] in string.ascii_uppercase and sentence[-1] == "."
        assert "  " not in sentence and 4 <= len(sentence.split(" ")) <= 24
