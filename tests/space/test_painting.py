"""Facades in a real browser: painting, pairs, figures, the wipe, uploads, and what a reload keeps."""

import numpy as np
import pytest
from PIL import Image

import zoo
from space.facades import figures
from space.pairs import TestPairs
from tests.space import seen
from tests.space.painted import IDS, PHONE, TALL, canvas, cards, colour, drag, expected, settled, translation
from zoo import facades

BOTH = pytest.mark.parametrize("source", ["server", "folder"], indirect=True)


@BOTH
def test_painting_with_the_mouse_changes_every_card(paint, matrix, same):
    page = paint("?view=facades&pair=rand.3")
    before = {id: translation(page, id) for id in cards(page)}
    for id in cards(page):
        assert same(before[id], zoo.load(matrix / id).translate(facades.random_building(3)))
    page.get_by_role("button", name="shop").click()
    drag(page, (40, 60), (120, 140))
    settled(page)
    assert (canvas(page)[61:139, 41:119] == colour("shop")).all()
    for id in cards(page):
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
    settled(page)  # until then a slow card's caption says that it is being drawn
    assert caption.inner_text() == "PSNR — · SSIM — edited"
    assert "no photograph shows the map as you have edited it" in page.locator(".shown > .why").inner_text()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelector('.card[data-id] figcaption').textContent.includes('dB')")
    assert caption.inner_text() == figures


@BOTH
def test_painting_with_the_keys_alone_changes_every_card(paint, matrix, same):
    page = paint("?view=facades&pair=rand.3")
    page.locator(".canvas canvas").focus()
    page.keyboard.press("0")  # molding
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "Space"):
        page.keyboard.press(key)
    settled(page)
    assert (canvas(page)[108:144, 108:144] == colour("molding")).all()
    for id in cards(page):
        assert same(translation(page, id), expected(matrix, id, page))
    page.keyboard.press("d")  # deco or door, whichever comes next
    pressed = page.locator(".palette [aria-pressed=true] span")
    assert pressed.inner_text() == "door"
    page.keyboard.press("d")
    assert pressed.inner_text() == "deco"
    page.keyboard.press("Enter")  # fills the molding
    assert (canvas(page)[108:144, 108:144] == colour("deco")).all()
    for _ in range(2):
        page.keyboard.press("Control+z")
    settled(page)
    assert same(Image.fromarray(canvas(page)), facades.random_building(3))
    page.keyboard.press("Control+Shift+z")
    assert (canvas(page)[110:140, 110:140] == colour("molding")).all()


@BOTH
def test_the_brush_draws_a_line_and_fill_an_area(paint):
    page = paint("?view=facades&pair=rand.3")
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Brush").click()
    page.get_by_role("button", name="pillar").click()
    drag(page, (20, 128), (236, 128))
    assert (canvas(page)[126:130, 22:234] == colour("pillar")).all()
    page.get_by_role("button", name="Fill", exact=True).click()
    page.get_by_role("button", name="sill").click()
    drag(page, (200, 20), (200, 20))
    painted = canvas(page)
    assert (painted[0, 0] == colour("sill")).all() and (painted[128, 128] == colour("pillar")).all()


def test_a_reload_keeps_the_drawing_and_its_link_shows_it_to_others(paint, browser, address):
    page = paint("?view=facades&pair=1")
    drag(page, (10, 20), (90, 200))
    settled(page)
    drawn = canvas(page)
    assert "map" in seen.query(page)
    link = page.url
    page.reload()
    page.wait_for_function("document.querySelector('.facades')?.dataset.wanted?.includes('map')")
    settled(page)
    assert np.array_equal(canvas(page), drawn)
    page.get_by_role("button", name="Undo").click()  # back to the pair itself
    page.wait_for_function("document.querySelector('.card[data-id] figcaption').textContent.includes('dB')")
    other = browser.new_page(viewport=TALL)
    other.goto(link)
    other.wait_for_function("document.querySelector('.facades')?.dataset.wanted?.includes('map')")
    settled(other)
    assert np.array_equal(canvas(other), drawn)
    other.close()


