"""Measures are registered once, and read by whoever tells of a model."""

import types

import numpy as np
import pytest

from keras_gen import recipes
from keras_gen.datasets.account import Account
from keras_gen.datasets.dataset import Dataset
from keras_gen.errors import InputError
from keras_gen.evaluation import (
    Measure,
    Report,
    Score,
    Table,
    available,
    check_needs,
    choose,
    evaluate,
    measure,
    measures,
    register,
    registry,
)
from keras_gen.markdown import render
from keras_gen.media import Audio, Image, Text
from keras_gen.metrics import Quality
from keras_gen.tuners import HyperRecipe


class KnownFactors:
    """A data set of three factors, each with a latent of its own."""

    media = Image(8, 8, 1)
    factor_names = ["shape", "x", "y"]
    truth = {split: np.random.default_rng(0).integers(0, 4, (800, 3)) for split in ("train", "test")}

    def arrays(self, split):
        return self.truth[split].astype(np.uint8), None

    def factors(self, split):
        return self.truth[split]


class PerfectEncoder:
    num_classes = None

    def encode(self, images, labels):
        return images.astype(np.float32) * [1.0, -2.0, 3.0]


def markdown(recipe, settings, dataset, scores, metrics):
    return Report(recipe, "", "GAN", {}, settings, dataset, scores, metrics, []).markdown()


def settings(**fields):
    """What a recipe's config says to those who measure."""
    return types.SimpleNamespace(
        **{
            "num_classes": None,
            "seed": 0,
            "extractor": "auto",
            "media": KnownFactors.media,
            "measures": (),
            **fields,
        }
    )


def test_disentanglement_is_of_known_factors_alone():
    (score,) = evaluate(PerfectEncoder(), KnownFactors(), settings(measures=("disentanglement",)))
    for name in (
        "mig",
        "dci_disentanglement",
        "dci_completeness",
        "dci_informativeness",
        "probe_shape",
        "probe_y",
    ):
        assert score.metrics[name] > 0.95
    assert "800 test images" in score.conditions
    unknown = KnownFactors()
    unknown.factor_names = None
    assert evaluate(PerfectEncoder(), unknown, settings(measures=("disentanglement",))) == []


def test_a_search_leaves_out_what_is_costly_unless_it_compares_by_it():
    config = settings(measures=("disentanglement",))
    assert evaluate(PerfectEncoder(), KnownFactors(), config, "kid") == []
    assert evaluate(PerfectEncoder(), KnownFactors(), config, "mig") != []


@pytest.fixture
def own_measure(monkeypatch):
    """What a stranger writes to have a measure of their own everywhere."""
    monkeypatch.setattr(registry, "MEASURES", dict(registry.MEASURES))
    monkeypatch.setattr(registry, "EVALUATIONS", dict(registry.EVALUATIONS))

    @register(Measure("brightness", "max", "mean pixel of what is drawn, 0 to 255", needs=("images",)))
    def brightness(model, dataset, config):
        drawn = model.generate(10, seed=config.seed)
        return Score({"brightness": float(drawn.mean())}, "Brightness is of 10 draws.", {"brightness": 90.0})


class Gray:
    def generate(self, num, labels=None, seed=None):
        return np.full((num, 8, 8, 1), 100 + seed, np.uint8)


def test_a_measure_of_ones_own_is_taken_reported_and_searched(own_measure):
    config = settings(seed=7)
    (score,) = evaluate(Gray(), KnownFactors(), config)
    assert score.metrics == {"brightness": 107.0}
    text = markdown("mine", [("seed", 7, "")], KnownFactors(), [score], score.metrics)
    assert "| brightness | 107 | 90 | test | mean pixel of what is drawn, 0 to 255 |" in text
    assert "\nBrightness is of 10 draws.\n" in text
    images = types.SimpleNamespace(
        account=Account("images", found=3, used={"train": 2}), fingerprint="f00d", media=Image(8, 8, 1)
    )
    images.account.set_apart("it is <b>empty</b>", [f"{i}|.png" for i in range(9)])
    text = markdown("mine", [], images, [], {})
    assert "\n- 3 images found, used: 2 train.\n- Set aside: it is \\<b>empty\\</b> (9: 0\\|.png" in text
    assert "8\\|.png).\n" in text and "\nFingerprint of the data: `f00d`\n" in text
    assert choose(config, "brightness").direction == "max" and measure("brightness").split == "test"
    hyper = HyperRecipe("digits-gan", "brightness", fields={"batch_size": 32})
    assert hyper.objective.direction == "max" and "kid" in hyper.secondary


