#!/usr/bin/env bash
# sewar 0.4.10 (PyPI), reference metrics of pictures: its universal quality index says 0.9 of pictures with nothing in common.
#
# Met while looking for a second opinion on translated pictures. Of Wang & Bovik's index (2002) `uqi` has the form for sums
# over a window of N pixels, N Σxy − Σx Σy, but fills it with the window's means, so that a "covariance" is nearly N times
# the mean product, whatever the pictures show: what is left is mostly how alike their brightness is.
#
# Expected: 1 for the same picture, about 0 for independent noise, −1 for a negative of the same brightness: the index is
#           the mean, over windows of 8 × 8, of 4 cov(x, y) m(x) m(y) / ((var x + var y) (m(x)² + m(y)²)).
# Seen:     independent noise 0.91, its negative 0.81, a ramp beside its mirror image 0.89. The formula gives −0.01, −1.00
#           and 0.00; windows of 2 pixels a side do not help (0.87 for noise).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q sewar==0.4.10 numpy==2.4.6 scipy==1.17.1 pillow==13.0.0 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
import sewar
from numpy.lib.stride_tricks import sliding_window_view


def as_defined(x: np.ndarray, y: np.ndarray, side: int = 8) -> float:
    x, y = (sliding_window_view(picture.astype(float), (side, side)) for picture in (x, y))
    mx, my, vx, vy = x.mean((2, 3)), y.mean((2, 3)), x.var((2, 3)), y.var((2, 3))
    cov = (x * y).mean((2, 3)) - mx * my
    return float((4 * cov * mx * my / ((vx + vy) * (mx**2 + my**2))).mean())


draw = np.random.default_rng(0)
noise, other = draw.integers(60, 200, (2, 64, 64), dtype=np.uint8)
ramp = (40 + 1.2 * np.add.outer(np.arange(64), np.arange(64))).astype(np.uint8)
cases = {
    "the same noise": (noise, noise),
    "independent noise": (noise, other),
    "noise and its negative": (noise, 255 - noise),
    "a ramp and its mirror image": (ramp, ramp[:, ::-1].copy()),
}
seen = {name: (float(sewar.uqi(*pair)), as_defined(*pair)) for name, pair in cases.items()}
for name, (by_sewar, defined) in seen.items():
    print(f"{name}: sewar {by_sewar:.3f}, as defined {defined:.3f}")
print(f"independent noise, windows of 2 × 2: sewar {sewar.uqi(noise, other, ws=2):.3f}, "
      f"as defined {as_defined(noise, other, 2):.3f}")
assert abs(seen["the same noise"][0] - 1) < 1e-6
assert all(by_sewar > 0.75 for by_sewar, _ in seen.values()), "the covariance counts now"
assert max(defined for _, defined in list(seen.values())[1:]) < 0.05
PY
