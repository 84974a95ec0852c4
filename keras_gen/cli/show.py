"""`keras-gen show`: what can be set of a recipe."""

from keras_gen.cli.options import Assignments, More, Preset, Recipe, fields_of, recipe_of
from keras_gen.cli.terminal import say, show_table


def show(recipe: Recipe, more: More = None, preset: Preset = None, assignments: Assignments = None):
    """Shows every field of a recipe: its value, what it takes, what a search may make of it, its meaning."""
    from keras_gen import recipes
    from keras_gen.recipes.settings import table, told

    name, config = recipe_of(recipe, fields_of(assignments, more), preset)
    for line in (recipes.get(name).__doc__ or name).strip().splitlines():
        say(line)
    for preset, fields in recipes.presets_of(name).items():
        say(f"--preset {preset}: {' '.join(f'{field}={told(value)}' for field, value in fields.items())}")
    columns, rows = table(config, recipes.space_of(name))
    show_table([("",) * len(columns), columns, *rows])
