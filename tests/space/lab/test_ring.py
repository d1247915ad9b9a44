"""What the page says of five seeds is what the command computes."""

import json
import statistics

import pytest

from space.lab import ring, tab
from space.lab.training import shipped
from zoo import losses

KEPT = json.loads(ring.FILE.read_text(encoding="utf-8"))


def test_every_loss_has_its_seeds_and_their_median_and_range():
    assert list(KEPT["losses"]) == list(losses.LOSSES)
    assert (KEPT["seeds"], KEPT["steps"], KEPT["places"]) == (list(ring.SEEDS), ring.STEPS, 8)
    for row in KEPT["losses"].values():
        assert len(row["reached"]) == len(ring.SEEDS) == 5
        assert row["median"] == statistics.median(row["reached"])
        assert row["range"] == [min(row["reached"]), max(row["reached"])]


def test_a_part_of_it_comes_out_again():
    """Rounding leads machines and numbers of threads apart: 4 % of began's pull so far, later anything."""
    training = ring.trained(0, ring.EARLY)
    assert ring.pulls(training) == pytest.approx(KEPT["pull_after"][str(ring.EARLY)]["0"], rel=0.1)


def test_it_was_computed_with_the_settings_that_the_page_opens_with():
    told = tab.told()
    setting = shipped(0)
    for name, fields in told["sliders"].items():
        for field, bounds in fields.items():
            assert getattr(setting.losses[name], field) == bounds[-1], (name, field)
    assert (setting.optimiser, setting.lead, told["ring"]) == ("adam", 0, KEPT)
