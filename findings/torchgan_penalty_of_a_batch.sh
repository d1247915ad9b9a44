#!/usr/bin/env bash
# torchgan 0.1.0 (PyPI): its gradient penalties hold the slope of a whole batch at 1, not the slope at each picture.
#
# Met while asking which peers may check our penalties. `WassersteinGradientPenalty` and `DraganGradientPenalty` take
# `gradients.norm(2)` over all numbers of the batch (`torchgan/losses/functional.py`), where Gulrajani et al. 2017
# (Algorithm 1) and Kodali et al. 2017 have a norm for each picture and the mean of (norm - 1)^2. Of n pictures with slope
# 1 the batch's norm is the square root of n. No error, no warning; with batches of one picture both are the same.
#
# Expected: 0 for a critic whose slope is 1 everywhere, whatever the size of the batch.
# Seen:     0, 1, 9 and 49 for 1, 4, 16 and 64 pictures, by both; 0 is had where each slope is 1 / sqrt(n) instead: a
#           critic trained so is flatter by 8 with 64 pictures, and another batch size is another Lipschitz constant.
#           `reduction="none"` gives one number, not one a picture. torch-mimicry 0.1.16 takes a norm for each picture.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q torchgan==0.1.0 torch==2.14.1 torchvision==0.29.1 matplotlib==3.11.2 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import torch
from torchgan.losses import DraganGradientPenalty, WassersteinGradientPenalty

slope = torch.full((12,), 12**-0.5)  # of a linear critic: its length is 1
for n in (1, 4, 16, 64):
    pictures = torch.randn(n, 12, generator=torch.Generator().manual_seed(0), requires_grad=True)
    right = ((torch.autograd.grad((pictures @ slope).sum(), pictures)[0].norm(2, 1) - 1) ** 2).mean()
    seen = [float(penalty()(pictures, pictures @ slope)) for penalty in (WassersteinGradientPenalty, DraganGradientPenalty)]
    flat = float(WassersteinGradientPenalty()(pictures, pictures @ slope / n**0.5))
    print(f"{n} pictures: WGAN-GP's {seen[0]:.3f}, DRAGAN's {seen[1]:.3f}, a norm for each {right:.3f};"
          f" of a slope of 1 / sqrt(n) {flat:.3f}")
    assert right < 1e-6 and flat < 1e-6
    assert all(abs(one - (n**0.5 - 1) ** 2) < 1e-3 for one in seen), "no longer: a norm of the whole batch"
PY
