"""Where a set is found by its name, and what is said when it is not."""

import time

import pytest

from tests.train.reading.made import noise, refusal, write_cifar, write_idx, write_pictures
from train.reading.data import DataOptions, load
from train.reading.files import NoSplit, find_unseen
from zoo.errors import DataError, UnknownName


def test_an_unknown_name_gets_near_matches():
    with pytest.raises(UnknownName, match="did you mean cifar10"):
        load(DataOptions(dataset="cifar"))


def test_cats64_says_where_it_can_be_had(tmp_path):
    assert "Kaggle" in refusal(dataset="cats64")
    write_pictures(tmp_path / "cats64", a=noise(1, 64)[0])
    assert len(load(DataOptions(dataset="cats64", data_dir=tmp_path), progress=False)) == 1


def test_a_local_copy_serves_only_the_id_that_it_stands_for(tmp_path):
    write_cifar(tmp_path / "cifar10", noise(2, 8), [0, 1])
    assert refusal(dataset="someone/cifar10", data_dir=tmp_path).startswith("no folder 'someone/cifar10'")
    write_cifar(tmp_path / "pets", noise(2, 8), [0, 1])
    assert refusal(dataset="someone/pets", data_dir=tmp_path).startswith("no folder 'someone/pets'")
    write_cifar(tmp_path / "someone/cifar10", noise(3, 8), [0, 1, 0])
    theirs = load(DataOptions(dataset="someone/cifar10", data_dir=tmp_path), progress=False)
    assert (len(theirs), theirs.name, theirs.id) == (3, "someone-cifar10", "someone/cifar10")
    for asked in ("cifar10", "uoft-cs/cifar10"):
        found = load(DataOptions(dataset=asked, data_dir=tmp_path), progress=False)
        assert (len(found), found.name, found.id) == (2, "cifar10", "uoft-cs/cifar10")


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_folder_of_ones_own_in_the_data_dir_is_asked_for_by_its_path(by, tmp_path, monkeypatch):
    """By its name it would lose what such folders get: pictures held out, and ada where they are few."""
    write_pictures(tmp_path / "my photos", **{f"p{i}": array for i, array in enumerate(noise(4, 8))})
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path) if by == "environment" else "")
    given = {"data_dir": tmp_path} if by == "option" else {}
    asked = f"--dataset {tmp_path / 'my photos'}"
    assert refusal(dataset="my photos", **given).endswith(f"give its path, {asked}")
    path = asked.removeprefix("--dataset ")
    assert len(load(DataOptions(dataset=path, holdout=0.25, **given), progress=False)) == 3


@pytest.mark.parametrize("name", ["cifar10", "cats64", "Fashion MNIST"])
def test_a_folder_never_takes_the_name_of_a_named_set(name, tmp_path):
    write_pictures(tmp_path / name, a=noise(1, 8)[0])
    found = load(DataOptions(dataset=str(tmp_path / name)), progress=False)
    assert (found.name, found.id) == (f"{name.lower().replace(' ', '-')}-folder", None)


def test_files_of_mnist_are_not_taken_for_fashion_mnist(tmp_path):
    write_idx(tmp_path / "mnist", noise(1, 28, channels=1), [3])
    assert "no folder 'fashion-mnist'" in refusal(dataset="fashion-mnist", data_dir=tmp_path / "mnist")


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


def test_unseen_pictures_are_the_test_split_or_the_validation_split_or_an_error(tmp_path):
    def read(split: str, name: str = "set"):
        return load(DataOptions(dataset=str(tmp_path / name), split=split), progress=False).split

    for split in ("train", "val"):
        write_pictures(tmp_path / "set" / split, x=noise(1, 8)[0])
    assert find_unseen(read) == "val"
    write_pictures(tmp_path / "set/test", x=noise(1, 8)[0])
    assert find_unseen(read) == "test"
    (tmp_path / "set/test/x.png").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"x\.png"):
        find_unseen(read)
    write_pictures(tmp_path / "one", x=noise(1, 8)[0])
    with pytest.raises(NoSplit):
        find_unseen(lambda split: read(split, "one"))
