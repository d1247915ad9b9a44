#!/usr/bin/env bash
# effect_size_analysis 0.1.0 (PyPI): the interval of Cliff's delta weighs each sample by the square of its own size.
#
# For whoever says with an interval how far few scores of one loss lie above many of another. Cliff's variance adds up how much the
# rows of the matrix of comparisons differ, times the square of their length, and the columns likewise. The length of a row is the
# size of the other sample; `cliff_delta` (`cliff_delta.py`) takes that of its own. With equal sizes nothing shows, as in README's
# example, nor in delta itself. No error, no warning.
#
# Expected: a standard error of 0.24 for 5 and 100 scores half a standard deviation apart, as the formula and simulated samples
#           say; 0.19 for 10 and 40.
# Seen:     1.3 to 1.4 for the first, with intervals far beyond -1 and 1, and 0.38 for the second. Of a delta of 0.996, of 5 and
#           100, the accurate interval, too, holds 0. With 20 and 20 all is right.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==2.2.6 scipy==1.17.1 &&
    "$place/env/bin/pip" install -q --no-deps effect_size_analysis==0.1.0; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
from math import sqrt

import numpy as np
from effect_size_analysis.cliff_delta import cliff_delta

TIMES, Z = 300, 1.959964
random = np.random.default_rng(0)


def right(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Cliff's delta and its standard error."""
    signs = np.sign(one[:, None] - other)
    rows, columns = signs.shape
    delta = signs.mean()
    between_rows = (columns * (signs.mean(1) - delta)) ** 2
    between_columns = (rows * (signs.mean(0) - delta)) ** 2
    total = between_rows.sum() + between_columns.sum() - ((signs - delta) ** 2).sum()
    return delta, sqrt(total / (rows * columns * (rows - 1) * (columns - 1)))


def seen(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    delta, (low, high) = cliff_delta(one, other)
    return delta, (high - low) / 2 / Z


for sizes, times_too_wide in (((20, 20), 1), ((10, 40), 1.7), ((5, 100), 4), ((100, 5), 4)):
    drawn = [(random.normal(0.5, 1, sizes[0]), random.normal(0, 1, sizes[1])) for _ in range(TIMES)]
    by_formula = np.array([right(*pair) for pair in drawn])
    found = np.array([seen(*pair) for pair in drawn[:40]])
    simulated = by_formula[:, 0].std()
    print(f"{sizes[0]} and {sizes[1]}: standard error {found[:, 1].mean():.3f}, by the formula {by_formula[:, 1].mean():.3f}, "
          f"simulated {simulated:.3f}")
    assert np.allclose(found[:, 0], by_formula[:40, 0]), "not even delta is right"
    assert abs(by_formula[:, 1].mean() / simulated - 1) < 0.15, "the formula is not what samples do"
    if times_too_wide == 1:
        assert np.allclose(found[:, 1], by_formula[:40, 1]), "no longer: right for equal sizes"
    else:
        assert found[:, 1].mean() > times_too_wide * simulated, "no longer: too wide"

many = np.arange(100.0)
few = np.array([98.5, 120, 121, 122, 123])
delta, error = right(few, many)
print(f"5 above nearly all of 100: delta {delta:.3f}, right interval {delta - Z * error:.3f} to {delta + Z * error:.3f}")
for accurate in (False, True):
    low, high = cliff_delta(few, many, accurate_ci=accurate)[1]
    print(f"seen{', accurate' * accurate}: {low:.3f} to {high:.3f}")
    assert delta - Z * error > 0.9 and low < 0.9, "no longer: a wide interval"
PY
