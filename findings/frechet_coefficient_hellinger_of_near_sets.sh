#!/usr/bin/env bash
# frechet-coefficient 2.0.13 (PyPI), distances of picture sets: its Hellinger distance is nearly 1 for sets that nearly agree.
#
# For whoever compares models by more than FID: the package has the Frechet distance, its authors' coefficient, and the Hellinger
# distance of two Gaussians fitted to features, which is the square root of 1 - a exp(-d / 8), where d is the squared
# distance of the means in units of the mean covariance, and a is the overlap that the covariances leave. `hellinger_distance`
# (`metrics.py`) divides d by 0.125 where it has to multiply by it, so that the exponent is 64 times too large, takes no
# root, and adds 1e-7 to a root of a determinant that is smaller than that for small features. No error, no warning.
#
# Expected: 0.06, 0.18, 0.34 and 0.63 for means apart by 1/6, 1/2, 1 and 2 standard deviations; 0 for a set and itself.
# Seen:     0.20, 0.86, 1.00 and 1.00: half a standard deviation is as good as nothing in common. As if the means were
#           apart by 8 times as much (without the root). A Gaussian of 16 features of standard deviation 0.1 and itself: 1.00,
#           well conditioned as it is; of standard deviation 1: 0.00.
# The package's networks, which take no part in the formula, are left out here: an empty module stands for TensorFlow.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q frechet-coefficient==2.0.13 imageio==2.38.1 numpy==2.4.6 pillow==13.0.0 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import sys
from types import ModuleType

import numpy as np

sys.modules["tensorflow"] = ModuleType("tensorflow")
networks = sys.modules["frechet_coefficient.models_tensorflow"] = ModuleType("models_tensorflow")
networks.PretrainedModelWrapper = object
import frechet_coefficient  # noqa: E402
from frechet_coefficient import calculate_mean_cov, frechet_distance, hellinger_distance  # noqa: E402

print(f"frechet-coefficient {frechet_coefficient.__version__}")


def by_formula(m1: np.ndarray, c1: np.ndarray, m2: np.ndarray, c2: np.ndarray) -> float:
    middle, apart = (c1 + c2) / 2, m1 - m2
    logs = [np.linalg.slogdet(c)[1] for c in (c1, c2, middle)]
    overlap = np.exp(logs[0] / 4 + logs[1] / 4 - logs[2] / 2 - apart @ np.linalg.solve(middle, apart) / 8)
    return float(np.sqrt(max(0, 1 - overlap)))


def by_integral(apart: float) -> float:
    """Of two Gaussians on a line, by the definition: half the integral of the squared difference of densities' roots."""
    x = np.linspace(-12, 12, 200_001)
    roots = [np.exp(-((x - mean) ** 2) / 4) / (2 * np.pi) ** 0.25 for mean in (0, apart)]
    return float(np.sqrt(((roots[0] - roots[1]) ** 2).sum() * (x[1] - x[0]) / 2))


one, zero = np.eye(4), np.zeros(4)
for apart in (1 / 6, 1 / 2, 1, 2):
    moved = np.array([apart, 0, 0, 0])
    found, right = float(hellinger_distance(zero, one, moved, one)), by_formula(zero, one, moved, one)
    print(f"apart by {apart:.2f}: {found:.2f}, by the formula {right:.2f}, by the integral {by_integral(apart):.2f}")
    assert abs(right - by_integral(apart)) < 1e-4
    assert abs(found - by_formula(zero, one, 8 * moved, one) ** 2) < 1e-6, "no longer: divided by 0.125"
    assert found > 3 * right or found > 0.99
draw = np.random.default_rng(0)
sets = [calculate_mean_cov(draw.normal(mean, 1, (5000, 16))) for mean in (0, 0.125)]
found, right = float(hellinger_distance(*sets[0], *sets[1])), by_formula(*sets[0], *sets[1])
print(f"two sets of 5,000 features: {found:.2f}, by the formula {right:.2f}; Frechet {frechet_distance(*sets[0], *sets[1]):.2f}")
assert found > 0.8 and right < 0.25
for scale in (1, 0.1):
    gaussian = np.zeros(16), np.eye(16) * scale**2
    found, right = float(hellinger_distance(*gaussian, *gaussian)), by_formula(*gaussian, *gaussian)
    print(f"a Gaussian of 16 features of standard deviation {scale} and itself: {found:.2f}, by the formula {right:.2f}")
    assert right < 1e-6
    assert found < 1e-3 if scale == 1 else found > 0.99, "no longer: 1e-7 beside a smaller determinant"
PY
