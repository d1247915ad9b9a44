"""Curves in a real browser: trainings over each other, and their samples under one slider."""

import io
import json
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from PIL import Image
from playwright.sync_api import expect

from space import app
from space.shelf import Shelf, find, places
from space.studio import Studio
from tests import toys
from tests.space import seen

TOYS = ["dcgan-vanilla-toy", "dcgan-lsgan-toy", "dcgan-focal-toy"]
DRAWN = """title => [...document.querySelectorAll(`.panel[data-title^="${title}"] .curve`)]
    .map(one => one.dataset.id)"""


def open_curves(visit, query: str = "", **options):
    page = visit(f"?view=curves{query}", **options)
    page.wait_for_function("document.querySelectorAll('.along .frames img').length >= 3")
    return page


def drawn(page, title: str = "Critic’s loss") -> list[str]:
    return page.evaluate(DRAWN, title)


def line(page, id: str, kind: str = "soft", title: str = "Critic’s loss") -> str:
    """The path of a curve."""
    return page.locator(f".panel[data-title='{title}'] .curve[data-id='{id}'] .{kind}").get_attribute("d")


def height(page, id: str) -> float:
    """Where a curve ends, in px from the chart's top."""
    return float(line(page, id).rsplit(" ", 1)[1])


def shade(page, id: str) -> int:
    """The grey level of the samples that are seen of a training."""
    content = page.locator(f".along figure[data-id='{id}'] .frames").screenshot()
    return round(Image.open(io.BytesIO(content)).convert("L").getpixel((20, 10)) / 10) * 10


def cursor(page, title: str = "Critic’s loss") -> float:
    """The share of a chart's width at which its cursor stands."""
    return page.evaluate(
        """title => {
            const box = document.querySelector(`.panel[data-title="${title}"] .plot`);
            const wide = parseFloat(box.style.getPropertyValue("--wide"));
            const from = parseFloat(box.style.getPropertyValue("--from"));
            const at = box.querySelector(".at").getBoundingClientRect();
            return (at.left + at.width / 2 - box.getBoundingClientRect().left - from) / wide;
        }""",
        title,
    )


def test_the_losses_of_all_chosen_models_lie_over_each_other(visit):
    page = open_curves(visit)
    assert drawn(page) == drawn(page, "Generator’s loss") == TOYS
    heights = [height(page, id) for id in TOYS]
    assert heights == sorted(heights, reverse=True) and heights[0] - heights[2] > 50  # losses of 1, 2, 3
    page.get_by_role("button", name="own", exact=True).click()
    assert (
        max(heights := [height(page, id) for id in TOYS]) - min(heights) < 0.2
    )  # each from its own low to its high


def test_the_names_of_many_curves_stay_within_their_chart(visit):
    """Those of all models lay over its title and over what stands above."""
    many = """async () => {
        const { Plot } = await import("./look/plot.js");
        const plot = new Plot("Many", { moved: () => {}, near: () => {} });
        document.querySelector(".panels").append(plot.element);
        const series = Array.from({ length: 43 }, (_, i) => ({ id: `${i}`, label: "a", x: [0, 1], y: [0, i] }));
        plot.draw(series, { most: 1, own: false, lines: "both", ends: 100 });
        const box = plot.box.getBoundingClientRect();
        return [...plot.svg.querySelectorAll(".name")].map((one) => {
            const { top, bottom } = one.getBoundingClientRect();
            return top >= box.top - 4 && bottom <= box.bottom + 4;
        });
    }"""
    assert open_curves(visit).evaluate(many) == [True] * 43


@pytest.mark.parametrize("source", ["server", "folder"], indirect=True)
def test_a_link_that_names_what_is_not_there_shows_the_others_and_says_so(visit, source):
    page = visit("?view=curves&models=dcgan-vanilla-toy,no-such,toString")
    status = page.locator(".curves .status")
    expect(status).to_contain_text("1 training · ")
    expect(status).to_contain_text("no training named 'no-such'")
    expect(status).to_contain_text("no training named 'toString'")
    assert drawn(page) == ["dcgan-vanilla-toy"]
    page.get_by_role("button", name="take dcgan-vanilla-toy away").click()
    expect(status).to_contain_text("0 trainings · ")


