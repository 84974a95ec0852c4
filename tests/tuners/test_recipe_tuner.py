"""Searches of tiny models on real digits: what they record, resume, and refuse."""

import dataclasses
import errno
import functools
import json
from pathlib import Path

import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import keras_gen as kg
from keras_gen.callbacks import checkpoint, latest_checkpoint
from keras_gen.errors import InputError
from keras_gen.evaluation.registry import EVALUATIONS
from keras_gen.models import load_model
from keras_gen.recipes.settings import find
from keras_gen.recipes.vae import ImageVAERecipe
from keras_gen.tuners import (
    Choice,
    GridSearch,
    Hyperband,
    HyperRecipe,
    RandomSearch,
    Range,
    recipe_tuner,
    workers,
)
from keras_gen.tuners.outcome import Outcome
from keras_gen.tuners.results import Results

TINY = {"steps_per_epoch": 8, "steps_per_execution": 4, "batch_size": 32}
TINY_VAE = {**TINY, "network": "mlp", "width": 8, "nll_samples": 2, "warm_up": 0}
TINY_GAN = {**TINY, "width": 4, "latent_dim": 4}


def vae(space, epochs=1, **settings):
    return HyperRecipe("digits-vae", space=space, epochs=epochs, fields={**TINY_VAE, **settings})


def silent(tuner, hyper, folder, **settings):
    return tuner(hyper, directory=folder, **settings)


def folders(tuner):
    return [Path(tuner.get_trial_dir(name)) for name in tuner.oracle.start_order]


@pytest.fixture
def quick_measure(monkeypatch):
    """Trials that count by a setting of theirs, where how it comes about is all that matters."""

    def measure(hyper, model, config):
        return {hyper.objective.name: find(config, *hyper.space).value}

    monkeypatch.setattr(HyperRecipe, "measure", measure)


@pytest.mark.slow
def test_failures_are_recorded_and_the_search_goes_on_to_a_better_model(tmp_path, monkeypatch, caplog):
    """A grid over latents, of which some provoke a failure each."""
    make, evidence = ImageVAERecipe.make, EVALUATIONS["evidence"]

    def provoke(config):
        if config.network.latent_dim == 3:
            raise ZeroDivisionError("no such network\nin lines")
        if config.network.latent_dim == 4:
            raise tf.errors.ResourceExhaustedError(
                None, None, "{{function_node x}} OOM when allocating tensor"
            )
        model = make(config)
        if config.network.latent_dim == 6:
            model.decoder.set_weights([np.full_like(w, np.nan) for w in model.decoder.get_weights()])
        return model

    @functools.wraps(evidence.function)
    def nan(model, dataset, config):
        score = evidence.function(model, dataset, config)
        if model.latent_shape == (5,):
            score.metrics["nll"] = float("nan")
        return score

    monkeypatch.setattr(ImageVAERecipe, "make", provoke)
    monkeypatch.setitem(EVALUATIONS, "evidence", dataclasses.replace(evidence, function=nan))
    hyper = vae({"latent_dim": Choice(2, 3, 4, 5, 6)}, latent_dim=2, steps_per_epoch=24)
    tuner = GridSearch(hyper, directory=tmp_path)
    tuner.search()
    trials = {t.hyperparameters["latent_dim"]: t for t in tuner.oracle.trials.values()}
    assert {dim for dim, trial in trials.items() if trial.status == "COMPLETED"} == {2}
    reasons = {dim: Outcome.read(tuner.get_trial_dir(trial.trial_id)).reason for dim, trial in trials.items()}
    assert reasons[2] is None
    assert reasons[3] == "ZeroDivisionError: no such network"
    assert reasons[4] == "Out of memory: OOM when allocating tensor"
    assert reasons[5] == "The measure nll is nan."
    assert reasons[6].startswith("Training diverged: 20 steps in a row")
    results = Results(tuner)
    assert [row.values["latent_dim"] for row in results.rows] == [2]
    assert set(results.failures.values()) == {reasons[dim] for dim in (3, 4, 5, 6)}
    report = results.report(hyper)
    for reason in results.failures.values():
        assert reason in report and any(line.endswith(reason) for line in caplog.messages)

    # What a trial leaves: samples, and in TensorBoard its hyperparameters and scores.
    execution = Path(tuner.get_trial_dir(trials[2].trial_id)) / "execution0"
    assert (execution / "samples.png").is_file()
    events = EventAccumulator(str(execution / "tensorboard"), size_guidance={"tensors": 0}).Reload()
    tags = set(events.Tags()["tensors"])
    assert {"samples", "nll", "elbo", "frechet", "kid", "label_agreement"} <= tags
    metrics = json.loads((execution / "metrics.json").read_text())
    written = tf.make_ndarray(events.Tensors("nll")[0].tensor_proto)
    assert np.isclose(written, metrics["nll"])
    started = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    assert b"latent_dim" in started

    # The best setting is trained like any recipe.
    best = tuner.get_best_hyperparameters()[0]
    config = hyper.best(best, seed=7)
    assert (config.epochs, config.seed, config.most_restores, config.nll_samples) == (20, 7, 3, 2)
    assert config.network.latent_dim == best["latent_dim"] == 2
    (model,) = tuner.get_best_models()
    assert model.latent_shape == (2,) and model.examples_seen.numpy() == 24 * 32


