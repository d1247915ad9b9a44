#!/usr/bin/env bash
# torcheval 0.0.7 (PyPI): the PSNR of any two 8-bit pictures that differ much is some 28 dB.
#
# For whoever measures a translation by it, as the focal paper's Table 4 measures pix2pix on Facades: 27.78 to 28.81 dB, where users of
# pix2pix see 12 to 15. `_psnr_update` (`metrics/functional/image/psnr.py`) is `torch.sum(torch.pow(input - target, 2))`
# in the dtype that it is given. Of uint8, which is how pictures are read and how torchvision's own `read_image` hands them
# over, the difference wraps around at 256, and so does its square: whatever the pictures, the mean square is about that of a
# random byte. With the range left to it, 255 is squared in uint8 too, to 1. The documentation asks for shapes, not for
# a dtype; the check is of shapes alone. No error, no warning.
#
# Expected: the PSNR of the same pictures as floats, or a refusal.
# Seen:     noise and other noise: 27.9 dB, of which 7.75 are true. A slope from black to white and its negative: 27.3 for 4.6. Black and
#           white: 48.1 for 0. Black and a grey of 16, whose square is 256: infinity, as for equal pictures, for 24.0. With the
#           range left to it, as by default, the noise is at -20.2 dB. Where no pixel differs by more than 15, all is right.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q torcheval==0.0.7 torch==2.14.1 numpy==2.4.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import math

import torch
from torcheval.metrics import PeakSignalNoiseRatio
from torcheval.metrics.functional import peak_signal_noise_ratio

draw = torch.Generator().manual_seed(0)


def noise(high=256):
    return torch.randint(high, (8, 3, 64, 64), generator=draw, dtype=torch.uint8)


def flat(grey):
    return torch.full((8, 3, 64, 64), grey, dtype=torch.uint8)


def true(a, b):
    return 10 * math.log10(255**2 / float(((a.double() - b.double()) ** 2).mean()))


def of_class(a, b):
    metric = PeakSignalNoiseRatio(data_range=255.0)
    return float(metric.update(a, b).compute())


some = noise()
slope = torch.linspace(0, 255, 64).to(torch.uint8).expand(8, 3, 64, 64)
cases = {
    "noise and other noise": (some, noise()),
    "a picture and its negative": (slope, 255 - slope),
    "black and white": (flat(0), flat(255)),
    "black and a grey of 16": (flat(0), flat(16)),
    "noise and nearly the same": (some // 2, some // 2 + noise(16)),
}
found = {}
for name, (a, b) in cases.items():
    seen = float(peak_signal_noise_ratio(a, b, data_range=255.0))
    as_floats = float(peak_signal_noise_ratio(a.double(), b.double(), data_range=255.0))
    found[name] = seen
    print(f"{name}: {seen:.2f} dB, as floats {as_floats:.2f}, by hand {true(a, b):.2f}")
    assert abs(as_floats - true(a, b)) < 1e-4 and of_class(a, b) == seen
assert all(27 < found[name] < 29 for name in list(cases)[:2]), "no longer: 28 dB whatever differs much"
assert found["black and white"] > 48 and found["black and a grey of 16"] == math.inf
assert abs(found["noise and nearly the same"] - true(*cases["noise and nearly the same"])) < 1e-3

a, b = cases["noise and other noise"]
by_default = float(peak_signal_noise_ratio(a, b))
as_floats = float(peak_signal_noise_ratio(a.double(), b.double()))
print(f"noise and other noise, the range left to it: {by_default:.2f} dB, as floats {as_floats:.2f}")
assert by_default < -20, "no longer: the range is squared in uint8, too"
PY
