#!/usr/bin/env bash
# deepsig 1.2.8 (PyPI), significance tests for deep learning: corrected p-values are handed to other comparisons than theirs.
#
# For whoever asks which losses of a table of trainings differ by more than their seeds do. `bonferroni_correction` sorts the
# p-values, multiplies them, and wants to bring them back into the order that they came in, but applies the order of the
# sorting once more (`correction.py`) where its inverse is needed. That is right for sorted p-values, which is what its
# own test has, and wherever values only change places in pairs. No error, no warning.
#
# Expected: each p-value times the number of comparisons, at most 1, at its own place: 0.03, 0.5 and 0.001 become 0.09, 1
#           and 0.003. The factors 3, 2, 1 that it has are Holm's, by which they become 0.06, 0.5 and 0.003.
# Seen:     0.5, 0.003 and 0.06: what was chance is significant, and what was significant no longer is. So it is for
#           94 of the 120 orders that five p-values can have; sorted, they are Holm's.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q deepsig==1.2.8 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 joblib==1.6.0 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
from itertools import permutations

import numpy as np
from deepsig import bonferroni_correction


def bonferroni(given: np.ndarray) -> np.ndarray:
    return np.minimum(given * len(given), 1)


def holm(given: np.ndarray) -> np.ndarray:
    made, largest = np.empty(len(given)), 0.0
    for rank, i in enumerate(given.argsort()):
        largest = max(largest, min(1, (len(given) - rank) * given[i]))
        made[i] = largest
    return made


three = np.array([0.03, 0.5, 0.001])
found = bonferroni_correction(three)
print(f"{three.tolist()}: deepsig {found.tolist()}, Bonferroni {bonferroni(three).tolist()}, Holm {holm(three).tolist()}")
ascending = np.array([0.001, 0.01, 0.04, 0.2, 0.9])
orders = [np.array(order) for order in permutations(ascending)]
mixed_up = sum(not np.allclose(bonferroni_correction(order), holm(order)) for order in orders)
print(f"five p-values: other than Holm's in {mixed_up} of {len(orders)} orders")
assert np.allclose(found, [0.5, 0.003, 0.06]), "no longer: the order of the sorting is applied twice"
assert np.allclose(bonferroni_correction(ascending), holm(ascending)) and mixed_up == 94
PY
