"""The command line as its user meets it: in processes of its own where start-up counts, in this one
elsewhere.
"""

import functools
import json
import os
import re
import resource
import signal
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import soundfile
import tensorflow as tf

from keras_gen.metrics import quality, train_classifier

TINY = ["--set", "width=8", "--set", "steps_per_epoch=20", "--set", "batch_size=32"]


def in_new_process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from keras_gen.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_from_training_to_samples_and_a_savedmodel(run_cli, tmp_path):
    # A corrected command trains where a mistaken one failed.
    assert run_cli("train", "digits-gan", "--data", "nowhere", "--epochs", 1, *TINY)[0] == 2
    code, printed = run_cli("train", "digits-gan", "--epochs", 1, *TINY)
    assert code == 0, printed
    run = tmp_path / "runs" / "digits-gan"
    for file in (
        "config.json",
        "model.keras",
        "report.html",
        "report.md",
        "history.csv",
        "samples.png",
        "checkpoints/000000000640.keras",
    ):
        assert (run / file).is_file()
        assert file not in ("model.keras", "report.html", "report.md", "samples.png") or file in printed
    assert len(list((run / "samples").glob("*.png"))) == 1
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"frechet", "frechet_infinity", "kid", "kid_low", "kid_high", "label_agreement"} <= metrics.keys()
    assert all(isinstance(value, float | int) for value in metrics.values())
    for name in metrics:
        assert f"| {name} |" in (run / "report.md").read_text()
    page = (run / "report.html").read_text()
    assert page.count("nearest training example") == 1 + 2 * 8 and "<td>network.width</td><td>8</td>" in page
    assert len(page) < 3e6 and "validation" in page
    tags = {
        value.tag
        for file in (run / "tensorboard").glob("events*")
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    expected = {
        "discriminator_loss",
        "generator_loss",
        "real_logit",
        "fake_logit",
        "val_real_logit",
        "samples",
    }
    assert expected | {"generator_learning_rate", "discriminator_learning_rate"} <= tags
    served = tf.saved_model.load(str(run / "savedmodel")).signatures["serving_default"]
    assert served(seed=tf.constant([1], tf.int64), label=tf.constant([3]))["images"].shape == (1, 8, 8, 1)

    assert "is complete" in run_cli("train", "digits-gan", "--epochs", 1, *TINY)[1]
    code, printed = run_cli("train", "digits-gan", "--epochs", 2, *TINY, "--set", "width=9")
    assert code == 2 and "epochs is 1 there, 2 here, network.width is 8 there, 9 here" in printed

    assert run_cli("sample", run, "--num", 12, "--label", 4, "--seed", 5, "--out", "a.npz")[0] == 0
    assert run_cli("sample", run, "--num", 12, "--label", 4, "--seed", 5, "--out", "b.npz")[0] == 0
    with np.load("a.npz") as a, np.load("b.npz") as b:
        assert a["samples"].shape == (12, 8, 8, 1) and a["samples"].dtype == np.uint8
        np.testing.assert_array_equal(a["samples"], b["samples"])
        np.testing.assert_array_equal(a["labels"], np.full(12, 4))
    for mistake, message in (
        (["--label", 99, "--out", "a.npz"], "Unknown class '99'"),
        (["--out", "a.gif"], "not 'a.gif'"),
        (["--out", "a.npz/b.npz"], "cannot be written"),
        (["--out", "x", "--format", "wav"], "--format of images is one of png, jpg, jpeg, webp, not 'wav'"),
        (["--out", "a.png", "--format", "jpg"], "leave it out for 'a.png'"),
    ):
        code, printed = run_cli("sample", run, *mistake)
        assert code == 2 and message in printed, printed
    assert run_cli("sample", run, "--out", "grid.png")[0] == 0
    assert min(PIL.Image.open("grid.png").size) > 64
    assert run_cli("sample", run, "--num", 11, "--out", "images")[0] == 0
    assert sorted(os.listdir("images"))[::10] == ["0_0.png", "9_0.png"]
    assert PIL.Image.open("images/0_1.png").size == (8, 8)
    assert run_cli("sample", run, "--num", 1, "--out", "images", "--format", "webp")[0] == 0
    assert run_cli("sample", run, "--num", 1, "--out", "grid.jpg")[0] == 0
    code, printed = run_cli("inspect", "grid.jpg", "images/0_0.webp")
    assert code == 0 and printed.count(": in the file and in its sidecar.") == 2, printed
    code, printed = run_cli("inspect", "grid.png", "images/0_1.png")
    assert code == 0 and printed.count("synthetic (trainedAlgorithmicMedia), by digits-gan (keras_gen") == 2
    assert printed.count(": in the file and in its sidecar.") == 2, printed
    code, printed = run_cli("inspect", "a.npz", run / "samples.png")
    assert code == 0 and "in its sidecar" in printed and "in the file" in printed, printed
    assert run_cli("sample", run, "--num", 1, "--out", "bare.png", "--unmarked")[0] == 0
    code, printed = run_cli("inspect", "bare.png")
    assert code == 1 and "says nothing, which proves nothing" in printed
    (tmp_path / "key").write_text("a long secret text\n")
    for mistake, message in (
        (["--watermark-strength", 2], "--watermark-strength needs --watermark-key FILE"),
        (["--watermark-key", "key"], "Images of 8 x 8 pixels are too small for a watermark"),
        (["--watermark-key", "none"], "none cannot be read: No such file or directory"),
    ):
        code, printed = run_cli("sample", run, *mistake, "--out", "x")
        assert code == 2 and message in printed, printed
    code, printed = run_cli("inspect", run / "savedmodel")
    assert code == 0 and "a GAN of image (height 8, width 8, channels 1), by digits-gan on digits" in printed
    assert "generate(label, seed) gives images" in printed and "files, unchanged since" in printed, printed
    kept = run / "savedmodel" / "assets.extra"
    assert (kept / "model_card.md").read_bytes() == (run / "model_card.md").read_bytes()
    told = json.loads((kept / "model.json").read_text())
    assert told["metrics"] == json.loads((run / "metrics.json").read_text()) and told["conditions"]
    assert run_cli("sample", run, "--num", 3, "--seed", 1, "--temperature", 0, "--out", "mean.npz")[0] == 0
    with np.load("mean.npz") as drawn, np.load("a.npz") as varied:
        assert not np.array_equal(drawn["samples"][:1], varied["samples"][:1])
    code, printed = run_cli("sample", run, "--top-k", 3, "--out", "x.npz")
    assert code == 2 and "top_k, top_p and beginnings are of sentences, but images are drawn" in printed
    for again in ("", ", exported earlier"):
        code, printed = run_cli("export", run)
        assert code == 0 and printed.endswith(f"savedmodels/digits-gan/1{again}"), printed
    code, printed = run_cli("export", run, "--to", "served", "--name", "a/b")
    assert code == 2 and "--name takes the name of one folder" in printed
    assert run_cli("export", run, "--to", "served", "--name", "digits")[0] == 0
    assert (tmp_path / "served" / "digits" / "1" / "saved_model.pb").is_file()


@pytest.mark.slow
def test_a_dry_run_says_how_long_training_takes_and_writes_nothing(run_cli, tmp_path):
    code, printed = run_cli("train", "digits-gan", "--dry-run", "--epochs", 30, *TINY)
    assert code == 0 and "600 steps of" in printed and "Nothing was written." in printed, printed
    assert run_cli("train", "digits-gan", "--dry-run", "--data", "lost.zip")[0] == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_voices_from_recordings_to_recordings(run_cli, tmp_path, monkeypatch):
    # Scores are not what is tested.
    monkeypatch.setattr(quality, "train_classifier", functools.partial(train_classifier, steps=2))
    (tmp_path / "voices").mkdir()
    random, time = np.random.default_rng(0), np.arange(2400) / 8000
    for digit in range(2):
        for octave, speaker in enumerate(("ann", "bob")):
            for index in range(6):
                tone = np.sin(2 * np.pi * 200 * (1 + digit) * 2**octave * time + index)
                noisy = 0.2 * tone + random.normal(0, 0.01, time.shape)
                soundfile.write(f"voices/{digit}_{speaker}_{index}.wav", noisy, 8000)
    (tmp_path / "voices" / "1_ann_99.wav").write_text("no recording")
    fields = (
        "num_classes=2,2 length=2048 hop=128 mels=16 width=4 latent_dim=4 nll_samples=3 num_scored=8 test=index=0,1",
        "time_mask=4 steps_per_epoch=5 batch_size=8 training_steps=5",
    )
    small = [part for text in " ".join(fields).split() for part in ("--set", text)]
    command = ["train", "fsdd-vae", "--data", "voices", "--epochs", 1, *small, "--output", "run"]
    with pytest.warns(UserWarning, match=r"1 of 25 waveforms .*could not be read: .+ \(1: 1_ann_99.wav\)"):
        code, printed = run_cli(*command)
    assert code == 0, printed
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    expected = {"elbo", "frechet", "label_agreement_digit", "label_agreement_speaker", "log_mel", "mr_stft"}
    assert expected <= metrics.keys()
    report = (tmp_path / "run" / "report.md").read_text()
    for label in ("digit", "speaker"):
        assert f"### By {label}\n\n| {label} | of | count | frechet |" in report
    columns = r"\| label_agreement \| held_out \| nll \| reconstruction \| kl \| log_mel \|.* mr_stft \|"
    assert len(re.findall(columns, report)) == 2
    code, evaluated = run_cli("evaluate", "run/savedmodel", "--data", "voices", "--fail-if", "mr_stft<0")
    assert code == 0 and "Nothing has drifted beyond its spread." in evaluated, evaluated
    assert re.search(rf"\blog_mel {metrics['log_mel']:.4g} \S+ {metrics['log_mel']:.4g}\b", evaluated), (
        evaluated
    )
    assert (tmp_path / "run" / "reconstructions.png").is_file()
    assert "run/waveforms" in printed and (tmp_path / "run" / "waveforms" / "0_ann_0.wav").is_file()
    kinds = {
        value.tag: value.metadata.plugin_data.plugin_name
        for file in (tmp_path / "run" / "tensorboard").glob("events*")
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    for name in ("samples", "reconstructions", "traversals"):
        assert (kinds[name], kinds[f"{name}_audio"]) == ("images", "audio")

    assert run_cli("sample", "run", "--num", 6, "--seed", 1, "--out", "spoken")[0] == 0
    first = sorted(path.name for path in (tmp_path / "spoken").glob("*.wav"))
    assert first == ["0_ann_0.wav", "0_ann_1.wav", "0_bob_0.wav", "1_ann_0.wav", "1_ann_1.wav", "1_bob_0.wav"]
    waveform, rate = soundfile.read("spoken/1_bob_0.wav")
    assert rate == 8000 and waveform.shape == (2048,) and np.abs(waveform).max() > 0
    assert run_cli("sample", "run", "--num", 2, "--label", "1,bob", "--out", "more")[0] == 0
    assert sorted(os.listdir("more")) == ["1_bob_0.wav", "1_bob_1.wav", "provenance.json"]

    (tmp_path / "key").write_text("a long secret text\n")
    (tmp_path / "other").write_text("another secret text\n")
    key = ["--watermark-key", "key", "--watermark-strength", 4]
    assert run_cli("sample", "run", "--num", 30, "--out", "a", "--format", "flac", "--unmarked", *key)[0] == 0
    files = sorted(path.relative_to(tmp_path) for path in (tmp_path / "a").iterdir())
    code, printed = run_cli("inspect", *files, *key[:2])
    assert "All 30 recordings at 8000 Hz together: has the watermark of the key; by chance" in printed, (
        printed
    )
    code, printed = run_cli("inspect", *files, "--watermark-key", "other")
    assert code == 1 and "recordings at 8000 Hz together: shows no watermark" in printed, printed
    for again in ("", ", exported earlier"):
        code, printed = run_cli("export", "run", "--to", "marking", *key)
        assert code == 0 and printed.endswith(f"marking/run/1{again}"), printed
    code, printed = run_cli("inspect", "marking/run/1")
    assert code == 0 and "what it gives has the watermark of the key" in printed, printed
    told = json.loads((tmp_path / "marking/run/1/assets.extra/model.json").read_text())
    assert told["watermark"]["strength"] == 4.0

    ends = ["voices/0_ann_0.wav", "voices/1_bob_0.wav"]
    assert run_cli("interpolate", "run", *ends, "--steps", 3, "--out", "walk")[0] == 0
    assert sorted(os.listdir("walk")) == ["0.wav", "1.wav", "2.wav", "provenance.json"]
    (tmp_path / "other.wav").write_bytes((tmp_path / ends[0]).read_bytes())
    assert run_cli("interpolate", "run", "other.wav", ends[1], "--label", "0,ann", "--out", "walk")[0] == 0
    soundfile.write("voices/0_ann_70.wav", np.tile(soundfile.read(ends[0])[0], 3), 8000)
    files = ["voices/0_ann_70.wav", ends[1]]
    code, printed = run_cli("reconstruct", "run", *files, "--out", "back")
    assert code == 0, printed
    assert [len(soundfile.read(file.replace("voices", "back"))[0]) for file in files] == [7200, 2400]
    for arguments, message in (
        (
            ["reconstruct", "run", ends[0], "other.wav", "--out", "x"],
            "other.wav tells no label: give --label",
        ),
        (["reconstruct", "run", ends[0], ends[0], "--out", "x"], "are called 0_ann_0, and would overwrite"),
        (["reconstruct", "run", "voices/1_ann_99.wav", "--out", "x"], "1_ann_99.wav cannot be used: "),
        (
            ["interpolate", "run", "other.wav", ends[1], "--out", "x"],
            "other.wav tells no label: give --label",
        ),
        (["interpolate", "run", "voices/1_ann_99.wav", ends[1], "--out", "x"], "could not be read"),
        (["interpolate", "run", ends[0], "voices/1_bob_77.wav", "--out", "x"], "cannot be read"),
        (["sample", "run", "--label", "1", "--out", "x"], "digit,speaker, not '1'"),
        (["sample", "run", "--label", "1,eve", "--out", "x"], "Unknown class 'eve'"),
        (["train", "folder-voice", "--data", "run/tensorboard", "--output", "y"], "holds no waveforms"),
        ([*command[:-1], "z", "--set", "labels={digit}-{speaker}"], "{digit}-{speaker}"),
    ):
        code, printed = run_cli(*arguments)
        assert code == 2 and message in printed, printed
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_vae_from_training_to_samples_and_a_savedmodel(run_cli, tmp_path, monkeypatch):
    # Scores are not what is tested, and their classifier is not kept for other tests.
    monkeypatch.setattr(quality, "train_classifier", functools.partial(train_classifier, steps=2))
    monkeypatch.setenv("KERAS_GEN_CACHE", str(tmp_path / "cache"))
    settings = ["nll_samples=5", "sampling_prior=mixture", "components=2", "num_classes=none"]
    settings = [part for setting in settings for part in ("--set", setting)]
    code, printed = run_cli("train", "digits-vae", "--epochs", 1, *TINY, *settings)
    assert code == 0, printed
    run = tmp_path / "runs" / "digits-vae"
    metrics = json.loads((run / "metrics.json").read_text())
    expected = {"nll", "elbo", "kl", "active_units", "frechet", "kid", "kid_low", "training_minutes"}
    assert expected <= metrics.keys()
    assert all(isinstance(value, float | int) for value in metrics.values())
    report = (run / "report.md").read_text()
    for name in ("samples", "reconstructions", "traversals"):
        assert (run / f"{name}.png").is_file() and f"]({name}.png)" in report
    for name in metrics:
        assert f"| {name} |" in report
    divergences = re.search(r"largest first: (.*)\.\n", report).group(1).split(", ")
    assert len(divergences) == 8
    np.testing.assert_allclose(sum(map(float, divergences)), metrics["kl"], atol=0.08)
    served = tf.saved_model.load(str(run / "savedmodel")).signatures
    assert served["encode"](images=np.zeros((2, 8, 8, 1), np.uint8))["latents"].shape == (2, 8)
    assert run_cli("sample", run, "--num", 3, "--seed", 1, "--out", "a.npz")[0] == 0
    with np.load("a.npz") as drawn:
        made = served["serving_default"](
            seed=np.random.SeedSequence(1).generate_state(3, np.uint64).view(np.int64)
        )
        np.testing.assert_array_equal(drawn["samples"], made["images"])


@pytest.mark.exhaustive
def test_a_vqvae_from_training_to_samples(run_cli, tmp_path):
    smaller = ["--data", "digits", "--set", "size=8", "--set", "num_codes=16", "--set", "prior_units=8"]
    code, printed = run_cli("train", "mnist-vqvae", "--epochs", 1, *TINY, *smaller)
    assert code == 0, printed
    run = tmp_path / "runs" / "mnist-vqvae"
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"nll", "elbo", "kl", "perplexity", "frechet", "label_agreement"} <= metrics.keys()
    assert (run / "reconstructions.png").is_file() and not (run / "traversals.png").exists()
    assert run_cli("sample", run, "--num", 4, "--label", 2, "--out", "b.png")[0] == 0


@pytest.mark.exhaustive
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(run_cli, tmp_path, monkeypatch):
    """One signal comes with the last step of the first epoch, another in the middle of the second."""
    from keras_gen.callbacks import Monitor
    from keras_gen.models import load_model

    def asking(number, step):
        def ask_to_stop(self, batch, logs=None):
            if self.model.examples_seen.numpy() == step * 32:
                signal.raise_signal(number)

        return ask_to_stop

    command = ["train", "digits-gan", "--no-score", "--epochs", 2, *TINY, "--set", "steps_per_execution=4"]
    assert run_cli(*command, "--output", "straight")[0] == 0
    going_on = None
    for number, status, step in ((signal.SIGINT, 130, 20), (signal.SIGTERM, 143, 28)):
        with monkeypatch.context() as stopped:
            stopped.setattr(Monitor, "on_train_batch_end", asking(number, step))
            code, printed = run_cli(*command, "--output", "stopped")
        assert code == status and "the same command goes on from stopped/checkpoints" in printed
        assert going_on is None or going_on in printed
        assert not (tmp_path / "stopped" / "model.keras").exists()
        going_on = f"Going on after {step * 32} examples"
    code, printed = run_cli(*command, "--output", "stopped")
    assert code == 0 and going_on in printed
    runs = [tmp_path / name for name in ("straight", "stopped")]
    models = [load_model(run / "model.keras") for run in runs]
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)
    histories = [(run / "history.csv").read_text() for run in runs]
    assert histories[0] == histories[1]


