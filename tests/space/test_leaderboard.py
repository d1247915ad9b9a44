"""The leaderboard: what it holds, and in a real browser sorting, filtering, opening, taking along."""

import csv
import json
import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

import zoo
from space import card, leaderboard
from space.shelf import Shelf, find
from tests import toys
from tests.space import seen
from tests.space.conftest import PAPERS
from zoo import checkpoint


def write_rows(folder, *rows: dict) -> None:
    about = {"weights_sha256": checkpoint.read(folder).weights.sha256, "metrics": list(rows)}
    (folder / "metrics.json").write_text(json.dumps(about))


def row(name: str, value: float | None, **more) -> dict:
    return {"name": name, "value": value, "which": "final", **more}


FULL = {"split": "test", "reference_n": 10_000, "extractor": "Inception", "features": 2048}


@pytest.fixture
def told(runs):
    """{id: row} of two models, one with figures and one without."""
    write_rows(
        runs / "dcgan-a",
        row("fid_n5000", 50.0, n=5000, **FULL),
        row("fid_n5000", 54.0, n=5000, **FULL) | {"which": "other seed", "training_seed": 1},
        row("fid_n5000", 44.0, n=5000, **FULL) | {"which": "snapshot"},
        row("kid_n5000", 0.03, n=5000, se=0.0005, se_of="standard error (of drawing)", **FULL),
        row("recall_n5000", 0.01, n=5000, **FULL),
        row("swing_d", 0.05, lines=160, saturated=True),
        row("settled_kimg_d", None, lines=160, saturated=True),
    )
    board = leaderboard.rows_of(Shelf(find([str(runs)])))
    return {one["id"]: one for one in board["rows"]}


def test_a_figure_comes_with_uncertainty_n_protocol_and_seeds(told):
    cells = told["dcgan-a"]["cells"]
    assert cells["fid"] == {
        "value": 50.0, "shown": "50.0", "give": "", "seeds": "52.0 ± 2.8 (2)", "n": 5000,
        "protocol": "test split (10,000); Inception, 2048 features",
    }  # fmt: skip
    assert (cells["kid"]["shown"], cells["kid"]["give"]) == ("0.0300", "± 0.0005")
    assert "± is the standard error" in cells["kid"]["protocol"]
    assert cells["settled_kimg_d"]["shown"] == "not settled"
    assert (cells["kimg"]["value"], cells["g_steps"]["value"]) == (12.5, 3)


def test_collapsed_ones_and_those_without_figures_are_marked(told, runs):
    assert told["dcgan-a"]["collapsed"] and told["dcgan-a"]["notes"] == ["saturated critic"]
    assert not told["dcgan-b"]["collapsed"] and told["dcgan-b"]["notes"] == ["no figures yet"]
    metrics = json.loads((runs / "dcgan-a" / "metrics.json").read_text()) | {"weights_sha256": "of others"}
    (runs / "dcgan-a" / "metrics.json").write_text(json.dumps(metrics))
    (stale,) = leaderboard.rows_of(Shelf([runs / "dcgan-a"]))["rows"]
    assert stale["notes"] == ["figures of other weights, not shown"] and "fid" not in stale["cells"]


@pytest.mark.parametrize(
    ("kimg", "shown"), [(0.1, "0.1"), (7.008, "7.01"), (250.016, "250"), (1000, "1,000")]
)
def test_a_short_budget_is_not_rounded_to_nothing(runs, kimg, shown):
    config = checkpoint.read(runs / "dcgan-a")
    of = replace(config, training=replace(config.training, kimg=kimg))
    assert leaderboard.facts(of)["kimg"]["shown"] == shown


def test_what_was_measured_without_inception_is_seen_at_first(runs):
    write_rows(runs / "dcgan-a", row("memorisation_n5000", 0.9, n=5000, **FULL))
    columns = leaderboard.rows_of(Shelf(find([str(runs)])))["columns"]
    assert [one["name"] for one in columns if one["first"]] == ["memorisation", "loss", "kimg", "g_steps"]
    write_rows(runs / "dcgan-b", row("fid_n5000", 50.0, n=5000, **FULL))
    columns = leaderboard.rows_of(Shelf(find([str(runs)])))["columns"]
    assert [one["name"] for one in columns if one["first"]] == ["fid", "loss", "kimg", "g_steps"]


