"""What Facades is given in a real browser: pairs, uploads, links; and what it says where it cannot have them."""

import numpy as np
import pytest

import zoo
from space.facades import figures
from space.pairs import TestPairs
from tests.space import seen
from tests.space.painted import IDS, PHONE, canvas, cards, drag, settled
from zoo import facades


def test_an_uploaded_pair_is_measured_and_kept_whatever_another_tab_draws(paint, tmp_path, data_dir, matrix):
    label_map, photograph = TestPairs(data_dir)[2]
    label_map.save(tmp_path / "b.png")
    photograph.save(tmp_path / "a.png")
    page = paint("?view=facades&pair=rand.3")
    page.locator("input[type=file]").set_input_files([tmp_path / "a.png", tmp_path / "b.png"])
    measured = "document.querySelector('.card[data-id=pix2pix-focal-facades] figcaption')?.textContent.includes('dB')"
    page.wait_for_function(measured)
    found = figures(zoo.load(matrix / IDS[3]).translate(label_map, seed=0), photograph)
    line = page.locator(f".card[data-id='{IDS[3]}'] figcaption")
    assert line.inner_text() == f"PSNR {found['psnr']:.1f} dB · SSIM {found['ssim']:.2f}"
    assert seen.query(page)["pair"] == "own"
    other = page.context.new_page()  # has a drawing of its own
    other.goto(page.url.split("?")[0] + "?view=facades&pair=rand.3")
    settled(other)
    drag(other, (10, 20), (90, 200))
    settled(other)
    other.close()
    page.reload()
    page.wait_for_function(measured)
    assert line.inner_text() == f"PSNR {found['psnr']:.1f} dB · SSIM {found['ssim']:.2f}"


def test_a_translation_that_is_the_photograph_comes_first(paint, tmp_path, data_dir, matrix):
    label_map, _ = TestPairs(data_dir)[2]
    label_map.save(tmp_path / "b.png")
    zoo.load(matrix / IDS[3]).translate(label_map, seed=0).save(tmp_path / "a.png")
    page = paint("?view=facades&pair=rand.3&sort=psnr")
    page.locator("input[type=file]").set_input_files([tmp_path / "a.png", tmp_path / "b.png"])
    page.wait_for_function(
        "document.querySelector('.card[data-id] figcaption b')?.textContent === 'PSNR ∞ dB'"
    )
    assert cards(page)[0] == IDS[3]


@pytest.mark.parametrize("source", ["folder"], indirect=True)
def test_without_a_server_nothing_is_offered_that_needs_one(paint, tmp_path):
    page = paint()
    assert canvas(page).shape and same_map(page, 1)
    for name in ("Upload", "test pair"):
        assert not page.get_by_role("button", name=name).count()
    for label in ("Wipe to the photograph", "Sort by", "Show"):
        assert not page.get_by_label(label, exact=True).count()
    assert "test pairs and uploads need a page with a server" in page.locator(".shown > .why").inner_text()
    page.get_by_role("button", name="Random building").click()
    page.wait_for_function("document.querySelector('.map .head span').textContent !== 'invented building 1'")
    settled(page)
    number = int(page.locator(".map .head span").inner_text().removeprefix("invented building "))
    assert number < 64 and same_map(page, number)
    page.evaluate(DROP)
    page.get_by_text("test pairs and uploads need a page with a server").first.wait_for()


def same_map(page, seed: int) -> bool:
    return np.array_equal(canvas(page), np.asarray(facades.random_building(seed)))


DROP = """() => {
    const given = new DataTransfer();
    given.items.add(new File(["x"], "a.png", { type: "image/png" }));
    const about = { dataTransfer: given, bubbles: true, cancelable: true };
    document.querySelector(".facades").dispatchEvent(new DragEvent("drop", about));
}"""


