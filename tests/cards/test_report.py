"""Runs of one's own side by side, and commands that are given a folder with more in it than finished runs."""

import json
import shutil
from dataclasses import replace

import pytest
from PIL import Image

from cards import build, card, overview, report
from cards.runs import read
from tests.cards.conftest import lines, of_noise
from zoo import checkpoint, cli, names


@pytest.fixture
def mine(make, tmp_path, monkeypatch):
    """mine/{a,b}, two seeds of one loss in a folder of their own, mine/c of another loss; and what is no whole run."""
    monkeypatch.chdir(tmp_path)
    for name, seed, fid in (("pair/a", 0, 50.0), ("pair/b-seed1", 1, 60.0)):
        make(f"mine/{name}", seed=seed, rows=of_noise(fid=fid), history=lines())
    make("mine/c", loss="wgan", rows=of_noise(fid=90.0), history=lines())
    for folder in tmp_path.glob("mine/*/config.json"):
        Image.new("RGB", (64, 64), "red").save(folder.parent / "samples.png")
    (tmp_path / "mine/unfinished/state").mkdir(parents=True)
    shutil.copytree(tmp_path / "mine/c", tmp_path / "mine/broken")
    (tmp_path / "mine/broken/config.json").write_text("{")
    shutil.copytree(tmp_path / "mine/c", tmp_path / "mine/c/state/snapshots/00000001")
    return tmp_path / "mine"


@pytest.mark.parametrize("start", [overview.main, lambda words: cli.main(["report", *words])])
def test_a_report_puts_losses_and_seeds_beside_each_other(mine, capsys, start):
    assert start(["mine", "--out", "report.md"]) == 0
    text = (mine.parent / "report.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| dcgan")]
    assert len(rows) == 2
    assert "focal" in rows[0] and "0, 1" in rows[0] and "55.0 ± 7.1" in rows[0]
    assert "wgan" in rows[1] and "90.0" in rows[1] and "±" not in rows[1]
    assert "3 runs" in text and "- unfinished: it holds no config.json" in text and "- broken: " in text
    said = capsys.readouterr().err
    assert "mine/unfinished is passed over" in said and "mine/broken is passed over" in said
    for name, size in (("curves", (720, 520)), ("samples", (768, 274))):
        assert f"](report-{name}.png)" in text
        assert Image.open(mine.parent / f"report-{name}.png").size == size


def test_a_cut_picture_is_named_and_costs_the_report_nothing_else(mine, capsys):
    path = mine / "c/samples.png"
    path.write_bytes(path.read_bytes()[:60])
    assert overview.main(["mine"]) == 0
    assert f"{path.relative_to(mine.parent)} is passed over: cannot read" in capsys.readouterr().err
    text = (mine.parent / "report.md").read_text()
    assert "3 runs" in text and "- samples.png: cannot read mine/c/samples.png" in text
    assert Image.open(mine.parent / "report-samples.png").size == (512, 274)


def test_figures_by_different_protocols_are_not_averaged(mine):
    path = mine / "pair/b-seed1/metrics.json"
    path.write_text(path.read_text().replace('"fid_n5000"', '"fid_n100"').replace('"n": 5000', '"n": 100'))
    assert overview.main(["mine"]) == 0
    row = next(line for line in (mine.parent / "report.md").read_text().splitlines() if "focal" in line)
    assert "50.0 (1 of 2)" in row and "±" in row  # the classifier's figures are alike


def change(folder, **options):
    config = json.loads((folder / "config.json").read_text())
    config["options"] = {"kimg": config["training"]["kimg"]} | (config["options"] or {}) | options
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("other", [{"lr": 0.001}, {"mirror": True}, {"width": 64, "critic_width": 8}])
def test_runs_that_differ_in_any_other_option_are_no_seeds_of_one_another(mine, other):
    change(mine / "pair/a", **dict.fromkeys(other))
    change(mine / "pair/b-seed1", **other)
    assert overview.main(["mine"]) == 0
    rows = [row for row in (mine.parent / "report.md").read_text().splitlines() if "| focal |" in row][:2]
    told = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in other.items())
    assert sorted((told in row, "±" in row) for row in rows) == [(False, False), (True, False)]


def test_runs_of_different_sizes_are_no_seeds_of_one_another_and_say_their_size(mine):
    path = mine / "pair/b-seed1/config.json"
    config = json.loads(path.read_text())
    config["dataset"]["size"] = 2 * config["dataset"]["size"]
    path.write_text(json.dumps(config))
    assert overview.main(["mine"]) == 0
    text = (mine.parent / "report.md").read_text()
    rows = [row for row in text.splitlines() if row.startswith("| dcgan") and "| focal |" in row]
    assert len(rows) == 2 and not any("±" in row for row in rows)
    assert ["32 px" in row for row in rows] == [True, False] and "64 px" in rows[1]


def test_runs_that_differ_in_augmentation_or_in_what_they_began_with_are_no_seeds_of_one_another(mine):
    change(mine / "pair/b-seed1", augment="ada", freeze_d=2, **{"from": "me/cats"})
    assert overview.main(["mine"]) == 0
    rows = [
        line for line in (mine.parent / "report.md").read_text().splitlines() if line.startswith("| dcgan")
    ]
    assert [("50.0" in row, "60.0" in row, "ada, from me/cats, freeze-d 2" in row) for row in rows[:2]] == [
        (False, True, True),
        (True, False, False),
    ]


