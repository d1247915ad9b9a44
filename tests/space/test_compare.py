"""Compare in a real browser: sheets of the same latents, side by side."""

from urllib.parse import urlsplit

import pytest

import zoo
from space import catalogue
from space.shelf import Shelf, find
from tests.space import seen

BOTH = pytest.mark.parametrize("source", ["server", "folder"], indirect=True)


@BOTH
def test_the_first_paint_shows_what_each_model_makes_of_seed_7(visit, matrix, same):
    page = visit()
    for loss in ("vanilla", "lsgan", "focal"):
        model = zoo.load(matrix / f"dcgan-{loss}-toy")
        assert same(seen.sheet(page, model.id), model.grid(64, seed=7))


@BOTH
def test_each_sheet_stands_under_the_name_of_its_loss(visit):
    page = visit()
    heads, *rows = page.evaluate(
        """() => [...document.querySelectorAll('.heads, .cells')].map(
            line => [...line.querySelectorAll(':scope > p, :scope > figure')].map(
                one => Math.round(one.getBoundingClientRect().left)))"""
    )
    assert rows and all(row == heads for row in rows)
    assert page.evaluate("document.documentElement.scrollWidth") == 1440


@BOTH
def test_figures_stand_under_their_sheets_and_the_notes_say_on_how_many_samples(visit):
    page = visit()
    captions = [
        page.locator(f"figure[data-id=dcgan-{loss}-toy] figcaption").inner_text()
        for loss in ("vanilla", "lsgan")
    ]
    assert "FID5k 55.1 · recall 0.40" in captions[0] and "distance10k 1.80" in captions[1]
    notes = page.locator(".notes").inner_text()
    assert "FID5k How far 5,000 samples" in notes and "Distance10k How far 10,000 samples" in notes


@BOTH
@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({}, "Networks, data, budget, seeds. Each"),
        ({"kimg": 250.08}, "Networks, data, budget, seeds. Each"),
        ({"kimg": 300}, "Networks, data, seeds. Not equal: budget, from 250 to 300 kimg. Each"),
        ({"kimg": 300, "row": "dcgan 2"}, "Networks, data, budget, seeds. Each"),
        (
            {"seed": 1, "from": "me/cats"},
            "Networks, data, budget. Not equal: seeds; the weights that training began with.",
        ),
    ],
)
def test_the_notes_call_equal_only_what_is(visit, second, said):
    first = {"row": "dcgan", "kimg": 250, "seed": 0, "from": None}
    notes = """async (models) => {
        const { notes } = await import("./look/notes.js");
        return notes(models, { title: "photos" }).textContent;
    }"""
    another = first | {"row": "sngan", "kimg": 1000}  # rows differ in more
    words = visit("").evaluate(notes, [first, first | second, another])
    assert f"What is equal in a row {said}" in words


def test_the_notes_say_what_bold_claims_and_no_interval_where_no_figure_has_one(visit):
    page = visit()
    said = page.locator(".notes").inner_text()
    assert "Bold: best of its row; another training seed may order them otherwise." in said
    notes = """async (figures) => {
        const { notes } = await import("./look/notes.js");
        return notes([{ figures }], { title: "CIFAR-10" }).textContent;
    }"""
    with_error = page.evaluate(notes, {"name": "FID", "n": 5000, "value": 52.8, "se": 0.2})
    assert (
        "Bold: best of its row and what the sampling error cannot tell from it (95 %); another" in with_error
    )
    some = notes.replace("[{ figures }]", "[{ figures }, { figures: { ...figures, se: 0 } }]")
    with_some = page.evaluate(some, {"name": "FID", "n": 5000, "value": 52.8, "se": 0.2})
    assert "what the sampling error, where it was measured, cannot tell from it (95 %); another" in with_some


def test_with_another_data_set_all_that_follows_from_it_is_told(visit, matrix):
    """Lab kept its losses while the picker, the link and the Python had those of the other data set."""
    known = catalogue.catalogue(Shelf(find([str(matrix)])))
    model = next(one for one in known["models"] if one["loss"] == "focal")
    known["data"]["other"] = known["data"]["toy"]
    known["models"].append(model | {"id": "dcgan-focal-other", "data": "other"})
    told = visit().evaluate(
        """async (catalogue) => {
            const { State } = await import("./look/state.js");
            const state = new State(catalogue, "?seed=9");
            const told = [];
            state.on((changed) => told.push([...changed]));
            state.set({ data: "other" });
            return [told, state.get("loss"), state.get("seed")];
        }""",
        known | {"maps": {"here": False}},
    )
    ((changed,), losses, seed) = told
    assert {"data", "loss"} <= set(changed) and losses == ["focal"] and seed == 9


