"""Tables in the Hub's layout, and IDX files."""

import numpy as np
import pytest

from tests.train.reading.made import noise, png, refusal, write_cifar, write_idx, write_pictures, write_table
from train.reading import columns, sources
from train.reading.data import DataOptions, Pictures, load
from zoo.errors import DataError, Refused

# ---- tables


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
    assert (numbers.labels.tolist(), numbers.label_names) == ([1, 0], ("1", "3"))  # no class without pictures


def test_a_wrong_column_or_split_is_answered_with_those_there_are(tmp_path):
    write_cifar(tmp_path / "cifar10", noise(2, 8), [0, 1])
    assert refusal(data_dir=tmp_path, image_column="photo").endswith("there are img, label")
    assert refusal(data_dir=tmp_path, label_column="kind").endswith("there are img, label")
    assert "holds no pictures" in refusal(data_dir=tmp_path, image_column="label")
    assert refusal(data_dir=tmp_path, split="test").endswith("has no split 'test': it has train")


def test_a_split_may_be_slices_as_datasets_writes_them(tmp_path):
    pictures = noise(10, 8)
    write_cifar(tmp_path / "cifar10", pictures, [0, 1] * 5)
    found = load(DataOptions(data_dir=tmp_path, size=8, split="train[:3]+train[4:8]"), progress=False)
    assert found.split == "train[:3]+train[4:8]"
    assert np.array_equal(found.images.transpose(0, 2, 3, 1), pictures[[0, 1, 2, 4, 5, 6, 7]])
    rest = load(DataOptions(data_dir=tmp_path, size=8, split="train[80%:]"), progress=False)
    assert np.array_equal(rest.images.transpose(0, 2, 3, 1), pictures[8:])
    for mixed in (
        "train[4:80%]",
        "train[40%:8]",
        "train[0_4:80%]",
    ):  # of ten rows 0 to 7, and 4 to 0: both ends in %
        assert "mixes rows and %" in refusal(data_dir=tmp_path, split=mixed)
    assert "train[:x]" in refusal(data_dir=tmp_path, split="train[:x]")
    assert "no data" in refusal(data_dir=tmp_path, split="train[10:]")
    assert refusal(data_dir=tmp_path, split="train[5:2]").endswith("holds no picture in 'train[5:2]'")
    assert refusal(data_dir=tmp_path, split="train+test[:5]").endswith("it has train")


@pytest.mark.parametrize(
    "a, b, shared",
    [("train", "test", False), ("train", "train", True), ("train+test", "test", True), ("test[:50%]", "test", True),
     ("train+test[:9]", "test[:9]", True), ("train[:360]", "train[360:]", False), ("training", "train", False),
     ("train[:241]+train[242:360]", "train[300:]", True), ("train[:241]+train[242:360]", "train[360:]", False),
     ("train[:241]+train[242:360]", "train[241:242]", False), ("train[:50%]", "train[:9]", True),
     ("train[:10%]", "train[9%:20%]", True), ("train[:-9]", "train[-9:]", False), ("train[:-9]", "train[-10:]", True),
     ("train[-9:]", "train", True), ("train[:9]", "train[-9:]", False), ("train[80:]", "train[:50%]", False)],
)  # fmt: skip
def test_splits_that_share_rows_are_known_by_their_names(a, b, shared):
    assert columns.overlap(a, b) is columns.overlap(b, a) is shared


def test_a_table_with_two_picture_columns_must_be_told_which(tmp_path):
    import datasets

    cells = [{"bytes": png(array), "path": None} for array in noise(2, 8)]
    write_table(tmp_path / "two", {"a": cells, "b": cells}, {"a": datasets.Image(), "b": datasets.Image()})
    assert "--image-column must say which of a, b" in refusal(dataset=str(tmp_path / "two"))
    assert len(load(DataOptions(dataset=str(tmp_path / "two"), image_column="b"), progress=False)) == 2


def test_labels_out_of_range_are_refused_by_row():
    with pytest.raises(DataError, match="row 1 has label 2, which is none of the 2 classes"):
        columns.check_labels(np.array([0, 2]), ("cat", "dog"))