@pytest.mark.exhaustive
def test_training_that_diverges_goes_back_slower_and_ends_if_that_does_not_help(
    run_cli, tmp_path, monkeypatch
):
    """A regularizer that is not finite from the second epoch on: in all of a training, or until it begins
    again.
    """
    from keras_gen.losses import ELBO
    from keras_gen.models import load_model

    regularizer, poisoned = ELBO.regularizer, []

    def poison(self, draw):
        cost = regularizer(self, draw)
        late = draw.examples >= 24 * 32
        return {name: tf.where(late & poisoned.pop(), np.inf, value) for name, value in cost.items()}

    monkeypatch.setattr(ELBO, "regularizer", poison)
    settings = [*TINY, "--epochs", 3, "--set", "most_skipped=4", "--set", "steps_per_execution=1"]
    settings += [
        "--set",
        "learning_rate=0.002",
        "--set",
        "final_learning_rate_share=1",
        "--set",
        "nll_samples=2",
    ]
    poisoned += [False, True]  # from the last one
    code, printed = run_cli("train", "digits-vae", "--output", "helped", *settings)
    assert code == 0 and "4 steps in a row were not finite: back to the last checkpoint, slower" in printed
    assert "Going on after 640 examples" in printed
    model = load_model(tmp_path / "helped" / "model.keras")
    assert model.optimizer.learning_rate.numpy() == np.float32(0.001)
    assert json.loads((tmp_path / "helped" / "metrics.json").read_text())["skipped_steps"] == 0

    poisoned += [True, True, True]
    code, printed = run_cli("train", "digits-vae", "--output", "lost", *settings, "--set", "most_restores=2")
    assert code == 2 and "Training diverged: 4 steps in a row had a loss or gradient that was not" in printed
    assert "also after 2 returns to the last checkpoint" in printed and not poisoned
    assert load_model(max((tmp_path / "lost/checkpoints").glob("0*.keras"))).examples_seen.numpy() == 640