@BOTH
def test_the_page_takes_its_limits_from_the_catalogue(visit, matrix):
    page = visit()
    limits = {"columns": 4, "classes": 3, "latent": 11, "steps": [3, 9], "truncation": [0.4, 2.0], "seed": 50,
              "firstSeed": 5, "upload": 1000, "fps": 6, "scores": 2.0}  # fmt: skip
    known = catalogue.catalogue(Shelf(find([str(matrix)])))
    assert known["limits"].keys() == limits.keys()
    state = """async ([catalogue, query]) => {
        const { State } = await import("./look/state.js");
        return new State(catalogue, query).values;
    }"""

    def values(query: str) -> dict:
        return page.evaluate(state, [known | {"limits": limits, "maps": {"here": False}}, query])

    usual = values("")
    assert usual["seed"] == 5 and usual["steps"] == 9
    inside = values("?seed=50&at=11&steps=3&trunc=0.4&a=50.11&t=2")
    assert {key: inside[key] for key in ("seed", "at", "steps", "trunc", "a", "t")} == {
        "seed": 50, "at": 11, "steps": 3, "trunc": 0.4, "a": [50, 11], "t": 2,
    }  # fmt: skip
    corners = values("?a=1.0&b=2.0&c=3.0&d=4.0&t=15")
    assert corners["t"] == 15 and values("?a=1.0&b=2.0&c=3.0&d=4.0&t=16")["t"] == 0
    for outside in (
        "seed=51",
        "at=12",
        "steps=2",
        "steps=10",
        "trunc=0.3",
        "trunc=2",
        "a=51.1",
        "a=1.12",
        "t=9",
    ):
        assert values(f"?{outside}") == usual


@BOTH
def test_the_bar_offers_what_the_server_takes(visit):
    page = visit()
    slider = page.locator(".truncation input")
    assert [slider.get_attribute(name) for name in ("min", "max")] == ["0.1", "4"]
    page = visit("?view=interpolate&steps=64")
    steps = page.get_by_label("Steps").first
    for typed, kept in (("65", "64"), ("1", "64"), ("40", "40"), ("2", "2")):
        steps.fill(typed)
        steps.blur()
        assert steps.input_value() == kept


@BOTH
def test_next_previous_and_a_typed_seed_change_all_sheets(visit, matrix, same):
    page = visit()
    page.get_by_role("button", name="next seed").click()
    seen.wait_for_seed(page, 8)
    model = zoo.load(matrix / "dcgan-lsgan-toy")
    assert same(seen.sheet(page, model.id), model.grid(64, seed=8))
    page.get_by_role("button", name="previous seed").click()
    seen.wait_for_seed(page, 7)
    page.get_by_role("textbox", name="Seed").fill("123")
    seen.wait_for_seed(page, 123)
    assert seen.query(page)["seed"] == "123"


@BOTH
def test_truncation_reaches_the_pictures(visit, matrix, same):
    page = visit()
    image = page.locator("figure[data-id='dcgan-focal-toy'] .sheet img")
    before = image.get_attribute("src")
    page.get_by_role("slider", name="Truncation").fill("1.5")
    model = zoo.load(matrix / "dcgan-focal-toy")
    page.wait_for_function(
        "old => document.querySelector(\"figure[data-id='dcgan-focal-toy'] img\").src !== old",
        arg=before,
    )
    assert same(seen.sheet(page, model.id), model.grid(64, seed=7, truncation=1.5))


@BOTH
def test_pointing_at_one_picture_lights_the_same_latent_in_every_sheet(visit):
    page = visit()
    sheet = page.locator("figure[data-id='dcgan-vanilla-toy'] .sheet")
    box = sheet.bounding_box()
    sheet.hover(position={"x": box["width"] * 3.5 / 8, "y": box["height"] * 2.5 / 8})
    for loss in ("vanilla", "lsgan", "focal"):
        assert seen.ring(page, f"dcgan-{loss}-toy") == (3, 2)
    page.wait_for_function("getComputedStyle(document.querySelector('.sheet .ring')).opacity === '1'")
    assert "Latent 19, lit in 3 sheets" in page.locator(".compare .status").inner_text()
    page.mouse.move(5, 5)
    page.wait_for_function("getComputedStyle(document.querySelector('.sheet .ring')).opacity === '0'")


@BOTH
def test_those_who_do_not_see_it_are_told_that_the_link_is_copied(visit):
    page = visit()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("document.querySelector('.zoo-live')?.textContent === 'Copied'")


@BOTH
def test_untrained_and_impossible_cells_are_empty_frames_that_say_so(visit):
    page = visit("?loss=vanilla,began&arch=dcgan,cdcgan")
    frames = page.locator(".cells .empty").all_inner_texts()
    wanted = "python train/dcgan.py --loss began --dataset ./toy --size 32"
    assert any("Not trained yet" in text and wanted in text for text in frames)
    assert any("Not in the zoo" in text and "cdcgan takes no began" in text for text in frames)
    wanted = "python train/dcgan.py --conditional --loss vanilla --dataset ./toy --size 32"
    assert any(wanted in text for text in frames)


