"""Interpolate in a real browser: walks and planes between latents."""

import pytest
from PIL import Image

import zoo
from tests.space import seen
from zoo import pictures

BOTH = pytest.mark.parametrize("source", ["server", "folder"], indirect=True)


@BOTH
def test_all_models_walk_under_one_slider(visit, matrix, same):
    page = visit("?view=interpolate&steps=5&a=3.1&b=4.2")
    seen.strips(page, 3)
    model = zoo.load(matrix / "dcgan-vanilla-toy")
    walk = pictures.grid(model.interpolate((3, 1), (4, 2), steps=5), 5)
    assert same(seen.shown(page.locator(".now figure").first.locator("img")), walk)
    page.get_by_role("slider", name="Step").fill("3")
    tiles = page.locator(".now .tile img").evaluate_all(
        "all => all.map(one => new DOMMatrix(getComputedStyle(one).transform).e / one.parentElement.clientWidth)"
    )
    assert tiles == [-3, -3, -3] and "t = 0.75" in page.locator(".where").inner_text()
    assert seen.query(page)["t"] == "3"


@BOTH
def test_play_moves_and_with_reduced_motion_goes_a_step_a_press(visit):
    page = visit("?view=interpolate")
    seen.strips(page, 3)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.scrubber').value > 3")
    page.get_by_role("button", name="Pause").click()
    still = visit("?view=interpolate", reduced_motion="reduce")
    seen.strips(still, 3)
    for _ in range(2):
        still.get_by_role("button", name="Play").click()
    still.wait_for_timeout(300)
    assert still.locator(".scrubber").input_value() == "2"


@BOTH
def test_four_corners_are_a_plane_and_classes_can_be_walked(visit, matrix, same):
    page = visit("?view=interpolate&arch=cdcgan&loss=focal&a=1.0&b=1.0&la=0&lb=2&steps=4")
    seen.strips(page, 1)
    model = zoo.load(matrix / "cdcgan-focal-toy")
    walk = pictures.grid(model.interpolate((1, 0), (1, 0), steps=4, labels=[0, 2]), 4)
    assert same(seen.shown(page.locator(".now img")), walk)
    page.get_by_role("button", name="four corners").click()
    page.wait_for_function("document.querySelector('.now img').naturalHeight === 256")
    assert {"c", "d"} <= seen.query(page).keys()
    page.locator(".planes .sheet").click(position={"x": 5, "y": 250})
    assert seen.query(page)["t"] == "56"


def test_back_at_the_plane_the_same_picture_is_lit(visit):
    """The corner A was, while the link and the slider said the 27th."""
    page = visit("?view=interpolate&steps=5")
    seen.strips(page, 3)
    for name in ("four corners", "two anchors", "four corners"):
        page.get_by_role("button", name=name).click()
    place = "(name) => getComputedStyle(document.querySelector('.walk')).getPropertyValue(name)"
    assert seen.query(page)["t"] == "27"
    assert [page.evaluate(place, name) for name in ("--x", "--y")] == ["3", "3"]


LATE = "() => (HTMLImageElement.prototype.decode = () => new Promise(() => {}))"  # all pictures, from now on


def test_until_the_plane_comes_the_walk_is_still_seen(visit):
    """Its picture has one row, and the fourth of it was shown: nothing."""
    page = visit("?view=interpolate&steps=5")
    seen.strips(page, 3)
    page.evaluate(LATE)
    page.get_by_role("button", name="four corners").click()
    page.wait_for_function("getComputedStyle(document.querySelector('.walk')).getPropertyValue('--y') > 0")
    within = page.locator(".now .tile").evaluate_all(
        """tiles => tiles.map((tile) => {
            const [frame, picture] = [tile, tile.firstChild].map((one) => one.getBoundingClientRect());
            return picture.top <= frame.top + 1 && picture.bottom >= frame.bottom - 1
                && picture.left <= frame.left + 1 && picture.right >= frame.right - 1;
        })"""
    )
    assert within == [True] * 3


@BOTH
def test_a_strip_is_not_to_be_had_before_all_its_pictures_are_there(visit):
    page = visit("?view=interpolate&steps=5")
    seen.strips(page, 3)
    page.evaluate(LATE)
    page.get_by_label("Architecture", exact=True).select_option("cdcgan")
    assert page.get_by_role("button", name="PNG strip").is_disabled()
    assert page.get_by_role("button", name="Animated WebP").is_enabled()


@BOTH
def test_walks_are_downloaded_as_animated_webp_and_as_png(visit):
    page = visit("?view=interpolate&steps=5")
    seen.strips(page, 3)
    with page.expect_download() as webp:
        page.get_by_role("button", name="Animated WebP").click()
    film = Image.open(webp.value.path())
    assert film.format == "WEBP" and film.n_frames == 8 and film.size == (3 * 192, 192)
    with page.expect_download() as png:
        page.get_by_role("button", name="PNG strip").click()
    assert Image.open(png.value.path()).size == (5 * 32, 3 * 32)


@BOTH
def test_four_corners_are_a_film_of_all_their_pictures(visit):
    page = visit("?view=interpolate&loss=focal&c=3.1&d=4.2")
    page.wait_for_function("document.querySelector('.now img')?.naturalHeight === 256")
    with page.expect_download() as webp:
        page.get_by_role("button", name="Animated WebP").click()
    film = Image.open(webp.value.path())
    assert film.n_frames == 2 * 64 - 2 and film.size == (192, 192)


def test_where_nothing_is_trained_there_is_nothing_to_take_along(visit):
    page = visit("?view=interpolate&loss=focal")
    seen.strips(page, 1)
    for loss in ("hinge", "focal"):  # one more, then all but that one
        page.get_by_role("button", name=loss).first.click()
    for name in ("PNG strip", "Animated WebP"):
        page.locator("button:disabled", has_text=name).wait_for()
    page.get_by_text("None of these losses is trained for this architecture yet.").wait_for()
    assert not page.locator(".walk .line").is_visible()
    page.get_by_role("button", name="focal").first.click()
    page.locator("button:enabled", has_text="PNG strip").wait_for()
    assert page.locator(".walk .line").is_visible()


def test_a_link_to_what_is_not_trained_shows_neither_a_walk_nor_a_plane(visit):
    page = visit("?view=interpolate&arch=cdcgan&loss=focal")
    page.goto(page.url.replace("loss=focal", "loss=vanilla"))
    said = page.get_by_role("status").get_by_text(
        "None of these losses is trained for this architecture yet."
    )
    said.wait_for()
    page.wait_for_timeout(300)
    assert not any(page.locator(f".walk .{part}").is_visible() for part in ("line", "plane"))
