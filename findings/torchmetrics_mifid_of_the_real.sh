#!/usr/bin/env bash
# torchmetrics 1.9.0 (PyPI): its MiFID asks of the real pictures whether they lie near a sample, not of the samples.
#
# For whoever wants to know whether a GAN paints its training set from memory. MiFID (Bai et al. 2021, "On training sample
# memorization"; the measure of two of Kaggle's competitions) is FID over a penalty: each *sample*'s cosine distance to the training
# picture nearest to it, averaged over the samples, where that is below 0.1, else 1. `compute` (`image/mifid.py`) hands the real
# features over before the fake ones, and `_compute_cosine_distance` takes the least over its second set for each of its
# first: what is averaged is each *training picture*'s distance to the sample nearest to it. Its documentation speaks
# of "the average minimum cosine distance between the features of the real and fake distribution" and of no side.
#
# Expected: samples that are training pictures, all of them, are penalised; samples of which 95 % are new are not.
# Seen:     of 2,000 samples each is one of 100 of the 2,000 training pictures, by which the penalty is 0 and MiFID beyond all bounds:
#           MiFID is 36.8, as FID. Of 2,000 samples 100 are the 100 training pictures and 1,900 new, by which the
#           penalty is 1 and MiFID as FID, 37.6: it is 4e15. With the sets exchanged both come out as they should.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q torchmetrics==1.9.0 torch==2.14.1 torchvision==0.29.1 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import torch
from scipy.spatial.distance import cdist
from torch.nn.functional import relu
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.mifid import MemorizationInformedFrechetInceptionDistance

FEATURES = 48
draw = torch.Generator().manual_seed(0)


class Network(torch.nn.Module):
    """(n, 3, 8, 8) of uint8 to (n, 48), none below 0, as Inception's are none."""

    num_features = FEATURES

    def __init__(self):
        super().__init__()
        self.register_buffer("weights", torch.randn(192, FEATURES, generator=draw, dtype=torch.float64))

    def forward(self, pictures):
        return relu((pictures.double().flatten(1) / 255 - 0.5) @ self.weights)


network = Network()


def pictures(n):
    return torch.randint(256, (n, 3, 8, 8), generator=draw, dtype=torch.uint8)


def measured(kind, real, fake):
    metric = kind(feature=network).set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    return float(metric.compute())


def nearest(of, among):
    """The mean over `of` of the least cosine distance to one among the others."""
    return float(cdist(network(of).numpy(), network(among).numpy(), "cosine").min(1).mean())


training = pictures(2000)
few = training[:100]
cases = {
    "all samples are training pictures": (training, few.repeat(20, 1, 1, 1)),
    "19 of 20 samples are new": (few, torch.cat([few, pictures(1900)])),
    "all samples are new": (training, pictures(2000)),
}
found = {}
for name, (real, fake) in cases.items():
    fid = measured(FrechetInceptionDistance, real, fake)
    mifid = measured(MemorizationInformedFrechetInceptionDistance, real, fake)
    exchanged = measured(MemorizationInformedFrechetInceptionDistance, fake, real)
    found[name] = [value / fid > 1.01 for value in (mifid, exchanged)]
    print(
        f"{name}: FID {fid:.4g}, MiFID {mifid:.4g}, with the sets exchanged {exchanged:.4g};"
        f" samples to training {nearest(fake, real):.3f}, training to samples {nearest(real, fake):.3f}"
    )
    assert (nearest(fake, real) < 0.1) == found[name][1], "exchanged, it is the penalty of the paper"
assert found["all samples are training pictures"] == [False, True], "no longer: memorisation goes unseen"
assert found["19 of 20 samples are new"] == [True, False], "no longer: new samples are penalised"
assert found["all samples are new"] == [False, False]
PY
