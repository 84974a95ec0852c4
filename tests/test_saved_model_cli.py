"""Exported models under TensorFlow's own command, `saved_model_cli`, without this package and without Keras."""

import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_gen as kg

FITS = {  # by input; rows 0 and 2 are alike
    "seed": np.array([1, 2, 1]),
    "label": np.array([0, 2, 0], "int32"),
    "latents": np.ones((3, 4), "float32"),
    "images": np.zeros((3, 9, 7, 1), "uint8"),
    "audio": np.zeros((3, 300), "float32"),
    "text": np.array(["A dog.", "Cats", ""]),
    "temperature": np.ones(3, "float32"),
    "top_k": np.zeros(3, "int32"),
    "top_p": np.ones(3, "float32"),
}
UNFIT = {  # an input, and what every signature that takes it says of it
    "label": (np.array([0, 3, 0], "int32"), "label must be whole numbers from 0 to 2, not] [3]"),
    "latents": (np.full((3, 4), np.nan, "float32"), "latents must be finite numbers, not] [nan]"),
    "audio": (np.full((3, 300), 3, "float32"), "audio must be finite numbers in [-1, 1], not] [3]"),
    "temperature": (-np.ones(3, "float32"), "temperature must be finite and at least 0, not] [-1]"),
    "top_p": (np.zeros(3, "float32"), "top_p must be above 0, not] [0]"),
}
CALLS = {
    "gan": {
        "serving_default": ["seed", "label"],
        "generate": ["seed", "label"],
        "decode": ["latents", "label"],
        "discriminate": ["images", "label"],
    },
    "vae": {
        "serving_default": ["seed", "label"],
        "generate": ["seed", "label"],
        "decode": ["latents", "label"],
        "encode": ["images", "label"],
        "reconstruct": ["images", "label"],
    },
    "voice": {
        "serving_default": ["seed"],
        "generate": ["seed"],
        "decode": ["latents"],
        "encode": ["audio"],
        "reconstruct": ["audio"],
    },
    "text": {
        "serving_default": ["seed"],
        "generate": ["seed"],
        "decode": ["latents"],
        "sample": ["seed", "temperature", "top_k", "top_p"],
        "encode": ["text"],
        "reconstruct": ["text"],
    },
}
PROGRAM = """
import contextlib, io, json, sys
sys.modules["keras_gen"] = sys.modules["keras"] = None
from tensorflow.python.tools import saved_model_cli
parser, answers = saved_model_cli.create_parser(), []
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            parser.parse_args(arguments).func()
            failed = None
        except Exception as error:
            failed = str(error)
    answers.append([printed.getvalue(), failed])
print(json.dumps(answers))
"""


def model_of(kind):
    keras.utils.set_random_seed(0)
    media, likelihood = kg.Image(8, 8, 1), kg.losses.Gaussian("learned")
    if kind == "gan":
        networks = kg.networks.dcgan(media, latent_dim=4, width=4, num_classes=3)
        model = kg.GAN(*networks, media, num_classes=3)
    elif kind == "vae":
        networks = kg.networks.mlp(media, likelihood, latent_dim=4, width=8, num_classes=3)
        model = kg.VAE(*networks, media, likelihood, num_classes=3)
    elif kind == "voice":
        media = kg.Audio(512, rate=8000, mels=8, window=128, hop=64, iterations=1)
        model = kg.VAE(*kg.networks.conv1d(media, likelihood, latent_dim=4, width=4), media, likelihood)
    else:
        media = kg.Text(length=5).learn(["A dog runs.", "A cat sleeps and a dog eats."])
        model = kg.TextVAE(*kg.networks.recurrent(media, latent_dim=4, width=8), media)
    model.compile()
    return model


def run(path, signature, inputs, out):
    where = ["--dir", str(path), "--tag_set", "serve", "--signature_def", signature]
    return ["run", *where, "--inputs", ";".join(inputs), "--outdir", str(out), "--overwrite"]


@pytest.mark.exhaustive
def test_every_signature_is_shown_runs_and_refuses_in_the_same_words(tmp_path):
    fits, unfit = tmp_path / "fits.npz", tmp_path / "unfit.npz"
    np.savez(fits, **FITS)
    np.savez(unfit, **{name: values for name, (values, _) in UNFIT.items()})
    asked, expected = [], []
    for kind, calls in CALLS.items():
        path = model_of(kind).export(tmp_path / kind / "1")
        asked.append(["show", "--dir", str(path), "--all"])
        expected.append((kind, None, None))
        for signature, names in calls.items():
            inputs = {name: f"{name}={fits}[{name}]" for name in names}
            asked.append(run(path, signature, inputs.values(), tmp_path / kind / signature))
            expected.append((kind, signature, None))
            for name in UNFIT.keys() & names:
                changed = inputs | {name: f"{name}={unfit}[{name}]"}
                asked.append(run(path, signature, changed.values(), tmp_path / "refused"))
                expected.append((kind, signature, UNFIT[name][1]))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    answers = json.loads(ran.stdout.splitlines()[-1])
    for (kind, signature, words), (printed, failed) in zip(expected, answers, strict=True):
        case = f"{kind} {signature} {words}: {printed} {failed}"
        if signature is None:
            shown = set(re.findall(r"signature_def\['(\w+)'\]", printed)) - {"__saved_model_init_op"}
            assert shown == CALLS[kind].keys() and failed is None, case
        elif words is None:
            assert failed is None, case
            (file,) = (tmp_path / kind / signature).glob("*.npy")
            rows = np.load(file, allow_pickle=True)
            assert len(rows) == 3, case
            if "text" not in CALLS[kind][signature]:
                np.testing.assert_array_equal(rows[0], rows[2], case)
        else:
            assert failed is not None and words in failed, case
    assert not (tmp_path / "refused").exists()
