import io
import itertools

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from zoo import pictures
from zoo.errors import DataError, Refused


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def pixels(picture: Image.Image) -> list:
    return [picture.getpixel((x, y)) for y in range(picture.height) for x in range(picture.width)]


# --- tensors and PIL


def test_all_256_values_survive_scaling_to_floats_and_back():
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(pictures.to_uint8(pictures.to_float(values)), values)


def test_scaling_spans_minus_one_to_one_and_clamps_what_lies_beyond():
    assert pictures.to_float(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1.0, 1.0]
    assert pictures.to_uint8(torch.tensor([-7.0, 7.0])).tolist() == [0, 255]
    assert pictures.to_uint8(torch.tensor([0.1])).item() == 140  # 140.25, rounded rather than cut


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_tensors_become_pictures_of_their_channels(channels, mode):
    x = torch.randint(256, (channels, 2, 5), dtype=torch.uint8)
    picture = pictures.to_pil(x)
    assert (picture.mode, picture.size) == (mode, (5, 2))
    back = torch.from_numpy(np.array(picture)).reshape(2, 5, channels).permute(2, 0, 1)
    assert torch.equal(back, x)
    assert picture.tobytes() == pictures.to_pil(pictures.to_float(x)).tobytes()


def test_a_tensor_of_another_shape_is_refused():
    with pytest.raises(Refused, match=r"\(4, 2, 2\)"):
        pictures.to_pil(torch.zeros(4, 2, 2))


# --- decoding


@pytest.mark.parametrize(
    ("picture", "options", "mode", "colour"),
    [
        (Image.new("L", (2, 2), 9), {}, "L", 9),
        (Image.new("1", (2, 2), 1), {}, "L", 255),
        (Image.new("RGB", (2, 2), (1, 2, 3)), {}, "RGB", (1, 2, 3)),
        (Image.new("RGBA", (2, 2), (255, 0, 0, 0)), {}, "RGB", (255, 255, 255)),
        (Image.new("RGBA", (2, 2), (255, 0, 0, 51)), {}, "RGB", (255, 204, 204)),
        (Image.new("LA", (2, 2), (0, 51)), {}, "L", 204),
        (Image.new("RGB", (2, 2), (5, 6, 7)).convert("P"), {"transparency": 0}, "RGB", None),
        (Image.new("L", (2, 2), 9), {"transparency": 9}, "L", 255),
        (Image.new("RGB", (2, 2), (1, 2, 3)), {"transparency": (1, 2, 3)}, "RGB", (255, 255, 255)),
        (Image.fromarray(np.full((2, 2), 40_000, np.uint16)), {}, "L", 156),
        (Image.fromarray(np.full((2, 2), 257, np.uint16)), {}, "L", 1),
    ],
)
def test_png_of_every_mode_becomes_grey_or_rgb_with_transparency_on_white(picture, options, mode, colour):
    decoded = pictures.decode(encoded(picture, **options))
    assert decoded.mode == mode
    assert colour is None or set(pixels(decoded)) == {colour}


def test_the_transparent_entry_of_a_palette_is_white():
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putdata([0, 1])
    for kind in ("PNG", "GIF"):
        decoded = pictures.decode(encoded(picture, kind, transparency=0))
        assert pixels(decoded) == [(255, 255, 255), (40, 50, 60)]
        assert set(pixels(pictures.decode(encoded(picture, kind)))) == {(10, 20, 30), (40, 50, 60)}


@pytest.mark.parametrize(
    ("values", "grey"),
    [
        (np.float32([[0, 0.2, 1]]), [0, 51, 255]),
        (np.float32([[0, 51, 255]]), [0, 51, 255]),
        (np.float32([[np.nan, -1, 1]]), [0, 0, 255]),
        (np.int32([[0, 51, 255]]), [0, 51, 255]),
        (np.int32([[0, 257, 65535]]), [0, 1, 255]),
        (np.int32([[0, 20000, 100000]]), [0, 51, 255]),
    ],
)
def test_floats_and_wide_integers_are_scaled_by_the_white_they_seem_to_have(values, grey):
    decoded = pictures.decode(encoded(Image.fromarray(values), "TIFF"))
    assert decoded.mode == "L"
    assert pixels(decoded) == grey


