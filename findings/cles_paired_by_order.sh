#!/usr/bin/env bash
# CLES 0.1.3 (PyPI): whether three seeds of three are better, or two of three, depends on which loss is named first.
#
# For whoever says by the common language effect size how often one of two GANs beats the other, seed by seed. It is the share of
# pairs in which one is better, ties by half, of the two directions the larger: 50 % for no difference, 100 % where all
# agree. `CLES_2paired` (`CLES.py`) holds each of the n differences against n - 1 zeros instead of n, and then divides
# by n times n. A share p becomes p (n - 1) / n, and the larger direction is taken after that. So few seeds are hit hardest: the
# usual three lose a third. `CLES_1samp` of the differences, in the same file, is right. No error, no warning.
#
# Expected: 100 for three seeds of which the second is larger each time, in either order; 50 for pairs that are equal.
# Seen:     66.7 in one order and 100 in the other; 66.7 for three equal pairs, more than for a real tie of 30 (51.7).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q setuptools==80.9.0 wheel==0.45.1 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/pip" install -q --no-build-isolation CLES==0.1.3 numpy==2.4.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
from CLES.CLES import CLES_1samp, CLES_2paired


def by_definition(one: np.ndarray, other: np.ndarray) -> float:
    larger = np.mean((other > one) + 0.5 * (other == one))
    return 100 * max(larger, 1 - larger)


draw = np.random.default_rng(0)
fid = np.array([52.1, 51.4, 53.0])
cases = {
    "three seeds, all larger": (fid, fid + [2.0, 3.5, 1.0]),
    "the same, the other way round": (fid + [2.0, 3.5, 1.0], fid),
    "three equal pairs": (fid, fid.copy()),
    "thirty seeds, half of them larger": (np.zeros(30), np.repeat([-1.0, 1.0], 15)),
    "thirty seeds, all larger": (np.zeros(30), draw.uniform(1, 2, 30)),
}
seen = {}
for name, (one, other) in cases.items():
    seen[name] = float(CLES_2paired(one, other))
    right, of_differences = by_definition(one, other), float(CLES_1samp(other - one))
    print(f"{name}: {seen[name]:.1f}, by definition {right:.1f}, CLES_1samp of the differences {of_differences:.1f}")
    assert abs(right - of_differences) < 1e-9
    n, larger = len(one), np.mean((other > one) + 0.5 * (other == one))
    assert abs(seen[name] - 100 * (abs(larger * (n - 1) / n - 0.5) + 0.5)) < 1e-9, "no longer: n - 1 zeros"
first, other_way, equal, *_ = seen.values()
assert round(first, 1) == 66.7 and other_way == 100 and round(equal, 1) == 66.7, "no longer: by the order"
PY
