"""A VAE of recordings: labels of several kinds, walks between voices, augmentation and serving."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_gen import datasets
from keras_gen.errors import InputError
from keras_gen.layers import AudioAugment, DiffAugment
from keras_gen.losses import Gaussian
from keras_gen.media import Audio
from keras_gen.models import VAE, load_model
from keras_gen.networks import conv1d
from keras_gen.recipes import resolve

MEDIA = Audio(1024, 8000, mels=16, window=256, hop=64, iterations=3)


def build(num_classes=(3, 2), **compile_arguments):
    """A small VAE, the same one at each call."""
    keras.utils.set_random_seed(0)
    likelihood = Gaussian(0.3)
    networks = conv1d(MEDIA, likelihood, num_classes=num_classes, latent_dim=4, width=8)
    vae = VAE(*networks, MEDIA, likelihood, num_classes=num_classes, seed=1)
    vae.compile(**compile_arguments)
    return vae


@pytest.fixture(scope="module")
def voices():
    """48 packed tones in noise, and two labels of each: of the tone's pitch and loudness."""
    random = np.random.default_rng(0)
    labels = np.stack([np.arange(48) % 3, np.arange(48) % 2], axis=1).astype("int32")
    pitch, level = 300 * 2 ** labels[:, :1], 1000 * (1 + 9 * labels[:, 1:])
    tones = np.sin(2 * np.pi * pitch * np.arange(1024) / 8000 + random.uniform(0, 6, (48, 1)))
    return (level * tones + random.normal(0, 30, (48, 1024))).astype(np.int16), labels


@pytest.mark.slow
def test_combinations_of_labels_are_gone_through_with_the_first_changing_fastest(voices):
    vae = build()
    np.testing.assert_array_equal(vae.labels_for(7), [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [0, 0]])
    np.testing.assert_array_equal(vae.labels_for(2, [1, 0]), [[1, 0], [1, 0]])
    waveforms = vae.generate(7, seed=3)
    assert waveforms.shape == (7, 1024) and waveforms.dtype == np.float32 and np.abs(waveforms).max() <= 1
    np.testing.assert_allclose(vae.generate(1, [0, 0], seed=3), waveforms[:1], atol=1e-5)
    assert np.abs(vae.generate(1, [0, 1], seed=3) - waveforms[:1]).max() > 1e-3
    for wrong in ([0, 2], [3, 0], 1, [0, 0, 0], [0.5, 0]):
        with pytest.raises(InputError, match="labels must"):
            vae.generate(1, wrong)
    vae.fit(*voices, epochs=1, verbose=0)
    with pytest.raises(InputError, match="Labels must be 2 integers"):
        vae.fit(voices[0], voices[1][:, 0], verbose=0)


@pytest.mark.parametrize("samples", [700, 1024, 3000])
def test_a_recording_of_any_length_comes_back_in_pieces_that_fade_into_each_other(samples):
    """What comes back of a model that gives what it is given is the sound itself, whatever the pieces."""
    media = Audio(1024, 8000, mels=64, window=256, hop=64, loudness=None, trim=None)
    vae = VAE(*conv1d(media, Gaussian(0.3), latent_dim=4, width=8), media, Gaussian(0.3))
    vae.encode = lambda pieces, labels: media.to_model(pieces).numpy()
    vae.decode_to_model = lambda spectrograms, labels: tf.constant(spectrograms)
    time = np.arange(samples) / 8000
    sound = 0.3 * np.sin(2 * np.pi * (300 + 2000 * time) * time).astype(np.float32)
    back = vae.reconstruct_recording(sound)
    assert back.shape == sound.shape and back.dtype == np.float32
    whole = samples - samples % 64
    real, made = (np.asarray(media.log_mel(waveform[np.newaxis, :whole])) for waveform in (sound, back))
    loud = real > real.max() - 3
    assert np.abs(real - made)[loud].mean() < 0.15
    with pytest.raises(InputError, match="conditional: give the label"):
        build().reconstruct_recording(sound)


def test_a_walk_between_labels_starts_and_ends_at_them(voices):
    vae = build()
    latents = vae.encode(*voices)[:2]
    walked = vae.interpolate(*latents, steps=5, label=[0, 0], stop_label=[2, 1])
    np.testing.assert_allclose(walked[[0, 4]], vae.decode(latents, [[0, 0], [2, 1]]), atol=1e-4)
    # Halfway, the decoder hears the mean of both labels.
    table = vae.decoder.get_layer("label_embedding")
    means = (table(np.array([[0, 0]])) + table(np.array([[2, 1]]))) / 2
    rest = keras.Model([vae.decoder.inputs[0], table.output], vae.decoder.output)
    halfway = tf.constant(vae.sampler.walk(*latents, 5, [0, 0])[2:3])
    expected = MEDIA.to_raw(vae.likelihood.mean(rest([halfway, means])))
    np.testing.assert_allclose(walked[2:3], expected, atol=1e-4)
    same = vae.interpolate(*latents, steps=3, label=[1, 1], stop_label=[1, 1])
    np.testing.assert_allclose(same, vae.interpolate(*latents, steps=3, label=[1, 1]), atol=1e-4)
    with pytest.raises(InputError, match="give the label to walk in"):
        vae.interpolate(*latents, stop_label=[0, 0])
    inputs = [keras.Input((4,), name="latent"), keras.Input((2,), dtype="int32", name="label")]
    x = keras.layers.Concatenate()([inputs[0], keras.ops.cast(inputs[1], "float32")])
    x = keras.layers.Reshape(MEDIA.model_shape)(keras.layers.Dense(256)(x))
    plain = VAE(vae.encoder, keras.Model(inputs, x), MEDIA, Gaussian(0.3), num_classes=(3, 2))
    with pytest.raises(InputError, match="one layer named 'label_embedding'"):
        plain.interpolate(*latents, label=[0, 0], stop_label=[1, 1])


