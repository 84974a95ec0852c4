"""VAEs of sentences: their evidence by hand, the phases of their training, and what they write."""

import itertools
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keras_gen.errors import InputError
from keras_gen.losses import ELBO, FreeBits, VampPrior
from keras_gen.media import Text
from keras_gen.media.tokenizers import END, PADDING
from keras_gen.metrics import token_accuracy
from keras_gen.models import LanguageModel, TextVAE, load_model
from keras_gen.networks import RecurrentDecoder, recurrent
from keras_gen.networks.latents import posterior_encoder
from keras_gen.networks.text_decoder import TextDecoder
from keras_gen.training import EncoderTurns, Pretraining
from keras_gen.training.phases import EndOfPhases

# A grammar of 216 sentences of three words.
SLOTS = (
    ["a", "the", "one", "my", "his", "no"],
    ["dog", "cat", "man", "bird", "cow", "fox"],
    ["sees", "hears", "eats", "likes", "runs", "waits"],
)
SENTENCES = [" ".join(words) for words in itertools.product(*SLOTS)]
LENGTH, LATENT_DIM = 4, 8
SHORT = np.array([[3, 4, 5, END], [7, END, 0, 0], [5, 6, END, 0], [END, 0, 0, 0], [3, 9, 4, 8]] * 2, "int32")


