"""The report of a run as a page of HTML that needs no other file: it shows, plays and explains."""

import contextlib
import dataclasses
import io

import numpy as np
import PIL.Image
import soundfile

from keras_gen.evaluation import comparison
from keras_gen.evaluation.curves import curves
from keras_gen.evaluation.report import figures
from keras_gen.html import TEMPLATES, inline, inline_picture, render
from keras_gen.media import Audio, Text

MOST_SHEETS = 8  # samples of so many moments of the training
SHEET_SIDE, PROGRESS_SIDE, EXAMPLE_SIDE = 1600, 520, 160  # pixels, to which larger pictures are brought down
FRAME = 2  # pixels of white that a grid has around its images
MOST_SOUND = 900_000  # bytes of all recordings on the page, which takes a third more
MOST_LINES, MOST_EARLY_LINES = 60, 5  # sentences of a sheet, of the finished model and of a moment before
LONGEST_NUMBER = 10_000  # above which all digits are told


@dataclasses.dataclass
class Row:
    """A measure in the table of the page, texts all: its name, direction, numbers and meaning."""

    name: str
    direction: str
    model: str
    real: str
    spread: str
    split: str
    meaning: str


@dataclasses.dataclass
class Example:
    """What is shown of an example: addresses of a picture and a sound, or None, and a text."""

    text: str
    picture: str | None = None
    sound: str | None = None


def page(report):
    """The page of a run.

    Args:
        report: a `Report`.

    Returns:
        Text of HTML, usually below 3 MB.
    """
    budget = _Budget(MOST_SOUND)
    plots = curves(report.history)
    return render(
        "evaluation/report.html.j2",
        report=report,
        rows=[*_rows(report)],
        plots=[plot for plot in plots if plot.is_main],
        more_plots=[plot for plot in plots if not plot.is_main],
        sounds=[*_sounds(report, budget)],
        progress=[
            (f"{seen:,}", _sheet(path, PROGRESS_SIDE, MOST_EARLY_LINES))
            for seen, path in _some(report.progress)
        ],
        sheets=[(path.stem, _sheet(path, SHEET_SIDE, MOST_LINES)) for path in report.sheets],
        alike={name: [*_pairs(report.media, *found, budget)] for name, found in report.alike.items()},
    )


def compared_page(found):
    """The page of a `keras_gen.runs.comparison.Comparison`: text of HTML."""
    shown = [(name, path) for name, path in zip(found.names, found.sheets, strict=True) if path]
    return render(
        "evaluation/compare.html.j2",
        names=found.names,
        rows=found.rows,
        settings=found.settings,
        same_data=found.same_data,
        samples=[(name, _sheet(path, PROGRESS_SIDE, MOST_LINES)) for name, path in shown],
    )


def told(value):
    """A number as a reader wants it: counts in full, others with four digits."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < LONGEST_NUMBER else f"{value:,.0f}"


TEMPLATES.filters |= {"told": told, "figures": figures, "meaning": comparison.meaning}


def _rows(report):
    real = report.real
    for name, value in report.metrics.items():
        if comparison.is_spread(name, report.metrics):
            continue
        ends = comparison.interval(name, report.metrics)
        yield Row(
            name,
            {"min": "lower", "max": "higher"}.get(comparison.direction(name), ""),
            told(value),
            told(real[name]) if name in real else "",
            f"{ends[0]:.3g} to {ends[1]:.3g}" if ends else "",
            report.on(name),
            comparison.meaning(name),
        )


def _some(found):
    """Evenly spaced moments of a training, first and last included."""
    places = np.unique(np.linspace(0, len(found) - 1, min(MOST_SHEETS, len(found))).astype(int))
    return [found[place] for place in places]


def _sheet(path, side, lines):
    if path.suffix == ".txt":
        text = path.read_text(encoding="utf-8", errors="replace").rstrip("\n").split("\n")
        return Example("\n".join(text[:lines]))
    with PIL.Image.open(path) as picture:
        picture.load()
    small = picture.width <= side and path.stat().st_size < 100_000
    return Example("", inline("image/png", path.read_bytes()) if small else inline_picture(picture, side))


def _sounds(report, budget):
    for path in report.sounds:
        with contextlib.suppress(OSError, soundfile.LibsndfileError):
            content = path.read_bytes()
            waveform, _ = soundfile.read(path, dtype="int16")
            sound = budget.sound(content)
            if sound:
                yield Example(path.stem, _picture(report.media, waveform), sound)


def _pairs(media, examples, nearest, distances, budget):
    """For each example itself, its nearest training example, and how far they are apart."""
    for example, other, distance in zip(examples, nearest, distances, strict=True):
        yield _example(media, example, budget), _example(media, other, budget), f"{distance:.3g}"


def _example(media, packed, budget):
    if isinstance(media, Text):
        return Example(str(media.unpack(packed[np.newaxis])[0]))
    return Example("", _picture(media, packed), budget.of(media, packed))


def _picture(media, example):
    framed = media.grid(example[np.newaxis], 1)
    return inline_picture(framed[FRAME:-FRAME, FRAME:-FRAME], EXAMPLE_SIDE)


class _Budget:
    """The bytes that are left for sound."""

    def __init__(self, left):
        self.left = left

    def of(self, media, packed):
        if not isinstance(media, Audio):
            return None
        file = io.BytesIO()
        media.save(packed, file)
        return self.sound(file.getvalue())

    def sound(self, content):
        if len(content) > self.left:
            return None
        self.left -= len(content)
        return inline("audio/wav", content)
