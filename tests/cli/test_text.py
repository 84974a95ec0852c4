"""The command line with sentences: a VAE and a language model, each trained once for all tests."""

import csv
import itertools
import json
import os
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.models import load_model

pytestmark = pytest.mark.slow

SENTENCES = [
    f"{article} {size} {animal} {verb}."
    for article, size, animal, verb in itertools.product(
        ("A", "The"),
        ("small", "red"),
        ("dog", "cat", "bird"),
        ("runs", "sleeps", "sings, too", "eats", "hides"),
    )
]
TINY = "field=text length=8 width=8 batch_size=16 epochs=2 steps_per_epoch=3".split()
LATENTS = "latent_dim=2 nll_samples=2 sampling_prior=flow training_steps=3".split()
WALK = ("A small dog runs.", "The red cat hides.")


def train(*assignments):
    settings = [part for assignment in (*TINY, *assignments) for part in ("--set", assignment)]
    return ["train", "file-text", "--data", "mine.csv", *settings]


def score(report, name):
    """What the report says of a measure: of the model, and of real sentences."""
    return re.search(rf"^\| {name} \| (\S*) \| (\S*) ?\|", report, re.MULTILINE).groups()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a file of sentences, in which models are trained."""
    folder = tmp_path_factory.mktemp("text")
    with open(folder / "mine.csv", "w", newline="") as file:
        csv.writer(file).writerows([("id", "text"), *enumerate(SENTENCES)])
    return folder


@pytest.fixture(scope="module")
def vae(cli_in, folder):
    code, printed = cli_in(folder, *train("restore_best=false", *LATENTS), "--output", "vae")
    assert code == 0 and "vae/samples.txt" in printed and "vae/savedmodel" in printed, printed
    return folder / "vae"


# A learning rate that rises to 1,000 lets the first step, on all sentences, teach something; the second ruins
# it all.
LANGUAGE = train(
    *"model=language_model dropout=0 batch_size=48 steps_per_epoch=1".split(),
    *"learning_rate=0.01 final_learning_rate_share=1e5".split(),
)


@pytest.fixture(scope="module")
def language_model(cli_in, folder):
    code, printed = cli_in(folder, *LANGUAGE, "--output", "language")
    assert code == 0 and "The best epoch ended after 48 examples" in printed, printed
    return folder / "language"


def test_a_run_holds_its_sentences_and_scores(vae):
    metrics = json.loads((vae / "metrics.json").read_text())
    diversity = {"distinct_1", "distinct_2", "distinct_3", "self_bleu", "verbatim"}
    language = {"nll_per_token", "token_perplexity", "bits_per_byte", "unknown_tokens"}
    latents = {"nll", "elbo", "kl", "mutual_information", "active_units", "reconstruction_accuracy"}
    assert diversity | language | latents <= metrics.keys()
    assert all(isinstance(value, float | int) for value in metrics.values())
    report = (vae / "report.md").read_text()
    for name, value in metrics.items():
        told, real = score(report, name)
        assert float(told) == pytest.approx(value, rel=1e-3)
        assert bool(real) == (name in diversity), name
    for name in ("samples", "reconstructions", "traversals"):
        text = (vae / f"{name}.txt").read_text()
        assert f"## {name.capitalize()}\n\n```\n{text}```\n" in report
    assert len((vae / "samples.txt").read_text().splitlines()) == 80
    pairs = (vae / "reconstructions.txt").read_text().rstrip("\n").split("\n\n")
    originals = [pair.split("\n")[0] for pair in pairs]
    assert len(originals) == 6 and set(originals) <= {text.lower() for text in SENTENCES}
    # A line each of eight steps, for both latents.
    assert [row.count("\n") for row in (vae / "traversals.txt").read_text().rstrip("\n").split("\n\n")] == [
        7,
        7,
    ]
    assert sorted(os.listdir(vae / "samples")) == ["0000000048.txt", "0000000096.txt"]
    assert load_model(vae / "model.keras").sampling_prior.training_steps == 3


def test_tensorboard_gets_the_sentences_as_text(vae):
    found = {
        (value.tag, event.step): value
        for file in (vae / "tensorboard").glob("events*")
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    for name in ("samples", "reconstructions", "traversals"):
        assert found[name, 96].metadata.plugin_data.plugin_name == "text"
    shown = tf.make_ndarray(found["samples", 96].tensor).item().decode()
    assert shown.startswith(
        "".join(f"    {line}\n" for line in (vae / "samples/0000000096.txt").open().read().split("\n"))
    )
    assert {"val_mutual_information", "kl_of_dimensions/001"} <= {tag for tag, _ in found}


def test_samples_are_lines_arrays_or_files(cli_in, folder, vae):
    def sample(out, *settings):
        code, printed = cli_in(folder, "sample", "vae", "--num", 5, "--seed", 1, *settings, "--out", out)
        return code, printed

    assert sample("a.txt")[0] == sample("a.npz")[0] == sample("each")[0] == 0
    lines = (folder / "a.txt").read_text().split("\n")
    assert len(lines) == 6 and lines[-1] == ""
    with np.load(folder / "a.npz", allow_pickle=False) as arrays:
        assert arrays["samples"].dtype.kind == "U" and arrays["samples"].tolist() == lines[:-1]
    written = [(folder / "each" / f"{number}.txt").read_text() for number in range(5)]
    assert written == [f"{line}\n" for line in lines[:-1]] and len(list((folder / "each").glob("*.txt"))) == 5
    assert sample("b.txt", "--seed", 2)[0] == 0 and (folder / "b.txt").read_text().split("\n") != lines
    model = load_model(vae / "model.keras")
    for option, how in (
        ("--temperature", {"temperature": 0.5}),
        ("--top-k", {"top_k": 2}),
        ("--top-p", {"top_p": 0.1}),
    ):
        assert sample("c.txt", option, *how.values())[0] == 0
        assert (
            (folder / "c.txt").read_text().split("\n")[:-1]
            == list(model.generate(5, seed=1, **how))
            != lines[:-1]
        )
    code, printed = sample("a.png")
    assert code == 2 and printed.endswith(
        "--out takes a name ending in .txt or .npz, or a folder, for sentences, not 'a.png'."
    )


def test_a_walk_between_sentences_is_a_line_or_a_file_for_each_step(cli_in, folder, vae):
    assert cli_in(folder, "interpolate", "vae", *WALK, "--steps", 4, "--out", "walk.txt")[0] == 0
    assert cli_in(folder, "interpolate", "vae", *WALK, "--steps", 4, "--out", "walk")[0] == 0
    lines = (folder / "walk.txt").read_text().split("\n")
    assert len(lines) == 5 and lines[-1] == ""
    assert [(folder / "walk" / f"{step}.txt").read_text() for step in range(4)] == [
        f"{line}\n" for line in lines[:-1]
    ]


def test_an_exported_run_takes_and_gives_strings(cli_in, folder, vae):
    code, printed = cli_in(folder, "export", "vae", "--to", "served")
    assert code == 0 and "served/vae/1" in printed, printed
    signatures = tf.saved_model.load(str(folder / "served" / "vae" / "1")).signatures
    assert signatures["serving_default"](seed=tf.constant([1], tf.int64))["text"].dtype == tf.string
    assert signatures["encode"](text=tf.constant(list(WALK)))["latents"].shape == (2, 2)


def test_a_language_model_has_no_latents_to_score_or_walk_in(cli_in, folder, language_model):
    metrics = json.loads((language_model / "metrics.json").read_text())
    assert {"nll", "nll_per_token", "token_perplexity", "bits_per_byte", "self_bleu"} <= metrics.keys()
    assert not {"kl", "elbo", "mutual_information", "reconstruction_accuracy"} & metrics.keys()
    assert "Reconstructions" not in (language_model / "report.md").read_text()
    code, printed = cli_in(folder, "interpolate", "language", *WALK, "--out", "none.txt")
    assert code == 2 and printed.endswith(
        "A LanguageModel has no encoder, which a walk between two sentences needs."
    )
    assert not (folder / "none.txt").exists()


def test_the_best_epoch_on_validation_data_is_kept(language_model):
    rows = list(csv.DictReader((language_model / "history.csv").open()))
    losses = [float(row["val_loss"]) for row in rows]
    # On training data, whose loss is taken before a step, the second epoch looks better.
    assert len(losses) == 2 and losses[0] < losses[1] and float(rows[0]["loss"]) > float(rows[1]["loss"])
    assert json.loads((language_model / "metrics.json").read_text())["examples_seen"] == 48
    kept, best, last = (
        load_model(language_model / name).get_weights()
        for name in ("model.keras", "checkpoints/best.keras", "checkpoints/000000000096.keras")
    )
    assert all(map(np.array_equal, kept, best)) and not all(map(np.array_equal, kept, last))


def test_a_run_does_not_go_on_with_other_sentences(cli_in, folder, language_model):
    """Their words would have other numbers."""
    scores, data = language_model / "metrics.json", folder / "mine.csv"
    scored, sentences = scores.read_text(), data.read_text()
    scores.unlink()
    data.write_text(sentences.replace("cat", "cow"))
    try:
        code, printed = cli_in(folder, *LANGUAGE, "--output", "language")
    finally:
        scores.write_text(scored)
        data.write_text(sentences)
    assert code == 2 and "The data of language are others than it was begun with" in printed


def test_mistakes_end_with_code_2_and_one_sentence(run_cli, tmp_path):
    (tmp_path / "mine.csv").write_text("id,text\n1,A dog runs.\n")
    mistakes = {
        ("train", "file-text"): "give --data with a file, a folder or a zip.",
        ("train", "file-text", "--data", "nowhere.csv"): "missing path 'nowhere.csv'",
        (
            "train",
            "file-text",
            "--data",
            "mine.csv",
        ): "the column that holds the sentences: its columns are 'id', 'text'",
        ("train", "file-text", "--data", "mine.csv", "--set", "field=txt"): "mine.csv has no column 'txt'",
        (
            "train",
            "file-text",
            "--set",
            "model=language_model",
            "nats=4",
        ): "'nats' has no use with model=language_model: set model=vae too.",
        ("train", "docstrings-vae", "--set", "field=text"): "field is of .jsonl, .json, .csv and .tsv files",
    }
    for arguments, message in mistakes.items():
        code, printed = run_cli(*arguments)
        assert code == 2 and message in printed and "Traceback" not in printed, (arguments, printed)
