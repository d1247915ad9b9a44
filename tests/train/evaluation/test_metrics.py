"""Each measure against a closed form, a set made by hand, or another library; and what is refused."""

import math

import numpy as np
import pytest
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torchmetrics.image import KernelInceptionDistance

from train.evaluation import metrics
from zoo import measures
from zoo.errors import Refused


def gaussian(n, mean, deviations, seed=0):
    """A sample with exactly these moments: (n, d)."""
    x = torch.randn(n, len(deviations), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    x = x - x.mean(0)
    x = x @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T
    return x * torch.tensor(deviations) + torch.tensor(mean)


def test_frechet_distance_of_gaussians_is_the_closed_form():
    a = gaussian(500, [0.0, 1.0, 2.0], [1.0, 2.0, 3.0])
    b = gaussian(400, [1.0, 1.0, 0.0], [2.0, 2.0, 1.0], seed=1)
    assert metrics.frechet(a, b).value == pytest.approx(1 + 4 + (2 - 1) ** 2 + (3 - 1) ** 2, rel=1e-9)
    assert metrics.frechet(a, a).value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n", [200, 12])  # 12: singular covariances
def test_frechet_distance_is_torch_fidelitys_without_its_wait(n):
    rng = torch.Generator().manual_seed(0)
    a = torch.randn(n, 24, generator=rng, dtype=torch.float64) @ torch.randn(
        24, 24, generator=rng, dtype=torch.float64
    )
    b = torch.randn(n + 5, 24, generator=rng, dtype=torch.float64).exp()
    theirs = fid_statistics_to_metric(fid_features_to_statistics(a), fid_features_to_statistics(b), False)
    assert metrics.frechet(a, b).value == pytest.approx(theirs["frechet_inception_distance"], rel=1e-6)
    assert (metrics.frechet(a, b).se is None) == (n <= 24)


def test_the_error_of_a_frechet_distance_is_the_closed_form_of_two_normals():
    """(μ₁-μ₂)² + (σ₁-σ₂)² moves with the sampling variances of mean and deviation: σ²/n and σ²/2n."""
    rng = torch.Generator().manual_seed(0)
    fake, real = 3 * torch.randn(40_000, 1, generator=rng), 1 + torch.randn(20_000, 1, generator=rng)
    variance = sum(
        4 * s**2 / n + (2 * (3 - 1)) ** 2 * s**2 / (2 * n) for s, n in ((3, len(fake)), (1, len(real)))
    )
    assert metrics.frechet(fake, real).se == pytest.approx(variance**0.5, rel=0.03)


def test_the_error_of_a_frechet_distance_is_what_new_draws_show():
    """Over 200 draws of two sets whose axes differ: the deviation of the distance is the error that one draw gives."""
    rng = torch.Generator().manual_seed(0)
    mix, turn = (torch.randn(6, 6, generator=rng) for _ in range(2))
    found = [
        metrics.frechet(
            torch.randn(300, 6, generator=rng) @ mix, torch.rand(400, 6, generator=rng) @ turn + 0.5
        )
        for _ in range(200)
    ]
    values, errors = (torch.tensor(part) for part in zip(*found, strict=True))
    assert values.std() == pytest.approx(float(errors.mean()), rel=0.12)


def test_the_error_of_a_set_that_has_collapsed_to_one_picture_is_that_of_the_real_set():
    real = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)).double()
    found = metrics.frechet(
        torch.ones(500, 3), real
    )  # its distance is the mean of the squared ones to that picture
    expected = (real - 1).square().sum(1)
    assert found.value == pytest.approx(float(expected.mean()), rel=0.01)
    assert found.se == pytest.approx(float(expected.std()) / 500**0.5, rel=0.01)


def test_kid_of_all_pairs_is_torchmetrics_with_one_subset_of_all():
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(60, 32, generator=rng), torch.randn(60, 32, generator=rng) + 0.3
    theirs = KernelInceptionDistance(torch.nn.Identity(), subsets=1, subset_size=60)
    theirs.inception.num_features = 32
    theirs.update(b, real=True)
    theirs.update(a, real=False)
    assert metrics.kid(a, b).value == pytest.approx(float(theirs.compute()[0]), rel=1e-4)


