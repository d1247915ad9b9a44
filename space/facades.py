"""The tab Facades: one label map through every model that translates pictures."""

from pathlib import Path

import gradio as gr

from space import parts
from space.shelf import MAX_SEED, Shelf, whole
from zoo import facades, measures, pictures
from zoo.errors import DataError


@parts.said_to_the_visitor()
def building(seed: int) -> tuple:
    """An invented label map; no photograph shows it."""
    return facades.random_building(whole("the seed", seed, 0, MAX_SEED)), None


@parts.said_to_the_visitor()
def draw(shelf: Shelf, label_map: str | None, photograph: str | None) -> str:
    """HTML: a translation a model, with its PSNR and SSIM where the true photograph is given (files)."""
    if label_map is None:
        return "<p>Choose a building, or upload a label map.</p>"
    given, true = _read(label_map), photograph and _read(photograph).convert("RGB")
    figures = []
    for key in shelf.ids("translation"):
        translated = shelf.model(key).translate(given)
        caption = parts.caption(key, shelf.config(key))
        if true:
            pair = translated.convert("RGB"), pictures.fit(true, translated.width)
            caption += f"<br>PSNR {measures.psnr(*pair):.1f} dB · SSIM {measures.ssim(*pair):.2f}"
        figures.append(parts.figure(translated, f"the map, translated by {key}", caption))
    return "".join(figures)


def _read(file: str):
    try:
        return pictures.decode(Path(file))
    except DataError as error:  # which names the file, a temporary one that tells the visitor nothing
        raise DataError(f"cannot read that upload: {str(error).rpartition(': ')[2]}") from None


def tab(shelf: Shelf) -> None:
    with gr.Tab("Facades") as here:
        parts.sentence("One map, one network; only the loss differs.")
        with gr.Row(elem_classes="beside"):
            with gr.Column(scale=0, min_width=256):
                seed = parts.seed_box("Random building", 1)
                first, _ = building(1)
                label_map = _image("Label map", first)
                photograph = _image("Its true photograph, if there is one")
                parts.label("PSNR in decibels and SSIM, at most 1, against the photograph: higher is nearer.")
            translations = gr.HTML(elem_classes="sheets", min_height=320)

        def redraw(*files):
            return draw(shelf, *files)

        given = [label_map, photograph]
        seed.change(
            lambda value: (gr.skip(), gr.skip()) if value is None else building(value),
            seed,
            given,
            show_progress="hidden",
            trigger_mode="always_last",
            api_visibility="private",
        )
        gr.on([here.select, *(box.change for box in given)], redraw, given, translations, **parts.LIVE)


def _image(label: str, value=None) -> gr.Image:
    """An upload that stays a file, so that zoo.pictures is who decodes it."""
    parts.label(label)
    return gr.Image(
        value,
        label=label,
        show_label=False,
        type="filepath",
        image_mode=None,
        format="png",
        sources=["upload"],
        buttons=[],
        height=256,
        elem_classes="upload",
    )
