"""The tab Compare: the same latents through several models, side by side."""

import math

import gradio as gr
from gradio.data_classes import FileData
from PIL import Image

from space import parts
from space.shelf import MAX_PICTURES, MAX_SEED, Shelf, between, whole

SHEET = 256  # pixels: small pictures are enlarged towards it, by a whole number
NO_TRUNCATION = 4.0  # the slider's end


def sheet(shelf: Shelf, key: str, seed: int, n: int, truncation: float | None) -> Image.Image:
    """One model's pictures of the first `n` latents of a seed, as square as may be."""
    seed = whole("the seed", seed, 0, MAX_SEED)
    n = whole("the number of pictures", n, 1, MAX_PICTURES)
    if truncation is not None:
        truncation = between("the truncation", truncation, 0.1, NO_TRUNCATION)
    return shelf.model(key).grid(n, columns=math.ceil(math.sqrt(n)), seed=seed, truncation=truncation)


@parts.said_to_the_visitor()
def draw(shelf: Shelf, keys: list[str], seed: int, n: int, truncation: float) -> str:
    """HTML: a sheet a model."""
    figures = []
    for key in shelf.chosen(keys):
        picture = sheet(shelf, key, seed, n, None if truncation == NO_TRUNCATION else truncation)
        alt = f"{n} pictures by {key} from the noise of seed {seed}"
        caption = parts.caption(key, shelf.config(key))
        figures.append(parts.figure(picture, alt, caption, scale=max(1, SHEET // picture.width)))
    return "".join(figures) or "<p>Choose a model.</p>"


def tab(shelf: Shelf, page: gr.Blocks) -> None:
    with gr.Tab("Compare"):
        with gr.Row(elem_classes="bar"):
            models = parts.model_box(shelf)
            seed = parts.seed_box("Seed of the noise", 7)
            n = gr.Dropdown([1, 4, 9, 16, 25, 36, 49, 64], value=64, label="Pictures", min_width=0)
            truncation = gr.Slider(
                0.5,
                NO_TRUNCATION,
                NO_TRUNCATION,
                step=0.1,
                label=f"Truncation ({NO_TRUNCATION:g}: none)",
                min_width=0,
                buttons=[],
            )
        parts.sentence("Same noise, but each generator has learned its own meaning for it.")
        sheets = gr.HTML(elem_classes="sheets", min_height=320)

        chosen = [models, seed, n, truncation]

        def redraw(*values):
            return gr.skip() if None in values else draw(shelf, *values)  # None: a box that is being retyped

        gr.on([page.load, *(box.change for box in chosen)], redraw, chosen, sheets, **parts.LIVE)

        @parts.said_to_the_visitor()
        def sample(model: str, seed: int = 0, n: int = 64, truncation: float | None = None) -> FileData:
            """A PNG with n pictures (1 to 64) of a model by its id, from the latents of a seed (0 to 2**53 - 1).

            A truncation (0.1 to 4) keeps the latents within ± it.
            """
            return parts.png(sheet(shelf, model, seed, n, truncation))

        gr.api(sample, **{**parts.MODEL_EVENT, "api_visibility": "public"}, api_name="sample")
