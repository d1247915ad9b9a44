#!/usr/bin/env bash
# permuted_brunnermunzel 0.1.0 (PyPI), a test for few scores: where ranks belong, it takes the order that would sort them.
#
# For whoever asks whether the runs of one loss come out above those of another, when there are seven or so of each and
# their spreads differ. The test of Brunner and Munzel compares mean ranks, and its p is exact over all permutations. Ranks
# are `rank(x)`, and that is `np.argsort(x)` (`brunnermunzel_test.py`): positions of the sorted values, counted from 0.
# They depend on the order in which scores are handed over. The estimate is built of them, too. No error, no warning.
#
# Expected: the share of pairs in which the second is higher, from 0 to 1; a p that no order of the scores changes, and that
#           is below 0.05 nearly always where seven scores lie two standard deviations apart from seven others.
# Seen:     the estimate is 0.86 where all of the second lie above, -0.14 where all lie below. Of one sample, in forty orders:
#           estimates from 0.45 to 0.71 for 0.84, p from 0.03 to 0.65 for 0.03. Of samples two apart, half come to a
#           p below 0.05 (right: 90 %).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q permuted_brunnermunzel==0.1.0 numpy==2.2.6 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import warnings
from itertools import combinations

import numpy as np
from permuted_brunnermunzel import permuted_brunnermunzel
from scipy.stats import brunnermunzel

MANY = 7
random = np.random.default_rng(0)
splits = [np.isin(np.arange(2 * MANY), first) for first in combinations(range(2 * MANY), MANY)]


def seen(one, other):
    return permuted_brunnermunzel(one.tolist(), other.tolist())


def right(one, other):
    """The share of pairs, and the share of all splits whose statistic is as far from 0."""
    together = np.concatenate([one, other])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # splits without overlap have no variance: infinite statistics
        statistics = abs(np.array([brunnermunzel(together[split], together[~split]).statistic for split in splits]))
    return (one[:, None] < other).mean(), (statistics >= statistics[0] - 1e-9).mean()


low, high = np.arange(MANY) * 1.0, np.arange(MANY) + 10.0
for name, pair in (("all above", (low, high)), ("all below", (high, low))):
    (estimate, p), (share, exact) = seen(*pair), right(*pair)
    print(f"{name}: estimate {estimate:.2f}, right {share:.0f}; p {p:.4f}, right {exact:.4f}")
    assert estimate < 0.9, "no longer: less than all"

one, other = np.array([1, 2, 3, 5, 6, 8, 11.0]), np.array([4, 7, 9, 10, 12, 13, 14.0])
assert abs(right(one, other)[1] - right(one[::-1], other[::-1])[1]) < 1e-9
found = [seen(random.permutation(one), random.permutation(other)) for _ in range(40)]
estimates, ps = zip(*found)
print(f"the same scores in other orders: estimate {min(estimates):.2f} to {max(estimates):.2f}, right "
      f"{right(one, other)[0]:.2f}; p {min(ps):.3f} to {max(ps):.3f}, right {right(one, other)[1]:.3f}")
assert min(ps) < 0.1 and max(ps) > 0.5, "no longer: p depends on the order"
assert max(estimates) - min(estimates) > 0.2, "no longer: the estimate depends on the order"

apart = [(random.normal(0, 1, MANY), random.normal(2, 1, MANY)) for _ in range(30)]
power = [np.mean([test(*pair)[1] < 0.05 for pair in apart]) for test in (seen, right)]
print("two standard deviations apart: p below 0.05 for {:.0%} of the samples, right {:.0%}".format(*power))
assert power[0] < power[1] - 0.2, "no longer: it misses differences"
PY
