import errno
import gzip
import io
import itertools
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from train import data, decoded, sources
from train.data import DataOptions, Feed, Raw, augment, load
from train.decoded import Pictures, Streamed
from zoo.errors import DataError, UnknownName

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_traces(tmp_path, monkeypatch):
    """Nothing outside the test's own folder is read or written."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path / "not-debian")


def noise(n: int, size: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    shape = (n, size, size, channels) if channels == 3 else (n, size, size)
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def write_table(folder: Path, columns: dict, features: dict, split: str = "train") -> None:
    """Parquet in the Hub's layout."""
    import datasets

    (folder / "data").mkdir(parents=True, exist_ok=True)
    table = datasets.Dataset.from_dict(columns, features=datasets.Features(features))
    table.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")


def write_cifar(folder: Path, arrays: np.ndarray, labels: list[int], names=("cat", "dog")) -> None:
    import datasets

    cells = [{"bytes": png(array), "path": None} for array in arrays]
    features = {"img": datasets.Image(), "label": datasets.ClassLabel(names=list(names))}
    write_table(folder, {"img": cells, "label": labels}, features)


def write_pictures(folder: Path, **arrays: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        Image.fromarray(array).save(folder / f"{name}.png")
    return folder


def refusal(**options) -> str:
    with pytest.raises(DataError) as raised:
        load(DataOptions(**options), progress=False)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def made_up(n: int, size: int = 4, labels: bool = True) -> Pictures:
    """Picture i has the value i everywhere, and label i."""
    images = np.repeat(np.arange(n, dtype=np.uint8), 3 * size * size).reshape(n, 3, size, size)
    return Pictures("made-up", "made-up", None, "train", images, np.arange(n) if labels else None)


# --- tables


def test_a_local_copy_in_the_hubs_layout_is_decoded_bit_for_bit(tmp_path, monkeypatch):
    arrays = noise(3, 32)
    write_cifar(tmp_path / "copies/cifar10", arrays, [1, 0, 1])
    for options in (
        DataOptions(data_dir=tmp_path / "copies"),
        DataOptions(dataset="uoft-cs/cifar10", data_dir=tmp_path / "copies"),
    ):
        found = load(options, progress=False)
        assert np.array_equal(found.images, arrays.transpose(0, 3, 1, 2))
        assert found.labels.tolist() == [1, 0, 1] and found.label_names == ("cat", "dog")
        assert (found.name, found.source, found.revision) == ("cifar10", "uoft-cs/cifar10", None)
        assert (found.size, found.channels, len(found)) == (32, 3, 3)
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "copies"))
    assert len(load(DataOptions(), progress=False)) == 3


def test_any_table_is_read_by_its_id_and_sized_by_its_first_picture(tmp_path):
    import datasets

    for name, size, expected in (("a", 28, 28), ("b", 20, 32), ("c", 90, 64)):
        cells = [{"bytes": png(array), "path": None} for array in noise(2, size)]
        columns = {"photo": cells, "kind": ["pug", "cat"], "n": [3, 1]}
        kinds = {"photo": datasets.Image(), "kind": datasets.Value("string"), "n": datasets.Value("int64")}
        write_table(tmp_path / "me" / name, columns, kinds)
        found = load(DataOptions(dataset=f"me/{name}", data_dir=tmp_path), progress=False)
        assert found.size == expected
        assert (found.source, found.labels) == (f"me/{name}", None)
    words = load(DataOptions(dataset="me/a", data_dir=tmp_path, label_column="kind"), progress=False)
    assert (words.labels.tolist(), words.label_names) == ([1, 0], ("cat", "pug"))
    numbers = load(DataOptions(dataset="me/a", data_dir=tmp_path, label_column="n"), progress=False)
    assert (numbers.labels.tolist(), numbers.label_names) == ([3, 1], ("0", "1", "2", "3"))


def test_a_wrong_column_or_split_is_answered_with_those_there_are(tmp_path):
    write_cifar(tmp_path / "cifar10", noise(2, 8), [0, 1])
    assert refusal(data_dir=tmp_path, image_column="photo").endswith("there are img, label")
    assert refusal(data_dir=tmp_path, label_column="kind").endswith("there are img, label")
    assert "holds no pictures" in refusal(data_dir=tmp_path, image_column="label")
    assert refusal(data_dir=tmp_path, split="test").endswith("has no split 'test': it has train")


