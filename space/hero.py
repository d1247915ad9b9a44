"""Makes the README's pictures, static/*.webp: the page on the bundled models, in a browser (extra `test`).

python space/hero.py
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from space import app
from space.shelf import Shelf, find
from space.studio import Studio

STATIC = Path(__file__).parent / "static"
DESK = {"viewport": {"width": 1440, "height": 1070}}  # two families of Compare
LATENT = 27
SHOTS = {  # name → query, and the browser's options
    "compare": ("?", DESK),
    "compare-dark": ("?__theme=dark", DESK),
    "interpolate": ("?view=interpolate&t=23", DESK),
    "facades": ("?view=facades&pair=rand.3", DESK),  # no picture of the data set
}
READY = """(document.querySelectorAll('.sheet.filled, .now .tile img').length >= 5
    || document.querySelector('.card[data-shown]')?.offsetParent)
    && [...document.querySelectorAll('figure[data-id] :is(.sheet:not(.filled), .building:not(:has(img:not(.truth))))')]
        .every(one => !one.offsetParent)"""


def shoot(browser: Browser, url: str, name: str, query: str, options: dict) -> None:
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(url + query)
    page.wait_for_function(READY)
    if name.startswith("compare"):
        sheet = page.locator(".sheet").nth(1)
        side = sheet.bounding_box()["width"] / 8
        sheet.hover(position={"x": (LATENT % 8 + 0.5) * side, "y": (LATENT // 8 + 0.5) * side})
    page.wait_for_timeout(1000)
    content = page.screenshot(full_page=name in ("interpolate", "facades"))
    Image.open(io.BytesIO(content)).convert("RGB").save(STATIC / f"{name}.webp", quality=88, method=6)
    context.close()


def main() -> None:
    page = app.build(Studio(Shelf(find(None))))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (query, options) in SHOTS.items():
            shoot(browser, url, name, query, options)
        browser.close()
    page.close()


if __name__ == "__main__":
    main()
