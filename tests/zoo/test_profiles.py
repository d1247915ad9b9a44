"""ICC profiles: what a file's values mean, and that they become sRGB's."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from train.reading import data, pairs
from zoo import decoding, facades
from zoo.decoding import decode

RED, GREEN, BLUE = (
    (0.4361, 0.2225, 0.0139),
    (0.3851, 0.7169, 0.0971),
    (0.1431, 0.0606, 0.7141),
)  # sRGB's, by D50


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A version 2 ICC profile of a display."""
    at, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s", at + len(body), 0x02100000, b"mntr", space, b"XYZ ", b"acsp")
    return (
        header.ljust(68, b"\0")
        + struct.pack(">3i", *fixed(0.9642, 1, 0.8249)).ljust(60, b"\0")
        + table
        + body
    )


def fixed(*values: float) -> list[int]:
    return [round(value * 65536) for value in values]


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *fixed(*values))


def gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256))


def rgb(red, green, blue) -> bytes:
    colours = {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue}
    tags = {name: xyz(*colour) for name, colour in colours.items()}
    return profile(b"RGB ", tags | {name: gamma(2.2) for name in (b"rTRC", b"gTRC", b"bTRC")})


SWAPPED = rgb(GREEN, RED, BLUE)  # red stands for green, and green for red
LINEAR = profile(b"GRAY", {b"kTRC": gamma(1)})
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def file(mode: str, colour, of: bytes, kind: str = "PNG", size: tuple[int, int] = (4, 4)) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, colour).save(content, kind, icc_profile=of)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_values_become_those_of_srgb(kind):
    found = decode(file("RGB", (255, 0, 0), SWAPPED, kind))
    assert found.mode == "RGB"
    assert np.abs(np.subtract(found.getpixel((0, 0)), (0, 255, 0))).max() <= 2


@pytest.mark.parametrize(
    ("mode", "colour", "of", "expected"),
    [
        ("RGBA", (255, 0, 0, 255), SWAPPED, (0, 255, 0)),
        ("RGBA", (255, 0, 0, 0), SWAPPED, (255, 255, 255)),
        ("L", 128, LINEAR, 188),  # (128 / 255) of the light: 1.055 x ** (1 / 2.4) - 0.055
        ("LA", (128, 255), LINEAR, 188),
    ],
)
def test_so_do_those_of_other_modes(mode, colour, of, expected):
    found = decode(file(mode, colour, of))
    assert found.mode == ("L" if of == LINEAR else "RGB")
    assert found.getpixel((0, 0)) == expected


def test_a_palette_has_a_profile_too():
    content = io.BytesIO()
    Image.new("RGB", (4, 4), (255, 0, 0)).convert("P").save(content, "PNG", icc_profile=SWAPPED)
    assert decode(content.getvalue()).getpixel((0, 0)) == (0, 255, 0)
    assert decoding.reduced(content.getvalue(), 2)[0].getpixel((0, 0)) == (0, 255, 0)


@pytest.mark.parametrize("of", [b"no profile", SWAPPED[:150], LINEAR, SRGB])
def test_a_broken_profile_one_of_another_mode_and_srgb_itself_change_nothing(of):
    assert decode(file("RGB", (250, 7, 130), of)).getpixel((0, 0)) == (250, 7, 130)


def test_an_opened_picture_keeps_what_it_is():
    opened = Image.open(io.BytesIO(file("RGB", (255, 0, 0), SWAPPED)))
    assert decode(opened).getpixel((0, 0)) == decode(opened).getpixel((0, 0)) == (0, 255, 0)
    assert opened.getpixel((0, 0)) == (255, 0, 0) and opened.info["icc_profile"] == SWAPPED
    assert decode(decode(opened)).getpixel((0, 0)) == (0, 255, 0)


def test_what_is_trained_on_is_srgb(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    for name, kind in (("a.png", "PNG"), ("b.jpg", "JPEG")):
        (tmp_path / name).write_bytes(file("RGB", (255, 0, 0), SWAPPED, kind, (20, 24)))
    found = data.load(data.DataOptions(dataset=str(tmp_path), size=8), progress=False)
    assert np.abs(found.images[:, :, 4, 4].astype(int) - (0, 255, 0)).max() <= 2


def test_a_label_map_takes_the_palettes_colours_as_they_are_seen():
    red, green, blue = facades.PALETTE[facades.CLASSES.index("door")].tolist()
    drawn = decode(file("RGB", (green, red, blue), SWAPPED), srgb=False)
    _, label_map = pairs._finish([drawn, drawn], 4, 1)
    assert label_map.getpixel((0, 0)) == (red, green, blue)
