"""The losses, as functions of raw critic scores: one a picture, or a map of patch scores (averaged here).

Each follows its source to the factor, and all are minimised. `real` and `fake` are scores of any shape (one and the
same where the loss is paired) and float type, computed in at least float32; results are scalars. softplus(-s) is
-log σ(s), σ the logistic function.
`d` and `g` are the adversarial part only: the training step adds the penalty, which is logged apart.
"""

from dataclasses import asdict, dataclass, fields
from numbers import Real
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from zoo.errors import Refused, unknown
from zoo.penalties import R1R2, AroundData, LineBetween, Penalty


def wide(s: Tensor) -> Tensor:
    return s if s.dtype.itemsize >= 4 else s.float()


def softplus(s: Tensor) -> Tensor:
    return F.softplus(wide(s))


def gap(s: Tensor, t: Tensor) -> Tensor:
    """Of pairs; ValueError for unequal shapes, which might broadcast to every picture with every other."""
    if s.shape != t.shape:
        raise ValueError(f"scores of pairs must have one shape, not {tuple(s.shape)} and {tuple(t.shape)}")
    return wide(s) - wide(t)


def E(values: Tensor) -> Tensor:
    return wide(values).mean()


@dataclass(frozen=True)
class Loss:
    """`d(real, fake)` for the critic, `g(fake, real=None)` for the generator, and what a loss goes with.

    `control` is the Lipschitz control that belongs to it: "spectral" (none of its own: the critic is spectrally
    normalised where its source does so), "clip" (all critic parameters within ±`clip` after every critic step),
    "penalty" (`penalty` is added to d), "autoencoder" (the critic rebuilds pictures; its scores are errors).
    """

    control: ClassVar[str] = "spectral"
    critic_steps: ClassVar[int] = 1
    clip: ClassVar[float | None] = None
    penalty: ClassVar[Penalty | None] = None
    realness: ClassVar[int] = 1  # -1 where the lower score is the more real one
    paired: ClassVar[bool] = False  # whether g compares with the real scores
    separable: ClassVar[bool] = True  # a batch costs the mean of what its scores, or pairs, cost alone
    words: ClassVar[str] = ""  # what the page says of it, in at most 32 characters
    cite: ClassVar[tuple[str, ...]] = ()  # keys of cards/citations.py, or whole BibTeX entries

    def d(self, real: Tensor, fake: Tensor) -> Tensor:
        """Of the critic: a scalar, from scores of any shape."""
        raise NotImplementedError

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Of the generator: a scalar; `real` where the loss is paired."""
        raise NotImplementedError


@dataclass(frozen=True)
class Minimax(Loss):
    """Goodfellow et al. 2014, eq. 1: the generator's loss saturates where the critic is sure."""

    words: ClassVar[str] = "the log loss, saturating"
    cite: ClassVar[tuple[str, ...]] = ("goodfellow2014",)

    def d(self, real: Tensor, fake: Tensor) -> Tensor:
        return E(softplus(-real)) + E(softplus(fake))

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return -E(softplus(fake))


@dataclass(frozen=True)
class Vanilla(Minimax):
    """Goodfellow et al. 2014, section 3: the non-saturating generator."""

    words: ClassVar[str] = "the log loss, non-saturating"

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return E(softplus(-fake))


