"""The page of a model that makes images."""

import functools

import gradio
import numpy as np

from keras_gen.demo.controls import (
    answered,
    checked_seed,
    class_fields,
    count_field,
    option_fields,
    seed_field,
)
from keras_gen.demo.models import IN_TURN
from keras_gen.metrics import active_units

MOST_DRAWN, MOST_STEPS = 64, 16
MOST_SLIDERS = 8
PROBED = 64  # images that tell which dimensions are in use
REACH = 3.0  # of a slider, either way
FINER = 4  # frames of an animation for each step
PAUSE = 80  # milliseconds of a frame


class Images:
    """Draws images, walks through latents and moves along their dimensions.

    Args:
        model: `keras_gen.demo.models.Shown`.
        outbox: `keras_gen.demo.controls.Outbox`.
    """

    def __init__(self, model, outbox):
        self.model, self.outbox = model, outbox
        self.dimensions = dimensions_in_use(model)

    def draw(self, seed, num, *fields):
        """The path of a grid of what `keras-gen sample --seed` draws."""
        seed = checked_seed(seed)
        chosen, options = self._split(fields)
        how = dict(zip(self.model.has_options, options, strict=True))
        images = self.model.generate(int(num), self.model.labels(int(num), chosen), seed, **how)
        return self._saved(images, f"{self.model.name}-seed-{seed}.png")

    def start(self, seed, *chosen):
        """The latent of a seed, its image, and where the sliders stand there."""
        latent = self.model.latent(checked_seed(seed), self.model.labels(1, chosen))
        stand = np.clip(latent[self.dimensions], -REACH, REACH).astype(float).round(2).tolist()
        return latent, self._decoded(latent, chosen), *stand

    def move(self, place, latent, value, *chosen):
        """A latent with one number changed, and its image."""
        latent = np.array(latent)
        latent[place] = value
        return latent, self._decoded(latent, chosen)

    def walk(self, first, last, steps, *chosen):
        """The paths of a grid and an animation of what lies between two seeds."""
        ends = checked_seed(first), checked_seed(last)
        labels = self.model.labels(1, chosen)
        label = None if labels is None else labels[0]
        start, stop = (self.model.latent(seed, labels) for seed in ends)
        frames = self.model.walk(start, stop, FINER * (int(steps) - 1) + 1, (label, label))
        name = f"{self.model.name}-seeds-{ends[0]}-{ends[1]}"
        moving = self.outbox.path(f"{name}.webp")
        shown = [self.model.image.show(frame[np.newaxis]) for frame in frames]
        write_animation(shown, moving, self.model.origin)
        return self._saved(frames[::FINER], f"{name}.png"), str(moving)

    def _split(self, fields):
        labels = len(self.model.class_names)
        return fields[:labels], fields[labels:]

    def _decoded(self, latent, chosen):
        return self._saved(self.model.decode(latent[np.newaxis], self.model.labels(1, chosen)), "latent.png")

    def _saved(self, images, name):
        path = self.outbox.path(name)
        self.model.image.save_sheet(images, path, origin=self.model.origin)
        return str(path)

    # The page.

    def build(self, page):
        """Puts the parts on a `gradio.Blocks` that is open."""
        gradio.Markdown("## Draw")
        with gradio.Row():
            fields = [seed_field(), count_field("Images", MOST_DRAWN, 16)]
            fields += [*class_fields(self.model, in_turn=True), *option_fields(self.model)]
        button = gradio.Button("Draw", variant="primary")
        drawn = _picture()
        gradio.on([button.click, page.load], answered(self.draw), fields, drawn, api_name="draw")
        if self.model.latent_dim is not None:
            self._build_latents(page)
        if self.model.walks:
            self._build_walk(page)

    def _build_latents(self, page):
        gradio.Markdown("## Latents\n\nThe latent of a seed, of which each slider moves one number.")
        with gradio.Row():
            with gradio.Column():
                with gradio.Row():
                    fields = [seed_field(), *class_fields(self.model)]
                button = gradio.Button("Start from this seed", variant="primary")
                image = _picture(height=280)
            with gradio.Column():
                sliders = [
                    gradio.Slider(-REACH, REACH, 0, step=0.05, label=f"dimension {place}")
                    for place in self.dimensions
                ]
        latent = gradio.State()
        gradio.on(
            [button.click, page.load],
            answered(self.start),
            fields,
            [latent, image, *sliders],
            api_name="start",
        )
        for place, slider in zip(self.dimensions, sliders, strict=True):
            slider.input(
                answered(functools.partial(self.move, place)),
                [latent, slider, *fields[1:]],
                [latent, image],
                trigger_mode="always_last",
                show_progress="hidden",
                api_name=f"move_{place}",
            )

    def _build_walk(self, page):
        gradio.Markdown("## Walk between two seeds")
        with gradio.Row():
            fields = [seed_field("From seed", 0), seed_field("To seed", 1)]
            fields += [count_field("Steps", MOST_STEPS, 8, least=2), *class_fields(self.model)]
        button = gradio.Button("Walk", variant="primary")
        with gradio.Row():
            grid, moving = _picture(scale=3), _picture(height=220, scale=1)
        gradio.on([button.click, page.load], answered(self.walk), fields, [grid, moving], api_name="walk")


def _picture(**how):
    return gradio.Image(
        interactive=False,
        show_label=False,
        buttons=["download", "fullscreen"],
        elem_classes="pixels",
        **how,
    )


def dimensions_in_use(model):
    """The places of a latent that get sliders, the most used first; of a model without an encoder the first.

    They are in use where the encoder's means of images that the model draws differ (Burda et al. 2016,
    section 5.3).
    """
    if model.latent_dim is None:
        return []
    if not model.encodes:
        return list(range(min(MOST_SLIDERS, model.latent_dim)))
    labels = model.labels(PROBED, [IN_TURN] * len(model.class_names))
    means = model.encode(model.generate(PROBED, labels, 0), labels)
    return np.argsort(-means.var(axis=0))[: max(1, min(MOST_SLIDERS, active_units(means)))].tolist()


def write_animation(frames, path, origin):
    """Writes frames there and back as a WebP that says its origin.

    Args:
        frames: list of `PIL.Image.Image`.
        path: of the file.
        origin: `keras_gen.media.Origin`.
    """
    frames[0].save(
        path,
        format="WEBP",
        save_all=True,
        append_images=frames[1:] + frames[-2:0:-1],
        duration=PAUSE,
        loop=0,
        lossless=True,
        xmp=origin.xmp(),
    )