def test_every_row_of_the_metrics_can_be_unfolded(told, runs):
    shelf = Shelf([runs / "dcgan-a"])
    said = leaderboard.unfolded(shelf.info("dcgan-a").metrics.rows)
    assert [one["of"] for one in said] == ["final"] * 5 + ["seed 1", "snapshot"]
    assert said[1]["figure"] == "KID (n = 5,000)" and said[1]["shown"] == "0.0300"


@pytest.mark.slow
def test_every_bundled_checkpoint_stands_there_with_every_measure_of_its_own():
    board = leaderboard.rows_of(Shelf(find(None)))
    assert [one["id"] for one in board["rows"]] == zoo.list_models()
    known = {column["name"] for column in board["columns"]}
    for one in board["rows"]:
        measured = {re.sub(r"_n\d+$", "", row["name"]) for row in zoo.info(one["id"]).metrics.rows}
        assert measured <= known and measured <= one["cells"].keys()


# --- the card


def test_a_row_tells_whether_there_is_a_card_and_whether_there_are_curves(runs):
    for name in ("README.md", "history.jsonl"):
        (runs / "dcgan-b" / name).touch()
    board = leaderboard.rows_of(Shelf([runs / "dcgan-a", runs / "dcgan-b"]))
    assert [(row["card"], row["curves"]) for row in board["rows"]] == [
        (None, False),
        ("of/dcgan-b/card", True),
    ]


def test_a_card_is_shown_without_what_could_do_harm():
    text = (
        "---\nlicense: x\n---\n<!-- made from {} -->\n# A <script>alert(1)</script>\n\n![S](samples.png)\n"
        "[x](javascript:alert(1))\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    shown = card.rendered(text, "a<b")
    assert "<script" not in shown and 'href="javascript' not in shown and "license" not in shown
    assert '<img src="samples.png" alt="S" />' in shown and "<td>1</td>" in shown
    assert "<title>a&lt;b</title>" in shown


# --- in a browser


def open_board(visit, query: str = "", **options):
    page = visit(f"?view=leaderboard{query}", **options)
    page.wait_for_selector(".leaderboard tbody tr")
    return page


def ids(page) -> list[str]:
    return page.eval_on_selector_all(
        ".leaderboard tbody tr[data-id]", "all => all.map(one => one.dataset.id)"
    )


FACADES = {f"pix2pix-{loss}-facades" for loss in (*PAPERS, "none")}
ALL = {"dcgan-vanilla-toy", "dcgan-lsgan-toy", "dcgan-focal-toy", "cdcgan-focal-toy"} | FACADES


def test_rows_are_sorted_by_any_column_and_those_without_a_figure_come_last(visit):
    page = open_board(visit)
    assert set(ids(page)) == ALL and ids(page)[0] == "dcgan-vanilla-toy"  # the only one with a FID
    page.locator("th[data-column=recall] button").click()  # the best first: higher is better
    assert page.locator("th[data-column=recall]").get_attribute("aria-sort") == "descending"
    page.get_by_label("Sort by").select_option("-loss")
    at = (
        page.eval_on_selector_all("thead th", "all => all.findIndex(one => one.dataset.column === 'loss')")
        - 1
    )
    losses = [page.locator(f"tr[data-id='{id}'] td").nth(at).inner_text() for id in ids(page)]
    assert losses == sorted(losses, reverse=True) and len(set(losses)) > 3
    page.locator("th[data-column=loss] button").click()
    assert seen.query(page)["by"] == "loss" and ids(page)[-1] == "pix2pix-wgan-gp-facades"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("lsgan -facades", {"dcgan-lsgan-toy"}),
        ("-cdcgan focal -facades", {"dcgan-focal-toy"}),
        ("fid<60", {"dcgan-vanilla-toy"}),
        ("FID>60", set()),
        ("recall>=0.4 vanilla", {"dcgan-vanilla-toy"}),
        ("loss=focal architecture=dcgan", {"dcgan-focal-toy"}),
        ("classifierdistance<2", {"dcgan-lsgan-toy"}),
        ("budget<1k steps<1k", ALL),
        ("collapsed", set()),
        ('"no figures yet"', {"dcgan-focal-toy", "cdcgan-focal-toy"} | FACADES),
    ],
)
def test_rows_are_filtered_by_anything(visit, words, left):
    page = open_board(visit)
    page.get_by_label("Filter by anything").fill(words)
    page.wait_for_function(
        "n => document.querySelectorAll('.leaderboard tbody tr').length === n", arg=len(left)
    )
    assert set(ids(page)) == left
    assert seen.query(page)["where"] == words


