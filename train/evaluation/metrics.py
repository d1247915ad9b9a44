"""Measures over sets: pure functions of features (n, d), of classes, or of figures one a picture.

Features are checked first: what is not finite or not of one width is refused, never a number.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zoo.errors import Refused

BLOCK = 2048  # rows at a time where all pairs are compared
ALIKE = (
    1e-5  # of the length of a feature: the same picture in two batches comes out a few float32 digits apart
)
COVERED = 0.1  # of a class's share of the real pictures


class Estimate(NamedTuple):
    """A figure with its standard error; None where there is no saying."""

    value: float
    se: float | None


class Interval(NamedTuple):
    """A mean with its confidence interval."""

    value: float
    low: float
    high: float


def check(*sets: Tensor) -> list[Tensor]:
    """Feature sets (n, d) on the CPU; Refused unless they are finite, of one width, and two rows or more."""
    for features in sets:
        if features.ndim != 2 or features.shape[1] != sets[0].shape[1]:
            shapes = " and ".join(str(tuple(f.shape)) for f in sets)
            raise Refused(f"features are (pictures, width) of one width, not {shapes}")
        if len(features) < 2:
            raise Refused("a set has at least two pictures")
        if not features.is_floating_point() or not all(f.isfinite().all() for f in features.split(BLOCK)):
            raise Refused("features hold NaN or infinity: the extractor or the pictures are broken")
    return [features.detach().cpu() for features in sets]


def frechet(fake: Tensor, real: Tensor) -> Estimate:
    """Squared Fréchet distance of the Gaussians that two sets of features have the moments of, at least 0.

    Heusel et al. 2017. The trace of the root of C₁C₂ is that of the symmetric √C₁C₂√C₁: torch-fidelity's figure, at a
    twelfth of its time. Below d + 1 pictures a covariance is singular: still finite, but hardly a distance, and
    without an error.

    The error is the standard error that drawing both sets anew would give, to first order: the variance of what each
    picture adds to the figure, which is 2(μ₁-μ₂)·x + xᵀ(1-T)x of a centred fake x, T being the linear map that carries
    one Gaussian to the other, and the same of a real one with the signs and T turned round. With only a few times as
    many pictures as features it is a fifth to a third too large (a bootstrap, half again); it costs as much as the
    figure itself.
    """
    fake, real = check(fake, real)
    (mean1, c1), (mean2, c2) = moments(fake), moments(real)
    gap = mean1 - mean2
    values, vectors = torch.linalg.eigh(c1)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    products, axes = torch.linalg.eigh(root @ c2 @ root)
    overlap = products.clamp(min=0).sqrt().sum()
    value = max(0.0, float(gap.square().sum() + c1.trace() + c2.trace() - 2 * overlap))
    if min(len(fake), len(real)) <= len(gap):
        return Estimate(value, None)
    there = (
        (vectors * _power(values, -0.5)) @ vectors.T @ axes * _power(products, 0.25)
    )  # T, as its own square
    back = root @ axes * _power(products, -0.25)  # its inverse
    pull_fake = torch.cat(
        [2 * x @ gap + x.square().sum(1) - (x @ there).square().sum(1) for x in centred(fake, mean1)]
    )
    pull_real = torch.cat(
        [-2 * y @ gap + y.square().sum(1) - (y @ back).square().sum(1) for y in centred(real, mean2)]
    )
    return Estimate(value, float((pull_fake.var() / len(fake) + pull_real.var() / len(real)).sqrt()))


def _power(values: Tensor, exponent: float) -> Tensor:
    """Of eigenvalues; 0 of those that are 0 but for rounding."""
    return torch.where(values > 1e-10 * values.max(), values, torch.inf if exponent < 0 else 0.0) ** exponent


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and unbiased covariance (d, d), in float64."""
    mean = sum(part.double().sum(0) for part in features.split(BLOCK)) / len(features)
    return mean, sum(part.T @ part for part in centred(features, mean)) / (len(features) - 1)


def centred(features: Tensor, mean: Tensor) -> Iterator[Tensor]:
    """Features less their mean, widened to float64 a block at a time: all at once they would take twice the memory."""
    return (part.double() - mean for part in features.split(BLOCK))


def kid(fake: Tensor, real: Tensor) -> Estimate:
    """Squared maximum mean discrepancy under (x·y/d + 1)³ (Bińkowski et al. 2018), unbiased, over all pairs.

    The error is the standard error that drawing both sets anew would give: the first-order (Hoeffding) variance of
    the U-statistic over its single pictures. It is no deviation over overlapping subsets, as other libraries print.
    """
    fake, real = check(fake, real)
    m, n = len(fake), len(real)
    of_fake, _ = _kernel_sums(fake, fake)
    of_real, _ = _kernel_sums(real, real)
    fake_to_real, real_to_fake = _kernel_sums(fake, real)
    pull_fake = (of_fake - _kernel_diagonal(fake)) / (m - 1) - fake_to_real / n  # (m,)
    pull_real = (of_real - _kernel_diagonal(real)) / (n - 1) - real_to_fake / m  # (n,)
    value = pull_fake.mean() + pull_real.mean()
    return Estimate(float(value), float(2 * (pull_fake.var() / m + pull_real.var() / n).sqrt()))


