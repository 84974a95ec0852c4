"""What is in a source, and what may be wrong with it."""

from keras_gen.datasets.checks.check import check
from keras_gen.datasets.checks.findings import Findings

__all__ = ["Findings", "check"]
