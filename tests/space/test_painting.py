"""Facades in a real browser: painting, pairs, figures, the wipe, uploads, and what a reload keeps."""

import numpy as np
import pytest
from PIL import Image

import zoo
from space.facades import figures
from space.pairs import TestPairs
from tests.space import seen
from tests.toys import same
from zoo import facades

TALL = {"width": 1440, "height": 1500}  # the mouse reaches what is in the window
LOSSES = ("vanilla", "wgan-gp", "lsgan", "focal", "none")
IDS = [f"pix2pix-{loss}-facades" for loss in LOSSES]


@pytest.fixture
def paint(visit):
    """paint(query, …) opens Facades and waits until every card has its picture."""

    def paint(query: str = "?view=facades", **options):
        page = visit(query, **{"viewport": TALL, **options})
        settled(page)
        return page

    return paint


def settled(page) -> None:
    """All cards show what is on the map now."""
    page.wait_for_function(
        """() => {
            const wanted = document.querySelector('.facades')?.dataset.wanted;
            const cards = [...document.querySelectorAll('.card[data-id]')];
            return wanted && cards.length && cards.every((card) => card.dataset.shown === wanted);
        }"""
    )


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


def test_painting_with_the_mouse_changes_every_card(paint, matrix):
    page = paint("?view=facades&pair=rand.3")
    before = {id: translation(page, id) for id in IDS}
    for id in IDS:
        assert same(before[id], zoo.load(matrix / id).translate(facades.random_building(3)))
    page.get_by_role("button", name="shop").click()
    drag(page, (40, 60), (120, 140))
    settled(page)
    assert (canvas(page)[61:139, 41:119] == colour("shop")).all()
    for id in IDS:
        assert not same(translation(page, id), before[id])
        assert same(translation(page, id), expected(matrix, id, page))


def test_a_test_pair_has_the_figures_of_the_evaluation(paint, matrix, data_dir):
    page = paint("?view=facades&pair=2")
    page.wait_for_function("document.querySelectorAll('.card figcaption b').length >= 2")
    label_map, photograph = TestPairs(data_dir)[2]
    for id in IDS:
        found = figures(zoo.load(matrix / id).translate(label_map, seed=2), photograph)
        line = page.locator(f".card[data-id='{id}'] figcaption").inner_text()
        assert line == f"PSNR {found['psnr']:.1f} dB · SSIM {found['ssim']:.2f}"


def test_an_edit_turns_the_figures_into_dashes_and_undo_brings_them_back(paint):
    page = paint("?view=facades&pair=1")
    caption = page.locator(".card[data-id] figcaption").first
    page.wait_for_function("document.querySelector('.card[data-id] figcaption').textContent.includes('dB')")
    figures = caption.inner_text()
    drag(page, (10, 10), (60, 60))
    page.wait_for_function(
        "document.querySelector('.card[data-id] figcaption').textContent.includes('edited')"
    )
    assert caption.inner_text() == "PSNR — · SSIM — edited"
    assert "no photograph shows the map as you have edited it" in page.locator(".shown > .why").inner_text()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelector('.card[data-id] figcaption').textContent.includes('dB')")
    assert caption.inner_text() == figures
