#!/usr/bin/env bash
# color-transfer-py 0.0.5 (PyPI), colour transfer between pictures: in a batch, all but the first get other colours than their targets'.
#
# For whoever brings samples to the colours of a domain before comparing them, or wants this as a baseline of translation.
# Reinhard et al. 2001 move mean and deviation of each channel of a picture to those of its target. By README and docstring
# `color_transfer_pytorch` takes many pictures at once, each with its own target. `get_mean_and_std` (`color_transfer/pytorch.py`) lays
# the means of all pictures and channels into one row, of which the first three are used for every picture: those of the
# first, as source and as target. Each other picture is moved by as much as the first is. The shape is right, and so is the
# first picture. No error, no warning.
#
# Expected: each picture as if it were transferred alone, where its mean is that of its target.
# Seen:     grey to grey first, blue to green second: the second is (0.20, 0.70, 0.30) alone, as its target is, and (0.28, 0.31, 0.71),
#           still blue, in the batch. Of 8 pictures of random colours with as many targets, the first has its target's mean, and
#           the others miss theirs by 0.57 on average, in the channel that is missed most; alone all have it.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q --no-compile torch==2.14.1 numpy==2.4.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/pip" install -q --no-compile --no-deps color-transfer-py==0.0.5 opencv-python-headless==5.0.0.93 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W error - <<'PY'
import cv2
import numpy as np
import torch
from color_transfer import color_transfer_pytorch

SIDE, PICTURES = 32, 8
draw = np.random.default_rng(0)


def picture(colour: list[float] | np.ndarray, deviation: float = 0.05) -> torch.Tensor:
    """A picture of about one colour, with a black and a white pixel, so that its range is from 0 to 1 and is left as it is."""
    pixels = (np.asarray(colour)[:, None, None] + draw.normal(0, deviation, (3, SIDE, SIDE))).clip(0, 1)
    pixels[:, 0, 0], pixels[:, 0, 1] = 0, 1
    return torch.from_numpy(pixels.astype(np.float32))


def by_formula(source: torch.Tensor, target: torch.Tensor) -> np.ndarray:
    """Mean and deviation of each channel of CIELAB moved from one picture to the other, the colour spaces being OpenCV's."""
    one, other = (cv2.cvtColor(p.permute(1, 2, 0).numpy(), cv2.COLOR_RGB2Lab) for p in (source, target))
    moved = (one - one.mean((0, 1))) / one.std((0, 1)) * other.std((0, 1)) + other.mean((0, 1))
    return cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_Lab2RGB).clip(0, 1).transpose(2, 0, 1)


def transfer(sources: list[torch.Tensor], targets: list[torch.Tensor]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean colours by the package in one batch, by the package one by one, and by the formula."""
    batch = color_transfer_pytorch(torch.stack(sources), torch.stack(targets)).numpy()
    alone = np.stack([color_transfer_pytorch(*pair).numpy() for pair in zip(sources, targets)])
    right = np.stack([by_formula(*pair) for pair in zip(sources, targets)])
    assert batch.shape == alone.shape == right.shape and abs(alone - right).max() < 0.03
    return batch.mean((2, 3)), alone.mean((2, 3)), right.mean((2, 3))


sources = [picture([0.5, 0.5, 0.5]), picture([0.3, 0.3, 0.7])]
targets = [picture([0.5, 0.5, 0.5]), picture([0.2, 0.7, 0.3])]
batch, alone, right = transfer(sources, targets)
print(f"blue to green: {alone[1].round(2)} alone, {batch[1].round(2)} second of a batch, {right[1].round(2)} by the formula")
assert abs(alone[1] - right[1]).max() < 0.02 and abs(batch[1] - right[1]).max() > 0.2, "no longer: the first's mean moves all"
assert abs(batch[0] - alone[0]).max() < 0.01

sources, targets = ([picture(draw.uniform(0.2, 0.8, 3)) for _ in range(PICTURES)] for _ in range(2))
batch, alone, right = transfer(sources, targets)
wanted = np.stack([target.numpy().mean((1, 2)) for target in targets])
missed = {name: abs(found - wanted).max(1) for name, found in (("batch", batch), ("alone", alone))}
for name, by in missed.items():
    print(f"{name}: the target's mean missed by {by[0]:.2f} in the first, by {by[1:].mean():.2f} on average in the others")
assert missed["batch"][0] < 0.05 and missed["alone"].max() < 0.05
assert missed["batch"][1:].mean() > 0.15, "no longer: the first's mean moves all"
PY
