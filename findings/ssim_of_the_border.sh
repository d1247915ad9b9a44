#!/usr/bin/env bash
# SSIM-PIL 1.0.14 (PyPI): the right and lower border of a picture do not count, though nothing says so.
#
# Met while looking for a second opinion on SSIM of translated pictures of 256 pixels. `compare_ssim` takes the mean over
# tiles of 7 x 7 pixels that do not overlap, and leaves out what is left over of a side that is no multiple of 7: of 256
# pixels the last four columns and rows (3 % of the picture), of 64 the last one, of 13 the last six (71 %).
#
# Expected: below 1 wherever the pictures differ, and about the same for a change at either border; Wang et al. 2004 move
#           their window pixel by pixel, and every pixel is in some window.
# Seen:     four columns inverted at the right of 256: 1.000; at the left: 0.968. Pictures of 13 pixels that agree in
#           their first 7 x 7 only: 1.000. scikit-image 0.26.0 gives 0.989, 0.988 and 0.26.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q SSIM-PIL==1.0.14 pillow==13.0.0 numpy==2.4.6 scikit-image==0.26.0 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity
from SSIM_PIL import compare_ssim

draw = np.random.default_rng(0)


def both(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    by_skimage = structural_similarity(one, other, channel_axis=2)
    return compare_ssim(Image.fromarray(one), Image.fromarray(other), GPU=False), by_skimage


picture = draw.integers(0, 256, (256, 256, 3), dtype=np.uint8)
right, left = picture.copy(), picture.copy()
right[:, -4:] = 255 - right[:, -4:]
left[:, :4] = 255 - left[:, :4]
small = draw.integers(0, 256, (13, 13, 3), dtype=np.uint8)
elsewhere = draw.integers(0, 256, (13, 13, 3), dtype=np.uint8)
elsewhere[:7, :7] = small[:7, :7]
cases = {"four columns at the right": (picture, right), "at the left": (picture, left), "13 pixels": (small, elsewhere)}
seen = {name: both(*pair) for name, pair in cases.items()}
for name, (pil, skimage) in seen.items():
    print(f"{name}: SSIM-PIL {pil:.3f}, scikit-image {skimage:.3f}")
(of_right, _), (of_left, _), (of_small, _) = seen.values()
assert of_right == of_small == 1 and of_left < 0.98, "the border counts now"
assert all(skimage < 0.995 for _, skimage in seen.values())
PY
