#!/usr/bin/env bash
# pytorch-ignite 0.5.5 (PyPI): SSIM with a uniform window takes one of 5 pixels whatever is asked for, and of 3 no mean at all.
#
# For whoever measures a translation, or how alike samples are, with the window of a published figure: scikit-image's is uniform and of
# 7 pixels unless told otherwise. `SSIM(gaussian=False, kernel_size=k)` documents `kernel_size` as the "size of the kernel" (default
# 11). `_uniform` (`ignite/metrics/ssim.py`) writes 1 / 5 into the five places around the middle of k and zeros beside
# them. Of 3 there are but three places: the weights come to 0.6, and to 0.36 in two dimensions, so that what is called
# variance is 0.36 E[x²] - 0.13 E[x]², mostly brightness. The Gaussian window is as it should be.
#
# Expected: scikit-image's SSIM of the same window, with its population variance; the border aside.
# Seen:     a picture and the same with noise, at 5, 7, 11 and 21: 0.33 each time, for 0.33, 0.39, 0.44 and 0.49; at 3 0.88 for 0.24. A
#           picture and its negative: 0.77 at 3, which is -0.70 in truth.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q pytorch-ignite==0.5.5 torch==2.14.1 scikit-image==0.26.0 numpy==2.4.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import torch
from ignite.metrics import SSIM
from skimage.metrics import structural_similarity
from torch.nn.functional import avg_pool2d

draw = torch.Generator().manual_seed(0)


def seen(a, b, size, gaussian=False):
    metric = SSIM(data_range=1.0, kernel_size=size, gaussian=gaussian)
    metric.update((a, b))
    return metric.compute()


def wanted(a, b, size, **window):
    window = window or {"win_size": size}
    a, b = a[0, 0].numpy(), b[0, 0].numpy()
    return structural_similarity(a, b, data_range=1.0, use_sample_covariance=False, **window)


smooth = avg_pool2d(torch.rand(1, 1, 68, 68, generator=draw, dtype=torch.float64), 5, 1)
picture = (smooth - smooth.min()) / (smooth.max() - smooth.min())
noisy = (picture + 0.2 * torch.randn(picture.shape, generator=draw, dtype=torch.float64)).clamp(0, 1)

found = {}
for size in (3, 5, 7, 11, 21):
    found[size] = seen(picture, noisy, size), wanted(picture, noisy, size)
    print("noise, a window of {}: {:.3f}, scikit-image {:.3f}".format(size, *found[size]))
negative = seen(picture, 1 - picture, 3), wanted(picture, 1 - picture, 3)
print("its negative, a window of 3: {:.3f}, scikit-image {:.3f}".format(*negative))
gaussian = seen(picture, noisy, 11, True), wanted(picture, noisy, 11, gaussian_weights=True, sigma=1.5)
print("noise, the Gaussian window: {:.3f}, scikit-image {:.3f}".format(*gaussian))

assert abs(gaussian[0] - gaussian[1]) < 0.02 and abs(found[5][0] - found[5][1]) < 0.02
assert len({round(found[size][0], 9) for size in (5, 7, 11, 21)}) == 1, "no longer: every window is one of 5"
assert found[21][1] - found[21][0] > 0.1
assert found[3][0] - found[3][1] > 0.5 and negative[0] > 0.5 > -0.5 > negative[1], "no longer: 3 is no mean"
PY