def test_a_table_with_two_picture_columns_must_be_told_which(tmp_path):
    import datasets

    cells = [{"bytes": png(array), "path": None} for array in noise(2, 8)]
    write_table(tmp_path / "two", {"a": cells, "b": cells}, {"a": datasets.Image(), "b": datasets.Image()})
    assert "--image-column must say which of a, b" in refusal(dataset=str(tmp_path / "two"))
    assert len(load(DataOptions(dataset=str(tmp_path / "two"), image_column="b"), progress=False)) == 2


def test_labels_out_of_range_are_refused_by_row(tmp_path):
    import datasets

    cells = [{"bytes": png(array), "path": None} for array in noise(3, 8)]
    kinds = {"img": datasets.Image(), "label": datasets.Value("int64")}
    write_table(tmp_path / "cifar10", {"img": cells, "label": [0, 1, -1]}, kinds)
    assert "row 2 has label -1" in refusal(data_dir=tmp_path)
    write_cifar(tmp_path / "b/cifar10", noise(2, 8), [0, -1])
    assert "row 1 has label -1" in refusal(data_dir=tmp_path / "b")
    with pytest.raises(DataError, match="row 1 has label 2, which is none of the 2 classes"):
        sources.check_labels(np.array([0, 2]), ("cat", "dog"))


def test_an_unreadable_or_missing_picture_is_named_by_its_row(tmp_path):
    import datasets

    kinds = {"image": datasets.Image()}
    good = {"bytes": png(noise(1, 8)[0]), "path": None}
    write_table(tmp_path / "bad", {"image": [good, {"bytes": b"no picture", "path": None}]}, kinds)
    assert "row 1: cannot read the picture" in refusal(dataset=str(tmp_path / "bad"))
    write_table(tmp_path / "gone", {"image": [good, good, None]}, kinds)
    assert "row 2 holds no picture" in refusal(dataset=str(tmp_path / "gone"))
    write_table(tmp_path / "empty", {"image": []}, kinds)
    assert "'empty' holds no picture" in refusal(dataset=str(tmp_path / "empty"))


# --- IDX


def write_idx(folder: Path, images: np.ndarray, labels: list[int]) -> None:
    folder.mkdir(parents=True)
    shape = np.array(images.shape, ">u4").tobytes()
    body = b"\0\0\x08\x03" + shape + images.tobytes()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(body))
    header = b"\0\0\x08\x01" + np.array([len(labels)], ">u4").tobytes()
    (folder / "train-labels-idx1-ubyte").write_bytes(header + bytes(labels))


def test_fashion_mnist_is_read_from_idx_files_and_stays_grey_28(tmp_path, monkeypatch):
    images = noise(3, 28, channels=1)
    write_idx(tmp_path / "copies/fashion-mnist", images, [9, 0, 2])
    for folder in ("copies", "copies/fashion-mnist"):
        found = load(DataOptions(dataset="fashion-mnist", data_dir=tmp_path / folder), progress=False)
        assert np.array_equal(found.images, images[:, None])
        assert found.labels.tolist() == [9, 0, 2]
        assert found.label_names[9] == "Ankle boot" and len(found.label_names) == 10
        assert found.source == "zalando-datasets/fashion_mnist"
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path / "copies/fashion-mnist")
    assert len(load(DataOptions(dataset="fashion-mnist"), progress=False)) == 3


def test_damaged_idx_files_are_refused(tmp_path):
    write_idx(tmp_path / "a", noise(3, 28, channels=1), [0, 1, 2])
    assert refusal(dataset=str(tmp_path / "a"), split="val").endswith("it has train, test")
    assert "t10k-images" in refusal(dataset=str(tmp_path / "a"), split="test")
    whole = (tmp_path / "a/train-images-idx3-ubyte.gz").read_bytes()
    (tmp_path / "a/train-images-idx3-ubyte.gz").write_bytes(whole[:-200])
    assert "cannot read" in refusal(dataset=str(tmp_path / "a"))
    write_idx(tmp_path / "b", noise(3, 28, channels=1), [0, 1])
    assert "3 pictures but 2 labels" in refusal(dataset=str(tmp_path / "b"))
    write_idx(tmp_path / "fashion-mnist", noise(1, 28, channels=1), [10])
    assert "row 0 has label 10" in refusal(dataset="fashion-mnist", data_dir=tmp_path)


# --- folders