def test_the_wipe_moves_by_keys_and_by_hand(paint):
    page = paint("?view=facades&pair=1&wipe=50")
    wipe = page.get_by_label("pix2pix-focal-facades: wipe to the photograph")
    wipe.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert seen.query(page)["wipe"] == "47"
    card = page.locator(".card[data-id='pix2pix-vanilla-facades']")
    box, line = card.locator(".building").bounding_box(), card.locator(".line").bounding_box()
    assert line["x"] + line["width"] / 2 - box["x"] == pytest.approx(
        0.47 * box["width"], abs=1.5
    )  # of every card
    page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 100)
    assert int(seen.query(page)["wipe"]) == pytest.approx(20, abs=6)


def test_psnr_sorts_the_cards_and_as_uint8_they_are_all_alike(paint, matrix, data_dir):
    page = paint("?view=facades&pair=0&sort=psnr&psnr=uint8")
    page.wait_for_function("document.querySelectorAll('.trap tbody tr').length === 8")
    page.wait_for_function("document.querySelectorAll('.trap tbody td:last-child')[4].textContent !== '—'")
    label_map, photograph = TestPairs(data_dir)[0]
    true = {id: figures(zoo.load(matrix / id).translate(label_map, seed=0), photograph) for id in IDS}
    assert cards(page) == sorted(IDS, key=lambda id: -true[id]["psnr"])
    for id in IDS:
        line = page.locator(f".card[data-id='{id}'] figcaption").inner_text()
        assert line.startswith(f"PSNR as uint8 {true[id]['wrapped']:.1f} dB")
    cells = page.eval_on_selector_all(
        ".trap tbody td:last-child", "cells => cells.map((cell) => +cell.textContent)"
    )
    assert len(cells) == 8 and all(26 < cell < 30 for cell in cells)
    page.get_by_label("Measure as uint8").uncheck()
    assert page.locator(".card[data-id] figcaption").first.inner_text().startswith("PSNR ")
    assert "uint8" not in page.locator(".card[data-id] figcaption").first.inner_text()


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("pair=2", "server"),
        ("pair=rand.4&drop=6", "server"),
        ("loss=focal,none&pair=1&drop=3", "server"),
        ("loss=focal,none&pair=rand.4&drop=6", "folder"),
    ],
    indirect=["source"],
)
def test_the_three_lines_of_python_make_the_translations(paint, query, tmp_path, monkeypatch, same):
    page = paint(f"?view=facades&{query}")
    if "drop" in query:
        drag(page, (10, 20), (90, 200))
        settled(page)
    page.wait_for_timeout(300)
    code = page.locator(".snippet pre").text_content()
    assert code.count("\n") == 2
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    made = sorted(tmp_path.glob("*.png"))
    shown = cards(page)
    assert len(made) == len(shown) == (2 if "loss" in query else 5)
    for id in shown:
        (file,) = [path for path in made if path.stem.endswith((id, f"-{id.removesuffix('-toy')}"))]
        assert same(Image.open(file), translation(page, id))


@pytest.mark.parametrize(
    ("query", "options", "source"),
    [("pair=1&__theme=light", {}, "server"), ("pair=rand.4&__theme=dark", {}, "server"),
     ("pair=1&show=err&__theme=dark", {}, "server"), ("pair=2", PHONE, "server"),
     ("pair=rand.4&__theme=light", {}, "folder"), ("pair=rand.2&__theme=dark", PHONE, "folder")],
    ids=["light", "dark", "error", "phone", "light, no server", "phone, no server"],
    indirect=["source"],
)  # fmt: skip
def test_nobody_is_kept_out_of_painting(paint, query, options):
    page = paint(f"?view=facades&{query}", **options)
    page.wait_for_timeout(500)
    assert seen.barriers(page) == []
    if options:
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        canvas = page.locator(".canvas canvas")
        assert canvas.bounding_box()["width"] == 358


def test_the_seed_of_dropout_is_offered_where_a_model_uses_dropout(paint):
    offered = """async (dropout) => {
        const files = performance.getEntriesByType("resource").map((entry) => entry.name);
        const { mapBar } = await import(files.find((name) => name.endsWith("/map-bar.js")));
        const state = { get: () => 0, on: () => {}, limits: { seed: 9 }, catalogue: { translators: [{ dropout }] } };
        const bar = mapBar(state, { pairs: 3 }, { bring: () => {}, title: () => "" });
        return bar.textContent.includes("dropout");
    }"""
    page = paint()
    assert page.get_by_label("Dropout seed").is_visible()
    assert [page.evaluate(offered, dropout) for dropout in (True, False)] == [True, False]
