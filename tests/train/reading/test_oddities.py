"""Folders as downloaders, other tools and other spellings leave them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import datasets
import pytest

from tests.train.reading.made import noise, png, refusal, write_pictures, write_table
from train.reading import data, files
from train.reading.data import DataOptions, load
from zoo.errors import DataError


def n(folder: Path, **options) -> int:
    return len(load(DataOptions(dataset=str(folder), **options), progress=False))


def test_a_table_of_where_pictures_come_from_makes_their_folder_no_table(folder):
    datasets.Dataset.from_dict({"url": ["https://example.org/0.png"], "width": [8]}).to_parquet(
        folder / "00000.parquet"
    )
    assert n(folder) == 6
    write_pictures(folder, more=noise(1, 8, seed=1)[0])
    assert n(folder) == 7
    assert n(folder, holdout=0.3) == 5


def test_a_table_with_a_picture_beside_it_is_a_table(tmp_path):
    write_table(
        tmp_path / "set",
        {"image": [{"bytes": png(of), "path": None} for of in noise(3, 8)]},
        {"image": datasets.Image()},
    )
    write_pictures(tmp_path / "set/assets", banner=noise(1, 8)[0])
    assert n(tmp_path / "set") == 3


@pytest.mark.parametrize("kind", ["one", "with splits"])
def test_what_save_to_disk_leaves_is_told_from_a_folder_without_pictures(tmp_path, kind):
    found = datasets.Dataset.from_dict({"image": [{"bytes": png(noise(1, 8)[0]), "path": None}]})
    if kind == "with splits":
        found = datasets.DatasetDict({"train": found})
    found.save_to_disk(tmp_path / "set")
    assert "load_from_disk" in refusal(dataset=str(tmp_path / "set"))


def test_splits_in_another_spelling_are_not_taken_for_classes(tmp_path):
    for split in ("Train", "Test"):
        write_pictures(tmp_path / "set" / split / "cat", **{split: noise(1, 8)[0]})
    assert (
        refusal(dataset=str(tmp_path / "set")) == "'set' has a folder 'Test': call it 'test', as splits are"
    )


def test_a_link_to_a_folder_above_is_not_followed(folder):
    (folder / "deeper").mkdir()
    (folder / "deeper/back").symlink_to("..")
    assert n(folder) == 6


def test_links_to_a_folder_above_are_no_classes_nor_followed_from_one_to_the_other(tmp_path):
    """Two links have 2⁴⁰ ways down, until the system takes no path through so many; one has forty."""
    for name in "ab":
        write_pictures(tmp_path / "set" / name, **{name: noise(1, 8)[0]})
    (tmp_path / "set/a/back").symlink_to("..")
    assert files.all_folders(tmp_path / "set") == ["a", "b"]
    (tmp_path / "set/b/back").symlink_to("..")
    (tmp_path / "set/all").symlink_to(".")
    assert files.all_folders(tmp_path / "set") == ["a", "b"]
    assert load(DataOptions(dataset=str(tmp_path / "set")), progress=False).label_names == ("a", "b")


def test_a_folder_that_may_not_be_read_is_named(folder, monkeypatch):
    (folder / "lost+found").mkdir()
    read = Path.iterdir

    def iterdir(path):
        if path.name == "lost+found":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(DataError, match=r"lost\+found may not be read: Permission denied"):
        files.walk(folder)


def test_a_file_or_nothing_is_no_data_set(folder):
    assert refusal(dataset=str(folder / "p0.png")).endswith("is a file: give a folder or a name")
    assert refusal(dataset="") == "--dataset '' is empty: give a folder or a name"


def test_a_table_read_without_its_broken_rows_is_refused_by_whoever_did_not_ask_for_that(tmp_path):
    rows = [png(of) for of in noise(3, 8)]
    cells = [{"bytes": content, "path": None} for content in (rows[0], rows[1][:40], rows[2])]
    write_table(tmp_path / "set", {"image": cells}, {"image": datasets.Image()})
    assert n(tmp_path / "set", skip_broken=True) == 2
    assert "cannot read" in refusal(dataset=str(tmp_path / "set"))


# ---- streamed


def test_a_streamed_picture_that_cannot_be_read_says_how_to_go_on(folder):
    (folder / "p3.png").write_bytes(b"no picture")
    feed = data.Feed(load(DataOptions(dataset=str(folder), resident_gb=1e-9, channels=3), progress=False), 6)
    with pytest.raises(DataError, match=r"p3\.png.*: put a good picture in its place, and --resume goes on"):
        next(feed.batches())


STREAMING = """
import signal, sys, time
from train.reading import data

told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
found = data.load(data.DataOptions(dataset=sys.argv[1], resident_gb=1e-9, channels=3), progress=False)
batches = data.Feed(found, 2, workers=2).batches()
next(batches), next(batches)  # one of each worker: both have begun
print("begun", flush=True)
while not told:
    time.sleep(0.01)
print(sum(len(next(batches).images) for _ in range(9)), flush=True)
"""


def test_a_signal_to_the_whole_group_leaves_the_workers_at_work(folder):
    """Else the training would end in the middle of a step, with nothing saved. At its end none is waited for."""
    command = [sys.executable, "-c", STREAMING, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signal.SIGTERM)
        assert process.stdout.readline() == "18\n"
        assert process.wait(30) == 0
