"""What the page tells of the models and losses: figures, curves, words, reasons."""

import pytest
import torch

import zoo
from space import catalogue
from zoo import losses
from zoo.config import Config
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


def test_bold_is_every_figure_whose_interval_reaches_the_best(row):
    entries = row(("focal", 20.0, 0.5), ("hinge", 20.9, 0.5), ("wgan", 22.0, 0.5))
    marks = [entry["figures"]["best"] for entry in entries]
    assert marks == [True, True, False]


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


def test_what_cannot_be_has_its_reason():
    assert "no place for a class" in catalogue.family("cdcgan")["refused"]["began"]
    assert catalogue.family("dcgan") == {
        "words": catalogue.WORDS["dcgan"],
        "script": "train/dcgan.py",
        "refused": {},
    }
    assert catalogue.family("cdcgan")["script"] == "train/dcgan.py --conditional"


def test_every_loss_has_its_words_of_at_most_32_characters():
    assert all(0 < len(catalogue.WORDS[name]) <= 32 for name in losses.LOSSES)
