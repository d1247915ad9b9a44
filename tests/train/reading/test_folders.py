"""Folders of pictures: their sizes, classes, splits and channels."""

import numpy as np
import pytest
from datasets import Image as Image_
from PIL import Image

from tests.train.reading.made import noise, png, refusal, write_pictures, write_table
from train.reading.data import DataOptions, load
from zoo.errors import Refused


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


def test_class_folders_of_every_split_are_numbered_as_in_the_training_split(tmp_path):
    for path in ("train/a", "train/b", "train/c", "test/c", "test/b", "val/b", "val/d"):
        write_pictures(tmp_path / "set" / path, x=noise(1, 8)[0])
    found = load(DataOptions(dataset=str(tmp_path / "set"), split="test"), progress=False)
    assert (found.labels.tolist(), found.label_names) == ([1, 2], ("a", "b", "c"))
    message = refusal(dataset=str(tmp_path / "set"), split="val")
    assert message == "split 'val' has classes that split 'train' lacks: d"


def test_a_further_folder_beside_train_and_test_does_not_mix_them(tmp_path):
    for path in ("train", "test", "more", "vehicles/train", "vehicles/car"):
        write_pictures(tmp_path / "set" / path, x=noise(1, 8)[0])
    assert len(load(DataOptions(dataset=str(tmp_path / "set")), progress=False)) == 1
    found = load(DataOptions(dataset=str(tmp_path / "set/vehicles")), progress=False)
    assert found.label_names == ("car", "train")


@pytest.mark.parametrize(
    "reason", ["class folder 'dog' holds no picture", "stray.png lies beside the class folders"]
)
def test_what_keeps_class_folders_from_being_classes_stops_what_needs_classes_alone(tmp_path, capfd, reason):
    folder = write_pictures(tmp_path / "pets/cat", a=noise(1, 8)[0]).parent
    (folder / "dog").mkdir()
    if "stray" in reason:
        write_pictures(folder / "dog", b=noise(1, 8)[0])
        write_pictures(folder, stray=noise(1, 8)[0])
    for _ in range(2):  # decoded, and from the cache
        found = load(DataOptions(dataset=str(folder)), progress=False)
        assert found.labels is None and f"no classes: {reason}" in capfd.readouterr().err
        with pytest.raises(Refused, match=reason):
            found.check_labelled("--conditional")


def test_what_is_mended_in_a_folder_is_seen_though_no_picture_has_changed(tmp_path, capfd):
    folder = write_pictures(tmp_path / "pets/cat", a=noise(1, 8)[0]).parent
    (folder / "dog").mkdir()
    (folder / "notes.txt").write_text("?")
    assert load(DataOptions(dataset=str(folder)), progress=False).labels is None
    (folder / "dog").rmdir()
    (folder / "notes.txt").unlink()
    capfd.readouterr()
    assert load(DataOptions(dataset=str(folder)), progress=False).label_names == ("cat",)
    assert capfd.readouterr().err == "pets, split train: 1 picture of 64×64\n"


def test_bad_folders_are_refused_by_name(tmp_path):
    write_pictures(tmp_path / "pets/cat", a=noise(1, 8)[0])
    (tmp_path / "pets/dog").mkdir()
    (tmp_path / "none").mkdir()
    assert "'none' holds no picture (.png," in refusal(dataset=str(tmp_path / "none"))
    for name in ("IMG_1.HEIC", "IMG_2.heic", "notes.txt"):  # as a phone writes them
        (tmp_path / "none" / name).touch()
    assert refusal(dataset=str(tmp_path / "none")).endswith("), but 2 of .heic")
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


def test_pictures_in_all_the_suffixes_are_read_and_what_is_passed_over_is_told(tmp_path, capfd):
    for i, (suffix, kind) in enumerate(
        (("jfif", "JPEG"), ("jpe", "JPEG"), ("avif", "AVIF"), ("pnm", "PPM"), ("PNM", "PPM"))
    ):
        (tmp_path / "set").mkdir(exist_ok=True)
        Image.fromarray(noise(1, 16)[0]).save(tmp_path / f"set/{i}.{suffix}", kind)
    for name in ("a.heic", "b.heic", "notes.txt", "DSC"):
        (tmp_path / "set" / name).write_bytes(b"?")
    (tmp_path / "set/gone.png").symlink_to(tmp_path / "nowhere.png")
    assert len(load(DataOptions(dataset=str(tmp_path / "set")), progress=False)) == 5
    line = "set, split train: 5 pictures of 64×64 (passed over: 2 .heic, 1 .txt, 1 broken links, 1 without suffix)\n"
    assert capfd.readouterr().err == line
    load(DataOptions(dataset=str(tmp_path / "set")), progress=False)
    assert capfd.readouterr().err == line  # every run says what it reads, from the cache too


def test_without_size_pictures_are_at_most_as_large_as_the_nets_make_them(tmp_path):
    folder = str(write_pictures(tmp_path / "set", a=noise(1, 90)[0]))
    sizes = [
        load(DataOptions(dataset=folder), largest=largest, progress=False).size for largest in (32, 64, None)
    ]
    assert sizes == [32, 64, 64]
    write_table(
        tmp_path / "me/pets", {"image": [{"bytes": png(noise(1, 90)[0]), "path": None}]}, {"image": Image_()}
    )
    asked = {"dataset": "me/pets", "data_dir": tmp_path}
    assert load(DataOptions(**asked), largest=32, progress=False).size == 32
    assert load(DataOptions(**asked, size=48), largest=32, progress=False).size == 48
