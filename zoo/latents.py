"""From a seed to latents, and from one latent to another.

A latent is the inverse normal CDF of a uniform number, computed in float64 and cast last: in float32 the
largest uniform number would round to 1, and its latent to infinity.

To have the same latents in another language: start the Mersenne twister MT19937 by init_genrand(seed), as its authors'
mt19937ar.c has it, and take a 32-bit word w for each number, row by row: it is Φ⁻¹(((w mod 2²⁴) + ½) / 2²⁴).
"""

import math
import operator
from collections.abc import Callable, Iterator
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.errors import Refused

LEVELS = 2**24
SEEDS = 2**32  # torch's CPU generator takes no notice of higher bits of a seed


def draw(n: int, size: int, seed: int = 0, truncation: float | None = None) -> Tensor:
    """Latents (n, size), float32 on the CPU, standard normal; within ±`truncation` where it is given.

    The first rows of a large draw are the small draw. `seed` lies in [0, 2**32), or Refused is raised.
    """
    (z,) = draw_in_batches(n, size, seed, truncation, batch=n)
    return z


def draw_in_batches(
    n: int, size: int, seed: int = 0, truncation: float | None = None, *, batch: int
) -> Iterator[Tensor]:
    """The latents of `draw`, (at most `batch`, size) at a time; no more of them are ever in memory."""
    n, batch = whole("n", n), whole("batch", batch)
    if n < 1:
        raise Refused(f"n is {n}: ask for at least one picture")
    if batch < 1:
        raise Refused(f"batch is {batch}: it holds at least one picture")
    _normal(torch.zeros(0, dtype=torch.float64), truncation)  # refuses it now, not at the first batch
    rng = torch.Generator().manual_seed(check_seed(seed))
    words = (torch.randint(LEVELS, (min(batch, n - i), size), generator=rng) for i in range(0, n, batch))
    return (_latents(k, truncation) for k in words)


def row(k: int, size: int, seed: int = 0) -> Tensor:
    """Row k of a draw, (size,): the words before it are passed over, and no latent is made of them."""
    twister = np.random.MT19937()
    seeded: Any = np.random.RandomState(check_seed(seed)).get_state(legacy=False)  # as torch seeds its own
    twister.state = seeded
    twister.random_raw(k * size, output=False)
    return _latents(torch.from_numpy((twister.random_raw(size) % LEVELS).astype(np.int64)), None)


def _latents(k: Tensor, truncation: float | None) -> Tensor:
    return _normal((k.double() + 0.5) / LEVELS, truncation).float()


def whole(what: str, value: Any) -> int:
    """`value` as an int; Refused, with `what` it is, where it is no whole number."""
    try:
        return operator.index(value)
    except TypeError:
        raise Refused(f"{what} is a whole number, not {value!r:.60}") from None


def check_seed(seed: int) -> int:
    """`seed` as an int in [0, 2**32), or Refused."""
    number = whole("a seed", seed)
    if not 0 <= number < SEEDS:
        raise Refused(f"seed {number} is out of range: a seed lies between 0 and 2**32 - 1")
    return number


def truncate(z: Tensor, t: float | None) -> Tensor:
    """`z` squeezed into ±t, each latent moving continuously with t; t = None leaves it as it is.

    A value keeps its quantile, now of the normal distribution cut off at ±t. Refused unless t > 0.
    """
    if t is None or t == math.inf:
        return z
    return _normal(torch.special.ndtr(z.double()), t).to(z.dtype)


def _normal(u: Tensor, t: float | None) -> Tensor:
    """The quantile `u` (float64, in (0, 1)) of the standard normal distribution, cut off at ±t."""
    if t is None or t == math.inf:
        return torch.special.ndtri(u)
    if not isinstance(t, Real) or not t > 0:
        raise Refused(f"truncation is {t!r:.60}: give a number above 0 (0.7 is usual), or None for none")
    t = float(t)  # NumPy's would be computed with at their own precision
    low, high = (0.5 * math.erfc(s * t / math.sqrt(2)) for s in (1, -1))  # Φ(-t), Φ(t)
    return torch.special.ndtri(low + u * (high - low)).clamp(-t, t)


def lerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """The straight line from `a` (…, size) at t = 0 to `b` at t = 1, both ends exact.

    `t` is a number or holds one for each row of the result: (k,) between two single latents gives (k, size).
    """
    t = torch.as_tensor(t, dtype=torch.float64)[..., None]
    return ((1 - t) * a.double() + t * b.double()).to(a.dtype)


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """The arc from `a` to `b`: the direction turns on the sphere, the norm moves linearly, both ends exact.

    Shapes as for `lerp`, which takes over where no single arc exists (parallel, opposite or zero ends).
    """
    t = torch.as_tensor(t, dtype=torch.float64)[..., None]
    x, y = a.double(), b.double()
    norm_x, norm_y = x.norm(dim=-1, keepdim=True), y.norm(dim=-1, keepdim=True)
    x, y = (z / torch.where(norm > 0, norm, 1) for z, norm in ((x, norm_x), (y, norm_y)))
    cosine = (x * y).sum(-1, keepdim=True)
    bent = (norm_x * norm_y > 0) & (1 - cosine.square() > 1e-12)
    angle = torch.acos(torch.where(bent, cosine, 0))  # elsewhere its slope would be NaN, used or not
    direction = (torch.sin((1 - t) * angle) * x + torch.sin(t * angle) * y) / torch.sin(angle)
    arc = torch.lerp(norm_x, norm_y, t) * direction
    # the line also serves the ends, which it meets exactly
    return torch.where(bent & (t != 0) & (t != 1), arc.to(a.dtype), lerp(a, b, t[..., 0]))


def between(ends: Tensor, steps: int, mix: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    """A line of (2, size) → (steps, size), or a plane of its corners (4, size) → (steps · steps, size)."""
    t = torch.linspace(0, 1, steps, dtype=torch.float64)
    if len(ends) == 2:
        return mix(ends[0], ends[1], t)
    left, right = mix(ends[0], ends[2], t), mix(ends[1], ends[3], t)  # (steps, size)
    return mix(left[:, None], right[:, None], t).flatten(0, 1)
