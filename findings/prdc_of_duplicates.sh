#!/usr/bin/env bash
# prdc 0.2 (PyPI), "Reliable Fidelity and Diversity Metrics": a set with duplicates is not a perfect copy of itself.
#
# Met while looking for a second opinion on precision and recall of collapsed models and of data with repeated pictures.
# A feature that occurs more than k times has its k-th neighbour at distance 0, and prdc counts a sample as inside a ball
# only if its distance is *smaller* than the radius: nothing is inside a ball of radius 0, its own centre included.
# Kynkaanniemi et al. 2019 (equation 1) count a distance that is at most the radius.
#
# Expected: precision, recall and coverage 1 for a set and its copy, whatever is in the set.
# Seen:     500 features of which 250 are equal: 0.5 for all three; each of 100 five times, k = 4: 0.
#           torch-fidelity 0.4.0, which the zoo measures with, compares by <= and gives 1.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q prdc==0.2 numpy==2.4.6 scikit-learn==1.9.1 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import contextlib
import io

import numpy as np
from prdc import compute_prdc


def of_a_copy(features: np.ndarray, k: int) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(features, features.copy(), k)
    return {name: round(float(value), 3) for name, value in found.items()}


distinct = np.random.default_rng(0).normal(size=(500, 16))
half = np.concatenate([np.zeros((250, 16)), distinct[:250]])
fives = np.repeat(np.eye(100), 5, axis=0)
seen = {
    "500 that differ, k = 5": of_a_copy(distinct, 5),
    "250 of 500 equal, k = 5": of_a_copy(half, 5),
    "100, each five times, k = 4": of_a_copy(fives, 4),
}
for name, found in seen.items():
    print(name, found)
all_differ, half_equal, repeated = seen.values()
assert all_differ["precision"] == all_differ["recall"] == all_differ["coverage"] == 1
assert half_equal["precision"] == half_equal["recall"] == half_equal["coverage"] == 0.5
assert repeated["precision"] == repeated["recall"] == repeated["coverage"] == 0
PY
