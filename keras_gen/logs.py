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
    before = log.handlers, log.propagate
    # Libraries give the root logger a handler by the way, which would print each line once more.
    log.handlers, log.propagate = [handler], False
    try:
        yield
    finally:
        log.handlers, log.propagate = before


def _is_no_advice_on_tracing(record):
    return "triggered tf.function retracing" not in record.getMessage()


@contextlib.contextmanager
def quiet():
    """Leaves out what is no error, while it is entered.

    Also TensorFlow's advice to trace a function once alone: models that are made one after the other each
    have to trace theirs.
    """
    before, tensorflow = log.level, logging.getLogger("tensorflow")
    log.setLevel(logging.ERROR)
    tensorflow.addFilter(_is_no_advice_on_tracing)
    try:
        yield
    finally:
        tensorflow.removeFilter(_is_no_advice_on_tracing)
        log.setLevel(before)