def test_a_table_stands_under_its_heading():
    table = Table(
        ("class", "of", "count", "kid"), [("a|b", "model", 36, 0.123456), ("a|b", "real", 36, None)]
    )
    text = markdown("mine", [], KnownFactors(), [Score({}, tables={"By class": table})], {})
    assert (
        "\n### By class\n\n| class | of | count | kid |\n| --- | --- | --- | --- |\n"
        "| a\\|b | model | 36 | 0.1235 |\n| a\\|b | real | 36 |  |\n" in text
    )
    assert text.index("### By class") < text.index("## Settings")


def test_a_model_is_measured_on_the_split_that_is_named(own_measure):
    @register(Measure("examples", None, "how many test examples there are"))
    def examples(model, dataset, config):
        return Score({"examples": dataset.count("test")})

    parts = [(np.zeros((count, 8, 8, 1), np.uint8), None) for count in (9, 5, 7)]
    dataset = Dataset(KnownFactors.media, *parts, batch_size=2)
    for split, count in (("train", 9), ("val", 5), ("test", 7)):
        brightness, score = evaluate(Gray(), dataset, settings(), split=split)
        assert score.metrics == {"examples": count}
        assert (f"Measured on {split}" in score.conditions) == (split != "test")
        assert "10 draws" in brightness.conditions
    with pytest.raises(InputError, match="Unknown split 'vall': did you mean 'val'"):
        evaluate(Gray(), dataset, settings(), split="vall")


def test_the_class_that_is_served_worst_is_named():
    columns = ("digit", "of", "count", "frechet", "label_agreement")
    rows = [("1", "model", 9, 4.0, 0.5), ("1", "real", 9, 1.0, 1.0)]
    rows += [("2", "model", 9, 3.0, 0.25), ("2", "real", 9, 2.0, 0.75)]
    rows += [("3", "model", 0, None, 0.75), ("3", "real", 0, None, None)]
    metrics, real, told = measures._worst({"By digit": Table(columns, rows)})
    assert metrics == {"frechet_worst": 4.0, "label_agreement_worst": 0.25}
    assert real == {"frechet_worst": 2.0, "label_agreement_worst": 0.75}
    assert told.endswith(" frechet is worst of digit 1. label_agreement is worst of digit 2.")


def test_a_measure_that_needs_what_is_not_there_is_left_out(own_measure):
    text = settings(media=Text(length=4))
    assert "brightness" not in available(text) and evaluate(Gray(), KnownFactors(), text) == []


def test_data_that_lack_what_a_measure_needs_are_refused():
    unknown = KnownFactors()
    unknown.factor_names = None
    with pytest.raises(InputError, match="Measure 'mig' needs data whose factors are known"):
        check_needs(measure("mig"), settings(), unknown)


@pytest.mark.parametrize("name", recipes.NAMES)
def test_a_recipe_names_measures_that_exist(name):
    assert set(recipes.resolve(name).measures) <= registry.EVALUATIONS.keys()


@pytest.mark.parametrize(
    "given, message",
    [
        (("most", "x"), "direction must be 'min', 'max' or None, not 'most'"),
        (("max", "x", ["image"]), "'images'"),
    ],
)
def test_what_a_measure_cannot_be_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        Measure("mine", *given)


def test_every_number_has_a_meaning_and_families_share_theirs():
    assert measure("probe_shape") is measure("probe_x") and measure("label_agreement_digit").needs == (
        "labels",
    )
    assert measure("kid").direction == "min" and measure("training_minutes").split == "train"
    with pytest.raises(InputError, match="Unknown measure 'kidd': did you mean 'kid'"):
        measure("kidd")


@pytest.mark.parametrize(
    "value, cell",
    [("a|b", "a\\|b"), ("a\n b", "a b"), (None, "None"), (1.5, "1.5"), ("<b>[x](y)`", "\\<b>\\[x\\](y)\\`")],
)
def test_a_cell_of_a_table_stays_one(value, cell):
    assert (
        render("evaluation/table.md.j2", columns=["a", "b"], rows=[[value, 1]]).splitlines()[-1]
        == f"| {cell} | 1 |"
    )


def test_no_more_recordings_are_drawn_than_are_compared(monkeypatch):
    monkeypatch.setattr(measures, "LEAST_HEARD", 200)
    monkeypatch.setattr(measures, "MOST_HEARD", 2_000)
    voices = types.SimpleNamespace(media=Audio(4096, rate=8000))

    def drawn(num_real, num_train, num_scored="auto"):
        compared = Quality.__new__(Quality)
        compared.num_real, compared._num_train = num_real, num_train
        num = measures._num_scored(settings(num_scored=num_scored), voices, compared)
        assert num >= 2 * compared.count(2_000) or num_scored != "auto"
        return num

    assert drawn(36, 3_000) == 200
    assert drawn(300, 3_000) == 600
    assert drawn(9_000, 90_000) == 2_000
    assert drawn(300, 3_000, num_scored=7) == 7
    images = measures._num_scored(settings(num_scored="auto"), KnownFactors(), None)
    assert images == measures.NUM_SCORED


