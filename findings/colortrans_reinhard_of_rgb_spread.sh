#!/usr/bin/env bash
# colortrans 1.1.0 (PyPI), colour transfer between pictures: its Reinhard's method doubles a contrast that it should take over.
#
# For whoever brings samples to the colours of a domain before comparing them, or wants this as a baseline of translation.
# Reinhard et al. 2001 move mean and standard deviation of each channel of a logarithmic space (l, alpha, beta) from one
# picture to the other. `transfer_reinhard` (`colortrans.py`) takes the means there, but the standard deviations of red, green
# and blue, before the logarithm, and scales l by red's, alpha by green's and beta by blue's. No error, no warning.
#
# Expected: a picture and the same picture twice as bright differ by a constant in l and by nothing else: with the bright one as
#           reference, the dark one becomes the bright one, as by the formula (off by rounding) and by the package's `lhm`
#           and `pccm`. The spread of l of the result is that of the reference, whatever the pictures.
# Seen:     twice the contrast of the reference (40 where it has 20 and the formula gives 20), off by 17 grey levels in
#           the mean. The other way round, half of it (5 for 10). A picture with itself as reference is right.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q colortrans==1.1.0 numpy==2.4.6 pillow==13.0.0 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import colortrans
import numpy as np

LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
LAB = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])


def to_lab(picture: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(1, picture.reshape(-1, 3) @ LMS.T)) @ LAB.T


def by_formula(content: np.ndarray, reference: np.ndarray) -> np.ndarray:
    one, other = to_lab(content), to_lab(reference)
    made = (one - one.mean(0)) / one.std(0) * other.std(0) + other.mean(0)
    values = 10 ** (made @ np.linalg.inv(LAB).T) @ np.linalg.inv(LMS).T
    return values.reshape(content.shape).clip(0, 255).round()


draw = np.random.default_rng(0)
y, x = np.mgrid[:64, :64]
picture = np.stack([60 + x / 2, 50 + y / 2, 40 + (x + y) / 3], 2) + draw.normal(0, 4, (64, 64, 3))
dark = picture.round().clip(1, 127).astype(np.uint8)
bright = dark * 2
print(f"colortrans {colortrans.__version__}")
methods = {
    "reinhard": colortrans.transfer_reinhard,
    "lhm": colortrans.transfer_lhm,
    "pccm": colortrans.transfer_pccm,
    "by the formula": by_formula,
}
pairs = {"dark to bright": (dark, bright), "bright to dark": (bright, dark), "dark to itself": (dark, dark)}
for pair, (content, reference) in pairs.items():
    wanted = reference.astype(float)
    print(f"{pair}: the reference has a standard deviation of {wanted.std((0, 1)).mean():.1f}")
    for name, method in methods.items():
        made = method(content, reference).astype(float)
        contrast, off = made.std((0, 1)).mean() / wanted.std((0, 1)).mean(), np.abs(made - wanted).mean()
        spread = to_lab(made)[:, 0].std() / to_lab(wanted)[:, 0].std()
        print(f"  {name}: {made.std((0, 1)).mean():.1f}, off by {off:.1f}; spread of l {spread:.2f} of the reference's")
        if name != "reinhard" or pair == "dark to itself":
            assert off < 1 and abs(contrast - 1) < 0.05
        elif pair == "dark to bright":
            assert contrast > 1.9 and spread > 1.9 and off > 10, "no longer: standard deviations of red, green and blue"
        else:
            assert contrast < 0.6 and spread < 0.6, "no longer: standard deviations of red, green and blue"
PY
