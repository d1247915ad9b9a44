"""The tab Lab in a real browser: curves that follow their constants, toys that train while the page asks for it."""

import time
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from space.lab import route
from space.lab.prices import prices
from space.lab.training import shipped
from tests.space import seen
from zoo import losses

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
PATIENCE = 60_000  # ms


@pytest.fixture(scope="module", autouse=True)
def warm():
    """What a first training loads is loaded."""
    route.Training(shipped(0)).run(1)


@pytest.fixture
def lab(visit):
    """lab(query) opens the tab and waits for the curves and the first frame."""

    def lab(query: str = "", **options):
        page = visit(f"?view=lab&{query}", **options)
        page.set_default_timeout(PATIENCE)
        page.wait_for_function("document.querySelector('.lab[data-steps] .price polyline.g[points]')")
        return page

    return lab


def steps(page) -> int:
    return int(page.locator(".lab").get_attribute("data-steps"))


def wait_for_steps(page, least: int) -> None:
    page.wait_for_function(
        "least => +document.querySelector('.lab').dataset.steps >= least", arg=least, timeout=PATIENCE
    )


def drawn(page, loss: str) -> bytes:
    return page.locator(f".toy[data-loss='{loss}'] canvas").evaluate("one => one.toDataURL()")


def curve(page, loss: str, kind: str = "g") -> dict[float, float]:
    """score → price, as it is drawn."""
    points = page.locator(f".toy[data-loss='{loss}'] [data-what='price'] polyline.{kind}").get_attribute(
        "points"
    )
    return {float(x): -float(y) for x, y in (pair.split(",") for pair in points.split())}


def slide(page, loss: str, field: str, value: float) -> None:
    page.locator(f".toy[data-loss='{loss}'] [data-field='{field}'] input").evaluate(
        "(one, value) => { one.value = value; one.dispatchEvent(new Event('input')); }", value
    )


# ---- curves


def test_a_constant_redraws_its_curves_and_stands_in_the_link(lab):
    page = lab("loss=vanilla,focal")
    before = curve(page, "focal"), curve(page, "vanilla")
    slide(page, "focal", "gamma", 0)
    page.wait_for_function(
        "old => document.querySelector('[data-loss=focal] polyline.g').getAttribute('points').length !== old",
        arg=len(page.locator("[data-loss='focal'] polyline.g").first.get_attribute("points")),
    )
    assert curve(page, "focal") == curve(page, "vanilla") == before[1] != before[0]
    assert seen.query(page)["with"] == "focal.gamma:0"
    again = lab("loss=focal&with=focal.gamma:0")
    assert curve(again, "focal") == before[1]
    assert again.locator("[data-field='gamma'] output").inner_text() == "0"


@pytest.mark.parametrize("name", ["minimax", "hinge", "began"])
def test_what_is_drawn_is_what_the_zoo_computes(lab, name):
    page = lab(f"loss={name}")
    found = prices(losses.get(name))
    for kind in ("g", "fake", "real"):
        assert curve(page, name, kind) == dict(zip(found["x"], found[kind][0], strict=True))


def test_the_marker_says_what_each_net_feels_at_a_score(lab):
    page = lab("loss=minimax,vanilla&score=-4")
    both = "minimax", "vanilla"
    rows = {loss: page.locator(f".toy[data-loss='{loss}'] .feels").inner_text().split("\n") for loss in both}
    assert rows["minimax"][1].split()[-2:] == ["−0.02", "−0.02"]  # of the generator: price, slope
    assert rows["vanilla"][1].split()[-2:] == ["4.02", "−0.98"]
    page.get_by_label("Score that you ask about").press("ArrowRight")
    assert "−3.9" in page.locator(".feels").first.inner_text()
    assert seen.query(page)["score"] == "-3.9"


