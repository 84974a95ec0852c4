"""Trees of settings: their names, what is said of them, and what becomes of a tree when a part is replaced."""

from typing import Literal

import pytest
from pydantic import Field

import keras_gen
from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.recipes.gan import R3GAN, GANRecipe
from keras_gen.recipes.media import Image
from keras_gen.recipes.recipe import Adam
from keras_gen.recipes.settings import (
    Count,
    Part,
    Weight,
    find,
    flat,
    knows,
    one_of,
    override,
    parse,
    settings_of,
    table,
    takes,
    told,
)
from keras_gen.recipes.space import Choice, Range


class Small(Part):
    kind: Literal["small"] = "small"
    width: Count = Field(3, description="of it")
    rate: Weight = 1.0


class Large(Part):
    kind: Literal["large"] = "large"
    width: Count = Field(300, description="of it")
    depth: Count = Field(description="needed")


class Tree(Part):
    one: one_of(Small | Large) = Small()
    other: one_of(Small | Large) = Small()
    sizes: Count | tuple[Count, ...] | None = None
    name: str | None = None


TREE = Tree()


def changed(fields):
    return dict(flat(override(TREE, fields)).items() - flat(TREE).items())


def test_names_are_short_where_they_are_the_only_ones():
    assert changed({"one.width": "4"}) == changed({"one__width": 4}) == {"one.width": 4}
    assert find(TREE, "sizes").name == "sizes" and knows(TREE, "other.rate") and not knows(TREE, "rate")
    with pytest.raises(InputError, match="'width' may be one.width or other.width: give its name in full"):
        override(TREE, {"width": 3})
    with pytest.raises(InputError, match="'one.widht': did you mean 'one.width'"):
        override(TREE, {"one.widht": 3})


def test_a_part_of_another_kind_keeps_what_both_have():
    depth_first = {"depth": 2, "one": "large"}
    assert changed(depth_first) == {"one": "large", "one.depth": 2}
    assert override(TREE, depth_first).one == Large(width=3, depth=2)
    with pytest.raises(InputError, match="'one.depth' is missing: it takes int from 1 to below"):
        override(TREE, {"one": "large"})
    with pytest.raises(InputError, match="'depth' has no use with one=small: set one=large too"):
        override(TREE, {"depth": 2})


@pytest.mark.parametrize(
    "part", [{"kind": "large", "width": 5, "depth": 6}, Large(width=5, depth=6)], ids=["dict", "part"]
)
def test_a_part_may_be_given_whole(part):
    assert changed({"one": part}) == {"one": "large", "one.width": 5, "one.depth": 6}
    assert Tree(one=part) == override(TREE, {"one": part})
    assert changed({"one": {"width": 5}}) == {"one.width": 5}


@pytest.mark.parametrize("text, value", [("3", 3), ("3,4", (3, 4)), ("None", None), ("1_000", 1000)])
def test_texts_are_read_as_their_field_takes_them(text, value):
    field = Tree.model_fields["sizes"]
    assert parse(text, field) == value == override(TREE, {"sizes": text}).sizes
    assert override(TREE, {"sizes": told(value)}).sizes == value
    assert override(TREE, {"name": text}).name == (None if value is None else text)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Tree(one=Small(width=0)), "Field 'width' takes int from 1 to below 2\\*\\*31, not 0"),
        (lambda: Tree(one={"kind": "small", "width": 0}), "Field 'one.width' takes int .*, not 0"),
        (lambda: Tree(one={"kind": "medium"}), "Unknown one 'medium': Available: large, small"),
        (lambda: Tree(won=Small()), "Unknown field 'won'.*Available: name, one, other, sizes"),
        (lambda: Tree(sizes=(3, 0)), "'sizes' takes int .* or several with commas between or none, not \\(3, 0\\)"),
        (lambda: Small(rate=float("nan")), "'rate' takes float from 0 .*, not nan"),
        (lambda: Small(rate=float("inf")), "'rate' takes float from 0 to below .*, not inf"),
        (lambda: GANRecipe(data="digits"), "Field 'image' is missing"),
        (lambda: GANRecipe(data="digits", image=Image(size=8, channels=2)), "Unknown channels 2"),
    ],
)  # fmt: skip
def test_mistakes_in_python_are_told_in_a_sentence(make, message):
    with pytest.raises(InputError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text, sides", [("32", (32, 32)), ("64x96", (64, 96)), ("64,96", (64, 96)), ("48X48", (48, 48))]
)
def test_a_size_is_a_side_or_two(text, sides):
    config = recipes.resolve(
        "folder-gan", {"size": text, "channels": "4", "fit": "pad", "background": "navy"}
    )
    assert config.media == keras_gen.Image(*sides, 4, "pad", "navy")
    size = find(config, "size")
    assert override(config, {"size": told(size.value)}) == config
    assert override(config, {"size": list(sides)}).media == config.media  # as JSON has it
    assert takes(size.field) == "int from 8 to 256 or two, such as 64x96"


@pytest.mark.parametrize("text", ["7", "257", "64x7", "64x64x3", "64x", "large"])
def test_other_sizes_are_refused(text):
    with pytest.raises(InputError, match="Field 'image.size' takes int from 8 to 256 or two, such as 64x96"):
        recipes.resolve("folder-gan", {"size": text})


def test_nothing_changes_in_place():
    with pytest.raises(ValueError, match="frozen"):
        TREE.name = "oak"


def test_an_object_is_as_good_as_names():
    by_name = recipes.resolve("digits-gan", {"network": "r3gan", "width": 16, "latent_dim": 64, "blocks": 2})
    assert recipes.resolve("digits-gan", {"network": R3GAN(width=16, blocks=2)}) == by_name


@pytest.mark.parametrize("name", recipes.NAMES)
def test_every_value_is_told_as_it_is_read(name):
    config = recipes.resolve(name)
    assert override(config, {setting.name: told(setting.value) for setting in settings_of(config)}) == config


def test_a_table_shows_all_there_is_to_know():
    columns, rows = table(recipes.resolve("digits-vae"), {"width": Choice(8, 16), "beta": Range(0.5, 2.0)})
    assert columns == ("field", "value", "takes", "searched", "meaning")
    rows = {field: rest for field, *rest in rows}
    assert rows["network.width"] == [
        "32",
        "int from 1 to below 2**31",
        "8, 16",
        "feature maps at half the image's size; they double as it halves",
    ]
    assert rows["network"][:2] == ["conv", "conv, mlp, resnet"] and rows["objective.beta"][2] == "0.5 to 2"
    assert rows["checkpoint_steps"][:2] == ["none", "int from 1 to below 2**31 or none"]
    assert takes(Adam.model_fields["epsilon"]) == "float above 0 to below 2**31"