@pytest.mark.parametrize("hidden, told", [(-1, "-1"), (None, "null")])
def test_hidden_labels_are_refused_only_where_labels_are_asked_for(tmp_path, hidden, told):
    import datasets

    cells = [{"bytes": png(array), "path": None} for array in noise(3, 8)]
    for name, kind in (("a", datasets.Value("int64")), ("b", datasets.ClassLabel(names=["cat", "dog"]))):
        write_table(
            tmp_path / name / "cifar10",
            {"img": cells, "label": [0, 1, hidden]},
            {"img": datasets.Image(), "label": kind},
        )
        for _ in range(2):  # decoded, and from the cache
            found = load(DataOptions(data_dir=tmp_path / name), progress=False)
            assert len(found) == 3 and found.labels is None and found.label_names == ()
            with pytest.raises(Refused, match=f"needs classes, and cifar10 has none: row 2 has label {told}"):
                found.check_labelled("--conditional")
        assert f"row 2 has label {told}" in refusal(data_dir=tmp_path / name, label_column="label")


def test_labels_of_every_split_are_numbered_as_in_the_training_split(tmp_path):
    import datasets

    kinds = {"image": datasets.Image(), "kind": datasets.Value("string"), "n": datasets.Value("int64")}
    for split, words, ns in (("train", "cat dog pug", [0, 1, 2]), ("test", "pug dog", [1, 0])):
        cells = [{"bytes": png(array), "path": None} for array in noise(len(ns), 8)]
        write_table(tmp_path / "me/pets", {"image": cells, "kind": words.split(), "n": ns}, kinds, split)
    asked = {"dataset": "me/pets", "data_dir": tmp_path, "split": "test"}
    found = load(DataOptions(**asked, label_column="kind"), progress=False)
    assert (found.labels.tolist(), found.label_names) == ([2, 1], ("cat", "dog", "pug"))
    found = load(DataOptions(**asked, label_column="n"), progress=False)
    assert (found.labels.tolist(), found.label_names) == ([1, 0], ("0", "1", "2"))
    cells = [{"bytes": png(array), "path": None} for array in noise(2, 8)]
    write_table(tmp_path / "me/pets", {"image": cells, "kind": ["cow", "cat"], "n": [0, 9]}, kinds, "test")
    assert refusal(**asked, label_column="kind").endswith("classes that split 'train' lacks: cow")
    assert refusal(**asked, label_column="n").endswith("classes that split 'train' lacks: 9")


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


# ---- IDX


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
    assert refusal(dataset=str(tmp_path / "a"), split="val").endswith("it has train")
    assert "t10k-images" in refusal(dataset=str(tmp_path / "a"), split="test")
    whole = (tmp_path / "a/train-images-idx3-ubyte.gz").read_bytes()
    (tmp_path / "a/train-images-idx3-ubyte.gz").write_bytes(whole[:-200])
    assert "cannot read" in refusal(dataset=str(tmp_path / "a"))
    write_idx(tmp_path / "b", noise(3, 28, channels=1), [0, 1])
    assert "3 pictures but 2 labels" in refusal(dataset=str(tmp_path / "b"))
    write_idx(tmp_path / "fashion-mnist", noise(1, 28, channels=1), [10])
    assert "row 0 has label 10" in refusal(dataset="fashion-mnist", data_dir=tmp_path)


# ---- configurations


def test_a_set_with_several_configurations_has_to_be_told_which(tmp_path):
    import datasets

    for name, n in (("birds", 2), ("cats", 3)):
        cells = [{"bytes": png(array), "path": None} for array in noise(n, 8)]
        write_table(tmp_path / "me/pets" / name, {"image": cells}, {"image": datasets.Image()})
    (tmp_path / "me/pets/README.md").write_text(
        "---\nconfigs:\n- config_name: birds\n  data_files: birds/data/*.parquet\n"
        "- config_name: cats\n  data_files: cats/data/*.parquet\n---\n"
    )
    asked = {"dataset": "me/pets", "data_dir": tmp_path}
    for config, n in (("birds", 2), ("cats", 3)):
        found = load(DataOptions(**asked, config=config), progress=False)
        assert (len(found), found.name, found.id) == (n, f"pets-{config}", "me/pets")
    for wrong in ({}, {"config": "dogs"}):
        assert refusal(**asked, **wrong).endswith("--config must be one of birds, cats")
    write_pictures(tmp_path / "own", a=noise(1, 8)[0])
    assert "leave --config out" in refusal(dataset=str(tmp_path / "own"), config="birds")


def test_classes_that_no_picture_shows_are_told():
    def told(*labels):
        images, names = np.zeros((len(labels), 3, 8, 8), np.uint8), ("ant", "bee", "cow", "dog", "elk")
        return Pictures("x", "x", None, "train", images, np.array(labels), names).never_seen()

    assert told(0, 1, 2, 3, 4, 4) == ""
    assert told(0, 1, 2, 3) == "no picture shows elk: nothing is learnt of it"
    assert told(2) == "no picture shows ant, bee, dog and 1 more: nothing is learnt of it"
