"""Decoded once and kept, or streamed where it is too large to keep."""

import errno
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.train.reading.made import noise, refusal, write_pictures
from train.reading import cache, decoded
from train.reading.data import DataOptions, load
from train.reading.decoded import Streamed


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


def test_where_nothing_can_be_locked_two_processes_that_decode_at_once_both_get_the_pictures(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(cache, "fcntl", None)
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


def entries(tmp_path) -> list[Path]:
    return sorted((tmp_path / "cache/data").iterdir())


def test_a_file_that_is_no_picture_makes_no_second_copy(folder, tmp_path):
    (folder / "notes.txt").write_text("one")
    load(DataOptions(dataset=str(folder), size=8), progress=False)
    (folder / "notes.txt").write_text("another")
    load(DataOptions(dataset=str(folder), size=8), progress=False)
    assert len(entries(tmp_path)) == 1


DECODE = """
import sys, time
from train.reading import decoded
from train.reading.data import DataOptions, load
read = decoded.read_picture
def slowly(*given):
    print("decoding", flush=True)
    time.sleep(float(sys.argv[3]))
    return read(*given)
decoded.read_picture = slowly
from train.reading import data
data.read_picture = slowly
found = load(DataOptions(dataset=sys.argv[1], size=int(sys.argv[2])), progress=False)
print("done", int(found.images.astype("int64").sum()), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def another():
    """Another process that loads a folder at a size, a pause (s) before each picture, and keeps it until it is told
    to end."""
    started = []

    def start(folder: Path, size: int, pause: float = 0.2) -> subprocess.Popen:
        words = [sys.executable, "-c", DECODE, str(folder), str(size), str(pause)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(words, cwd=Path(cache.__file__).parents[2], **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_of_two_processes_one_decodes_and_the_other_waits_for_it(folder, another):
    said = [
        process.communicate("\n", timeout=120)[0].split()
        for process in [another(folder, 8), another(folder, 8)]
    ]
    assert sorted(words.count("decoding") for words in said) == [0, 6]
    assert said[0][-1] == said[1][-1] != "decoding"


def test_the_least_recently_used_copy_goes_first_and_never_one_in_use(folder, tmp_path, another, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE_GB", str(3.5 * 6 * 3 * 64 / 2**30))  # so many copies at 8 pixels
    other = another(folder, 8)
    while not other.stdout.readline().startswith("done"):
        pass
    (in_use,) = entries(tmp_path)
    os.utime(in_use / cache.USED, (0, 0))  # the oldest
    monkeypatch.setattr(cache, "_held", {})  # as if this process had ended after each of them
    made = {}
    for age, channels in ((50, 3), (90, 1)):
        before = set(entries(tmp_path))
        load(DataOptions(dataset=str(folder), size=8, channels=channels), progress=False)
        (made[channels],) = set(entries(tmp_path)) - before
        cache._held.clear()
        os.utime(made[channels] / cache.USED, (time.time() - age,) * 2)
    write_pictures(tmp_path / "more", **{f"p{i}": array for i, array in enumerate(noise(6, 8, seed=3))})
    load(DataOptions(dataset=str(tmp_path / "more"), size=8), progress=False)
    left = entries(tmp_path)
    assert in_use in left and made[1] not in left and len(left) <= 3
    assert sum(cache.size(entry) for entry in left) < 2 * cache.bound()
    other.communicate("\n", timeout=60)
    cache.make_room(cache.bound())
    assert in_use not in entries(tmp_path)


def test_what_a_killed_process_left_behind_is_swept(folder, tmp_path, another):
    killed = another(folder, 8, pause=600)
    assert killed.stdout.readline() == "decoding\n"
    load(DataOptions(dataset=str(folder), size=4), progress=False)
    (unfinished,) = (path for path in entries(tmp_path) if path.name.startswith(cache.UNFINISHED))
    killed.kill()
    killed.wait()
    load(DataOptions(dataset=str(folder), size=6), progress=False)
    assert not unfinished.exists() and len(entries(tmp_path)) == 2


@pytest.mark.parametrize("name", ["labels.npy", "images.npy", "labels.json"])
@pytest.mark.parametrize("how", ["missing", "cut short"])
def test_a_damaged_copy_is_made_anew_and_no_class_is_lost(name, how, tmp_path):
    for i in range(8):
        write_pictures(tmp_path / "set" / "ab"[i % 2], **{f"p{i}": noise(1, 8, seed=i)[0]})
    given = DataOptions(dataset=str(tmp_path / "set"), size=8)
    whole = load(given, progress=False)
    (path,) = (tmp_path / "cache/data").glob(f"*/{name}")
    content = path.read_bytes()
    path.unlink()
    if how == "cut short":
        path.write_bytes(content[: len(content) // 2])
    again = load(given, progress=False)
    assert np.array_equal(again.images, whole.images) and again.label_names == ("a", "b")
    assert np.array_equal(again.labels, whole.labels) and len(again.labels) == 8


def test_a_folder_that_goes_while_an_entry_is_measured_is_no_fault(tmp_path, monkeypatch):
    (tmp_path / "going").mkdir()
    (tmp_path / "file").write_bytes(bytes(7))
    scandir = os.scandir

    def scanned(place):
        if Path(place).name == "going":
            Path(place).rmdir()
        return scandir(place)

    monkeypatch.setattr(os, "scandir", scanned)
    assert cache.size(tmp_path) == 7
