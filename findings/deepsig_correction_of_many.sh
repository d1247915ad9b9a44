#!/usr/bin/env bash
# deepsig 1.2.8 (PyPI), significance tests for deep learning: the more comparisons, the weaker their correction.
#
# Met while correcting many comparisons of losses. `aso(a, b, num_comparisons=m)`, almost stochastic order, returns an
# upper bound of how far A falls short of being better than B; below 0.5, A counts as better. Bonferroni's correction
# of m comparisons takes the bound at confidence 1 - 0.05 / m. The code adds 0.05 / m to 0.95 instead (`aso.py`), and so
# does `multi_aso`: both agree for m = 2 alone, and from there on the confidence falls back to 0.95.
#
# Expected: a bound that does not fall as m grows.
# Seen:     of two sets of 12 scores 0.054 for m = 1, 0.065 for m = 2, 0.056 for m = 10 and 0.055 for m = 100, where the
#           confidence 1 - 0.05 / m gives 0.085 and 0.109 for the last two.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q deepsig==1.2.8 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import numpy as np
from deepsig import aso

random = np.random.default_rng(1)
a, b = random.normal(0.5, 1, 12), random.normal(0, 1, 12)


def bound(**given):
    return aso(a, b, num_bootstrap_iterations=500, show_progress=False, seed=3, **given)


seen = {m: bound(num_comparisons=m) for m in (1, 2, 10, 100)}
right = {m: bound(confidence_level=1 - 0.05 / m) for m in seen}
for m in seen:
    print(f"{m} comparisons: {seen[m]:.3f}, by Bonferroni {right[m]:.3f}")
assert abs(seen[2] - right[2]) < 1e-9
assert seen[2] > seen[10] > seen[100], "no longer: the correction does not weaken"
assert abs(seen[100] - seen[1]) < abs(right[100] - right[1]) / 5
PY
