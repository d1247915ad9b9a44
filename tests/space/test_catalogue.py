"""What the page tells of the models and losses: figures, curves, words, reasons."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from itertools import cycle
from pathlib import Path

import pytest
import torch

import zoo
from space import catalogue
from space.shelf import Shelf, find
from train.reading.sources import called
from train.running import loop
from zoo import architectures, losses
from zoo.config import NAMED_DATA, Config
from zoo.measurements import Info, Metrics


@pytest.fixture
def some(tmp_path, write) -> Config:
    write(tmp_path / "some", "dcgan-some")
    return zoo.info(tmp_path / "some" / "dcgan-some").config


@pytest.fixture
def row(some):
    """row((loss, value, standard error), …): the figures of one row of the matrix."""

    def row(*models: tuple[str, float | None, float | None], recall: float = 0.4) -> list[dict]:
        entries = []
        for loss, value, se in models:
            fid = {"name": "fid_n5000", "value": value, "n": 5000, "which": "final"} | (
                {"se": se} if se else {}
            )
            rows = [fid, {"name": "recall_n5000", "value": recall, "n": 5000}] if value else []
            figures = catalogue.figures(Info(some, Metrics(rows, False)))
            entries.append({"family": "dcgan", "loss": loss, "data": "toy", "figures": figures})
        catalogue.mark_rows(entries)
        catalogue.mark_best(entries)
        return entries

    return row


@pytest.mark.parametrize(
    "errors, marks",
    [((0.5, 0.5, 0.5), [True, True, False]), ((None, None, None), [True, False, False]),
     ((0.45, None, 0.9), [True, False, True]), ((0.8, 0.0, 0.8), [True, True, True])],
)  # fmt: skip
def test_bold_is_the_best_and_every_figure_that_sampling_errors_cannot_tell_from_it(row, errors, marks):
    figures = zip(("focal", "hinge", "wgan"), (20.0, 20.9, 21.9), errors, strict=True)
    assert [entry["figures"]["best"] for entry in row(*figures)] == marks
    assert not row(("focal", 20.0, 0.5))[0]["figures"]["best"]  # best of none


def test_a_model_without_figures_or_with_old_ones_shows_none(row, some):
    assert row(("focal", None, None))[0]["figures"] is None
    fid = {"name": "fid_n5000", "value": 20.0, "n": 5000}
    assert catalogue.figures(Info(some, Metrics([fid], stale=True))) is None
    assert catalogue.figures(Info(some, Metrics([fid | {"which": "best"}], False))) is None


def test_a_model_that_reaches_hardly_any_real_picture_has_collapsed(row):
    assert row(("wgan", 200.0, None), recall=0.04)[0]["figures"]["collapsed"]
    assert not row(("wgan", 200.0, None), recall=0.06)[0]["figures"]["collapsed"]


def test_a_second_model_of_a_cell_stands_in_a_row_of_its_own(row):
    assert [entry["row"] for entry in row(("focal", 1.0, None), ("focal", 2.0, None))] == ["dcgan", "dcgan 2"]


def test_models_of_one_data_set_at_two_sizes_are_not_laid_side_by_side(tmp_path, write):
    """Pictures of 32 pixels stood beside those of 64, under "my_photos, 64 px"."""
    for id in ("dcgan-large", "dcgan-small", "dcgan-smaller"):
        write(tmp_path, id)
        path = tmp_path / id / "config.json"
        config = json.loads(path.read_text())
        config["dataset"] |= {"name": "photos", "id": None, "size": 64 if id == "dcgan-large" else 32}
        path.write_text(json.dumps(config))
    known = catalogue.catalogue(Shelf(find([str(tmp_path)])))
    assert {name: of["size"] for name, of in known["data"].items()} == {"photos": 64, "photos 32 px": 32}
    shown = [(model["data"], model["row"]) for model in known["models"]]
    assert shown == [("photos", "dcgan"), ("photos 32 px", "dcgan"), ("photos 32 px", "dcgan 2")]


@pytest.mark.parametrize("name", losses.LOSSES)
def test_the_curves_are_the_losses_own(name):
    curves, loss = catalogue.curves(name), losses.get(name)
    at = {x: (d, g) for x, d, g in zip(curves["x"], curves["d"], curves["g"], strict=True)}
    score, zero = torch.tensor(1.5), torch.tensor(0.0)
    assert at[1.5][1] == pytest.approx(loss.g(score, zero).item(), abs=1e-3)
    steps = [loss.d(zero, torch.tensor(x)).item() if name != "began" else -0.5 * x for x in (1.5, 0.0)]
    assert at[1.5][0] - at[0.0][0] == pytest.approx(steps[0] - steps[1], abs=2e-3)


def test_prices_start_where_the_real_score_costs_nothing():
    assert catalogue.curves("lsgan")["d"][24] == 0 and catalogue.curves("hinge")["d"][0] == 0
    assert catalogue.curves("vanilla")["d"][24] == pytest.approx(0.693, abs=1e-3)


def test_an_error_is_never_below_0():
    assert {name: catalogue.curves(name)["x"][0] for name in ("began", "wgan")} == {"began": 0, "wgan": -3}


def test_what_cannot_be_has_its_reason():
    assert "no place for a class" in catalogue.family("cdcgan")["refused"]["began"]
    assert catalogue.family("dcgan") == {
        "words": "transposed convolutions, no labels",
        "command": "train/dcgan.py",
        "refused": {},
    }


# ---- the command that would fill an empty place

SETS = {  # name, id, size, as configs tell them → how a script is asked for them
    ("cifar10", "uoft-cs/cifar10", 32): ["--dataset", "cifar10"],
    ("cifar10", "uoft-cs/cifar10", 64): ["--dataset", "cifar10", "--size", "64"],
    ("fashion-mnist", "zalando-datasets/fashion_mnist", 28): ["--dataset", "fashion-mnist"],
    ("cats64", None, 64): ["--dataset", "cats64"],
    ("someone-cifar10", "someone/cifar10", 32): ["--dataset", "someone/cifar10", "--size", "32"],
    ("my_photos", None, 64): ["--dataset", "./my_photos", "--size", "64"],
}
FROM_NOISE = [name for name, row in architectures.ARCHITECTURES.items() if row.kind == "noise"]


def printed(some: Config, name: str, loss: str, of: tuple[str, str | None, int]) -> str:
    """Put together as in static/caption.js, which test_compare.py reads from the page."""
    dataset = replace(some.dataset, **dict(zip(("name", "id", "size"), of, strict=True)))
    data = catalogue.data([dataset])
    return f"{catalogue.family(name)['command']} --loss {loss} {data[of[0]]['options']}"


@pytest.mark.parametrize("name", FROM_NOISE)
def test_what_is_printed_trains_that_architecture_with_that_loss_on_that_data(name, some, monkeypatch):
    """main() reads the options as it does for a user, and stops where training would begin."""
    asked = []
    monkeypatch.setattr(loop, "run", lambda name, options, script: asked.append((name, options)))
    allowed = [loss for loss in losses.LOSSES if loss not in catalogue.family(name)["refused"]]
    assert len(allowed) >= len(SETS)  # so that each set has its turn
    for loss, of in zip(allowed, cycle(SETS), strict=False):
        script, *words = shlex.split(printed(some, name, loss, of))
        assert words[-len(SETS[of]) :] == SETS[of]
        monkeypatch.setattr(sys, "argv", [script, *words])
        import_module(script.removesuffix(".py").replace("/", ".")).main()
        trained, options = asked.pop()
        assert (trained, options.loss) == (name, loss)
        found = called(options.dataset)
        assert (found.name, found.id) == of[:2]
        assert (options.size or NAMED_DATA[found.name].size) == of[2]


@pytest.mark.slow
def test_what_is_printed_runs(some):
    last = {catalogue.family(name)["command"].split()[0]: name for name in FROM_NOISE}  # of each script
    lines = [printed(some, name, "lsgan", next(iter(SETS))) for name in last.values()]
    commands = [[sys.executable, *shlex.split(line), "--help"] for line in lines]
    root = Path(catalogue.__file__).parents[1]
    started = [subprocess.Popen(c, cwd=root, stdout=subprocess.PIPE, encoding="utf-8") for c in commands]
    for line, process in zip(lines, started, strict=True):
        said, _ = process.communicate(timeout=240)
        assert process.returncode == 0 and said.startswith(f"usage: {line.split()[0]} ")


def test_another_split_is_asked_for(some):
    options = catalogue.data_options(replace(some.dataset, name="my photos", id=None, size=32, split="a b"))
    assert shlex.split(options) == ["--dataset", "./my photos", "--size", "32", "--split", "a b"]


def test_a_translating_model_tells_whether_its_dropout_stays(tmp_path, write):
    write(tmp_path, "pix2pix-a", "pix2pix")
    write(tmp_path, "tint-a", "tint")
    shelf = Shelf(find([str(tmp_path)]))
    assert {one["id"]: one["dropout"] for one in catalogue.catalogue(shelf)["translators"]} == {
        "pix2pix-a": True, "tint-a": False
    }  # fmt: skip


def test_all_models_are_told_of_in_the_same_words(shelf):
    """A script that reads /models, and Curves, know those that translate as they know the others."""
    known = catalogue.catalogue(shelf)
    fields = {"id", "load", "family", "loss", "data", "size", "classes", "figures"}
    assert all(fields <= one.keys() for one in [*known["models"], *known["translators"]])
    assert {one["family"] for one in known["translators"]} == {"tint"}
