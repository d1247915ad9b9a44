"""The rule by which our own figures decide each claim: a function of the trainings, which yields the claim's parts."""

import itertools
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from cards import papers
from cards.intervals import chance, interval
from cards.measures import show
from cards.runs import STARTER, Run, Zoo
from cards.verdicts import (
    AGAINST,
    DIFFERENCE,
    FAILS,
    HOLDS,
    NOT_TESTED,
    PARITY,
    SHOWN,
    UNDECIDED,
    WITHIN,
    Cell,
    Part,
    Source,
    bounds,
    evidence,
    judged,
    less,
    more,
    same,
    threshold,
    unmet,
)
from zoo.measurements import COLLAPSED

FOCAL = Source("focal-cifar10", 5000)  # 100 epochs of CIFAR-10
FACADES = Source(STARTER, None)  # the source names neither optimiser nor epochs
# 40 epochs of Fashion-MNIST, and the source's 200 of one seed.
LSGAN = Source(
    "lsgan-fashion-mnist",
    2400,
    tuple(
        Cell(net, loss, "fashion-mnist") for net in ("convgan", "convgan-bn") for loss in ("vanilla", "lsgan")
    ),
    12_000,
)
SURVEY = Source("lucic-seven", None)  # it has no set-up
RESNET = Source("resnet-losses", 250)  # 5 epochs of CIFAR-10
# What counts as a collapse for the claim L3 alone: below either. Elsewhere it is zoo.measurements.COLLAPSED.
L3_COLLAPSED = {"recall": 0.1, "class_coverage": 0.8}
SEVEN = tuple(papers.LUCIC["cifar10"])

Parts = Iterator[Part]
Of = Callable[[str, str], Cell]  # architecture and loss -> their cell on one data set


def cifar(architecture: str, loss: str) -> Cell:
    return Cell(architecture, loss, "cifar10")


def fashion(architecture: str, loss: str) -> Cell:
    return Cell(architecture, loss, "fashion-mnist")


def sngan(loss: str) -> Cell:
    return cifar("sngan", loss)


# ---- the focal paper


def f1(zoo: Zoo) -> Parts:
    for net in ("dcgan", "cdcgan"):
        for player in ("swing_d", "swing_g"):
            yield less(zoo, FOCAL, cifar(net, "focal"), cifar(net, "vanilla"), player)


def f2(zoo: Zoo) -> Parts:
    for loss in ("lsgan", "wgan-gp"):
        for net in ("dcgan", "cdcgan"):
            for player in ("swing_d", "swing_g"):
                yield less(zoo, FOCAL, cifar(net, loss), cifar(net, "focal"), player)


def f3(zoo: Zoo) -> Parts:
    for net in ("dcgan", "cdcgan"):
        yield same(zoo, FOCAL, cifar(net, "focal"), cifar(net, "lsgan"), "kid")


def f4(zoo: Zoo) -> Parts:
    found = evidence(zoo, FOCAL, (cifar("dcgan", "focal"),), "class_coverage")
    told = "share of horses among the samples, dcgan on cifar10", "focal"
    if found.missing:
        yield found.absent(*told)
        return
    rows = [run.row("class_coverage") for (run,) in found.seeds]
    shares = " and ".join(f"{row.get('histogram', {}).get('horse', 0):.1%}" for row in rows)
    text = f"{shares} of {rows[0]['n']:,}, by the classifier"
    note = "whether they look good, only eyes can say"
    yield Part(SHOWN, text, "", "", found.about, None, *told, note, found.cells, seeds=len(rows))


def f5(zoo: Zoo) -> Parts:
    def judge(shares: Sequence[float]) -> str:
        return HOLDS if min(shares) > 0.5 else FAILS if max(shares) < 0.2 else UNDECIDED

    for loss in ("focal", "vanilla", "lsgan", "wgan-gp"):
        rule = "it holds above 50 % and fails below 20 %"
        yield threshold(zoo, FOCAL, cifar("cdcgan", loss), "asked_class", judge, rule)


