"""What goes wrong in a training, as its logs show: a table of rules, each with its threshold and source."""

import csv
import dataclasses
import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from keras_gen.errors import InputError

LASTING = 3  # epochs in a row that a sign must be seen in
SETTLED = 5  # epochs before which a training has yet to find its way
LONG = 8  # epochs of a training, below which nothing is said of how it converges


class Finding(NamedTuple):
    """What is wrong.

    Args:
        name: of the rule, such as "overfitting".
        since: int, the epoch from which on it is seen, the first being 1.
        seen: what was seen, with numbers.
        advice: what to try.
    """

    name: str
    since: int
    seen: str
    advice: str

    def __str__(self):
        return f"{self.name} since epoch {self.since}: {self.seen}. Try: {self.advice}."


class History:
    """The logs of a training, epoch by epoch.

    Args:
        rows: list of dicts, one for each epoch, name -> number.
        epochs: int, how many there will be; None for as many as there are.
    """

    def __init__(self, rows, epochs=None):
        self.rows = rows
        self.length = len(rows)
        self.is_over = self.length >= (epochs or 0)

    def __getitem__(self, name):
        """The numbers of a log, NaN where it was not told: float (epochs,)."""
        return np.array([_number(row.get(name)) for row in self.rows])

    def has(self, *names):
        """Whether all of these were ever told."""
        return all(any(row.get(name) not in (None, "") for row in self.rows) for name in names)

    def costs(self):
        """What training and validation make small, two arrays, or None: the negative ELBO or the loss."""
        for name, sign in (("elbo", -1.0), ("loss", 1.0)):
            if self.has(name, f"val_{name}"):
                return sign * self[name], sign * self[f"val_{name}"]
        return None

    def rate(self):
        """The learning rate over that of the first epoch, or None where it was not told."""
        for name in ("learning_rate", "generator_learning_rate"):
            if self.has(name):
                return self[name] / self[name][0]
        return None

    def epoch(self, place):
        """The number of the epoch in a row."""
        return int(self.rows[place].get("epoch", place)) + 1


def lasting(is_so, least=LASTING):
    """The place from which on something is so without a break, at least so many times; None if it is not."""
    place = len(is_so)
    while place and is_so[place - 1]:
        place -= 1
    return place if len(is_so) - place >= least else None


# The signs: each is a function of a `History` that returns (place, what was seen) or None.


def overfitting(history):
    """Prechelt 1998 ("Early stopping - but when?"): validation gets worse by 5%, here of what was gained,
    while training goes on to get better. Of a GAN: r_v of Karras et al. 2020 (arXiv 2006.06676, equation 1)
    above 0.8, where 0 is none and 1 complete overfitting; measured here: healthy runs stay below 0.65."""
    if history.has("train_logit", "val_logit", "generated_logit"):
        train, val, fake = (history[name] for name in ("train_logit", "val_logit", "generated_logit"))
        share = np.divide(train - val, train - fake, out=np.zeros_like(train), where=train > fake)
        since = lasting(share > 0.8)
        return since is not None and (
            since,
            f"the discriminator rates validation examples {share[-1]:.0%} of the way from training to "
            "generated ones",
        )
    costs = history.costs()
    if costs is None or history.length < SETTLED:
        return None
    train, val = costs
    if not np.isfinite(val).all():
        return None
    best = int(np.argmin(val))
    gained = max(val[0] - val[best], train[0] - train[-1])
    since = lasting(val > val[best])
    if since is None or gained <= 0 or val[-1] - val[best] < 0.05 * gained or train[-1] >= train[best]:
        return None
    return (
        since,
        f"validation went from {val[best]:.4g} up to {val[-1]:.4g}, training down to {train[-1]:.4g}",
    )


def underfitting(history):
    """The second half of training gains more than 60% of what it would if it gained evenly by learning rate.
    Measured here: healthy runs of at least eight epochs gain at most 40%."""
    costs = history.costs()
    rate = history.rate()
    if costs is None or rate is None or not history.is_over or history.length < LONG:
        return None
    train, val = costs
    half = history.length // 2
    gained, late = train[0] - train[-1], train[half] - train[-1]
    even = rate[half + 1 :].sum() / rate[1:].sum()
    if not gained > 0 or late / gained < 0.6 * even or abs(val[-1] - train[-1]) > 0.5 * gained:
        return None
    return half, f"training still falls: by {late:.3g} of all {gained:.3g} in the second half"


