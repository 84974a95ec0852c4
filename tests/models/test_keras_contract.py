"""What Keras gives every model and every callback, with each kind of model here: it works, or it is refused
by name.
"""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen import losses, networks
from keras_gen.errors import InputError
from keras_gen.media import Image, Text
from keras_gen.models import GAN, VAE, VQVAE, LanguageModel, TextVAE, load_model
from keras_gen.training import schedules

MEDIA = Image(8, 8, 1)
KINDS = ("gan", "vae", "vqvae", "text_vae")

WORKS = """
add_variable add_weight build build_from_config call compile compile_from_config count_params evaluate export fit from_config
get_build_config get_compile_config get_config get_layer get_metrics_result get_weights load_weights
make_predict_function make_test_function make_train_function predict predict_on_batch predict_step reset_metrics save
save_weights set_weights summary test_on_batch test_step to_json train_on_batch train_step
"""
REFUSED = """
add_loss add_metric compute_loss compute_metrics get_state_tree quantize set_state_tree stateless_compute_loss
"""
# Attributes, what Keras calls itself, and what tells of one input and one output, which these models do not
# have.
NOT_APPLICABLE = """
compiled_loss compiled_metrics compute_dtype compute_mask compute_output_shape compute_output_spec
distribute_reduction_method distribute_strategy dtype dtype_policy get_quantization_layer_structure input input_dtype input_spec
jit_compile layers load_own_variables loss losses metrics metrics_names metrics_variables non_trainable_variables
non_trainable_weights output path quantization_mode quantized_build quantized_call rematerialized_call run_eagerly
save_own_variables stateless_call supports_masking symbolic_call trainable trainable_variables trainable_weights
variable_dtype variables weights
"""


@pytest.fixture(scope="module")
def text():
    return Text(length=6).learn(["a dog runs", "a cat sleeps", "the dog sleeps"])


@pytest.fixture(scope="module")
def data(images, text):
    """Packed examples for each kind of model."""
    sentences = text.pack(["a dog runs", "the cat sleeps", "a cat runs"] * 8)
    return {**dict.fromkeys(KINDS, images[0][:24]), "text_vae": sentences, "language_model": sentences}


@pytest.fixture(scope="module")
def build(text):
    """Builds a compiled model of a kind, the same one at each call."""

    def build(kind, **settings):
        keras.utils.set_random_seed(0)
        likelihood = losses.Bernoulli("dynamic")
        if kind == "gan":
            model = GAN(*networks.dcgan(MEDIA, latent_dim=4, width=2), MEDIA)
        elif kind == "vae":
            model = VAE(*networks.mlp(MEDIA, likelihood, latent_dim=2, width=8), MEDIA, likelihood)
        elif kind == "vqvae":
            encoder, decoder = networks.conv_grid(MEDIA, likelihood, width=4, halvings=2)
            prior = networks.CodePrior(encoder.output_shape[1:], 8, units=4)
            model = VQVAE(encoder, decoder, MEDIA, likelihood, prior)
        elif kind == "text_vae":
            model = TextVAE(*networks.recurrent(text, latent_dim=2, width=8), text)
        else:
            decoder = networks.RecurrentDecoder(text.length, text.vocabulary_size, width=8)
            model = LanguageModel(decoder, text)
        model.compile(**settings)
        return model

    return build


def test_every_public_method_of_a_keras_model_is_accounted_for():
    public = {name for name in dir(keras.Model) if not name.startswith("_")}
    listed = [*WORKS.split(), *REFUSED.split(), *NOT_APPLICABLE.split()]
    assert sorted(listed) == sorted(public)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", [*KINDS, "language_model"])
