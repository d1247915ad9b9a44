"""Between tensors and pictures: scaling, PIL, grids, animations; and those of `decoding`, which needs no torch."""

import io
import math
import struct
from pathlib import Path

import torch
from PIL import Image, ImageOps

from zoo.decoding import MAX_PIXELS, SUFFIXES, decode, in_srgb
from zoo.errors import Refused
from zoo.latents import whole

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "animation",
    "decode",
    "fit",
    "grid",
    "in_srgb",
    "save_animation",
    "to_float",
    "to_pil",
    "to_uint8",
]


def to_uint8(x: torch.Tensor) -> torch.Tensor:
    """Floats in [-1, 1] (beyond: clamped) -> uint8 in [0, 255], rounded; exact inverse of `to_float`."""
    return ((x.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_float(x: torch.Tensor) -> torch.Tensor:
    """uint8 in [0, 255] -> float32 in [-1, 1]."""
    return x.float() / 127.5 - 1


def to_pil(x: torch.Tensor) -> Image.Image:
    """A tensor (C, H, W), float in [-1, 1] or uint8, with C 1 or 3 -> an L or RGB picture."""
    if x.ndim != 3 or x.shape[0] not in (1, 3):
        raise Refused(f"a picture is a tensor (1 or 3, height, width), not {tuple(x.shape)}")
    x = x.detach().cpu()
    x = x if x.dtype == torch.uint8 else to_uint8(x)
    return Image.fromarray((x[0] if x.shape[0] == 1 else x.permute(1, 2, 0)).contiguous().numpy())


def fit(picture: Image.Image, size: int) -> Image.Image:
    """The middle square of a picture, size x size; the same object where it already is that."""
    if picture.size == (size, size):
        return picture
    return ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)


def grid(batch: torch.Tensor, columns: int | None = None) -> Image.Image:
    """(n, C, H, W), float in [-1, 1] or uint8 -> one picture, row by row, edge to edge.

    By default as many columns as make it square, or one more than rows; empty places stay paper white.
    """
    if batch.ndim != 4 or len(batch) == 0:
        raise Refused(f"a grid needs pictures (n, channels, height, width), not {tuple(batch.shape)}")
    n, channels, height, width = batch.shape
    columns = math.ceil(math.sqrt(n)) if columns is None else whole("columns", columns)
    if columns < 1:
        raise Refused(f"a grid needs at least one column, not {columns}")
    rows = math.ceil(n / columns)
    batch = batch.detach().cpu()
    batch = batch if batch.dtype == torch.uint8 else to_uint8(batch)
    sheet = torch.full((rows * columns, channels, height, width), 255, dtype=torch.uint8)
    sheet[:n] = batch
    sheet = sheet.unflatten(0, (rows, columns)).permute(2, 0, 3, 1, 4)  # (C, rows, H, columns, W)
    return to_pil(sheet.reshape(channels, rows * height, columns * width))


def save_animation(
    frames: list[Image.Image], path: str | Path, *, fps: float = 8, quality: int | None = None
) -> None:
    """Write `animation` to a .webp or .gif file."""
    path = Path(path)
    if path.suffix.lower() not in (".webp", ".gif"):
        raise Refused(f"an animation is a .webp or .gif file, not '{path.name}'")
    content = animation(frames, path.suffix[1:], fps=fps, quality=quality)
    path.write_bytes(content)  # only now, so that a failing encoder leaves no half of a file


def animation(
    frames: list[Image.Image], kind: str = "webp", *, fps: float = 8, quality: int | None = None
) -> bytes:
    """An endless "webp" or "gif" of pictures of one size; each frame is seen for its own time.

    A webp is exact, or lossy with a `quality` of 0 to 100: then each frame is encoded for itself.
    """
    gif = kind.lower() == "gif"
    if not gif and kind.lower() != "webp":
        raise Refused(f"an animation is a webp or a gif, not '{kind}'")
    most = 50 if gif else 1000  # a frame of a GIF lasts hundredths of a second, and one alone is slowed down
    if not frames or not 0.01 <= fps <= most:
        said = f"a frame and a speed from 0.01 to {most}"
        raise Refused(f"an animation needs {said}, not {len(frames)} frames at {fps} a second")
    if len(sizes := {frame.size for frame in frames}) > 1:
        raise Refused(f"the frames of an animation have one size, not {sizes}")
    if gif:
        return _encoded(frames, "GIF", duration=10 * round(100 / fps), loop=0)
    milliseconds = round(1000 / fps)
    if quality is None:  # this way is several times as quick as any other
        return _encoded(frames, "WEBP", duration=milliseconds, loop=0, lossless=True, quality=0, method=0)
    return _lossy_film(frames, milliseconds, quality)


def _encoded(frames: list[Image.Image], kind: str, **options) -> bytes:
    file = io.BytesIO()
    first, *others = frames
    film = {"save_all": True, "append_images": others} if others else {}
    first.save(file, kind, **film, **options)
    return file.getvalue()


def _lossy_film(frames: list[Image.Image], milliseconds: int, quality: int) -> bytes:
    """Stills put in a row. libwebp's own lossy animation (1.6, key frames or not) takes a pixel that moved by a few
    grey levels for unmoved, and leaves out the frames of a slow walk. The container is that of RFC 9649."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def three_bytes(*numbers: int) -> bytes:
        return b"".join(number.to_bytes(3, "little") for number in numbers)

    width, height = frames[0].size
    chunks = [
        chunk(b"VP8X", b"\x02\0\0\0" + three_bytes(width - 1, height - 1)),  # 2: animated
        chunk(b"ANIM", bytes(6)),  # black behind, endless
    ]
    for frame in frames:
        still = _encoded([frame.convert("RGB")], "WEBP", quality=quality, method=4)[12:]  # its chunks
        about = three_bytes(0, 0, width - 1, height - 1, milliseconds) + b"\x02"  # 2: nothing shines through
        chunks.append(chunk(b"ANMF", about + still))
    return chunk(b"RIFF", b"WEBP" + b"".join(chunks))