def mode_collapse(history):
    """Samples are alike where real examples differ: their mean distance is below half that of real ones and
    has fallen by 30%, or stays below 15%. Measured here: healthy GANs begin at 20% to 30% and rise."""
    if not history.has("sample_diversity", "generator_loss"):
        return None
    spread = history["sample_diversity"]
    since = lasting((spread < 0.5) & (spread < 0.7 * np.fmax.accumulate(spread)))
    since = lasting(spread < 0.15, SETTLED) if since is None else since
    return since is not None and (
        since,
        f"two samples are {spread[-1]:.0%} as far from each other as two real examples of their class",
    )


def strong_discriminator(history):
    """A discriminator that is never wrong tells the generator little (Arjovsky & Bottou 2017, arXiv
    1701.04862, theorem 2.4), and has nothing to learn: the norm of its gradients is below a tenth of the
    generator's. Measured here: it is above in healthy runs, also while all pairs are told apart."""
    if not history.has("val_pair_accuracy", "discriminator_gradient_norm"):
        return None
    share, norms = history["val_pair_accuracy"], history["discriminator_gradient_norm"]
    since = lasting((share >= 0.99) & (norms < 0.1 * history["generator_gradient_norm"]))
    return since is not None and (
        since,
        f"{share[-1]:.1%} of pairs of a real and a generated example are told apart, its gradients have norm "
        f"{norms[-1]:.2g}, those of the generator {history['generator_gradient_norm'][-1]:.2g}",
    )


def weak_discriminator(history):
    """Pairs are told apart no better than by chance, on training examples too."""
    if not history.has("train_pair_accuracy"):
        return None
    share = history["train_pair_accuracy"]
    since = lasting(share <= 0.53)
    return since is not None and (
        since,
        f"{share[-1]:.1%} of pairs of a real and a generated example are told apart",
    )


def vanishing_gradients(history):
    """Norms that fall to a fiftieth of the first epoch's, or below 1e-6. Measured here: those of healthy runs
    stay above a tenth."""
    for name in ("gradient_norm", "generator_gradient_norm", "discriminator_gradient_norm"):
        if history.has(name):
            norms = history[name]
            since = lasting((norms < 0.02 * norms[0]) | (norms < 1e-6))
            if since is not None:
                return since, f"{name} is {norms[-1]:.2g}, and was {norms[0]:.2g} in the first epoch"
    return None


def posterior_collapse(history):
    """The latents tell next to nothing: no active unit (Burda et al. 2016, arXiv 1509.00519), or a KL below
    0.5 nats. Collapsed models of Bowman et al. 2016 (arXiv 1511.06349) come near 0; measured here: healthy
    runs are above 4."""
    for name, least in (("val_kl", 0.5), ("val_active_units", 0.5)):
        if history.has(name) and not history.has("perplexity"):
            since = lasting(history[name] < least)
            if since is not None:
                return since, f"{name} is {history[name][-1]:.2g}"
    return None


def dead_codes(history):
    """A quarter of codes stand for nothing, and no more come into use. Measured here: in healthy codebooks,
    which revive codes, about a tenth at first and then fewer."""
    if not history.has("val_dead_codes"):
        return None
    share = history["val_dead_codes"]
    since = lasting(share > 0.25, SETTLED)
    if since is None or share[-1] < 0.9 * share[-LASTING]:
        return None
    return since, f"{share[-1]:.0%} of codes are used by no validation example"


def copying(history):
    """C_T below -3: samples are nearer to training examples than held-out ones are (Meehan et al. 2020, arXiv
    2004.05675). It is seen where `val_copying` is measured."""
    if not history.has("val_copying"):
        return None
    told = np.flatnonzero(np.isfinite(history["val_copying"]))
    value = history["val_copying"][told]
    since = lasting(value < -3.0, 1)
    return since is not None and (
        told[since],
        f"C_T is {value[-1]:.3g}: samples are nearer to training examples than held-out ones",
    )