def test_methods_work_or_are_refused(kind, build, data, tmp_path, capsys):
    model, x = build(kind), data[kind]
    before = model.get_weights()
    called = {  # those that are called by name; the others are called by these, or by `fit` and `evaluate`
        "add_weight": lambda: model.add_weight(name="more", shape=()),
        "add_variable": lambda: model.add_variable(name="even_more", shape=(), initializer="zeros"),
        "build": lambda: model.build(None),
        "count_params": model.count_params,
        "get_layer": lambda: model.get_layer(index=0),
        "set_weights": lambda: model.set_weights(model.get_weights()),
        "summary": model.summary,
        "to_json": lambda: json.loads(model.to_json())["registered_name"],
    }
    for name in ("train_on_batch", "test_on_batch"):
        as_list, logs = getattr(model, name)(x), getattr(model, name)(x, return_dict=True)
        assert np.isfinite(as_list).all() and len(logs) == np.size(as_list)
    assert any((new != old).any() for new, old in zip(model.get_weights(), before, strict=True))
    evaluated = model.evaluate(x, verbose=0, return_dict=True)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    other = build(kind)
    other.load_weights(tmp_path / "m.weights.h5")
    assert other.evaluate(x, verbose=0, return_dict=True) == evaluated
    assert load_model(tmp_path / "m.keras").evaluate(x, verbose=0, return_dict=True) == evaluated
    for call in called.values():
        call()
    for name in REFUSED.split():
        with pytest.raises(InputError, match=name):
            getattr(model, name)("int8")
    for name in ("m.h5", "m.hdf5", "m.tf", "m", "m.keras.zip"):
        with pytest.raises(InputError, match="ends in .keras"):
            model.save(tmp_path / name)
        assert not (tmp_path / name).exists()
    with pytest.raises(InputError, match="Unknown format 'torch'"):
        model.export(tmp_path / "1", format="torch")
    model.export(tmp_path / "1", format="tf_saved_model", verbose=True)
    assert str(tmp_path / "1") in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS[1:])
def test_predict_gives_reconstructions(kind, build, data):
    model, x = build(kind), data[kind]
    expected = model.reconstruct(x)
    batches = tf.data.Dataset.from_tensor_slices(x).batch(7)
    for predicted in (
        model.predict(x, verbose=0),
        model.predict(batches, verbose=0),
        model.predict_on_batch(x),
    ):
        np.testing.assert_array_equal(predicted, expected)
    with pytest.raises(InputError, match="pack them with model.media.pack"):
        model.predict(x.astype("float32"), verbose=0)


@pytest.mark.parametrize("kind", ["gan", "language_model"])
def test_predict_is_refused_where_nothing_is_predicted(kind, build, data):
    for method in ("predict", "predict_on_batch"):
        with pytest.raises(InputError, match="generate"):
            getattr(build(kind), method)(data[kind])


def test_packed_media_are_not_taken_for_their_model_form(build, data):
    with pytest.raises(InputError, match="reconstruct"):
        build("vae")(data["vae"])


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("gan", {"optimizer": "adam"}, "generator_optimizer"),
        ("vae", {"loss": "mse"}, "optimizer"),
        ("vae", {"metrics": ["mae"]}, "Available"),
        ("vae", {"steps_per_execution": "auto"}, "whole number"),
        ("gan", {"generator_optimizer": keras.optimizers.Adam(use_ema=True)}, "use_ema"),
    ],
)
def test_arguments_of_compile_that_have_no_meaning_are_named(kind, settings, message, build):
    with pytest.raises(InputError, match=message):
        build(kind, **settings)


def test_jit_compile_auto_is_off_on_a_processor(build):
    model = build("vae", optimizer="adam", jit_compile="auto")
    assert isinstance(model.optimizer, keras.optimizers.Adam) and model.jit_compile is False


# The learning rate.


def cosine(start):
    return keras.optimizers.Adam(schedules.Cosine(start, 0.0, examples=480))


def rates(model):
    return [float(optimizer.learning_rate) for optimizer in model.optimizers.values()]


@pytest.mark.parametrize("kind, optimizer", [("gan", keras.optimizers.Adam), ("vae", cosine)])
def test_learning_rates_can_be_set(kind, optimizer, build, data, tmp_path):
    """Both rates of a GAN follow, in their ratio; what is left of a schedule is scaled; and files keep it."""
    names = ("generator_optimizer", "discriminator_optimizer") if kind == "gan" else ("optimizer",)
    model = build(kind, **dict(zip(names, (optimizer(1e-3), optimizer(4e-3)), strict=False)))
    model.fit(data[kind], verbose=0, batch_size=8)
    begun = rates(model)
    model.optimizer.learning_rate = begun[0] / 10
    np.testing.assert_allclose(rates(model), np.array(begun) / 10, rtol=1e-5)
    loss = "generator_loss" if kind == "gan" else "loss"
    reduce = keras.callbacks.ReduceLROnPlateau(loss, 0.5, patience=1, mode="min", min_delta=1e9)
    history = model.fit(data[kind], verbose=0, epochs=2, callbacks=[reduce]).history
    assert history["learning_rate"] == pytest.approx([history["learning_rate"][0]] * 2, rel=0.2)
    before = rates(model)[0]
    assert before == pytest.approx(begun[0] / 20, rel=0.2)
    model.fit(
        data[kind], verbose=0, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 4)]
    )
    assert rates(model)[0] == pytest.approx(before / 4, rel=0.1)
    model.save(tmp_path / "m.keras")
    np.testing.assert_allclose(rates(load_model(tmp_path / "m.keras")), rates(model), rtol=1e-6)