def test_kid_is_zero_on_average_and_its_error_is_what_new_draws_show():
    """Over 200 draws of two sets that differ: the deviation of KID is the error that one draw gives."""
    rng = torch.Generator().manual_seed(0)
    found = [
        metrics.kid(torch.randn(80, 8, generator=rng), torch.randn(120, 8, generator=rng) * 1.3 + 0.5)
        for _ in range(200)
    ]
    values, errors = (torch.tensor(part) for part in zip(*found, strict=True))
    assert values.std() == pytest.approx(float(errors.mean()), rel=0.2)
    same = [
        metrics.kid(torch.randn(80, 8, generator=rng), torch.randn(80, 8, generator=rng)).value
        for _ in range(200)
    ]
    assert abs(np.mean(same)) < 4 * np.std(same) / math.sqrt(200)


def test_precision_and_recall_of_a_set_made_by_hand():
    """Real: two clusters of 10. Fakes: 15 in the first, 5 far from both. So precision 15/20, recall 10/20."""
    line = torch.arange(10.0)[:, None] * 0.1
    real = torch.cat([line, line + 100])
    fake = torch.cat([torch.linspace(0, 0.9, 15)[:, None], torch.linspace(50, 50.1, 5)[:, None]])
    assert metrics.precision_recall(fake, real, k=3) == pytest.approx((0.75, 0.5))
    assert metrics.precision_recall(real, fake, k=3) == pytest.approx((0.5, 0.75))
    with pytest.raises(Refused, match="k is 20"):
        metrics.precision_recall(fake, real, k=20)


def test_a_neighbourhood_reaches_to_the_kth_other_picture():
    real, fake = torch.arange(10.0)[:, None], torch.full((10, 1), 11.5)
    assert [metrics.precision_recall(fake, real, k)[0] for k in (1, 2, 3, 4)] == [0, 0, 1, 1]


def test_pictures_that_occur_many_times_are_near_themselves():
    """Equal pictures are at the radius, 0, not inside of it: findings/prdc_of_duplicates.sh."""
    half = torch.cat([torch.full((20, 4), 3.0), torch.arange(80.0).reshape(20, 4)])
    assert metrics.precision_recall(half, half.clone(), k=3) == (1, 1)


@pytest.mark.parametrize("width", [6, 128, 2048])
def test_memorisation_is_one_for_unseen_pictures_and_zero_for_copies(width):
    rng = torch.Generator().manual_seed(0)
    training, unseen, samples = (10 + torch.randn(n, width, generator=rng) for n in (400, 300, 300))
    assert metrics.memorisation(samples, unseen, training) == pytest.approx(1, abs=0.1)
    assert metrics.memorisation(training[:300], unseen, training) == 0
    near = training[:300] + 0.01 * torch.randn(300, width, generator=rng)
    assert 0 < metrics.memorisation(near, unseen, training) < 0.1
    assert metrics.memorisation(samples, None, training) == pytest.approx(1, abs=0.1)
    assert metrics.memorisation(training[:300], None, training) == 0
    assert 0 < metrics.memorisation(near, None, training) < 0.1
    twin = training + 1e-3  # its mirror image is a training picture itself, and no other one
    assert metrics.memorisation(samples, None, training, twin) == pytest.approx(1, abs=0.1)
    assert metrics.memorisation(twin[:300], None, training, twin) == 0


def test_of_training_pictures_each_is_held_against_all_others():
    training = torch.tensor(
        [[0.0], [1.0], [1.0], [3.0], [7.0]]
    )  # 1, equal twice, 2 and 4 from the nearest other
    assert metrics.memorisation(torch.tensor([[4.0], [5.0], [8.0]]).repeat(2, 1), None, training) == 1 / 2
    assert metrics.memorisation(training[1:3], None, training[1:3]) is None


@pytest.mark.parametrize("width", [6, 128, 2048])
def test_splits_that_share_pictures_are_noticed(width):
    """Also where the same picture, in another batch, came out in another last digit."""
    rng = torch.Generator().manual_seed(0)
    training, unseen, samples = (10 + torch.randn(n, width, generator=rng) for n in (400, 300, 300))
    again = training[:60] * (1 + 1e-7)
    assert metrics.shared(unseen, training) == 0
    assert metrics.shared(torch.cat([again, unseen[60:]]), training) == pytest.approx(0.2)
    assert metrics.memorisation(samples, torch.cat([again, unseen[60:]]), training) == pytest.approx(
        1, abs=0.1
    )
    assert metrics.memorisation(samples, training[:50], training) is None
    assert metrics.memorisation(training[:50], training[:50], training) is None