@pytest.mark.slow
def test_objectives_are_of_validation_examples_and_one_seed():
    """Scored again, by the functions that score runs, on validation digits alone."""
    hyper = vae({"beta": Range(0.5, 2.0)})
    hp = keras_tuner.HyperParameters()
    config = hyper.config(hp)
    model = hyper.build(hp)
    first, second = (
        hyper.measure(model, hyper.config(keras_tuner.HyperParameters(), execution)) for execution in (0, 1)
    )
    assert first == second
    digits, labels = config.load().arrays("val")
    assert first["nll"] == pytest.approx(model.score((digits, labels), samples=2, seed=0)["nll"])
    assert first["nll"] != pytest.approx(model.score(config.load(), samples=2, seed=0)["nll"], abs=1e-3)


@pytest.mark.exhaustive
def test_executions_have_seeds_of_their_own_and_their_mean_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(ImageVAERecipe, "measures", ("evidence",))
    tuner = silent(
        RandomSearch, vae({"beta": Range(0.5, 2.0)}), tmp_path, max_trials=1, executions_per_trial=2
    )
    tuner.search()
    outcome = Outcome.read(folders(tuner)[0])
    one, two = (execution["nll"] for execution in outcome.executions)
    assert one != two and outcome.metrics["nll"] == pytest.approx((one + two) / 2)
    (row,) = Results(tuner).rows
    assert row.score == pytest.approx((one + two) / 2)
    assert row.spread == pytest.approx(abs(one - two) / np.sqrt(2)) and row.interval is None


@pytest.mark.slow
def test_an_interval_is_told_and_an_execution_of_an_older_kit_counts(tmp_path, monkeypatch):
    executions = [{"kid": 0.5, "kid_low": 0.375, "kid_high": 0.625}, {"kid": 1.0, "kid_std": 0.25}]
    executions.append({"kid": 1.0, "kid_low": 0.875, "kid_high": 1.125})
    found = iter([executions[0], executions[2], *executions[:2]])
    monkeypatch.setattr(RandomSearch, "_execute", lambda *_: next(found))
    hyper = HyperRecipe("digits-gan", "kid", {"r1": Range(0.5, 2.0)}, epochs=1, fields=TINY_GAN)
    tuner = silent(RandomSearch, hyper, tmp_path, max_trials=2, executions_per_trial=2)
    tuner.search()
    rows = Results(tuner).rows
    assert [row.score for row in rows] == [0.75, 0.75]
    assert [row.interval for row in rows] == [(0.625, 0.875), None]
    _, lines = Results(tuner).table()
    assert [line[1] for line in lines] == ["0.75 ± 0.35 (0.625 to 0.875)", "0.75 ± 0.35"]


