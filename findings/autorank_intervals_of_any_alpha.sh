#!/usr/bin/env bash
# autorank 1.3.0 (PyPI): among three or more normal populations, alpha does not change what differs.
#
# Met while looking for a tool that ranks losses by FID over training seeds. `autorank(data, alpha)` promises that all
# results, confidence intervals included, keep to alpha together. For three or more normal populations of equal spread
# it takes Tukey's test, by whose intervals (`ci_lower`, `ci_upper`) one is to see which populations differ, and calls
# it without alpha (`rank_multiple_normal_homoscedastic` in `_util.py`). Other branches hand it on.
#
# Expected: wider intervals for a smaller alpha.
# Seen:     the same intervals for alpha = 0.05, 0.001 and 0.000001, those of statsmodels' 0.05. Those of two populations,
#           12 measurements each, do not overlap for any of the three; by statsmodels they do for 0.001.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q autorank==1.3.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 statsmodels==0.15.0 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
MPLBACKEND=agg "$place/env/bin/python" -W ignore - <<'PY'
import contextlib
import io

import numpy as np
import pandas as pd
from autorank import autorank
from statsmodels.sandbox.stats.multicomp import MultiComparison

losses = ["A", "B", "C"]
data = pd.DataFrame(np.random.default_rng(4).normal(size=(12, 3)) + [0, 1.8, 3.6], columns=losses)
long = data.melt()
comparison = MultiComparison(long["value"], long["variable"])
seen = {}
for alpha in (0.05, 0.001, 0.000001):
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its table
        result = autorank(data, alpha=alpha, order="ascending")
    assert (result.omnibus, result.posthoc) == ("anova", "tukeyhsd")
    table = result.rankdf.loc[losses]
    seen[alpha] = ((table["ci_upper"] - table["ci_lower"]) / 2).to_numpy(float)
    tukey = comparison.tukeyhsd(alpha=alpha)
    tukey.plot_simultaneous()  # which is what computes them
    means = data.mean()
    apart = {name: bool(means["B"] - half[1] > means["A"] + half[0])
             for name, half in (("autorank", seen[alpha]), ("statsmodels", tukey.halfwidths))}
    print(f"alpha {alpha}: half an interval is {seen[alpha][0]:.3f} by autorank, {tukey.halfwidths[0]:.3f} by statsmodels; "
          f"A and B apart: {apart}")
    if alpha == 0.001:
        assert apart == {"autorank": True, "statsmodels": False}
assert np.allclose(seen[0.05], seen[0.001]) and np.allclose(seen[0.05], seen[0.000001]), "no longer: alpha is handed on"
PY
