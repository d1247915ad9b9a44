"""Decoding pictures nobody has vetted: FORMATS, upright, 8 bits of sRGB; without torch, for a process of its own."""

import contextlib
import io
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageCms, ImageOps

from zoo.errors import DataError

# Only formats that Pillow decodes itself: its EPS plug-in, for one, would start another program.
FORMATS: tuple[str, ...] = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
if find_spec("PIL.AvifImagePlugin"):  # since Pillow 11.3
    FORMATS += ("AVIF",)
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif"),
    *(".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pnm"),
)
MAX_PIXELS = 64_000_000  # a picture of a few kilobytes can claim gigabytes


def decode(
    source: bytes | str | Path | Image.Image, *, most: int = MAX_PIXELS, srgb: bool = True
) -> Image.Image:
    """Any picture, upright, as L or RGB: transparency lies on white, 16 bits and floats are scaled to 8.

    Where an ICC profile gives the values another meaning, as a telephone's Display P3 does, they become those of sRGB;
    `srgb=False` leaves that to `in_srgb`, which is quicker once the picture is smaller.

    Raises DataError for what is no picture (of FORMATS), is cut short, or has more than `most` pixels.
    """
    with _opened(source, most) as picture:
        picture.load()
        flat = _flat(ImageOps.exif_transpose(picture))
        return in_srgb(flat) if srgb else flat


def size(source: bytes | Path, *, most: int = MAX_PIXELS) -> tuple[int, int]:
    """(width, height) as the head of the file tells them, before it is turned upright. Raises as `decode`."""
    with _opened(source, most) as picture:
        return picture.size


def reduced(
    source: bytes | Path, side: int, *, most: int = MAX_PIXELS
) -> tuple[Image.Image, tuple[int, int]]:
    """As `decode`, the shorter side no longer than `side` pixels; and the (width, height) that the picture has.

    Of a picture longer than twice its width, the middle. A JPEG is decoded at about that size from the start.
    """
    with _opened(source, most) as picture:
        whole = picture.size
        picture.draft(None, (side, side))
        picture.load()
        drafted = picture.size
        ImageOps.exif_transpose(picture, in_place=True)
        if picture.size != drafted:
            whole = whole[::-1]
        if picture.mode not in ("L", "RGB", "RGBA", "CMYK") or "transparency" in picture.info:
            picture = _flat(picture)  # neighbours in it cannot be averaged
        shorter, least = min(side, *whole), min(whole)
        target = [round(shorter * min(2, length / least)) for length in whole]
        kept = [min(length, 2 * min(picture.size)) for length in picture.size]
        left, top = ((length - keep) / 2 for length, keep in zip(picture.size, kept, strict=True))
        box = (left, top, left + kept[0], top + kept[1])
        resized = picture.resize(target, Image.Resampling.LANCZOS, box, reducing_gap=2.0)
        return in_srgb(_flat(resized)), whole


@contextlib.contextmanager
def _opened(source: bytes | str | Path | Image.Image, most: int) -> Iterator[Image.Image]:
    """Not yet decoded; whatever goes wrong with it is a DataError."""
    source = Path(source) if isinstance(source, str) else source
    try:
        with contextlib.ExitStack() as files:
            if isinstance(source, Image.Image):
                picture = source
            else:
                file: IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
                picture = Image.open(files.enter_context(file), formats=FORMATS)
            if picture.width * picture.height > most:
                raise ValueError(f"{picture.width}x{picture.height} is more than {most:,} pixels")
            yield picture
    except (Exception, Image.DecompressionBombWarning) as error:  # Pillow's decoders raise nearly anything
        what = source if isinstance(source, Path) else "the picture"
        reason = "not a picture" if isinstance(error, Image.UnidentifiedImageError) else _one_line(error)
        raise DataError(f"cannot read {what}: {reason}") from error


def _one_line(error: BaseException) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split()) or type(error).__name__


def in_srgb(picture: Image.Image) -> Image.Image:
    """An L, RGB or CMYK picture as L or RGB of sRGB; values stay what they are without a profile that fits."""
    mode = "L" if picture.mode == "L" else "RGB"
    into_srgb = _into_srgb(picture.info.get("icc_profile", b""), picture.mode)
    if into_srgb is not None:
        picture = into_srgb.apply(picture)
    return picture if picture.mode == mode else picture.convert(mode)


@lru_cache(maxsize=8)  # a folder of photographs has one or two profiles
def _into_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None where values are sRGB's already, give or take 2, or the profile is broken or of another mode's pictures."""
    try:
        given, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        into_srgb = ImageCms.ImageCmsTransform(given, ImageCms.ImageCmsProfile(srgb), mode, "RGB")
    except (OSError, ValueError):
        return None
    levels = np.linspace(0, 255, 18, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(1, -1, 3)
    before = Image.fromarray(colours).convert(mode)
    there, here = (np.asarray(p).astype(int) for p in (into_srgb.apply(before), before.convert("RGB")))
    return into_srgb if np.abs(there - here).max() > 2 else None


def _flat(picture: Image.Image) -> Image.Image:
    """A decoded picture of any mode -> L or RGB, with the profile that it has; CMYK needs it to become RGB."""
    if picture.mode == "CMYK":
        return in_srgb(picture)
    flat = _grey_or_rgb(picture)
    if "icc_profile" in picture.info:
        flat.info["icc_profile"] = picture.info["icc_profile"]
    return flat


def _grey_or_rgb(picture: Image.Image) -> Image.Image:
    mode = picture.mode
    if mode in ("L", "RGB") and not picture.has_transparency_data:
        return picture
    if mode[0] in "IF":
        return _eight_bits(picture)
    if picture.has_transparency_data:
        grey = mode in ("1", "L", "LA", "La")
        picture = picture.convert("LA").convert("RGBA") if mode == "La" else picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("L" if grey else "RGB")
    return picture.convert("L" if mode == "1" else "RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Modes I;16, I and F -> L. The last two do not say what white is: the next of 1 (F), 255 and 65535."""
    values = np.nan_to_num(np.asarray(picture, np.float64), posinf=0, neginf=0)
    top = values.max(initial=0)
    if picture.mode.startswith("I;16"):
        white = 65535
    else:
        scales = (1, 255, 65535) if picture.mode == "F" else (255, 65535)
        white = next((scale for scale in scales if top <= scale), top)
    return Image.fromarray(np.rint(values.clip(0) * (255 / white)).astype(np.uint8))