def test_the_three_lines_of_python_say_what_the_marker_says(lab, capsys):
    page = lab("loss=focal,rpgan&with=focal.gamma:1&score=1.5")
    page.get_by_role("button", name="Copy Python").click()
    code = page.locator(".snippet pre").inner_text()
    exec(code, {})
    slopes = [float(line.split("tensor(")[1].split(")")[0]) for line in capsys.readouterr().out.splitlines()]
    shown = [row.split()[-1] for row in page.locator(".feels [data-kind='g']").all_inner_texts()]
    assert code.count("\n") == 2 and [f"−{-slope:.2f}" for slope in slopes] == shown


def test_a_link_puts_nothing_but_constants_into_the_three_lines_of_python(lab, capsys):
    harmless = """focal.gamma"+print("here")+":1"""
    page = lab(f"loss=focal&with={quote(harmless)},focal.gamma:3")
    page.get_by_role("button", name="Copy Python").click()
    code = page.locator(".snippet pre").inner_text()
    assert "print(" not in code.partition(" in ")[2].partition(".items()")[0] and '"gamma": 3}' in code
    exec(code, {})
    assert "here" not in capsys.readouterr().out


def test_pointing_at_a_place_asks_every_critic_for_its_score_there(lab):
    page = lab("loss=vanilla,lsgan")
    at = page.locator(".feels th:first-child").first
    before = at.inner_text()
    page.locator(".plane-toy").first.hover(position={"x": 30, "y": 30})
    expect(page.locator(".plane-toy.pointed")).to_have_count(2)
    assert at.inner_text() != before
    page.mouse.move(5, 5)
    assert at.inner_text() == before


def test_no_value_is_given_for_a_score_beyond_the_curves(lab):
    page = lab("loss=vanilla&score=50&lead=100")
    assert "at −3.0" in page.locator(".feels").inner_text()
    assert page.get_by_label("Critic’s head start").input_value() == "0"
    told = """async () => {
        const read = performance.getEntriesByType("resource").map((one) => one.name);
        const { Price } = await import(read.find((name) => name.endsWith("/price.js")));
        const price = new Price("vanilla", 6, () => {});
        const x = Array.from({ length: 121 }, (_, i) => (i - 60) / 10);
        const flat = [x.map(() => 1), x.map(() => 0.5)];
        price.show({ x, fake: flat, real: flat, g: flat });
        return [6, 14.4].map((score) => (price.mark(score), price.table.querySelector("td").textContent));
    }"""
    assert page.evaluate(told) == ["1.00", "–"]


# ---- training


def test_a_toy_moves_while_it_plays_stands_while_it_pauses_and_goes_by_single_steps(lab):
    page = lab("loss=vanilla,hinge")
    assert steps(page) == 0
    before = drawn(page, "hinge")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_for_steps(page, 10)
    assert drawn(page, "hinge") != before
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(500)
    stands = steps(page)
    page.wait_for_timeout(1500)
    assert steps(page) == stands
    page.get_by_role("button", name="Step", exact=True).click()
    wait_for_steps(page, stands + 1)
    assert steps(page) == stands + 1


def test_a_seed_gives_the_same_picture_again_and_another_does_not(lab):
    page = lab("loss=vanilla&start=3")

    def after(n: int) -> bytes:
        for i in range(n):
            page.get_by_role("button", name="Step", exact=True).click()
            wait_for_steps(page, i + 1)
        return drawn(page, "vanilla")

    def zero() -> None:
        page.wait_for_function("document.querySelector('.lab').dataset.steps === '0'")

    first = after(2)
    page.get_by_role("button", name="Restart").click()
    zero()
    assert after(2) == first
    page.get_by_label("Seed of the training").fill("4")
    zero()
    assert after(2) != first


def test_the_training_ends_with_its_page(lab):
    held = set(route.TRAININGS._held)  # other tests' pages: they leave when they have rested
    page = lab("loss=vanilla")
    (own,) = set(route.TRAININGS._held) - held
    page.get_by_role("button", name="Play", exact=True).click()
    wait_for_steps(page, 2)
    page.close(run_before_unload=True)
    until = time.monotonic() + 20
    while own in route.TRAININGS._held and time.monotonic() < until:
        time.sleep(0.1)
    assert own not in route.TRAININGS._held