def test_cmyk_becomes_rgb():
    decoded = pictures.decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = decoded.getpixel((4, 4))
    assert decoded.mode == "RGB" and red > 245 and green < 10 and blue < 10


def test_a_photograph_held_sideways_is_turned_upright():
    picture = Image.new("L", (2, 1))
    picture.putdata([0, 200])
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it
    upright = pictures.decode(encoded(picture, exif=exif))
    assert upright.size == (1, 2)
    assert pixels(upright) == [0, 200]


def test_a_picture_already_opened_is_decoded_too():
    assert pictures.decode(Image.new("RGBA", (1, 1), (0, 0, 0, 0))).getpixel((0, 0)) == (255, 255, 255)


def test_what_is_no_picture_is_refused_in_one_line(tmp_path):
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise))
    (tmp_path / "notes.png").write_text("not one")
    sources = [
        b"",
        b"hello",
        whole[: len(whole) // 2],
        tmp_path / "notes.png",
        tmp_path / "none.png",
    ]
    for source in sources:
        with pytest.raises(DataError) as raised:
            pictures.decode(source)
        assert "\n" not in str(raised.value)
    assert "none.png" in str(raised.value)


def test_postscript_is_not_handed_to_another_program():
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n"
    with pytest.raises(DataError, match="not a picture"):
        pictures.decode(postscript)


def test_a_decompression_bomb_is_refused_before_its_pixels_are_allocated(monkeypatch):
    assert pictures.decode.__kwdefaults__["most"] == pictures.MAX_PIXELS
    assert pictures.decode(encoded(Image.new("L", (9, 11))), most=99).size == (9, 11)
    bomb = encoded(Image.new("L", (10, 10)))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("its pixels were read"))
    with pytest.raises(DataError, match="10x10 is more than 99 pixels"):
        pictures.decode(bomb, most=99)


# --- fitting, grids, animations


def test_fit_takes_the_middle_square():
    picture = Image.new("RGB", (30, 10), "red")
    picture.paste("blue", (10, 0, 20, 10))
    assert set(pixels(pictures.fit(picture, 10))) == {(0, 0, 255)}
    assert pictures.fit(picture, 5).size == (5, 5)


def test_fit_leaves_a_picture_of_the_right_size_alone():
    picture = Image.effect_noise((8, 8), 50)
    assert pictures.fit(picture, 8) is picture


def test_shrinking_is_antialiased():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    shrunk = np.asarray(pictures.fit(Image.fromarray(stripes), 8))
    assert shrunk.min() > 110 and shrunk.max() < 145


def test_a_grid_lies_row_by_row_without_gaps_on_white():
    batch = torch.arange(5, dtype=torch.uint8).reshape(5, 1, 1, 1).expand(5, 1, 2, 2)
    values = np.asarray(pictures.grid(batch))  # 3 columns, 2 rows
    assert values.shape == (4, 6)
    assert values[::2, ::2].tolist() == [[0, 1, 2], [3, 4, 255]]
    assert np.asarray(pictures.grid(batch, columns=5))[::2, ::2].tolist() == [[0, 1, 2, 3, 4]]


def test_a_colour_grid_of_floats_keeps_its_pictures():
    batch = torch.rand(4, 3, 5, 7) * 2 - 1
    sheet = pictures.grid(batch)
    assert sheet.size == (14, 10)
    assert sheet.crop((7, 5, 14, 10)).tobytes() == pictures.to_pil(batch[3]).tobytes()


@pytest.mark.parametrize("batch", [torch.zeros(0, 3, 4, 4), torch.zeros(3, 4, 4)])
def test_a_grid_of_nothing_is_refused(batch):
    with pytest.raises(Refused, match="a grid needs pictures"):
        pictures.grid(batch)


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_an_animation_has_its_frames_and_speed_and_loops_for_ever(tmp_path, suffix):
    path = tmp_path / f"morph.{suffix}"
    pictures.save_animation([Image.new("RGB", (8, 8), c) for c in ("red", "lime", "blue")], path, fps=4)
    with Image.open(path) as animation:
        assert animation.n_frames == 3
        animation.seek(1)
        animation.load()
        assert (animation.info["duration"], animation.info["loop"]) == (250, 0)
        red, green, blue = animation.convert("RGB").getpixel((4, 4))
        assert green > 200 and red < 60 and blue < 60


