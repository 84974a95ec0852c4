"""What a scored run leaves to be read: reports, a model card, and scores for other programs."""

import csv
import datetime
import json
import math
import platform
from pathlib import Path

from keras_gen import recipes
from keras_gen.cores import available_cores
from keras_gen.errors import InputError
from keras_gen.evaluation import Report
from keras_gen.evaluation.card import write_card
from keras_gen.evaluation.page import page
from keras_gen.export import description
from keras_gen.files import read_json, write_atomically
from keras_gen.recipes.settings import table

SCORES, CONFIG = "scores.json", "config.json"


def write_reports(run, recipe, config, dataset, model, scores, metrics, split="test"):
    """Writes all reports of a scored model, `metrics.json` last.

    Of another split than "test" there are reports and scores of its own, such as `scores-val.json`, and what
    the test split has is left as it is.

    Args:
        run: a `Run`, with its sheets.
        recipe: name of the recipe.
        config: of the recipe.
        dataset: its `Dataset`.
        model: trained.
        scores: list of `Score`s.
        metrics: dict, name -> number.
        split: name of the split that they are of.
    """
    report = Report(
        recipe=recipes.short_name(recipe),
        about=(recipes.get(recipe).__doc__ or "").strip().partition("\n")[0],
        kind=type(model).__name__,
        networks={each.name: each.count_params() for each in model.exported_networks() if each.weights},
        settings=[(field, value, meaning) for field, value, _, _, meaning in table(config, {})[1]],
        dataset=dataset,
        scores=scores,
        metrics=metrics,
        sheets=run.sheets(),
        history=history(run.history_file),
        progress=progress(run.folder / "samples"),
        sounds=sorted(run.sounds.glob("*.wav")),
        diagnosis=diagnosis(run.diagnosis_file),
        made=made(run),
        split=split,
    )
    write_atomically(run.of_split(run.page_file, split), page(report))
    write_atomically(run.of_split(run.report_file, split), report.markdown())
    write_atomically(run.of_split(run.scores_file, split), json.dumps(taken(report), indent=2) + "\n")
    if split == "test":
        write_card(report, run.card_file)
        write_atomically(run.metrics_file, json.dumps(metrics, indent=2) + "\n")


def taken(report):
    """The scores of a `Report` and how they were taken: dict that JSON can hold."""
    return {
        "recipe": report.recipe,
        "data": str(report.dataset),
        "data_fingerprint": report.fingerprint,
        "split": report.split,
        "data_license": getattr(report.dataset, "license", None),
        "metrics": report.metrics,
        "real": report.real,
        "conditions": report.conditions,
    }


def history(path):
    """The logs of `history.csv`: list of dicts, log -> float, an epoch each; none where it is damaged."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [
                {name: float(value) if value else math.nan for name, value in row.items()}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, AttributeError, csv.Error):
        return []
    return rows


def progress(folder):
    """The sheets of samples of a training, in their order: list of (examples seen, path)."""
    found = [path for path in folder.glob("*") if path.stem.isdecimal() and path.suffix in (".png", ".txt")]
    return sorted((int(path.stem), path) for path in found)


def diagnosis(path):
    """What a diagnosis found: list of dicts of texts, `name`, `since`, `seen` and `advice`."""
    try:
        found = read_json(path)
    except InputError:  # nothing was found, or the file is damaged
        return []
    found = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return [{name: str(each.get(name, "")) for name in ("name", "since", "seen", "advice")} for each in found]


def made(run):
    """What a run was made with, where and when: list of (what, text)."""
    begun = recipes.saved(run.config_file).get(recipes.VERSIONS)
    versions = begun if isinstance(begun, dict) else recipes.versions()
    now = datetime.datetime.now(datetime.UTC)
    return [
        *((name, str(version)) for name, version in versions.items()),
        ("Python", platform.python_version()),
        ("machine", machine()),
        ("scored", f"{now:%Y-%m-%d %H:%M} UTC"),
    ]


def machine():
    """The processor or accelerator of this machine, in words."""
    import tensorflow as tf

    devices = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.get_visible_devices("GPU")]
    names = [details.get("device_name", "GPU") for details in devices]
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8", errors="replace").split("\n")
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        processor = next(named, processor)
    return ", ".join([*names, f"{available_cores()} cores of {processor}", platform.system()])


def add_scores(run, savedmodel):
    """Keeps in a SavedModel the scores of its run, its model card, and the settings without where the data
    lie.
    """
    if not run.scores_file.is_file() or not Path(savedmodel).is_dir():
        return
    scores = read_json(run.scores_file)
    settings = recipes.saved(run.config_file) | {"data": "", "start": None, "frozen": "none"}
    files = {SCORES: run.scores_file.read_bytes(), CONFIG: f"{json.dumps(settings, indent=2)}\n".encode()}
    if run.card_file.is_file():
        files[run.card_file.name] = run.card_file.read_bytes()
    known = {name: scores[name] for name in ("metrics", "real", "conditions") if name in scores}
    description.add(savedmodel, files, license=scores.get("data_license"), **known)