def test_a_view_that_is_left_trains_no_more(lab):
    page = lab("loss=vanilla")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_for_steps(page, 2)
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_timeout(800)
    stands = steps(page)
    page.wait_for_timeout(1200)
    assert steps(page) == stands


def test_points_of_ones_own_are_put_by_clicks_and_by_keys(lab, visit):
    page = visit("?view=lab&loss=vanilla,lsgan&toy=own&places=50,50")
    page.set_default_timeout(PATIENCE)
    page.wait_for_function("document.querySelector('.lab[data-steps]')")
    assert "of 1 points" in page.locator(".toy figcaption").first.inner_text()
    plane = page.locator(".plane-toy").first
    box = plane.bounding_box()
    plane.click(position={"x": box["width"] / 4, "y": box["height"] / 4})
    page.wait_for_function("document.querySelector('.toy figcaption').textContent.includes('of 2 points')")
    plane.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.toy figcaption').textContent.includes('of 3 points')")
    x, y = map(int, seen.query(page)["places"].split(",")[2:4])
    assert (x, y) == (pytest.approx(-62, abs=2), pytest.approx(62, abs=2))


def test_without_points_of_ones_own_there_is_nothing_to_play(lab):
    page = lab("loss=vanilla")
    page.locator("select[aria-label=Data]").select_option("own")
    page.get_by_text("Click into a plane to put points there.").wait_for()
    stands = steps(page)
    for name in ("Play", "Step"):
        page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_timeout(1000)
    assert steps(page) == stands


def test_a_loss_that_was_added_elsewhere_is_trained_too(lab):
    page = lab("loss=vanilla,lsgan")
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="focal").first.click()
    page.get_by_role("tab", name="Lab").click()
    page.wait_for_function("document.querySelector(\".toy[data-loss='focal']\")?.dataset.reached")


def test_saturation_is_shown_in_three_things(lab):
    page = lab("loss=lsgan")
    page.get_by_role("button", name="See saturation").click()
    page.wait_for_function("document.querySelectorAll('.toy').length === 2")
    page.wait_for_function(
        "document.querySelector('.looks ol').textContent.includes('minimax 0.02, vanilla 0.98')"
    )
    expect(page.locator(".looks li")).to_have_count(3)
    page.wait_for_function("document.querySelector('.count').textContent.startsWith('critic alone')")
    wait_for_steps(page, -190)
    query = seen.query(page)
    assert [query[key] for key in ("loss", "opt", "lead", "score")] == [
        "minimax,vanilla",
        "plain",
        "200",
        "-4",
    ]


def test_a_training_that_was_let_go_says_so_and_starts_again(lab):
    page = lab("loss=vanilla")
    for name in list(route.TRAININGS._held):
        route.TRAININGS.end(name)
    page.get_by_role("button", name="Step", exact=True).click()
    page.get_by_text("This training was let go").wait_for()
    page.get_by_role("button", name="Start again").click()
    page.wait_for_function("!document.querySelector('.toy-track .status').textContent")
    page.get_by_role("button", name="Step", exact=True).click()
    wait_for_steps(page, 1)


# ---- for everybody


@pytest.mark.parametrize(
    "query, theme", [("loss=vanilla,lsgan,focal", "light"), ("loss=began,rpgan&toy=own&places=1,1", "dark")]
)
def test_nobody_is_kept_out(lab, query, theme):
    page = lab(f"{query}&__theme={theme}")
    page.wait_for_timeout(500)
    assert seen.barriers(page) == []


def test_a_phone_shows_it_without_scrolling_sideways(lab):
    page = lab("loss=vanilla,focal,lsgan", **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = page.evaluate(
        """() => [...document.querySelectorAll('.zoo button, .zoo select')].filter(one => {
            const box = one.getBoundingClientRect();
            return box.width && !one.classList.contains('link') && (box.height < 43 || box.width < 33);
        }).map(one => one.textContent)"""
    )
    assert small == []