def test_pictures_of_any_size_and_mode_are_cut_square_and_resized(tmp_path):
    folder = write_pictures(tmp_path / "My Photos!", a=noise(1, 40)[0][:25], b=noise(1, 9, channels=1)[0])
    Image.new("RGBA", (5, 7)).save(folder / "c.webp", lossless=True)
    Image.new("CMYK", (50, 20)).save(folder / "d.JPG")
    found = load(DataOptions(dataset=str(folder), size=16), progress=False)
    assert found.images.shape == (4, 3, 16, 16) and found.images.dtype == np.uint8
    assert (found.images[2] == 255).all()
    assert (found.name, found.source, found.labels) == ("my-photos", "my-photos", None)
    assert load(DataOptions(dataset=str(folder)), progress=False).size == 64


def test_class_folders_are_labels_in_the_order_of_their_names(tmp_path):
    write_pictures(tmp_path / "pets/dog/deep", a=noise(1, 8)[0])
    write_pictures(tmp_path / "pets/cat", b=noise(1, 8)[0], c=noise(1, 8)[0])
    write_pictures(tmp_path / "pets/.hidden", d=noise(1, 8)[0])
    write_pictures(tmp_path / "pets/__MACOSX/cat", e=noise(1, 8)[0])
    (tmp_path / "pets/cat/._b.png").write_bytes(b"what archivers leave")
    (tmp_path / "pets/cat/notes.txt").write_text("no picture")
    found = load(DataOptions(dataset=str(tmp_path / "pets")), progress=False)
    assert (found.labels.tolist(), found.label_names) == ([0, 0, 1], ("cat", "dog"))


def test_pictures_outside_class_folders_leave_a_set_without_labels(tmp_path):
    write_pictures(tmp_path / "mixed/cat", a=noise(1, 8)[0])
    write_pictures(tmp_path / "mixed", b=noise(1, 8)[0])
    found = load(DataOptions(dataset=str(tmp_path / "mixed")), progress=False)
    assert len(found) == 2 and found.labels is None


def test_a_folder_divided_into_splits_gives_the_one_asked_for(tmp_path):
    write_pictures(tmp_path / "set/train/cat", a=noise(1, 8)[0])
    write_pictures(tmp_path / "set/test/cat", b=noise(1, 8)[0], c=noise(1, 8)[0])
    folder = str(tmp_path / "set")
    assert [len(load(DataOptions(dataset=folder, split=s), progress=False)) for s in ("train", "test")] == [
        1,
        2,
    ]
    assert refusal(dataset=folder, split="val").endswith("it has test, train")
    assert "not divided" in refusal(dataset=str(tmp_path / "set/test"), split="test")


def test_bad_folders_are_refused_by_name(tmp_path):
    write_pictures(tmp_path / "pets/cat", a=noise(1, 8)[0])
    (tmp_path / "pets/dog").mkdir()
    assert "class folder 'dog' holds no picture" in refusal(dataset=str(tmp_path / "pets"))
    (tmp_path / "none").mkdir()
    assert "'none' holds no picture (.png," in refusal(dataset=str(tmp_path / "none"))
    (tmp_path / "pets/dog/torn.png").write_bytes(png(noise(1, 8)[0])[:60])
    assert "torn.png" in refusal(dataset=str(tmp_path / "pets"))
    assert "no folder" in refusal(dataset=str(tmp_path / "nowhere"))
    assert "--size" in refusal(dataset=str(tmp_path / "pets"), size=0)


def test_channels_follow_the_pictures_unless_they_are_asked_for(tmp_path):
    grey = noise(1, 8, channels=1)[0]
    folder = write_pictures(tmp_path / "grey", a=grey, b=np.stack([grey] * 3, -1))
    found = load(DataOptions(dataset=str(folder), size=8), progress=False)
    assert found.channels == 1 and np.array_equal(found.images, np.stack([grey, grey])[:, None])
    asked = load(DataOptions(dataset=str(folder), size=8, channels=3), progress=False)
    assert np.array_equal(asked.images, np.stack([np.stack([grey] * 3)] * 2))
    write_pictures(folder, c=noise(1, 8)[0])
    assert load(DataOptions(dataset=str(folder), size=8), progress=False).channels == 3
    assert load(DataOptions(dataset=str(folder), size=8, channels=1), progress=False).channels == 1


# --- finding


def test_an_unknown_name_gets_near_matches():
    with pytest.raises(UnknownName, match="did you mean cifar10"):
        load(DataOptions(dataset="cifar"))