def test_any_models_can_be_overlaid(visit):
    page = open_curves(visit)
    page.get_by_label("Add a training").select_option("cdcgan-focal-toy")
    page.wait_for_function("document.querySelectorAll('.along figure').length === 4")
    assert drawn(page) == [*TOYS, "cdcgan-focal-toy"]
    offered = page.get_by_label("Add a training").locator("option")
    assert "cdcgan-focal-toy" not in offered.all_inner_texts()
    assert page.get_by_label("Add a training").input_value() == ""
    names = page.locator(".panel").first.locator("text.name").all_text_contents()
    assert set(names) == {"vanilla", "lsgan", "dcgan focal", "cdcgan focal"}
    page.get_by_role("button", name="take dcgan-lsgan-toy away").click()
    page.wait_for_function("document.querySelectorAll('.along figure').length === 3")
    assert drawn(page) == ["dcgan-vanilla-toy", "dcgan-focal-toy", "cdcgan-focal-toy"]
    assert "dcgan-lsgan-toy" in offered.all_inner_texts()
    assert seen.query(page)["models"] == "dcgan-vanilla-toy,dcgan-focal-toy,cdcgan-focal-toy"
    page.locator("button.loss", has_text="lsgan").filter(visible=True).click()  # the picker chooses anew
    page.wait_for_function("document.querySelectorAll('.along figure').length === 2")
    assert drawn(page) == ["dcgan-vanilla-toy", "dcgan-focal-toy"] and "models" not in seen.query(page)


def test_raw_and_smoothed_lines(visit):
    page = open_curves(visit)
    raw, soft = line(page, TOYS[0], "raw"), line(page, TOYS[0])
    assert raw.count("L") == soft.count("L") == 39 and raw != soft
    page.get_by_role("button", name="smoothed", exact=True).click()
    expect(page.locator(".curve .raw")).to_have_count(0)
    page.get_by_role("button", name="raw", exact=True).click()
    expect(page.locator(".curve .raw")).to_have_count(0)
    expect(page.locator(".curve .soft")).to_have_count(6)
    assert seen.query(page)["lines"] == "raw"


def test_the_slider_moves_the_cursor_of_every_chart_and_the_samples(visit):
    page = open_curves(visit)
    assert [cursor(page), shade(page, TOYS[0])] == [pytest.approx(1, abs=0.01), 240]
    slider = page.get_by_label("Time in training")
    for kimg, share, grey in ((300, 0.3, 0), (510, 0.51, 80), (800, 0.8, 160), (1000, 1, 240)):
        slider.fill(str(kimg))
        where = [cursor(page, title) for title in ("Critic’s loss", "Generator’s loss")]
        assert where == pytest.approx([share, share], abs=0.01)
        assert [shade(page, id) for id in TOYS] == [grey] * 3
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    assert cursor(page) == pytest.approx(0.1, abs=0.01)
    assert "critic 1.25" in page.locator(".along .values").first.inner_text()  # 1 + 1/4, the line at 100 kimg


def test_with_reduced_motion_play_goes_a_step_a_press_from_the_start(visit):
    """It stood at the end, where the page opens, and no press moved it."""
    page = open_curves(visit, reduced_motion="reduce")
    for share in (0, 0.01, 0.02):
        page.get_by_role("button", name="Play").click()
        assert cursor(page) == pytest.approx(share, abs=0.003)


def test_the_pointer_on_a_chart_moves_both_and_lights_the_nearest_curve_everywhere(visit):
    page = open_curves(visit)
    box = page.locator(".panel .plot").first.bounding_box()
    at = float(line(page, TOYS[1]).split("L")[20].split(" ")[1])
    left = float(line(page, TOYS[1]).split("L")[20].split(" ")[0])
    page.mouse.move(box["x"] + left, box["y"] + at)
    assert cursor(page, "Generator’s loss") == pytest.approx(0.525, abs=0.01) and shade(page, TOYS[2]) == 80
    lit = page.eval_on_selector_all(".on[data-id]", "all => [...new Set(all.map(one => one.dataset.id))]")
    assert lit == [TOYS[1]]
    expect(page.locator(".curve.on")).to_have_count(2)
    page.mouse.move(5, 5)
    expect(page.locator(".on[data-id]")).to_have_count(0)


def test_more_is_drawn_on_demand(visit):
    page = open_curves(visit)
    expect(page.locator(".panel")).to_have_count(2)
    for name in ("gradient norms", "pair accuracy", "score gap, swing", "penalty"):
        page.get_by_label(name).check()
    titles = page.locator(".panel b").all_inner_texts()
    assert len(titles) == 7 and drawn(page, "Critic’s gradient norm") == drawn(page, "Score gap") == TOYS
    assert drawn(page, "Gradient penalty") == []  # none of these has one


