"""Gradient penalties: what a critic pays for slopes it should not have. Any loss may add any of them.

A penalty is called with `critic` (pictures → scores, any condition already bound), the real and the fake pictures
(n, C, H, W) and a generator for its random numbers; it gives a scalar with a graph for double backward. A patch
critic's score is the mean of its map. All is computed in float32, autocast or not, and without a branch on data.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Generator, Tensor

from zoo.errors import Refused, unknown

Critic = Callable[[Tensor], Tensor]


def slopes_squared(critic: Critic, x: Tensor) -> Tensor:
    """‖∇ₓD(x)‖₂² for each picture: (n, C, H, W) → (n,)."""
    with float32(x.device):
        x = x.detach().float().requires_grad_()
        score = critic(x).reshape(len(x), -1).mean(1)  # (n,)
        (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
        return slope.square().flatten(1).sum(1)


def float32(device: torch.device) -> AbstractContextManager:
    """Whatever the autocast outside."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def away_from(target: float, squared: Tensor) -> Tensor:
    """E(√squared - target)²; where a slope is exactly zero, so is its gradient, not the square root's infinity."""
    flat = squared == 0
    norm = torch.where(flat, 1.0, squared).sqrt()
    return (torch.where(flat, 0.0, norm) - target).square().mean()


def uniform(shape: Sequence[int], like: Tensor, rng: Generator | None) -> Tensor:
    return torch.rand(shape, generator=rng, device=like.device, dtype=torch.float32)


@dataclass(frozen=True)
class LineBetween:
    """WGAN-GP (Gulrajani et al. 2017, eq. 3): λE(‖∇D(x̂)‖₂ - 1)², x̂ = εx + (1-ε)G(z), one ε~U[0,1] a picture."""

    lam: float = 10.0

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
        eps = uniform((len(real), 1, 1, 1), real, rng)
        return self.lam * away_from(1.0, slopes_squared(critic, eps * real + (1 - eps) * fake.detach()))


@dataclass(frozen=True)
class AroundData:
    """DRAGAN (Kodali et al. 2017, the authors' code): λE(‖∇D(x + αδ)‖₂ - k)², δ = ½·std(x)·u.

    u~U[0,1] per pixel, one α~U[0,1] per picture, std over the batch. (Their paper has Gaussian noise and no α.)
    """

    lam: float = 10.0
    k: float = 1.0

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
        delta = 0.5 * real.float().std(correction=0) * uniform(real.shape, real, rng)
        alpha = uniform((len(real), 1, 1, 1), real, rng)
        return self.lam * away_from(self.k, slopes_squared(critic, real + alpha * delta))


@dataclass(frozen=True)
class R1:
    """Mescheder et al. 2018, eq. 9: ½γE‖∇D(x)‖² on real pictures."""

    gamma: float = 1.0

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
        return self.gamma / 2 * slopes_squared(critic, real).mean()


@dataclass(frozen=True)
class R2:
    """Mescheder et al. 2018, eq. 9, on fakes."""

    gamma: float = 1.0

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
        return self.gamma / 2 * slopes_squared(critic, fake).mean()


@dataclass(frozen=True)
class R1R2:
    """R1 + R2 with one γ (R3GAN, Huang et al. 2024)."""

    gamma: float = 1.0

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
        return R1(self.gamma)(critic, real, fake) + R2(self.gamma)(critic, real, fake)


Penalty = LineBetween | AroundData | R1 | R2 | R1R2

PENALTIES: dict[str, type[Penalty]] = {
    "line-between": LineBetween,
    "around-data": AroundData,
    "r1": R1,
    "r2": R2,
    "r1+r2": R1R2,
}


def get(name: str, weight: float | None = None) -> Penalty:
    """The penalty `name`, with `weight` as its λ or γ; UnknownName or Refused where there is no such."""
    if name not in PENALTIES:
        raise unknown("penalty", name, PENALTIES)
    if weight is None:
        return PENALTIES[name]()
    if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 <= weight < math.inf:
        raise Refused(f"the weight of {name} is a number, 0 or more, not {weight!r:.60}")
    return PENALTIES[name](float(weight))