@pytest.mark.slow
def test_a_search_that_was_stopped_goes_on_without_repeating(tmp_path, monkeypatch, quick_measure):
    measured = []
    measure = HyperRecipe.measure

    def stop_at_the_second(hyper, model, config):
        measured.append(config.objective.beta)
        if len(measured) == 2:
            raise KeyboardInterrupt
        return measure(hyper, model, config)

    monkeypatch.setattr(HyperRecipe, "measure", stop_at_the_second)
    hyper = vae({"beta": Range(0.5, 2.0)})
    with pytest.raises(KeyboardInterrupt):
        silent(RandomSearch, hyper, tmp_path, max_trials=2).search()
    elapsed = json.loads((tmp_path / "clock.json").read_text())["seconds"]
    trained = (tmp_path / "trials/trial_1/execution0/history.csv").read_bytes()
    again = silent(RandomSearch, hyper, tmp_path, max_trials=2)
    again.search()
    assert measured[0] == 1.0 and measured[1] == measured[2] and len(set(measured)) == 2
    assert (tmp_path / "trials/trial_1/execution0/history.csv").read_bytes() == trained
    assert [trial.status for trial in again.oracle.trials.values()] == ["COMPLETED"] * 2
    again.search()
    assert len(measured) == 3
    assert json.loads((tmp_path / "clock.json").read_text())["seconds"] > elapsed
    # As the chief of workers, which none come to: what was found is there.
    with workers.as_chief():
        chief = silent(RandomSearch, hyper, tmp_path, max_trials=2)
        assert chief.oracle.is_exhausted and len(chief.oracle.trials) == 2
        workers.search_as_chief(chief)
    more = silent(RandomSearch, hyper, tmp_path, max_trials=3)
    more.search()
    assert len(measured) == 4 and len(more.oracle.trials) == 3
    with pytest.raises(InputError, match="epochs of a trial is 1 there, 2 here"):
        silent(RandomSearch, vae({"beta": Range(0.5, 2.0)}, epochs=2), tmp_path)


@pytest.mark.exhaustive
def test_a_full_disk_ends_the_search_but_not_the_trial(tmp_path, monkeypatch, quick_measure):
    def full(path, model_path=None):
        raise OSError(errno.ENOSPC, "No space left on device")

    hyper = vae({"beta": Range(0.5, 2.0)})
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "replace_atomically", full)
        with pytest.raises(InputError, match="cannot be written .*make room"):
            silent(RandomSearch, hyper, tmp_path, max_trials=1).search()
    again = silent(RandomSearch, hyper, tmp_path, max_trials=1)
    assert Outcome.read(folders(again)[0]) is None
    again.search()
    assert again.oracle.trials["0"].status == "COMPLETED"


@pytest.mark.exhaustive
def test_limits_of_time_are_kept_and_told(tmp_path):
    hyper = vae({"beta": Range(0.5, 2.0)}, epochs=10_000)
    late = silent(RandomSearch, hyper, tmp_path / "trial", max_trials=1, trial_minutes=0.001)
    late.search()
    over = silent(RandomSearch, hyper, tmp_path / "search", max_trials=None, minutes=0.05)
    over.search()
    reasons = [Outcome.read(folders(tuner)[-1]).reason for tuner in (late, over)]
    assert reasons[0] == "Took longer than the 0.001 minutes of a trial."
    assert reasons[1] == "Cut off: the minutes of the search were over."


@pytest.mark.exhaustive
def test_a_trial_that_its_process_never_survives_fails(tmp_path, monkeypatch):
    """As when the kernel kills the process for want of memory: nothing is raised, and the same trial comes
    again.
    """

    class Death(BaseException):
        pass

    def die(config):
        raise Death

    monkeypatch.setattr(ImageVAERecipe, "make", die)
    monkeypatch.setattr(recipe_tuner, "MOST_STARTS", 2)
    for starts in range(3):
        tuner = silent(RandomSearch, vae({"beta": Range(0.5, 2.0)}), tmp_path, max_trials=1)
        if starts < 2:
            with pytest.raises(Death):
                tuner.search()
    tuner.search()
    assert "ended 2 times at the same point" in Outcome.read(folders(tuner)[0]).reason
    assert tuner.oracle.trials["0"].status == "FAILED"


@pytest.mark.exhaustive
def test_many_failures_in_a_row_end_the_search(tmp_path, monkeypatch):
    def refuse(config):
        raise ValueError("nothing works")

    monkeypatch.setattr(ImageVAERecipe, "make", refuse)
    monkeypatch.setattr(recipe_tuner, "MOST_FAILURES", 3)
    tuner = silent(RandomSearch, vae({"beta": Range(0.5, 2.0)}), tmp_path, max_trials=50)
    with pytest.raises(
        InputError, match="3 trials in a row failed: mend .*The last reason: ValueError: nothing works"
    ):
        tuner.search()
    assert len(tuner.oracle.trials) == 3


def variables(model):
    optimizers = [variable for optimizer in model.optimizers.values() for variable in optimizer.variables]
    return [np.asarray(variable) for variable in (*model.variables, *optimizers)]


