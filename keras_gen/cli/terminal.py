"""What goes between the commands and the terminal."""

import contextlib
import io
import os
import sys
import unicodedata

import typer
from rich.console import Console
from rich.highlighter import NullHighlighter
from rich.logging import RichHandler

import keras_gen


def start_tensorflow():
    """Imports TensorFlow under a line that says what is being waited for, and without its start-up talk."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with Console().status("Starting TensorFlow"), _silenced_stderr():
        keras_gen.require_tensorflow_backend()
        import tensorflow as tf

        tf.config.list_physical_devices()
        tf.get_logger().setLevel("ERROR")  # it warns of graphs that trials and phases have each of their own


@contextlib.contextmanager
def _silenced_stderr():
    """Keeps what native code writes to file descriptor 2 from the terminal; exceptions still reach it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def say(text):
    """Prints a line as it is, whatever names of files and classes are in it."""
    print(one_line(text), flush=True)


def show_table(rows):
    """Prints rows of texts, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def one_line(text):
    """A text without what would break its line or command a terminal."""
    return "".join(
        " "
        if character == "\n"
        else repr(character)[1:-1]
        if unicodedata.category(character) == "Cc"
        else character
        for character in str(text)
    )


class LogLines(RichHandler):
    """Prints what the kit tells as lines, with colors where a terminal shows them."""

    def __init__(self):
        plain = NullHighlighter() if os.environ.get("NO_COLOR") else None  # rich would still print bold
        super().__init__(console=Console(soft_wrap=True), highlighter=plain)

    def format(self, record):
        return one_line(super().format(record))

    def render(self, *, record, traceback, message_renderable):
        return message_renderable  # without columns for the time and the level

    def handleError(self, record):
        raise


@contextlib.contextmanager
def stopped(what_is_left):
    """Tells what a stopped command has left, the text of `what_is_left()`, and ends as the signal asks."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        say(f"Stopped: {what_is_left()}")
        raise typer.Exit(130 if isinstance(end, KeyboardInterrupt) else end.code) from end


def complain(text):
    print(f"keras-gen: {one_line(text)}", file=sys.stderr)


class _Outlet(io.FileIO):
    """Standard output or error. Once nobody reads it, it goes nowhere, and the command goes on."""

    def write(self, data):
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


@contextlib.contextmanager
def streams():
    """Has output that is closed, not read or of another encoding disturb nothing."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(
                os.devnull, os.O_RDWR
            )  # or the next file would take its number, and what is told would go there
    kept = sys.stdout, sys.stderr
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__"):  # and no notebook's, or test's
            encoding = "utf-8" if stream is None else stream.encoding
            outlet = io.BufferedWriter(_Outlet(number, "w", closefd=False))
            setattr(sys, name, io.TextIOWrapper(outlet, encoding, "backslashreplace", line_buffering=True))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        sys.stdout, sys.stderr = kept
