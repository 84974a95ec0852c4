"""`keras-gen list`: the recipes."""

from keras_gen.cli.terminal import show_table


def list_recipes():
    """Shows the recipes."""
    from keras_gen import recipes

    show_table([(name, recipes.get(name).__doc__.partition("\n\n")[0]) for name in recipes.NAMES])
