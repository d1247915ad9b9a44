#!/usr/bin/env bash
# permutation_test 0.18 (PyPI), Fisher's test: its two-sided p is the smaller of the two one-sided ones, about half of the right one.
#
# For whoever asks whether the runs of two losses differ, without a normal distribution. With `detailed` False, and as `p_value` of
# the details, the docstring promises the two-sided p. `permutationtest` (`functions.py`) sums a histogram of the mean
# differences on either side and takes `min` of both. And `benjamini_hochberg_procedure`, which the package's own command applies to
# them, stops at the first p above its line, where Benjamini and Hochberg go on to the last one below. No error, no warning.
#
# Expected: the share of permutations whose difference is as far from 0; 5 % below 0.05 where nothing differs. Of the p 0.01, 0.03,
#           0.035, 0.04 and 0.045 all are rejected at 5 %, since 0.045 is below 0.05.
# Seen:     half the right p, 0.5 and a little at most; 10 % of samples without a difference are below 0.05. Of those five p,
#           one is rejected. (With 100 bins; the fewer that it chooses by itself blur the half.)
# It needs numpy below 1.24, whose histograms still know `normed`.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==1.23.5 &&
    "$place/env/bin/pip" install -q --no-deps permutation_test==0.18; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import contextlib
import io
from itertools import combinations

import numpy as np
from permutation_test import benjamini_hochberg_procedure, permutationtest

MANY, TIMES = 6, 500
random = np.random.default_rng(0)
splits = np.array([np.isin(np.arange(2 * MANY), first) for first in combinations(range(2 * MANY), MANY)])


def seen(one, other):
    with contextlib.redirect_stdout(io.StringIO()):
        return permutationtest(one.tolist(), other.tolist(), verbose=False, n_bins=100)


def right(one, other):
    sums = splits @ np.concatenate([one, other])
    apart = abs(sums - sums.mean())
    return (apart >= apart[0] - 1e-9).mean()


ps = np.array([[test(*pair) for test in (seen, right)] for pair in random.normal(size=(TIMES, 2, MANY))])
print("no difference, p below 0.05: {:.1%}, right {:.1%}".format(*(ps < 0.05).mean(0)))
assert (ps[:, 1] < 0.05).mean() < 0.08, "the reference is not right"
assert (ps[:, 0] < 0.05).mean() > 1.5 * (ps[:, 1] < 0.05).mean(), "no longer: too many below 0.05"
print(f"of the right p: {np.median(ps[:, 0] / ps[:, 1]):.2f} of it in the median; the largest is {ps[:, 0].max():.2f}")
assert ps[:, 0].max() < 0.6 and 0.45 < np.median(ps[:, 0] / ps[:, 1]) < 0.55, "no longer: half of the right p"

five = [0.01, 0.03, 0.035, 0.04, 0.045]
below = [rank for rank, p in enumerate(sorted(five), 1) if p <= 0.05 * rank / len(five)]
rejected = benjamini_hochberg_procedure(five, alpha=0.05)
print(f"rejected of {five}: {rejected.sum()}, right {max(below)}")
assert rejected.sum() == 1 and max(below) == 5, "no longer: it stops at the first one above"
PY
