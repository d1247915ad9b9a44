"""What is drawn for the claims, by paper: only what there are figures of, so a picture comes and goes with them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cards import claim_figures, facades, figures, measures, papers, tables
from cards.claim_figures import Curves, Panel, Row
from cards.decisions import SEVEN
from cards.measures import MEASURES
from cards.runs import Run, Zoo
from zoo import measurements

STABLE = ("vanilla", "focal", "lsgan", "wgan-gp")  # of the focal paper's claims
NAMES = {"vanilla": "BCE", "wgan": "WGAN", "hinge": "hinge"}  # as the ResNet comparison calls them
AFTER = "batch norm after the activation"
TITLES = {"swing": "swing; "}  # of pictures whose panels do not name their measure


@dataclass(frozen=True)
class Picture:
    """`letter`: of the paper's claims. `alt`: what is seen."""

    letter: str
    alt: str
    draw: Callable[[], bytes]


def pictures(zoo: Zoo) -> dict[str, Picture]:
    """{file name: picture} of those that have something to show."""
    return {f"claims-{name}.png": picture for name, picture in _pictures(zoo)}


def _pictures(zoo: Zoo) -> Iterator[tuple[str, Picture]]:
    for name, letter, words, panels in (
        ("swing", "F", "F1 and F2: swing", swing(zoo)),
        (
            "focal",
            "F",
            "F3, F5: KID, and the share of samples that show the class asked for,",
            quality(zoo),
        ),
        ("psnr", "F", "F6: PSNR, true (black) and with uint8 wrap-around (red)", psnr(zoo)),
        ("fashion", "L", "L1, L2 (and L4, where it is trained): FID", fashion(zoo)),
        (
            "survey",
            "S",
            "S4, S1, S3: FID, early gradient of the generator, correlation of critic loss and distance,",
            survey(zoo),
        ),
        ("resnet", "R", "R4 and R5: FID, recall and classes covered", resnet(zoo)),
    ):
        if drawn := [panel for panel in panels if any(row.ours or row.also for row in panel.rows)]:
            yield (
                name,
                Picture(
                    letter,
                    alt(words, drawn),
                    lambda drawn=drawn, name=name: claim_figures.dots(drawn, TITLES.get(name, "")),
                ),
            )
        if name == "resnet" and (curves := resnet_curves(zoo)):
            said = "; ".join(f"{NAMES[loss]}: {papers.RESNET[loss]}" for loss in papers.RESNET)
            text = f"R1 to R3: loss curves of {', '.join(c.title for c in curves)} over what the paper reports ({said})"
            yield "curves", Picture(letter, text, lambda: claim_figures.over_ranges(curves))


def alt(words: str, panels: Sequence[Panel]) -> str:
    """What is seen: the measure, the panels, and which rows have figures."""
    rows = dict.fromkeys(row.label for panel in panels for row in panel.rows if row.ours or row.also)
    theirs = any(row.theirs is not None for panel in panels for row in panel.rows)
    beside = ", beside the paper's figures" if theirs else ""
    return f"{words} of {'; '.join(rows)}. Panels: {'; '.join(panel.title for panel in panels)}{beside}"


def values(runs: Sequence[Run], name: str) -> list[float]:
    """A measure over seeds, without critics that have won or died, whose calm is no stability."""
    rows = [row for run in runs if (row := run.row(name)) and not measures.unfit(row)]
    return [row["value"] for row in rows if row["value"] is not None]


def swing(zoo: Zoo) -> list[Panel]:
    return [
        _panel(zoo, f"{net}, {who}", "focal-cifar10", net, name, STABLE)
        for net in ("dcgan", "cdcgan")
        for name, who in (("swing_d", "critic"), ("swing_g", "generator"))
    ]


def quality(zoo: Zoo) -> list[Panel]:
    shares = _panel(
        zoo, "cdcgan, asked-for class seen", "focal-cifar10", "cdcgan", "asked_class", STABLE, (0.2, 0.5)
    )
    return [
        _panel(zoo, f"{net}, KID", "focal-cifar10", net, "kid", STABLE) for net in ("dcgan", "cdcgan")
    ] + [shares]


