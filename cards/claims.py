"""What the four sources claim, and the rule by which our own figures decide each. A verdict is computed, never written.

*Difference*: the 95 % interval of the difference between runs of the same seeds excludes 0 on the claimed side.
*Parity*: it lies within ±10 % of the reference. *Holds*, *fails*: by the threshold that stands in the sentence. *Not
tested*: the claim's own conditions are not met (one training seed, another budget or set-up); what the figures say
*here*, at ours, is added. *Shown*: only eyes can judge. Otherwise *undecided*.
"""

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cards import papers
from cards.measures import show
from cards.runs import Run, Zoo
from cards.verdicts import (
    AGAINST,
    DIFFERENCE,
    FAILS,
    HOLDS,
    NOT_TESTED,
    SHOWN,
    UNDECIDED,
    Cell,
    Part,
    Source,
    chance,
    evidence,
    interval,
    judged,
    less,
    more,
    overall,
    same,
    threshold,
)

FOCAL = Source("focal-cifar10", 5000)  # 100 epochs of CIFAR-10
FACADES = Source("focal-facades", 80)  # Isola et al.'s 200 epochs of 400 pairs: the source names none
LSGAN = Source("lsgan-fashion-mnist", 12_000)  # 200 epochs of Fashion-MNIST
SURVEY = Source("lucic-seven", None)  # it has no set-up
RESNET = Source("resnet-losses", 250)  # 5 epochs of CIFAR-10
# What counts as a collapse for the claim L3 alone: below either. Elsewhere it is zoo.measurements.COLLAPSED.
L3_COLLAPSED = {"recall": 0.1, "class_coverage": 0.8}
SEVEN = tuple(papers.LUCIC["cifar10"])

Parts = Iterator[Part]


@dataclass(frozen=True)
class Claim:
    key: str
    source: str
    text: str
    decide: Callable[[Zoo], Parts]


@dataclass(frozen=True)
class Verdict:
    claim: Claim
    parts: Sequence[Part]

    @property
    def word(self) -> str:
        return overall([part.word for part in self.parts])

    @property
    def p(self) -> float | None:
        """How often chance alone would say as much as the figures that there are; None where some part has too few.

        All parts have to hold, so the weakest counts; one is enough against the claim, so the strongest does, times as
        many as there are (Bonferroni).
        """
        words = [part.here or part.word for part in self.parts]
        found = [part.p for part in self.parts if part.p is not None]
        against = [part.p for part, word in zip(self.parts, words, strict=True) if word == AGAINST]
        if against:
            return None if None in against else min(1.0, min(against) * len(found))
        few = [
            part.p is None and word in (UNDECIDED, NOT_TESTED)
            for part, word in zip(self.parts, words, strict=True)
        ]
        return None if any(few) or not found else max(found)

    @property
    def here(self) -> str:
        """What the figures that there are say at our set-up; "" where there are none."""
        words = [part.here or part.word for part in self.parts if part.here or part.word != NOT_TESTED]
        return overall(words) if words else ""


def verdicts(zoo: Zoo) -> list[Verdict]:
    return [Verdict(claim, list(claim.decide(zoo))) for claim in CLAIMS]


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
    if found.missing:
        yield Part(NOT_TESTED, found.missing)
        return
    row = found.seeds[0][0].row("class_coverage")
    share = row.get("histogram", {}).get("horse", 0)
    text = f"the classifier calls {share:.1%} of {row['n']:,} samples horses: look at them"
    yield Part(SHOWN, text, about=found.about)


def f5(zoo: Zoo) -> Parts:
    def judge(shares: Sequence[float]) -> str:
        return HOLDS if min(shares) > 0.5 else FAILS if max(shares) < 0.2 else UNDECIDED

    for loss in ("focal", "vanilla", "lsgan", "wgan-gp"):
        rule = "; it holds above 50 % and fails below 20 %"
        yield threshold(zoo, FOCAL, cifar("cdcgan", loss), "asked_class", judge, rule)


def f6(zoo: Zoo) -> Parts:
    order = [Cell("pix2pix", loss, "facades") for loss in ("vanilla", "focal", "lsgan", "wgan-gp")]
    for better, worse in itertools.pairwise(order):
        yield more(zoo, FACADES, better, worse, "psnr")


# ---- the Fashion-MNIST paper


def l1(zoo: Zoo) -> Parts:
    for net in ("convgan", "convgan-bn", "convgan-deep"):
        yield less(zoo, LSGAN, fashion(net, "lsgan"), fashion(net, "vanilla"), "fid")


