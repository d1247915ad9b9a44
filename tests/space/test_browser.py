"""The page in a real browser: what a visitor sees and does."""

import base64
import io
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

import zoo
from tests.toys import same
from zoo import pictures

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}


def picture(page, id: str) -> Image.Image:
    """The sheet of a model as the page holds it."""
    source = page.locator(f"figure[data-id='{id}'] .sheet img").get_attribute("src")
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def wait_for_seed(page, seed: int) -> None:
    page.wait_for_function(
        "seed => [...document.querySelectorAll('.cells figure[data-id]')].every(one => one.dataset.seed === seed)",
        arg=str(seed),
    )


def query(page) -> dict[str, str]:
    page.wait_for_timeout(350)  # the link follows with a delay
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def ring(page, id: str) -> tuple[int, int]:
    """The column and row that light up in a model's sheet."""
    here = page.locator(f"figure[data-id='{id}'] .sheet")
    box, ring = here.bounding_box(), here.locator(".ring").bounding_box()
    return round((ring["x"] - box["x"]) / ring["width"]), round((ring["y"] - box["y"]) / ring["height"])


# --- compare


def test_the_first_paint_shows_what_each_model_makes_of_seed_7(visit, matrix):
    page = visit()
    for loss in ("vanilla", "lsgan", "focal"):
        model = zoo.load(matrix / f"dcgan-{loss}-toy")
        assert same(picture(page, model.id), model.grid(64, seed=7))


def test_each_sheet_stands_under_the_name_of_its_loss(visit):
    page = visit()
    heads, *rows = page.evaluate(
        """() => [...document.querySelectorAll('.heads, .cells')].map(
            line => [...line.querySelectorAll(':scope > p, :scope > figure')].map(
                one => Math.round(one.getBoundingClientRect().left)))"""
    )
    assert rows and all(row == heads for row in rows)
    assert page.evaluate("document.documentElement.scrollWidth") == 1440


def test_figures_stand_under_their_sheets_and_the_notes_say_on_how_many_samples(visit):
    page = visit()
    captions = [
        page.locator(f"figure[data-id=dcgan-{loss}-toy] figcaption").inner_text()
        for loss in ("vanilla", "lsgan")
    ]
    assert "FID5k 55.1 · recall 0.40" in captions[0] and "distance10k 1.80" in captions[1]
    notes = page.locator(".notes").inner_text()
    assert "FID5k How far 5,000 samples" in notes and "Distance10k How far 10,000 samples" in notes


def test_next_previous_and_a_typed_seed_change_all_sheets(visit, matrix):
    page = visit()
    page.get_by_role("button", name="next seed").click()
    wait_for_seed(page, 8)
    model = zoo.load(matrix / "dcgan-lsgan-toy")
    assert same(picture(page, model.id), model.grid(64, seed=8))
    page.get_by_role("button", name="previous seed").click()
    wait_for_seed(page, 7)
    page.get_by_role("textbox", name="Seed").fill("123")
    wait_for_seed(page, 123)
    assert query(page)["seed"] == "123"


def test_truncation_reaches_the_pictures(visit, matrix):
    page = visit()
    image = page.locator("figure[data-id='dcgan-focal-toy'] .sheet img")
    before = image.get_attribute("src")
    page.get_by_role("slider", name="Truncation").fill("1.5")
    model = zoo.load(matrix / "dcgan-focal-toy")
    page.wait_for_function(
        "old => document.querySelector(\"figure[data-id='dcgan-focal-toy'] img\").src !== old",
        arg=before,
    )
    assert same(picture(page, model.id), model.grid(64, seed=7, truncation=1.5))


def test_pointing_at_one_picture_lights_the_same_latent_in_every_sheet(visit):
    page = visit()
    sheet = page.locator("figure[data-id='dcgan-vanilla-toy'] .sheet")
    box = sheet.bounding_box()
    sheet.hover(position={"x": box["width"] * 3.5 / 8, "y": box["height"] * 2.5 / 8})
    for loss in ("vanilla", "lsgan", "focal"):
        assert ring(page, f"dcgan-{loss}-toy") == (3, 2)
    page.wait_for_function("getComputedStyle(document.querySelector('.sheet .ring')).opacity === '1'")
    assert "Latent 19, lit in 3 sheets" in page.locator(".compare .status").inner_text()
    page.mouse.move(5, 5)
    page.wait_for_function("getComputedStyle(document.querySelector('.sheet .ring')).opacity === '0'")