@pytest.mark.exhaustive
def test_hyperband_goes_on_as_if_it_had_never_stopped(tmp_path, quick_measure):
    """All weights, averages and both optimizers of a GAN, to the last bit."""
    space = {"r1": Range(0.5, 2.0)}
    hyper = HyperRecipe("digits-gan", space=space, epochs=3, fields=TINY_GAN)
    halving = silent(Hyperband, hyper, tmp_path / "halving", max_trials=4)
    halving.search()
    further = next(t for t in halving.oracle.trials.values() if "tuner/trial_id" in t.hyperparameters.values)
    assert further.hyperparameters["tuner/initial_epoch"] == 1
    straight = hyper.config(further.hyperparameters).build()
    digits = hyper.short.load()
    straight.fit(digits.batches(), steps_per_epoch=8, epochs=3, verbose=0)
    folder = Path(halving.get_trial_dir(further.trial_id)) / "execution0"
    model = load_model(latest_checkpoint(folder / "checkpoints"))
    assert len((folder / "history.csv").read_text().splitlines()) == 1 + 3
    pairs = list(zip(variables(straight), variables(model), strict=True))
    assert len(pairs) > 40 and all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.exhaustive
def test_tuners_of_kerastuner_take_a_recipe(tmp_path, quick_measure):
    """Their Hyperband, too, warms both optimizers of a GAN up again."""
    hyper = HyperRecipe("digits-gan", "kid", {"r1": Range(0.5, 2.0)}, epochs=3, fields=TINY_GAN)
    begun = []

    class Watched(HyperRecipe):
        def fit(self, hp, model, *args, **settings):
            begun.append([int(optimizer.iterations) for optimizer in model.optimizers.values()])
            return super().fit(hp, model, *args, **settings)

    hyper.__class__ = Watched
    tuner = keras_tuner.Hyperband(hyper, hyper.objective, max_epochs=3, directory=tmp_path, seed=1)
    tuner.oracle.max_trials = 4
    tuner.search(verbose=0)
    assert [0, 0] in begun and [8, 8] in begun
    best = tuner.oracle.get_best_trials()[0]
    assert best.score == hyper.config(best.hyperparameters).penalties.r1
    with pytest.raises(InputError, match="The data are the recipe's"):
        HyperRecipe.fit(hyper, keras_tuner.HyperParameters(), None, np.zeros(3))


@pytest.mark.slow
def test_a_choice_of_yes_or_no_stays_one():
    hyper = vae({"jit_compile": Choice(False, True)})
    assert hyper.config(keras_tuner.HyperParameters()).jit_compile is False


@pytest.mark.slow
def test_data_are_loaded_once_for_all_trials():
    hyper = HyperRecipe("digits-gan", space={"r1": Range(0.5, 2.0), "batch_size": Choice(32, 64)})
    hp = keras_tuner.HyperParameters()
    same, other = hyper.config(hp), hyper.config(hp, 1)
    hp.values["batch_size"] = 32
    third = hyper.config(hp)
    assert same.load() is other.load() is hyper.short.load()
    assert third.load().batch_size == 32 and third.load() is not same.load()


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize(
    "given, message",
    [
        (
            {"measure": "fid"},
            "Unknown measure 'fid'.*Available: coverage, frechet, frechet_infinity, frechet_worst, kid, label_agreement",
        ),
        ({"space": {}}, "The space is empty"),
        ({"space": {"width": Range(0, 4)}}, "space of 'width' .* holds 0"),
        ({"start": "nowhere"}, "nowhere is not the folder of a run"),
        ({"fields": {"data": ""}}, "digits-gan needs files of yours"),
        ({"fields": {"widht": 3}}, "Unknown field 'widht': did you mean 'width'"),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(given, message):
    with pytest.raises(InputError, match=message):
        HyperRecipe("digits-gan", **given)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"executions_per_trial": 0}, "executions_per_trial must be a whole number from 1, not 0"),
        ({"minutes": 0}, "minutes must be above 0, not 0"),
        ({"max_trials": 0}, "max_trials must be a whole number from 1"),
    ],
)
def test_numbers_out_of_their_range_are_told(settings, message, tmp_path):
    with pytest.raises(InputError, match=message):
        silent(RandomSearch, vae({"beta": Range(0.5, 2.0)}), tmp_path, **settings)


@pytest.mark.slow
def test_what_can_not_be_validated_is_refused():
    images = np.zeros((40, 8, 8, 1), np.uint8)
    dataset = kg.datasets.load(images, validation=0, batch_size=16)
    hyper = vae({"beta": Range(0.5, 2.0)}, num_classes=None, batch_size=16)
    vars(hyper.short)["_dataset"] = dataset
    with pytest.raises(InputError, match="too little to validate on"):
        hyper.check_data()
    with pytest.raises(InputError, match="whose factors are known"):
        HyperRecipe("digits-vae", measure="mig").check_data()
