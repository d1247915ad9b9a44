#!/usr/bin/env bash
# esek 0.1.38 (PyPI), effect sizes: the more confidence, the narrower its intervals of rank-biserial correlations.
#
# For whoever says with an interval how far the scores of one loss lie above those of another, without a normal
# distribution. The rank-biserial correlation says that (Cliff's delta, if samples are independent). For a confidence
# c its interval takes the quantile (1 - c) + c / 2 of the normal distribution where c + (1 - c) / 2 is meant: 0.525 for
# 95 %, a z of 0.06 instead of 1.96 (`two_independent_aparametric.py` and `two_paired_aparametric.py`). The standard
# errors are wrong, too, to the other side: the root of (n1 + n2 + 1) / (3 n1 + n2), where 3 n1 n2 belongs below the
# line, and for pairs one that grows with their number. The correlations are right. No error, no warning.
#
# Expected: wider intervals for more confidence; 95 % of them hold the right value at 95 %. Standard errors of 0.185 for
#           20 and 20 scores, and of 0.255 for 20 pairs, as the formulas and the spread of simulated samples say.
# Seen:     for a correlation of 0.52, 20 and 20 scores: 0.09 to 0.78 for 50 %, 0.48 to 0.55 for 95 %, 0.51 to 0.52 for
#           99 %. Of 1,000 samples without a difference, 15 % of the intervals of 95 % hold 0 (right formula: 94 %).
#           Standard errors of 0.716 and 3.697.
# The package's `__init__` files load scikit-learn and others, which take no part: its modules are loaded past them.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==2.4.6 scipy==1.17.1 &&
    "$place/env/bin/pip" install -q --no-deps esek==0.1.38; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import importlib.util
import sys
import types
from math import atanh, sqrt, tanh

import numpy as np
from scipy.stats import mannwhitneyu, norm, rankdata

(home,) = importlib.util.find_spec("esek").submodule_search_locations
for part in ("", "/calculators", "/calculators/two_independent_mean", "/calculators/two_paired_mean"):
    name = "esek" + part.replace("/", ".")
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [home + part]
from esek.calculators.two_independent_mean import two_independent_aparametric  # noqa: E402
from esek.calculators.two_paired_mean import two_paired_aparametric  # noqa: E402

random = np.random.default_rng(0)
MANY = 20
RANK_SUM = MANY * (MANY + 1) / 2
RIGHT_ERRORS = sqrt((2 * MANY + 1) / (3 * MANY**2)), sqrt(RANK_SUM * (2 * MANY + 1) / 3) / RANK_SUM


def independent(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * mannwhitneyu(one, other).statistic / (len(one) * len(other)) - 1


def paired(one: np.ndarray, other: np.ndarray) -> float:
    ranks = rankdata(abs(one - other))
    return float((ranks * np.sign(one - other)).sum() / ranks.sum())


def by_esek(one: np.ndarray, other: np.ndarray, confidence: float) -> tuple:
    apart = two_independent_aparametric.TwoIndependentAparametricTests.from_data([one, other], confidence)
    together = two_paired_aparametric.TwoPairedAparametricTests.from_data([one, other], 0, confidence)
    return apart.rank_biserial_correlation, together.matched_pairs_biserial_wilcoxon


def right(value: float, error: float, confidence: float) -> tuple[float, float]:
    z = norm.ppf(1 - (1 - confidence) / 2)
    return tanh(atanh(value) - z * error), tanh(atanh(value) + z * error)


one, other = random.normal(1, 1, MANY), random.normal(0, 1, MANY)
widths = {"independent": [], "paired": []}
for confidence in (0.5, 0.8, 0.9, 0.95, 0.99):
    both = by_esek(one, other, confidence)
    for kind, formula, found, error in zip(widths, (independent, paired), both, RIGHT_ERRORS):
        low, high = right(found.value, error, confidence)
        print(f"{kind}, {confidence:.0%}: correlation {found.value:.2f}, interval {found.ci.lower:.2f} to "
              f"{found.ci.upper:.2f}; right {low:.2f} to {high:.2f}")
        assert abs(found.value - formula(one, other)) < 1e-3, "not even the correlation is right"
        widths[kind].append(found.ci.upper - found.ci.lower)
for seen in widths.values():
    assert seen == sorted(seen, reverse=True) and seen[0] > 10 * seen[-1], "no longer: narrower with more confidence"

for kind, formula, found, error in zip(widths, (independent, paired), by_esek(one, other, 0.95), RIGHT_ERRORS):
    spread = np.std([formula(*random.normal(size=(2, MANY))) for _ in range(4000)])
    print(f"{kind}: standard error {found.standard_error:.3f}, right {error:.3f}, simulated {spread:.3f}")
    assert abs(spread - error) < 0.05 * error, "the formula is not what samples do"
    assert found.standard_error > 3 * error, "no longer: too large a standard error"

truth, times = 0, 1000  # both from one distribution, for which the formulas are
hits = np.zeros(2)
for _ in range(times):
    one, other = random.normal(size=(2, MANY))
    found = by_esek(one, other, 0.95)[0]
    low, high = right(found.value, RIGHT_ERRORS[0], 0.95)
    hits += found.ci.lower <= truth <= found.ci.upper, low <= truth <= high
print("95 % intervals that hold the right value: {:.0%} by esek, {:.0%} by the right formula".format(*hits / times))
assert hits[1] > 0.9 * times and hits[0] < 0.4 * times, "no longer: hardly any holds it"
PY
