#!/usr/bin/env bash
# permute 0.2 (PyPI), permutation tests: its rank correlation of scores that agree nearly wholly is nearly 0.
#
# For whoever asks whether a metric of pictures puts models into the order in which people put them. `spearman_corr` takes
# `argsort` of either list for its ranks (`core.py`). That is where the smallest, the second smallest ... stand, the inverse of
# the ranks; ranks are the `argsort` of it. It is right if one of the lists is sorted (so is the package's own
# test) and if both are in the same order; one pair that changes places can move many positions. No error, no warning.
#
# Expected: SciPy's `spearmanr`; the same whatever the order in which the models are listed; -1 for scores and their negatives.
# Seen:     100 models whose two scores have a rank correlation of 0.96: -0.11, and p = 0.85, so that nothing is found; the
#           same pairs sorted by one score: 0.96, p = 0.0005. Scores and their negatives: -0.01. Over 1,000 orders of 20
#           models of rank correlation 0.93 it goes from -0.65 to 0.74.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q permute==0.2 cryptorandom==0.4 numpy==2.4.6 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
from permute.core import spearman_corr
from scipy.stats import spearmanr

draw = np.random.default_rng(0)
print(f"permute {version('permute')}")


def both(one: np.ndarray, other: np.ndarray, reps: int = 2000) -> tuple[float, float, float]:
    found, p, _ = spearman_corr(one, other, reps=reps, seed=1)
    return float(found), float(p), float(spearmanr(one, other).statistic)


metric = draw.normal(size=100)
people = metric + draw.normal(0, 0.3, 100)
order = metric.argsort()
cases = {
    "as listed": both(metric, people),
    "sorted by the metric": both(metric[order], people[order]),
    "the metric and its negative": both(metric, -metric),
    "the metric and its cube": both(metric, metric**3),
}
for name, (found, p, right) in cases.items():
    print(f"{name}: {found:.2f} (p = {p:.4f}), by SciPy {right:.2f}")
few = metric[:20]
judged = few + draw.normal(0, 0.3, 20)
orders = [draw.permutation(20) for _ in range(1000)]
listed = np.array([both(few[i], judged[i], reps=1)[0] for i in orders])
right = np.array([spearmanr(few[i], judged[i]).statistic for i in orders])
print(f"20 models in 1,000 orders: from {listed.min():.2f} to {listed.max():.2f}, by SciPy {right.min():.2f} to {right.max():.2f}")

found, p, right_found = cases["as listed"]
assert right_found > 0.9
assert abs(found) < 0.3 and p > 0.05, "no longer: positions are taken for ranks"
assert abs(cases["sorted by the metric"][0] - right_found) < 1e-9 and cases["sorted by the metric"][1] < 0.001
assert cases["the metric and its negative"][0] > -0.5, "no longer: positions are taken for ranks"
assert cases["the metric and its cube"][0] > 1 - 1e-9
assert np.ptp(listed) > 0.8 and np.ptp(right) < 1e-9
PY
