"""What the pages and the site promise exists: commands, settings, names, links."""

import inspect
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer

import keras_gen as kg
from keras_gen import recipes
from keras_gen.callbacks.diagnosis import RULES
from keras_gen.cli import app
from keras_gen.cli.prepare import media_of
from keras_gen.recipes.settings import flat, parse_assignments

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))


def name_of(page):
    return str(page.relative_to(ROOT))


def prose_of(page):
    """A page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)


def anchors_of(page):
    """What a page's headings can be linked by."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE
    )
    return [re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", each).strip().lower()) for each in headings]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for path, anchor in re.findall(r"\]\((?!\w+:)([^)#]*)#?([^)]*)\)", prose_of(page)):
        target = page.parent / path if path else page
        assert target.exists(), f"{name_of(page)} links to {path}"
        assert not anchor or anchor in anchors_of(target), f"{name_of(page)} links to {path}#{anchor}"


def commands_of(page):
    """The lines of a page's shell examples that call keras-gen, as lists of words."""
    for block in re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL):
        for line in re.findall(
            r"^(?:.*&& |\w+=\S+ )?keras-gen (.*)$", block.replace("\\\n", " "), re.MULTILINE
        ):
            yield shlex.split(line, comments=True)


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands_of(page))], ids=name_of)
def test_commands_are_taken(page):
    """Options exist and take their values; recipes and their fields do, too."""
    group = typer.main.get_command(app)
    for name, *words in filter(lambda words: words[0] != "--version", commands_of(page)):
        arguments = group.commands[name].make_context(name, words).params
        recipe = arguments.get("recipe")
        if recipe in recipes.NAMES:
            fields = parse_assignments([*(arguments["assignments"] or []), *(arguments["more"] or [])])
            recipes.resolve(recipe, fields, arguments.get("preset"))
        else:
            assert recipe is None or recipe.endswith((".py", ".json"))
        if name == "prepare" and arguments["media"]:
            media_of(arguments["media"], [*(arguments["assignments"] or []), *(arguments["more"] or [])])


@pytest.fixture(scope="module")
def reference():
    """The module that writes the reference."""
    sys.path.insert(0, str(ROOT / "docs" / "_hooks"))
    yield __import__("reference")
    sys.path.pop(0)


def test_every_public_name_is_documented(reference):
    documented = {name for names in reference.public_names().values() for name in names}
    for name in kg.__all__:
        each = getattr(kg, name)
        listed = getattr(each, "__all__", []) if inspect.ismodule(each) else []
        for public in [
            f"keras_gen.{name}.{inner}" for inner in listed if not inspect.ismodule(getattr(each, inner))
        ]:
            short = f"keras_gen.{public.rpartition('.')[2]}"
            assert public in documented or short in documented, public
        assert inspect.ismodule(each) or f"keras_gen.{name}" in documented, name
    for names in reference.public_names().values():
        for name, each in names.items():
            assert inspect.getdoc(each), f"{name} has no docstring"


def test_the_reference_has_every_recipe_field_measure_and_command(reference):
    pages = reference.recipe_pages()
    for name in recipes.NAMES:
        for field in flat(recipes.get(name).recipe):
            assert f"| `{field}` |" in pages[f"recipes/{name}"]
    assert "## network=r3gan" in pages[reference.PARTS] and "## objective=free_bits" in pages[reference.PARTS]
    assert "| `kid` | lower |" in reference.measures_page()
    commands = reference.command_page()
    assert all(f"## `keras-gen {name}`" in commands for name in typer.main.get_command(app).commands)


def test_every_diagnosis_has_a_cure():
    page = (ROOT / "docs" / "how-to" / "when-training-fails.md").read_text()
    named = re.findall(r"^\| ([^|`]+) \|", page.partition("## What stops")[0], re.MULTILINE)
    assert named[0] == "diagnosis" and set(named[2:] if named[1].startswith("---") else named[1:]) == set(
        RULES
    )
