#!/usr/bin/env bash
# ezbootstrap 0.0.3 (PyPI): the more replicates, the narrower the interval, since each is as large as their number.
#
# For whoever says with an interval how sure the mean FID of a loss is, of ten runs or so, or the difference of two. A bootstrap draws as
# many values as there are, again and again; how often only says how smooth the result is. `bs_1sample` and `bs_2sample`
# document `size` as the number of replicates, and draw `size` values for each (`_bs_draw_apply_1sample` and
# `_bs_draw_apply_2sample` in `core.py`), 5,000 by default. `bs_pairs` draws as many as there are. No error, no warning.
#
# Expected: replicates that spread like the standard error, whatever their number; some 90 % of the intervals of 95 % of
#           ten values hold the truth.
# Seen:     of ten values with a standard error of 0.23: 0.07 with 100 replicates, 0.010 with 5,000, in one sample as in two.
#           The intervals of 95 %, by 1,000 replicates, of a sixth of sixty samples hold the mean.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==2.2.6 numba==0.61.2 &&
    "$place/env/bin/pip" install -q --no-deps ezbootstrap==0.0.3; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import numpy as np
from ezbootstrap import bs_1sample, bs_2sample, bs_pairs

MANY, TIMES, REPLICATES = 10, 60, 1000
random = np.random.default_rng(0)


def mean(values):
    return np.mean(values)


def difference(one, other):
    return np.mean(one) - np.mean(other)


def right(values, replicates):
    return values[random.integers(len(values), size=(replicates, len(values)))].mean(1)


one, other = random.normal(size=(2, MANY))
expected = one.std() / np.sqrt(MANY)
spreads = []
for replicates in (MANY, 100, 5000):
    spreads.append(bs_1sample(one, mean, size=replicates).std())
    both, pairs = (draw(one, other, difference, size=replicates).std() for draw in (bs_2sample, bs_pairs))
    print(f"{replicates} replicates: mean {spreads[-1]:.4f}, right {right(one, replicates).std():.4f}; difference {both:.4f}, "
          f"of pairs {pairs:.4f}; standard error of the mean {expected:.4f}")
assert abs(right(one, 5000).std() / expected - 1) < 0.1, "the reference is not right"
assert abs(bs_pairs(one, other, difference).std() / np.hypot(one.std(), other.std()) * np.sqrt(MANY) - 1) < 0.5
assert spreads[1] < 0.5 * expected and spreads[2] < 0.1 * expected, "no longer: narrower with more"
assert bs_2sample(one, other, difference).std() < 0.15 * expected, "no longer: nor in two samples"

held = np.zeros(2)
for _ in range(TIMES):
    sample = random.normal(size=MANY)
    for at, drawn in enumerate((bs_1sample(sample, mean, size=REPLICATES), right(sample, REPLICATES))):
        low, high = np.quantile(drawn, (0.025, 0.975))
        held[at] += low <= 0 <= high
print("95 % intervals that hold the mean: {:.0%}, right {:.0%}".format(*held / TIMES))
assert held[0] < 0.4 * TIMES and held[1] > 0.8 * TIMES, "no longer: hardly any"
PY