def test_nearest_tells_which_picture_it_is():
    rng = torch.Generator().manual_seed(0)
    training = torch.randn(700, 6, generator=rng)
    rows = torch.randperm(700, generator=rng)[:300]
    assert metrics.nearest(training[rows] + 1e-4, training)[1].equal(rows)


def test_classes_are_covered_only_at_a_tenth_of_their_share():
    real = torch.arange(1000) % 10
    assert metrics.class_coverage(real, real, 10) == 1
    fakes = torch.cat([torch.arange(990) % 9, torch.full((10,), 9)])  # 1 % of class 9, a tenth of its share
    assert metrics.class_coverage(fakes, real, 10) == 1
    assert metrics.class_coverage(torch.cat([fakes, torch.zeros(10, dtype=torch.long)]), real, 10) == 0.9
    assert metrics.class_coverage(torch.zeros(1000, dtype=torch.long), real, 10) == 0.1


def test_class_entropy_runs_from_none_to_all():
    assert metrics.class_entropy(torch.arange(1000) % 10, 10) == pytest.approx(1)
    assert metrics.class_entropy(torch.zeros(1000, dtype=torch.long), 10) == 0
    assert metrics.class_entropy(torch.arange(1000) % 2, 10) == pytest.approx(math.log(2) / math.log(10))


def test_inception_score_counts_confident_classes():
    logits = 100 * torch.eye(7).repeat(20, 1)
    assert metrics.inception_score(logits) == pytest.approx(7)
    assert metrics.inception_score(torch.zeros(50, 7)) == pytest.approx(1)
    some = torch.randn(200, 7, generator=torch.Generator().manual_seed(0)) * 2
    theirs = isc_features_to_metric(some, splits=1)["inception_score_mean"]
    assert metrics.inception_score(some) == pytest.approx(theirs, rel=1e-5)


def test_psnr_with_wrap_around_is_near_28_whatever_the_pictures():
    """Uniform residuals give 27.898 dB, and a true PSNR of 10 or 6 hardly moves it: an artefact."""
    every = np.arange(256, dtype=np.uint8)
    assert measures.wrapped_psnr(every, np.zeros_like(every)) == pytest.approx(27.898, abs=1e-3)
    rng = np.random.default_rng(0)
    a, b = rng.integers(256, size=(2, 3, 64, 64), dtype=np.uint8)
    assert measures.wrapped_psnr(a, b) == pytest.approx(27.9, abs=0.2)
    # worked by hand: residuals 1 and -1 are 1 and 255, whose squares are 1 modulo 256; 16 squared is 0
    assert measures.wrapped_psnr(
        np.array([1, 0, 16], np.uint8), np.array([0, 1, 0], np.uint8)
    ) == pytest.approx(10 * math.log10(255**2 / (2 / 3)))
    with pytest.raises(Refused):
        measures.wrapped_psnr(a.astype(float), b.astype(float))


def test_bootstrap_interval_is_the_normal_one_for_many_values():
    values = np.random.default_rng(0).normal(5, 2, size=400)
    mean, low, high = metrics.bootstrap(values)
    assert mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.03)
    assert metrics.bootstrap(values) == (mean, low, high)


@pytest.mark.parametrize("measure", [metrics.frechet, metrics.kid, metrics.precision_recall])
def test_what_is_no_number_is_refused(measure):
    good = torch.randn(20, 4)
    for value in (math.nan, math.inf):
        bad = good.clone()
        bad[3, 1] = value
        for pair in ((good, bad), (bad, good)):
            with pytest.raises(Refused, match="NaN"):
                measure(*pair)
    with pytest.raises(Refused, match="width"):
        measure(good, torch.randn(20, 5))
    with pytest.raises(Refused, match="two pictures"):
        measure(good, good[:1])
    with pytest.raises(Refused):
        metrics.bootstrap([1.0, math.nan])
