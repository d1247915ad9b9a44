#!/usr/bin/env bash
# image-similarity-measures 0.3.6 (PyPI): to its FSIM an edge from light to dark, and many strong ones, have no gradient.
#
# For whoever compares pictures by their features (FSIM, Zhang et al. 2011): phase congruency, times the likeness of the
# gradients' magnitudes. `fsim` (`quality_metrics.py`) asks OpenCV's Scharr operator for 16 unsigned bits. What falls
# instead of rising is cut to 0 there, and what is left is squared in the same 16 bits: above 255 the square wraps
# around (an edge of 16 grey levels comes to 256). So the picture's mirror image has another score, and an edge may
# count as none. No error, no warning.
#
# Expected: of a step of 200 grey levels a magnitude of 3,200, whether it rises or falls; the same FSIM of a pair, of its
#           mirror images and of its negatives.
# Seen:     128 where it rises, 0 where it falls; a step of 16 levels has 0 both ways. FSIM of a noisy pair is 0.790, of its
#           mirror images 0.789, of its negatives 0.776: with gradients in float64, all else kept, all three are 0.900.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==1.26.4 scipy==1.15.3 scikit-image==0.20.0 phasepack==1.5 \
    opencv-python-headless==4.11.0.86 &&
    "$place/env/bin/pip" install -q --no-deps image-similarity-measures==0.3.6; } 2> "$place/pip" ||
    { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import cv2
import numpy as np
from image_similarity_measures import quality_metrics as theirs
from scipy.ndimage import gaussian_filter


def signed(picture, depth):
    """Magnitudes with 64 bits and a sign."""
    slopes = [cv2.Scharr(picture, cv2.CV_64F, 1 - axis, axis) for axis in (0, 1)]
    return np.hypot(*slopes)


def step(height):
    picture = np.zeros((16, 16), np.uint8)
    picture[:, 8:] = height
    return picture


found = {}
for height in (10, 16, 200):
    both = (step(height), np.ascontiguousarray(step(height)[:, ::-1]))
    found[height] = [float(theirs._gradient_magnitude(picture, cv2.CV_16U).max()) for picture in both]
    wanted = [float(signed(picture, None).max()) for picture in both]
    print(f"a step of {height}: rising, falling {found[height]}; with a sign {wanted}")
    assert wanted == [16 * height] * 2, "the reference is not right"
assert found == {10: [160, 0], 16: [0, 0], 200: [128, 0]}, "no longer: cut and wrapped"

rng = np.random.default_rng(0)
smooth = gaussian_filter(rng.random((64, 64, 1)), (2, 2, 0))
real = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
fake = np.clip(real + rng.normal(0, 12, real.shape), 0, 255).astype(np.uint8)
pairs = {"as it is": (real, fake), "mirrored": (real[:, ::-1], fake[:, ::-1]), "negative": (255 - real, 255 - fake)}
pairs = {name: [np.ascontiguousarray(picture) for picture in pair] for name, pair in pairs.items()}
seen = {name: theirs.fsim(*pair) for name, pair in pairs.items()}
theirs._gradient_magnitude = signed
wanted = {name: theirs.fsim(*pair) for name, pair in pairs.items()}
for name in pairs:
    print(f"FSIM, {name}: {seen[name]:.4f}; with signed gradients {wanted[name]:.4f}")
assert np.ptp(list(wanted.values())) < 0.001, "the reference is not right"
assert np.ptp(list(seen.values())) > 0.005, "no longer: another FSIM of the mirrored pair"
PY
