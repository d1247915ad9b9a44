"""Large pictures that a visitor brings: read by a process of their own, one at a time, within bounds."""

import io
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from space import uploads
from space.limits import LONGEST_READING, MAX_UPLOAD_PIXELS, READ_APART, READING_MEMORY
from space.studio import Busy
from zoo import facades, pictures
from zoo.errors import DataError, Refused

SIDE = facades.SIDE
SMOOTH = Image.effect_noise((40, 40), 80).convert("RGB")


def large(width: int, height: int) -> Image.Image:
    assert width * height > READ_APART
    return SMOOTH.resize((width, height), Image.Resampling.BICUBIC)


def content(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def as_whole(file: bytes) -> np.ndarray:
    """What comes of it when it is decoded whole, as `train/evaluate.py` does."""
    return np.asarray(pictures.fit(pictures.decode(file).convert("RGB"), SIDE)).astype(int)


TURNED = Image.Exif()
TURNED[0x0112] = 6
FILES = {
    "PNG": lambda: content(large(1300, 1100)),
    "JPEG": lambda: content(large(2300, 2100), "JPEG"),
    "turned PNG": lambda: content(large(1600, 1000), exif=TURNED),
    "turned JPEG": lambda: content(large(3600, 1700), "JPEG", exif=TURNED),
    "RGBA": lambda: content(large(1200, 1000).convert("RGBA")),
    "palette": lambda: content(large(1200, 1000).quantize(200)),
    "see-through palette": lambda: content(large(1200, 1000).quantize(200), transparency=0),
    "grey with a clear shade": lambda: content(
        Image.fromarray(np.random.default_rng(0).choice(np.uint8([9, 90]), (1000, 1200))), transparency=9
    ),
    "16 bits": lambda: content(Image.fromarray(np.full((1100, 1100), 40_000, np.uint16))),
    "CMYK": lambda: content(large(1200, 1000).convert("CMYK"), "TIFF"),
    "long": lambda: content(large(6000, 200)),
    "a line": lambda: content(Image.new("RGB", (1_200_000, 1), "teal"), "TIFF"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_large_picture_is_what_it_would_be_decoded_whole_and_the_page_never_holds_it(kind, monkeypatch):
    file = FILES[kind]()
    whole = pictures.decode(file)
    expected = as_whole(file)
    monkeypatch.setattr(uploads.decoding, "decode", None)
    picture, size = uploads.opened(file)
    assert size == whole.size
    assert max(picture.size) <= 2 * uploads.READ_AT and min(picture.size) == min(uploads.READ_AT, *size)
    read = np.asarray(pictures.fit(picture, SIDE)).astype(int)
    assert abs(read - expected).mean() < 2


def test_a_small_one_stays_as_it_is():
    picture = SMOOTH.resize((700, 1400))
    assert picture.width * picture.height <= READ_APART
    read, size = uploads.opened(content(picture))
    assert read.tobytes() == picture.tobytes() and size == picture.size


def test_a_large_pair_side_by_side_is_a_pair():
    both = Image.new("RGB", (2600, 1300))
    both.paste(facades.random_building(1).resize((1300, 1300), Image.Resampling.NEAREST), (1300, 0))
    address = "data:image/png;base64," + uploads.base64.b64encode(content(both)).decode()
    label_map, photograph = uploads.read([address])
    assert uploads.likeness(label_map) > 0.9 and np.asarray(photograph).mean() < 1


def test_sizes_are_compared_as_they_were_brought():
    pair = [uploads.opened(content(large(side, side), "JPEG")) for side in (1100, 1300)]
    assert pair[0].picture.size == pair[1].picture.size
    with pytest.raises(Refused, match="not 1100×1100 and 1300×1300"):
        uploads.check_one_size(*pair)


def test_more_than_may_wait_are_told_to_come_again_and_small_ones_are_read_meanwhile(monkeypatch):
    begun, go, read = threading.Event(), threading.Event(), []
    monkeypatch.setattr(uploads, "_apart", lambda file: (begun.set(), go.wait(30), (SMOOTH, (40, 40)))[2])
    file = content(large(1300, 1100))
    waiting = [threading.Thread(target=lambda: read.append(uploads.opened(file))) for _ in range(4)]
    for thread in waiting:
        thread.start()
    assert begun.wait(20)
    for _ in range(400):
        if uploads.LARGE._waiting < uploads.MAX_READING:
            time.sleep(0.05)
    with pytest.raises(Busy):
        uploads.opened(file)
    assert uploads.opened(content(SMOOTH)).size == (40, 40)
    go.set()
    for thread in waiting:
        thread.join()
    assert len(read) == uploads.MAX_READING == len(waiting)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("READING_MEMORY", 200_000_000, "it takes too much memory, bring a smaller one or a JPEG"),
        (
            "LONGEST_WAIT",
            1,
            "this machine is busy, and has not read it within 1 s; try later, or a smaller one",
        ),
    ],
)
def test_what_takes_too_much_is_a_line(monkeypatch, tmp_path, name, value, says):
    monkeypatch.setattr(uploads, name, value)
    if name == "LONGEST_WAIT":
        slow = tmp_path / "slow"
        slow.write_text("#!/bin/sh\nexec sleep 60\n")
        slow.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(slow))
    with pytest.raises(DataError, match=f"^cannot read that upload: {says}$"):
        uploads.opened(content(Image.new("RGBA", (5000, 5000))))
    assert not uploads.LARGE._waiting


def test_a_cut_file_is_a_line():
    with pytest.raises(DataError, match=r"^cannot read that upload: [^\n]*truncated[^\n]*$"):
        uploads.opened(content(large(1300, 1100))[:-2000])


def test_it_is_read_behind_everything_else_and_within_its_bounds():
    """Also where the page has ended meanwhile: the bounds are the process's own."""
    code = (
        "import os, resource, sys\n"
        "from space import reading\n"
        "tell = lambda *_, **more: sys.exit(repr((os.nice(0), resource.getrlimit(resource.RLIMIT_CPU)[0],"
        " resource.getrlimit(resource.RLIMIT_AS)[0], more)))\n"
        "reading.decoding.reduced = tell\n"
        "reading.main()"
    )
    bounds = [str(of) for of in (uploads.READ_AT, MAX_UPLOAD_PIXELS, LONGEST_READING, READING_MEMORY)]
    done = subprocess.run([sys.executable, "-c", code, *bounds], input=b"", capture_output=True, timeout=60)
    expected = (min(19, os.nice(0) + 5), LONGEST_READING, READING_MEMORY, {"most": MAX_UPLOAD_PIXELS})
    assert done.stderr.decode().strip() == repr(expected)
    assert not {"torch", "gradio"} & set(
        subprocess.run(
            [sys.executable, "-c", "import space.reading, sys; print(*sys.modules)"],
            capture_output=True,
            text=True,
        ).stdout.split()
    )
