"""Measures over sets: pure functions of features (n, d), of classes, or of figures one a picture.

Features are checked first: what is not finite or not of one width is refused, never a number.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zoo.errors import Refused

BLOCK = 2048  # rows at a time where all pairs are compared
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
    """Feature sets as float64 (n, d); Refused unless they are finite, of one width, and two rows or more."""
    for features in sets:
        if features.ndim != 2 or features.shape[1] != sets[0].shape[1]:
            shapes = " and ".join(str(tuple(f.shape)) for f in sets)
            raise Refused(f"features are (pictures, width) of one width, not {shapes}")
        if len(features) < 2:
            raise Refused("a set has at least two pictures")
        if not features.is_floating_point() or not features.isfinite().all():
            raise Refused("features hold NaN or infinity: the extractor or the pictures are broken")
    return [features.detach().cpu().double() for features in sets]


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
    x, y, gap = fake - fake.mean(0), real - real.mean(0), fake.mean(0) - real.mean(0)
    c1, c2 = torch.cov(fake.T).reshape(len(gap), -1), torch.cov(real.T).reshape(len(gap), -1)
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
    pull_fake = 2 * x @ gap + x.square().sum(1) - (x @ there).square().sum(1)
    pull_real = -2 * y @ gap + y.square().sum(1) - (y @ back).square().sum(1)
    return Estimate(value, float((pull_fake.var() / len(x) + pull_real.var() / len(y)).sqrt()))


def _power(values: Tensor, exponent: float) -> Tensor:
    """Of eigenvalues; 0 of those that are 0 but for rounding."""
    return torch.where(values > 1e-10 * values.max(), values, torch.inf if exponent < 0 else 0.0) ** exponent


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
    rows, columns = [], torch.zeros(len(b), dtype=a.dtype)
    for part in a.split(BLOCK):
        kernel = (part @ b.T / a.shape[1] + 1) ** 3
        rows.append(kernel.sum(1))
        columns += kernel.sum(0)
    return torch.cat(rows), columns


def _kernel_diagonal(a: Tensor) -> Tensor:
    return (a.square().sum(1) / a.shape[1] + 1) ** 3


def precision_recall(fake: Tensor, real: Tensor, k: int = 3) -> tuple[float, float]:
    """Shares of fakes near real pictures, and of real pictures near fakes (Kynkäänniemi et al. 2019).

    Near: within the distance of a picture to its k-th neighbour in its own set. By torch-fidelity.
    """
    from torch_fidelity.metric_prc import calculate_precision_recall_part

    fake, real = check(fake, real)
    if not 1 <= k < min(len(fake), len(real)):
        raise Refused(f"k is {k}: sets of {len(fake)} and {len(real)} pictures have no such neighbour")
    return calculate_precision_recall_part(fake.float(), real.float(), neighborhood=k, batch_size=BLOCK)


def memorisation(samples: Tensor, unseen: Tensor, training: Tensor) -> float:
    """Median distance of samples to their nearest training picture, over the same of unseen real pictures.

    1: as far as unseen pictures are; towards 0: copies.
    """
    samples, unseen, training = check(samples, unseen, training)
    scale = nearest(unseen, training)[0].median()
    if scale == 0:
        raise Refused("half of the unseen pictures are training pictures: the splits overlap")
    return float(nearest(samples, training)[0].median() / scale)


def nearest(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Each row of `a` to its nearest of `b`: distances and row numbers, (n,) each."""
    found = [torch.cdist(rows, b).min(1) for rows in a.split(256)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


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
    log_p = logits.log_softmax(1)
    return float((log_p.exp() * (log_p - log_p.exp().mean(0).log())).sum(1).mean().exp())


def wrapped_psnr(a: np.ndarray, b: np.ndarray) -> float:
    """What a PSNR becomes where uint8 arrays are subtracted and squared as uint8: **an artefact, no quality.**

    Both wrap round at 256, so the error of two unrelated pictures is one of a few squares modulo 256, and any pair of
    pictures "has" some 28 dB (27.898 where residuals are uniform). Reported beside the true one, because the
    focal paper's Table 4 lies just there: vanilla 28.813, WGAN-GP 27.778, LSGAN 28.056, focal 28.351.
    """
    if a.dtype != np.uint8 or b.dtype != np.uint8 or a.shape != b.shape:
        raise Refused("the slip is that of two uint8 pictures of one shape")
    error = float(np.mean((a - b) ** 2))  # in uint8, on purpose
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


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