def test_a_rate_that_cannot_be_set_alone_is_refused(build):
    model = build("gan", generator_optimizer=cosine(1e-3), discriminator_optimizer=cosine(1e-3))
    with pytest.raises(InputError, match="model.optimizer"):
        model.generator_optimizer.learning_rate = 1e-4
    rising = keras.optimizers.Adam(schedules.WarmUp(1e-3, examples=100))
    with pytest.raises(InputError, match="is 0 now"):
        build("vae", optimizer=rising).optimizer.learning_rate = 1e-4


# Callbacks.


def monitored(kind):
    return {"monitor": "val_generator_loss" if kind == "gan" else "val_loss", "mode": "min"}


CALLBACKS = {
    "ModelCheckpoint": lambda kind, folder: keras.callbacks.ModelCheckpoint(
        folder / "best.keras", save_best_only=True, **monitored(kind)
    ),
    "ModelCheckpoint of weights": lambda kind, folder: keras.callbacks.ModelCheckpoint(
        folder / "best.weights.h5", save_weights_only=True
    ),
    "EarlyStopping": lambda kind, folder: keras.callbacks.EarlyStopping(
        restore_best_weights=True, min_delta=1e9, **monitored(kind)
    ),
    "CSVLogger": lambda kind, folder: keras.callbacks.CSVLogger(folder / "log.csv"),
    "TerminateOnNaN": lambda kind, folder: keras.callbacks.TerminateOnNaN(),
    "BackupAndRestore": lambda kind, folder: keras.callbacks.BackupAndRestore(folder / "backup"),
    "TensorBoard": lambda kind, folder: keras.callbacks.TensorBoard(folder / "logs", histogram_freq=1),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
def test_callbacks_of_keras_work_or_are_refused(kind, build, data, tmp_path):
    """All of them in one training; `ReduceLROnPlateau` and `LearningRateScheduler` are tried above."""
    settings = {} if kind == "gan" else {"optimizer": keras.optimizers.Adam(1e-3, use_ema=True)}
    model, x = build(kind, **settings), data[kind]
    callbacks = {name: make(kind, tmp_path) for name, make in CALLBACKS.items()}
    swap = keras.callbacks.SwapEMAWeights()
    if kind == "gan":
        for name, callback in (("TerminateOnNaN", callbacks.pop("TerminateOnNaN")), ("SwapEMAWeights", swap)):
            with pytest.raises(InputError, match=name):
                model.fit(x, callbacks=[callback], verbose=0)
    history = model.fit(x, validation_data=x, epochs=4, verbose=0, callbacks=list(callbacks.values())).history
    monitor = monitored(kind)["monitor"]
    assert len(history[monitor]) == 2, "EarlyStopping did not stop"
    best = keras.saving.load_model(tmp_path / "best.keras").evaluate(x, verbose=0, return_dict=True)
    assert best[monitor.removeprefix("val_")] == pytest.approx(min(history[monitor]), rel=1e-5)
    model.load_weights(tmp_path / "best.weights.h5")
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3
    assert list((tmp_path / "logs").rglob("events.*"))
    if kind != "gan":
        logs = model.fit(x, validation_data=x, verbose=0, callbacks=[swap]).history
        plain = model.fit(x, validation_data=x, verbose=0).history
        assert logs["val_loss"] != plain["val_loss"], "nothing was swapped for validation"


class StopsAfter(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def test_backup_and_restore_goes_on_with_both_optimizers(build, data, tmp_path):
    """Noise follows from the clock, so a restored training is the one that was never stopped."""
    x = tf.data.Dataset.from_tensor_slices(data["gan"]).batch(8)
    whole, stopped, resumed = (build("gan") for _ in range(3))
    whole.fit(x, epochs=2, verbose=0)
    backup = keras.callbacks.BackupAndRestore(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(x, epochs=2, verbose=0, callbacks=[backup, StopsAfter()])
    resumed.fit(x, epochs=2, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(tmp_path)])
    for left, right in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(left, right)


# Loading.


@pytest.mark.parametrize("imports", ["import keras_gen, keras", "import keras, keras_gen"])
def test_importing_the_package_is_all_that_loading_needs(imports, build, tmp_path):
    build("vae").save(tmp_path / "m.keras")
    code = f"{imports}; print(type(keras.saving.load_model({str(tmp_path / 'm.keras')!r})).__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.split() == ["VAE"], run.stderr[-500:]
