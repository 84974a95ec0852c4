import concurrent.futures
import errno
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen import files, losses, networks, recipes
from keras_gen.errors import InputError
from keras_gen.export import Description, description, next_version, publish, savedmodel, verify
from keras_gen.media import Image, Watermark
from keras_gen.models import VAE


@pytest.fixture(scope="module")
def vae():
    """A small VAE of images (16, 16, 1), before its training."""
    keras.utils.set_random_seed(0)
    media, likelihood = Image(16, 16, 1), losses.Gaussian()
    encoder, decoder = networks.mlp(media, likelihood, latent_dim=2, width=8)
    vae = VAE(encoder, decoder, media, likelihood)
    vae.compile()
    return vae


def test_what_signatures_give_has_the_watermark_that_was_chosen(vae, tmp_path):
    watermark = Watermark("a long secret text", 2)
    folder = vae.export(tmp_path / "1", watermark=watermark)
    verify(vae, folder, watermark)
    with pytest.raises(InputError, match="does not give what the model gives"):
        verify(vae, folder, Watermark("another secret text", 2))
    served = tf.saved_model.load(str(folder)).signatures
    seeds = tf.range(7, dtype=tf.int64)
    images = np.random.default_rng(0).integers(0, 256, (7, 16, 16, 1)).astype("uint8")
    latents = served["encode"](images=images)["latents"]
    np.testing.assert_array_equal(latents, vae.encode(images))
    for name, given, unmarked in (
        ("decode", {"latents": latents}, vae.decode(latents.numpy())),
        ("reconstruct", {"images": images}, vae.reconstruct(images)),
        ("serving_default", {"seed": seeds}, vae.sampler.draw(vae.latents_of_seeds(seeds, None), None)),
    ):
        marked = served[name](**given)["images"]
        np.testing.assert_array_equal(marked, watermark.mark(np.asarray(unmarked)))
        alone = {key: values[2:3] for key, values in given.items()}
        np.testing.assert_array_equal(served[name](**alone)["images"], marked[2:3])
    told = description.read(folder)
    assert told.watermark == {"key_fingerprint": watermark.fingerprint, "strength": 2.0}
    assert not any(b"secret text" in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_where_no_watermark_can_be_it_is_refused(vae, small_gan, tmp_path):
    watermark = Watermark("a long secret text")
    with pytest.raises(InputError, match="in SavedModels alone: leave it out for format='onnx'"):
        vae.export(tmp_path / "1", format="onnx", watermark=watermark)
    with pytest.raises(InputError, match="Images of 8 x 8 pixels are too small for a watermark"):
        small_gan().export(tmp_path / "1", watermark=watermark)
    assert not list(tmp_path.iterdir())


def test_signatures_take_and_give_raw_images(small_gan, images, tmp_path):
    gan = small_gan(num_classes=3)
    x, labels = images
    provenance = {"data_fingerprint": "f00d"}
    path = gan.export(tmp_path / "gan" / "1", provenance=provenance)
    assert json.loads((path / "assets.extra" / "provenance.json").read_text()) == provenance
    served = tf.saved_model.load(str(path)).signatures
    assert {"serving_default", "generate", "decode", "discriminate"} <= set(served)

    seeds = tf.constant([5, 6, 5, -(2**60)], tf.int64)
    label = tf.constant([0, 1, 0, 2], tf.int32)
    together = served["serving_default"](seed=seeds, label=label)["images"].numpy()
    assert together.dtype == np.uint8 and together.shape == (4, 8, 8, 1)
    np.testing.assert_array_equal(together[0], together[2])
    for row in range(4):
        alone = served["generate"](seed=seeds[row : row + 1], label=label[row : row + 1])["images"]
        np.testing.assert_array_equal(alone[0], together[row])

    latents = gan.latents_of_seeds(seeds)
    decoded = served["decode"](latents=latents, label=label)["images"]
    np.testing.assert_array_equal(decoded, together)
    np.testing.assert_array_equal(decoded, gan.decode(latents, label.numpy()))

    logits = served["discriminate"](images=x[:6], label=labels[:6])["logits"]
    expected = gan.discriminator([gan.media.to_model(x[:6]), tf.constant(labels[:6])])[:, 0]
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)
    larger = x[:6].repeat(3, axis=1).repeat(3, axis=2)
    assert served["discriminate"](images=larger, label=labels[:6])["logits"].shape == (6,)

    for signature in ("serving_default", "generate", "decode", "discriminate"):
        inputs = served[signature].structured_input_signature[1]
        good = {
            name: tf.zeros([2, *(side or 8 for side in spec.shape[1:])], spec.dtype)
            for name, spec in inputs.items()
        }
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"label must be whole numbers from 0 to 2, not\] \[3\]"
        ):
            served[signature](**{**good, "label": tf.constant([0, 3])})

    with pytest.raises(InputError, match=r"exists already: export to another version, such as .*gan/2"):
        gan.export(path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        gan.export(tmp_path / "file" / "1")
    assert path.stat().st_mode & 0o055 == 0o055  # a server of another user can read it
    assert [child.name for child in path.parent.iterdir()] == ["1"]


def test_the_savedmodel_needs_nothing_of_this_package(small_gan, tmp_path):
    path = small_gan().export(tmp_path / "1")
    script = (
        "import sys, tensorflow as tf; sys.modules['keras_gen'] = None; sys.modules['keras'] = None;"
        f"f = tf.saved_model.load({str(path)!r}).signatures['serving_default'];"
        "print(f(seed=tf.constant([1], tf.int64))['images'].shape)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(1, 8, 8, 1)"


def test_versions_count_on(tmp_path):
    assert next_version(tmp_path / "nothing").name == "1"
    for name in ("2", "10", "notes"):
        (tmp_path / name).mkdir()
    assert next_version(tmp_path).name == "11"


def test_a_trained_model_is_one_version_and_another_model_is_refused(tmp_path):
    def export(model, recipe="digits-gan", data="digits", **marked):
        provenance = {"recipe": recipe, "data": data, "model": model, **marked}

        def write(path):
            (path / "assets.extra").mkdir(parents=True)
            (path / "assets.extra" / "provenance.json").write_text(json.dumps(provenance))

        return publish(tmp_path / "mine", provenance, write)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(export, "abcdabcd"))
    assert found[:4] != found[4:] and [path for path, _ in found[:4]] == [path for path, _ in found[4:]]
    assert sorted(path.name for path, is_new in found if is_new) == ["1", "2", "3", "4"]
    for other in ({"recipe": "digits-vae"}, {"data": "birds"}):
        with pytest.raises(
            InputError, match=r"another model of digits-gan on digits, not of .*another --name"
        ):
            export("e", **other)
    (tmp_path / "mine" / ".partial-killed").mkdir()
    assert export("e")[0].name == "5" and not list((tmp_path / "mine").glob(".partial-*"))
    for strength, version in ((4.0, "6"), (4.0, "6"), (1.0, "7")):
        mark = {"key_fingerprint": "0123abcd", "strength": strength}
        assert export("e", watermark=mark)[0].name == version
    (tmp_path / "mine" / "8").mkdir()
    with pytest.raises(InputError, match="holds versions of another model, not of digits-gan on digits"):
        export("f")


def test_a_version_is_on_the_disk_before_it_is_there_and_damage_is_told(tmp_path, monkeypatch):
    told, done = {"recipe": "digits-gan", "data": "digits", "model": "a"}, []
    provenance, rename = json.dumps(told), os.rename

    def write(path):
        (path / "assets.extra").mkdir(parents=True)
        (path / "assets.extra" / "provenance.json").write_text(provenance)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", lambda opened: done.append("sync"))
        patch.setattr(savedmodel.os, "rename", lambda *paths: done.append("rename") or rename(*paths))
        version, _ = publish(tmp_path, told, write)
    # Two folders and a file, then its name.
    assert done == ["sync", "sync", "sync", "rename", "sync"]

    described = Description(
        kind="GAN", media={}, num_classes=None, seed=0, examples_seen=0, signatures={}, versions={}
    )
    sums = description.checksums(version)
    description.write(version, described.model_copy(update={"files": sums}))
    assert publish(tmp_path, told, write) == (version, False)
    description.write(version, described.model_copy(update={"files": sums | {"saved_model.pb": "sha256:0"}}))
    with pytest.raises(
        InputError, match=r"1 was changed since it was exported \(saved_model.pb\): remove it"
    ):
        publish(tmp_path, told, write)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        tf.errors.ResourceExhaustedError(None, None, "{{node SaveV2}} /a/part-0; No space left on device"),
    ],
)
def test_a_version_that_cannot_be_written_leaves_nothing(tmp_path, error):
    def write(path):
        path.mkdir()
        (path / "half").touch()
        raise error

    with pytest.raises(InputError, match="1 cannot be written: No space left on device"):
        publish(tmp_path, {"recipe": "digits-gan", "data": "digits", "model": "a"}, write)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "recipe", ["cifar10-gan", "mnist-vqvae", pytest.param("fsdd-vae", marks=pytest.mark.slow)]
)
def test_rows_have_the_same_bits_in_any_batch(recipe):
    """Without blocks, networks of these sizes give others on two cores of some processors."""
    model = recipes.resolve(recipe, {"data": "unread"}).make()
    random = np.random.default_rng(0)
    values = {
        "seed": random.integers(0, 2**60, 9),
        "latents": model.latents_of_seeds(tf.range(9, dtype=tf.int64), model.labels_for(9)).numpy(),
        "images": random.integers(0, 256, (9, *model.media.shape)),
        "audio": random.uniform(-1, 1, (9, *model.media.shape)),
        "label": model.labels_for(9),
    }
    for function, signature in model.endpoints().values():
        inputs = [values[spec.name].astype(spec.dtype.as_numpy_dtype) for spec in signature]
        served = tf.function(function, input_signature=signature)
        for name, together in served(*inputs).items():
            for rows in (1, 3):
                alone = served(*(some[:rows] for some in inputs))[name]
                np.testing.assert_array_equal(alone, together[:rows], f"{name} of {rows}")
