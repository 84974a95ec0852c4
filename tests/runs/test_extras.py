"""Callbacks of a recipe file, and trackers of experiments, by stand-ins for their libraries."""

import sys
import types

import keras
import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.runs.extras import check_extras, extra_callbacks
from keras_gen.runs.run import Run
from keras_gen.runs.training import load, trained
from keras_gen.training.distribution import strategy

RECIPE = '''"""Digits, with callbacks."""

import keras

from keras_gen.recipes.gan import DCGAN, GANRecipe
from keras_gen.recipes.media import Image

recipe = GANRecipe(
    data="digits", image=Image(size=8, channels=1), network=DCGAN(width=4), batch_size=8, steps_per_epoch=2, epochs=9
)


class StopAtTwo(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        assert logs["generator_learning_rate"] > 0 and logs["val_pair_accuracy"] >= 0
        self.model.stop_training = epoch == 1


def callbacks(folder):
    return [StopAtTwo(), keras.callbacks.CSVLogger(folder / "mine.csv")]
'''


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path / "run")
    made.folder.mkdir()
    return made


def train(run, name, extras):
    config = recipes.resolve(name)
    dataset = load(config)
    run.start(name, config)
    return trained(run, config, dataset, strategy("one"), extras=extras)


def test_callbacks_of_a_recipe_file_see_all_logs_and_may_end_training(run, tmp_path):
    (tmp_path / "mine.py").write_text(RECIPE)
    name = str(tmp_path / "mine.py")
    config = recipes.resolve(name)
    model = train(run, name, lambda: extra_callbacks(run, name, config))
    assert model.examples_seen.numpy() == 2 * 2 * 8
    assert len((run.folder / "mine.csv").read_text().splitlines()) == 3
    with pytest.raises(InputError, match="has callbacks, which several processes would not agree on"):
        check_extras(name, None, processes=True)
    (tmp_path / "wrong.py").write_text(RECIPE.replace("return [StopAtTwo()", "return ['stop'"))
    with pytest.raises(InputError, match="must be a function of the run's folder that returns a list"):
        extra_callbacks(run, str(tmp_path / "wrong.py"), config)


class Logger(keras.callbacks.Callback):
    """Stands for the callbacks of both libraries."""

    seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, dict(logs)))


@pytest.fixture
def trackers(monkeypatch):
    """Libraries that remember what they were asked; the seen logs; and the runs that MLflow knows."""
    begun, known = [], {}
    wandb = types.ModuleType("wandb")
    wandb.init = lambda **how: begun.append(how)
    mlflow = types.ModuleType("mlflow")
    mlflow.set_experiment = lambda name: types.SimpleNamespace(experiment_id=name)
    mlflow.active_run = lambda: None
    mlflow.log_params = begun.append

    def start_run(run_id=None, run_name=None, tags=None):
        known.setdefault(run_id or "first", {"name": run_name, **(tags or {})})
        begun.append(run_id)

    def search_runs(experiments, text, max_results):
        assert experiments == ["keras_gen"] and max_results == 1
        wanted = text.split("'")[1]
        found = [number for number, tags in known.items() if tags["keras_gen.run"] == wanted]
        return [types.SimpleNamespace(info=types.SimpleNamespace(run_id=number)) for number in found]

    mlflow.start_run = start_run
    mlflow.MlflowClient = lambda: types.SimpleNamespace(search_runs=search_runs)
    for name, module, member in (
        ("wandb.integration.keras", wandb, "WandbMetricsLogger"),
        ("mlflow.keras", mlflow, "MlflowCallback"),
    ):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        inner = types.ModuleType(name)
        setattr(inner, member, Logger)
        monkeypatch.setitem(sys.modules, name, inner)
    Logger.seen.clear()
    return begun


def test_trackers_get_settings_and_logs_and_go_on_with_a_run(run, trackers):
    config = recipes.resolve("digits-gan", {"width": 4, "epochs": 1, "steps_per_epoch": 2})
    (callback,) = extra_callbacks(run, "digits-gan", config, "wandb")
    assert isinstance(callback, Logger)
    first = trackers.pop()
    assert (first["project"], first["name"], first["resume"]) == ("keras_gen", "run", "allow")
    assert first["config"]["network.width"] == 4 and first["config"]["start"] == "none"
    extra_callbacks(run, "digits-gan", config, "wandb")
    assert trackers.pop()["id"] == first["id"]
    extra_callbacks(run, "digits-gan", config, "mlflow")
    assert trackers == [None, first["config"]]
    extra_callbacks(run, "digits-gan", config, "mlflow")
    assert trackers[2:] == ["first"]


def test_a_tracker_that_is_missing_or_unknown_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(
        InputError, match=r'needs wandb, which is not installed: pip install "keras_gen\[wandb\]"'
    ):
        check_extras("digits-gan", "wandb", processes=False)
    with pytest.raises(InputError, match="tracker 'mlflo': did you mean 'mlflow'"):
        check_extras("digits-gan", "mlflo", processes=False)
