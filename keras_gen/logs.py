"""What the kit tells while it works: lines of the logger "keras_gen"."""

import contextlib
import logging
import sys

log = logging.getLogger("keras_gen")


class Lines(logging.StreamHandler):
    """Prints plain lines, unless the program that imports the kit handles logs itself."""

    def emit(self, record):
        if not logging.root.handlers:
            self.stream = sys.stdout  # which notebooks and tests replace
            super().emit(record)


log.setLevel(logging.INFO)
log.addHandler(Lines())


@contextlib.contextmanager
def handled_by(handler):
    """Has a `logging.Handler` in the place of the kit's own, while it is entered."""
    before = log.handlers
    log.handlers = [handler]
    try:
        yield
    finally:
        log.handlers = before


@contextlib.contextmanager
def quiet():
    """Leaves out what is no error, while it is entered."""
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
