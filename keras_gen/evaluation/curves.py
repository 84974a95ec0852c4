"""Logs of a training as small plots in SVG, which a page draws in its own colors."""

import math
from typing import NamedTuple

WIDTH, HEIGHT = 320, 170
LEFT, RIGHT, TOP, BOTTOM = 62, 8, 8, 20  # what is around the lines; numbers such as -1.23e-05 on the left
EARLY = 0.25  # share of the epochs whose values do not decide the range where they lie far off
FAR = 5  # times the range of the others
MAIN = ("loss", "elbo", "nll", "kl", "reconstruction")  # words in the names of logs that a reader looks for


class Curve(NamedTuple):
    """The plot of a log.

    Args:
        name: of the log.
        svg: the plot, of numbers alone.
        last: the last value of training, or None.
        last_val: that of validation, or None.
        is_main: whether a reader looks for it first.
    """

    name: str
    svg: str
    last: float | None
    last_val: float | None
    is_main: bool


def curves(history):
    """The plots of a training's logs, each with that of the validation data beside.

    Args:
        history: list of dicts, log -> float, an epoch each, as in `history.csv`.

    Returns:
        List of `Curve`, those that a reader looks for first.
    """
    names = [name for name in dict.fromkeys(key for row in history for key in row) if name != "epoch"]
    epochs = [row.get("epoch", place) + 1 for place, row in enumerate(history)]
    found = []
    for name in names:
        pair = name.removeprefix("val_")
        if name != pair and pair in names:
            continue
        lines = [[row.get(key, math.nan) for row in history] for key in (pair, f"val_{pair}")]
        lasts = [next((value for value in reversed(line) if math.isfinite(value)), None) for line in lines]
        if lasts != [None, None]:
            main = any(word in pair for word in MAIN)
            found.append(Curve(pair, _plot(epochs, lines), *lasts, main))
    return sorted(found, key=lambda curve: not curve.is_main)


def _plot(epochs, lines):
    low, high = _range(lines)
    first, last = epochs[0], max(epochs[-1], epochs[0] + 1)

    def x(epoch):
        return LEFT + (WIDTH - LEFT - RIGHT) * (epoch - first) / (last - first)

    def y(value):
        inside = min(max((value - low) / (high - low), -1.0), 2.0)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * inside

    middle = (low + high) / 2
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><svg x="{LEFT}" y="{TOP}" '
        f'width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}" '
        f'viewBox="{LEFT} {TOP} {WIDTH - LEFT - RIGHT} {HEIGHT - TOP - BOTTOM}">'
    ]
    parts += [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        for value in (low, middle, high)
    ]
    for line, kind in zip(lines, ("first", "second"), strict=True):
        for piece in _pieces(epochs, line):
            places = [(f"{x(epoch):.1f}", f"{y(value):.1f}") for epoch, value in piece]
            if len(places) == 1:
                (left, top), *_ = places
                parts.append(f'<circle class="{kind}" cx="{left}" cy="{top}" r="2.5"/>')
            else:
                parts.append(f'<polyline class="{kind}" points="{" ".join(map(",".join, places))}"/>')
    parts.append("</svg>")
    parts += [
        f'<text x="{LEFT - 5}" y="{y(value) + 4:.1f}" text-anchor="end">{_figure(value)}</text>'
        for value in (low, middle, high)
    ]
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 5}">epoch {first:g}</text>')
    if len(epochs) > 1:
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end">{epochs[-1]:g}</text>')
    return "".join([*parts, "</svg>"])


def _figure(value):
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _range(lines):
    """The least and the greatest value to show, without those of the first epochs that lie far off."""
    later = [value for line in lines for value in line[int(EARLY * len(line)) :] if math.isfinite(value)]
    every = [value for line in lines for value in line if math.isfinite(value)]
    low, high = min(every), max(every)
    if later and high - low > FAR * (max(later) - min(later)) > 0:
        low, high = min(later), max(later)
    pad = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - pad, high + pad


def _pieces(epochs, line):
    """The parts of a line between epochs without a value: lists of (epoch, value)."""
    pieces = [[]]
    for epoch, value in zip(epochs, line, strict=True):
        if math.isfinite(value):
            pieces[-1].append((epoch, value))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]
