"""What the kit tells reaches a notebook, and a program that handles logs itself gets it once."""

import subprocess
import sys

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


HANDLED = """
import logging, sys
from keras_gen.logs import handled_by, log
with handled_by(logging.StreamHandler(sys.stdout)):
    logging.warning("of a library")  # gives the root logger a handler
    log.info("once")
log.info("again")
"""


def test_what_a_command_handles_is_not_told_by_the_root_logger_too():
    ran = subprocess.run([sys.executable, "-c", HANDLED], capture_output=True, text=True, check=True)
    assert ran.stdout == "once\n"
    assert ran.stderr == "WARNING:root:of a library\nINFO:keras_gen:again\n"


TRACING = """
import tensorflow as tf
from keras_gen.logs import quiet
with quiet():
    for _ in range(7):
        tf.function(lambda x: x + 1)(1)
print("after", flush=True)
for _ in range(7):
    tf.function(lambda x: x + 1)(1)
"""


def test_models_one_after_the_other_are_no_reason_for_advice_on_tracing():
    """In a process of its own, since others trace functions too."""
    command = [sys.executable, "-c", TRACING]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    within, _, after = ran.stdout.partition("after")
    assert "triggered tf.function retracing" not in within
    assert "triggered tf.function retracing" in after
