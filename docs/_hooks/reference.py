"""Writes the reference of the site from the code: Python, recipes, measures, the command line."""

import inspect
import re

import click
import typer
from typer.cli import get_docs_for_click

import keras_gen as kg
from keras_gen import recipes
from keras_gen.cli import app
from keras_gen.evaluation.registry import MEASURES, NEEDS
from keras_gen.recipes import settings
from keras_gen.recipes.settings import Part

PARTS = "recipes/parts"


def chapters():
    """All pages: dict, title of a chapter -> dict, name of a page -> Markdown."""
    return {
        "Python": python_pages(),
        "Recipes": recipe_pages(),
        "Measures": {"measures": measures_page()},
        "Command line": {"command-line": command_page()},
    }


def public_names():
    """What a user writes, such as "keras_gen.losses.R1", by page: dict, title -> dict, name -> object."""
    rooms = {name: getattr(kg, name) for name in kg.__all__ if inspect.ismodule(getattr(kg, name))}
    found = {"keras_gen": {f"keras_gen.{n}": getattr(kg, n) for n in kg.__all__ if n not in rooms}}
    for room, module in rooms.items():
        names = {f"keras_gen.{room}.{name}": each for name, each in _members(module).items()}
        # A name stands once, where it is shortest.
        found[f"keras_gen.{room}"] = {
            name: each for name, each in names.items() if each not in found["keras_gen"].values()
        }
    return {title: names for title, names in found.items() if names}


def _members(module):
    """The public classes and functions of a module."""
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    members = {name: getattr(module, name) for name in names}
    return {
        name: each
        for name, each in members.items()
        if not inspect.ismodule(each)
        and (hasattr(module, "__all__") or getattr(each, "__module__", "") == module.__name__)
    }


def python_pages():
    """A page for each module of the package: mkdocstrings reads the docstrings when the page is made."""
    pages = {}
    for title, names in public_names().items():
        module = inspect.getdoc(inspect.getmodule(kg) if title == "keras_gen" else _room(title))
        lines = [f"# {title}", "", module.replace("`__init__.pyi` lists the names. ", "")]
        for name in names:
            lines += ["", f"::: {name}", "    options:", f"      heading: {name}"]
            lines += [f"      toc_label: {name.rpartition('.')[2]}"]
        pages[f"python/{title}"] = "\n".join(lines)
    return pages


def _room(title):
    return getattr(kg, title.partition(".")[2])


def recipe_pages():
    """A page for each recipe, and one for the parts that it may have in place of its own."""
    pages = {f"recipes/{name}": _recipe_page(name) for name in recipes.NAMES}
    return pages | {PARTS: _parts_page()}


def _recipe_page(name):
    module, presets = recipes.get(name), recipes.presets_of(name)
    lines = [f"# {name}", "", _about(inspect.getdoc(module))]
    if presets:
        lines += ["", "## Presets", "", "| `--preset` | settings |", "| --- | --- |"]
        for preset, fields in presets.items():
            told = " ".join(f"{field}={settings.told(value)}" for field, value in fields.items())
            lines.append(_row(f"`{preset}`", f"`{told}`" if told else "the recipe's own"))
    lines += [
        "",
        "## Fields",
        "",
        f"What `keras-gen show {name}` prints. What stands in place of a part: [parts](parts.md).",
    ]
    lines += ["", "| field | value | takes | meaning |", "| --- | --- | --- | --- |"]
    _, rows = settings.table(module.recipe, module.space)
    for field, value, takes, searched, meaning in rows:
        meaning += f"; a search takes {searched}" if searched else ""
        lines.append(_row(f"`{field}`", f"`{value}`" if value else "", takes, meaning))
    return "\n".join(lines)


def _about(docstring):
    """A recipe's docstring, whose last lines are such as "Time: 75 seconds"."""

    def item(found):
        text = " ".join(found[2].split())
        return f"- {found[1]}: `{text}`" if found[1] == "Command" else f"- {found[1]}: {text}"

    return re.sub(r"^([A-Z]\w+): (.*(?:\n .*)*)", item, docstring, flags=re.MULTILINE)


def _parts_page():
    """Every kind of every part of the recipes, such as `network=r3gan`."""
    lines = [
        "# Parts of recipes",
        "",
        "A field such as `network` holds a part, whose kind says what it has: `--set network=r3gan`.",
    ]
    for (field, kind), part in sorted(_parts(), key=lambda found: found[0]):
        lines += ["", f"## {field}={kind}", "", inspect.cleandoc(vars(part)["__doc__"] or "")]
        rows = [(n, f) for n, f in part.model_fields.items() if n != "kind"]
        if rows:
            lines += ["", "| field | default | takes | meaning |", "| --- | --- | --- | --- |"]
        for name, each in rows:
            default = "" if each.is_required() else getattr(each.default, "kind", settings.told(each.default))
            lines.append(_row(f"`{name}`", f"`{default}`", settings.takes(each), each.description or ""))
    return "\n".join(lines)


def _parts():
    found = {}

    def walk(part):
        for name, field in part.model_fields.items():
            for kind, each in settings.kinds_of(field).items():
                found.setdefault((name, kind), each)
                walk(each)
            if isinstance(field.annotation, type) and issubclass(field.annotation, Part):
                walk(field.annotation)

    for name in recipes.NAMES:
        walk(type(recipes.get(name).recipe))
    return found.items()


def measures_page():
    """Every registered measure."""
    lines = [
        "# Measures",
        "",
        "What `metrics.json` and the reports name. A `*` stands for the name of a label or factor.",
        "",
        "| measure | better | meaning | needs | of |",
        "| --- | --- | --- | --- | --- |",
    ]
    better = {"min": "lower", "max": "higher", None: ""}
    for measure in sorted(MEASURES.values(), key=lambda each: each.name):
        needs = ", ".join(NEEDS[name][1] for name in measure.needs)
        split = {"test": "held-out examples", "train": "the training"}[measure.split]
        lines.append(_row(f"`{measure.name}`", better[measure.direction], measure.meaning, needs, split))
    return "\n".join(lines)


def command_page():
    """The help of every command."""
    command = typer.main.get_command(app)
    for each in command.commands.values():
        each.short_help = inspect.cleandoc(each.help).partition("\n\n")[0]  # Click would cut it
    return get_docs_for_click(obj=command, ctx=click.Context(command), name="keras-gen", title="Command line")


def _row(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
