"""The model card of a run, after Mitchell et al. 2019, arXiv 1810.03993."""

import hashlib
import re

from keras_gen.evaluation import comparison
from keras_gen.files import write_atomically
from keras_gen.logs import log
from keras_gen.markdown import TEMPLATES, render
from keras_gen.media import Audio, Image

MARK = "<!-- keras_gen wrote this, and writes it again while it has this checksum: {} -->\n"
TEMPLATES.filters["meaning"] = comparison.meaning


def card(report):
    """The model card of a run, filled in as far as the run tells, with questions for its author.

    Args:
        report: a `Report`.

    Returns:
        Text in Markdown, with front matter as the Hugging Face hub reads it.
    """
    names = report.dataset.class_names or {}
    kinds = {"pipeline": None, "names": ["keras", "keras_gen", report.kind.lower()]}
    if isinstance(report.media, Image):
        kinds["pipeline"] = "unconditional-image-generation"
    elif not isinstance(report.media, Audio):
        kinds["pipeline"] = "text-generation"
    return render(
        "evaluation/model_card.md.j2",
        report=report,
        tags=kinds,
        classes=list((names if isinstance(names, dict) else {"class": names}).items()),
        metrics=[name for name in report.metrics if comparison.meaning(name)],
    )


def write_card(report, path):
    """Writes the model card, unless somebody has changed the one that is there.

    Args:
        report: a `Report`.
        path: `pathlib.Path` of the card.

    Returns:
        Whether it was written.
    """
    if path.exists() and not is_untouched(path):
        log.info("%s is kept as it is, since it was changed", path)
        return False
    text = card(report)
    write_atomically(path, text + MARK.format(_checksum(text)))
    return True


def is_untouched(path):
    """Whether a card is as the kit wrote it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    body, _, last = text.rstrip("\n").rpartition("\n")
    found = re.fullmatch(MARK.strip().replace("{}", "([0-9a-f]+)"), last)
    return bool(found) and found[1] == _checksum(body + "\n")


def _checksum(text):
    return hashlib.sha256(text.encode("utf-8", errors="backslashreplace")).hexdigest()
