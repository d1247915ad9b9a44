"""Facades as it is read off the page and painted on, in a browser."""

import numpy as np
from PIL import Image

import zoo
from tests.space import seen
from zoo import facades

TALL = {"width": 1440, "height": 1500}  # the mouse reaches what is in the window
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
LOSSES = ("vanilla", "wgan-gp", "lsgan", "focal", "none")
IDS = [f"pix2pix-{loss}-facades" for loss in LOSSES]


def settled(page) -> None:
    """All cards show what is on the map now."""
    page.wait_for_function(
        """() => {
            const wanted = document.querySelector('.facades')?.dataset.wanted;
            const cards = [...document.querySelectorAll('.card[data-id]')];
            return wanted && cards.length && cards.every((card) => card.dataset.shown === wanted);
        }"""
    )


def cards(page) -> list[str]:
    """The models that are shown."""
    return page.eval_on_selector_all(".card[data-id]", "cards => cards.map((card) => card.dataset.id)")


def translation(page, id: str) -> Image.Image:
    return seen.shown(page.locator(f".card[data-id='{id}'] .building img:not(.truth)"))


def canvas(page) -> np.ndarray:
    """The map as it is painted, (256, 256, 3)."""
    pixels = page.evaluate(
        """() => { const canvas = document.querySelector('.canvas canvas');
        return [...canvas.getContext('2d').getImageData(0, 0, 256, 256).data]; }"""
    )
    return np.array(pixels, np.uint8).reshape(256, 256, 4)[..., :3]


def expected(matrix, id: str, page, seed: int = 0) -> Image.Image:
    return zoo.load(matrix / id).translate(Image.fromarray(canvas(page)), seed=seed)


def drag(page, *places: tuple[int, int]) -> None:
    """With the mouse, from place to place on the map."""
    box = page.locator(".canvas canvas").bounding_box()
    scale = box["width"] / 256
    x, y = places[0]
    page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(box["x"] + x * scale, box["y"] + y * scale, steps=4)
    page.mouse.up()


def colour(name: str) -> tuple[int, ...]:
    return tuple(facades.PALETTE[facades.CLASSES.index(name)])