def test_a_click_enlarges_the_latent_and_sends_it_to_interpolate(visit):
    page = visit()
    sheet = page.locator("figure[data-id='dcgan-lsgan-toy'] .sheet")
    box = sheet.bounding_box()
    sheet.click(position={"x": box["width"] * 1.5 / 8, "y": box["height"] * 1.5 / 8})
    lens = page.get_by_role("region", name="One latent in every model")
    assert "Latent 9 of seed 7" in lens.inner_text() and lens.locator(".tile img").count() == 3
    lens.get_by_role("button", name="next latent").click()
    assert "Latent 10 of seed 7" in lens.inner_text() and query(page)["at"] == "10"
    lens.get_by_role("button", name="Morph from here").click()
    page.wait_for_function("document.querySelectorAll('.now figure[data-shown]').length === 3")
    assert query(page)["view"] == "interpolate" and query(page)["a"] == "7.10"
    assert page.get_by_role("tab", name="Interpolate").get_attribute("aria-selected") == "true"


def test_untrained_and_impossible_cells_are_empty_frames_that_say_so(visit):
    page = visit("?loss=vanilla,began&arch=dcgan,cdcgan")
    frames = page.locator(".cells .empty").all_inner_texts()
    assert any("Not trained yet" in text and "train/dcgan.py --loss began" in text for text in frames)
    assert any("Not in the zoo" in text and "cdcgan takes no began" in text for text in frames)
    assert any("train/dcgan.py --conditional --loss vanilla" in text for text in frames)


def test_a_class_is_for_conditional_models_and_rows_give_each_class_one(visit, matrix):
    page = visit("?arch=dcgan,cdcgan&class=1")
    model = zoo.load(matrix / "cdcgan-focal-toy")
    assert same(picture(page, model.id), model.grid(64, columns=8, seed=7, labels=1))
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
    assert same(picture(page, model.id), model.grid(24, columns=8, seed=7, labels=rows))
    assert "<b>ox</b>" in page.get_by_label("Class, cdcgan only").inner_text()  # a name is text, never HTML


def test_a_link_reproduces_what_is_seen(visit):
    page = visit("?loss=lsgan,focal&seed=12&trunc=1.5&at=27&lens=1")
    assert page.locator(".cells figure[data-id]").count() == 2
    assert page.get_by_role("textbox", name="Seed").input_value() == "12"
    assert "Latent 27 of seed 12" in page.locator(".lens").inner_text()
    page.get_by_role("button", name="vanilla").first.click()
    page.get_by_role("button", name="next seed").click()
    wait_for_seed(page, 13)
    again = visit(f"?{urlsplit(page.url).query}") if query(page) else None
    wait_for_seed(again, 13)
    assert again.locator(".cells figure[data-id]").count() == 3
    for loss in ("vanilla", "lsgan", "focal"):
        assert same(picture(page, f"dcgan-{loss}-toy"), picture(again, f"dcgan-{loss}-toy"))


@pytest.mark.parametrize(
    "bad", ["?seed=-1&trunc=x&class=99&at=1000&loss=none&arch=../x&view=y&data=<script>"]
)
def test_a_link_with_nonsense_falls_back_in_silence(visit, bad):
    page = visit(bad)
    assert page.locator(".cells figure[data-seed='7']").count() == 3


def test_a_busy_and_a_failing_server_are_said_under_the_old_picture(visit):
    page = visit()
    answers = [{"busy": 24}, {"error": "no"}]
    page.route("**/component_server/", lambda route: route.fulfill(json=answers.pop(0)))
    page.get_by_role("button", name="next seed").click()
    caption = page.locator("figure[data-id='dcgan-focal-toy'] figcaption")
    caption.get_by_text("24 people ahead, about 3 s").wait_for()
    caption.get_by_text("Seed 8 did not arrive. Draw again").wait_for()
    assert page.locator("figure[data-id='dcgan-focal-toy']").get_attribute("data-seed") == "7"
    page.unroute("**/component_server/")
    caption.get_by_role("button", name="Draw again").click()
    wait_for_seed(page, 8)
    assert "did not arrive" not in caption.inner_text()


