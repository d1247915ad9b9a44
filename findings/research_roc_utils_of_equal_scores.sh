#!/usr/bin/env bash
# research_roc_utils 0.1.1 (PyPI): its t finds one of two equally good scores better in a third of all cases, its z never.
#
# For whoever compares how well two discriminators tell real from generated pictures, by the areas under their ROC curves. Hanley and
# McNeil divide the difference by the root of v1 + v2 - 2 r s1 s2: variances, and their roots, of each area, and a
# correlation from a table. In `roc_utils.py` the variance for `roc_t_stat` is the root of their sum over the product of the
# counts, where the sum itself belongs; for `roc_z_score` the product is left out; and both have 2 r v1 v2. README promises
# both for hypothesis tests, the z after Hanley and McNeil. No error; a z of more correlated scores is NaN with a warning.
#
# Expected: of equally good scores a t that spreads by 1, with 5 % beyond 1.96; a large z for scores that are far apart.
# Seen:     of two hundred pictures, the t spreads by 1.9, 30 % lie beyond 1.96; of eight hundred by 2.3, 42 %. The z of
#           the same is at most 0.05, and of areas as different as 0.91 and 0.71 it is 0.05, too, where 4.4 is right.
# The modules for plots and for its bootstrap take no part: empty ones stand in for them.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==2.2.6 scipy==1.17.1 pandas==2.3.3 scikit-learn==1.8.0 &&
    "$place/env/bin/pip" install -q --no-deps research-roc-utils==0.1.1; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import sys
import types

import numpy as np
from scipy.stats import kendalltau

for name in ("matplotlib", "matplotlib.pyplot", "scikits", "scikits.bootstrap"):
    sys.modules[name] = types.ModuleType(name)
from research_roc_utils import roc_utils  # noqa: E402

random = np.random.default_rng(0)


def scores(many: int, *shifts: float) -> tuple:
    real = np.repeat([1, 0], many)
    return real, *(shift * real + random.normal(size=2 * many) for shift in shifts)


def placed(real: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wins = score[real == 1][:, None] > score[real == 0]
    return wins.mean(1), wins.mean(0)


def right(real: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """DeLong's: the variance of the difference from how often each picture wins."""
    apart = [a - b for a, b in zip(placed(real, one), placed(real, other))]
    return apart[0].mean() / np.sqrt(sum(each.var(ddof=1) / len(each) for each in apart))


spreads = []
for many in (100, 400):
    found = []
    for _ in range(200):
        drawn = scores(many, 1.2, 1.2)
        found.append((roc_utils.roc_t_stat(*drawn, kendalltau), right(*drawn), roc_utils.roc_z_score(*drawn, kendalltau)))
    t, delong, z = np.array(found).T
    spreads.append(t.std())
    print(f"equally good, {2 * many}: t spreads by {t.std():.2f}, {(abs(t) > 1.96).mean():.0%} beyond 1.96; DeLong "
          f"{delong.std():.2f}, {(abs(delong) > 1.96).mean():.0%}; z is at most {np.nanmax(abs(z)):.3f}")
    assert 0.85 < delong.std() < 1.15, "the reference is not right"
    assert (abs(t) > 1.96).mean() > 0.2 and np.nanmax(abs(z)) < 0.1, "no longer: too often by t, never by z"
assert spreads[1] > 1.2 * spreads[0], "no longer: the more pictures, the wider"

for _ in range(100):
    drawn = scores(100, 2.0, 0.6)
    z = roc_utils.roc_z_score(*drawn, kendalltau)
    if not np.isnan(z):
        break
areas = [placed(drawn[0], score)[0].mean() for score in drawn[1:]]
print(f"areas {areas[0]:.2f} and {areas[1]:.2f}: z {z:.2f}, right {right(*drawn):.1f}")
assert right(*drawn) > 4 and z < 0.5, "no longer: never by z"
PY
