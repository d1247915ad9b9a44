#!/usr/bin/env bash
# POT 0.9.7.post1 (PyPI), "Python Optimal Transport": the sliced Wasserstein distance of 8-bit pictures is 0.
#
# Met while looking for a second opinion on sliced Wasserstein distances of samples (Karras et al. 2018 measure GANs so).
# `sliced_wasserstein_distance` draws directions of length 1 in the type of the data (`ot/sliced.py`,
# `get_random_projections`), and `wasserstein_1d` each sample's weight of 1 / n (`ot/lp/solver_1d.py`): in a type of whole
# numbers nearly all of these are 0, and so is what is multiplied by them. No error, no warning; int64 is no better.
#
# Expected: what the same numbers give as float64, or an error.
# Seen:     dark noise against bright noise, 8-bit: sliced 0, max-sliced 0, one pixel's `wasserstein_1d` 0; as
#           float64 174.7, 503.3 and 148.2. `emd2_1d` of the same package and SciPy 1.17.1 are right for 8 bits.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q POT==0.9.7.post1 numpy==2.4.6 scipy==1.17.1 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
import ot
from scipy.stats import wasserstein_distance

draw = np.random.default_rng(0)
dark, bright = draw.integers(0, 100, (200, 64), dtype=np.uint8), draw.integers(150, 250, (200, 64), dtype=np.uint8)
measures = {
    "sliced": lambda one, other: ot.sliced_wasserstein_distance(one, other, seed=0),
    "max-sliced": lambda one, other: ot.max_sliced_wasserstein_distance(one, other, seed=0),
    "wasserstein_1d": lambda one, other: ot.wasserstein_1d(one[:, 0], other[:, 0]),
    "emd2_1d": lambda one, other: ot.emd2_1d(one[:, 0], other[:, 0], metric="cityblock"),
    "SciPy": lambda one, other: wasserstein_distance(one[:, 0], other[:, 0]),
}
for name, measure in measures.items():
    found = {kind: float(measure(dark.astype(kind), bright.astype(kind))) for kind in ("uint8", "int64", "float64")}
    print(f"{name}: {', '.join(f'{kind} {value:.1f}' for kind, value in found.items())}")
    assert found["float64"] > 50
    if name in ("emd2_1d", "SciPy"):
        assert max(found.values()) - min(found.values()) < 1e-6
    else:
        assert found["uint8"] == found["int64"] == 0, "no longer: directions or weights are rounded to 0"
PY
