"""The tab Compare: the same latents through every model, a sheet each."""

import math

import gradio as gr
from gradio.data_classes import FileData

from space import parts
from space.limits import MAX_PICTURES
from space.shelf import whole
from space.studio import Studio, address, answered, each


def tab(studio: Studio) -> None:
    def draw(asked: dict) -> dict:
        """{models, seed, n, truncation, label} → {sheets: {id: address of a picture}}."""
        of = [asked.get(name) for name in ("seed", "n", "truncation", "label")]
        keys = studio.shelf.chosen(asked.get("models"))
        return each(keys, lambda key: address(studio.sheet(key, *of)))

    with gr.Tab("Compare", id="compare"):
        parts.piece("compare", [answered(studio, draw)])
        parts.endpoint(sample_of(studio))


def sample_of(studio: Studio):
    @parts.said_to_the_visitor()
    def sample(
        model: str, seed: int = 0, n: int = 64, truncation: float | None = None, label: str | None = None
    ) -> FileData:
        """A PNG with n pictures (1 to 64) of a model by its id (see /models), from the latents of a seed.

        A seed is a whole number from 0 to 2**32 - 1; a truncation (0.1 to 4) keeps the latents within ± it. A label,
        the name or number of a class, is for class-conditional models; without one they cycle through their classes.
        """
        n = whole("the number of pictures", n, 1, MAX_PICTURES)
        label = parts.class_of(label, studio.shelf.config(model))
        columns = math.ceil(math.sqrt(n))
        with studio.turn():
            return parts.png(studio.sheet(model, seed, n, truncation, label, columns))

    return sample
