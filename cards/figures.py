"""Pictures of figures: loss curves of one run, and one measure over the zoo. Ink and one accent on white paper."""

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from PIL import Image, ImageColor

from zoo.losses import LOSSES

INK, ACCENT, QUIET, RULE, PAPER = "#15171a", "#bf0a6a", "#5a616a", "#dcdfe3", "#ffffff"
WIDTH, DPI = 7.2, 100  # inches; 720 pixels
SPIKES = 50.0  # a curve that leaves its middle so many times over is drawn on a logarithmic scale

# Panels of a run's curves: title → {column of history.jsonl: (name, colour)}; those without data are left out.
PANELS = {
    "loss": {"d_loss": ("critic", INK), "g_loss": ("generator", ACCENT)},
    "L1 distance to the photograph": {"l1": ("generator", ACCENT)},
    "gradient penalty": {"penalty": ("critic", INK)},
    "share of pairs that the critic ranks right": {"d_accuracy": ("critic", INK)},
}


def curves(lines: Sequence[dict]) -> bytes | None:
    """A PNG of a history's curves, raw (pale) and smoothed, over kimg; None where there are too few to be curves."""
    drawn = panels(lines)
    if not drawn:
        return None
    kimg = np.array([line["kimg"] for line in lines], float)
    heights = [2.0 if title == "loss" else 1.0 for title in drawn]
    figure = Figure(figsize=(WIDTH, 0.5 + 1.35 * sum(heights)), dpi=DPI, layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(drawn), 1, sharex=True, height_ratios=heights))
    for axis, (title, series) in zip(axes, drawn.items(), strict=True):
        for name, colour, x in series:
            axis.plot(kimg, x, color=colour, alpha=0.25, linewidth=0.8)
            axis.plot(kimg, smoothed(x), color=colour, linewidth=1.6, label=name)
        if any(_spikes(x) for _, _, x in series):
            axis.set_yscale("symlog", linthresh=max(_middle(x) for _, _, x in series))
        else:
            axis.locator_params(axis="y", nbins=5)
        if "share" in title:
            axis.set_ylim(min(0.45, *(np.nanmin(x) for _, _, x in series)), 1.02)
        dress(axis, title)
        if len(series) > 1:
            _legend(axis)
    axes[-1].set_xlabel("kimg: thousands of real pictures seen by the critic", color=QUIET, fontsize=9)
    axes[-1].set_xlim(0, kimg[-1])
    return png(figure)


def panels(lines: Sequence[dict]) -> dict[str, list[tuple[str, str, np.ndarray]]]:
    """{title: its curves} that a history has; none where it is too short to be a curve."""
    if len(lines) < 2:
        return {}
    found = {title: _drawable(lines, columns) for title, columns in PANELS.items()}
    return {title: series for title, series in found.items() if series}


def column(lines: Sequence[dict], name: str) -> np.ndarray:
    """(lines,) of a history; NaN, which is drawn as a gap, where a line lacks it or it is infinite."""
    x = np.array([line.get(name, np.nan) for line in lines], float)
    x[~np.isfinite(x)] = np.nan
    return x