def test_the_link_brings_it_back(visit):
    page = open_curves(visit)
    page.get_by_role("button", name="own", exact=True).click()
    page.get_by_label("pair accuracy").check()
    page.get_by_label("Time in training").fill("300")
    query = seen.query(page)
    assert query == {"view": "curves", "scale": "own", "also": "accuracy", "kimg": "300"}
    again = open_curves(visit, "&scale=own&also=accuracy&kimg=300&lines=nonsense")
    assert line(again, TOYS[2]) == line(page, TOYS[2])
    expect(again.locator(".panel")).to_have_count(3)
    assert cursor(again) == pytest.approx(0.3, abs=0.01) and shade(again, TOYS[0]) == 0


# --- what runs


@pytest.fixture
def live(tmp_path, write, contexts):
    """A page on a folder of runs, of which one is a model."""
    write(tmp_path, "dcgan-vanilla-toy", loss="vanilla")
    toys.train(tmp_path / "dcgan-vanilla-toy", lines=10, kimg=100.0, shades=(40,))
    of = app.build(Studio(Shelf(find([str(tmp_path)]), places([str(tmp_path)]))))
    _, url, _ = of.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    page = contexts().new_page()
    page.goto(f"{url}?view=curves")
    yield tmp_path, page
    page.close()
    of.close()


def test_a_running_training_appears_and_moves_without_a_reload(live):
    folder, page = live
    page.wait_for_function("document.querySelector('.along .frames img')")
    toys.train(folder / "sngan-hinge-cifar10", lines=4, kimg=40.0)
    page.wait_for_function("document.querySelectorAll('.along figure').length === 2")
    assert "running" in page.locator("[data-id='sngan-hinge-cifar10'] .said").inner_text()
    assert "both settled by the second epoch" in page.locator(".beside").inner_text()  # the paper's own words
    before = line(page, "sngan-hinge-cifar10")
    toys.train(folder / "sngan-hinge-cifar10", lines=20, kimg=200.0, shades=(90, 150))
    page.wait_for_function("document.querySelectorAll('.along .frames img').length === 2")
    assert line(page, "sngan-hinge-cifar10").count("L") == 19 > before.count("L")
    assert shade(page, "sngan-hinge-cifar10") == 150 and shade(page, "dcgan-vanilla-toy") == 40
    assert (
        page.get_by_label("Time in training").get_attribute("aria-valuetext") == "200 kimg"
    )  # the end, still


def test_a_look_at_what_runs_takes_the_keyboard_from_nobody(live):
    _, page = live
    page.wait_for_function("document.querySelector('.along .frames img')")
    with page.expect_response(lambda answer: "component_server" in answer.url):
        page.locator(".along .name").focus()
    page.wait_for_timeout(4000)
    assert page.evaluate("document.activeElement.className") == "name"


def test_the_last_training_can_be_taken_away_for_good(visit):
    page = visit(f"?view=curves&models={TOYS[0]}")
    page.get_by_role("button", name=f"take {TOYS[0]} away").click()
    page.wait_for_url("**models=")
    page.locator(".status").get_by_text("0 trainings").wait_for()
    page.get_by_role("button", name="Copy Python").click()
    assert page.locator(".snippet pre").inner_text() == "import zoo\nprint(zoo.list_models())"
    page.reload()
    page.locator(".status").get_by_text("0 trainings").wait_for()


def test_a_page_whose_folder_holds_no_model_yet_shows_its_curves(tmp_path: Path, contexts):
    toys.train(tmp_path / "dcgan-focal-cifar10", lines=3)
    of = app.build(Studio(Shelf(find([str(tmp_path)]), places([str(tmp_path)]))))
    _, url, _ = of.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    page = contexts().new_page()
    page.goto(url)
    page.wait_for_selector(".along figure[data-id='dcgan-focal-cifar10']")
    page.close()
    of.close()


def test_the_python_of_curves_passes_over_losses_that_a_control_without_a_critic_lacks(
    visit, matrix, tmp_path, monkeypatch
):
    for name, line in (
        ("gan", {"kimg": 1.0, "d_loss": 0.6, "g_loss": 0.8}),
        ("none", {"kimg": 1.0, "l1": 0.2}),
    ):
        shutil.copytree(matrix / "pix2pix-none-facades", tmp_path / name)
        (tmp_path / name / "history.jsonl").write_text(json.dumps(line) + "\n")
    code = visit().evaluate(
        """async (models) => {
            const { python } = await import("./look/snippet.js");
            return python({ shown: () => [], taken: { curves: models }, get: (key) => ({ view: "curves" })[key] });
        }""",
        [{"load": str(tmp_path / name)} for name in ("gan", "none")],
    )
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    labels = [line.get_label().rsplit("/")[-1] for line in plt.gca().lines]
    plt.close("all")
    assert labels == ["gan d_loss", "gan g_loss"] and (tmp_path / "curves.png").exists()