def test_mistakes_end_with_code_2_and_one_sentence(run_cli, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not a folder")
    for name, config in (
        ("damaged", "{"),
        ("other", "[]"),
        ("foreign", '{"recipe": "digits-gan", "depth": 3}'),
    ):
        (tmp_path / name / "checkpoints").mkdir(parents=True)
        (tmp_path / name / "config.json").write_text(config)
        (tmp_path / name / "checkpoints" / "64.keras").write_text("not a model")
    np.savez(tmp_path / "unlabeled.npz", x=np.zeros((100, 8, 8), np.uint8))
    mistakes = {
        ("train", "digit-gan"): "did you mean 'digits-gan'",
        ("train", "digits-gan", "--set", "widht=3"): "did you mean 'width'",
        ("train", "digits-gan", "--set", "width"): "takes field=value",
        ("train", "digits-gan", "--epochs", "0"): "'epochs' takes int from 1 to below 2**31, not 0",
        ("train", "digits-gan", "--output", "file/run"): "cannot be written",
        ("train", "folder-gan", "--data", "empty"): "holds no images",
        ("train", "folder-gan", "--data", "nowhere"): "missing path 'nowhere'",
        ("train", "folder-gan"): "give --data",
        ("train", "digits-gan", "--set", "size=30"): "use 28 x 28 or 32 x 32",
        ("train", "digits-gan", "--set", "num_classes=3"): "give --set num_classes=10",
        ("train", "digits-gan", "--set", "num_classes=-3"): "with commas between or none, not -3",
        ("train", "digits-gan", "--set", "ema=inf"): "from 0 to below 2**31, not inf",
        ("train", "digits-gan", "--set", "augment=adaptive"): "set augment=scheduled or diff",
        (
            "train",
            "digits-vae",
            "--set",
            "objective=tc",
        ): "'objective.num_examples' is missing: it takes int from 2",
        ("train", "digits-vae", "--set", "prior=vamp"): "set num_classes=none",
        (
            "train",
            "digits-vae",
            "--set",
            "objective=tc",
            "--set",
            "num_examples=7",
        ): "give --set num_examples=1258",
        (
            "train",
            "digits-vae",
            "--set",
            "sampling_prior=mixture",
            "--set",
            "components=5000",
        ): "at most the 1,258 training",
        ("train", "shapes-tcvae", "--set", "latent_dim=1"): "'latent_dim' must be at least 2",
        (
            "train",
            "mnist-vqvae",
            "--set",
            "num_codes=1",
        ): "'num_codes' takes int from 2 to below 2**31, not 1",
        (
            "train",
            "digits-gan",
            "--output",
            "foreign",
        ): "foreign/config.json cannot be used: Unknown field 'depth'",
        ("train", "digits-gan", "--output", "damaged"): "cannot be read",
        ("sample", "other", "--out", "a.png"): "names no recipe",
        (
            "sample",
            "foreign",
            "--out",
            "a.png",
        ): "64.keras is damaged (File is not a zip file) and passed over",
        ("sample", "foreign", "--out", "a.gif", "--seed", "-1"): "--seed",
        (
            "train",
            "digits-gan",
            "--data",
            "unlabeled.npz",
            "--output",
            "unlabeled",
        ): "but the data have none",
        ("sample", "empty", "--out", "a.png"): "is not the folder of a run",
        ("export", "empty"): "is not the folder of a run",
    }
    for arguments, message in mistakes.items():
        code, printed = run_cli(*arguments)
        assert code == 2 and message in printed and "Traceback" not in printed, (arguments, printed)


def test_list_names_every_recipe(run_cli):
    from keras_gen import recipes

    code, printed = run_cli("list")
    assert code == 0 and all(name in printed for name in recipes.NAMES)


def test_help_answers_without_tensorflow_in_half_a_second():
    script = "from keras_gen.cli import main\ntry: main()\nfinally:\n import sys; assert not {'tensorflow', 'pydantic'} & set(sys.modules)"

    def seconds():
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(
            [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0 and "train" in ran.stdout, ran.stderr
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Of the processor, which other tests still slow down that run beside this one: so often.
        return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime

    assert any(seconds() < 0.5 for _ in range(20))


def test_another_backend_is_refused_in_one_sentence(tmp_path):
    ran = in_new_process("train", "digits-gan", "--output", str(tmp_path / "run"), KERAS_BACKEND="jax")
    assert ran.returncode == 2
    assert ran.stderr.strip().endswith("set KERAS_BACKEND=tensorflow before keras is imported.")
    assert "Traceback" not in ran.stderr