def test_what_the_filter_does_not_understand_is_said_and_hides_nothing(visit):
    page = open_board(visit, "&where=beauty>3 IS>5 loss<2 fid<much")  # "is" is a part of "distance"
    said = page.locator(".leaderboard .status").inner_text()
    assert "no column “beauty” · no column “IS”" in said
    assert "loss is no number" in said and "compares with no number" in said
    assert set(ids(page)) == ALL


def test_what_is_half_typed_hides_no_row(visit):
    whole = open_board(visit).locator("tbody tr").count()
    for words in ("-beauty>3", '"', '-"', "-"):
        assert open_board(visit, f"&where={words}").locator("tbody tr").count() == whole, words


def test_the_selects_narrow_down_and_say_so_in_the_filter(visit):
    page = open_board(visit, "&where=-facades")
    page.get_by_label("Loss", exact=True).select_option("focal")
    assert set(ids(page)) == {"dcgan-focal-toy", "cdcgan-focal-toy"}
    page.get_by_label("Architecture", exact=True).select_option("cdcgan")
    assert ids(page) == ["cdcgan-focal-toy"]
    assert page.get_by_label("Filter by anything").input_value() == "-facades loss=focal family=cdcgan"
    page.get_by_label("Loss", exact=True).select_option("")
    assert page.get_by_label("Filter by anything").input_value() == "-facades family=cdcgan"


def test_a_row_opens_in_compare_and_its_curves_in_curves(visit):
    page = open_board(visit)
    page.get_by_role("button", name="cdcgan-focal-toy", exact=True).click()
    page.wait_for_selector("figure[data-id='cdcgan-focal-toy'] .sheet.filled")
    query = seen.query(page)
    assert query["arch"] == "cdcgan" and "view" not in query
    page.get_by_role("tab", name="Leaderboard").click()
    page.get_by_role("button", name="pix2pix-lsgan-facades", exact=True).click()
    page.wait_for_selector(".card[data-shown]", state="attached")
    assert seen.query(page)["view"] == "facades"
    page.get_by_role("tab", name="Leaderboard").click()
    page.locator("tr[data-id='dcgan-lsgan-toy']").get_by_role("button", name="curves").click()
    page.wait_for_selector(".along figure[data-id='dcgan-lsgan-toy']")
    expect(page.locator(".along figure")).to_have_count(1)


def test_a_row_links_to_its_card_and_unfolds_all_its_figures(visit, matrix):
    (matrix / "dcgan-vanilla-toy" / "README.md").write_text("# The card of vanilla\n\n![S](samples.png)\n")
    page = open_board(visit)
    row = page.locator("tr[data-id='dcgan-vanilla-toy']")
    with page.expect_popup() as popup:
        row.get_by_role("link", name="card").click()
    assert popup.value.get_by_role("heading").inner_text() == "The card of vanilla"
    popup.value.close()
    unfold = row.get_by_role("button", name="2 figures")
    unfold.click()
    expect(page.locator(".details tbody tr")).to_have_count(2)
    lines = page.locator(".details tbody tr").all_inner_texts()
    assert len(lines) == 2 and "FID (n = 5,000)" in lines[0] and "55.1" in lines[0]
    assert row.get_by_role("button", name="2 figures").get_attribute("aria-expanded") == "true"
    row.get_by_role("button", name="2 figures").click()
    expect(page.locator(".details")).to_have_count(0)


@pytest.mark.parametrize("source", ["server", "folder"], indirect=True)
def test_a_row_without_a_card_or_curves_has_no_link_to_them(visit):
    """A link to a card that nobody wrote led to an error, one to no curves elsewhere."""
    page = open_board(visit)
    row = page.locator("tr[data-id='pix2pix-none-facades'] .more")
    assert row.inner_text() == "0 figures"
    assert page.locator("tr[data-id='dcgan-lsgan-toy'] .more").inner_text() == "curves · 1 figure"


