"""What the tabs share: a picture with its caption, a seed with its arrows, errors said to the visitor."""

import base64
import contextlib
import html
import io
from collections.abc import Iterator

import gradio as gr
from gradio.data_classes import FileData
from gradio.processing_utils import save_pil_to_cache
from gradio.utils import get_upload_folder
from PIL import Image

from space.shelf import MAX_SEED, Shelf
from zoo.config import Config
from zoo.errors import ZooError

# Of every event that runs a model: one at a time, and of a burst of changes only the last.
MODEL_EVENT = {"concurrency_limit": 1, "concurrency_id": "models", "api_visibility": "private"}
LIVE = {**MODEL_EVENT, "trigger_mode": "always_last", "show_progress": "hidden"}


@contextlib.contextmanager
def said_to_the_visitor() -> Iterator[None]:
    """Turns our errors into a notice on the page."""
    try:
        yield
    except ZooError as error:
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from None


def figure(picture: Image.Image, alt: str, caption: str, *, scale: int = 1) -> str:
    """HTML of a picture, its pixels `scale` times as large and sharp, over its caption (HTML)."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    data = base64.b64encode(file.getvalue()).decode()
    width, height = picture.width * scale, picture.height * scale
    return (
        f'<figure style="--width: {width}px"><img alt="{html.escape(alt)}" width="{width}" height="{height}"'
        f' src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def caption(key: str, config: Config) -> str:
    """HTML: the id; under it the loss and how much the critic has seen."""
    return f"<b>{html.escape(key)}</b><br>{html.escape(str(config.loss['name']))} · {config.training.kimg:g} kimg"


def sentence(text: str) -> gr.HTML:
    return gr.HTML(f"<p>{text}</p>", elem_classes="sentence")


def seed_box(label: str, value: int) -> gr.Number:
    """A seed between two arrows, which work in the browser."""
    with gr.Row(elem_classes="seed"):
        previous = gr.Button("‹", min_width=0, elem_classes="arrow")
        seed = gr.Number(value, label=label, precision=0, min_width=0, elem_classes="number")
        following = gr.Button("›", min_width=0, elem_classes="arrow")
    for button, step in ((previous, -1), (following, 1)):
        button.click(None, seed, seed, js=f"s => Math.min({MAX_SEED}, Math.max(0, s + {step}))")
    return seed


def model_box(shelf: Shelf, shown: int = 6) -> gr.Dropdown:
    first = shelf.siblings("noise")[:shown]
    return gr.Dropdown(
        shelf.ids("noise"), value=first, multiselect=True, label="Models", min_width=0, elem_classes="models"
    )


def png(picture: Image.Image) -> FileData:
    """A picture as an endpoint returns it; gradio deletes the file when the app's cache is cleared."""
    return FileData(path=save_pil_to_cache(picture, get_upload_folder(), format="png"))
