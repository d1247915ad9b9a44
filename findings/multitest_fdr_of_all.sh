#!/usr/bin/env bash
# multiple-hypothesis-testing 0.2.2 (PyPI): where every comparison is significant, its Benjamini-Hochberg finds none.
#
# For whoever corrects many comparisons of losses for their number. Benjamini and Hochberg 1995 sort the p-values, look for
# the last one that is at most its place times q / n, and reject that one and all before it. `fdr_control` (`MultiTest.py`), by
# README and docstring their control of the false discovery rate, and the p-value up to which to reject, looks for the first that is
# larger, and takes the one before. Where none is larger there is no first: `argmax` of only False is 0, the one before is none,
# and the result is NaN, as if nothing were to be rejected. And a p-value that is too large for its place ends the search,
# whatever comes after it. (It divides by n + 1, too, which makes little difference.) No error, no warning.
#
# Expected: what the definition gives, SciPy's `false_discovery_control`, and, but for n + 1, whatever the p-values are.
# Seen:     five p-values of 0.00001: NaN, none rejected, and with a sixth of 0.9, five. Of 1,000 families of 10 comparisons
#           that all differ clearly, the definition rejects all of 988, and the package none of 987; of 0.011, 0.012, 0.013, 0.014 and
#           0.9 none is rejected at q = 0.05, where all but the last are.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q --no-compile multiple-hypothesis-testing==0.2.2 numpy==2.4.6 scipy==1.17.1 matplotlib==3.11.2 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
MPLCONFIGDIR="$place" "$place/env/bin/python" -W error - <<'PY'
import numpy as np
from multitest import MultiTest
from scipy.stats import false_discovery_control, norm

FAMILIES, N, Q = 1000, 10, 0.05
draw = np.random.default_rng(0)


def rejected(p: list[float] | np.ndarray) -> int:
    return int((np.asarray(p) <= MultiTest(np.asarray(p)).fdr_control(Q)).sum())


def by_definition(p: list[float] | np.ndarray, below: int = 0) -> int:
    p = np.sort(p)
    places = 1 + np.arange(len(p))
    count = int((places * (p <= Q * places / (len(p) + below))).max())
    assert below or count == int((false_discovery_control(p) <= Q).sum())
    return count


for p in ([0.00001] * 5, [0.00001] * 5 + [0.9], [0.001, 0.5, 0.6], [0.011, 0.012, 0.013, 0.014, 0.9], [0.3, 0.5, 0.6]):
    print(f"{p}: {rejected(p)} rejected, up to p = {MultiTest(np.array(p)).fdr_control(Q)}; by the definition {by_definition(p)}")
assert rejected([0.00001] * 5) == 0 and np.isnan(MultiTest(np.full(5, 0.00001)).fdr_control(Q)), "no longer: all is none"
assert rejected([0.00001] * 5 + [0.9]) == by_definition([0.00001] * 5 + [0.9]) == 5
assert rejected([0.001, 0.5, 0.6]) == by_definition([0.001, 0.5, 0.6]) == 1
assert rejected([0.011, 0.012, 0.013, 0.014, 0.9]) == 0, "no longer: the first that is too large ends the search"
assert by_definition([0.011, 0.012, 0.013, 0.014, 0.9]) == by_definition([0.011, 0.012, 0.013, 0.014, 0.9], 1) == 4

clear = 2 * norm.sf(abs(draw.normal(5, 1, (FAMILIES, N))))
found, right = np.array([rejected(p) for p in clear]), np.array([by_definition(p) for p in clear])
print(f"families that differ: {(right == N).sum()} of {FAMILIES} wholly rejected by the definition, {(found == 0).sum()} not at all")
assert (right == N).sum() > 900 and (found[right == N] == 0).mean() > 0.9, "no longer: all is none"

mixed = 2 * norm.sf(abs(draw.normal([2.5] * 5 + [0] * 5, 1, (FAMILIES, N))))
found, right = (np.array([count(p) for p in mixed]) for count in (rejected, lambda p: by_definition(p, 1)))
print(f"families of which half differ: {(found < right).sum()} of {FAMILIES} with fewer rejected than by the definition with n + 1")
assert (found <= right).all() and (found < right).sum() > 30
PY