def _kernel_sums(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The kernel of all pairs, summed for each row of `a` (n,) and for each row of `b` (m,)."""
    rows = torch.zeros(len(a), dtype=torch.float64)
    columns = torch.zeros(len(b), dtype=torch.float64)
    for row, above in zip(rows.split(BLOCK), a.split(BLOCK), strict=True):
        above = above.double()
        for column, below in zip(columns.split(BLOCK), b.split(BLOCK), strict=True):
            kernel = (above @ below.double().T / a.shape[1] + 1) ** 3
            row += kernel.sum(1)
            column += kernel.sum(0)
    return rows, columns


def _kernel_diagonal(a: Tensor) -> Tensor:
    return (torch.cat([part.double().square().sum(1) for part in a.split(BLOCK)]) / a.shape[1] + 1) ** 3


def precision_recall(fake: Tensor, real: Tensor, k: int = 3) -> tuple[float, float]:
    """Shares of fakes near real pictures, and of real pictures near fakes (Kynkäänniemi et al. 2019).

    Near: within the distance of a picture to its k-th neighbour in its own set. By torch-fidelity.
    """
    from torch_fidelity.metric_prc import calculate_precision_recall_part

    fake, real = check(fake, real)
    if not 1 <= k < min(len(fake), len(real)):
        raise Refused(f"k is {k}: sets of {len(fake)} and {len(real)} pictures have no such neighbour")
    return calculate_precision_recall_part(fake.float(), real.float(), neighborhood=k, batch_size=BLOCK)


def memorisation(
    samples: Tensor, unseen: Tensor | None, training: Tensor, mirrored: Tensor | None = None
) -> float | None:
    """Median distance of samples to their nearest training picture, over the same of unseen real pictures.

    1: as far as unseen pictures are; 0: copies. Where there are none (`unseen` is None), training pictures stand for
    them, as many as there are samples, each held against all others. Real pictures that equal one that they are held
    against (see `shared`) do not count; None where all do. `mirrored`: the same training pictures the other way round,
    where they were shown so, too.
    """
    shown = training if mirrored is None else torch.cat([training, mirrored])
    if unseen is None:
        some = torch.from_numpy(np.random.default_rng(0).permutation(len(training))[: len(samples)])
        itself = some[:, None] + torch.arange(0, len(shown), len(training))
        apart = nearest(training[some], shown, but=itself)[0]
    else:
        apart = nearest(unseen, shown)[0]
    apart = apart[apart > 0]
    return float(nearest(samples, shown)[0].median() / apart.median()) if len(apart) else None


def shared(unseen: Tensor, training: Tensor) -> float:
    """Share of the unseen pictures that are training pictures: above 0, the splits overlap."""
    return float((nearest(unseen, training)[0] == 0).double().mean())


def nearest(a: Tensor, b: Tensor, but: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Each row of `a` to its nearest of `b`: distances (float64) and row numbers, (n,) each.

    `but` (n, k): the rows of `b` that do not count for that row of `a`, as it is one of them itself.

    Found by the fast product, whose rounding hides small distances, then taken from the difference itself; equal rows,
    but for float32's last digits, are 0 apart.
    """
    a, b = (features.double() for features in check(a, b))
    found = []
    for start in range(0, len(a), 256):
        apart = torch.cdist(a[start : start + 256], b)
        if but is not None:
            apart.scatter_(1, but[start : start + 256], torch.inf)
        found.append(apart.argmin(1))
    rows = torch.cat(found)
    distances = (a - b[rows]).norm(dim=1)
    return distances.where(distances > ALIKE * b.norm(dim=1).median(), 0.0), rows


def class_shares(predicted: Tensor, classes: int) -> Tensor:
    """(classes,) the share of each class among predictions (n,)."""
    return torch.bincount(predicted, minlength=classes).double() / len(predicted)


def class_coverage(predicted: Tensor, real: Tensor, classes: int) -> float:
    """Share of the classes that samples show: each at least a tenth as often as real pictures do.

    Both are as one classifier sees them, so its own slips count on both sides. Classes that no real picture is taken
    for are left out.
    """
    fakes, reals = class_shares(predicted, classes), class_shares(real, classes)
    there = reals > 0
    return float((fakes[there] >= COVERED * reals[there] - 1e-9).double().mean())


def class_entropy(predicted: Tensor, classes: int) -> float:
    """Entropy of the samples' classes over its maximum: 0 where all are one class, 1 where all are as frequent."""
    shares = class_shares(predicted, classes)
    return abs(float(torch.special.entr(shares).sum() / np.log(classes)))


def inception_score(logits: Tensor) -> float:
    """exp E KL(p(y|x) ‖ p(y)), over all pictures at once; 1 to the number of classes (Salimans et al. 2016)."""
    (logits,) = check(logits)
    log_p = logits.double().log_softmax(1)
    return float((log_p.exp() * (log_p - log_p.exp().mean(0).log())).sum(1).mean().exp())


def bootstrap(
    values: Sequence[float], *, draws: int = 10_000, level: float = 0.95, seed: int = 0
) -> Interval:
    """The mean of one figure a picture, with the percentile interval of drawing the pictures anew."""
    array = np.asarray(values, float)
    if array.ndim != 1 or len(array) < 2 or not np.isfinite(array).all():
        raise Refused("a bootstrap needs two finite figures or more, one a picture")
    rows = np.random.default_rng(seed).integers(len(array), size=(draws, len(array)))
    low, high = np.quantile(array[rows].mean(1), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(array.mean()), float(low), float(high))
