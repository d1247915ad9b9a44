#!/usr/bin/env bash
# xicorpy 0.6 (PyPI), Chatterjee's correlation: a label depends on any number whatever, and the more so the rarer it is.
#
# For whoever asks which latent decides whether a sample has a property, or belongs to a mode. Chatterjee's xi is 0 for what is
# independent and 1 for y = f(x); where values of y repeat, as labels do, it needs his formula for ties. By its docstring the
# package takes the formula of Lin and Han if there are no ties, and Chatterjee's if there are. Two faults in `correlation.py`:
# `_check_ties` looks for equal rows of x and y together, so that labels beside a number that does not repeat have no ties,
# and Lin and Han's formula orders equal labels by x itself; and in Chatterjee's, `_xi` has one too few for how many values are at
# least as large as each. Without ties that changes nothing; with them it makes the sum below the line larger. No error, no warning.
#
# Expected: about 0 for a label and noise, and p <= 0.05 for about 5 % of them; 0.45 for the fourth of Anscombe's data
#           sets, which the package's own documentation has, the formula, and SciPy's `chatterjeexi`.
# Seen:     200 samples, one number of noise each, and a label that 10 % of them have: xi is 0.71 on average by default, 0.32 by
#           Chatterjee's formula if asked for, and each of 100 times p < 0.01. A label of 2 %: 0.91 and 0.93. Five classes of
#           one size: p <= 0.05 for 98 of 100 by default. Anscombe: 0.945 by Chatterjee's formula.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q --no-compile xicorpy==0.6 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1 scikit-learn==1.9.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W error - <<'PY'
import numpy as np
from scipy.stats import chatterjeexi
from xicorpy import compute_xi_correlation

TIMES, N = 100, 200
draw = np.random.default_rng(0)


def xi_and_p(x: np.ndarray, y: np.ndarray, modified: bool | None = None) -> tuple[float, float]:
    return tuple(float(found[0, 0]) for found in compute_xi_correlation(x, y, get_modified_xi=modified, get_p_values=True))


def by_formula(x: np.ndarray, y: np.ndarray) -> float:
    """Chatterjee 2021: 1 - n sum |r[i + 1] - r[i]| / (2 sum l (n - l)), in the order of x, which does not repeat.

    r says how many values of y are at most as large as each, l how many are at least as large."""
    y = y[x.argsort()]
    r, l = (y[:, None] >= y).sum(1), (y[:, None] <= y).sum(1)
    return 1 - len(y) * int(abs(np.diff(r)).sum()) / (2 * int((l * (len(y) - l)).sum()))


def rare(share: float) -> np.ndarray:
    return draw.permutation(np.arange(N) < share * N).astype(float)


kinds = {"2 %": lambda: rare(0.02), "10 %": lambda: rare(0.1), "five classes": lambda: draw.permutation(np.arange(N) % 5).astype(float)}
mean, small, least = {}, {}, {}
for name, labels in kinds.items():
    pairs = [(draw.normal(size=N), labels()) for _ in range(TIMES)]
    by = {
        "default": np.array([xi_and_p(x, y) for x, y in pairs]),
        "Chatterjee": np.array([xi_and_p(x, y, False) for x, y in pairs]),
        "SciPy": np.array([[one.statistic, one.pvalue] for one in (chatterjeexi(x, y) for x, y in pairs)]),
    }
    assert np.allclose(by["SciPy"][:, 0], [by_formula(x, y) for x, y in pairs], atol=1e-9)
    for which, found in by.items():
        mean[name, which], small[name, which] = found[:, 0].mean(), int((found[:, 1] <= 0.05).sum())
        least[name, which] = found[:, 1].max()
        print(f"labels, {name}, {which}: xi {mean[name, which]:.2f}, p <= 0.05 for {small[name, which]} of {TIMES}")
    assert abs(mean[name, "SciPy"]) < 0.05 and small[name, "SciPy"] <= (15 if name == "2 %" else 10)

for which, at_least in (("default", 0.6), ("Chatterjee", 0.25)):
    assert mean["10 %", which] > at_least and least["10 %", which] < 0.01, "no longer: a label depends on noise"
    assert mean["2 %", which] > 0.85
assert small["five classes", "default"] > 80, "no longer: labels beside numbers have no ties"

x = np.array([8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8], float)
y = np.array([6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.5, 5.56, 7.91, 6.89])
anscombe = xi_and_p(y, x, False)[0]
print(f"Anscombe: {anscombe:.3f}, by SciPy {chatterjeexi(y, x).statistic:.3f}, by the formula {by_formula(y, x):.3f}")
assert abs(anscombe - 0.945) < 1e-9, "no longer: one too few"
assert abs(chatterjeexi(y, x).statistic - 0.45) < 1e-9 and abs(by_formula(y, x) - 0.45) < 1e-9
PY