def psnr(zoo: Zoo) -> list[Panel]:
    rows = [
        Row(label, values(runs, "psnr"), papers.PSNR.get(label), values(runs, "wrapped_psnr"))
        for label, runs in facades.labelled(zoo).items()
    ]
    if not any(row.ours for row in rows):
        return []
    for subject, of in facades.references(zoo).items():
        figures = (measurements.value(of, name) for name in facades.SCALES)
        true, wrapped = ([] if x is None else [x] for x in figures)
        rows.append(Row(subject, true, also=wrapped))
    return [Panel("PSNR in dB: true black, with uint8 wrap-around red", rows, linear=True)]


def fashion(zoo: Zoo) -> list[Panel]:
    names = {"vanilla": "GAN", "lsgan": "LSGAN"}
    rows = []
    for column, (net, momentum, theirs) in papers.FASHION.items():
        for loss, name in names.items():
            runs = tables.runs_of(zoo, "lsgan-fashion-mnist", net, loss, "fashion-mnist")
            ours = [row["value"] for run in runs if (row := measurements.counting(run.rows, "fid", momentum))]
            own = [] if ours else values(runs, "fid")
            mark = "*" if own and momentum else ""  # as in the table
            rows.append(Row(f"{name}, {column}{mark}", ours or own, theirs.get(loss)))
    for loss, name in names.items():
        runs = tables.runs_of(zoo, "lsgan-fashion-mnist", "convgan-bn-after", loss, "fashion-mnist")
        if ours := values(runs, "fid"):
            rows.append(Row(f"{name}, {AFTER}", ours))
    starred = any(row.label.endswith("*") for row in rows)
    return [Panel(f"FID on Fashion-MNIST{' (*: statistics re-estimated, no momentum)' * starred}", rows)]


def survey(zoo: Zoo) -> list[Panel]:
    panels = [
        _panel(zoo, f"FID, {data}", "lucic-seven", "dcgan", "fid", SEVEN, data=data, theirs=theirs)
        for data, theirs in papers.LUCIC.items()
    ]
    for name, title, of, marks in (
        ("early_grad_norm_g", "early gradient", ("minimax", "vanilla"), ()),
        ("distance_follows_loss", "distance follows", ("vanilla", "wgan", "wgan-gp"), (0.0,)),
    ):
        rows = _panel(zoo, title, "lucic-seven", "dcgan", name, SEVEN).rows
        panels.append(Panel(title, [row if row.label in of else Row(row.label) for row in rows], marks))
    return panels


def resnet(zoo: Zoo) -> list[Panel]:
    names = ("fid", "recall", "class_coverage")
    return [
        Panel(MEASURES[name].title, [Row(NAMES[row.label], row.ours) for row in panel.rows])
        for name in names
        for panel in [_panel(zoo, name, "resnet-losses", "sngan", name, tuple(papers.RESNET))]
    ]


def resnet_curves(zoo: Zoo) -> list[Curves]:
    found = []
    for loss in papers.RESNET:
        runs = tables.runs_of(zoo, "resnet-losses", "sngan", loss, "cifar10")
        drawn = [_columns(lines) for run in runs if len(lines := run.history()) > 1]
        if drawn:
            settled = papers.RESNET_SETTLED if loss == "hinge" else None
            found.append(Curves(NAMES[loss], drawn, papers.RESNET_RANGES.get(loss, {}), settled))
    return found


def _columns(lines: Sequence[dict]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(figures.column(lines, name) for name in ("kimg", "d_loss", "g_loss"))


def _panel(
    zoo: Zoo, title: str, recipe: str, net: str, name: str, losses: Sequence[str], marks: Sequence[float] = (),
    data: str = "cifar10", theirs: dict[str, float] | None = None,
) -> Panel:  # fmt: skip
    rows = [
        Row(loss, values(tables.runs_of(zoo, recipe, net, loss, data), name), (theirs or {}).get(loss))
        for loss in losses
    ]
    return Panel(title, rows, marks)
