#!/usr/bin/env bash
# lhsmdu 1.1 (PyPI), Latin hypercubes "with multi-dimensional uniformity": they are no more uniform than any Latin hypercube.
#
# For whoever wants few latents that lie evenly, to show or to compare generators by. The method (Deutsch and Deutsch 2012)
# draws five times as many points as are wanted, drops the one that is nearest to another until enough are left, and moves
# each to the stratum of its rank in every dimension. Instead of its rank, which is the place of a point in the sorted
# order, `resample` (`__init__.py`) takes the sorted order itself, `argsort`, which is the inverse: each dimension mixes the
# points in its own way, and which points were kept plays no part. Each dimension alone is right, and the README compares
# with independent points only, than which any Latin hypercube is more even. No error, no warning.
#
# Expected: in each dimension the points are in the order of those that were kept (`lhsmdu.matrixOfStrata`), as by ranks;
#           the nearest two lie about twice as far from each other as in a random Latin hypercube.
# Seen:     a rank correlation of 0.06 with the points that were kept (by ranks 1.00). The nearest two of 30 points in a plane
#           are 0.048 apart, in a random Latin hypercube 0.044, by ranks 0.084 (means of twelve).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q lhsmdu==1.1 numpy==2.4.6 scipy==1.17.1 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import lhsmdu
import numpy as np
from scipy.spatial.distance import pdist

MANY, DIMENSIONS, TIMES = 30, 2, 12
draw = np.random.default_rng(0)


def ranks(points: np.ndarray) -> np.ndarray:
    return points.argsort(0).argsort(0)


def in_strata(order: np.ndarray) -> np.ndarray:
    """A Latin hypercube whose points have these ranks."""
    return (order + draw.random(order.shape)) / MANY


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """The rank correlation, averaged over dimensions."""
    pairs = zip(ranks(one).T, ranks(other).T, strict=True)
    return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs]))


agreement, nearest = [], {"by the package": [], "by ranks": [], "random": []}
for seed in range(1, TIMES + 1):
    points = np.asarray(lhsmdu.sample(DIMENSIONS, MANY, randomSeed=seed)).T
    kept = np.asarray(lhsmdu.matrixOfStrata).T
    right = in_strata(ranks(kept))
    chance = in_strata(np.stack([draw.permutation(MANY) for _ in range(DIMENSIONS)], 1))
    for found in (points, right, chance):  # one point for each stratum of each dimension
        assert (np.sort(np.floor(found * MANY), 0) == np.arange(MANY)[:, None]).all(), "not even a Latin hypercube"
    assert (ranks(points) == kept.argsort(0)).all(), "no longer: the sorted order instead of ranks"
    agreement.append((alike(points, kept), alike(right, kept)))
    for values, found in zip(nearest.values(), (points, right, chance), strict=True):
        values.append(pdist(found).min())
of_package, of_ranks = np.mean(agreement, 0)
print(f"rank correlation with the points that were kept: by the package {of_package:.2f}, by ranks {of_ranks:.2f}")
for kind, values in nearest.items():
    print(f"{kind}: the nearest two of {MANY} points are {np.mean(values):.3f} apart")
assert abs(of_package) < 0.2 and of_ranks > 0.999
by_package, by_ranks, random = (np.mean(values) for values in nearest.values())
assert by_package < 1.35 * random and by_ranks > 1.7 * random, "no longer: no more even than a random one"
PY
