"""Pictures that a visitor brings: a label map, a pair of map and photograph, or both side by side."""

import base64
import binascii
from pathlib import Path

import numpy as np
from PIL import Image

from space.limits import MAX_UPLOAD, MAX_UPLOAD_PIXELS
from zoo import facades, pictures
from zoo.errors import DataError, Refused

NEAR = 30  # RGB distance from a colour of the palette; three quarters of a JPEG's pixels lie within it
LIKE_A_MAP = 0.4  # the share of near pixels from which on a picture is taken for a label map


def read(files: object) -> tuple[Image.Image, Image.Image | None]:
    """One or two data addresses → (map, photograph or None), both of one size; a line where that cannot be.

    Of two, the map is the one nearer to the palette; a single one twice as wide as high is a pair where one half looks
    like a map and the other does not.
    """
    if not isinstance(files, list) or not 1 <= len(files) <= 2:
        raise Refused("bring one picture (a map, or a pair side by side) or two (a map and its photograph)")
    given = [decode(file) for file in files]
    if len(given) == 1 and given[0].width == 2 * given[0].height:
        half = given[0].height
        halves = [given[0].crop((left, 0, left + half, half)) for left in (0, half)]
        if sum(likeness(one) >= LIKE_A_MAP for one in halves) == 1:
            given = halves
    if len(given) == 1:
        return given[0], None
    check_one_size(*given)
    photograph, label_map = sorted(given, key=likeness)
    return label_map, photograph


def decode(file: object) -> Image.Image:
    """A data address, within bounds."""
    if not isinstance(file, str) or len(file) > MAX_UPLOAD * 4 // 3 + 100:
        raise Refused(f"an upload has at most {MAX_UPLOAD // 1_000_000} MB")
    try:
        content = base64.b64decode(file.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise Refused("an upload comes as a data address") from None
    return opened(content)


def opened(content: bytes | Path) -> Image.Image:
    """RGB; DataError says what is wrong with it, and not where it lies."""
    try:
        return pictures.decode(content, most=MAX_UPLOAD_PIXELS).convert("RGB")
    except DataError as error:
        raise DataError(f"cannot read that upload: {str(error).rpartition(': ')[2]}") from None


def check_one_size(*pair: Image.Image) -> None:
    if pair[0].size != pair[1].size:
        sizes = " and ".join(f"{one.width}×{one.height}" for one in pair)
        raise Refused(f"a pair has one size, not {sizes}")


def likeness(picture: Image.Image) -> float:
    """The share of pixels near a colour of the label maps, 0 to 1."""
    pixels = np.asarray(pictures.fit(picture, 64).convert("RGB")).astype(np.float32).reshape(-1, 1, 3)
    distance = ((pixels - facades.PALETTE.astype(np.float32)) ** 2).sum(-1).min(-1)
    return float((distance <= NEAR**2).mean())
