#!/usr/bin/env bash
# compimg 0.2.2 (PyPI), similarity of pictures: its gradient-based SSIM does not see brightness.
#
# For whoever reports GSSIM of translated pictures beside SSIM and PSNR. Chen et al. 2006, whom its docstring names, take contrast
# and structure of SSIM from the pictures' gradients and leave the third factor, luminance, as Wang et al. 2004 have it:
# 1 where the means of the two pictures agree. `GSSIM.compare` (`similarity.py`) compares the mean of the first picture
# with that of the first picture, so this factor is 1 whatever the second is like. No error, no warning.
#
# Expected: for a picture and the same picture, darker by 120 levels, whose gradients agree, the luminance factor: 0.65.
# Seen:     1.00, as for the picture and itself. `SSIM` of the same package says 0.65. Of pictures of one brightness, one of
#           them blurred or with half the contrast, GSSIM is what the formula says (0.82 and 0.81).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q compimg==0.2.2 numpy==1.26.4 scipy==1.15.3 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
from compimg.similarity import GSSIM, SSIM
from scipy import ndimage

C1, C2 = 2.55**2, 7.65**2
EDGE = 5


def mean(values: np.ndarray) -> np.ndarray:
    """Of each window: Wang et al.'s Gaussian, 11 x 11 with a standard deviation of 1.5, where it fits into the picture."""
    return ndimage.gaussian_filter(values, 1.5, radius=EDGE)[EDGE:-EDGE, EDGE:-EDGE]


def by_formula(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """GSSIM with the package's own gradient, the sum of both directions' Sobel filters; and its luminance alone."""
    one, other = one.astype(float), other.astype(float)
    luminance = (2 * mean(one) * mean(other) + C1) / (mean(one) ** 2 + mean(other) ** 2 + C1)
    a, b = (ndimage.sobel(each, 0, mode="nearest") + ndimage.sobel(each, 1, mode="nearest") for each in (one, other))
    va, vb, both = mean(a * a) - mean(a) ** 2, mean(b * b) - mean(b) ** 2, mean(a * b) - mean(a) * mean(b)
    return float((luminance * (2 * both + C2) / (va + vb + C2)).mean()), float(luminance.mean())


draw = np.random.default_rng(0)
smooth = ndimage.gaussian_filter(draw.normal(size=(96, 96)), 2)
picture = (190 + 12 * smooth / smooth.std()).round().clip(130, 250).astype(np.uint8)
cases = {
    "itself": picture,
    "darker by 120": picture - 120,
    "half the contrast": (190 + (picture.astype(float) - 190) / 2).round().astype(np.uint8),
    "blurred": ndimage.gaussian_filter(picture, 1.5),
}
seen = {}
for name, other in cases.items():
    right, luminance = by_formula(picture, other)
    seen[name] = float(GSSIM().compare(picture, other)), right, float(SSIM().compare(picture, other))
    print(f"{name}: GSSIM {seen[name][0]:.2f}, by the formula {right:.2f} (luminance {luminance:.2f}), SSIM {seen[name][2]:.2f}")
right = {name: by_gssim for name, (_, by_gssim, _) in seen.items()}
for name in ("itself", "half the contrast", "blurred"):
    assert abs(seen[name][0] - right[name]) < 0.01
assert right["half the contrast"] < 0.9 and right["blurred"] < 0.9
_, darker, by_ssim = seen["darker by 120"]
assert darker < 0.7 and by_ssim < 0.7
assert seen["darker by 120"][0] > 0.999, "no longer: the luminance of one picture alone"
PY