def plateau(history):
    """In the last quarter of the epochs so far, at least six, the second half gains less than 1% of all that
    was gained over the first, while the learning rate is above half of where it began."""
    costs, rate = history.costs(), history.rate()
    if costs is None or rate is None or history.length < LONG:
        return None
    half = max(LASTING, history.length // 8)
    gained = costs[0][0] - costs[0].min()
    gains = [np.mean(cost[-2 * half : -half]) - np.mean(cost[-half:]) for cost in costs]
    if max(gains) > 0.01 * gained or rate[-1] < 0.5:
        return None
    return (
        history.length - 2 * half,
        f"training gained {gains[0]:.3g} of all {gained:.3g}, validation {gains[1]:.3g}",
    )


def strange_data(history):
    """Numbers that are not finite, steps that were skipped, real examples that are all alike, or validation
    examples that cost 15% more from the first epoch on, in whose mean training costs most."""
    if history.has("skipped_steps"):
        steps = np.nan_to_num(history["skipped_steps"])
        return int(
            np.argmax(steps > 0)
        ), f"{steps[-1]:.0f} steps were skipped, of a loss or gradient not finite"
    for name in sorted({name for row in history.rows for name in row}):
        told = [row[name] for row in history.rows if row.get(name) not in (None, "")]
        if told and not math.isfinite(_number(told[-1])):
            wrong = "all real examples are alike" if name == "sample_diversity" else f"{name} is {told[-1]}"
            return history.length - 1, wrong
    costs = history.costs()
    if costs is None or history.length < LASTING:
        return None
    train, val = costs
    is_far = val[:LASTING] - train[:LASTING] > 0.15 * np.abs(train[:LASTING])
    if not is_far.all():
        return None
    return (
        0,
        f"in the first epochs validation costs {val[0]:.4g} and {val[1]:.4g}, training {train[0]:.4g} and "
        f"{train[1]:.4g}",
    )


@dataclasses.dataclass(frozen=True)
class Rule:
    """A sign and what to do about it.

    Args:
        name: of what is wrong.
        sign: function of a `History` that returns (place, what was seen), or nothing.
        advice: what to try.
    """

    name: str
    sign: Callable
    advice: str


RULES = {
    rule.name: rule
    for rule in (
        Rule(
            "data that look wrong",
            strange_data,
            "keras-gen check on the data, more data where an epoch is many passes over few, lower learning "
            "rates, clip_norm",
        ),
        Rule(
            "overfitting",
            overfitting,
            "restore_best=true, more data, augmentation, dropout, a smaller network",
        ),
        Rule("underfitting", underfitting, "more epochs, a higher learning rate, a larger network"),
        Rule(
            "mode collapse", mode_collapse, "a stronger penalty (r1, r2), the relativistic loss, augment=diff"
        ),
        Rule(
            "strong discriminator",
            strong_discriminator,
            "a stronger penalty, a lower discriminator_learning_rate, a smaller discriminator",
        ),
        Rule(
            "weak discriminator",
            weak_discriminator,
            "a higher discriminator_learning_rate, a weaker penalty, a larger discriminator",
        ),
        Rule("vanishing gradients", vanishing_gradients, "another loss or activation, less depth, a penalty"),
        Rule(
            "posterior collapse",
            posterior_collapse,
            "objective=free_bits, a warm_up of beta, a lower beta, a weaker decoder (word_dropout)",
        ),
        Rule("dead codes", dead_codes, "fewer codes (num_codes), a lower learning rate, another commitment"),
        Rule("copying", copying, "more data, fewer epochs, a smaller network, augmentation"),
        Rule("plateau", plateau, "a lower learning rate, or stop here"),
    )
}


def diagnose(history, epochs=None):
    """What goes wrong in a training.

    Args:
        history: path of a `history.csv`, list of dicts (one for each epoch), or what Keras' `fit` returns.
        epochs: int, how many there will be; None for as many as there are.

    Returns:
        List of `Finding`s that hold at the end of what is told, in the order of `RULES`.

    Raises:
        InputError: the file cannot be read.

    Example:

    >>> from keras_gen.callbacks import diagnose
    >>> rows = [{"loss": 9 - epoch, "val_loss": 5 + abs(epoch - 3)} for epoch in range(8)]
    >>> [(finding.name, finding.since) for finding in diagnose(rows)]
    [('overfitting', 5)]
    """
    told = History(_rows(history), epochs)
    if not told.length:
        return []
    findings = []
    for rule in RULES.values():
        with np.errstate(invalid="ignore"):
            found = rule.sign(told)
        if found:
            findings.append(Finding(rule.name, told.epoch(found[0]), found[1], rule.advice))
    return findings


def _rows(history):
    if isinstance(history, keras.callbacks.History):
        columns = history.history
        length = max(map(len, columns.values()), default=0)
        # What is logged now and then has fewer numbers than epochs, of which Keras does not tell which.
        whole = {name: values for name, values in columns.items() if len(values) == length}
        return [
            {"epoch": epoch, **{name: values[place] for name, values in whole.items()}}
            for place, epoch in enumerate(history.epoch)
        ]
    if isinstance(history, list):
        return history
    try:
        with open(history, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise InputError(f"{history} cannot be read: {error.strerror}.") from error


def _number(value):
    return math.nan if value in (None, "") else float(value)
