"""A recipe in a file of one's own."""

import json
import subprocess
import sys

import keras_tuner
import pytest

import keras_gen as kg
from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.recipes.space import Choice
from keras_gen.runs.run import Run

MINE = '''"""Digits by a network of mine."""

from typing import Literal

import keras_gen as kg
from keras_gen.recipes.gan import GANRecipe, Networks
from keras_gen.recipes.media import Image
from keras_gen.recipes.settings import Field, Size
from keras_gen.recipes.space import Choice


class Narrow(Networks):
    kind: Literal["narrow"] = "narrow"
    maps: Size = Field(4, description="feature maps")

    def make(self, media, num_classes):
        return kg.networks.dcgan(media, num_classes, self.latent_dim, width=self.maps)


class MyRecipe(GANRecipe):
    network: Narrow = Field(Narrow(), description="of mine")


recipe = MyRecipe(data="digits", image=Image(size=8, channels=1), batch_size=32, steps_per_epoch=4, epochs=1)
space = {"maps": Choice(2, 4)}
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path / "mine.py"


@pytest.mark.slow
def test_a_file_is_a_recipe(mine, run_cli):
    assert len(MINE.splitlines()) <= 25
    assert run_cli("show", "mine.py", "--set", "maps=3")[1].startswith("Digits by a network of mine.")
    code, printed = run_cli("train", "mine.py", "--set", "maps=3", "seed=1")
    assert code == 0 and "runs/mine/model.keras" in printed, printed
    assert json.loads((mine.parent / "runs/mine/config.json").read_text())["recipe"] == str(mine)
    name, config = Run("runs/mine").settings()
    assert name == str(mine) and type(config) is recipes.get("mine.py").MyRecipe
    assert (config.network.maps, config.seed) == (3, 1)
    (mine.parent / "runs/mine/metrics.json").unlink()  # as if it had been stopped
    code, printed = run_cli("train", mine, "--set", "maps=3", "seed=1")
    assert code == 0 and "runs/mine/report.md" in printed, printed
    assert run_cli("train", "runs/mine/config.json", "--output", "runs/mine")[1].startswith(
        "runs/mine is complete"
    )
    code, printed = run_cli("train", "mine.py", "--set", "maps=5")
    assert code == 2 and "network.maps is 3 there, 5 here" in printed
    code, printed = run_cli(
        "train", "mine.py", "--from", "runs/mine", "--output", "further", "--set", "maps=2"
    )
    assert code == 2 and "The networks differ" in printed
    assert run_cli("sample", "runs/mine", "--num", 2, "--out", "two.png")[0] == 0


def test_a_file_is_searched_and_gives_a_model(mine):
    gan = kg.GAN.from_recipe(mine, network__maps=2)
    assert gan.generate(1, seed=0).shape == (1, 8, 8, 1)
    hyper = kg.tuners.HyperRecipe("mine.py")
    assert hyper.name == "mine" and hyper.space == {"maps": Choice(2, 4)}
    assert hyper.build(hyper_parameters := keras_tuner.HyperParameters()).built
    assert hyper_parameters.values == {"maps": 4}
    mine.write_text(MINE.replace("epochs=1", "epochs=2"))
    assert recipes.resolve("mine.py").epochs == 2


@pytest.mark.parametrize(
    "text, message",
    [
        (None, "There is no recipe .*mine.py: give a file that exists"),
        ("recipe = ", "mine.py cannot be used: SyntaxError"),
        ("import numpyy", "mine.py cannot be used: ModuleNotFoundError: No module named 'numpyy'"),
        ("space = {}", "mine.py has no recipe: it needs a line such as recipe = GANRecipe"),
        (MINE.replace("size=8", "size=0"), "mine.py cannot be used: Field 'size' takes int from 8"),
    ],
    ids=["missing", "syntax", "import", "no recipe", "value"],
)
def test_mistakes_in_a_file_are_told(mine, text, message):
    mine.unlink() if text is None else mine.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        recipes.resolve("mine.py")
    assert "\n" not in str(error.value)


def test_settings_need_no_tensorflow(mine):
    script = "import sys; from keras_gen import recipes; recipes.resolve('mine.py', {'maps': '8'}); "
    script += "[recipes.resolve(name) for name in recipes.NAMES]; print({'tensorflow', 'keras'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
