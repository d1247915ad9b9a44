#!/usr/bin/env bash
# piq 0.8.0 (PyPI), "PyTorch Image Quality": recall counts real pictures that no sample's neighbourhood holds.
#
# Met while looking for a second opinion on the recall of models that repeat training pictures. Kynkaanniemi et al. 2019
# (equations 1 and 2): recall is precision with the two sets exchanged. `PR` (`piq/pr.py`) counts a real picture as
# covered where its distance to a sample is smaller than the *sample's* radius, or close to the radius of the *real*
# picture: the second half was copied from precision. It tells wherever a sample is some real picture's k-th neighbour,
# which is what memorised pictures are.
#
# Expected: `PR(real, fake)` and `PR(fake, real)` with precision and recall exchanged, whatever the sets.
# Seen:     1,000 features, of which 1,000 samples repeat 300: recall 0.72, exchanged 0.60. Samples moved by a tenth, so
#           that hardly a distance is equal to a radius: 0.69 both ways. Who repeats covers more than who varies.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q piq==0.8.0 torch==2.14.1 torchvision==0.29.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import piq
import torch

draw = torch.Generator().manual_seed(0)
real = torch.randn(1000, 64, generator=draw, dtype=torch.float64)


def both(fake):
    precision, recall = map(float, piq.PR(nearest_k=5)(real, fake))
    return recall, float(piq.PR(nearest_k=5)(fake, real)[0])


repeated = real[torch.arange(1000) % 300]
found = {"repeated": both(repeated), "moved": both(repeated + 0.1 * torch.randn(repeated.shape, generator=draw))}
for name, (recall, exchanged) in found.items():
    print(f"{name}: recall {recall:.3f}, exchanged {exchanged:.3f}")
gaps = {name: recall - exchanged for name, (recall, exchanged) in found.items()}
assert gaps["repeated"] > 0.05, "no longer: recall is more than precision of the exchanged sets"
assert abs(gaps["moved"]) < 0.01
PY