def read_back(path) -> list[tuple[np.ndarray, int]]:
    """(picture, milliseconds) of each frame that a file has; equal neighbours may have become one."""
    with Image.open(path) as film:
        return [
            (np.asarray(frame.convert("RGB")).astype(int), frame.info["duration"])
            for frame in ImageSequence.Iterator(film)
        ]


@pytest.mark.parametrize(("quality", "off"), [(None, 0), (85, 2.5), (35, 5)])
def test_slow_motion_is_seen_in_every_frame(tmp_path, quality, off):
    """A wave that moves a pixel by two or three grey levels from frame to frame, as a walk in latent space does."""
    y, x = np.mgrid[:96, :96]
    waves = [128 + 60 * np.sin(x / 9 + t / 25) * np.cos(y / 11 - t / 25) for t in range(40)]
    given = [np.stack([wave, wave.T, 255 - wave], 2).astype(np.uint8) for wave in waves]
    frames = [Image.fromarray(frame) for frame in given]
    pictures.save_animation(frames, tmp_path / "walk.webp", fps=20, quality=quality)
    seen = read_back(tmp_path / "walk.webp")
    assert len(seen) == 40 and {milliseconds for _, milliseconds in seen} == {50}
    errors = [np.abs(picture - frame).mean() for (picture, _), frame in zip(seen, given, strict=True)]
    assert max(errors) <= off
    moved = [np.abs(b - a).mean() for (a, _), (b, _) in itertools.pairwise(seen)]
    wanted = [np.abs(b.astype(int) - a).mean() for a, b in itertools.pairwise(given)]
    assert all(m > 0.8 * w for m, w in zip(moved, wanted, strict=True))


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_a_frame_that_is_given_again_stays_for_as_long(tmp_path, suffix):
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "lime", "lime", "lime", "blue", "blue")]
    pictures.save_animation(frames, tmp_path / f"held.{suffix}", fps=4)
    shown = {}
    for picture, milliseconds in read_back(tmp_path / f"held.{suffix}"):
        name = ("red", "lime", "blue")[int(picture[4, 4].argmax())]
        shown[name] = shown.get(name, 0) + milliseconds
    assert shown == {"red": 250, "lime": 750, "blue": 500}


def test_an_animation_of_another_kind_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(Refused, match=r"morph\.mp4"):
        pictures.save_animation([Image.new("L", (8, 8))], tmp_path / "morph.mp4")
    assert not list(tmp_path.iterdir())


def test_a_speed_that_a_format_cannot_hold_is_refused_and_a_gifs_is_the_nearest_that_it_can(tmp_path):
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "lime")]
    for fps, milliseconds in ((30, 30), (48, 20), (8, 120), (0.01, 100_000)):  # hundredths of a second
        pictures.save_animation(frames, tmp_path / "a.gif", fps=fps)
        assert [duration for _, duration in read_back(tmp_path / "a.gif")] == [milliseconds] * 2
    for kind, fps in (("gif", 60), ("gif", 0.001), ("webp", 2000), ("webp", 0.001), ("webp", float("nan"))):
        with pytest.raises(Refused, match="a frame and a speed"):
            pictures.animation(frames, kind, fps=fps)


@pytest.mark.parametrize("columns", [0, -1, 2.5])
def test_columns_that_are_none_are_refused(columns):
    with pytest.raises(Refused, match="column"):
        pictures.grid(torch.zeros(4, 3, 8, 8), columns)


def test_an_animation_is_of_one_size_and_a_format_that_it_knows():
    one, other = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 9))
    for frames, more, wrong in (
        ([one, one], {"kind": "mp4"}, "mp4"),
        ([one, other], {"quality": 50}, "one size"),
    ):
        with pytest.raises(Refused, match=wrong):
            pictures.animation(frames, **more)


def test_a_path_may_be_a_text(tmp_path):
    Image.new("RGB", (3, 2), "red").save(tmp_path / "a.png")
    assert pictures.decode(str(tmp_path / "a.png")).size == (3, 2)
