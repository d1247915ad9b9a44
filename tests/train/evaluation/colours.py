"""Made-up pictures of three colours, and a stand-in for Inception."""

import torch

from train.evaluation import features
from train.evaluation.features import Extractor

SIDE, CLASSES, TRAIN, TEST = 32, ("blue", "green", "red"), 300, 200


def made_up(n, seed, labels=None):
    """Soft blobs on the colour of their class: uint8 (n, 3, 32, 32) and classes (n,)."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (n,), generator=rng) if labels is None else labels
    blobs = torch.nn.functional.interpolate(torch.randn(n, 3, 4, 4, generator=rng), SIDE, mode="bicubic")
    return ((torch.eye(3).flip(1)[labels][:, :, None, None] * 4 + blobs + 3) * 25).clamp(0, 255).to(
        torch.uint8
    ), labels


def stand_in(name="stand-in", power=1.0):
    """For Inception: 24 features, cheap and the same every time."""
    weight = torch.randn(48, 24, generator=torch.Generator().manual_seed(0)) / 10

    def run(pictures):
        small = torch.nn.functional.adaptive_avg_pool2d(features.three_channels(pictures).float() / 100, 4)
        return (small.flatten(1) @ weight).abs() ** power

    return Extractor(name, name, 24, "none", "float32", run)
