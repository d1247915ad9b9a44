#!/usr/bin/env bash
# top-pr 0.2.1 (PyPI): measuring a GAN while it trains makes it train on the same noise again and again.
#
# TopP&R (Kim et al. 2023) projects features of more than 32 dimensions at random. For that `compute_top_pr` seeds the
# process: `random`, NumPy's and PyTorch's global generators (42, then 99 for PyTorch), on all GPUs too, and sets cuDNN
# to its deterministic ways for good, and does not put them back. Its documentation says that the projection's seed is
# fixed, not that it is the whole process's. (`random_proj=False` seeds nothing.) Whoever draws latents by torch.randn and calls it after each epoch, to see how the training goes, gets the same latents, dropout
# masks and shuffles in every epoch from then on. Features of 32 dimensions and fewer are not projected, and seed nothing.
#
# Expected: a measure leaves the global generators where they were; two epochs have different latents.
# Seen:     after each call torch.randn gives the very same numbers, so do numpy.random and random, with features of 64
#           dimensions; with 32 they differ.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q top-pr==0.2.1 torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 scipy==1.17.1 \
    scikit-learn==1.9.1 matplotlib==3.11.2 gudhi==3.13.0 tqdm 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import random

import numpy as np
import torch
from top_pr import compute_top_pr

draw = np.random.default_rng(0)  # a generator of its own, which nobody seeds


def epoch(dimensions: int) -> tuple:
    """Measures once, as a training loop would, then draws: latents, and what shuffles."""
    real, fake = draw.normal(size=(2, 500, dimensions))
    compute_top_pr(real_features=real, fake_features=fake)
    return torch.randn(4).tolist(), np.random.rand(2).tolist(), random.random()


for dimensions, kept in ((32, True), (64, False)):
    torch.seed(), np.random.seed(), random.seed()
    first, second = epoch(dimensions), epoch(dimensions)
    print(f"{dimensions} dimensions: latents of two epochs {first[0][:2]} and {second[0][:2]}")
    pairs = list(zip(first, second, strict=True))
    # NumPy's are drawn on after the seed, by the bootstrap of the measure, as often each time
    assert all(one != other for one, other in pairs) if kept else all(one == other for one, other in pairs), pairs
print("as described")
PY
