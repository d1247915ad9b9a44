#!/usr/bin/env bash
# boothy 0.1.1 (PyPI), tests by bootstrap: where the first mean is the lower one, the p for "no difference" comes close to 2.
#
# For whoever asks whether the FIDs of two losses differ. For the null hypothesis '==' `calc_p` (`Hypothesis.py`) adds the shares of a
# null distribution below -mu and above mu, mu being the first mean less the second, with its sign: for a negative mu that
# is nearly everything, twice. And of each data set 100 values are drawn, however many it has, unless the caller says another
# number (`samples`), which must then be that of both: with ten in each the spread is a third of the right one. No error, no warning.
#
# Expected: a p from 0 to 1 that is the same with both sets exchanged; 5 % below 0.05 where nothing differs.
# Seen:     two sets of a hundred, one standard deviation apart: 0.000, and 2.000 in the other order, which no level ever
#           finds significant. Without a difference half of the p are above 1; of two sets of ten, 28 % are below 0.05
#           (right: 2 % of these hundred).
# The modules for plots take no part: empty ones stand in for them.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==2.2.6 scipy==1.17.1 setuptools==80.9.0 wheel==0.45.1 &&
    "$place/env/bin/pip" install -q --no-deps --no-build-isolation boothy==0.1.1; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import sys
import types

import numpy as np
from scipy.stats import ttest_ind

for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.patches", "seaborn"):
    sys.modules[name] = types.ModuleType(name)
from boothy import Hypothesis  # noqa: E402

TIMES = 100
np.random.seed(0)  # which is what it draws from
random = np.random.default_rng(0)


def seen(one, other):
    return Hypothesis(one, other).eval(null_type="==")


def right(one, other):
    return ttest_ind(one, other, equal_var=False).pvalue


one, other = random.normal(1, 1, 100), random.normal(0, 1, 100)
print(f"one apart: p {seen(one, other):.3f}, the other way round {seen(other, one):.3f}; "
      f"by Welch's test {right(one, other):.3f} and {right(other, one):.3f}")
assert seen(one, other) < 0.05 and seen(other, one) > 1.9, "no longer: it depends on the order"

for many in (100, 10):
    ps = np.array([[test(*pair) for test in (seen, right)] for pair in random.normal(size=(TIMES, 2, many))])
    print(f"two sets of {many} without a difference: above 1 {(ps[:, 0] > 1).mean():.0%}; below 0.05 "
          f"{(ps[:, 0] < 0.05).mean():.0%}, by Welch's test {(ps[:, 1] < 0.05).mean():.0%}")
    assert ps[:, 1].max() <= 1 and (ps[:, 1] < 0.05).mean() < 0.12, "the reference is not right"
    assert (ps[:, 0] > 1).mean() > 0.3, "no longer: above 1"
assert (ps[:, 0] < 0.05).mean() > 2 * (ps[:, 1] < 0.05).mean(), "no longer: too often, with ten in each"
PY
