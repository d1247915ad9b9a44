"""Pictures that a visitor brings: a label map, a pair of map and photograph, or both side by side."""

import base64
import binascii
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from space.limits import (
    LONGEST_READING,
    LONGEST_WAIT,
    MAX_READING,
    MAX_UPLOAD,
    MAX_UPLOAD_PIXELS,
    READ_APART,
    READING_MEMORY,
)
from space.studio import Turns
from zoo import decoding, facades, pictures
from zoo.errors import DataError, Refused

NEAR = 30  # RGB distance from a colour of the palette; three quarters of a JPEG's pixels lie within it
LIKE_A_MAP = 0.4  # the share of near pixels from which on a picture is taken for a label map


READ_AT = 2 * facades.SIDE  # pixels of the shorter side of what is read apart
LARGE = Turns(MAX_READING)  # one at a time, while others draw


class Upload(NamedTuple):
    """A picture, which may have been reduced, and the (width, height) it was brought in."""

    picture: Image.Image
    size: tuple[int, int]


def read(files: object) -> tuple[Image.Image, Image.Image | None]:
    """One or two data addresses → (map, photograph or None), both of one size; a line where that cannot be.

    Of two, the map is the one nearer to the palette; a single one twice as wide as high is a pair where one half looks
    like a map and the other does not.
    """
    if not isinstance(files, list) or not 1 <= len(files) <= 2:
        raise Refused("bring one picture (a map, or a pair side by side) or two (a map and its photograph)")
    uploads = [decode(file) for file in files]
    check_one_size(*uploads)
    given = [upload.picture for upload in uploads]
    width, height = uploads[0].size
    if len(given) == 1 and width == 2 * height:
        half = given[0].height
        halves = [given[0].crop((left, 0, left + half, half)) for left in (0, half)]
        if sum(likeness(one) >= LIKE_A_MAP for one in halves) == 1:
            given = halves
    if len(given) == 1:
        return given[0], None
    photograph, label_map = sorted(given, key=likeness)
    return label_map, photograph


def decode(file: object) -> Upload:
    """A data address, within bounds."""
    if not isinstance(file, str) or len(file) > MAX_UPLOAD * 4 // 3 + 100:
        raise Refused(f"an upload has at most {MAX_UPLOAD // 1_000_000} MB")
    try:
        content = base64.b64decode(file.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise Refused("an upload comes as a data address") from None
    return opened(content)


def opened(content: bytes | Path) -> Upload:
    """RGB; DataError says what is wrong with it, and not where it lies. A large one waits for its turn, or is Busy."""
    try:
        width, height = decoding.size(content, most=MAX_UPLOAD_PIXELS)
        if width * height > READ_APART:
            with LARGE.turn():
                picture, size = _apart(content if isinstance(content, bytes) else content.read_bytes())
        else:
            picture = decoding.decode(content)
            size = picture.size
    except DataError as error:
        raise DataError(f"cannot read that upload: {str(error).rpartition(': ')[2]}") from None
    return Upload(picture.convert("RGB"), size)


def _apart(content: bytes) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, its shorter side brought to READ_AT by `space.reading`, and its whole size."""
    bounds = READ_AT, MAX_UPLOAD_PIXELS, LONGEST_READING, READING_MEMORY
    command = [sys.executable, "-m", "space.reading", *map(str, bounds)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=LONGEST_WAIT, env=environment
        )
    except subprocess.TimeoutExpired:
        raise DataError(
            f"this machine is busy, and has not read it within {LONGEST_WAIT} s; try later, or a smaller one"
        ) from None
    if done.returncode == 1:
        raise DataError(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    if done.returncode:
        raise DataError("it takes too much, bring a smaller one")
    head, _, pixels = done.stdout.partition(b"\n")
    told = json.loads(head)
    return Image.frombytes(told["mode"], told["size"], pixels), tuple(told["whole"])


def check_one_size(*pair: Upload) -> None:
    if len({upload.size for upload in pair}) > 1:
        sizes = " and ".join(f"{width}×{height}" for width, height in (upload.size for upload in pair))
        raise Refused(f"a pair has one size, not {sizes}")


def likeness(picture: Image.Image) -> float:
    """The share of pixels near a colour of the label maps, 0 to 1."""
    pixels = np.asarray(pictures.fit(picture, 64).convert("RGB")).astype(np.float32).reshape(-1, 1, 3)
    distance = ((pixels - facades.PALETTE.astype(np.float32)) ** 2).sum(-1).min(-1)
    return float((distance <= NEAR**2).mean())
