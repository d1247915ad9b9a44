#!/usr/bin/env bash
# xicorpy 0.6 (PyPI), Chatterjee's correlation: any two columns of float32 depend on each other wholly, with p = 0, noise included.
#
# For whoever asks which latents, or which features of a network, a score or a property of the samples depends on, in whatever
# shape: Chatterjee's xi is 0 for what is independent and 1 for y = f(x). Whatever is not of type int64 or float64 counts
# as categories (`convert_to_numeric` in `_utils.py` compares the type with "int" and "float" alone) and is numbered in the order
# in which the values first appear. Two columns without repeated values thus both become 0, 1, 2 ...: one list, with itself.
# Networks compute in float32, which `.numpy()` keeps. README and docstrings speak of arrays and data frames and name no
# type. If one of the two is of float64, or values repeat (uint8, int32), what comes out is wrong in other ways. No error, no warning.
#
# Expected: what the same numbers give as float64, the formula gives, and SciPy's `chatterjeexi`; about 5 % of noise with p <= 0.05.
# Seen:     of 100 pairs of columns of noise 100 have xi = 1 and p = 0 as float32, by either formula that the package has, and 7
#           p <= 0.05 as float64. y = x^2 + noise, 0.63: 1 as float32, and 0.04 if x alone is. A matrix of noise, 200 x 4,
#           is all ones. Levels of grey of two pictures of noise: p <= 0.05 for 100 of 100 as uint8, 6 as int64.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q --no-compile xicorpy==0.6 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1 scikit-learn==1.9.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
from scipy.stats import chatterjeexi
from xicorpy import compute_xi_correlation

PAIRS, N = 100, 200
draw = np.random.default_rng(0)


def xi_and_p(x: np.ndarray, y: np.ndarray, modified: bool | None = None) -> tuple[float, float]:
    return tuple(float(found[0, 0]) for found in compute_xi_correlation(x, y, get_modified_xi=modified, get_p_values=True))


def by_formula(x: np.ndarray, y: np.ndarray) -> float:
    """Chatterjee 2021, without ties: 1 - 3 sum |r[i + 1] - r[i]| / (n^2 - 1), r the ranks of y in the order of x."""
    ranks = y[x.argsort()].argsort().argsort()
    return 1 - 3 * int(abs(np.diff(ranks)).sum()) / (len(x) ** 2 - 1)


noise = draw.normal(size=(PAIRS, 2, N)).astype(np.float32)
found = {}
for kind in (np.float32, np.float64):
    for modified in (None, False):
        found[kind, modified] = np.array([xi_and_p(*pair.astype(kind), modified) for pair in noise])
    xis, p = found[kind, False].T
    print(f"noise as {kind.__name__}: xi {xis.min():.2f} to {xis.max():.2f}, p <= 0.05 for {(p <= 0.05).sum()} of {PAIRS}")
scipy = [chatterjeexi(*pair.astype(np.float64)) for pair in noise]
assert all((found[np.float32, modified] == [1, 0]).all() for modified in (None, False)), "no longer: noise is wholly dependent"
assert np.allclose(found[np.float64, False][:, 0], [one.statistic for one in scipy], atol=1e-9)
assert np.allclose(found[np.float64, False][:, 0], [by_formula(*pair) for pair in noise], atol=1e-3)
assert sum(one.pvalue <= 0.05 for one in scipy) <= 10 and (found[np.float64, False][:, 1] <= 0.05).sum() <= 10

x = draw.normal(size=N).astype(np.float32)
y = (x**2 + draw.normal(0, 0.3, N)).astype(np.float32)
curve = [xi_and_p(x.astype(a), y.astype(b), False)[0] for a, b in (("f4", "f4"), ("f4", "f8"), ("f8", "f8"))]
right = float(chatterjeexi(x.astype(float), y.astype(float)).statistic)
print(f"y = x^2 + noise: {curve[0]:.2f}, with x alone of float32 {curve[1]:.2f}, with neither {curve[2]:.2f}; by SciPy {right:.2f}")
assert curve[0] == 1 and abs(curve[1]) < 0.2, "no longer: the type decides"
assert abs(curve[2] - right) < 1e-6 and 0.4 < right < 0.8

features = draw.normal(size=(N, 4)).astype(np.float32)
assert (compute_xi_correlation(features) == 1).all(), "no longer: all ones"
others = compute_xi_correlation(features.astype(np.float64))[~np.eye(4, dtype=bool)]
assert abs(others).max() < 0.15

greys = draw.integers(0, 256, (PAIRS, 2, N))
small = {kind: sum(xi_and_p(*pair.astype(kind), False)[1] <= 0.05 for pair in greys) for kind in ("uint8", "int64")}
print(f"greys of noise, pairs with p <= 0.05: {small}; by SciPy {sum(chatterjeexi(*pair).pvalue <= 0.05 for pair in greys)}")
assert small["uint8"] > 90, "no longer: numbers are categories"
assert small["int64"] <= 10 and sum(chatterjeexi(*pair).pvalue <= 0.05 for pair in greys) <= 10
PY
