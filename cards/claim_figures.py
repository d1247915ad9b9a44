"""Pictures for the claims: dots with intervals beside the papers' figures, and curves over the papers' ranges."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from cards.figures import ACCENT, DPI, INK, QUIET, WIDTH, dress, png, smoothed
from cards.intervals import interval

LEGEND = "dots: training seeds; line: 95 % interval of their mean (arrow: beyond)"
THEIRS, THRESHOLD = "; diamond: the paper's", "; dashed: thresholds"


@dataclass(frozen=True)
class Row:
    """`ours`: a figure per training seed; `also`: of a second measure, in the accent; `theirs`: the paper's."""

    label: str
    ours: Sequence[float] = ()
    theirs: float | None = None
    also: Sequence[float] = ()

    @property
    def every(self) -> list[float]:
        return [*self.ours, *self.also, *([] if self.theirs is None else [self.theirs])]


@dataclass(frozen=True)
class Panel:
    """One scale. `marks`: thresholds of a claim, drawn as dashed lines."""

    title: str
    rows: Sequence[Row]
    marks: Sequence[float] = ()
    linear: bool = False

    @property
    def every(self) -> list[float]:
        return [x for row in self.rows for x in row.every]

    @property
    def logarithmic(self) -> bool:
        """Where figures lie far apart, and all above 0, as the thresholds do."""
        return (
            not self.linear and min([*self.every, *self.marks]) > 0 and max(self.every) > 4 * min(self.every)
        )


def dots(panels: Sequence[Panel], measure: str = "") -> bytes:
    """A PNG of panels that share their rows, side by side."""
    labels = [row.label for row in panels[0].rows]
    height = 0.95 + 0.27 * len(labels)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    for axis, panel in zip(axes, panels, strict=True):
        _scale(axis, panel, few=len(panels) > 2)
        for y, row in enumerate(panel.rows):
            _row(axis, y, row)
        for x in panel.marks:
            axis.axvline(x, color=QUIET, linewidth=1, linestyle="--")
        axis.set_yticks(range(len(labels)), labels)
        axis.set_ylim(len(labels) - 0.5, -0.5)
        dress(axis, panel.title)
    theirs = any(row.theirs is not None for panel in panels for row in panel.rows)
    about = measure + LEGEND + THEIRS * theirs + THRESHOLD * any(panel.marks for panel in panels)
    figure.supxlabel(about, color=QUIET, fontsize=8)
    return png(figure)


def _row(axis: Axes, y: float, row: Row) -> None:
    """On an axis that has its limits."""
    for figures, colour in ((row.ours, INK), (row.also, ACCENT)):
        if len(figures) > 1:
            _, low, high = interval(figures)
            left, right = axis.get_xlim()
            axis.plot([max(low, left), min(high, right)], [y, y], color=colour, linewidth=1.2)
            for on, edge, arrow in ((low < left, left, "<"), (high > right, right, ">")):
                if on:
                    axis.plot([edge], [y], arrow, color=colour, markersize=4, clip_on=False)
        axis.plot(figures, [y] * len(figures), "o", color=colour, alpha=0.6, markersize=5, markeredgewidth=0)
    if row.theirs is not None:
        axis.plot([row.theirs], [y], "D", color=INK, markersize=6, markerfacecolor="none", markeredgewidth=1)


def _scale(axis: Axes, panel: Panel, few: bool) -> None:
    least, most = min([*panel.every, *panel.marks]), max([*panel.every, *panel.marks])
    if panel.logarithmic:
        axis.set_xscale("log")
        axis.set_xlim(0.8 * least, 1.25 * most)
        decades = np.log10(most / least)
        axis.xaxis.set_major_locator(LogLocator(subs=(1,) if decades > 2 else (1, 3) if few else (1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_locator(NullLocator())
    else:
        margin = 0.08 * (most - least) or 0.1 * abs(most) or 1.0
        axis.set_xlim(least - margin, most + margin)
        axis.xaxis.set_major_locator(MaxNLocator(3 if few else 5))


@dataclass(frozen=True)
class Curves:
    """One loss: `runs` are (kimg, critic's loss, generator's loss), one per seed; `ranges` the paper's, by player."""

    title: str
    runs: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
    ranges: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    settled: float | None = None


def over_ranges(panels: Sequence[Curves]) -> bytes:
    """A PNG of smoothed loss curves over the ranges that a paper reports of them, a panel per loss."""
    figure = Figure(figsize=(WIDTH, 2.7), dpi=DPI, layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(panels)))
    for axis, panel in zip(axes, panels, strict=True):
        for kimg, critic, generator in panel.runs:
            for x, colour in ((critic, INK), (generator, ACCENT)):
                axis.plot(kimg, smoothed(x), color=colour, linewidth=1.4)
        for player, (low, high) in panel.ranges.items():
            colour = INK if player == "d" else ACCENT
            if low is not None and high is not None:
                axis.axhspan(low, high, color=colour, alpha=0.15, linewidth=0)
            else:
                axis.axhline(high if low is None else low, color=colour, linewidth=1.2, linestyle="--")
        if any(None in span for span in panel.ranges.values()):
            axis.set_yscale("symlog", linthresh=1.0)
            axis.set_yticks([-1000, -10, 0, 10, 1000], ["−1000", "−10", "0", "10", "1000"])
            axis.yaxis.set_minor_locator(NullLocator())
        if panel.settled is not None:
            axis.axvline(panel.settled, color=QUIET, linewidth=1.2, linestyle="--")
        axis.set_xlim(0, max(kimg[-1] for kimg, _, _ in panel.runs))
        axis.xaxis.set_major_locator(MaxNLocator(4))
        dress(axis, panel.title)
    about = "loss over kimg: critic black, generator red; bands and dashed lines: what the paper reports"
    figure.supxlabel(about, color=QUIET, fontsize=8)
    return png(figure)
