"""What the kit tells reaches a notebook, and a program that handles logs itself gets it once."""

import subprocess
import sys

import tensorflow as tf

from keras_gen.logs import quiet

SCRIPT = """
import logging
from keras_gen.logs import log, quiet
log.info("%s of [/x]", 3)
with quiet():
    log.info("a trial's own")
    log.error("an error")
logging.basicConfig(format="mine: %(message)s")
log.info("once")
"""


def test_lines_are_plain_and_told_once():
    """In a process of its own, since pytest handles logs itself."""
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert ran.stdout == "3 of [/x]\nan error\n"
    assert ran.stderr == "mine: once\n"


def test_models_one_after_the_other_are_no_reason_for_advice_on_tracing(caplog):
    def told(function):
        for _ in range(7):
            tf.function(function)(1)
        return any("retracing" in record.getMessage() for record in caplog.records)

    tf.get_logger().addHandler(caplog.handler)
    try:
        with quiet():
            assert not told(lambda x: x + 1)
        assert told(lambda x: x + 2)
    finally:
        tf.get_logger().removeHandler(caplog.handler)