@dataclass(frozen=True)
class LSGAN(Loss):
    """Mao et al. 2017, eq. 9; (a, b, c) = (-1, 1, 0) is the Pearson χ² form. `squash` puts σ on the scores."""

    words: ClassVar[str] = "squared distance to a target"
    cite: ClassVar[tuple[str, ...]] = ("mao2017",)
    a: float = 0.0
    b: float = 1.0
    c: float = 1.0
    squash: bool = False

    def half_square(self, s: Tensor, target: float) -> Tensor:
        return E(((wide(s).sigmoid() if self.squash else wide(s)) - target) ** 2) / 2

    def d(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.half_square(real, self.b) + self.half_square(fake, self.a)

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return self.half_square(fake, self.c)


@dataclass(frozen=True)
class WGAN(Loss):
    """Arjovsky et al. 2017, algorithm 1: a gap of scores, Lipschitz by clipping the weights."""

    words: ClassVar[str] = "score gap, weights clipped"
    cite: ClassVar[tuple[str, ...]] = ("arjovsky2017",)
    control: ClassVar[str] = "clip"
    critic_steps: ClassVar[int] = 5
    clip: float = 0.01  # type: ignore[misc]  # of this loss alone it can be chosen

    def d(self, real: Tensor, fake: Tensor) -> Tensor:
        return E(fake) - E(real)

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return -E(fake)


@dataclass(frozen=True)
class WGANGP(Loss):
    """Gulrajani et al. 2017, eq. 3: WGAN's gap; slope 1 on the lines between real and fake."""

    words: ClassVar[str] = "score gap, slopes held at 1"
    cite: ClassVar[tuple[str, ...]] = ("gulrajani2017",)
    control: ClassVar[str] = "penalty"
    critic_steps: ClassVar[int] = 5
    lam: float = 10.0

    d, g = WGAN.d, WGAN.g

    @property
    def penalty(self) -> LineBetween:  # type: ignore[override]
        return LineBetween(self.lam)


@dataclass(frozen=True)
class Focal(Loss):
    """Focal loss (Lin et al. 2017) on both nets: pictures already told apart (p near the truth) count less.

    Powers of p are exp(-γ·softplus), whose slope is finite at any score and any γ. γ = 0, α = 1 is `vanilla`.
    """

    words: ClassVar[str] = "easy pictures count less"
    cite: ClassVar[tuple[str, ...]] = ("lin2017", "pixelwise")
    alpha: float = 1.0
    gamma: float = 2.0
    saturating: bool = False  # the source's literal min-max generator

    def fooled(self, s: Tensor) -> Tensor:  # p^γ · -log(1-p), p = σ(s)
        return self.alpha * E(torch.exp(-self.gamma * softplus(-s)) * softplus(s))

    def d(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.fooled(-real) + self.fooled(fake)

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return -self.fooled(fake) if self.saturating else self.fooled(-fake)


@dataclass(frozen=True)
class Hinge(Loss):
    """Lim & Ye 2017; Miyato et al. 2018, eqs. 16 and 17: scores past the margin stop counting."""

    words: ClassVar[str] = "stops caring past a margin"
    cite: ClassVar[tuple[str, ...]] = ("lim2017", "miyato2018")

    def d(self, real: Tensor, fake: Tensor) -> Tensor:
        return E(F.relu(1 - wide(real))) + E(F.relu(1 + wide(fake)))

    g = WGAN.g


@dataclass(frozen=True)
class DRAGAN(Vanilla):
    """Kodali et al. 2017: vanilla; slope k in a noisy neighbourhood of the data."""

    words: ClassVar[str] = "log loss, slopes held near data"
    cite: ClassVar[tuple[str, ...]] = ("kodali2017",)
    control: ClassVar[str] = "penalty"
    lam: float = 10.0
    k: float = 1.0

    @property
    def penalty(self) -> AroundData:  # type: ignore[override]
        return AroundData(self.lam, self.k)


@dataclass(frozen=True)
class BEGAN(Loss):
    """Berthelot et al. 2017: scores are an autoencoder's errors L(v) = E|v - D(v)|; k balances the two."""

    words: ClassVar[str] = "errors of an autoencoder"
    cite: ClassVar[tuple[str, ...]] = ("berthelot2017",)
    control: ClassVar[str] = "autoencoder"
    realness: ClassVar[int] = -1
    gamma: float = 0.5
    lam_k: float = 0.001

    def d(self, real: Tensor, fake: Tensor, k: float | Tensor = 0.0) -> Tensor:
        return E(real) - k * E(fake)

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return E(fake)

    def next_k(self, k: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        return (k + self.lam_k * self.balance(real, fake)).clamp(0, 1)

    def convergence(self, real: Tensor, fake: Tensor) -> Tensor:
        return E(real) + self.balance(real, fake).abs()

    def balance(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.gamma * E(real) - E(fake)


@dataclass(frozen=True)
class RpGAN(Loss):
    """Jolicoeur-Martineau 2019, paired; with R1 + R2 as in R3GAN (Huang et al. 2024).

    R3GAN chooses γ anew for each data set; ours was measured on CIFAR-10 (train/recipes/protocol.toml). Larger pictures
    want more of it.
    """

    words: ClassVar[str] = "fake against real, in pairs"
    cite: ClassVar[tuple[str, ...]] = ("jolicoeur2019", "huang2024")
    control: ClassVar[str] = "penalty"
    paired: ClassVar[bool] = True
    gamma: float = 0.03

    def d(self, real: Tensor, fake: Tensor) -> Tensor:
        return E(softplus(gap(fake, real)))

    def g(self, fake: Tensor, real: Tensor) -> Tensor:  # type: ignore[override]  # paired: never without
        return E(softplus(gap(real, fake)))

    @property
    def penalty(self) -> R1R2:  # type: ignore[override]
        return R1R2(self.gamma)


LOSSES: dict[str, type[Loss]] = {
    "minimax": Minimax,
    "vanilla": Vanilla,
    "lsgan": LSGAN,
    "wgan": WGAN,
    "wgan-gp": WGANGP,
    "focal": Focal,
    "hinge": Hinge,
    "dragan": DRAGAN,
    "began": BEGAN,
    "rpgan": RpGAN,
}


def get(name: str, **constants: Any) -> Loss:
    """The loss `name` with the given constants; UnknownName or Refused where there is no such loss or field."""
    if name not in LOSSES:
        raise unknown("loss", name, LOSSES)
    kinds: dict[str, Any] = {f.name: f.type for f in fields(LOSSES[name])}
    for field, value in constants.items():
        if field not in kinds:
            raise unknown(f"field of the loss {name}", field, kinds)
        flag = kinds[field] is bool
        if isinstance(value, bool) != flag or not isinstance(value, Real):  # NumPy's numbers are Real, too
            raise Refused(f"{name}'s {field} must be a {'bool' if flag else 'number'}, not {value!r}")
        least = "-1e6" if field in ("a", "b", "c") else "0"  # lsgan's targets
        clips = field == "clip"  # at 0 it would leave no critic
        if not float(least) <= float(value) <= 1e6 or (clips and value == 0):
            bounds = "above 0 and at most 1e6" if clips else f"from {least} to 1e6"
            raise Refused(f"{name}'s {field} must be {bounds}, not {value}")
    return LOSSES[name](**{f: v if kinds[f] is bool else float(v) for f, v in constants.items()})


def describe(loss: Loss) -> dict[str, Any]:
    """{"name": …, constants…}: what `get` needs to make the loss again."""
    return {"name": next(n for n, kind in LOSSES.items() if type(loss) is kind), **asdict(loss)}