def test_columns_are_chosen_and_stand_in_the_link(visit):
    page = open_board(visit)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("learning rate").check()
    page.get_by_label("FID", exact=True).uncheck()
    names = page.eval_on_selector_all("thead th[data-column]", "all => all.map(one => one.dataset.column)")
    assert "lr" in names and "fid" not in names
    cols = seen.query(page)["cols"]
    again = open_board(visit, f"&cols={cols}")
    assert (
        again.eval_on_selector_all("thead th[data-column]", "all => all.map(one => one.dataset.column)")
        == names
    )


def test_csv_holds_the_rows_that_are_seen_with_every_figure(visit):
    page = open_board(visit, "&where=dcgan -cdcgan&by=loss")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert [line["id"] for line in lines] == ids(page) and len(lines) == 3
    vanilla = lines[-1]
    assert (vanilla["fid"], vanilla["fid_n"], vanilla["recall"]) == ("55.1", "5000", "0.4")
    assert vanilla["g_steps"] == "3" and vanilla["collapsed"] == "false" and lines[0]["fid"] == ""


def test_a_collapsed_row_is_marked(tmp_path, write, contexts):
    from space import app
    from space.studio import Studio

    write(tmp_path, "dcgan-wgan-toy", loss="wgan")
    toys.measure(tmp_path / "dcgan-wgan-toy", fid_n5000=(120.0, 5000), recall_n5000=(0.01, 5000))
    of = app.build(Studio(Shelf(find([str(tmp_path)]))))
    _, url, _ = of.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    page = contexts().new_page()
    page.goto(f"{url}?view=leaderboard&where=collapsed")
    page.wait_for_selector("tr.collapsed")
    assert "† collapsed" in page.locator("tr.collapsed").inner_text()
    page.close()
    of.close()


def test_without_a_fid_rows_are_sorted_by_what_was_measured_and_say_so(tmp_path, write, contexts):
    """The list of orders stood empty for runs of one's own that were measured without Inception."""
    from space import app
    from space.studio import Studio

    for id, value in (("dcgan-a", 0.9), ("dcgan-b", 0.4)):
        write(tmp_path, id)
        toys.measure(tmp_path / id, memorisation_n5000=(value, 5000))
    of = app.build(Studio(Shelf(find([str(tmp_path)]))))
    _, url, _ = of.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    page = contexts().new_page()
    page.goto(f"{url}?view=leaderboard")
    page.wait_for_selector(".leaderboard tbody tr")
    assert page.get_by_label("Sort by").input_value() == "memorisation"
    assert page.locator("th[data-column=memorisation]").get_attribute("aria-sort") == "ascending"
    assert ids(page) == ["dcgan-b", "dcgan-a"]
    page.close()
    of.close()


@pytest.mark.parametrize(
    ("query", "made"), [("?view=curves", "curves.png"), ("?view=leaderboard&where=fid<60", None)]
)
def test_three_lines_of_python_give_what_is_seen(visit, query, made, matrix, tmp_path, monkeypatch, capsys):
    page = visit(query)
    page.wait_for_selector(".along figure, .leaderboard tbody tr")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Copy Python").click()
    code = page.locator(".snippet pre").inner_text()
    assert code.count("\n") == 2
    monkeypatch.chdir(tmp_path)
    figures = matrix / "dcgan-vanilla-toy" / "metrics.json"
    before = figures.read_text()
    of = json.loads(before)
    of["metrics"] += [
        {**of["metrics"][0], "value": 99.0, "default": False}
    ]  # of another mode: does not count
    figures.write_text(json.dumps(of))
    exec(code, {})
    figures.write_text(before)
    if made:
        import matplotlib.pyplot as plt

        labels = [line.get_label().rsplit("/")[-1] for line in plt.gca().lines]
        plt.close("all")
        assert len(labels) == 6 and "dcgan-lsgan-toy g_loss" in labels and (tmp_path / made).exists()
    else:
        assert "dcgan-vanilla-toy {'fid': 55.1, 'recall': 0.4}" in capsys.readouterr().out
