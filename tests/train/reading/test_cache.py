"""Decoded once and kept, or streamed where it is too large to keep."""

import errno
import io
from pathlib import Path

import numpy as np
import pytest

from tests.train.reading.made import noise, refusal, write_pictures
from train.reading import decoded
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
