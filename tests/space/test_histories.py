"""Curves and samples along the way, as the page is given them."""

import base64
import io
import json
import os
import time
from pathlib import Path

import pytest
from PIL import Image

from space import curves, export
from space.histories import Histories, moments
from space.shelf import Shelf, find, places
from tests import toys
from train.running import folder as run_folder
from zoo import checkpoint
from zoo.errors import UnknownName


@pytest.fixture
def of(runs):
    toys.train(runs / "dcgan-a", lines=30, kimg=300.0)
    return Histories(Shelf(find([str(runs)]), places([str(runs)])))


def frames(of: dict) -> list[int]:
    """The grey level of each frame of a sheet of samples."""
    sheet = Image.open(io.BytesIO(base64.b64decode(of["sheet"].partition(",")[2]))).convert("L")
    assert sheet.size == (of["width"], of["height"] * len(of["kimg"]))
    return [round(sheet.getpixel((5, of["height"] * i + 5)) / 10) * 10 for i in range(len(of["kimg"]))]


def test_a_history_comes_by_columns_without_what_is_not_finite(of, runs):
    path = runs / "dcgan-a" / "history.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[3]["g_loss"] = float("nan")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kimg": 31')  # on its way
    found = of.curves("dcgan-a")
    assert found["kimg"] == [line["kimg"] for line in lines]
    assert found["columns"]["d_loss"] == [line["d_loss"] for line in lines]
    assert found["columns"]["gap"][0] == lines[0]["d_real"] - lines[0]["d_fake"]
    assert [i for i, value in enumerate(found["columns"]["g_loss"]) if value is None] == [3]
    assert "penalty" not in found["columns"]  # it is 0 all along
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_swing_and_settling_are_told_of_these_very_lines_alone(of, runs):
    rows = [
        {"name": "swing_d", "value": 0.2, "lines": 30, "saturated": True},
        {"name": "settled_kimg_d", "value": 120.0, "lines": 30},
        {"name": "swing_g", "value": 0.1, "lines": 30},
        {"name": "settled_kimg_g", "value": None, "lines": 30},
    ]
    about = {"weights_sha256": checkpoint.read(runs / "dcgan-a").weights.sha256, "metrics": rows}
    (runs / "dcgan-a" / "metrics.json").write_text(json.dumps(about))
    assert of.curves("dcgan-a")["said"] == {
        "d": {"swing": 0.2, "settled": 120.0, "state": "saturated"},
        "g": {"swing": 0.1, "settled": None, "state": None},
    }
    toys.train(runs / "dcgan-a", lines=31, kimg=310.0)
    assert of.curves("dcgan-a")["said"] == {}


def test_a_run_without_a_model_yet_is_known_by_its_folder_and_seen_to_run(of, runs):
    toys.train(runs / "sngan-wgan-gp-cifar10-seed2", lines=3)
    toys.train(runs / "something", lines=1)
    found = {run["id"]: run for run in of.runs()}
    assert set(found) == {"dcgan-a", "sngan-wgan-gp-cifar10-seed2", "something"}  # those with a history
    new = found["sngan-wgan-gp-cifar10-seed2"]
    assert (new["family"], new["loss"], new["data"], new["running"]) == ("sngan", "wgan-gp", "cifar10", True)
    assert found["something"]["loss"] is None
    before = time.time() - 3600
    os.utime(runs / "dcgan-a" / "history.jsonl", (before, before))
    assert {run["id"]: run["running"] for run in of.runs()}["dcgan-a"] is False
    toys.train(runs / "something", lines=2)
    assert {run["id"]: run for run in of.runs()}["something"]["rev"] != found["something"]["rev"]
    assert len(of.curves("something")["kimg"]) == 2


def test_nothing_runs_outside_of_the_places_where_runs_are_written(runs):
    toys.train(runs / "dcgan-a")
    (run,) = Histories(Shelf([runs / "dcgan-a"])).runs()
    assert run["running"] is False


def test_samples_of_a_run_are_those_of_its_snapshots_at_their_kimg(of, runs):
    toys.train(runs / "dcgan-a", lines=40, kimg=400.0, shades=(10, 100, 200))
    found = of.progress("dcgan-a")
    assert (found["width"], found["height"]) == (64, 32)  # the lower half
    assert frames(found) == [10, 100, 200]
    assert found["kimg"] == pytest.approx([130.0, 270.0, 400.0], abs=1)
    assert of.progress("dcgan-b") is None


