"""The tab Facades: one label map through every model that translates pictures."""

from pathlib import Path

import gradio as gr
from PIL import Image

from space import parts
from space.limits import MAX_SEED
from space.shelf import Shelf, whole
from zoo import facades, measures, pictures
from zoo.errors import DataError

SIDE = 256  # pixels of the map and the photograph as shown


@parts.said_to_the_visitor()
def draw(shelf: Shelf, seed: int, label_map: str | None = None, photograph: str | None = None) -> str:
    """HTML: the map (an invented building's unless there is a file), the photograph, a translation a model.

    With a file of the true photograph each translation has its PSNR and SSIM.
    """
    seed = whole("the seed", seed, 0, MAX_SEED)
    given = _read(label_map) if label_map else facades.random_building(seed)
    caption = "as uploaded" if label_map else f"invented, seed {seed}"
    figures = [parts.figure(pictures.fit(given, SIDE), "the label map", f"<b>label map</b><br>{caption}")]
    true = _read(photograph).convert("RGB") if photograph else None
    if true:
        caption = "<b>photograph</b><br>as uploaded"
        figures.append(parts.figure(pictures.fit(true, SIDE), "the true photograph", caption))
    for key in shelf.ids("translation"):
        translated = shelf.model(key).translate(given)
        caption = parts.caption(key, shelf.config(key))
        if true:
            pair = translated.convert("RGB"), pictures.fit(true, translated.width)
            caption += f"<br>PSNR {measures.psnr(*pair):.1f} dB · SSIM {measures.ssim(*pair):.2f}"
        figures.append(parts.figure(translated, f"the map, translated by {key}", caption))
    return "".join(figures)


def _read(file: str) -> Image.Image:
    try:
        return pictures.decode(Path(file))
    except DataError as error:  # which names the file, a temporary one that tells the visitor nothing
        raise DataError(f"cannot read that upload: {str(error).rpartition(': ')[2]}") from None


def tab(shelf: Shelf) -> None:
    with gr.Tab("Facades") as here:
        with gr.Row(elem_classes="bar"):
            seed = parts.seed_box("Random building", 1)
            label_map = gr.UploadButton("Upload a map", file_types=["image"], min_width=0)
            photograph = gr.UploadButton("Upload its photograph", file_types=["image"], min_width=0)
        parts.sentence(
            "One map, one network; only the loss differs. With a photograph, PSNR and SSIM say how near each came:"
            " higher is nearer."
        )
        translations = gr.HTML(elem_classes="sheets", min_height=320)

        def redraw(*values):
            return gr.skip() if values[0] is None else draw(shelf, *values)

        def another(value):
            return (redraw(value), None, None)  # no photograph shows an invented building

        uploads = [label_map, photograph]
        triggers = [here.select, label_map.upload, photograph.upload]
        gr.on(triggers, redraw, [seed, *uploads], translations, **parts.LIVE)
        seed.change(another, seed, [translations, *uploads], **parts.LIVE)
