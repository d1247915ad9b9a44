"""Features: their cache, and what is refused."""

import os

import numpy as np
import pytest
import torch

from tests.train.evaluation.colours import TEST, TRAIN, made_up, stand_in
from train.evaluation import features, inception, metrics, rows
from train.evaluation.features import Extractor
from zoo.errors import DataError, Refused


def test_real_features_are_computed_once_for_each_split_and_extractor(against, monkeypatch):
    seen = []

    def counting(name):
        extractor = stand_in(name, power=0.5 if name == "other" else 1.0)
        run = lambda pictures: seen.append(len(pictures)) or extractor.run(pictures)  # noqa: E731
        return Extractor(name, name, 24, "none", "float32", run)

    first = features.of_real(counting("one"), against.training.images, "colours-train")
    assert sum(seen) == TRAIN
    assert first.equal(features.of_real(counting("one"), against.training.images, "colours-train"))
    assert sum(seen) == TRAIN
    other = features.of_real(counting("other"), against.training.images, "colours-train")
    assert sum(seen) == 2 * TRAIN and not first.allclose(other)
    features.of_real(counting("one"), against.reference.images, "colours-test")
    assert sum(seen) == 2 * TRAIN + TEST
    changed = np.array(against.training.images)
    changed[5, 0, 0, 0] += 1
    features.of_real(counting("one"), changed, "colours-train")
    assert sum(seen) == 3 * TRAIN + TEST
    for path in features.cache_root().glob("features/colours-test-*-one/*.npy"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="damaged: delete it"):
        features.of_real(counting("one"), against.reference.images, "colours-test")


def test_an_interrupted_computation_goes_on_and_processes_share_it(against, monkeypatch):
    monkeypatch.setattr(features, "PART", 100)
    images, whole = against.training.images, stand_in()(torch.from_numpy(np.array(against.training.images)))
    seen = []

    def run(pictures):
        if sum(seen) >= 200:
            raise KeyboardInterrupt
        seen.append(len(pictures))
        return stand_in().run(pictures)

    with pytest.raises(KeyboardInterrupt):
        features.of_real(Extractor("cut", "cut", 24, "none", "float32", run), images, "colours-train")
    seen[:] = [-10_000]
    assert features.of_real(
        Extractor("cut", "cut", 24, "none", "float32", run), images, "colours-train"
    ).equal(whole)
    assert sum(seen) + 10_000 == TRAIN - 200

    def other_process():
        features.of_real(
            Extractor("both", "both", 24, "none", "float32", run), images, "colours-train", rank=1, world=2
        )

    seen[:] = [-10_000]
    both = Extractor("both", "both", 24, "none", "float32", run)
    assert features.of_real(both, images, "colours-train", rank=0, world=2, wait=other_process).equal(whole)
    assert sum(seen) + 10_000 == TRAIN  # no picture twice


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused_never_a_number(value, against):
    def run(pictures):
        return torch.full((len(pictures), 24), value)

    broken = Extractor("broken", "broken", 24, "none", "float32", run)
    with pytest.raises(Refused, match="NaN"):
        features.of_real(broken, against.reference.images, "colours-test")
    with pytest.raises(Refused, match="instead of"):
        Extractor("short", "short", 2048, "none", "float32", stand_in().run)(made_up(4, 0)[0])
    with pytest.raises(Refused, match="not a figure"):
        rows.row("fid", value, 10)


class Pretender(torch.nn.Module):
    def forward(self, x):
        return x.mean((1, 2, 3))[:, None].repeat(1, 2048)


def test_a_network_that_is_not_the_official_one_is_refused(tmp_path):
    torch.jit.trace(Pretender(), torch.zeros(1, 3, 299, 299)).save(str(tmp_path / "other.pt"))
    with pytest.raises(Refused, match=r"other.pt is not the Inception of 2015-12-05"):
        inception.official(tmp_path / "other.pt")
    (tmp_path / "none.pth").write_bytes(b"no weights")
    with pytest.raises(DataError, match=r"none.pth"):
        inception.official(tmp_path / "none.pth")
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "part.pth")
    with pytest.raises(DataError, match="Missing key"):
        inception.official(tmp_path / "part.pth")
    with pytest.raises(DataError, match="no file"):
        inception.official(tmp_path / "nothing.pt")


@pytest.mark.skipif(
    "ZOO_INCEPTION" not in os.environ, reason="ZOO_INCEPTION names no file with the official weights"
)
def test_the_official_network_gives_torchmetrics_documented_kid():
    """0.0312 ± 0.0025 over subsets of 50, says its KernelInceptionDistance; other noise gives another KID."""
    rng = torch.Generator().manual_seed(42)
    below = torch.randint(0, 200, (100, 3, 299, 299), dtype=torch.uint8, generator=rng)
    above = torch.randint(100, 255, (100, 3, 299, 299), dtype=torch.uint8, generator=rng)
    official = inception.official(os.environ["ZOO_INCEPTION"])
    found = metrics.kid(features.of_pictures(official, above), features.of_pictures(official, below))
    assert found.value == pytest.approx(0.0312, abs=3 * found.se) and 0.001 < found.se < 0.004
