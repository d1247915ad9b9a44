"""The tab Interpolate: one path through the noise, and what each model shows on the way."""

from typing import Literal

import gradio as gr
from gradio.data_classes import FileData
from PIL import Image

from space import parts
from space.shelf import MAX_SEED, Shelf, whole
from zoo import pictures

MAX_STEPS = 64
FRAME = 64  # pixels: small pictures are enlarged towards it, by a whole number


def strip(shelf: Shelf, key: str, seed_a: int, seed_b: int, steps: int, path: str) -> Image.Image:
    """A row of pictures from the first latent of one seed to the first of the other."""
    ends = whole("seed A", seed_a, 0, MAX_SEED), whole("seed B", seed_b, 0, MAX_SEED)
    steps = whole("steps", steps, 2, MAX_STEPS)
    return pictures.grid(shelf.model(key).interpolate(*ends, steps=steps, mode=str(path)[:60]), columns=steps)


@parts.said_to_the_visitor()
def draw(shelf: Shelf, keys: list[str], seed_a: int, seed_b: int, steps: int, path: str) -> str:
    """HTML: a strip a model."""
    figures = []
    for key in shelf.chosen(keys):
        picture = strip(shelf, key, seed_a, seed_b, steps, path)
        alt = f"{steps} pictures by {key} on the way from seed {seed_a} to seed {seed_b}"
        caption = parts.caption(key, shelf.config(key))
        figures.append(parts.figure(picture, alt, caption, scale=max(1, FRAME // picture.height)))
    return "".join(figures) or "<p>Choose a model.</p>"


def tab(shelf: Shelf) -> None:
    with gr.Tab("Interpolate") as here:
        with gr.Row(elem_classes="bar"):
            models = parts.model_box(shelf)
            seed_a, seed_b = parts.seed_box("A: seed", 7), parts.seed_box("B: seed", 12)
            steps = gr.Slider(2, MAX_STEPS, 16, step=1, label="Steps", min_width=0, buttons=[])
            path = gr.Radio(["slerp", "lerp"], value="slerp", label="Path", min_width=0, elem_classes="path")
        parts.sentence("All walk the same path through the noise. What they pass on the way is their own.")
        strips = gr.HTML(elem_classes="strips", min_height=320)

        chosen = [models, seed_a, seed_b, steps, path]

        def redraw(*values):
            return gr.skip() if None in values else draw(shelf, *values)  # None: a box that is being retyped

        gr.on([here.select, *(box.change for box in chosen)], redraw, chosen, strips, **parts.LIVE)

        @parts.said_to_the_visitor()
        def interpolate(
            model: str, seed_a: int, seed_b: int, steps: int = 16, path: Literal["slerp", "lerp"] = "slerp"
        ) -> FileData:
            """A PNG with one row of 2 to 64 steps of a model by its id, between the first latents of two seeds."""
            return parts.png(strip(shelf, model, seed_a, seed_b, steps, path))

        gr.api(interpolate, **{**parts.MODEL_EVENT, "api_visibility": "public"}, api_name="interpolate")
