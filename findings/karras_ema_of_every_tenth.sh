#!/usr/bin/env bash
# ema-pytorch 0.8.3 (PyPI): its power-function EMA, updated at every tenth step, is an average of the beginning of training.
#
# For whoever wants to choose the EMA of a generator after training. That of Karras et al. 2024 ("EDM2") has weights
# t^gamma, and sigma_rel, from which gamma follows, is their width relative to the steps so far. `KarrasEMA` takes
# beta = (1 - 1 / t)^(gamma + 1), which is right from step to step, but also if `update_every` lets it move only each
# n-th time (100 unless told otherwise, 10 in the README, "to save on compute"): the n - 1 steps in between are
# forgotten. The rule for n steps at once is (1 - n / t)^(gamma + 1). No error, no warning.
#
# Expected: for sigma_rel = 0.1 an average whose weights lie at 0.89 of training with a width of 0.10, for any n.
# Seen:     0.89 and 0.10 for n = 1, but 0.44 and 0.30 for n = 10, 0.07 and 0.18 for n = 100; the rule for n steps gives
#           0.89, 0.89 and 0.90, and 0.10. `PostHocEMA` at sigma_rel = 0.15, right for n = 1 (0.82), lies at 0.24 for n = 10.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q ema-pytorch==0.8.3 torch==2.14.1 numpy==2.4.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import tempfile

import numpy as np
import torch
from ema_pytorch import KarrasEMA, PostHocEMA

STEPS = 5000
moments = np.arange(STEPS + 1)[:, None] / STEPS  # of training, from 0 to 1
weights = np.concatenate([moments, moments**2], axis=1)  # of a network, at each step


def train(kind: type, n: int, **options):
    network = torch.nn.Linear(1, 2, bias=False).double()
    ema = kind(network, update_every=n, **options)
    for step in range(1, STEPS + 1):
        with torch.no_grad():
            network.weight[:, 0] = torch.from_numpy(weights[step])
        ema.update()
    return ema


def by_rule(n: int, gamma: float) -> np.ndarray:
    average = weights[n]
    for step in range(2 * n, STEPS + 1, n):
        beta = (1 - n / step) ** (gamma + 1)
        average = beta * average + (1 - beta) * weights[step]
    return average


def place_and_width(average) -> tuple[float, float]:
    mean, mean_of_squares = map(float, average)
    return mean, (mean_of_squares - mean**2) ** 0.5


for n, expected in ((1, (0.89, 0.10)), (10, (0.44, 0.30)), (100, (0.07, 0.18))):
    ema = train(KarrasEMA, n, sigma_rel=0.1)
    seen, right = place_and_width(ema.ema_model.weight[:, 0].detach()), place_and_width(by_rule(n, ema.gamma))
    print(f"every {n}: at {seen[0]:.2f}, width {seen[1]:.2f}; by the rule for n steps at {right[0]:.2f}, width {right[1]:.2f}")
    assert np.allclose(right, (0.89, 0.10), atol=0.01)
    assert np.allclose(seen, expected, atol=0.01), "no longer: the steps in between are forgotten"
for n, expected in ((1, 0.82), (10, 0.24)):
    with tempfile.TemporaryDirectory() as folder:
        options = {"checkpoint_every_num_steps": 500, "checkpoint_folder": folder, "checkpoint_dtype": torch.float64}
        ema = train(PostHocEMA, n, sigma_rels=(0.05, 0.28), **options)
        found = float(ema.synthesize_ema_model(sigma_rel=0.15).ema_model.weight[0])
    print(f"PostHocEMA, every {n}: at {found:.2f}")
    assert abs(found - expected) < 0.01
PY