@BOTH
def test_a_class_is_for_conditional_models_and_rows_give_each_class_one(visit, matrix, same):
    page = visit("?arch=dcgan,cdcgan&class=1")
    model = zoo.load(matrix / "cdcgan-focal-toy")
    assert same(seen.sheet(page, model.id), model.grid(64, columns=8, seed=7, labels=1))
    page.get_by_label("Class, cdcgan only").select_option("rows")
    page.wait_for_function("document.querySelector('[data-id=cdcgan-focal-toy] img').naturalHeight === 96")
    names = page.locator(".row[aria-label=cdcgan] .classes li")
    assert names.all_inner_texts() == ["cat", "dog", "<b>ox</b>"] and page.locator(".classes").count() == 1
    sheet = page.locator("[data-id=cdcgan-focal-toy] .sheet")
    box, name = sheet.bounding_box(), names.nth(1).bounding_box()
    tile = box["width"] / 8
    assert name["y"] == box["y"] + tile and name["height"] == tile and name["x"] + name["width"] < box["x"]
    sheet.hover(position={"x": 2.5 * tile, "y": 1.5 * tile})
    assert "Latent 10, dog, lit in 4 sheets" in page.locator(".compare .status").inner_text()
    rows = [i // 8 for i in range(24)]
    assert same(seen.sheet(page, model.id), model.grid(24, columns=8, seed=7, labels=rows))
    assert "<b>ox</b>" in page.get_by_label("Class, cdcgan only").inner_text()  # a name is text, never HTML


@BOTH
def test_a_link_reproduces_what_is_seen(visit, same):
    page = visit("?loss=lsgan,focal&seed=12&trunc=1.5&at=27&lens=1")
    assert page.locator(".cells figure[data-id]").count() == 2
    assert page.get_by_role("textbox", name="Seed").input_value() == "12"
    assert "Latent 27 of seed 12" in page.locator(".lens").inner_text()
    page.get_by_role("button", name="vanilla").first.click()
    page.get_by_role("button", name="next seed").click()
    seen.wait_for_seed(page, 13)
    again = visit(f"?{urlsplit(page.url).query}") if seen.query(page) else None
    seen.wait_for_seed(again, 13)
    assert again.locator(".cells figure[data-id]").count() == 3
    for loss in ("vanilla", "lsgan", "focal"):
        assert same(seen.sheet(page, f"dcgan-{loss}-toy"), seen.sheet(again, f"dcgan-{loss}-toy"))


@pytest.mark.parametrize(
    "bad", ["?seed=-1&trunc=x&class=99&at=1000&loss=none&arch=../x&view=y&data=<script>"]
)
@BOTH
def test_a_link_with_nonsense_falls_back_in_silence(visit, bad):
    page = visit(bad)
    assert page.locator(".cells figure[data-seed='7']").count() == 3


@pytest.mark.parametrize("what", ["seed", "truncation"])
def test_a_busy_and_a_failing_server_are_said_under_the_old_picture(visit, what):
    page = visit()
    answers = [{"busy": True}, {"error": "no"}]
    page.route("**/component_server/", lambda route: route.fulfill(json=answers.pop(0)))
    if what == "seed":
        page.get_by_role("button", name="next seed").click()
    else:
        page.get_by_label("Truncation").fill("1")
    figure = page.locator("figure[data-id='dcgan-focal-toy']")
    caption, before = figure.locator("figcaption"), figure.get_attribute("data-shown")
    caption.get_by_text("many are asking, trying again").wait_for()
    caption.get_by_text("This did not arrive. Draw again").wait_for()
    assert figure.get_attribute("data-shown") == before and "late" in figure.get_attribute("class")
    page.unroute("**/component_server/")
    caption.get_by_role("button", name="Draw again").click()
    page.wait_for_function("!document.querySelector('figure.late')")
    assert figure.get_attribute("data-shown") != before
    assert "did not arrive" not in caption.inner_text()


@BOTH
def test_of_a_burst_of_seeds_only_the_last_matters_and_nothing_is_asked_twice(visit):
    page = visit()
    drawn = seen.draws(page)
    page.evaluate("for (let i = 0; i < 20; i++) document.querySelector(\"[aria-label='next seed']\").click()")
    seen.wait_for_seed(page, 27)
    requests, pictures = drawn()
    assert requests + pictures and requests <= 3 and pictures <= 3 * 3
    page.get_by_role("textbox", name="Seed").fill("7")
    seen.wait_for_seed(page, 7)
    assert drawn() == (requests, pictures)