def l2(zoo: Zoo) -> Parts:
    for loss in ("vanilla", "lsgan"):
        yield _nets_apart(zoo, "convgan-bn", "convgan", loss)
    yield Part(NOT_TESTED, "deeper nets: no deeper net without batch norm is trained, by the source neither")


def l3(zoo: Zoo) -> Parts:
    def collapses(run: Run) -> bool | None:
        """By the claim's own bounds, which are wider than what the zoo calls collapsed (zoo.measurements)."""
        figures = {name: run.value(name) for name in L3_COLLAPSED}
        return (
            None if None in figures.values() else any(figures[name] < L3_COLLAPSED[name] for name in figures)
        )

    pairs = []
    found = None
    for net in ("convgan", "convgan-bn", "convgan-deep", "convgan-bn-after"):
        here = evidence(zoo, LSGAN, (fashion(net, "vanilla"), fashion(net, "lsgan")), "recall")
        both = [(collapses(a), collapses(b)) for a, b in here.seeds]
        pairs += [pair for pair in both if None not in pair]
        found = here if here.seeds or found is None else found
    if found.missing or not pairs:
        yield Part(NOT_TESTED, found.missing or "classes covered are not measured yet")
        return
    gan, lsgan = (sum(side) for side in zip(*pairs, strict=True))
    text = (
        f"collapsed by this claim's own rule (recall below 0.1 or fewer than 8 of 10 classes): {gan} of"
        f" {len(pairs)} runs of GAN, {lsgan} of {len(pairs)} of LSGAN"
    )
    word = UNDECIDED
    if len(pairs) > 1:
        _, low, high = interval([a - b for a, b in pairs])
        word = DIFFERENCE if low > 0 else AGAINST if high < 0 else UNDECIDED
    yield judged(found, LSGAN, word, text, p=chance([a - b for a, b in pairs]))


def l4(zoo: Zoo) -> Parts:
    for loss in ("vanilla", "lsgan"):
        yield _nets_apart(zoo, "convgan-bn", "convgan-bn-after", loss)


def _nets_apart(zoo: Zoo, worse: str, better: str, loss: str) -> Part:
    """Whether one net's FID is higher than another's, at one loss."""
    return more(zoo, LSGAN, fashion(worse, loss), fashion(better, loss), "fid")


# ---- the survey


def s1(zoo: Zoo) -> Parts:
    for cell in (cifar, fashion):
        yield more(zoo, SURVEY, cell("dcgan", "vanilla"), cell("dcgan", "minimax"), "early_grad_norm_g")


def s2(zoo: Zoo) -> Parts:
    lsgan, vanilla = slope("lsgan", 4.0), slope("vanilla", 4.0)
    word = DIFFERENCE if abs(lsgan) > abs(vanilla) else AGAINST
    yield Part(
        word, f"at score +4 the generator's loss has slope {lsgan:.3g} for lsgan, {vanilla:.3g} for vanilla"
    )


def slope(loss: str, score: float) -> float:
    """Of the generator's loss, at one score."""
    import torch

    from zoo import losses

    s = torch.tensor(score, requires_grad=True)
    return float(torch.autograd.grad(losses.get(loss).g(s), s)[0])


def s3(zoo: Zoo) -> Parts:
    def judge(correlations: Sequence[float]) -> str:
        if len(correlations) < 2:
            return UNDECIDED
        _, low, high = interval(correlations)
        return DIFFERENCE if low > 0 else AGAINST if high < 0 else UNDECIDED

    for loss in ("wgan", "wgan-gp"):
        yield threshold(zoo, SURVEY, cifar("dcgan", loss), "distance_follows_loss", judge, p=chance)
        yield more(zoo, SURVEY, cifar("dcgan", loss), cifar("dcgan", "vanilla"), "distance_follows_loss")


def s4(zoo: Zoo) -> Parts:
    for cell in (cifar, fashion):
        found = {loss: evidence(zoo, SURVEY, (cell("dcgan", loss),), "fid") for loss in SEVEN}
        there = {loss: [row[0].value("fid") for row in of.seeds] for loss, of in found.items() if of.seeds}
        several = [values for values in there.values() if len(values) > 1]
        if len(there) < 2 or not several:
            missing = next((of.missing for of in found.values() if of.missing), "one training seed only")
            yield Part(NOT_TESTED, f"FID of the seven losses on {cell('', '').dataset}: {missing}")
            continue
        over_losses = statistics.stdev([statistics.fmean(values) for values in there.values()])
        over_seeds = statistics.fmean(statistics.variance(values) for values in several) ** 0.5
        yield Part(
            NOT_TESTED,
            f"FID on {cell('', '').dataset}: standard deviation {show('fid', over_losses)} over {len(there)} losses,"
            f" {show('fid', over_seeds)} over seeds; not tested as to a large budget and tuning",
        )


