#!/usr/bin/env bash
# image-similarity-measures 0.3.6 (PyPI): the spectral angle between a picture and itself is 90 degrees.
#
# Met while looking for a second opinion on figures of translated pictures (PSNR, SSIM, spectral angle). `sam` takes
# NumPy arrays of shape (rows, columns, bands). Given 8-bit pictures, as every reader of files returns them, it multiplies
# them as uint8, so the products wrap at 256, while the norms below the line are taken in float64. No error, no warning.
#
# Expected: 0 degrees for a picture and itself, whatever the type of its numbers; a small angle for a slightly noisy one.
# Seen:     uint8 89.7 and 89.7 degrees, float32 0.006 and 2.8 degrees: the angle of 8-bit pictures says nothing.
# sewar 0.4.10's `sam`, which turns its input into float64 first, gives 0 (it counts in radians).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q image-similarity-measures==0.3.6 sewar==0.4.10 numpy==1.26.4 scikit-image==0.20.0 \
    opencv-python==4.11.0.86 scipy==1.17.1 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import numpy as np
import sewar
from image_similarity_measures.quality_metrics import sam

draw = np.random.default_rng(0)
picture = draw.integers(100, 200, (64, 64, 3), dtype=np.uint8)  # no grey level is near 0 or 255
noisy = (picture + draw.normal(0, 10, picture.shape)).clip(0, 255).astype(np.uint8)
for name, kind in {"uint8": np.uint8, "float32": np.float32}.items():
    one, other = picture.astype(kind), noisy.astype(kind)
    print(f"{name}: with itself {sam(one, one):.3f} degrees, with noise {sam(one, other):.3f} degrees")
print(f"sewar, uint8: with itself {np.rad2deg(sewar.sam(picture, picture)):.3f} degrees")
assert sam(picture, picture) > 80, "no longer: 8-bit pictures are told apart from right angles"
assert sam(picture, noisy) > 80
assert sam(picture.astype(np.float32), picture.astype(np.float32)) < 0.1
assert sam(picture.astype(np.float32), noisy.astype(np.float32)) < 10
assert sewar.sam(picture, picture) < 1e-3
PY
