"""What the buttons of the page do, for a run and for its SavedModel."""

import itertools

import numpy as np
import PIL.Image
import pytest
import soundfile

from keras_gen.demo.models import IN_TURN, Exported, opened
from keras_gen.errors import InputError
from keras_gen.media import read_origin
from keras_gen.metrics import active_units
from keras_gen.runs.samples import write_samples

from .conftest import both

gradio = pytest.importorskip("gradio")

from keras_gen.demo.controls import Outbox, answered  # noqa: E402
from keras_gen.demo.images import FINER, Images  # noqa: E402
from keras_gen.demo.sentences import Sentences  # noqa: E402
from keras_gen.demo.voices import Voices  # noqa: E402


@pytest.fixture
def outbox(tmp_path):
    return Outbox(tmp_path)


def refusal(function, *values):
    with pytest.raises(gradio.Error) as error:
        answered(function)(*values)
    return error.value.message


def test_images_are_those_of_sample_and_say_so(digits, outbox, tmp_path):
    model, classes = digits.load_model(), digits.classes()
    for shown in both(digits):
        page, options = Images(shown, outbox), [1.0] * len(shown.has_options)
        for place, label in ((7, 7), (IN_TURN, None)):
            out = tmp_path / "sample.png"
            write_samples(model, out, 12, label, 3, classes, digits.origin(model))
            path = page.draw(3, 12, place, *options)
            with open(path, "rb") as file:
                assert file.read() == out.read_bytes()
            assert read_origin(path) == digits.origin(model)
    assert page.draw(3, 12, 7).endswith("digits-seed-3.png")
    calm = Images(both(digits)[0], outbox)
    assert not np.array_equal(*(PIL.Image.open(calm.draw(3, 12, 7, t)) for t in (0.0, 1.0)))
    assert "a whole number from 0" in refusal(page.draw, None, 12, 7)


def test_sliders_are_of_dimensions_in_use_and_move_one_number(digits, outbox):
    for shown in both(digits):
        page = Images(shown, outbox)
        labels = shown.labels(64, [IN_TURN])
        spread = shown.encode(shown.generate(64, labels, 0), labels).var(axis=0)
        assert page.dimensions == np.argsort(-spread)[: max(1, active_units_of(spread))].tolist()
        latent, image, *stand = page.start(5, 2)
        assert len(stand) == len(page.dimensions) and read_origin(image).is_synthetic
        place = page.dimensions[0]
        moved, other = page.move(place, latent, latent[place] + 2.0, 2)
        assert np.flatnonzero(moved != latent).tolist() == [place]
        _, same = page.move(place, moved, latent[place], 2)
        first, second, third = (np.asarray(PIL.Image.open(path)) for path in (image, other, same))
        assert not np.array_equal(first, second)
        np.testing.assert_array_equal(first, third)


def active_units_of(spread):
    return active_units(np.sqrt(spread) * np.array([[1.0], [-1.0]]))


def test_a_walk_leads_from_one_seed_to_another(digits, small_gan, outbox, tmp_path):
    small_gan(num_classes=3).export(tmp_path / "gan" / "4")
    exported = opened(tmp_path / "gan")
    assert exported.origin.version == "version 4" and not exported.encodes
    for shown in (*both(digits), exported):
        page = Images(shown, outbox)
        grid, moving = page.walk(3, 4, 4, 1)
        assert read_origin(grid) == read_origin(moving) == shown.origin
        with PIL.Image.open(moving) as frames:
            assert frames.n_frames <= 2 * FINER * 3  # equal ones are joined
        ends = [
            shown.decode(shown.latent(seed, shown.labels(1, [1]))[None], shown.labels(1, [1]))
            for seed in (3, 4)
        ]
        sheet, wanted = np.asarray(PIL.Image.open(grid)), [shown.image.grid(end) for end in ends]
        height, width = wanted[0].shape[:2]
        np.testing.assert_array_equal(sheet[:height, :width], wanted[0][..., 0])
        np.testing.assert_array_equal(sheet[-height:, -width:], wanted[1][..., 0])
    with PIL.Image.open(moving) as frames:
        assert frames.n_frames > FINER
    # A GAN's latents are those of its seeds.
    labels = exported.labels(1, [1])
    np.testing.assert_array_equal(ends[0], exported.generate(1, labels, 3))


def heard(player):
    waveform, rate = soundfile.read(player.value["path"], dtype="int16")
    assert rate == 8000 and read_origin(player.value["path"]).system.startswith("fsdd-vae")
    return waveform


