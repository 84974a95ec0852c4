"""The page of a model that makes recordings."""

import io
from pathlib import Path

import gradio
import soundfile

from keras_gen.demo.controls import (
    answered,
    checked_seed,
    class_fields,
    class_told,
    count_field,
    option_fields,
    seed_field,
)
from keras_gen.errors import InputError
from keras_gen.media import recordings

MOST = 12  # players of an answer


class Voices:
    """Draws recordings, walks between two, and converts one to other classes.

    Args:
        model: `keras_gen.demo.models.Shown`.
        outbox: `keras_gen.demo.controls.Outbox`.
        longest: seconds of a recording that is sent here.
    """

    def __init__(self, model, outbox, longest):
        self.model, self.outbox, self.longest = model, outbox, longest
        self._labels = len(model.class_names)

    def draw(self, seed, num, *fields):
        """What `keras-gen sample --seed` draws, as updates of all players."""
        seed, num = checked_seed(seed), int(num)
        labels = self.model.labels(num, fields[: self._labels])
        how = dict(zip(self.model.has_options, fields[self._labels :], strict=True))
        drawn = self.model.generate(num, labels, seed, **how)
        told = [None] * num if labels is None else labels
        names = [f"{place + 1}  {class_told(self.model, label)}" for place, label in enumerate(told)]
        return self._players(drawn, names, f"seed-{seed}")

    def walk(self, first, last, steps, *chosen):
        """What lies between two recordings, as updates of all players."""
        labels = [self.model.labels(1, part) for part in (chosen[: self._labels], chosen[self._labels :])]
        latents = [
            self._encoded(path, label, which)
            for path, label, which in zip((first, last), labels, ("A", "B"), strict=True)
        ]
        ends = [None if label is None else label[0] for label in labels]
        steps = int(steps)
        walked = self.model.walk(*latents, steps, ends)
        return self._players(walked, [f"step {place + 1} of {steps}" for place in range(steps)], "walk")

    def convert(self, path, *chosen):
        """A recording as it comes back, and under other classes: updates of two players."""
        own, other = (self.model.labels(1, part) for part in (chosen[: self._labels], chosen[self._labels :]))
        latent = self._encoded(path, own, "The recording")
        names = ["as it comes back", f"as {class_told(self.model, other[0])}"]
        both = [self.model.decode(latent[None], label)[0] for label in (own, other)]
        return self._players(both, names, "converted", most=2)

    def _encoded(self, path, label, which):
        if path is None:
            raise InputError(f"{which} is missing: record or upload it.")
        raw = Path(path).read_bytes()
        try:
            with soundfile.SoundFile(io.BytesIO(raw)) as file:
                seconds = file.frames / file.samplerate
        except (soundfile.LibsndfileError, ZeroDivisionError):
            seconds = 0.0  # what is wrong is told when it is read
        if seconds > self.longest:
            raise InputError(f"{which} lasts {seconds:.0f} seconds: give at most {self.longest:g}.")
        return self.model.encode([self.model.read(raw)], label)[0]

    def _saved(self, waveform, name):
        path = self.outbox.path(f"{self.model.name}-{name}.wav")
        recordings.write(path, waveform, self.model.rate, self.model.origin)
        return str(path)

    def _players(self, waveforms, labels, name, most=MOST):
        shown = [
            gradio.Audio(self._saved(waveform, f"{name}-{place}"), label=label.strip(), visible=True)
            for place, (waveform, label) in enumerate(zip(waveforms, labels, strict=True), start=1)
        ]
        return shown + [gradio.Audio(None, visible=False)] * (most - len(shown))

    # The page.

    def build(self, page):
        """Puts the parts on a `gradio.Blocks` that is open."""
        gradio.Markdown("## Draw")
        with gradio.Row():
            fields = [seed_field(), count_field("Recordings", MOST, 4)]
            fields += [*class_fields(self.model, in_turn=True), *option_fields(self.model)]
        button = gradio.Button("Draw", variant="primary")
        gradio.on([button.click, page.load], answered(self.draw), fields, _players(), api_name="draw")
        if self.model.encodes and self.model.walks:
            self._build_walk()
        if self.model.encodes and self.model.class_names:
            self._build_conversion()

    def _build_walk(self):
        used = self.model.samples / self.model.rate
        gradio.Markdown(
            f"## Walk between two recordings\n\nRecord or upload two. Their first {used:.2g} seconds count, "
            "without silence in front."
        )
        first = [self.model.generate(1, self.model.labels(1, [0] * self._labels), seed)[0] for seed in (0, 1)]
        with gradio.Row():
            ends, classes = [], []
            for which, waveform in zip("AB", first, strict=True):
                with gradio.Column(min_width=280):
                    ends.append(_recorder(which, self._saved(waveform, f"drawn-{which}")))
                    classes += class_fields(self.model, of=f" of {which}")
        steps = count_field("Steps", MOST, 5, least=2)
        button = gradio.Button("Walk", variant="primary")
        players = _players()
        button.click(answered(self.walk), [*ends, steps, *classes], players, api_name="walk")

    def _build_conversion(self):
        labels = " and ".join(self.model.class_names)
        gradio.Markdown(f"## Another {labels}\n\nA recording as it would be under other classes.")
        with gradio.Row():
            with gradio.Column(min_width=280):
                recording = _recorder("Recording", None)
            with gradio.Column(min_width=280):
                classes = [
                    *class_fields(self.model, of=", as it is"),
                    *class_fields(self.model, of=", wanted"),
                ]
        button = gradio.Button("Convert", variant="primary")
        button.click(answered(self.convert), [recording, *classes], _players(2), api_name="convert")


def _recorder(label, value):
    return gradio.Audio(
        value,
        label=label,
        sources=["microphone", "upload"],
        type="filepath",
        interactive=True,
        buttons=["download"],
    )


def _players(most=MOST):
    with gradio.Row(elem_classes="players"):
        return [
            gradio.Audio(interactive=False, visible=False, min_width=240, buttons=["download"])
            for _ in range(most)
        ]
