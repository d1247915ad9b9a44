"""What holds in every view of the page, in a real browser."""

import ast

import pytest
from PIL import Image

from tests.space import seen
from tests.toys import same

BOTH = pytest.mark.parametrize("source", ["server", "folder"], indirect=True)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}


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
        assert same(Image.open(file), seen.shown(page.locator(where.format(id)).first))


LONG = "9" * 5000
ODD = [  # words that every JavaScript object knows, and what is too long, too large, or none
    *(f"?data={word}" for word in ("toString", "constructor", "__proto__", "hasOwnProperty")),
    "?view=__proto__&loss=constructor,__proto__&arch=toString&class=constructor&trunc=Infinity&at=" + LONG,
    f"?seed={LONG}&models={LONG}&lens=1&constructor=1&__proto__=1",
    "?seed=-1&trunc=-0&class=%00&at=1e9&data=%F0%9F%A6%93",
    f"?view=interpolate&arch=constructor&a=constructor.valueOf&b={LONG}.1&c=1.1&d=__proto__&steps={LONG}&t=-1&la=1e1",
    f"?view=curves&also=constructor,__proto__&lines=__proto__&kimg={LONG}",
    '?view=leaderboard&by=constructor&cols=constructor,__proto__&where=-constructor -__proto__ -seed<0 "',
    "?view=lab&with=focal.constructor:3,constructor.gamma:3,__proto__.gamma:1,focal.gamma:9e9,focal.__proto__:1,"
    f"focal.gamma:...,vanilla.toString:1&score={LONG}&toy=constructor&start={LONG}&lead=-1&places=1,{LONG}",
    f"?view=facades&pair=constructor&map={LONG}&drop={LONG}&wipe={LONG}&sort=__proto__&show=constructor",
]


@pytest.mark.parametrize("query", ODD)
def test_an_odd_link_opens_the_page_all_the_same(visit, query):
    page = visit(query)
    view = query.partition("view=")[2].partition("&")[0].replace("__proto__", "") or "compare"
    assert page.locator("[role=tab][aria-selected=true]").inner_text().lower() == view
    if view == "compare":
        assert page.locator("figure[data-id='dcgan-focal-toy'] .sheet").is_visible()


def test_nothing_of_a_name_is_run_by_the_three_lines_of_python(visit):
    code = visit().evaluate("""async () => {
        const { python } = await import("./look/snippet.js");
        const model = (load) => ({ load, family: "dcgan", classes: 0, data: "{print(7)}" });
        const models = [model('./a"b-{print(7)}'), model("./c\\\\d-{print(7)}")];
        const values = { view: "compare", class: "all", seed: 7, trunc: null };
        const limits = { columns: 8, classes: 16 };
        return python({ shown: () => models, classes: () => 0, taken: {}, get: (key) => values[key], limits });
    }""")
    tree = ast.parse(code)
    calls = [
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert calls == []
    told = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {'./a"b-{print(7)}', "./c\\d-{print(7)}"} <= {
        name for text in told if isinstance(text, str) for name in text.split()
    }


def test_the_keyboard_alone_is_enough(visit):
    page = visit()
    page.locator("figure[data-id='dcgan-vanilla-toy'] .sheet").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert seen.ring(page, "dcgan-focal-toy") == (1, 2)
    focused = page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
    assert focused == "latent 17"
    page.keyboard.press("PageUp")
    seen.wait_for_seed(page, 8)
    page.locator(".zoo-live").get_by_text("seed 8").wait_for()
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


@BOTH
@pytest.mark.parametrize(
    "query", ["?at=9&lens=1", "?view=interpolate", "?view=interpolate&c=1.1&d=1.2", "?view=curves"]
)
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
    tabs = page.get_by_role("tab")  # all in one row, which scrolls, and the one that is chosen is seen
    assert [tab.get_attribute("aria-selected") for tab in tabs.all()].count("true") == 1
    chosen = page.locator("[role=tab][aria-selected=true]")
    assert chosen.inner_text().lower() == seen.query(page).get("view", "compare")
    assert 0 <= chosen.bounding_box()["x"] < 390 - 40 and not page.get_by_label("More tabs").is_visible()


@pytest.mark.parametrize(("label", "said"), [("2", "<b>ox</b>"), ("rows", "one row per class")])
def test_on_a_phone_the_folded_bar_says_which_class_is_seen(visit, label, said):
    folded = visit(f"?arch=cdcgan&loss=focal&trunc=1.5&class={label}", **PHONE).locator(
        ".compare .folded span"
    )
    assert folded.inner_text().endswith(f" · 1 architecture · ±1.5 · {said}")


@pytest.mark.parametrize(
    ("source", "file"), [("server", "look/page.js"), ("folder", "zoo.json")], indirect=["source"]
)
def test_a_page_that_does_not_arrive_says_so(browser, address, file):
    page = browser.new_page()
    page.route(f"**/{file}", lambda route: route.abort())
    page.goto(address)
    page.get_by_text("did not arrive").first.wait_for()
    page.get_by_text("oad the page again" if file.endswith("js") else "Load it again").first.wait_for()
    assert not page.get_by_text("needs JavaScript").count()
    page.close()


def test_on_a_phone_the_first_tap_points_and_the_second_enlarges(visit):
    page = visit(**PHONE)
    sheet = page.locator("figure[data-id='dcgan-vanilla-toy'] .sheet")
    sheet.tap(position={"x": 20, "y": 20})
    assert seen.ring(page, "dcgan-focal-toy") == (0, 0) and not page.locator(".lens").is_visible()
    sheet.tap(position={"x": 20, "y": 20})
    assert page.locator(".lens").is_visible()


@BOTH
@pytest.mark.parametrize(
    ("query", "theme"),
    [
        ("?at=9&lens=1&loss=vanilla,wgan&arch=dcgan,cdcgan&", "light"),
        ("?", "dark"),
        ("?view=interpolate&", "light"),
        ("?view=interpolate&c=1.1&d=1.2&", "dark"),
        ("?view=curves&also=gap&", "light"),
        ("?view=curves&", "dark"),
        ("?view=leaderboard&", "light"),
        ("?view=leaderboard&by=-loss&", "dark"),
    ],
)
def test_nobody_is_kept_out_by_what_the_page_does(visit, query, theme):
    page = visit(f"{query}__theme={theme}")
    page.wait_for_timeout(500)
    assert seen.barriers(page) == []


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