def test_a_run_of_which_only_curves_were_measured_is_not_called_measured(mine):
    for place in ("pair/a", "pair/b-seed1", "c"):
        path = mine / place / "metrics.json"
        found = json.loads(path.read_text())
        found["metrics"] = [{"name": "swing", "value": 0.4, "which": "final", "source": "history.jsonl"}]
        path.write_text(json.dumps(found))
    assert overview.main(["mine/c"]) == 0
    text = (mine.parent / "report.md").read_text()
    assert "1 run;" in text and "None of them is measured" in text and "| its curves alone |" in text


@pytest.mark.parametrize("kind", ["diffaug", "ada", "none"])
def test_a_card_says_what_augmentation_it_was_trained_with(kind, mine):
    text = card.render(change(mine / "c", augment=kind))
    assert (f"what the critic sees is augmented by {kind}" in text) == (kind != "none")


def test_where_there_is_nothing_to_report_a_line_says_so(mine, capsys):
    for words in (["mine/unfinished"], ["nowhere"], ["mine", "--out", "report.txt"]):
        assert overview.main(words) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert cli.main(["report"]) == 2


def test_cards_of_a_folder_of_folders_are_made_and_what_is_none_is_named(mine, capsys):
    for words in (["mine"], ["mine/pair", "mine/c", "mine/unfinished", "mine/broken"]):
        assert build.main(words) == 0
        said = capsys.readouterr().err
        assert "unfinished is passed over" in said and "broken is passed over" in said
        for name in ("pair/a", "pair/b-seed1", "c"):
            assert (mine / name / "README.md").is_file()
            (mine / name / "README.md").unlink()
    assert not (mine / "c/state/snapshots/00000001/README.md").exists()
    for alone in ("mine/unfinished", "mine/broken"):
        assert build.main([alone]) == 2


def test_without_names_no_installed_model_is_written(make, bundle, capsys, monkeypatch, tmp_path):
    folder = make(bundle("dcgan-focal-cifar10"))
    monkeypatch.setattr(build, "ROOT", tmp_path)
    assert build.main([]) == 2 and not (folder / "README.md").exists()
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "no model is named" in said
    assert build.main(["--check"]) == 1 and "has no README.md" in capsys.readouterr().out
    assert build.main([str(folder)]) == 0 and (folder / "README.md").is_file()


def test_folders_are_gathered_by_path_id_and_folder(mine):
    found, over = names.gathered(
        ["mine/pair", mine / "c", "dcgan-focal-cifar10", "mine/pair/a", "mine/unfinished"]
    )
    assert [folder.name for folder in found] == ["a", "b-seed1", "c", "dcgan-focal-cifar10"]
    assert list(over) == ["mine/unfinished"]


def test_a_run_that_is_named_twice_is_no_second_seed(mine, capsys, monkeypatch):
    (mine.parent / "link").symlink_to(mine / "c")
    assert overview.main(["mine/c", str(mine / "c"), "mine/pair/../c", "link"]) == 0
    text = (mine.parent / "report.md").read_text()
    assert "1 run;" in text and "| 90.0 |" in text and not capsys.readouterr().err
    shutil.copytree(mine / "c", mine.parent / "copy")
    assert overview.main(["mine/c", "copy"]) == 0
    text = (mine.parent / "report.md").read_text()
    assert "1 run;" in text and "- copy: its weights are those of mine/c" in text
    assert "copy is passed over: its weights are those of mine/c" in capsys.readouterr().err
    monkeypatch.chdir(mine / "c")
    assert overview.main([".", "../pair/a/.."]) == 0
    text = (mine / "c/report.md").read_text()
    assert "| c | wgan |" in text and "| a | focal |" in text and "3 runs;" in text


def test_an_unfinished_folder_that_one_stands_in_is_named(mine, monkeypatch):
    monkeypatch.chdir(mine / "unfinished")
    assert overview.main([".", "../c"]) == 0
    assert "- unfinished: it holds no config.json" in (mine / "unfinished/report.md").read_text()


def test_a_stopped_run_says_how_far_it_came(make):
    folder = make("runs/killed", kimg=36.8, history=lines())
    config = json.loads((folder / "config.json").read_text())
    for planned, told in ((60, True), (36.8, False), (None, False)):
        config["options"] = None if planned is None else {"kimg": planned}
        (folder / "config.json").write_text(json.dumps(config))
        assert ("**This run was stopped at 36.8 of 60 kimg.**" in card.render(folder)) == told
    assert replace(read("", folder)).kimg == checkpoint.read(folder).training.kimg


def test_runs_of_one_name_are_told_apart_by_their_paths_and_a_link_keeps_its_name(tmp_path):
    for name in ("x/run", "y/run", "z"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "best").symlink_to(tmp_path / "z")
    one, other, link = (tmp_path / name for name in ("x/run", "y/run", "best"))
    assert report.names_of([one, other, link]) == {one: str(one), other: str(other), link: "best"}