def test_cats64_says_where_it_can_be_had(tmp_path):
    assert "Kaggle" in refusal(dataset="cats64")
    write_pictures(tmp_path / "cats64", a=noise(1, 64)[0])
    assert len(load(DataOptions(dataset="cats64", data_dir=tmp_path), progress=False)) == 1


def test_a_data_dir_without_the_set_is_refused(tmp_path):
    assert "no folder 'cifar10' in --data-dir" in refusal(data_dir=tmp_path)
    assert "--revision" in refusal(data_dir=tmp_path, revision="main")


@pytest.fixture
def no_network(monkeypatch):
    import datasets
    import huggingface_hub

    def unreachable(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)  # put back afterwards
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)


def test_without_network_or_copy_one_line_comes_soon_and_says_what_to_do(no_network, tmp_path, capfd):
    start = time.monotonic()
    message = refusal(dataset="nobody/no-such-pictures")
    assert time.monotonic() - start < 10  # `datasets` alone tries for 23 seconds
    assert "--data-dir" in message and "ZOO_DATA_DIR" in message and "folder of pictures" in message
    assert "etry" not in capfd.readouterr().err
    assert not (tmp_path / "cache/data").exists()


def test_a_hub_set_is_read_at_the_commit_its_name_stands_for(tmp_path, monkeypatch):
    import datasets
    import huggingface_hub

    write_cifar(tmp_path / "hub", noise(2, 8), [0, 1])
    local, commit = datasets.load_dataset_builder, "0123456789" * 4

    def remote(source: str, revision: str):
        assert (source, revision) == ("uoft-cs/cifar10", commit)
        builder = local(str(tmp_path / "hub"), cache_dir=str(tmp_path / "hf"))
        builder.hash = revision
        return builder

    def resolve(_, source: str, *, revision: str, timeout: float):
        assert (source, revision) == ("uoft-cs/cifar10", "main")
        return type("Info", (), {"sha": commit})

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", resolve)
    monkeypatch.setattr(datasets, "load_dataset_builder", remote)
    found = load(DataOptions(dataset="cifar10", revision="main"), progress=False)
    assert (found.revision, found.source, len(found)) == (commit, "uoft-cs/cifar10", 2)


# --- the cache


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_pictures(tmp_path / "set", **{f"p{i}": array for i, array in enumerate(noise(6, 8))})


def test_the_second_time_nothing_is_decoded(folder, monkeypatch):
    first = load(DataOptions(dataset=str(folder), size=8), progress=False)
    monkeypatch.setattr(decoded.pictures, "decode", lambda _: pytest.fail("decoded again"))
    again = load(DataOptions(dataset=str(folder), size=8), progress=False)
    assert isinstance(again.images, np.memmap) and np.array_equal(first.images, again.images)


def test_a_changed_file_or_option_is_decoded_anew(folder):
    first = load(DataOptions(dataset=str(folder), size=8), progress=False)
    write_pictures(folder, p0=255 - noise(1, 8)[0])
    second = load(DataOptions(dataset=str(folder), size=8), progress=False)
    assert np.array_equal(second.images[0], 255 - first.images[0])
    assert load(DataOptions(dataset=str(folder), size=4), progress=False).size == 4


