"""What a search found."""

import dataclasses
import math

import numpy as np

from keras_gen.recipes.report import in_cell
from keras_gen.tuners.importance import FEWEST, importance
from keras_gen.tuners.outcome import Outcome, told

EPOCHS = "tuner/epochs"  # where Hyperband keeps how far a trial is trained
SHOWN = 10


@dataclasses.dataclass(frozen=True)
class Row:
    """A trial that was measured.

    Args:
        trial: its name.
        score: mean of the measure that is searched by, over its executions.
        spread: standard deviation of it, nan of one execution.
        metrics: name -> float, the recipe's other measures.
        values: field -> value.
        epochs: that it was trained for.
    """

    trial: str
    score: float
    spread: float
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

    def table(self, most=SHOWN):
        """The best trials: (names of columns, list of rows of texts)."""
        best = self.rows[:most]
        metrics = list(best[0].metrics) if best else []
        lines = []
        for row in best:
            spread = "" if math.isnan(row.spread) else f" ± {row.spread:.2g}"
            others = [f"{row.metrics[metric]:.4g}" for metric in metrics]
            lines.append([row.trial, f"{row.score:.4g}{spread}", *others, str(row.epochs), told(row.values)])
        return ["trial", self.objective.name, *metrics, "epochs", "settings"], lines

    def what_mattered(self):
        """How much each field mattered: (names of columns, list of rows of texts)."""
        lines = [[field, f"{mean:.2f} ± {spread:.2f}"] for field, (mean, spread) in self.importance.items()]
        return ["field", "importance"], lines

    def _repr_markdown_(self):
        lines = markdown(*self.table())
        if self.importance:
            lines += ["", *markdown(*self.what_mattered())]
        return "\n".join(lines)

    def report(self, hyper, retrained=None):
        """All of it in Markdown.

        Args:
            hyper: the `HyperRecipe`.
            retrained: path of the report of the best setting's training in earnest, or None.

        Returns:
            Text.
        """
        better = "least" if self.objective.direction == "min" else "most"
        lines = [f"# Search of {hyper.recipe}", ""]
        lines += [
            f"Objective: {self.objective.name}, the {better} of it, on validation examples. {len(self.rows)} trials were measured, "
            f"{len(self.failures)} failed.",
            "",
            *markdown(*self.table()),
            "",
        ]
        if retrained is not None:
            lines += [f"The best setting, trained in earnest: [{retrained}]({retrained})", ""]
        lines += ["## What mattered", ""]
        if self.importance:
            lines += [
                "How much worse the ranks of left-out trials are predicted when a field is shuffled, mean and deviation over "
                "resampled trials: 0 tells nothing.",
                "",
                *markdown(*self.what_mattered()),
            ]
        else:
            lines += [f"Nothing can be said from fewer than {FEWEST} trials."]
        lines += ["", "## Space", "", "| field | searched |", "| --- | --- |"]
        lines += [f"| {field} | {values} |" for field, values in hyper.space.items()]
        if self.failures:
            lines += ["", "## Failures", "", "| trial | reason |", "| --- | --- |"]
            lines += [f"| {trial} | {in_cell(reason)} |" for trial, reason in self.failures.items()]
        return "\n".join(lines) + "\n"


def markdown(columns, lines):
    """A table in Markdown: list of lines."""
    return [
        f"| {' | '.join(columns)} |",
        f"|{' --- |' * len(columns)}",
        *(f"| {' | '.join(line)} |" for line in lines),
    ]
