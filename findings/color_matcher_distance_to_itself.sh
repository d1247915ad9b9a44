#!/usr/bin/env bash
# color-matcher 0.6.0 (PyPI): the Wasserstein distance between the colours of a picture and of itself is far below 0.
#
# For whoever asks how near the colours of translated pictures come to those of their domain.
# `w2_img_dist` takes pictures of shape (rows, columns, 3) and compares their colours as two Gaussians, by the formula that
# FID has, |m1 - m2|^2 + Tr(C1 + C2 - 2 (C2^1/2 C1 C2^1/2)^1/2). The formula's roots are those of matrices;
# `w2_dist` (`mvgd_matcher.py`) takes the root of each number of the matrix instead. No error, no warning.
#
# Expected: 0 for a picture and itself, the same in both directions, and never below 0.
# Seen:     a picture whose three channels rise and fall together, as most do: with itself -10,755, and still -10,728 if 3
#           is added to each value (right: 27); noise with itself -37. The picture with noise -772, the noise with the
#           picture -3,947 (right: 1,743 both ways).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q color-matcher==0.6.0 numpy==2.4.6 scipy==1.17.1 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
from color_matcher import ColorMatcher
from scipy.linalg import sqrtm


def by_formula(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one.reshape(-1, 3), other.reshape(-1, 3)
    c1, c2 = np.cov(one.T), np.cov(other.T)
    root = sqrtm(c2).real
    apart = one.mean(0) - other.mean(0)
    return float(apart @ apart + np.trace(c1 + c2 - 2 * sqrtm(root @ c1 @ root).real))


draw = np.random.default_rng(0)


def eight_bits(values: np.ndarray) -> np.ndarray:
    return values.round().clip(0, 250).astype(np.uint8)


brightness = draw.normal(128, 30, (64, 64, 1))
picture, noise = eight_bits(brightness + draw.normal(0, 5, (64, 64, 3))), eight_bits(draw.normal(128, 30, (64, 64, 3)))
matcher = ColorMatcher()
cases = {
    "a picture with itself": (picture, picture),
    "with itself, brighter by 3": (picture, picture + 3),
    "with noise": (picture, noise),
    "noise with the picture": (noise, picture),
    "noise with itself": (noise, noise),
}
seen = {name: (matcher.w2_img_dist(*pair), by_formula(*pair)) for name, pair in cases.items()}
for name, (found, right) in seen.items():
    print(f"{name}: color-matcher {found:,.0f}, by the formula {abs(right):,.0f}")
itself, brighter, one_way, other_way, of_noise = (found for found, _ in seen.values())
assert itself < -5000 and of_noise < -10, "no longer: roots of each number instead of the matrix's"
assert abs(brighter - itself - 27) < 0.1
assert one_way < 0 and other_way < 2 * one_way, "no longer: it matters which of the two comes first"
right = [value for _, value in seen.values()]
assert np.allclose(right, [0, 27, right[2], right[2], 0], atol=1e-3) and right[2] > 1000
PY
