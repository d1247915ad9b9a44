"""What a visitor sees, read off the page in the browser."""

import base64
import io
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

CONTENT = """async (image) => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}"""
COUNT = """() => {
    window.drawn = 0;
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (job) {
        window.drawn += job.asked ? 1 : 0;
        return post.call(this, job);
    };
}"""


def barriers(page) -> list[tuple[str, list[str]]]:
    """What axe finds that keeps people out: each rule with the beginnings of the elements that break it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=".zoo", options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found]


def shown(image) -> Image.Image:
    """What an <img> holds."""
    return Image.open(io.BytesIO(base64.b64decode(image.evaluate(CONTENT))))


def opened(address: str) -> Image.Image:
    """What a data address holds."""
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def sheet(page, id: str) -> Image.Image:
    """The sheet of a model in Compare."""
    return shown(page.locator(f"figure[data-id='{id}'] .sheet img"))


def wait_for_seed(page, seed: int) -> None:
    page.wait_for_function(
        "seed => [...document.querySelectorAll('.cells figure[data-id]')].every(one => one.dataset.seed === seed)",
        arg=str(seed),
    )


def draws(page) -> Callable[[], tuple[int, int]]:
    """Counts from now on: the requests that draw, and the pictures that workers of the page draw."""
    asked = []
    page.on("request", lambda one: asked.append(one.url) if "component_server" in one.url else None)
    page.evaluate(COUNT)
    return lambda: (len(asked), page.evaluate("window.drawn"))


def query(page) -> dict[str, str]:
    # The link follows with a delay. The page's own clock measures it: however busy, it runs its timers in their order.
    page.evaluate("() => new Promise((done) => setTimeout(done, 350))")
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def ring(page, id: str) -> tuple[int, int]:
    """The column and row that light up in a model's sheet."""
    here = page.locator(f"figure[data-id='{id}'] .sheet")
    box, ring = here.bounding_box(), here.locator(".ring").bounding_box()
    return round((ring["x"] - box["x"]) / ring["width"]), round((ring["y"] - box["y"]) / ring["height"])


def strips(page, count: int) -> None:
    page.wait_for_function(f"document.querySelectorAll('.now figure[data-shown]').length === {count}")
