#!/usr/bin/env bash
# hyppo 0.5.2 (PyPI): the MMD of two sets ends at 1/8 however far apart they are.
#
# For whoever wants a kernel distance between features of real and generated pictures (KID is one) from a library of
# two-sample tests. Its documentation gives the formula of MMD and says that the statistic equals it up to a scaling
# factor. `MMD().statistic` takes it from `Hsic`, which there is a correlation, not a covariance, so the factor depends on
# the pictures: with two sets of equal size the result has an upper bound of 2 n^4 / (2 n)^4 = 1/8. p-values are right, as
# permuting does not change the norm; the value is no distance, and no two of them can be compared.
# `Energy(bias=True)` is off too, the other way: 0.297 for two sets of one distribution.
#
# Expected: MMD^2 with the linear kernel, |difference of means|^2: about 1, 16 and 256 for sets that lie 1, 4, and 16 apart;
#           0.01 for the biased energy distance (1,000 points in all) of two sets of one distribution.
# Seen:     MMD 0.054, 0.111 and 0.124; energy distance 0.297 with bias=True, but 0.004 with bias=False.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q hyppo==0.5.2 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import numpy as np
from hyppo.ksample import MMD, Energy
from scipy.spatial.distance import cdist

draw = np.random.default_rng(0)
x, y = draw.normal(0, 1, (2, 500, 2))
for apart in (1, 4, 16):
    moved = y + [apart, 0]
    got = MMD(compute_kernel="linear", bias=True).statistic(x, moved)
    true = np.square(x.mean(0) - moved.mean(0)).sum()
    print(f"{apart} apart: MMD {got:.3f}, by its formula {true:.1f}")
    assert got < 1 / 8 < true

true = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
biased, unbiased = (Energy(bias=bias).statistic(x, y) for bias in (True, False))
print(f"one distribution: Energy {biased:.3f} with bias=True, {unbiased:.3f} without, by the formula {true:.3f}")
assert biased > 10 * true and abs(unbiased) < true
print("as described")
PY
