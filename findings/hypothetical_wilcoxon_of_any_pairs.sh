#!/usr/bin/env bash
# hypothetical 0.3.0 (PyPI): any twelve pairs come to a p of 0.002 by its Wilcoxon test.
#
# For whoever asks of pairs, such as two losses from the same seeds, whether one is better. Wilcoxon's statistic adds up the ranks of those
# differences that are above 0. `_v_statistic` (`nonparametric.py`) takes those whose own rank is above 0, and ranks begin at 1: it
# is the sum of all, whatever the data, and with it z, p and the effect size follow from the count alone. Its docstring shows such a
# V, of salaries, which all are positive. In `SignTest` of the same file p comes to more than 1. No error, no warning.
#
# Expected: 5 % of p below 0.05 where nothing differs; V that changes into the rest of all ranks when the pairs are exchanged.
# Seen:     78 for V and 0.0022 for p for every sample of twelve pairs, in either order; from five pairs on, all samples are
#           significant at 5 % (by SciPy 5 %). Six signs of twelve: a p of 1.23.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==1.23.5 scipy==1.9.3 pandas==1.5.3 numpy_indexed==0.3.7 statsmodels==0.13.5 &&
    "$place/env/bin/pip" install -q --no-deps hypothetical==0.3.0; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import numpy as np
from hypothetical.nonparametric import SignTest, WilcoxonTest
from scipy.stats import binomtest, wilcoxon

TIMES = 300
random = np.random.default_rng(0)


def seen(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    summary = WilcoxonTest(one, other, paired=True).test_summary
    return summary["V"], summary["p-value"]


for many in (5, 6, 12, 30):
    drawn = random.normal(size=(TIMES, 2, many))
    found = np.array([seen(*pair) for pair in drawn])
    right = np.array([wilcoxon(*pair).pvalue for pair in drawn])
    print(f"{many} pairs without a difference: V {set(found[:, 0])}, p {set(found[:, 1].round(4))}; below 0.05 "
          f"{(found[:, 1] < 0.05).mean():.0%}, by SciPy {(right < 0.05).mean():.0%}")
    assert (found[:, 0] == many * (many + 1) / 2).all() and np.ptp(found[:, 1]) < 1e-12, "no longer: the same for any data"
    assert (right < 0.05).mean() < 0.08, "the reference is not right"
    if many >= 6:
        assert (found[:, 1] < 0.05).all(), "no longer: always significant"

better, worse = random.normal(2, 1, 12), random.normal(0, 1, 12)
for name, pair in (("better and worse", (better, worse)), ("worse and better", (worse, better))):
    ranks = wilcoxon(*pair, alternative="greater").statistic
    print(f"{name}: V {seen(*pair)[0]:.0f}, right {ranks:.0f}")
assert seen(better, worse) == seen(worse, better), "no longer: the same in either order"

signs = np.repeat([1.0, -1.0], 6)
p = SignTest(signs, np.zeros(12)).test_summary["p-value"]
print(f"six of twelve signs: p {p:.2f}, right {binomtest(6, 12).pvalue:.2f}")
assert p > 1.1, "no longer: more than 1"
PY
