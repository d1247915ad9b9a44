#!/usr/bin/env bash
# tau-ap 0.1.0 (PyPI): how far two rankings agree, the best most of all, depends on the order in which the models are listed.
#
# For whoever asks whether two metrics, or two data sets, rank losses alike where it matters, among the best. Yilmaz et al. 2008,
# whom the package names, go down one ranking: for each place but the first they take the share of those above it that are
# above it in the other ranking, too, and average these shares, so that an error at the top costs more than one at
# the bottom. `tau_ap` (`tau_ap.py`) takes two lists of numbers, compares each pair by them, but goes down the lists as they
# come: the "top" is whoever stands first, in a table by name say. README and docstring ask for no order; "no ties" is all that
# is assumed. No error, no warning.
#
# Expected: one number for the same pairs in any order, lower where the best two change places than where the worst two do.
# Seen:     of ten losses with the best two changed 0.78, with the worst two 0.98, if the best is listed first; 0.98 and 0.78
#           if the worst is. Ten losses by two metrics that agree roughly: -0.15 to 0.44, by the order of the rows; by definition
#           0.35 (down the first ranking) and 0.39 (down the second). The mean of all orders is Kendall's tau, 0.20.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q tau-ap==0.1.0 numpy==2.4.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
from itertools import combinations

import numpy as np
from tau_ap import tau_ap

MANY = 10


def by_definition(ranking: np.ndarray, other: np.ndarray) -> float:
    """Down the first of two lists of scores, the largest of which is the best."""
    down = other[np.argsort(-ranking)]
    shares = [np.mean(down[:place] > down[place]) for place in range(1, MANY)]
    return 2 * float(np.mean(shares)) - 1


def kendall(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean([np.sign((one[i] - one[j]) * (other[i] - other[j])) for i, j in combinations(range(MANY), 2)]))


best_first = np.arange(MANY, 0, -1.0)
changed = {"the best two": best_first[[1, 0, *range(2, MANY)]], "the worst two": best_first[[*range(MANY - 2), -1, -2]]}
found = {}
for name, other in changed.items():
    found[name] = tau_ap(best_first, other), tau_ap(best_first[::-1], other[::-1]), by_definition(best_first, other)
    print("{} changed: best first {:.2f}, worst first {:.2f}, by definition {:.2f}".format(name, *found[name]))
(top, top_last, right_top), (bottom, bottom_last, right_bottom) = found.values()
assert np.isclose(top, right_top) and np.isclose(bottom, right_bottom), "not even where the best is first"
assert right_top < right_bottom - 0.1
assert np.isclose(top_last, right_bottom) and np.isclose(bottom_last, right_top), "no longer: whoever stands first is the top"

draw = np.random.default_rng(0)
one = draw.normal(size=MANY)
other = one + draw.normal(size=MANY)
orders = [draw.permutation(MANY) for _ in range(1000)]
values = np.array([tau_ap(one[order], other[order]) for order in orders])
right = by_definition(one, other), by_definition(other, one)
print(f"the same pairs in 1,000 orders: {values.min():.2f} to {values.max():.2f}, mean {values.mean():.2f}; by definition "
      f"{right[0]:.2f} and {right[1]:.2f}, Kendall's tau {kendall(one, other):.2f}")
assert len({by_definition(one[order], other[order]) for order in orders}) == 1
assert np.ptp(values) > 0.5, "no longer: it depends on the order"
assert np.isclose(tau_ap(*(scores[np.argsort(-one)] for scores in (one, other))), right[0]), "not the definition for sorted ones"
assert abs(values.mean() - kendall(one, other)) < 0.02
PY