def test_of_a_burst_of_seeds_only_the_last_matters_and_nothing_is_asked_twice(visit):
    page = visit()
    asked = []
    page.on(
        "request", lambda request: asked.append(request.url) if "component_server" in request.url else None
    )
    page.evaluate("for (let i = 0; i < 20; i++) document.querySelector(\"[aria-label='next seed']\").click()")
    wait_for_seed(page, 27)
    assert len(asked) <= 3
    page.get_by_role("textbox", name="Seed").fill("7")
    wait_for_seed(page, 7)
    assert len(asked) <= 3


# --- interpolate


def strips(page, count: int) -> None:
    page.wait_for_function(f"document.querySelectorAll('.now figure[data-shown]').length === {count}")


def test_all_models_walk_under_one_slider(visit, matrix):
    page = visit("?view=interpolate&steps=5&a=3.1&b=4.2")
    strips(page, 3)
    model = zoo.load(matrix / "dcgan-vanilla-toy")
    walk = pictures.grid(model.interpolate((3, 1), (4, 2), steps=5), 5)
    source = page.locator(".now figure").first.locator("img").get_attribute("src")
    assert same(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))), walk)
    page.get_by_role("slider", name="Step").fill("3")
    tiles = page.locator(".now .tile img").evaluate_all(
        "all => all.map(one => new DOMMatrix(getComputedStyle(one).transform).e / one.parentElement.clientWidth)"
    )
    assert tiles == [-3, -3, -3] and "t = 0.75" in page.locator(".where").inner_text()
    assert query(page)["t"] == "3"


def test_play_moves_and_with_reduced_motion_goes_a_step_a_press(visit):
    page = visit("?view=interpolate")
    strips(page, 3)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.scrubber').value > 3")
    page.get_by_role("button", name="Pause").click()
    still = visit("?view=interpolate", reduced_motion="reduce")
    strips(still, 3)
    for _ in range(2):
        still.get_by_role("button", name="Play").click()
    still.wait_for_timeout(300)
    assert still.locator(".scrubber").input_value() == "2"


def test_four_corners_are_a_plane_and_classes_can_be_walked(visit, matrix):
    page = visit("?view=interpolate&arch=cdcgan&loss=focal&a=1.0&b=1.0&la=0&lb=2&steps=4")
    strips(page, 1)
    model = zoo.load(matrix / "cdcgan-focal-toy")
    walk = pictures.grid(model.interpolate((1, 0), (1, 0), steps=4, labels=[0, 2]), 4)
    source = page.locator(".now img").get_attribute("src")
    assert same(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))), walk)
    page.get_by_role("button", name="four corners").click()
    page.wait_for_function("document.querySelector('.now img').naturalHeight === 256")
    assert {"c", "d"} <= query(page).keys()
    page.locator(".planes .sheet").click(position={"x": 5, "y": 250})
    assert query(page)["t"] == "56"


def test_walks_are_downloaded_as_animated_webp_and_as_png(visit):
    page = visit("?view=interpolate&steps=5")
    strips(page, 3)
    with page.expect_download() as webp:
        page.get_by_role("button", name="Animated WebP").click()
    film = Image.open(webp.value.path())
    assert film.format == "WEBP" and film.n_frames == 8 and film.size == (3 * 192, 192)
    with page.expect_download() as png:
        page.get_by_role("button", name="PNG strip").click()
    assert Image.open(png.value.path()).size == (5 * 32, 3 * 32)


