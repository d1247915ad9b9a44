"""Where a set is found by its name, and what is said when it is not."""

import time

import pytest

from tests.train.reading.made import noise, refusal, write_cifar, write_pictures
from train.reading.data import DataOptions, load
from zoo.errors import UnknownName


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
