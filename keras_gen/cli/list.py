"""`keras-gen list`: the recipes and the pretrained models."""

from keras_gen.cli.terminal import say, show_table


def list_recipes():
    """Shows the recipes, and the pretrained models that come with the kit."""
    from keras_gen import pretrained, recipes

    show_table([(name, recipes.get(name).__doc__.partition("\n\n")[0]) for name in recipes.NAMES])
    say(f"Pretrained, in the place of a RUN of this name: {', '.join(pretrained.names())}")
