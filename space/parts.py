"""What the tabs share: a custom piece, an endpoint, errors said to the visitor."""

import contextlib
import html
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
from gradio.data_classes import FileData
from gradio.processing_utils import save_pil_to_cache
from gradio.utils import get_upload_folder

from space.studio import Busy
from zoo import pictures
from zoo.config import Config
from zoo.errors import Refused, ZooError, unknown

STATIC = Path(__file__).parent / "static"


def modules(*entries: str) -> list[str]:
    """The pieces that these need, themselves included, as paths in static/: what a page reads before it shows them."""
    found, waiting = set(), list(entries)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (STATIC / name).read_text(encoding="utf-8")
            needed = re.findall(r'^import .* from "(.+)";', text, re.MULTILINE)
            waiting += [posixpath.normpath(f"{posixpath.dirname(name)}/{one}").lstrip("/") for one in needed]
    return sorted(found)


@contextlib.contextmanager
def said_to_the_visitor() -> Iterator[None]:
    """Turns our errors into a notice on the page."""
    try:
        yield
    except ZooError as error:
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from None
    except Busy:
        raise gr.Error("many others are waiting: ask again in a few seconds") from None


def piece(view: str, server_functions: list[Callable], **props) -> gr.HTML:
    """A place for one of the pieces under static/, which know nothing of gradio; gradio.js joins the two."""
    return gr.HTML(
        html_template="<div></div>",
        js_on_load=(STATIC / "gradio.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        server_functions=server_functions,
        elem_classes="zoo",
        view=view,
        **props,
    )


def endpoint(function: Callable) -> None:
    """A function for gradio_client, on the API page under its own name."""
    gr.api(function, concurrency_limit=1, concurrency_id="models", api_name=function.__name__)


def png(content: bytes) -> FileData:
    """A picture as an endpoint returns it; gradio deletes the file when the app's cache is cleared."""
    return FileData(path=save_pil_to_cache(pictures.decode(content), get_upload_folder(), format="png"))


def class_of(label: str | int | None, config: Config) -> int | None:
    """The number of a class given by its name or number; Refused or UnknownName where there is none."""
    if label is None:
        return None
    if not config.architecture.get("classes"):
        raise Refused(f"{config.id} knows no classes: leave the label out")
    names = config.dataset.labels
    if label in names:
        return names.index(label)
    if str(label).isascii() and str(label).isdigit() and len(str(label)) < 10:
        return int(label)
    raise unknown("class", str(label)[:60], names)
