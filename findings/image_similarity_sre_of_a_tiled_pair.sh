#!/usr/bin/env bash
# image-similarity-measures 0.3.6 (PyPI): its signal to reconstruction error ratio grows with the size of the pictures.
#
# For whoever holds translations against photographs in decibels by `sre`, next to PSNR. The measure (Lanaras et al. 2018)
# is 10 log10 of the squared mean of the picture over the mean squared error. `sre` (`quality_metrics.py`) takes the norm of
# the error without its square, and divides that by the number of pixels: the norm grows with the root of it only. So
# pictures of different sizes cannot be compared, and an error twice as large costs 3 dB instead of 6. PSNR and RMSE
# beside it are right. No error, no warning.
#
# Expected: the same figure for a pair and for four or sixteen copies of it side by side; 6.02 dB less for twice the error.
# Seen:     3.01 dB more with four copies, 6.02 dB more with sixteen; 3.01 dB less for twice the error, and a noisy
#           picture of 64 pixels a side has 48 dB where the definition gives 19 dB.
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
import numpy as np
from image_similarity_measures.quality_metrics import psnr, sre


def right(real, fake):
    bands = [np.mean(real[..., i]) ** 2 / np.mean((real[..., i] - fake[..., i]) ** 2) for i in range(real.shape[2])]
    return 10 * np.log10(np.mean(bands))


rng = np.random.default_rng(0)
real = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3)
fake = real + rng.normal(0, 15, real.shape)
seen = {}
for copies in (1, 2, 4):
    pair = [np.tile(picture, (copies, copies, 1)) for picture in (real, fake)]
    seen[copies] = sre(*pair)
    beside = psnr(*pair, max_p=255)
    print(f"{copies**2:2} copies: {seen[copies]:.2f} dB, by the definition {right(*pair):.2f}; PSNR {beside:.2f}")
    assert np.isclose(beside, psnr(real, fake, max_p=255)), "PSNR, too, depends on the size"
    assert np.isclose(right(*pair), right(real, fake)), "the reference is not right"
doubled = real + 2 * (fake - real)
fall = sre(real, fake) - sre(real, doubled)
print(f"twice the error: {fall:.2f} dB less, by the definition {right(real, fake) - right(real, doubled):.2f}")
assert abs(seen[2] - seen[1] - 3.01) < 0.01 and abs(seen[4] - seen[1] - 6.02) < 0.01, "no longer: grows with the size"
assert abs(fall - 3.01) < 0.01, "no longer: half of the fall"
assert seen[1] - right(real, fake) > 25, "no longer: far above the definition"
PY