def smoothed(x: np.ndarray) -> np.ndarray:
    """Mean over a twentieth of the series, centred; near its ends over what there is; NaN is left out."""
    reach = max(1, len(x) // 40)
    parts = [x[max(0, i - reach) : i + reach + 1] for i in range(len(x))]
    return np.array([np.nanmean(part) if np.isfinite(part).any() else np.nan for part in parts])


def together(histories: dict[str, Sequence[dict]]) -> bytes | None:
    """A PNG of several runs' losses over kimg, smoothed, a colour each: the critic's, then the generator's."""
    if not histories:
        return None
    figure = Figure(figsize=(WIDTH, 5.2), dpi=DPI, layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    for axis, (player, name) in zip(axes, (("d_loss", "critic"), ("g_loss", "generator")), strict=True):
        for i, (run, lines) in enumerate(histories.items()):
            style = ("-", "--", ":")[i // 10 % 3]
            x, y = column(lines, "kimg"), smoothed(column(lines, player))
            axis.plot(x, y, style, color=f"C{i % 10}", linewidth=1.4, label=run)
        dress(axis, f"loss of the {name}")
    axes[-1].set_xlabel("kimg: thousands of real pictures seen by the critic", color=QUIET, fontsize=9)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8, frameon=False
    )
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=PAPER)
    return file.getvalue()


def png_of(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


def over_zoo(groups: dict[str, dict[str, Sequence[float]]], title: str) -> bytes:
    """A PNG of one measure: `groups` is {family: {loss: figures, one per seed}}; a panel per family, all on one scale,
    three abreast, so that a page shows them at their size.

    Logarithmic, because most models lie close together and a collapsed one far off; unless a figure is not above 0, as
    a KID may be.
    """
    losses = [loss for loss in LOSSES if any(loss in group for group in groups.values())]
    every = [figure for group in groups.values() for found in group.values() for figure in found]
    rows, abreast = math.ceil(len(groups) / 3), min(3, len(groups))
    size = (1.2 + 2.5 * abreast, 0.4 + rows * (0.5 + 0.24 * len(losses)))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(rows, abreast, sharey=True, squeeze=False).flatten()
    for empty in axes[len(groups) :]:
        empty.set_axis_off()
    for axis, (name, group) in zip(axes, groups.items(), strict=False):
        for loss, found in group.items():
            y = losses.index(loss)
            if len(found) > 1:
                axis.plot([np.mean(found)], [y], "|", color=ACCENT, markersize=14, markeredgewidth=2)
            axis.plot(found, [y] * len(found), "o", color=INK, alpha=0.6, markersize=5, markeredgewidth=0)
        axis.set_yticks(range(len(losses)), losses)
        axis.set_ylim(len(losses) - 0.5, -0.5)
        if min(every) > 0:
            axis.set_xscale("log")
            axis.set_xlim(0.85 * min(every), 1.15 * max(every))
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.xaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_locator(NullLocator())
        else:
            margin = 0.05 * (max(every) - min(every))
            axis.set_xlim(min(every) - margin, max(every) + margin)
        dress(axis, name)
    scale = "logarithmic" if min(every) > 0 else "linear"
    about = f"{title}, {scale}: dots are training seeds, bars their means"
    figure.supxlabel(about, color=QUIET, fontsize=9)
    return png(figure)


def _drawable(
    lines: Sequence[dict], columns: dict[str, tuple[str, str]]
) -> list[tuple[str, str, np.ndarray]]:
    """(name, colour, values) of the columns that a history has; a penalty that is always 0 is none."""
    found = []
    for key, (name, colour) in columns.items():
        x = column(lines, key)
        if np.isfinite(x).any() and not (key == "penalty" and np.nanmax(np.abs(x)) == 0):
            found.append((name, colour, x))
    return found


def _middle(x: np.ndarray) -> float:
    return float(np.nanmedian(np.abs(x))) or 1.0


def _spikes(x: np.ndarray) -> bool:
    return bool(np.nanmax(np.abs(x)) > SPIKES * _middle(x))


def dress(axis: Axes, title: str) -> None:
    axis.set_title(title, loc="left", fontsize=10, color=INK)
    axis.grid(color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(colors=QUIET, labelsize=8, length=0)
    axis.spines[:].set_visible(False)


def _legend(axis: Axes) -> None:
    axis.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=9, borderaxespad=0.2,
        handlelength=1.2, labelcolor="linecolor",
    )  # fmt: skip


def png(figure: Figure) -> bytes:
    """On white paper, which dark pages show as a card; in 16 fixed colours, so that the file is small."""
    raw, file = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, format="png", facecolor=PAPER)
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour in _inks() for channel in colour])
    picture = Image.open(raw).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    picture.save(file, format="PNG", optimize=True, bits=4)
    return file.getvalue()


def _inks() -> list[tuple[int, int, int]]:
    """Paper, eight strengths of ink and seven of the accent."""
    paper, ink, accent = (ImageColor.getrgb(colour) for colour in (PAPER, INK, ACCENT))
    steps = [(ink, (i + 1) / 8) for i in range(8)] + [(accent, (i + 1) / 7) for i in range(7)]
    mixed = [tuple(round(p + (c - p) * t) for p, c in zip(paper, of, strict=True)) for of, t in steps]
    return [paper, *mixed]
