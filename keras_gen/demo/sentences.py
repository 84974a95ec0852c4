"""The page of a model that writes sentences."""

import gradio

from keras_gen.demo.controls import (
    answered,
    checked_seed,
    class_fields,
    count_field,
    option_fields,
    seed_field,
)
from keras_gen.errors import InputError

MOST_DRAWN, MOST_STEPS = 50, 16
LONGEST = 1000  # characters of a sentence that is sent here


class Sentences:
    """Writes sentences, completes them, and walks between two.

    Args:
        model: `keras_gen.demo.models.Shown`.
    """

    def __init__(self, model):
        self.model = model
        self._labels = len(model.class_names)

    def draw(self, seed, num, *fields):
        """What `keras-gen sample --seed` draws, a line each."""
        seed, num = checked_seed(seed), int(num)
        labels = self.model.labels(num, fields[: self._labels])
        how = dict(zip(self.model.has_options, fields[self._labels :], strict=True))
        return "\n".join(self.model.generate(num, labels, seed, **how))

    def complete(self, beginning, seed, num, *fields):
        """How the model goes on from a beginning, a line for each way."""
        seed, num = checked_seed(seed), int(num)
        labels = self.model.labels(num, fields[: self._labels])
        how = dict(zip(self.model.has_options, fields[self._labels :], strict=True))
        begun = _sentence(beginning, "The beginning")
        return "\n".join(self.model.generate(num, labels, seed, beginning=begun, **how))

    def walk(self, first, last, steps, *chosen):
        """What lies between two sentences, a line each."""
        labels = [self.model.labels(1, part) for part in (chosen[: self._labels], chosen[self._labels :])]
        latents = [
            self.model.encode([self.model.read(_sentence(text, which))], label)[0]
            for text, label, which in zip((first, last), labels, ("A", "B"), strict=True)
        ]
        ends = [None if label is None else label[0] for label in labels]
        return "\n".join(self.model.walk(*latents, int(steps), ends))

    # The page.

    def build(self, page):
        """Puts the parts on a `gradio.Blocks` that is open."""
        gradio.Markdown("## New sentences")
        with gradio.Row():
            fields = [seed_field(), count_field("Sentences", MOST_DRAWN, 8)]
            fields += [*class_fields(self.model, in_turn=True), *option_fields(self.model)]
        button = gradio.Button("Write", variant="primary")
        gradio.on([button.click, page.load], answered(self.draw), fields, _lines(), api_name="draw")
        if self.model.completes:
            self._build_completion()
        if self.model.encodes:
            self._build_walk(page)

    def _build_completion(self):
        gradio.Markdown("## Complete a sentence")
        first = self.model.generate(1, self.model.labels(1, [0] * self._labels), 0)[0]
        beginning = gradio.Textbox(first.split(" ")[0], label="Beginning", max_length=LONGEST)
        with gradio.Row():
            fields = [beginning, seed_field(), count_field("Sentences", MOST_DRAWN, 4)]
            fields += [*class_fields(self.model), *option_fields(self.model)]
        button = gradio.Button("Complete", variant="primary")
        button.click(answered(self.complete), fields, _lines(), api_name="complete")

    def _build_walk(self, page):
        gradio.Markdown("## Walk between two sentences")
        labels = self.model.labels(2, [0] * self._labels)
        ends, classes = [], []
        with gradio.Row():
            for which, text in zip("AB", self.model.generate(2, labels, 0), strict=True):
                with gradio.Column(min_width=280):
                    ends.append(gradio.Textbox(str(text), label=which, max_length=LONGEST))
                    classes += class_fields(self.model, of=f" of {which}")
        steps = count_field("Steps", MOST_STEPS, 6, least=2)
        button = gradio.Button("Walk", variant="primary")
        fields = [*ends, steps, *classes]
        gradio.on([button.click, page.load], answered(self.walk), fields, _lines(), api_name="walk")


def _lines():
    return gradio.Textbox(show_label=False, lines=6, max_lines=60, interactive=False, buttons=["copy"])


def _sentence(text, which):
    """A sentence as the page gives it; raises `InputError` where it is empty or too long."""
    text = (text or "").strip()
    if not text:
        raise InputError(f"{which} is empty: give a sentence.")
    if len(text) > LONGEST:
        raise InputError(f"{which} has {len(text)} characters: give at most {LONGEST}.")
    return text
