"""Curves show what a history has, and survive what is in it."""

import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from cards import figures


def columns(history) -> dict[str, list[str]]:
    return {title: [name for name, _, _ in found] for title, found in figures.panels(history).items()}


def test_curves_show_what_a_history_has(figures_of):
    assert columns(figures_of.history()) == {
        "loss": ["critic", "generator"],
        "share of pairs that the critic ranks right": ["critic"],
    }
    assert "gradient penalty" in columns(figures_of.history(penalty=np.ones(60)))
    assert columns([{"kimg": 1.0, "l1": 0.5}, {"kimg": 2.0, "l1": 0.4}]) == {
        "L1 distance to the photograph": ["generator"]
    }
    assert figures.curves([{"kimg": 1.0, "d_loss": 1.0}]) is None


def test_curves_survive_spikes_and_lines_that_are_not_finite(figures_of):
    loss = np.ones(60)
    loss[[5, 6]] = -2180.0, figures_of.nan
    assert figures.curves(figures_of.history(g_loss=loss, d_accuracy=np.full(60, figures_of.nan)))


def test_smoothing_keeps_a_line_and_calms_noise():
    line = np.linspace(0, 1, 200)
    assert figures.smoothed(line) == pytest.approx(line, abs=0.015)
    noise = np.random.default_rng(0).normal(size=200)
    assert figures.smoothed(noise).std() < 0.5 * noise.std()


def test_critic_and_generator_keep_their_colours(figures_of):
    loss = np.random.default_rng(2).normal(1, 0.5, 60)
    picture = Image.open(io.BytesIO(figures.curves(figures_of.history(d_loss=loss, penalty=loss)))).convert(
        "RGB"
    )
    pixels = {colour for _, colour in picture.getcolors(2**16)}
    assert {ImageColor.getrgb(colour) for colour in (figures.INK, figures.ACCENT, figures.PAPER)} <= pixels


def test_the_same_history_gives_the_same_bytes(figures_of):
    assert figures.curves(figures_of.history()) == figures.curves(figures_of.history())


@pytest.mark.parametrize("families", [1, 3, 4, 9])
def test_families_stand_three_abreast(families):
    """Nine in a row were too small to be read, and their titles ran into each other."""
    groups = {f"convgan-bn-after-{i}, fashion-mnist": {"focal": [20.0 + i, 25.0]} for i in range(families)}
    picture = Image.open(io.BytesIO(figures.over_zoo(groups, "FID")))
    assert picture.width == pytest.approx(120 + 250 * min(3, families), abs=2)
    assert picture.height > 60 * (-(-families // 3))