# ---- the ResNet comparison


def r1(zoo: Zoo) -> Parts:
    def near(values: Sequence[float]) -> str:
        return HOLDS if all(abs(value - 0.7) <= 0.07 for value in values) else FAILS

    def inside(values: Sequence[float]) -> str:
        return HOLDS if all(1.3 <= value <= 1.5 for value in values) else FAILS

    yield threshold(zoo, RESNET, sngan("vanilla"), "last_epoch_g_loss", near, "; near is 0.63 to 0.77")
    yield threshold(zoo, RESNET, sngan("vanilla"), "last_epoch_d_loss", inside, "; claimed: 1.3 to 1.5")


def r2(zoo: Zoo) -> Parts:
    def judge(spikes: Sequence[float | None]) -> str:
        if None in spikes:  # a curve whose median is 0
            return UNDECIDED
        return HOLDS if min(spikes) >= 100 else FAILS if max(spikes) < 10 else UNDECIDED

    for player in ("spike_d", "spike_g"):
        yield threshold(
            zoo, RESNET, sngan("wgan"), player, judge, "; it holds from 100 on and fails below 10"
        )


def r3(zoo: Zoo) -> Parts:
    def by_second_epoch(kimg: Sequence[float | None]) -> str:
        return HOLDS if all(at is not None and at <= 100 for at in kimg) else FAILS

    for other in ("vanilla", "wgan"):
        for player in ("swing_d", "swing_g"):
            yield less(zoo, RESNET, sngan("hinge"), sngan(other), player)
    for player in ("settled_kimg_d", "settled_kimg_g"):
        yield threshold(
            zoo, RESNET, sngan("hinge"), player, by_second_epoch, "; the second epoch ends at 100"
        )


def r4(zoo: Zoo) -> Parts:
    yield less(zoo, RESNET, sngan("hinge"), sngan("vanilla"), "fid")
    yield less(zoo, RESNET, sngan("vanilla"), sngan("wgan"), "fid")


def r5(zoo: Zoo) -> Parts:
    for loss in ("vanilla", "wgan"):
        for name in ("recall", "class_coverage"):
            yield less(zoo, RESNET, sngan(loss), sngan("hinge"), name)


CLAIMS = [
    Claim("F1", "focal", "focal's curves are smoother and more stable than vanilla's", f1),
    Claim("F2", "focal", "LSGAN and WGAN are more stable still", f2),
    Claim("F3", "focal", "focal's pictures are on a par with LSGAN's at equal epochs", f3),
    Claim("F4", "focal", "focal's horses look good", f4),
    Claim("F5", "focal", "conditional samples follow their label", f5),
    Claim("F6", "focal", "Table 4: vanilla > focal > LSGAN > WGAN-GP in PSNR", f6),
    Claim("L1", "lsgan", "LSGAN's FID is below GAN's in every column", l1),
    Claim("L2", "lsgan", "batch norm hurts at this depth; deeper nets profit from it", l2),
    Claim("L3", "lsgan", "GAN collapses more often", l3),
    Claim("L4", "lsgan", "batch norm after the activation is promising", l4),
    Claim(
        "S1",
        "survey",
        "minimax saturates when the critic is ahead; non-saturating has stronger early gradients",
        s1,
    ),
    Claim("S2", "survey", "LSGAN still moves samples that are on the right side but far away", s2),
    Claim("S3", "survey", "a lower Wasserstein loss goes with better pictures", s3),
    Claim("S4", "survey", "at equal budget and tuning all losses reach similar FID", s4),
    Claim("R1", "resnet", "BCE: the generator settles near 0.7, the critic swings within 1.3–1.5", r1),
    Claim("R2", "resnet", "clipped WGAN's losses spike by orders of magnitude", r2),
    Claim("R3", "resnet", "hinge is the most stable, settled by the second epoch", r3),
    Claim("R4", "resnet", "FID: hinge < BCE ≪ WGAN", r4),
    Claim("R5", "resnet", "BCE shows mild collapse, WGAN heavy", r5),
]
