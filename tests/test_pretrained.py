"""Models that come with the kit: whole, small, found by name where a run is taken, and never written to."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_gen as kg
from keras_gen import pretrained
from keras_gen.errors import InputError
from keras_gen.runs.publishing import QUESTION
from keras_gen.runs.run import fine_tuned

ROOT = Path(__file__).parent.parent
NAMES = ["digits-gan", "docstrings-vae", "vowels-vae"]
MOST_BYTES = 6_000_000


@pytest.fixture(autouse=True)
def not_asked_for_yet():
    pretrained._announced.cache_clear()


def test_the_wheel_holds_them_and_stays_small():
    assert pretrained.names() == NAMES
    listed = (
        "import setuptools, distutils.core as core\n"
        "build = core.run_setup('setup.py', stop_after='config').get_command_obj('build_py')\n"
        "build.ensure_finalized()\n"
        "print(*[file for _, _, _, files in build.data_files for file in files], sep='\\n')"
    )
    ran = subprocess.run([sys.executable, "-c", listed], cwd=ROOT, capture_output=True, text=True, check=True)
    held = set(ran.stdout.split())  # paths in the package
    for name in NAMES:
        folder = pretrained.FOLDER / name
        manifest = json.loads((folder / "manifest.json").read_text())
        files = {"manifest.json", *manifest["files"]}
        assert {"model.keras", "config.json", "scores.json", "metrics.json", "model_card.md"} < files
        assert {f"pretrained/{name}/{file}" for file in files} <= held
        assert {file.name for file in folder.iterdir()} == files
        assert manifest["command"] == f"python benchmarks/make_pretrained.py {name}" and "seed" in manifest
        assert {"keras", "keras_gen", "tensorflow"} == manifest["versions"].keys()
        card = (folder / "model_card.md").read_text()
        assert "license: apache-2.0" in card and not QUESTION.search(card)
    assert sum(path.stat().st_size for path in pretrained.FOLDER.glob("*/*")) < MOST_BYTES


def test_the_package_is_imported_without_reading_them():
    program = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, given: event == 'open' and opened.append(str(given[0])))\n"
        "import keras_gen.pretrained, keras_gen.cli\n"
        "assert opened and not [path for path in opened if '/pretrained/' in path and '.py' not in path]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


DRAWN = {
    "digits-gan": [
        [0, 0, 73, 201, 213, 142, 2, 1],
        [0, 0, 213, 251, 143, 220, 61, 0],
        [0, 18, 245, 81, 8, 165, 63, 1],
        [0, 67, 239, 30, 0, 114, 136, 0],
        [0, 107, 188, 20, 0, 53, 129, 0],
        [0, 29, 214, 4, 2, 128, 154, 1],
        [0, 1, 226, 179, 155, 246, 89, 0],
        [0, 0, 25, 214, 239, 113, 5, 0],
    ],
    "docstrings-vae": "number of paren or subclass that are enabled.",
    "vowels-vae": [
        *(0.0714, 0.1171, 0.1196, 0.1282, 0.1171, 0.1174, 0.1207, 0.1164),
        *(0.1229, 0.1231, 0.1184, 0.1190, 0.1202, 0.1182, 0.1214, 0.0761),
    ],  # loudness of sixteen parts
}


@pytest.mark.parametrize("name", NAMES)
def test_each_still_draws_what_it_drew_when_it_was_made(name):
    model = kg.GenerativeModel.from_pretrained(name)
    (drawn,) = model.generate(1, seed=0)
    if name == "docstrings-vae":
        assert drawn == DRAWN[name]
    elif name == "digits-gan":
        np.testing.assert_allclose(drawn[..., 0], DRAWN[name], atol=1)  # processors round differently
    else:
        loudness = np.sqrt(np.mean(drawn.reshape(16, 256) ** 2, axis=1))
        np.testing.assert_allclose(loudness, DRAWN[name], atol=2e-3)


def test_commands_take_their_names_and_files_name_them(run_cli):
    code, printed = run_cli("sample", "digits-gan", "--num", 4, "--label", 7, "--seed", 1, "--out", "a.png")
    assert code == 0 and "Using the pretrained digits-gan that came with keras_gen" in printed, printed
    told = json.loads(Path("a.png.json").read_text())
    manifest = json.loads((pretrained.FOLDER / "digits-gan" / "manifest.json").read_text())
    (made,) = told["made"]
    assert told["synthetic"] and made["system"].startswith("digits-gan, pretrained (keras_gen ")
    assert made["version"] == f"sha256:{manifest['files']['model.keras']}"
    code, printed = run_cli("inspect", "a.png")
    assert code == 0 and "by digits-gan, pretrained (keras_gen" in printed
    code, printed = run_cli("list")
    assert code == 0 and f"of this name: {', '.join(NAMES)}" in printed


def test_walks_and_reconstructions_are_a_grid_where_their_name_is_that_of_an_image(run_cli):
    assert run_cli("sample", "vowels-vae", "--num", 2, "--seed", 0, "--out", "vowels")[0] == 0
    ends = ["vowels/0.wav", "vowels/1.wav"]
    assert run_cli("interpolate", "vowels-vae", *ends, "--steps", 3, "--out", "walk.png")[0] == 0
    assert Path("walk.png").is_file() and Path("walk.png.json").is_file()
    for command, out, message in (
        ("interpolate", "walk.txt", "--out takes a name ending in .png, .jpg, .jpeg, .webp, or a folder for"),
        ("reconstruct", "back.png", "--out takes a folder for waveforms, not 'back.png'"),
    ):
        code, printed = run_cli(command, "vowels-vae", *ends, "--out", out)
        assert code == 2 and message in printed and not Path(out).exists()


def test_no_file_is_written_over_one_that_is_read(run_cli):
    assert run_cli("sample", "vowels-vae", "--num", 2, "--seed", 0, "--out", "vowels")[0] == 0
    before = Path("vowels/0.wav").read_bytes()
    for command in ("reconstruct", "interpolate"):  # both would call a file 0.wav
        code, printed = run_cli(command, "vowels-vae", "vowels/0.wav", "vowels/1.wav", "--out", "vowels")
        assert code == 2 and "vowels/0.wav would be overwritten, which is read: name another" in printed
    assert Path("vowels/0.wav").read_bytes() == before


def test_sentences_come_back(run_cli):
    code, printed = run_cli("reconstruct", "docstrings-vae", "Return a list.", "A name", "--out", "back.txt")
    assert code == 0 and "2 as they come back: back.txt" in printed, printed
    assert len(Path("back.txt").read_text().splitlines()) == 2


def test_a_run_of_ones_own_comes_first(run_cli):
    Path("digits-gan").mkdir()  # which may hold exported models, such as export writes them
    assert run_cli("sample", "digits-gan", "--out", "a.png")[0] == 0
    Path("digits-gan/config.json").write_text("{}")
    code, printed = run_cli("sample", "digits-gan", "--out", "a.png")
    assert code == 2 and "digits-gan/config.json is not the config of a run" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sample", "digit-gan", "--out", "a.png"), f"Pretrained models: {', '.join(NAMES)}."),
        (("score", "digits-gan"), "nothing is written there"),
        (("publish", "digits-gan", "hf://me/digits"), "publish a run of yours"),
        (
            ("reconstruct", "docstrings-vae", __file__, "--out", "x.txt"),
            "is a file: give sentences themselves",
        ),
        (("train", "digits-vae", "--from", "digits-gan", "--output", "x"), "is a run of digits-gan, not of"),
    ],
)
def test_what_they_are_not_for_is_refused(run_cli, arguments, message):
    code, printed = run_cli(*arguments)
    assert code == 2 and message in printed and "Traceback" not in printed, printed


def test_a_changed_file_is_not_used(tmp_path, monkeypatch):
    shutil.copytree(pretrained.FOLDER, tmp_path / "pretrained")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "pretrained")
    model = tmp_path / "pretrained" / "digits-gan" / "model.keras"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(InputError, match="model.keras is damaged or was changed"):
        kg.GAN.from_pretrained("digits-gan")
    model.unlink()
    with pytest.raises(InputError, match="model.keras is damaged or was changed"):
        kg.GAN.from_pretrained("digits-gan")


def test_another_kind_of_model_is_refused():
    with pytest.raises(InputError, match="digits-gan is a GAN, not a VAE"):
        kg.VAE.from_pretrained("digits-gan")


def test_training_goes_on_from_one():
    config = fine_tuned("digits-gan", "digits-gan", {"epochs": 1, "steps_per_epoch": 1})
    further, earlier = config.build(), kg.GAN.from_pretrained("digits-gan")
    for mine, theirs in zip(further.generator.weights, earlier.generator.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert config.start == "digits-gan"
    earlier.fit(kg.datasets.load("digits").train.take(2), verbose=0)
    assert earlier.skipped_steps.numpy() == 0