@keras.saving.register_keras_serializable("tests")
class NextToken(TextDecoder):
    """Knows the latent and the token before: what a model does with a decoder, in little time."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.tell = layers.Dense(self.width)
        self.tell.build((None, self.latent_dim))
        self.built = True

    def hidden(self, read, latents, training=False):
        return ops.tanh(read + self.tell(latents)[:, None])

    def begin(self, batch, latents):
        return ()

    def step(self, place, read, memory, latents):
        return ops.tanh(read + self.tell(latents)), ()


def build(media, objective=None, seed=1, random_seed=0, word_dropout=0.0, **compile_arguments):
    """A small VAE of few layers, the same one at each call."""
    keras.utils.set_random_seed(random_seed)
    tokens = keras.Input((media.length,), dtype="int32")
    x = layers.Flatten()(layers.Embedding(media.vocabulary_size, 4)(tokens))
    encoder = posterior_encoder(tokens, None, layers.Dense(8, activation="tanh")(x), 3)
    decoder = NextToken(media.length, media.vocabulary_size, 3, width=8, word_dropout=word_dropout)
    vae = TextVAE(encoder, decoder, media, objective, seed=seed)
    vae.compile(**compile_arguments)
    return vae


def moved(before, variables):
    """Which of these variables are no longer as they were."""
    return [bool(np.any(a != b)) for a, b in zip(before, variables, strict=True)]


def values(network):
    return [variable.numpy() for variable in network.trainable_variables]


@pytest.fixture(scope="module")
def media():
    return Text(length=LENGTH).learn(SENTENCES)


@pytest.fixture(scope="module")
def packed(media):
    return media.pack(SENTENCES)


@pytest.fixture(scope="module")
def trained(media, packed):
    """Two recurrent VAEs after as many equal steps: with nothing against posterior collapse, and with free
    bits.
    """

    def train(objective):
        keras.utils.set_random_seed(0)
        vae = TextVAE(*recurrent(media, LATENT_DIM, width=32), media, objective)
        vae.compile(keras.optimizers.Adam(0.02), steps_per_execution=30)
        vae.fit(packed, batch_size=72, epochs=40, verbose=0)
        return vae

    return {"plain": train(ELBO()), "free": train(FreeBits(4.0, "total"))}


# Evidence.


def cost_by_hand(vae, x, z):
    """-log p(x|z) of each sentence, token by token."""
    logits = np.array(vae.decoder(x, z), "float64")
    log_chances = logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))
    cost = np.zeros(len(x))
    for row, place in np.argwhere(x != PADDING):
        cost[row] -= log_chances[row, place, x[row, place]]
    return cost


def log_normal(z, mean, log_variance):
    """Log density of z (num, dim) under every normal (others, dim): (num, others)."""
    squared = (z[:, None] - mean) ** 2 / np.exp(log_variance)
    return -0.5 * np.sum(squared + log_variance + np.log(2 * np.pi), axis=-1)


def test_validation_is_the_elbo_by_hand(media):
    vae = build(media, FreeBits(50.0))  # which validation does not ask
    vae.encoder.set_weights([6 * part for part in vae.encoder.get_weights()])  # posteriors that differ
    costs, divergences, information = [], [], []
    for start in (0, 4, 8):
        x = SHORT[start : start + 4]
        mean, log_variance = (np.array(part, "float64") for part in vae.encoder(x))
        seed = tf.random.experimental.stateless_split(vae.test_seed(tf.constant(start, tf.int64)), 2)[1]
        z = mean + np.exp(log_variance / 2) * np.array(tf.random.stateless_normal(mean.shape, seed))
        costs.append(cost_by_hand(vae, x, z.astype("float32")))
        divergences.append(0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=-1))
        # q(z) is the mixture of the posteriors of the batch.
        seed = tf.random.experimental.stateless_fold_in(vae.test_seed(tf.constant(0, tf.int64)), 1)
        z = mean + np.exp(log_variance / 2) * np.array(tf.random.stateless_normal(mean.shape, seed))
        densities = log_normal(z, mean, log_variance)
        own, aggregate = np.diag(densities), np.log(np.mean(np.exp(densities), axis=1))
        information.append(np.mean(own - aggregate))
    cost, kl = np.concatenate(costs).mean(), np.concatenate(divergences).mean()
    expected = {
        "loss": cost + kl,
        "reconstruction": cost,
        "kl": kl,
        "elbo": -cost - kl,
        "mutual_information": np.mean(information),
    }
    report = vae.evaluate(SHORT, batch_size=4, verbose=0, return_dict=True)
    assert report.keys() == expected.keys() and kl > 1 and abs(expected["mutual_information"]) > 0.1
    for name, value in expected.items():
        assert report[name] == pytest.approx(value, rel=1e-4), name


def test_several_draws_of_the_latent_are_asked_about_their_own_sentence(media):
    vae = build(media, word_dropout=0.5)
    z = np.random.default_rng(0).normal(size=(3, len(SHORT), 3)).astype("float32")
    together = vae.log_likelihood(SHORT, tf.constant(z), None)
    np.testing.assert_allclose(together, [-cost_by_hand(vae, SHORT, draw) for draw in z], rtol=1e-4)
    # Words are left out in training alone.
    assert np.any(together != vae.log_likelihood(SHORT, tf.constant(z), None, training=True))


def test_padding_changes_nothing(media):
    """The same weights for a longer media."""
    keras.utils.set_random_seed(0)
    longer = Text(length=LENGTH + 3, vocabulary=media.vocabulary)
    short, long = (TextVAE(*recurrent(kind, 3, width=8), kind) for kind in (media, longer))
    long.set_weights(short.get_weights())
    costs = []
    for vae, x in ((short, SHORT), (long, np.pad(SHORT, ((0, 0), (0, 3)), constant_values=PADDING))):
        z = vae.encode(x)
        costs.append((z, vae.log_likelihood(tf.constant(x), z, None)))
    for part, again in zip(*costs, strict=True):
        np.testing.assert_allclose(part, again, rtol=1e-4, atol=1e-6)


def test_the_bound_comes_to_a_language_model_where_the_decoder_ignores_the_latent(media, packed):
    keras.utils.set_random_seed(0)
    vae = TextVAE(*recurrent(media, 3, width=8), media)
    for head in ("mean", "log_variance"):
        vae.encoder.get_layer(head).kernel.assign(100 * vae.encoder.get_layer(head).kernel)
    model = LanguageModel(RecurrentDecoder(LENGTH, media.vocabulary_size, width=8), media)
    model.compile()
    for layer in (vae.decoder.first, vae.decoder.skip):
        layer.set_weights([np.zeros(part.shape) for part in layer.get_weights()])
    own, bare = vae.decoder.lstm.cell, model.decoder.lstm.cell
    own.kernel.assign(np.pad(own.kernel[:8], ((0, 3), (0, 0))))
    bare.kernel.assign(own.kernel[:8])
    bare.recurrent_kernel.assign(own.recurrent_kernel)
    bare.bias.assign(own.bias)
    model.decoder.embedding.embeddings.assign(vae.decoder.embedding.embeddings)
    x = np.concatenate([packed[:20], SHORT])
    scores, exact = vae.score(x, samples=2000), model.score(x)
    assert scores["nll"] == pytest.approx(exact["nll"], abs=0.02)
    assert scores["reconstruction"] == pytest.approx(exact["nll"], rel=1e-5)
    divergence = np.mean(np.sum(vae.posteriors(x).kl_from_standard(), axis=-1))
    assert divergence > 0.02
    assert -scores["elbo"] == pytest.approx(exact["nll"] + divergence, abs=0.01)
    # And the same by token and byte.
    for name in exact.keys() - {"nll"}:
        assert scores[name] == pytest.approx(exact[name], rel=0.01)


def test_free_bits_keep_latents_that_tell_the_sentence_and_the_plain_bound_does_not(trained, packed):
    """216 sentences have a probability of exp(-5.375): the plain bound comes to it with latents that tell
    nothing.
    """
    last = {name: {key: log[-1] for key, log in vae.history.history.items()} for name, vae in trained.items()}
    plain, free = last["plain"], last["free"]
    assert -np.log(216) - 0.3 < plain["elbo"] < -np.log(216) + 0.02
    assert plain["kl"] < 0.5 and free["kl"] > 3.5
    assert free["reconstruction"] < plain["reconstruction"] - 1.5
    noise = np.random.default_rng(0).normal(size=(216, LATENT_DIM)).astype("float32")
    accuracy = {
        name: token_accuracy(packed, vae.decode_to_model(vae.posteriors(packed).sample(noise), None))
        for name, vae in trained.items()
    }
    # A guess of one word of six in three places of four, and the end, is right in 0.375.
    assert accuracy["plain"] < 0.5 and accuracy["free"] > 0.65


# The phases of training.


def test_a_step_of_pretraining_is_that_of_an_autoencoder(media):
    """Gradient descent on -log p(x|mean), with neither noise nor KL divergence, which is reported all the
    same.
    """
    vae = build(media, phases=[Pretraining(1000)], optimizer=keras.optimizers.SGD(0.1))
    variables = vae.encoder.trainable_variables + vae.decoder.trainable_variables
    x = tf.constant(SHORT)
    with tf.GradientTape() as tape:
        mean, log_variance = vae.encoder(x)
        loss = -tf.reduce_mean(vae.log_likelihood(x, mean, None))
    gradients = tape.gradient(loss, variables)
    expected = [
        v if g is None else v - 0.1 * tf.convert_to_tensor(g)
        for v, g in zip(variables, gradients, strict=True)
    ]
    assert sum(gradient is None for gradient in gradients) == 2  # of the log variance
    kl = 0.5 * np.mean(np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=-1))
    logs = {name: float(value) for name, value in vae.train_step(x).items()}
    loss = float(loss)
    norm = float(tf.linalg.global_norm([tf.convert_to_tensor(g) for g in gradients if g is not None]))
    wanted = {"loss": loss, "reconstruction": loss, "kl": kl, "elbo": -loss - kl, "regularizer": 0.0}
    wanted["gradient_norm"] = norm
    assert logs == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6)


class Recorder(keras.callbacks.Callback):
    """Keeps the weights of the networks after the last step of each epoch, before its end does anything."""

    def on_train_batch_end(self, batch, logs=None):
        self.encoder, self.decoder = values(self.model.encoder), values(self.model.decoder)

    def on_epoch_end(self, epoch, logs=None):
        self.history = [*getattr(self, "history", []), (self.encoder, self.decoder)]


@pytest.mark.slow
def test_phases_follow_each_other_between_epochs(media, packed):
    """As an autoencoder, then the encoder alone, then all together: each step is of the phase of its
    epoch.
    """

    def train(random_seed):
        vae = build(media, random_seed=random_seed, phases=[Pretraining(40), EncoderTurns(10**6)])
        recorder, x = Recorder(), packed[:32]
        settings = {"validation_data": (x,), "batch_size": 16, "verbose": 0, "callbacks": [recorder]}
        logs = vae.fit(x, epochs=2, **settings).history  # the 40th example is in the second epoch
        return vae, recorder, logs, settings

    vae, recorder, logs, settings = train(random_seed=0)
    np.testing.assert_allclose(logs["loss"], logs["reconstruction"], rtol=1e-5)
    assert np.all(np.array(logs["kl"]) > 0)
    # It did not begin anew after the first epoch, and after the second it did.
    first, second = recorder.history
    assert all(moved(first[1], vae.decoder.trainable_variables))
    assert not any(moved(second[0], vae.encoder.trainable_variables))
    assert sum(moved(second[1], vae.decoder.trainable_variables)) >= 2
    for variable in vae.optimizer.variables:
        if variable is not vae.optimizer._learning_rate:
            assert not np.any(variable), variable.path
    assert vae.optimizer.learning_rate.numpy() == pytest.approx(1e-3)
    # A decoder as it is made: by the model's seed alone, whatever was drawn before, and drawing nothing from
    # others.
    other, state = build(media, random_seed=5), random.getstate()
    Pretraining(1).end(other)
    assert random.getstate() == state
    fresh = values(vae.decoder)
    assert not any(moved(fresh, other.decoder.trainable_variables))
    another = build(media, seed=2)
    Pretraining(1).end(another)
    assert any(moved(fresh, another.decoder.trainable_variables))

    # The encoder alone, as long as validation data tell that it helps.
    encoder = values(vae.encoder)
    logs = vae.fit(packed[:32], epochs=1, **settings).history
    assert not any(moved(fresh, vae.decoder.trainable_variables))
    assert all(moved(encoder, vae.encoder.trainable_variables))
    assert logs["loss"][0] == pytest.approx(logs["reconstruction"][0] + logs["kl"][0], rel=1e-4)
    assert vae.phases[1].last_information.numpy() == pytest.approx(logs["val_mutual_information"][0])
    vae.phases[1].last_information.assign(100.0)  # than which the next is less
    vae.fit(packed[:32], epochs=1, **settings)
    assert not any(moved(fresh, vae.decoder.trainable_variables)) and vae.current_phase() is None
    encoder = values(vae.encoder)
    vae.fit(packed[:32], epochs=1, **settings)
    assert all(moved(fresh, vae.decoder.trainable_variables))
    assert all(moved(encoder, vae.encoder.trainable_variables))


def test_turns_are_the_encoders_up_to_their_number_and_then_everybodys(media):
    vae = build(media, phases=[EncoderTurns(2)])
    turns = []
    for _ in range(7):
        encoder, decoder = values(vae.encoder), values(vae.decoder)
        vae.train_step(tf.constant(SHORT))
        assert all(moved(encoder, vae.encoder.trainable_variables))
        changed = moved(decoder, vae.decoder.trainable_variables)
        assert any(changed) == all(changed)
        turns.append("all" if any(changed) else "encoder")
    assert turns == ["encoder", "encoder", "all"] * 2 + ["encoder"]


def turns_by_hand(losses, most):
    """He et al. 2019, algorithm 1, as their code has it: bursts of encoder steps, each ended by a step of
    all.
    """
    turns, losses = [], iter(losses)
    try:
        while True:
            window, before = [], np.inf
            for done in range(most):
                turns.append("encoder")
                window.append(next(losses))
                if (done + 1) % 15 == 0:
                    mean = np.mean(window[-15:])
                    if not mean < before:
                        break
                    before = mean
            turns.append("all")
    except StopIteration:
        return turns[:-1]


@pytest.mark.parametrize("most", [40, 100, 7])
def test_the_encoder_learns_alone_as_long_as_its_loss_falls(most):
    """Losses that fall for some windows of 15 steps and then rise, jitter, and fall again."""
    steps = np.arange(400)
    losses = 50 + 10 * np.cos(steps / 25) + np.random.default_rng(0).normal(size=400)
    expected = turns_by_hand(losses, most)
    layer, found, left = EncoderTurns(most), [], list(losses)
    is_encoders, count = tf.function(layer.is_encoders), tf.function(layer.count)
    while left:
        if is_encoders():
            found.append("encoder")
            count(tf.constant(left.pop(0), tf.float32))
        else:
            found.append("all")
            layer.begin()
    assert found == expected[: len(found)] and len(found) >= len(expected) - 1
    letters = "".join("e" if turn == "encoder" else " " for turn in found)
    bursts = {len(burst) for burst in letters.split()[:-1]}  # the last may be cut off
    # Ended by their number, or after whole windows, of which the first has none to be compared with.
    assert bursts == {7} if most == 7 else min(bursts) == 30 and most in bursts
    assert all(burst == most or burst % 15 == 0 for burst in bursts)


def test_it_ends_where_mutual_information_falls(media):
    vae = build(media, phases=[EncoderTurns(5)])
    phases = EndOfPhases()
    phases.set_model(vae)
    seen = []
    for information in (-0.1, 1.0, 1.5, None, 1.5, 1.4, 3.0):
        phases.on_epoch_end(0, {} if information is None else {"val_mutual_information": information})
        seen.append(vae.current_phase() is not None)
    # The first is an error of the estimate, and the fourth epoch was not validated.
    assert seen == [True, True, True, True, True, False, False]
    vae.compile(phases=[EncoderTurns(5)])  # it begins anew, and knows nothing of before
    phases.on_epoch_end(0, {"val_mutual_information": 0.2})
    assert vae.current_phase() is vae.phases[0]


def test_a_model_that_is_saved_goes_on_in_its_phase(media, packed, tmp_path):
    """Saved while the encoder learns alone, between its turn and that of all: the rest is as without a
    break.
    """

    def fresh():
        settings = {"optimizer": keras.optimizers.Adam(0.05), "run_eagerly": True}
        return build(media, FreeBits(0.5), phases=[Pretraining(32), EncoderTurns(1)], **settings)

    def train(vae, epochs):
        settings = {"validation_data": (packed[:32],), "shuffle": False, "verbose": 0}
        return vae.fit(packed[:32], epochs=epochs, **settings).history

    straight, stopped = fresh(), fresh()
    train(straight, 2)
    train(stopped, 2)
    assert stopped.current_phase() is stopped.phases[1]
    stopped.save(tmp_path / "vae.keras")
    resumed = load_model(tmp_path / "vae.keras")
    assert (resumed.phases[0].examples, resumed.phases[1].most) == (32, 1)
    assert resumed.current_phase() is resumed.phases[1]
    assert resumed.phases[1].last_information.numpy() == stopped.phases[1].last_information.numpy() > 0
    np.testing.assert_array_equal(resumed.generate(4, seed=3), stopped.generate(4, seed=3))
    decoder = values(resumed.decoder)
    assert train(resumed, 1) == train(straight, 1)
    assert any(moved(decoder, resumed.decoder.trainable_variables))
    for a, b in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    # One that is saved before stays before.
    early = fresh()
    early.save(tmp_path / "early.keras")
    early = load_model(tmp_path / "early.keras")
    assert early.current_phase() is early.phases[0]


# Writing.


def test_equal_seeds_write_equal_sentences_whatever_the_batch(trained):
    vae = trained["free"]
    few = vae.generate(3, seed=7)
    assert few.shape == (3,) and few.dtype.kind == "U"
    np.testing.assert_array_equal(vae.generate(5, seed=7)[:3], few)
    np.testing.assert_array_equal(vae.generate(300, seed=7)[:3], few)
    assert np.any(vae.generate(20, seed=8) != vae.generate(20, seed=7))
    written = vae.generate(200, seed=7).tolist()
    assert len(set(written)) > 60
    assert np.mean([sentence in SENTENCES for sentence in written]) > 0.6


def test_without_chance_a_seed_writes_what_its_latent_stands_for(trained):
    vae = trained["free"]
    seeds = np.random.SeedSequence(3).generate_state(20, np.uint64).view(np.int64)
    likeliest = vae.decode(vae.latents_of_seeds(seeds))
    assert len(set(likeliest.tolist())) > 3
    np.testing.assert_array_equal(vae.generate(20, seed=3, temperature=0), likeliest)
    assert np.any(vae.generate(20, seed=3) != likeliest)


def test_walks_begin_and_end_at_reconstructions(trained, packed):
    vae = trained["free"]
    latents = vae.encode(packed[[0, 200]])
    again = vae.reconstruct(packed[[0, 200]])
    assert again[0] != again[1]
    np.testing.assert_array_equal(vae.interpolate(*latents, steps=5)[[0, 4]], again)
    walked = vae.traverse(latents[0], dimensions=[2, 0], steps=3)
    assert walked.shape == (2, 3)
    by_hand = np.tile(latents[0], (3, 1))
    by_hand[:, 0] = [-2, 0, 2]
    np.testing.assert_array_equal(walked[1], vae.decode(by_hand))


@pytest.mark.slow
def test_exported_signatures_give_what_python_gives(trained, tmp_path):
    vae = trained["free"]
    served = tf.saved_model.load(str(vae.export(tmp_path / "1"))).signatures
    names = {"serving_default", "generate", "sample", "decode", "encode", "reconstruct"}
    assert set(served) == names

    def text(name, **inputs):
        return vae.media.as_array(served[name](**inputs)["text"])

    sentences = tf.constant(["A dog  SEES", "the unicorn waits", "", "my cow likes his fox"])
    packed = vae.media.pack(sentences.numpy())
    latents = served["encode"](text=sentences)["latents"]
    np.testing.assert_allclose(latents, vae.encode(packed), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(text("reconstruct", text=sentences), vae.reconstruct(packed))
    np.testing.assert_array_equal(text("decode", latents=latents), vae.reconstruct(packed))
    seeds = np.random.SeedSequence(5).generate_state(6, np.uint64).view(np.int64)
    written = vae.generate(6, seed=5)
    for name in ("serving_default", "generate"):
        np.testing.assert_array_equal(text(name, seed=seeds), written)
    # Rows of settings of their own, of which the last leave nothing out.
    how = {
        "temperature": np.array([0.0, 5.0, 1.0, 1.0, 5.0, 1.0], "float32"),
        "top_k": np.array([99, 99, 3, 99, 9, 99], "int32"),
        "top_p": np.array([1, 1, 1, 0.4, 0.5, 1], "float32"),
    }
    sampled = text("sample", seed=seeds, **how)
    for row in range(6):
        settings = {name: column[row].item() for name, column in how.items()}
        assert sampled[row] == vae.generate(6, seed=5, **settings)[row]
    assert sampled[5] == written[5] and len(set(sampled.tolist())) > 3


@pytest.mark.parametrize("tokenizer", ["subwords", "characters", "bytes"])
def test_signatures_of_parts_of_words_give_what_python_gives(tokenizer):
    """In graph, as they are exported; what is too long is cut, and bytes that make no character are left
    out.
    """
    if tokenizer == "subwords":
        pytest.importorskip("tokenizers")
    vae = build(Text(length=9, tokenizer=tokenizer).learn(["größer, longer", "longer"]))
    table = vae.decoder.embedding.embeddings
    table.assign(np.random.default_rng(0).normal(size=table.shape))
    sentences = ["a größe", "", "longer than nine", "x"]
    packed = vae.media.pack(sentences)
    outputs = {}
    for name in ("encode", "reconstruct"):
        function, signature = vae.endpoints()[name]
        assert [spec.name for spec in signature] == ["text"]
        outputs[name] = tf.function(function, input_signature=signature)(tf.constant(sentences))
    np.testing.assert_allclose(outputs["encode"]["latents"], vae.encode(packed), rtol=1e-4, atol=1e-6)
    again = vae.media.as_array(outputs["reconstruct"]["text"])
    np.testing.assert_array_equal(again, vae.reconstruct(packed))


def test_mistakes_are_told_in_one_sentence(media, packed):
    vae = build(media)
    foreign = packed.copy()
    foreign[3, 1] = 500
    longer = Text(length=9, vocabulary=media.vocabulary)
    aggressive = build(media, phases=[EncoderTurns(2)])
    mistakes = {
        "EncoderTurns end when .* give validation_data": lambda: aggressive.fit(packed, verbose=0),
        "most must be a whole number from 0, not 2.5": lambda: EncoderTurns(2.5),
        "examples must be a whole number from 0, not -1": lambda: Pretraining(-1),
        "phases must be a list of phases": lambda: vae.compile(phases=["pretraining"]),
        "VampPrior learns pseudo-inputs, which tokens cannot be": lambda: TextVAE(
            vae.encoder, vae.decoder, media, prior=VampPrior(3)
        ),
        "decoder is made for .*latent_dim=2, but .*latent_dim=3 are wanted": lambda: TextVAE(
            vae.encoder, NextToken(LENGTH, media.vocabulary_size, 2), media
        ),
        "decoder must be a TextDecoder, such as RecurrentDecoder": lambda: TextVAE(
            vae.encoder, vae.encoder, media
        ),
        "encoder takes sentences of shape .4,., but media is Text.length=9": lambda: TextVAE(
            vae.encoder, vae.decoder, longer
        ),
        "but the data hold 500: pack sentences with the media": lambda: vae.fit(foreign, verbose=0),
        "hold 500": lambda: vae.score(foreign),
        "takes int32 examples": lambda: vae.encode(SENTENCES),
        "augment takes an AudioAugment": lambda: vae.compile(augment="masks"),
        "top_k must be a whole number": lambda: vae.generate(2, top_k="all"),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