def test_a_bad_upload_is_said_and_the_drawing_stays(paint, tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    page = paint("?view=facades&pair=rand.3")
    drag(page, (10, 20), (90, 200))
    settled(page)
    drawn = canvas(page)
    page.locator("input[type=file]").set_input_files(tmp_path / "a.png")
    page.get_by_text("cannot read that upload: not a picture").wait_for()
    page.set_viewport_size(PHONE["viewport"])
    assert page.get_by_text("cannot read that upload: not a picture").is_visible()
    assert np.array_equal(canvas(page), drawn)


def test_a_pair_that_was_passed_over_does_not_open_when_it_comes(paint):
    page = paint("?view=facades&pair=1")
    let_come = hold(page)
    page.get_by_role("button", name="next test pair").click()
    page.wait_for_timeout(300)
    page.get_by_role("button", name="previous test pair").click()
    let_come()
    page.wait_for_timeout(1500)
    assert page.locator(".map .head span").inner_text() == "test pair 1"
    assert seen.query(page).get("pair") == "1"
    settled(page)


def test_what_went_wrong_is_not_said_again_beside_the_next_map(paint):
    page = paint("?view=facades&pair=1")
    page.route(
        "**/component_server/",
        lambda route: (
            route.fulfill(json={"error": "no pairs today"})
            if '"pair":2' in route.request.post_data
            else route.continue_()
        ),
    )
    page.get_by_role("button", name="next test pair").click()
    page.get_by_text("no pairs today").wait_for()
    page.get_by_role("button", name="Random building").click()
    page.wait_for_function("document.querySelector('.map .head span').textContent.startsWith('invented')")
    settled(page)
    assert not page.get_by_text("no pairs today").count()


def test_what_did_not_arrive_is_said_until_it_does(paint):
    """Captions said for ever that it was being measured; and later that the figures, which were there, were not."""
    page = paint("?view=facades&pair=1")
    page.wait_for_function("document.querySelector('.card[data-id] figcaption').textContent.includes('dB')")
    wanted = ['"measure"']
    page.route(
        "**/component_server/",
        lambda route: (
            route.fulfill(json={"error": "no"})
            if any(name in route.request.post_data for name in wanted)
            else route.continue_()
        ),
    )
    page.get_by_role("button", name="next test pair").click()
    caption = page.locator(".card[data-id] figcaption").first
    caption.get_by_text("The figures did not arrive. Draw again").wait_for()
    settled(page)
    wanted.clear()
    caption.get_by_role("button", name="Draw again").click()
    page.wait_for_function("document.querySelector('.card[data-id] figcaption').textContent.includes('dB')")
    assert not page.locator(".stage, .saying").get_by_text("did not arrive").count()
    wanted.append('"draw"')
    drag(page, (10, 20), (90, 200))
    caption.get_by_text("The picture did not arrive. Draw again").wait_for()
    page.get_by_role("button", name="PSNR", exact=True).click()
    assert "Draw again" in caption.inner_text()


def test_a_map_is_named_for_what_it_is_while_another_is_on_its_way(paint):
    """It took the name of the pair that was asked for at the next change of the page, and kept it on the way back."""
    page = paint("?view=facades&pair=1")
    name = page.locator(".map .head span")
    let_come = hold(page)
    page.get_by_role("button", name="next test pair").click()
    page.get_by_label("Wipe to the photograph", exact=True).fill("40")
    assert name.inner_text() == "test pair 1"
    let_come()
    page.wait_for_function("document.querySelector('.map .head span').textContent === 'test pair 2'")
    settled(page)


def hold(page):
    """Every place(…), which brings a map, waits until the function that this gives is called."""
    held = []
    page.route(
        "**/component_server/",
        lambda route: held.append(route) if "place" in route.request.post_data else route.continue_(),
    )

    def let_come():
        while not held:
            page.wait_for_timeout(20)
        for route in held:
            route.continue_()

    return let_come


def test_nothing_is_said_of_a_map_that_has_yet_to_come(visit):
    """While a pair was on its way, the page said that no photograph shows this map, and to choose a test pair."""
    page = visit()
    let_come = hold(page)
    page.get_by_role("tab", name="Facades").click()
    page.wait_for_selector(".map canvas")
    assert page.locator(".shown > .why").is_hidden()
    let_come()
    settled(page)


@pytest.mark.parametrize("map", ["here", "garbage"])
def test_a_link_to_a_map_that_is_not_here_paints_on_all_the_same(paint, map):
    page = paint(f"?view=facades&pair=own&map={map}")
    assert "did not arrive" not in page.locator(".facades").inner_text()
    drag(page, (10, 10), (60, 60))
    settled(page)