def test_conversion_decodes_under_another_label(voices):
    vae = build()
    packed, labels = voices
    converted = vae.convert(packed[:5], labels[:5], [2, 1])
    np.testing.assert_array_equal(converted, vae.decode(vae.encode(packed[:5], labels[:5]), [2, 1]))
    assert np.abs(converted - vae.reconstruct(packed[:5], labels[:5])).max() > 1e-4


def test_what_is_masked_is_hidden_from_the_encoder_alone(voices):
    class Silencing(AudioAugment):
        def waveforms(self, packed, seed):
            return packed // 2

        def masked(self, spectrograms, seed):
            return -tf.ones_like(spectrograms)

    packed, labels = voices
    vae = build(augment=Silencing(), optimizer=keras.optimizers.SGD(0.0))
    logs = vae.train_step((tf.constant(packed), tf.constant(labels)))
    silence = vae.posterior(-tf.ones((48, *MEDIA.model_shape)), tf.constant(labels))
    np.testing.assert_allclose(logs["kl"], np.mean(silence.kl_from_standard().numpy().sum(-1)), rtol=1e-4)
    # What is to be made is there, only quieter: its likelihood is that of the very augmented recordings.
    quieter = vae.media.to_model(packed // 2)
    nothing = vae.log_likelihood(quieter, silence.mean[tf.newaxis], tf.constant(labels))
    np.testing.assert_allclose(logs["reconstruction"], -np.mean(nothing), rtol=0.02)
    with pytest.raises(InputError, match="AudioAugment"):
        build(augment=DiffAugment())


@pytest.mark.exhaustive
def test_save_load_and_continue_equals_an_uninterrupted_run(voices, tmp_path):
    once, twice = (build(augment=AudioAugment(6.0, 0.1, 3, 3)) for _ in range(2))
    for vae, epochs in ((once, 2), (twice, 1)):
        vae.fit(*voices, batch_size=16, shuffle=False, epochs=epochs, verbose=0)
    twice.save(tmp_path / "vae.keras")
    restored = load_model(tmp_path / "vae.keras")
    assert restored.media == MEDIA and restored.num_classes == (3, 2)
    restored.fit(*voices, batch_size=16, shuffle=False, epochs=1, verbose=0)
    for one, other in zip(once.weights, restored.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_exported_signatures_take_and_give_waveforms(voices, tmp_path):
    vae = build()
    served = tf.saved_model.load(str(vae.export(tmp_path / "1"))).signatures
    packed, labels = voices
    waveforms = MEDIA.unpack(packed)
    latents = served["encode"](audio=waveforms, label=labels)["latents"]
    np.testing.assert_allclose(latents, vae.encode(packed, labels), rtol=1e-4, atol=1e-5)
    again = served["reconstruct"](audio=waveforms[:5], label=labels[:5])["audio"]
    np.testing.assert_allclose(again, vae.reconstruct(packed[:5], labels[:5]), atol=1e-4)
    seeds = tf.constant(np.random.SeedSequence(5).generate_state(4, np.uint64).view(np.int64))
    spoken = served["serving_default"](seed=seeds, label=labels[:4])["audio"]
    np.testing.assert_allclose(spoken, vae.generate(4, labels[:4], seed=5), atol=1e-4)
    # Of any length: cut, or silence behind.
    for other in (waveforms[:2, :700], np.pad(waveforms[:2], ((0, 0), (0, 99)))):
        assert served["reconstruct"](audio=other, label=labels[:2])["audio"].shape == (2, 1024)


@pytest.mark.exhaustive
def test_it_learns_to_speak_vowels_on_demand():
    """A margin that a decoder deaf to labels or latents misses: a judge of real vowels hears those asked
    for.
    """
    vowels = datasets.load("vowels")
    config = resolve("vowels-vae", {"num_classes": 6, "width": 32, "beta": 4.0})
    vae = config.build()
    packed, labels = vowels.arrays("train")
    before = vae.evaluate(packed[:500], labels[:500], verbose=0, return_dict=True)
    vae.fit(vowels.batches("train"), steps_per_epoch=150, verbose=0)
    after = vae.evaluate(packed[:500], labels[:500], verbose=0, return_dict=True)
    assert after["elbo"] > before["elbo"] + 500 and after["kl"] > 1

    def heard(waveforms):
        return vowels.media.to_model(waveforms).numpy()[:, ::8].reshape(len(waveforms), -1)

    judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(heard(packed), labels)
    asked = vae.labels_for(120)
    assert judge.score(heard(vae.generate(120, asked, seed=0)), asked) > 0.7
