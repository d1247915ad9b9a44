"""Pictures that are held out of a folder of one's own, and those that cannot be read."""

import numpy as np
import pytest

from tests.train.reading.made import noise, png, refusal, write_idx, write_pictures
from train.reading import files
from train.reading.data import DataOptions, load
from train.reading.files import NoSplit
from train.reading.pairs import PairOptions, load_pairs
from zoo.errors import DataError


def read(folder, split="train", **given):
    return load(DataOptions(dataset=str(folder), size=8, split=split, **given), progress=False)


def rows(found):
    return {picture.tobytes() for picture in np.asarray(found.images)}


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Forty pictures in two class folders, which are many here."""
    monkeypatch.setattr(files, "FROM", 40)
    arrays = noise(40, 8)
    for name, half in (("a", arrays[:20]), ("b", arrays[20:])):
        write_pictures(tmp_path / "photos" / name, **{f"p{i}": array for i, array in enumerate(half)})
    return tmp_path / "photos"


def test_a_tenth_of_a_folder_is_held_out_and_told(many, capfd):
    training, unseen = read(many), read(many, "test")
    assert (len(training), len(unseen)) == (36, 4) and not rows(training) & rows(unseen)
    assert training.label_names == unseen.label_names == ("a", "b") and len(unseen.labels) == 4
    assert capfd.readouterr().err.splitlines() == [
        "photos, split train: 36 pictures of 8×8 (4 held out)",
        "photos, split test: 4 pictures of 8×8 (held out of 40)",
    ]


def test_the_same_ones_are_held_out_wherever_the_folder_lies(many, tmp_path):
    many.rename(tmp_path / "moved")
    before = rows(read(tmp_path / "moved", "test"))
    (tmp_path / "moved").rename(many)
    assert rows(read(many, "test")) == before


def test_the_share_is_the_ones_that_is_asked_for(many, folder):
    assert [len(read(many, split, holdout=0.25)) for split in ("train", "test")] == [30, 10]
    assert len(read(many, holdout=0)) == 40
    with pytest.raises(NoSplit, match="not divided"):
        read(many, "test", holdout=0)
    assert (
        len(read(folder)) == 6 and len(read(folder, holdout=0.5)) == 3
    )  # few are left whole, unless asked for
    with pytest.raises(NoSplit, match=r"not divided.* --holdout SHARE keeps some"):
        read(folder, "test")


def test_a_class_keeps_a_picture(tmp_path):
    for name in "abcd":
        write_pictures(tmp_path / "photos" / name, p=noise(1, 8)[0], q=noise(1, 8)[0])
    training, unseen = (read(tmp_path / "photos", split, holdout=0.9) for split in ("train", "test"))
    assert sorted(training.labels.tolist()) == [0, 1, 2, 3] and len(unseen) == 4


def test_pairs_are_held_out_with_their_other_halves(tmp_path):
    for side, seed in (("A", 0), ("B", 1)):
        write_pictures(
            tmp_path / "pairs" / side, **{f"p{i}": x for i, x in enumerate(noise(8, 8, seed=seed))}
        )
    both = [
        load_pairs(
            PairOptions(dataset=str(tmp_path / "pairs"), size=32, split=split, holdout=0.25), progress=False
        )
        for split in ("train", "test")
    ]
    assert [len(part) for part in both] == [6, 2] and not rows(both[0]) & rows(both[1])


def test_what_is_divided_already_or_is_no_folder_has_nothing_held_out(tmp_path):
    for split in ("train", "test"):
        write_pictures(tmp_path / "set" / split, a=noise(1, 8)[0], b=noise(1, 8)[0])
    assert "has a test or validation split" in refusal(dataset=str(tmp_path / "set"), holdout=0.5)
    write_idx(tmp_path / "idx", noise(2, 28, channels=1), [0, 1])
    assert "--holdout is for folders" in refusal(dataset=str(tmp_path / "idx"), holdout=0.5)
    for share in (-0.1, 1, float("nan")):
        assert "--holdout is a share" in refusal(dataset=str(tmp_path / "set"), holdout=share)


# ---- what cannot be read


@pytest.fixture
def torn(folder):
    for name in ("p1", "p4"):
        (folder / f"{name}.png").write_bytes((folder / f"{name}.png").read_bytes()[:60])
    (folder / "x.jpg").write_bytes(b"no picture")
    return folder


def test_all_that_cannot_be_read_is_named_at_once(torn):
    message = refusal(dataset=str(torn))
    assert all(name in message for name in ("p1.png", "p4.png", "x.jpg", "3 of 7 pictures", "--skip-broken"))


def test_forty_broken_pictures_are_all_named(folder):
    for i in range(40):
        (folder / f"broken{i:02}.png").write_bytes(b"no picture")
    message = refusal(dataset=str(folder))
    assert all(f"broken{i:02}.png" in message for i in range(40)) and "more" not in message


def test_what_is_broken_is_passed_over_where_that_is_asked_for(torn, capfd):
    whole = read(torn, skip_broken=True)
    assert np.array_equal(whole.images, noise(6, 8)[[0, 2, 3, 5]].transpose(0, 3, 1, 2))
    line = capfd.readouterr().err
    assert "4 pictures of 8×8" in line and "3 unreadable" in line and "p4.png" in line
    read(torn, skip_broken=True)
    assert capfd.readouterr().err == line
    assert "3 of 7" in refusal(dataset=str(torn), size=8)  # the cache of the one is not the other's
    assert "--resident-gb" in refusal(dataset=str(torn), size=8, skip_broken=True, resident_gb=1e-7)


def test_a_class_without_a_readable_picture_leaves_no_classes(tmp_path):
    write_pictures(tmp_path / "pets/cat", a=noise(1, 8)[0], b=noise(1, 8)[0])
    (tmp_path / "pets/dog").mkdir()
    (tmp_path / "pets/dog/c.png").write_bytes(png(noise(1, 8)[0])[:60])
    found = read(tmp_path / "pets", skip_broken=True)
    assert len(found) == 2 and found.labels is None and "class" in found.unlabelled
    for name in "ab":
        (tmp_path / f"pets/cat/{name}.png").write_bytes(b"?")
    with pytest.raises(DataError, match="3 of 3"):
        read(tmp_path / "pets", skip_broken=True)
