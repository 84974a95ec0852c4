"""What a trained model is measured by, and the report that tells it."""

from keras_gen.evaluation import measures, media_measures  # noqa: F401  registers the measures of the kit
from keras_gen.evaluation.registry import (
    Measure,
    Score,
    Table,
    available,
    check_needs,
    check_taken,
    choose,
    declare,
    evaluate,
    measure,
    register,
)
from keras_gen.evaluation.report import Report

__all__ = [
    "Measure",
    "Report",
    "Score",
    "Table",
    "available",
    "check_needs",
    "check_taken",
    "choose",
    "declare",
    "evaluate",
    "measure",
    "register",
]
