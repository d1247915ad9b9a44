#!/usr/bin/env bash
# gan-evaluator 1.15 (PyPI), FID and Inception Score while a GAN trains: pictures with a tenth of the contrast have an FID of 0.
#
# For whoever watches FID during training. FID compares pictures as they are; Inception wants them in a fixed range. Each batch
# that is handed over, real or generated, is stretched by `normalize` (`gan_evaluator.py`) so that its own darkest value is
# -1 and its own brightest 1. What a whole batch lacks in contrast, or has too much in brightness, is mended before it is
# measured; and a picture's features depend on which others lie in its batch. Neither README nor docstring says so. Where
# each batch has a value of -1 and one of 1 nothing happens. No error, no warning.
#
# Expected: 0 for pictures and themselves, in batches of any size; well above 0 for the same pictures with a tenth of the contrast.
# Seen:     a tenth of the contrast 0.00 (as they are, by the formula: 6.11), the same Inception Score as the real ones;
#           the real ones themselves in batches of 1 instead of 50: 5.83. Batches that hold both ends: right.
# Inception's weights cannot be part of this file: means of 3 x 3 fields, of each colour, stand for its features.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q gan-evaluator==1.15 torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import contextlib
import io

import gan_evaluator
import numpy as np
import torch
from scipy.linalg import sqrtm

MANY, WIDTH = 500, 27


class StandIn(torch.nn.Module):
    def __init__(self, **_) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(WIDTH, 1000)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.nn.functional.adaptive_avg_pool2d(pictures, 3).flatten(1))


def by_evaluator(real: torch.Tensor, fake: torch.Tensor, batch: int) -> tuple[float, float]:
    """FID and Inception Score; the real pictures come in batches of 50, as they do wherever they are measured."""
    torch.manual_seed(0)
    evaluator = gan_evaluator.GAN_Evaluator(num_images_real=MANY, num_images_fake=MANY)
    evaluator.activation_vec_real, evaluator.activation_vec_fake = np.empty((2, MANY, WIDTH))
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
        evaluator.load_all_real_imgs(real.split(50))
        score, _, fid = evaluator.load_all_fake_imgs(fake.split(batch))
    return float(fid), float(score)


def by_formula(*both: torch.Tensor) -> float:
    one, other = (torch.nn.functional.adaptive_avg_pool2d(each, 3).flatten(1).double().numpy() for each in both)
    c1, c2 = np.cov(one.T), np.cov(other.T)
    return float(((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real))


gan_evaluator.inception_v3 = StandIn
torch.manual_seed(0)
colours, light = torch.rand(MANY, 3, 3, 3), torch.rand(MANY, 1, 1, 1)
real = torch.nn.functional.interpolate(colours * light, 81) * 1.6 - 0.8 + torch.randn(MANY, 3, 81, 81) * 0.03
both_ends = real.clone()
both_ends[:, :, 0, 0], both_ends[:, :, 0, 1] = -1, 1
cases = {
    "themselves": (real, real, 50),
    "a tenth of the contrast": (real, real / 10, 50),
    "themselves, one by one": (real, real, 1),
    "both ends, a tenth of the contrast": (both_ends, both_ends.clone(), 50),
    "both ends, one by one": (both_ends, both_ends, 1),
}
cases["both ends, a tenth of the contrast"][1][:, :, 1:] /= 10
fids = {}
for name, (pictures, samples, batch) in cases.items():
    fid, score = by_evaluator(pictures, samples, batch)
    fids[name] = fid, by_formula(pictures, samples), score
    print(f"{name}: gan-evaluator {abs(fid):.2f}, by the formula {abs(fids[name][1]):.2f}; Inception Score {score:.4f}")
(washed_fid, washed_true, washed_score), (own_fid, _, own_score) = fids["a tenth of the contrast"], fids["themselves"]
assert washed_true > 1 and abs(own_fid) < 1e-3 and abs(fids["themselves, one by one"][1]) < 1e-6
for name in ("both ends, a tenth of the contrast", "both ends, one by one"):
    assert abs(fids[name][0] - fids[name][1]) < 0.02 * fids[name][1] + 1e-3, "its arithmetic is not what differs"
assert abs(washed_fid) < 1e-3 and abs(washed_score - own_score) < 1e-3, "no longer: contrast is seen"
assert fids["themselves, one by one"][0] > 1, "no longer: the size of a batch does not matter"
PY