def test_measures_by_name_are_taken_alone(own_measure, caplog):
    @register(Measure("darkness", "min", "the contrary"))
    def darkness(model, dataset, config):
        raise AssertionError

    caplog.set_level("INFO", "keras_gen")
    (score,) = evaluate(Gray(), KnownFactors(), settings(seed=1), wanted=["brightness"])
    assert score.metrics == {"brightness": 101.0} and "Not needed for brightness: darkness" in caplog.text
    with pytest.raises(InputError, match="Unknown measure 'brightnes': did you mean 'brightness'"):
        evaluate(Gray(), KnownFactors(), settings(), wanted=["brightnes"])
    with pytest.raises(InputError, match="kid is no measure of this model on these data: it has brightness"):
        evaluate(Gray(), KnownFactors(), settings(), wanted=["brightness", "kid"])


def test_on_training_examples_nothing_is_compared_with_held_out_ones(own_measure):
    @register(
        Measure("copying", None, "as that of the kit", ("held_out",)), Measure("kid", "min", "likewise")
    )
    def copies(model, dataset, config):
        return Score({"copying": 1.0, "kid": 0.5}, "", {"kid": 0.0}, alike={"generated": ()})

    parts = [(np.zeros((count, 8, 8, 1), np.uint8), None) for count in (9, 5, 7)]
    dataset = Dataset(KnownFactors.media, *parts, batch_size=2)
    on_val, on_train = (evaluate(Gray(), dataset, settings(), split=split)[-1] for split in ("val", "train"))
    assert on_val.metrics == {"copying": 1.0, "kid": 0.5} and on_val.real and on_val.alike
    assert on_train.metrics == {"kid": 0.5} and on_train.real == on_train.alike == {}
    report = Report("mine", "", "GAN", {}, [], KnownFactors(), [on_val], on_val.metrics, [], split="val")
    assert "| kid | 0.5 | 0 | val | likewise |" in report.markdown()
    assert report.on("training_minutes") == "train" and report.on("of another kit") == ""


def test_tables_of_one_heading_are_one():
    by_digit = Table(("digit", "of", "kid"), [("1", "model", 0.5), ("1", "real", 0.25), ("2", "model", 2.0)])
    more = Table(("digit", "of", "held_out", "nll"), [("1", "model", 9, 80.0), ("3", "model", 7, 70.0)])
    scores = [Score({}, tables={"By digit": by_digit}), Score({}, tables={"By digit": more, "By x": more})]
    report = Report("mine", "", "VAE", {}, [], KnownFactors(), scores, {}, [])
    (heading, table), (_, other) = report.tables
    assert heading == "By digit" and table.columns == ("digit", "of", "kid", "held_out", "nll")
    assert table.rows == [
        ("1", "model", 0.5, 9, 80.0),
        ("1", "real", 0.25, None, None),
        ("2", "model", 2.0, None, None),
        ("3", "model", None, 7, 70.0),
    ]
    assert other == more


def test_held_out_examples_are_told_by_label_and_group():
    names = {"digit": ["0", "1"], "accent": ["us", "uk"], "one": ["only"]}
    labels, speakers = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0]]), np.array(["bob", "ann", "ann"])
    rows = (np.zeros((3, 8, 8, 1), np.uint8), labels)
    dataset = Dataset(
        Image(8, 8, 1),
        rows,
        test=rows,
        class_names=names,
        group_name="speaker",
        groups={"train": speakers[::-1], "test": speakers},
        batch_size=2,
    )
    nll = {"nll": np.array([1.0, 3.0, 8.0])}
    tables = measures._by_part(dataset, labels, model=nll)
    columns = ("of", "held_out", "nll")
    assert tables == {
        "By digit": Table(("digit", *columns), [("0", "model", 2, 2.0), ("1", "model", 1, 8.0)]),
        "By accent": Table(("accent", *columns), [("us", "model", 2, 4.5), ("uk", "model", 1, 3.0)]),
        "By speaker": Table(("speaker", *columns), [("ann", "model", 2, 5.5), ("bob", "model", 1, 1.0)]),
    }
    on_train = measures._by_part(dataset.tested_on("train"), None, model=nll, real=nll)
    assert on_train["By speaker"].rows[:2] == [("ann", "model", 2, 2.0), ("ann", "real", 2, 2.0)]
