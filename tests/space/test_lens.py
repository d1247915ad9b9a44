"""Compare's lens in a real browser: one latent, enlarged in every model."""

import pytest
from playwright.sync_api import expect

from tests.space import seen
from tests.space.painted import PHONE

BOTH = pytest.mark.parametrize("source", ["server", "folder"], indirect=True)


@BOTH
def test_a_click_enlarges_the_latent_and_sends_it_to_interpolate(visit):
    page = visit()
    sheet = page.locator("figure[data-id='dcgan-lsgan-toy'] .sheet")
    box = sheet.bounding_box()
    sheet.click(position={"x": box["width"] * 1.5 / 8, "y": box["height"] * 1.5 / 8})
    lens = page.get_by_role("region", name="One latent in every model")
    assert "Latent 9 of seed 7" in lens.inner_text() and lens.locator(".tile img").count() == 3
    lens.get_by_role("button", name="next latent").click()
    assert "Latent 10 of seed 7" in lens.inner_text() and seen.query(page)["at"] == "10"
    lens.get_by_role("button", name="Morph from here").click()
    page.wait_for_function("document.querySelectorAll('.now figure[data-shown]').length === 3")
    assert seen.query(page)["view"] == "interpolate" and seen.query(page)["a"] == "7.10"
    assert page.get_by_role("tab", name="Interpolate").get_attribute("aria-selected") == "true"


def test_the_lens_names_what_it_enlarges(visit):
    """It kept the latent that had been chosen, and took a seed's number before its pictures came."""
    page = visit("?at=9&lens=1")
    title = page.locator(".lens .title")
    expect(title).to_contain_text("Latent 9 of seed 7")
    page.locator("figure[data-id='dcgan-lsgan-toy'] .sheet").focus()
    page.keyboard.press("ArrowDown")
    assert seen.ring(page, "dcgan-lsgan-toy") == (1, 2) and "Latent 17 of seed 7" in title.inner_text()
    page.get_by_role("button", name="next latent").evaluate("button => button.click()")
    assert "Latent 18 of seed 7" in title.inner_text()
    held = []
    page.route("**/component_server/", lambda route: held.append(route))
    page.get_by_role("button", name="next seed").click()
    while not held:
        page.wait_for_timeout(20)
    assert "of seed 7" in title.inner_text()
    for route in held:
        route.continue_()
    page.unroute("**/component_server/")
    expect(title).to_contain_text("Latent 18 of seed 8")
    page.locator("figure[data-id='dcgan-lsgan-toy'] .sheet").focus()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Morph from here").evaluate("button => button.click()")
    assert seen.query(page)["a"] == "8.10"


def test_a_sheet_that_comes_later_says_the_latent_too_and_none_says_what_it_was_before(visit):
    page = visit("?loss=focal&arch=cdcgan&class=rows&at=9&lens=1")
    told = "sheets => sheets.map(sheet => sheet.getAttribute('aria-valuetext'))"
    assert page.eval_on_selector_all(".sheet:visible", told) == ["latent 9, dog"]
    page.get_by_label("Class").select_option("all")
    assert page.eval_on_selector_all(".sheet:visible", told) == ["latent 9"]
    page.get_by_label("dcgan", exact=True).first.check()
    assert page.eval_on_selector_all(".sheet:visible", told) == ["latent 9"] * 2


def test_on_a_phone_the_lens_takes_the_place_of_no_other_view(visit):
    """Facades' choice of a pair was gone once the lens of Compare had been open."""
    page = visit("?at=9&lens=1", **PHONE)
    seeds = page.locator(".compare .control.seeds")
    assert seeds.is_hidden()
    page.get_by_role("tab", name="Facades").click()
    page.wait_for_selector(".map canvas")
    assert (
        page.locator(".control.seeds").evaluate_all(
            "all => all.map((one) => getComputedStyle(one).display === 'none')"
        )
        == [False] * page.locator(".control.seeds").count()
    )
    page.get_by_role("tab", name="Compare").click()
    assert seeds.is_hidden()


@BOTH
@pytest.mark.parametrize(("label", "told"), [("rows", "1"), ("2", "2"), ("all", None)])
def test_a_walk_starts_at_the_picture_that_was_enlarged_and_at_its_class(visit, label, told):
    page = visit(f"?arch=cdcgan&loss=focal&class={label}&at=9&lens=1")
    page.get_by_role("button", name="Morph from here", exact=True).click()
    page.wait_for_selector(".now figure[data-shown]")
    query = seen.query(page)
    assert query["a"] == "7.9" and query.get("la") == told and "lb" not in query
    if told:  # of two ends, one that is told stands for both
        assert page.get_by_label("Class at B").locator("option:checked").inner_text() == "as at A"


@BOTH
def test_a_truncated_latent_says_that_no_walk_starts_at_just_this_picture(visit):
    page = visit("?trunc=1.0&at=9&lens=1")
    assert page.locator(".lens .main").inner_text() == "Morph, not truncated"


def test_a_latent_beyond_smaller_sheets_becomes_their_last(visit):
    page = visit("?arch=cdcgan&loss=focal&at=60&lens=1")
    page.locator(".lens").get_by_text("Latent 60 of").wait_for()
    page.get_by_label("Class, cdcgan only").select_option("rows")  # of three classes
    page.locator(".lens").get_by_text("Latent 23 of").wait_for()
    assert page.locator(".sheet").first.get_attribute("aria-label") == "cdcgan-focal-toy, 24 pictures"
    assert seen.query(page)["at"] == "23"