def f6(zoo: Zoo) -> Parts:
    yield from table_4(zoo, "psnr")


def table_4(zoo: Zoo, name: str) -> Parts:
    """Whether a measure falls in the order of the focal paper's Table 4."""
    order = [Cell("pix2pix", loss, "facades") for loss in papers.PSNR]
    for better, worse in itertools.pairwise(order):
        yield more(zoo, FACADES, better, worse, name)


# ---- the Fashion-MNIST paper


def l1(zoo: Zoo) -> Parts:
    for net in ("convgan", "convgan-bn", "convgan-deep"):
        yield less(zoo, LSGAN, fashion(net, "lsgan"), fashion(net, "vanilla"), "fid")


def l2(zoo: Zoo) -> Parts:
    for loss in ("vanilla", "lsgan"):
        yield _nets_apart(zoo, "convgan-bn", "convgan", loss)
        yield _nets_apart(zoo, "convgan-deep-no-bn", "convgan-deep", loss)  # which the source does not train


def l3(zoo: Zoo) -> Parts:
    from scipy import stats

    def collapses(run: Run) -> bool | None:
        """By the claim's own bounds, which are wider than what the zoo calls collapsed (zoo.measurements)."""
        figures = {name: run.value(name) for name in L3_COLLAPSED}
        return (
            None if None in figures.values() else any(figures[name] < L3_COLLAPSED[name] for name in figures)
        )

    what = (
        "runs on fashion-mnist that collapsed by this claim's own, wider bound (recall below 0.1 or fewer than 8 of 10"
        " classes)"
    )
    nets = [
        evidence(zoo, LSGAN, (fashion(net, "vanilla"), fashion(net, "lsgan")), "recall")
        for net in ("convgan", "convgan-bn", "convgan-deep", "convgan-bn-after")
    ]
    pairs = [(collapses(a), collapses(b)) for found in nets for a, b in found.seeds]
    pairs = [pair for pair in pairs if None not in pair]
    cells = tuple(cell for found in nets for cell in found.cells)
    if not pairs:
        missing = next((found.missing for found in nets if found.missing), "")
        yield Part(NOT_TESTED, missing or "classes covered are not measured yet", what=what, cells=cells)
        return
    apart = [a - b for a, b in pairs if a != b]
    p = float(stats.binomtest(apart.count(1), len(apart)).pvalue) if apart else 1.0  # the sign test
    word = UNDECIDED if p >= 0.05 else DIFFERENCE if sum(apart) > 0 else AGAINST
    gan, lsgan = (sum(side) for side in zip(*pairs, strict=True))
    reasons = [unmet(found, LSGAN) for found in nets if found.seeds]
    yield Part(
        word if not any(reasons) else NOT_TESTED,
        f"{gan} of {len(pairs)} runs of GAN, {lsgan} of {len(pairs)} of LSGAN",
        word,
        next(filter(None, reasons), ""),
        "; ".join(dict.fromkeys(found.about for found in nets if found.seeds)),
        p if all(len(found.seeds) > 1 for found in nets if found.seeds) else None,
        what,
        cells=cells,
        seeds=max(len(found.seeds) for found in nets),
    )


def l4(zoo: Zoo) -> Parts:
    for loss in ("vanilla", "lsgan"):
        yield _nets_apart(zoo, "convgan-bn", "convgan-bn-after", loss)


def _nets_apart(zoo: Zoo, worse: str, better: str, loss: str) -> Part:
    """Whether one net's FID is higher than another's, at one loss."""
    return more(zoo, LSGAN, fashion(worse, loss), fashion(better, loss), "fid")


# ---- the survey


def s1(zoo: Zoo) -> Parts:
    def at(cell: Of) -> Parts:
        yield more(zoo, SURVEY, cell("dcgan", "vanilla"), cell("dcgan", "minimax"), "early_grad_norm_g")

    yield from _wherever_tested(at)


