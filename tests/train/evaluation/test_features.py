"""Features: their cache, and what is refused."""

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.train.evaluation.colours import TEST, TRAIN, made_up, stand_in
from train.evaluation import features, inception, metrics, rows
from train.evaluation.features import Extractor
from train.reading import cache
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


def of_other_shape(content: bytes) -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((3, 24), np.float32))
    return file.getvalue()


def as_before(content: bytes) -> bytes:
    """Of a version that wrote no hash."""
    return content[: -features.HASH]


DAMAGE = {
    "emptied": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "cut in its head": lambda content: content[:9],
    "a flipped bit": lambda content: content[:-50] + bytes([content[-50] ^ 4]) + content[-49:],
    "a flipped bit in its head": lambda content: content.replace(b"<f4", b"<i4"),
    "an array without end": lambda content: as_before(content).replace(b"(", b"(99999999", 1),
    "of another shape": of_other_shape,
    "of another kind": lambda content: as_before(content).replace(b"<f4", b"<i4"),
    "a hash alone": lambda content: content[-features.HASH :],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_part_of_the_cache_is_made_anew(against, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(features, "PART", 100)
    images, extractor = against.reference.images, stand_in()
    whole = features.of_real(extractor, images, "colours-test")
    first, *others = sorted(tmp_path.glob("features/*/*.npy"))
    written, untouched = first.read_bytes(), [path.stat().st_mtime_ns for path in others]
    first.write_bytes(DAMAGE[kind](written))
    assert first.read_bytes() != written
    assert features.of_real(extractor, images, "colours-test").equal(whole)
    assert first.read_bytes() == written
    assert [path.stat().st_mtime_ns for path in others] == untouched


def test_a_cache_without_hashes_is_read(against, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    images = against.reference.images
    whole = features.of_real(stand_in(), images, "colours-test")
    (path,) = tmp_path.glob("features/*/*.npy")
    path.write_bytes(as_before(path.read_bytes()))
    monkeypatch.setattr(features, "_save", None)
    assert features.of_real(stand_in(), images, "colours-test").equal(whole)


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


def test_a_process_that_fails_keeps_no_other_waiting_and_they_all_end(against, monkeypatch):
    """The barrier has two parties; a failed one that never came would hold the other for the group's timeout."""
    monkeypatch.setattr(features, "PART", 100)
    barrier, ends = threading.Barrier(2), {}

    def process(rank):
        def run(pictures):
            if rank == 1:
                raise RuntimeError("out of memory")
            return stand_in().run(pictures)

        extractor = Extractor("half", "half", 24, "none", "float32", run)
        share = {"rank": rank, "world": 2, "wait": lambda: barrier.wait(timeout=60)}
        try:
            features.of_real(extractor, against.training.images, "colours-train", **share)
        except Exception as error:
            ends[rank] = error

    threads = [threading.Thread(target=process, args=[rank]) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert str(ends[1]) == "out of memory"
    assert isinstance(ends[0], DataError) and "another process failed" in str(ends[0])


def test_features_count_for_the_caches_bound_and_the_oldest_go_first(against, monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    for age, name in enumerate(["new", "old"]):
        features.of_real(stand_in(name), against.reference.images, "colours-test")
        (entry,) = cache.cache_root().glob(f"features/*-{name}")
        os.utime(entry / "used", times=(9e8 - age, 9e8 - age))
    for held in cache._held.values():
        held.close()  # as if their processes had ended
    cache._held.clear()
    one = cache.size(entry)
    monkeypatch.setenv("ZOO_CACHE_GB", str(2.5 * one / 2**30))
    features.of_real(stand_in("next"), against.reference.images, "colours-test")
    left = {entry.name.rsplit("-", 1)[1] for entry in cache.cache_root().glob("features/*/")}
    assert left == {"new", "next"}


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


def test_pictures_are_enlarged_as_tensorflow_1_did_and_scaled_as_its_graph_was(monkeypatch, tmp_path):
    """The pixel i of 299 lies at i · S/299 of S, with no half pixel between, and repeats the last one beyond it."""
    given = []

    class Seen(torch.nn.Module):
        def forward(self, x):
            given.append(x)
            return torch.zeros(len(x), inception.WIDTH)

    monkeypatch.setattr(inception, "_load", lambda path, device: (Seen(), None))
    monkeypatch.setattr(inception, "check_official", lambda extractor, path: None)
    (tmp_path / "weights.pt").touch()
    small = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    inception.official(tmp_path / "weights.pt")(small)
    at = np.arange(299) * 32 / 299
    low, share = np.floor(at).astype(int), at % 1
    high, x = np.minimum(low + 1, 31), small.numpy().astype(np.float64)
    x = x[:, :, low] * (1 - share)[:, None] + x[:, :, high] * share[:, None]
    x = x[..., low] * (1 - share) + x[..., high] * share
    np.testing.assert_allclose(given[-1].numpy(), (x - 128) / 128, atol=1e-4)


# ---- with the official weights


def weights() -> str | None:
    """The file that ZOO_INCEPTION names, which then must be there, or the one that the cache holds already."""
    known = Path.home() / ".cache" / "gan-zoo" / "weights" / "inception-2015-12-05.pt"
    return os.environ.get("ZOO_INCEPTION") or (str(known) if known.is_file() else None)


@pytest.fixture(scope="module")
def official():
    if weights() is None:
        pytest.skip("no official weights: ZOO_INCEPTION names no file")
    return inception.official(weights())


@pytest.mark.slow
@pytest.mark.timeout(900)  # 200 pictures through the whole network
def test_the_official_network_gives_torchmetrics_documented_kid(official):
    """0.0312 ± 0.0025 over subsets of 50, says its KernelInceptionDistance; other noise gives another KID."""
    rng = torch.Generator().manual_seed(42)
    below = torch.randint(0, 200, (100, 3, 299, 299), dtype=torch.uint8, generator=rng)
    above = torch.randint(100, 255, (100, 3, 299, 299), dtype=torch.uint8, generator=rng)
    found = metrics.kid(features.of_pictures(official, above), features.of_pictures(official, below))
    assert found.value == pytest.approx(0.0312, abs=3 * found.se) and 0.001 < found.se < 0.004


def test_the_official_networks_features_of_a_small_picture_are_as_they_were(official):
    """To a thousandth; another way of enlarging the picture moves them by 8 % as a whole."""
    (found,) = official(inception.probe())
    assert (found.mean().item(), found.std().item()) == pytest.approx((0.27370, 0.42250), abs=2e-4)
    largest = found.topk(5)
    assert largest.indices.tolist() == [102, 116, 214, 202, 299]
    assert largest.values.tolist() == pytest.approx([3.6432, 2.9666, 2.8845, 2.7401, 2.7071], rel=1e-3)