@pytest.mark.parametrize("shades", [(10, 90, 180, 240), (10, 90, 180, 180)])
def test_samples_of_a_finished_training_are_the_frames_of_its_progress(of, runs, shades):
    """Also where two in a row are alike, which the film holds once."""
    folder = runs / "dcgan-a"
    toys.train(folder, lines=40, kimg=400.0, shades=shades)
    run_folder.write_progress(folder)
    for path in sorted((folder / "state").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    found = of.progress("dcgan-a")
    assert frames(found) == list(shades) and found["kimg"][-1] == 400.0


@pytest.mark.parametrize(
    ("lines", "every", "frames", "kimg"),
    [
        (16, 4.0, 4, [4, 8, 12, 16]),
        (17, 4.0, 5, [4, 8, 12, 16, 17]),  # and the last line
        (16, 4.0, 2, [8, 16]),  # not as train/ does it
        (0, None, 1, [0]),
    ],
)
def test_the_moments_of_samples_are_those_at_which_train_takes_them(lines, every, frames, kimg):
    assert moments([{"kimg": i + 1.0} for i in range(lines)], frames, [], every) == kimg


@pytest.mark.slow
@pytest.mark.parametrize("id", ["cdcgan-wgan-cifar10", "sngan-vanilla-cifar10", "dcgan-focal-cifar10"])
def test_the_moments_of_bundled_samples_are_those_of_the_measured_snapshots(id):
    shelf = Shelf(find(None))
    found = Histories(shelf).progress(id)["kimg"]
    rows = shelf.info(id).metrics.rows
    measured = sorted({row["kimg"] for row in rows if row.get("which") == "snapshot"})
    assert found == pytest.approx(measured, rel=1e-4) if measured else len(found) == 10


def test_what_cannot_be_is_said(of):
    with pytest.raises(UnknownName, match="no training named"):
        of.curves("no-such")
    ask = curves.told(lambda asked: {"curves": of.curves(asked["model"])})
    assert "no training named" in ask({"model": "no-such"})["error"]
    assert ask(7) == {"error": "ask with an object"}


@pytest.mark.parametrize("damaged", [b"{\n", b"\xff\xfe\n", b"[" * 30_000 + b"\n"])
def test_one_damaged_training_hides_no_other(damaged, of, runs):
    toys.train(runs / "b", lines=3)
    with (runs / "b/history.jsonl").open("ab") as file:
        file.write(damaged)
    toys.train(runs / "c", lines=3, shades=(9,))
    (runs / "c/state/snapshots").glob("*/samples.png").__next__().write_bytes(b"\x89PNG\r\n\x1a\n")
    answer = curves.each("curves", of.curves, ["dcgan-a", "b", "no-such", "c"])
    assert answer["curves"].keys() == {"dcgan-a", "c"} and answer["wrong"].keys() == {"b", "no-such"}
    assert "damaged" in answer["wrong"]["b"] and "no training named" in answer["wrong"]["no-such"]
    answer = curves.each("progress", of.progress, ["c", "dcgan-a"])
    assert answer["progress"].keys() == {"dcgan-a"} and "cannot be read" in answer["wrong"]["c"]
    assert {run["id"]: run["running"] for run in of.runs()} == {"dcgan-a": True, "b": False, "c": True}


def test_lines_of_odd_types_are_no_end_of_a_training(of, runs):
    toys.train(runs / "dcgan-a", lines=30, kimg=300.0, shades=(10, 20))
    odd = ({"kimg": "1", "g_steps": 1}, {"kimg": 301.0, "g_steps": {}, "seconds": "x", "d_loss": []}, 7)
    with (runs / "dcgan-a/history.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in odd)
    assert len(of.curves("dcgan-a")["kimg"]) == 31 and len(of.progress("dcgan-a")["kimg"]) == 2
    assert of.runs()[0]["running"] is True


def test_a_page_opens_on_a_folder_in_which_a_training_has_only_begun(tmp_path):
    toys.train(tmp_path / "dcgan-focal-toy", lines=2)
    assert find([str(tmp_path)]) == []
    assert [run["id"] for run in Histories(Shelf([], places([str(tmp_path)]))).runs()] == ["dcgan-focal-toy"]
    assert places([str(Path(tmp_path) / "dcgan-focal-toy")]) == [tmp_path / "dcgan-focal-toy"]


def test_a_page_without_a_server_leaves_out_what_is_damaged_and_says_so(of, runs, capsys):
    toys.train(runs / "dcgan-b", lines=3)
    with (runs / "dcgan-a/history.jsonl").open("a") as file:
        file.write("{\n")
    _, about = export.curves_of(of.shelf)
    assert [run["id"] for run in about["runs"]] == ["dcgan-b"] == list(about["files"])
    assert "space: no curves of dcgan-a: " in capsys.readouterr().err