def s2(zoo: Zoo) -> Parts:
    lsgan, vanilla = slope("lsgan", 4.0), slope("vanilla", 4.0)
    word = DIFFERENCE if abs(lsgan) > abs(vanilla) else AGAINST
    text = f"{lsgan:.3g} for lsgan, {vanilla:.3g} for vanilla".replace("-", "−")
    yield Part(
        word, text, what="slope of the generator's loss at score +4", note="from the formulas, no training"
    )


def slope(loss: str, score: float) -> float:
    """Of the generator's loss, at one score."""
    import torch

    from zoo import losses

    s = torch.tensor(score, requires_grad=True)
    return float(torch.autograd.grad(losses.get(loss).g(s), s)[0])


def s3(zoo: Zoo) -> Parts:
    def judge(correlations: Sequence[float | None]) -> str:
        if len(correlations) < 2 or None in correlations:
            return UNDECIDED
        _, low, high = interval(correlations)
        return DIFFERENCE if low > 0 else AGAINST if high < 0 else UNDECIDED

    def at(cell: Of) -> Parts:
        for loss in ("wgan", "wgan-gp"):
            yield threshold(zoo, SURVEY, cell("dcgan", loss), "distance_follows_loss", judge, p=chance)
            yield more(zoo, SURVEY, cell("dcgan", loss), cell("dcgan", "vanilla"), "distance_follows_loss")

    yield from _wherever_tested(at)


def s4(zoo: Zoo) -> Parts:
    yield from _wherever_tested(lambda cell: [_spread(zoo, [cell("dcgan", loss) for loss in SEVEN])])


def _spread(zoo: Zoo, cells: Sequence[Cell]) -> Part:
    """Parity: every loss's FID lies within ±10 % of their mean, by its interval over the seeds that all share.
    Difference the other way: some loss's lies beyond, as surely as chance allows of so many losses (Bonferroni)."""
    from scipy import stats

    what = f"standard deviation of FID, dcgan on {cells[0].dataset}"
    found = evidence(zoo, SURVEY, cells, "fid")
    shared = len(found.seeds) > 1
    groups = [found] if shared else [evidence(zoo, SURVEY, (cell,), "fid") for cell in cells]
    by_loss = [[run.value("fid") for run in runs] for one in groups for runs in zip(*one.seeds, strict=True)]
    if any(None in values for values in by_loss):
        return Part(NOT_TESTED, "no FID in some run", what=what, cells=tuple(cells))
    several = [values for values in by_loss if len(values) > 1]
    if len(by_loss) < 2 or not several:
        missing = next((one.missing for one in groups if one.missing), "one training seed only")
        return Part(NOT_TESTED, missing, what=what, cells=tuple(cells))
    means = [statistics.fmean(values) for values in by_loss]
    over_seeds = statistics.fmean(statistics.variance(values) for values in several) ** 0.5
    spread, noise = show("fid", statistics.stdev(means)), show("fid", over_seeds)
    text = f"{spread} over {len(means)} losses, {noise} over training seeds"
    if not shared:
        about = "; ".join(dict.fromkeys(one.about for one in groups if one.seeds))
        note = f"{len(several)} of the losses have several seeds"
        return Part(NOT_TESTED, text, about=about, what=what, note=note, cells=tuple(cells))
    bound = WITHIN * statistics.fmean(means)
    of_seeds = [statistics.fmean(values) for values in zip(*by_loss, strict=True)]
    apart = [[x - y for x, y in zip(values, of_seeds, strict=True)] for values in by_loss]
    sides = ((bound, "greater"), (-bound, "less"))
    beyond = [stats.ttest_1samp(of, at, alternative=side).pvalue for of in apart for at, side in sides]
    word, p = UNDECIDED, min(1.0, float(np.nanmin(beyond)) * len(beyond))
    if all(-bound <= low and high <= bound for _, low, high in map(interval, apart)):
        word, p = PARITY, None
    elif p < 0.05:
        word = AGAINST
    note = (
        "parity is all within ±10 % of their mean, the contrary one loss surely beyond; at one setting for all, and a"
        " small budget in pictures, with which wgan's and wgan-gp's generators take a fifth of the others' steps; a"
        " large one, and a search of settings, are not tested"
    )
    return judged(found, SURVEY, (what, ""), word, text, note, p)