# --- everywhere


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("?seed=5&trunc=1.5", ["dcgan-vanilla-toy", "dcgan-lsgan-toy", "dcgan-focal-toy"]),
        ("?arch=dcgan,cdcgan&loss=focal&class=2", ["dcgan-focal-toy", "cdcgan-focal-toy"]),
        ("?arch=dcgan,cdcgan&loss=focal&class=rows", ["dcgan-focal-toy", "cdcgan-focal-toy"]),
        (
            "?view=interpolate&loss=focal,vanilla&steps=5&a=3.1&path=lerp",
            ["dcgan-vanilla-toy", "dcgan-focal-toy"],
        ),
        ("?view=interpolate&arch=cdcgan&loss=focal&c=3.1&d=4.2&lb=1", ["cdcgan-focal-toy"]),
    ],
)
def test_the_three_lines_of_python_make_what_is_seen(visit, query, ids, tmp_path, monkeypatch):
    page = visit(query)
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Copy Python").click()
    code = page.locator(".snippet pre").inner_text()
    assert code.count("\n") == 2
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    made = sorted(tmp_path.glob("*.png"))
    assert len(made) == len(ids)
    for id in ids:
        (file,) = [path for path in made if path.stem.endswith((id, f"-{id.removesuffix('-toy')}"))]
        where = "[data-id='{}'] .sheet img" if "interpolate" not in query else ".now [data-id='{}'] img"
        source = page.locator(where.format(id)).first.get_attribute("src")
        assert same(Image.open(file), Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))


def test_the_keyboard_alone_is_enough(visit):
    page = visit()
    page.locator("figure[data-id='dcgan-vanilla-toy'] .sheet").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert ring(page, "dcgan-focal-toy") == (1, 2)
    focused = page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
    assert focused == "latent 17"
    page.keyboard.press("PageUp")
    wait_for_seed(page, 8)
    page.keyboard.press("Enter")
    assert page.locator(".lens").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".lens").is_visible()
    stops = []
    page.locator(".frame button").first.focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate("document.activeElement.closest('.sheet, button, input, select')?.className")
        )
    assert sum("sheet" in str(stop) for stop in stops) >= 3  # every sheet is one stop


@pytest.mark.parametrize("query", ["?at=9&lens=1", "?view=interpolate", "?view=interpolate&c=1.1&d=1.2"])
def test_a_phone_shows_it_without_scrolling_sideways(visit, query):
    page = visit(query, **PHONE)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = page.evaluate(
        """() => [...document.querySelectorAll('.zoo button, .zoo select')].filter(one => {
            const box = one.getBoundingClientRect();
            return box.width && (box.height < 43 || box.width < 33);
        }).map(one => one.textContent)"""
    )
    assert small == []


def test_on_a_phone_the_first_tap_points_and_the_second_enlarges(visit):
    page = visit(**PHONE)
    sheet = page.locator("figure[data-id='dcgan-vanilla-toy'] .sheet")
    sheet.tap(position={"x": 20, "y": 20})
    assert ring(page, "dcgan-focal-toy") == (0, 0) and not page.locator(".lens").is_visible()
    sheet.tap(position={"x": 20, "y": 20})
    assert page.locator(".lens").is_visible()


@pytest.mark.parametrize(
    ("query", "theme"),
    [
        ("?at=9&lens=1&loss=vanilla,wgan&arch=dcgan,cdcgan&", "light"),
        ("?", "dark"),
        ("?view=interpolate&", "light"),
        ("?view=interpolate&c=1.1&d=1.2&", "dark"),
    ],
)
def test_nobody_is_kept_out_by_what_the_page_does(visit, query, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(f"{query}__theme={theme}")
    page.wait_for_timeout(500)
    found = axe.run(page, context=".zoo", options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found] == []


def test_a_changed_seed_is_on_screen_within_a_second(visit):
    page = visit()
    seconds = page.evaluate(
        """async () => {
            const next = document.querySelector("[aria-label='next seed']");
            const shown = () => [...document.querySelectorAll('.cells figure[data-id]')].map((one) => one.dataset.seed);
            const times = [];
            for (let seed = 8; seed < 13; seed++) {
                const began = performance.now();
                next.click();
                while (!shown().every((one) => one === String(seed))) await new Promise(requestAnimationFrame);
                times.push(performance.now() - began);
            }
            return times.sort((a, b) => a - b)[2] / 1000;
        }"""
    )
    assert seconds < 1
