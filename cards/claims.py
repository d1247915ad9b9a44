"""What the four sources claim, and what our own figures say of each. A verdict is computed, never written.

*Difference*: the 95 % interval of the difference between runs of the same seeds excludes 0 on the claimed side.
*Parity*: it lies within ±10 % of the reference. *Holds*, *fails*: by the threshold that stands in the sentence. *Not
tested*: the claim's own conditions are not met (one training seed, another budget or set-up); what the figures say
*here*, at ours, is added. *Shown*: only eyes can judge. Otherwise *undecided*.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cards import decisions
from cards.decisions import FACADES, FOCAL, LSGAN, RESNET, SURVEY, Parts
from cards.runs import Zoo
from cards.verdicts import AGAINST, FAILS, NOT_TESTED, UNDECIDED, Part, Source, overall


@dataclass(frozen=True)
class Claim:
    key: str
    source: Source
    text: str
    decide: Callable[[Zoo], Parts]


@dataclass(frozen=True)
class Verdict:
    claim: Claim
    parts: Sequence[Part]

    @property
    def word(self) -> str:
        return self.weighed([part.word for part in self.parts])

    def weighed(self, words: Sequence[str]) -> str:
        """One part is enough against a claim, but not by what chance alone says once among as many parts."""
        if AGAINST in words and self.p is not None and self.p >= 0.05:
            words = [UNDECIDED if word == AGAINST else word for word in words]
        return overall(words)

    @property
    def p(self) -> float | None:
        """How often chance alone would say as much as the figures that there are; None where some part has too few.

        All parts have to hold, so the weakest counts; one is enough against the claim, so the strongest does, times as
        many as there are (Bonferroni), with those that have no p: a bound may speak against the claim by chance too.
        """
        words = [part.here or part.word for part in self.parts]
        found = [part.p for part in self.parts if part.p is not None]
        against = [part.p for part, word in zip(self.parts, words, strict=True) if word == AGAINST]
        if against:
            return None if None in against else min(1.0, min(against) * len(self.parts))
        if FAILS in words:  # by a bound, which has no p
            return None
        few = [
            part.p is None and word in (UNDECIDED, NOT_TESTED)
            for part, word in zip(self.parts, words, strict=True)
        ]
        return None if any(few) or not found else max(found)

    @property
    def here(self) -> str:
        """What the figures that there are say at our set-up; "" where there are none."""
        words = [part.says for part in self.parts if part.says]
        return self.weighed(words) if words else ""


def verdicts(zoo: Zoo) -> list[Verdict]:
    return [Verdict(claim, list(claim.decide(zoo))) for claim in CLAIMS]


CLAIMS = [
    Claim("F1", FOCAL, "focal's curves are smoother and more stable than vanilla's", decisions.f1),
    Claim(
        "F2",
        FOCAL,
        "LSGAN's and WGAN's curves are more stable still (WGAN with gradient penalty)",
        decisions.f2,
    ),
    Claim("F3", FOCAL, "focal's pictures are on a par with LSGAN's after as many epochs", decisions.f3),
    Claim("F4", FOCAL, "focal's horses look good", decisions.f4),
    Claim("F5", FOCAL, "conditional samples follow their label", decisions.f5),
    Claim("F6", FACADES, "PSNR falls from vanilla to focal to LSGAN to WGAN-GP (Table 4)", decisions.f6),
    Claim("L1", LSGAN, "LSGAN's FID is below GAN's in every column of the table", decisions.l1),
    Claim("L2", LSGAN, "batch norm hurts at this depth, and deeper nets profit from it", decisions.l2),
    Claim("L3", LSGAN, "GAN collapses more often than LSGAN", decisions.l3),
    Claim(
        "L4",
        LSGAN,
        "batch norm after the activation is promising (read: its FID is lower than before it)",
        decisions.l4,
    ),
    Claim(
        "S1",
        SURVEY,
        "minimax saturates when the critic is ahead: early on, the non-saturating loss (vanilla) gives the generator"
        " stronger gradients",
        decisions.s1,
    ),
    Claim("S2", SURVEY, "LSGAN still moves samples that are on the right side but far away", decisions.s2),
    Claim("S3", SURVEY, "a lower Wasserstein loss goes with better pictures", decisions.s3),
    Claim("S4", SURVEY, "at equal budget and tuning all losses reach similar FID", decisions.s4),
    Claim(
        "R1",
        RESNET,
        "with BCE the generator's loss settles near 0.7 and the critic's within 1.3–1.5",
        decisions.r1,
    ),
    Claim("R2", RESNET, "clipped WGAN's losses spike by orders of magnitude", decisions.r2),
    Claim("R3", RESNET, "hinge's curves are the most stable, and settled by the second epoch", decisions.r3),
    Claim("R4", RESNET, "FID: hinge < BCE ≪ WGAN (≪ is read as <)", decisions.r4),
    Claim(
        "R5",
        RESNET,
        "BCE shows mild collapse, WGAN heavy (read: less recall and fewer classes than hinge)",
        decisions.r5,
    ),
]