def _wherever_tested(parts: Callable[[Of], Iterable[Part]]) -> Parts:
    """The parts on each data set on which all are tested, as the survey names none; else where seeds are most."""
    by_data = [list(parts(cell)) for cell in (fashion, cifar)]
    tested = [of for of in by_data if all(part.word != NOT_TESTED for part in of)]
    nearest = max(by_data, key=lambda of: sum(part.seeds or bool(part.about) for part in of))
    yield from itertools.chain.from_iterable(tested or [nearest])


# ---- the ResNet comparison


def r1(zoo: Zoo) -> Parts:
    near, inside = bounds(lambda loss: 0.63 <= loss <= 0.77), bounds(lambda loss: 1.3 <= loss <= 1.5)
    yield threshold(zoo, RESNET, sngan("vanilla"), "last_epoch_g_loss", near, "near is 0.63 to 0.77")
    yield threshold(zoo, RESNET, sngan("vanilla"), "last_epoch_d_loss", inside, "claimed: 1.3 to 1.5")


def r2(zoo: Zoo) -> Parts:
    def judge(spikes: Sequence[float | None]) -> str:
        if None in spikes:  # a curve whose median is 0
            return UNDECIDED
        return HOLDS if min(spikes) >= 100 else FAILS if max(spikes) < 10 else UNDECIDED

    for name in ("step_spike_d", "step_spike_g"):
        part = threshold(zoo, RESNET, sngan("wgan"), name, judge, "it holds from 100 on and fails below 10")
        runs = [run for (run,) in evidence(zoo, RESNET, part.cells, name).seeds]
        spikes = [(run.value(name), run.first_spike(name[-1])) for run in runs]
        known = not any(None in pair for pair in spikes)
        if known and any(first > spike for spike, first in spikes):
            whole = [max(pair) for pair in spikes]
            about = " and ".join(f"{spike:,.0f}" for spike in whole)
            told = f"with the first interval, which is left out, about {about}, which would be {judge(whole)}"
            part = replace(part, note=f"{part.note}; {told}")
        yield part


def r3(zoo: Zoo) -> Parts:
    for other in ("vanilla", "wgan"):
        for player in ("swing_d", "swing_g"):
            yield less(zoo, RESNET, sngan("hinge"), sngan(other), player)
    by_second_epoch = bounds(lambda kimg: kimg is not None and kimg <= 100)
    for player in ("settled_kimg_d", "settled_kimg_g"):
        yield threshold(zoo, RESNET, sngan("hinge"), player, by_second_epoch, "the second epoch ends at 100")


def r4(zoo: Zoo) -> Parts:
    for lower, higher in (("hinge", "vanilla"), ("vanilla", "wgan")):
        yield _with_floor(zoo, less(zoo, RESNET, sngan(lower), sngan(higher), "fid"))


def r5(zoo: Zoo) -> Parts:
    for loss in ("vanilla", "wgan"):
        for name in ("recall", "class_coverage"):
            part = less(zoo, RESNET, sngan(loss), sngan("hinge"), name)
            yield _with_floor(zoo, part, ", so it tells little") if name == "recall" else part


def _with_floor(zoo: Zoo, part: Part, so: str = "") -> Part:
    """Noted where all that are compared lie on the floor of recall."""
    runs = [run for seeds in evidence(zoo, RESNET, part.cells, "recall").seeds for run in seeds]
    if not runs or not all(run.collapsed for run in runs):
        return part
    floor = f"all of these runs have collapsed, by recall below {COLLAPSED['recall']:g}{so}"
    return replace(part, note="; ".join(filter(None, [part.note, floor])))