def test_what_fails_half_way_leaves_nothing_behind(folder, tmp_path):
    (folder / "p5.png").write_bytes(b"torn")
    assert "p5.png" in refusal(dataset=str(folder))
    assert list((tmp_path / "cache/data").iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(folder, tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(decoded, "_create", lambda *_: Full())
    assert "No space left on device" in refusal(dataset=str(folder))
    assert list((tmp_path / "cache/data").iterdir()) == []


def test_of_two_processes_that_decode_at_once_both_get_the_pictures(folder, tmp_path, monkeypatch):
    options = DataOptions(dataset=str(folder), size=8)
    rename, others = Path.rename, []

    def second(scratch: Path, target: Path):
        if not others:  # while the first is about to finish, another process does everything
            others.append(None)
            others[0] = load(options, progress=False)
        return rename(scratch, target)

    monkeypatch.setattr(Path, "rename", second)
    found = load(options, progress=False)
    assert np.array_equal(found.images, others[0].images) and len(found) == 6
    assert len(list((tmp_path / "cache/data").iterdir())) == 1


def test_writing_to_the_pictures_does_not_reach_the_cache(folder):
    first = load(DataOptions(dataset=str(folder), size=8), progress=False)
    kept = np.array(first.images)
    first.images[:] = 0
    assert np.array_equal(load(DataOptions(dataset=str(folder), size=8), progress=False).images, kept)


def test_a_set_too_large_to_keep_is_streamed_with_the_same_values(folder, tmp_path):
    streamed = load(DataOptions(dataset=str(folder), size=8, resident_gb=0), progress=False)
    assert isinstance(streamed.images, Streamed) and not (tmp_path / "cache/data").exists()
    resident = load(DataOptions(dataset=str(folder), size=8), progress=False)
    assert (streamed.size, streamed.channels, len(streamed)) == (8, 3, 6)
    assert streamed.images.shape == resident.images.shape
    for index in (0, -1, slice(1, 4), [3, 0], np.array([5])):
        assert np.array_equal(streamed.images[index], resident.images[index])
    with pytest.raises(IndexError):
        streamed.images[6]


def test_a_streamed_set_of_grey_pictures_has_one_channel(tmp_path):
    folder = write_pictures(tmp_path / "grey", a=noise(1, 8, channels=1)[0])
    assert load(DataOptions(dataset=str(folder), resident_gb=0), progress=False).channels == 1


# --- batches


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


def test_a_batch_larger_than_the_data_is_refused_with_both_numbers():
    with pytest.raises(DataError, match="batch of 10 does not fit a data set of 9 pictures"):
        Feed(made_up(9), 10)
    with pytest.raises(DataError, match=r"batch of 5 in each of 2 processes .* 9 pictures"):
        Feed(made_up(9), 5, world=2)


# --- augmentation


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs(n: int, size: int, seed: int = 0) -> Raw:
    images = torch.randint(256, (n, 3, size, size), generator=generator(seed), dtype=torch.uint8)
    return Raw(images, images.clone())


def test_pictures_are_scaled_and_labels_passed_through():
    raw = Raw(torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1), torch.tensor([3, 4]))
    images, labels = augment(raw, generator(), mirror=False)
    assert images.flatten().tolist() == [-1, 1] and images.dtype == torch.float32
    assert labels.tolist() == [3, 4]
    assert augment(raw, generator(), mirror=True, dtype=torch.bfloat16)[0].dtype == torch.bfloat16


def test_about_half_of_the_pictures_are_mirrored_and_their_maps_with_them():
    raw = pairs(400, 4)
    images, maps = augment(raw, generator(), mirror=True)
    plain = augment(raw, generator(), mirror=False)[0]
    turned = (images == plain.flip(-1)).flatten(1).all(1)
    kept = (images == plain).flatten(1).all(1)
    assert (turned | kept).all() and 160 < turned.sum() < 240
    assert torch.equal(images, maps)


def test_jitter_cuts_the_same_place_out_of_picture_and_map():
    steps = torch.arange(16, dtype=torch.uint8)
    both = (11 * steps[:, None] + 4 * steps).expand(200, 3, 16, 16)
    images, maps = augment(Raw(both, both), generator(), mirror=True, jitter=2)
    assert images.shape == maps.shape == (200, 3, 16, 16)
    # A nearest pixel of the ramp is at most half a step away in each direction, 7.5 levels in all.
    assert ((images - maps).abs() * 127.5).max() <= 9
    assert (images - maps).mean().abs() * 127.5 < 2  # and as often to one side as to the other
    assert len({tuple(map_[0, 0, :2].tolist()) for map_ in maps}) > 5  # at many places


def test_jitter_never_blends_the_colours_of_a_map():
    classes = torch.tensor([0, 77, 255], dtype=torch.uint8)
    maps = classes[torch.randint(3, (20, 3, 16, 16), generator=generator())]
    images, jittered = augment(Raw(maps, maps), generator(), mirror=True, jitter=3)
    assert set(jittered.unique().tolist()) == set((classes.float() / 127.5 - 1).tolist())
    assert len(images.unique()) > 100


def test_the_same_generator_state_gives_the_same_augmentation():
    first, second, other = (
        augment(pairs(8, 8), generator(seed), mirror=True, jitter=2)[0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_augmentation_never_waits_for_the_device():
    raw = Raw(*(torch.empty(4, 3, 8, 8, dtype=torch.uint8, device="meta") for _ in range(2)))
    images, maps = augment(raw, generator(), mirror=True, jitter=2)
    assert images.shape == maps.shape == (4, 3, 8, 8) and images.device.type == "meta"
