"""Pictures of claims hold every figure that they speak of, and are there only while there is one."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from cards import claim_figures, claim_pictures, overview, runs
from cards.claim_figures import Curves, Panel, Row
from cards.runs import Zoo


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would have become PNGs."""
    figures = []
    monkeypatch.setattr(claim_figures, "png", figures.append)
    return figures


def test_there_is_no_picture_of_what_has_no_figures(run, tmp_path):
    assert claim_pictures.pictures(Zoo()) == {}
    zoo = Zoo([run("focal", "sngan"), run("wgan", "sngan", swing_d=0.5)])
    assert {*claim_pictures.pictures(zoo)} == {
        "claims-resnet.png"
    }  # histories need folders, the claims these losses


def test_a_picture_whose_figures_are_gone_goes_and_is_drift_until_then(run, tmp_path):
    zoo = Zoo([run(loss, "sngan") for loss in ("vanilla", "hinge")])
    overview.write(zoo, tmp_path)
    page = (tmp_path / "overview.md").read_text()
    assert (tmp_path / "claims-resnet.png").is_file() and "](claims-resnet.png)" in page
    assert overview.check(zoo, tmp_path) is None
    (tmp_path / "claims-resnet.png").unlink()
    assert overview.check(zoo, tmp_path) == "claims-resnet.png is missing"
    overview.write(Zoo(), tmp_path)
    (tmp_path / "claims-resnet.png").write_bytes(b"old")
    assert overview.check(Zoo(), tmp_path) == "claims-resnet.png is of figures that are gone"
    overview.write(Zoo(), tmp_path)
    assert not list(tmp_path.glob("claims-*.png"))


def test_what_is_seen_is_said_for_those_who_cannot_see_it(run):
    zoo = Zoo([run("focal", seed=seed) for seed in (0, 1)] + [run("vanilla")])
    alt = claim_pictures.pictures(zoo)["claims-swing.png"].alt
    assert (
        alt.startswith("F1 and F2: swing of vanilla; focal. Panels: dcgan, critic; dcgan, generator")
        and "lsgan" not in alt
    )


def test_critics_that_have_won_or_died_are_no_dots(run):
    zoo = Zoo([run("focal"), run("vanilla")])
    for row in zoo.runs[0].rows:
        row["saturated"] = True
    (panel, _, *_) = claim_pictures.swing(zoo)
    assert {row.label: len(row.ours) for row in panel.rows} == {
        "vanilla": 1,
        "focal": 0,
        "lsgan": 0,
        "wgan-gp": 0,
    }


def test_every_dot_and_the_papers_figure_lie_within_the_axes(drawn):
    rows = [Row("a", [0.01, 0.02], 0.9), Row("b", [], 0.3), Row("c", [0.5])]
    claim_figures.dots(
        [Panel("far apart", rows), Panel("not above 0", [Row("a", [-0.2, 0.1]), *rows[1:]], (0.0,))]
    )
    for axis, (low, high) in zip(drawn[0].axes, ((0.01, 0.9), (-0.2, 0.5)), strict=True):
        left, right = axis.get_xlim()
        assert left < low and right > high
    assert [axis.get_xscale() for axis in drawn[0].axes] == ["log", "linear"]
    diamonds = [line.get_xdata()[0] for line in drawn[0].axes[0].lines if line.get_marker() == "D"]
    assert diamonds == [0.9, 0.3]


def test_a_threshold_at_0_is_on_no_logarithmic_scale(drawn):
    claim_figures.dots([Panel("far apart, above 0", [Row("a", [0.05]), Row("b", [0.9])], (0.0,))])
    (axis,) = drawn[0].axes
    assert axis.get_xscale() == "linear" and axis.get_xlim()[0] < 0


def test_figures_without_the_papers_momentum_are_marked(run):
    zoo = Zoo([run("vanilla", net, "fashion-mnist", fid=27.7) for net in ("convgan", "convgan-bn")])
    (panel,) = claim_pictures.fashion(zoo)
    filled = [row.label for row in panel.rows if row.ours]
    assert filled == ["GAN, no batch norm", "GAN, momentum 0.1*", "GAN, momentum 0.05*"]
    assert panel.title.endswith("*: statistics re-estimated, no momentum)")
    assert "*" not in claim_pictures.fashion(Zoo(zoo.runs[:1]))[0].title


def test_intervals_are_drawn_of_several_seeds_alone(drawn):
    claim_figures.dots([Panel("FID", [Row("a", [50.0, 52.0]), Row("b", [51.0])])])
    spans = [
        line.get_xdata()
        for line in drawn[0].axes[0].lines
        if len(line.get_xdata()) == 2 and line.get_marker() == "None"
    ]
    assert len(spans) == 1 and spans[0][0] < 50 < 52 < spans[0][1]
    markers = {line.get_marker() for line in drawn[0].axes[0].lines}
    assert markers == {"None", "o", "<", ">"}  # 38 to 64 does not fit


def test_an_interval_that_fits_has_no_arrow(drawn):
    claim_figures.dots([Panel("FID", [Row("a", [50.0, 50.1, 50.2]), Row("b", [40.0]), Row("c", [60.0])])])
    assert not any(line.get_marker() in "<>" for line in drawn[0].axes[0].lines)


def test_curves_lie_over_the_papers_ranges(make, figures_of, tmp_path, drawn):
    for loss in ("vanilla", "wgan"):
        make(f"zoo/sngan-{loss}-cifar10", loss=loss, architecture="sngan", history=figures_of.history())
    panels = claim_pictures.resnet_curves(runs.find(tmp_path / "zoo", tmp_path / "results"))
    assert [panel.title for panel in panels] == ["BCE", "WGAN"]
    assert panels[0].ranges == {"g": (0.63, 0.77), "d": (1.3, 1.5)}
    claim_figures.over_ranges(panels)
    bce, wgan = drawn[0].axes
    assert len(bce.patches) == 2 and len(bce.lines) == 2 and wgan.get_yscale() == "symlog"
    assert {line.get_ydata()[0] for line in wgan.lines if line.get_linestyle() == "--"} == {-2180, 2157}


def test_an_infinite_loss_is_a_gap_in_the_curve(make, figures_of, tmp_path, drawn):
    lines = figures_of.history()
    for line in lines[20:30]:
        line["d_loss"] = math.inf
    make("zoo/sngan-wgan-cifar10", loss="wgan", architecture="sngan", history=lines)
    claim_figures.over_ranges(claim_pictures.resnet_curves(runs.find(tmp_path / "zoo", tmp_path / "results")))
    critic = drawn[0].axes[0].lines[0].get_ydata()
    assert np.flatnonzero(~np.isfinite(critic)).tolist() == [*range(21, 29)] and not np.isinf(critic).any()


def test_a_picture_is_small_and_as_wide_as_a_readme():
    x = np.linspace(1, 250, 200)
    png = claim_figures.over_ranges([Curves("BCE", [(x, np.sin(x), np.cos(x))], {"d": (1.3, 1.5)}, 100.0)])
    assert len(png) < 60_000 and Image.open(io.BytesIO(png)).width == 720
