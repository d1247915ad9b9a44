"""A model's card as a page of its own, for models whose files are on this machine."""

import html
import re

from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from space.shelf import Shelf
from zoo.checkpoint import CARD
from zoo.errors import ZooError

PICTURES = ("samples.png", "curves.png", "progress.webp")
# A card may be anyone's: nothing in it runs, and nothing is fetched from elsewhere.
POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 900px; margin: 40px auto; padding: 0 16px; font: 16px/24px system-ui, sans-serif; }}
img {{ max-width: 100%; image-rendering: pixelated; background: #fff; }}
table {{ display: block; overflow-x: auto; border-collapse: collapse; }}
td, th {{ padding: 4px 12px; border: 1px solid #8888; text-align: left; font-size: 14px; line-height: 20px; }}
pre {{ overflow-x: auto; font-size: 13px; line-height: 20px; }}
</style><main>{content}</main></html>"""


def rendered(text: str, title: str) -> str:
    """HTML of a card's Markdown, without its front matter and comments; HTML in it is shown as text."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    content = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return PAGE.format(title=html.escape(title), content=content)


def answer(request: Request) -> Response:
    """GET of/ID/card, and the pictures that it shows."""
    shelf: Shelf = request.app.get_blocks().shelf
    key, name = request.path_params["key"], request.path_params["name"]
    try:
        folder = shelf.folder(key)
    except ZooError:
        folder = None
    wanted = folder and folder / (CARD if name == "card" else name)
    if not wanted or (name != "card" and name not in PICTURES) or not wanted.is_file():
        return Response("There is no such card.", 404)
    if name != "card":
        return FileResponse(wanted)
    text = wanted.read_text(encoding="utf-8", errors="replace")
    return HTMLResponse(rendered(text, key), headers={"Content-Security-Policy": POLICY})


ROUTE = Route("/of/{key:path}/{name}", answer)
