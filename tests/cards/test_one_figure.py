"""A model measured by several protocols has one figure wherever it is told: page, card, `zoo info`, overview."""

import itertools
import re

import pytest

import zoo
from cards import card, decisions, measures, runs, tables
from space import catalogue
from zoo import cli


@pytest.fixture
def measured(make, figures_of, tmp_path):
    """measured(order, recall): a bundled model with FID and recall by three protocols, in one of their orders."""

    def write(order: int, **values: float):
        rows = figures_of.noise(fid=52.8, **values)
        others = [
            {**row, "name": f"{row['name'].removesuffix('5000')}{n}", "n": n, "split": split, "value": value}
            for n, split, value in ((50_000, "test", 33.3), (50_000, "train", 31.1))
            for row in rows[:4]
        ]
        parts = list(itertools.permutations([rows, others[:4], others[4:]]))[order]
        return make("zoo/dcgan-focal-cifar10", rows=[row for part in parts for row in part])

    return write


@pytest.mark.parametrize("order", range(6))
def test_page_card_info_overview_and_claims_say_one_figure(measured, order, tmp_path, capsys):
    folder = measured(order)
    assert catalogue.figures(zoo.info(folder))["value"] == 52.8
    text = card.render(folder)
    assert re.search(r"\| FID [^|]*\| ([\d.]+)", text)[1] == "52.8" and "33.3" in text  # told too, below
    (of_the_hub,) = re.findall(r"- type: fid\n\s+value: ([\d.]+)", text)
    assert of_the_hub == "52.8"
    assert cli.main(["info", str(folder)]) == 0
    told = [line.split()[:2] for line in capsys.readouterr().out.splitlines() if "fid" in line]
    assert told == [["fid_n5000", "52.8"]]
    found = runs.find(tmp_path / "zoo", tmp_path / "results")
    assert tables.cell(found, "dcgan", "focal", "cifar10") == "52.8"
    assert "| 52.8 |" in tables.family(found, "dcgan", "cifar10")
    assert found.runs[0].value("fid") == 52.8


@pytest.mark.parametrize(
    "figures, word",
    [({"recall": 0.049}, True), ({"recall": 0.05, "class_coverage": 0.3}, False), ({"recall": 0.2}, False)],
)
def test_page_card_info_and_overview_agree_on_what_has_collapsed(measured, figures, word, tmp_path, capsys):
    folder = measured(0, **figures)
    assert catalogue.figures(zoo.info(folder))["collapsed"] is word
    assert ("has collapsed" in card.render(folder)) is word
    assert cli.main(["info", str(folder)]) == 0
    assert ("measured: it has collapsed, by its recall\n" in capsys.readouterr().out) is word
    found = runs.find(tmp_path / "zoo", tmp_path / "results")
    assert ("collapsed" in tables.cell(found, "dcgan", "focal", "cifar10")) is word


def test_without_recall_the_classes_decide_and_the_card_says_so_once(make, figures_of):
    rows = [row for row in figures_of.noise(class_coverage=0.4) if not row["name"].startswith("recall")]
    folder = make("runs/some", rows=rows)
    assert catalogue.figures(zoo.info(folder))["collapsed"]
    text = card.render(folder)
    assert (
        "has collapsed: its samples show only 40% of the data's classes." in text and "Only 40%" not in text
    )


def test_the_claim_of_collapse_keeps_its_own_wider_rule(run):
    nets = {"architecture": "convgan", "dataset": "fashion-mnist", "recipe": "lsgan-fashion-mnist"}
    gan = [run("vanilla", seed=0, recall=0.09, **nets), run("vanilla", seed=1, class_coverage=0.79, **nets)]
    lsgan = [run("lsgan", seed=0, recall=0.1, **nets), run("lsgan", seed=1, class_coverage=0.8, **nets)]
    (part,) = decisions.l3(runs.Zoo(gan + lsgan))
    assert "(recall below 0.1 or fewer than 8 of 10 classes)" in part.what
    assert part.text == "2 of 2 runs of GAN, 0 of 2 of LSGAN"
    assert not any(one.collapsed for one in gan)


def test_what_rounds_to_nothing_has_no_sign():
    assert [measures.show("kid", value) for value in (-1.7e-5, 1.7e-5, -0.0002)] == [
        "0.0000",
        "0.0000",
        "-0.0002",
    ]
