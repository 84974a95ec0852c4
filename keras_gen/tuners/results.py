"""What a search found."""

import dataclasses
import math

import numpy as np

from keras_gen.markdown import render
from keras_gen.tuners.importance import FEWEST, importance
from keras_gen.tuners.kerastuner_internals import EPOCHS
from keras_gen.tuners.outcome import Outcome, told

SHOWN = 10


@dataclasses.dataclass(frozen=True)
class Row:
    """A trial that was measured.

    Args:
        trial: its name.
        score: mean of the measure that is searched by, over its executions.
        spread: standard deviation of it, nan of one execution.
        interval: (low, high), its interval at 95%, mean over executions; None where the measure has none.
        metrics: name -> float, the recipe's other measures.
        values: field -> value.
        epochs: that it was trained for.
    """

    trial: str
    score: float
    spread: float
    interval: tuple | None
    metrics: dict
    values: dict
    epochs: int


class Results:
    """The trials of a search.

    Args:
        tuner: a `RecipeTuner` whose search is over.

    Attributes:
        objective: `keras_tuner.Objective`.
        rows: list of `Row`, the best first.
        failures: dict, name of a trial -> why it failed.
        importance: field -> (mean, deviation), see `importance`.
    """

    def __init__(self, tuner):
        hyper, oracle = tuner.hypermodel, tuner.oracle
        self.objective = oracle.objective
        self.rows, self.failures = [], {}
        for name in oracle.start_order:
            trial, outcome = oracle.trials[name], Outcome.read(tuner.get_trial_dir(name))
            if trial.status == "FAILED":
                self.failures[name] = outcome.reason if outcome and outcome.reason else "Unknown."
            if trial.status != "COMPLETED" or outcome is None:
                continue
            scores = [execution[self.objective.name] for execution in outcome.executions]
            self.rows.append(
                Row(
                    trial.trial_id,
                    trial.score,
                    float(np.std(scores, ddof=1)) if len(scores) > 1 else math.nan,
                    self._interval(outcome.metrics),
                    {name: outcome.metrics[name] for name in hyper.secondary if name in outcome.metrics},
                    hyper.declare(trial.hyperparameters),
                    trial.hyperparameters.values.get(EPOCHS, hyper.short.epochs),
                )
            )
        self.rows.sort(key=lambda row: row.score, reverse=self.objective.direction == "max")
        self.importance = importance(
            [{**row.values, "epochs": row.epochs} for row in self.rows],
            [row.score for row in self.rows],
            ignored=["epochs"],
        )

    def _interval(self, metrics):
        ends = [f"{self.objective.name}_{end}" for end in ("low", "high")]
        return tuple(metrics[end] for end in ends) if all(end in metrics for end in ends) else None

    def table(self, most=SHOWN):
        """The best trials: (names of columns, list of rows of texts)."""
        best = self.rows[:most]
        metrics = list(best[0].metrics) if best else []
        lines = []
        for row in best:
            spread = "" if math.isnan(row.spread) else f" ± {row.spread:.2g}"
            if row.interval:
                spread += " ({:.4g} to {:.4g})".format(*row.interval)
            others = [f"{row.metrics[metric]:.4g}" for metric in metrics]
            lines.append([row.trial, f"{row.score:.4g}{spread}", *others, str(row.epochs), told(row.values)])
        return ["trial", self.objective.name, *metrics, "epochs", "settings"], lines

    def what_mattered(self):
        """How much each field mattered: (names of columns, list of rows of texts)."""
        lines = [[field, f"{mean:.2f} ± {spread:.2f}"] for field, (mean, spread) in self.importance.items()]
        return ["field", "importance"], lines

    def _repr_markdown_(self):
        tables = [self.table(), *([self.what_mattered()] if self.importance else [])]
        return "\n".join(
            render("evaluation/table.md.j2", columns=columns, rows=rows) for columns, rows in tables
        )

    def report(self, hyper, retrained=None):
        """All of it in Markdown.

        Args:
            hyper: the `HyperRecipe`.
            retrained: path of the report of the best setting's training in full, or None.

        Returns:
            Text.
        """
        return render(
            "tuners/search.md.j2",
            recipe=hyper.recipe,
            objective=self.objective,
            measured=len(self.rows),
            trials=self.table(),
            mattered=self.what_mattered(),
            fewest=FEWEST,
            space=hyper.space,
            failures=self.failures,
            retrained=retrained,
        )
