"""Which pictures a batch holds, in what order, in one process and in several."""

import itertools

import pytest
import torch

from tests.train.reading.made import made_up, noise, write_pictures
from train.reading import data
from train.reading.data import DataOptions, Feed, Raw, load
from zoo.errors import DataError


def first_values(feed: Feed, batches: int, start: int = 0) -> list[list[int]]:
    return [raw.images[:, 0, 0, 0].tolist() for raw in itertools.islice(feed.batches(start), batches)]


def test_an_epoch_of_two_processes_visits_each_picture_at_most_once_and_drops_the_remainder():
    feeds = [Feed(made_up(23), 5, seed=1, rank=rank, world=2) for rank in range(2)]
    assert feeds[0].per_epoch == 2
    for start in (0, 2, 4):
        seen = [value for feed in feeds for batch in first_values(feed, 2, start) for value in batch]
        assert len(seen) == 20 == len(set(seen))


def test_every_epoch_and_every_seed_has_an_order_of_its_own():
    feed = Feed(made_up(20), 10, seed=1)
    orders = [first_values(feed, 2), first_values(feed, 2, 2), first_values(Feed(made_up(20), 10, seed=2), 2)]
    assert all(sorted(itertools.chain(*order)) == list(range(20)) for order in orders)
    assert len({str(order) for order in [*orders, [list(range(10)), list(range(10, 20))]]}) == 4
    assert first_values(Feed(made_up(20), 10, seed=1), 2) == orders[0]


def test_batches_from_the_nth_on_are_those_after_skipping_n():
    feed = Feed(made_up(23), 5, seed=3, rank=1, world=2)
    whole = first_values(feed, 9)
    for start in range(5):
        assert first_values(feed, 4, start) == whole[start : start + 4]


def test_a_set_kept_on_the_device_gives_the_same_batches(monkeypatch):
    def drawn() -> list[Raw]:
        return list(itertools.islice(Feed(made_up(9), 4, seed=1).batches(1), 4))

    host = drawn()
    monkeypatch.setattr(data, "KEPT_ON", ("cpu",))
    for ours, theirs in zip(host, drawn(), strict=True):
        assert torch.equal(ours.images, theirs.images) and torch.equal(ours.condition, theirs.condition)


def test_pictures_keep_their_labels():
    raw = next(Feed(made_up(9), 4).batches())
    assert raw.images.shape == (4, 3, 4, 4) and raw.images.dtype == torch.uint8
    assert raw.condition.dtype == torch.int64
    assert torch.equal(raw.images[:, 0, 0, 0].long(), raw.condition)
    assert next(Feed(made_up(9, labels=False), 4).batches()).condition is None


@pytest.mark.parametrize("workers", [0, 2])
def test_streamed_batches_equal_resident_ones(tmp_path, workers):
    for name, seed in (("cat", 1), ("dog", 2)):
        folder = tmp_path / "set" / name
        write_pictures(folder, **{f"p{i}": array for i, array in enumerate(noise(4, 8, seed=seed))})
    options = {"dataset": str(tmp_path / "set"), "size": 8}
    feeds = [
        Feed(load(DataOptions(**options, resident_gb=gb), progress=False), 3, seed=5, workers=workers)
        for gb in (0, 1)
    ]
    for streamed, resident in itertools.islice(zip(*(feed.batches(1) for feed in feeds), strict=True), 5):
        assert torch.equal(streamed.images, resident.images)
        assert torch.equal(streamed.condition, resident.condition)


def test_a_torn_picture_of_a_streamed_set_is_one_line_even_from_a_worker(folder):
    (folder / "p3.png").write_bytes(b"torn")
    found = load(DataOptions(dataset=str(folder), resident_gb=0, channels=3), progress=False)
    with pytest.raises(DataError, match=r"p3\.png") as raised:
        list(itertools.islice(Feed(found, 6, workers=1).batches(), 1))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "pictures, batch, world, said",
    [
        (9, 10, 1, "a batch of 10 does not fit a data set of 9 pictures: --batch 9 does"),
        (
            9,
            5,
            2,
            "a batch of 5 in each of 2 processes does not fit a data set of 9 pictures: --batch 4 does",
        ),
        (1, 16, 1, "a batch of 16 does not fit a data set of 1 picture: --batch 1 does"),
        (1, 1, 2, "a batch of 1 in each of 2 processes does not fit a data set of 1 picture"),
    ],
)
def test_a_batch_larger_than_the_data_is_refused_with_the_largest_that_fits(pictures, batch, world, said):
    with pytest.raises(DataError) as refused:
        Feed(made_up(pictures), batch, world=world)
    assert str(refused.value) == said