@pytest.mark.slow
def test_voices_are_drawn_walked_and_converted(spoken, outbox, tmp_path):
    model = spoken.load_model()
    random = np.random.default_rng(0)
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * random.normal(size=(9000, 2)), 16000)
    a, b = (str(tmp_path / f"{name}.wav") for name in "ab")
    for shown in both(spoken):
        page, options = Voices(shown, outbox, longest=1.0), [1.0] * len(shown.has_options)
        players = page.draw(2, 3, 7, IN_TURN, *options)
        assert [player.visible for player in players] == [True] * 3 + [False] * 9
        drawn = model.generate(3, np.array([[7, 0], [7, 1], [7, 2]]), 2)
        for player, waveform, speaker in zip(players, drawn, ("ann", "bob", "cem"), strict=False):
            np.testing.assert_array_equal(heard(player), np.clip(np.rint(waveform * 32768), -32768, 32767))
            assert player.label.endswith(f"7, {speaker}")

        steps = [heard(player) for player in page.walk(a, b, 3, 1, 0, 1, 0)[:3]]
        assert not any(np.array_equal(*pair) for pair in itertools.combinations(steps, 2))
        constant = [heard(player) for player in page.walk(a, a, 2, 1, 0, 1, 0)[:2]]
        np.testing.assert_array_equal(*constant)
        own, other = (heard(player) for player in page.convert(a, 1, 0, 1, 3))
        np.testing.assert_array_equal(own, constant[0])
        assert not np.array_equal(own, other)
        np.testing.assert_array_equal(*(heard(player) for player in page.convert(a, 1, 0, 1, 0)))

        (tmp_path / "words.wav").write_text("no sound")
        soundfile.write(tmp_path / "long.wav", np.zeros(8 * 8000), 8000)
        for first, told in (
            (None, "A is missing: record or upload it."),
            (str(tmp_path / "words.wav"), "The recording could not be read"),
            (str(tmp_path / "long.wav"), "A lasts 8 seconds: give at most 1."),
        ):
            assert told in refusal(page.walk, first, b, 3, 1, 0, 1, 0)


def test_a_walk_to_another_speaker_ends_with_that_voice(spoken, outbox, tmp_path):
    trained, _ = both(spoken)
    page = Voices(trained, outbox, longest=9.0)
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).normal(size=5120), 8000)
    last = heard(page.walk(str(tmp_path / "a.wav"), str(tmp_path / "a.wav"), 2, 1, 0, 1, 3)[1])
    latent = trained.encode([trained.read((tmp_path / "a.wav").read_bytes())], trained.labels(1, [1, 3]))
    wanted = trained.decode(latent, trained.labels(1, [1, 3]))[0]
    np.testing.assert_allclose(last / 32768, wanted, atol=1e-3)


def test_sentences_are_those_of_sample_and_walk(written, monkeypatch):
    model = written.load_model()
    warned = []
    monkeypatch.setattr(gradio, "Warning", warned.append)
    for shown in both(written):
        page = Sentences(shown)
        assert shown.has_options == ("temperature", "top_k", "top_p")
        for how in (
            {"temperature": 1.0, "top_k": 0, "top_p": 1.0},
            {"temperature": 0.5, "top_k": 3, "top_p": 0.7},
        ):
            assert page.draw(4, 6, *how.values()).split("\n") == model.generate(6, seed=4, **how).tolist()
        ends = [
            model.decode(model.encode(model.media.pack([text])))[0]
            for text in ("a dog runs.", "a bird sings.")
        ]
        lines = page.walk("a dog runs.", "a bird sings.", 4).split("\n")
        assert len(lines) == 4 and [lines[0], lines[-1]] == ends
        if shown.completes:
            completed = page.complete("The cat", 1, 5, 1.0, 0, 1.0).split("\n")
            assert completed == model.generate(5, seed=1, beginning="the cat").tolist()
            assert all(line.startswith("the cat") for line in completed)
            assert "The beginning is empty" in refusal(page.complete, "", 1, 5, 1.0, 0, 1.0)
        assert refusal(page.walk, "a dog runs.", " ", 4) == "B is empty: give a sentence."
        assert refusal(page.walk, "a" * 1001, "b", 4) == "A has 1001 characters: give at most 1000."
        answered(page.walk)("xylophones <b> wonder", "a dog runs.", 4)
    assert "are unknown to the vocabulary" in warned[0]


def test_a_damaged_or_missing_model_is_told(digits, tmp_path):
    with pytest.raises(InputError, match="is neither a run nor a SavedModel"):
        opened(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        opened(tmp_path / "nowhere")
    assert isinstance(opened(digits.savedmodel), Exported) and opened(digits.savedmodel).name == "digits"
    broken = tmp_path / "broken"
    (broken / "assets.extra").mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(InputError, match=r"model\.json"):
        opened(broken)
    told = (digits.savedmodel / "assets.extra" / "model.json").read_text()
    (broken / "assets.extra" / "model.json").write_text(told)
    with pytest.raises(InputError, match="cannot be loaded"):
        opened(broken)
