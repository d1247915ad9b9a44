"""The palette is the data set's, snapping undoes JPEG, and invented buildings are label maps."""

import base64
import io
import zlib

import numpy as np
import pytest
from PIL import Image

from zoo import facades
from zoo.errors import DataError, Refused
from zoo.facades import CLASSES, PALETTE, random_building, snap, snap_array


def classes(picture) -> np.ndarray:
    """(h, w) indices into CLASSES; fails on any colour outside the palette."""
    hits = (np.asarray(picture)[:, :, None] == PALETTE).all(-1)
    assert hits.any(-1).all()
    return hits.argmax(-1)


def as_jpeg(picture: Image.Image, quality: int = 75) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def house() -> Image.Image:
    """A wall with windows that have thin sills, under a molding, and a door: no balcony, blind or shop."""
    labels = np.zeros((256, 256), np.uint8)

    def box(kind, x, y, width, height):
        labels[y : y + height, x : x + width] = CLASSES.index(kind)

    box("facade", 20, 30, 210, 226)
    box("molding", 16, 30, 218, 11)
    for y in (60, 125):
        for x in (41, 90, 139, 188):
            box("window", x, y, 21, 37)
            box("sill", x - 3, y + 37, 27, 4)
    box("door", 110, 200, 30, 56)
    return Image.fromarray(PALETTE[labels])


def test_the_classes_and_colours_are_the_data_sets_in_its_order():
    names = "background facade window door cornice sill balcony blind deco molding pillar shop"
    assert tuple(names.split()) == CLASSES
    assert PALETTE.dtype == np.uint8
    assert PALETTE.tolist() == [
        *([0, 0, 223], [0, 48, 255], [0, 128, 255], [0, 207, 255], [32, 255, 223], [112, 255, 143]),
        *([191, 255, 64], [255, 239, 0], [255, 159, 0], [255, 80, 0], [255, 0, 0], [175, 0, 0]),
    ]


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_snapping_undoes_jpeg_and_invents_no_class(quality):
    before = classes(house())
    after = classes(snap(as_jpeg(house(), quality)))
    assert (before == after).mean() >= 0.99
    assert set(np.unique(after)) == set(np.unique(before))


def test_snapping_undoes_resizing():
    big = house().resize((700, 700), Image.Resampling.NEAREST)
    after = classes(snap(as_jpeg(big.resize((256, 256), Image.Resampling.BICUBIC))))
    assert (classes(house()) == after).mean() >= 0.99


def test_a_thin_sill_survives_jpeg_though_most_of_its_pixels_lose_their_colour():
    sill = CLASSES.index("sill")
    blurred = as_jpeg(house())
    distance = np.linalg.norm(np.asarray(blurred, np.float64) - PALETTE[sill], axis=-1)
    before, after = classes(house()) == sill, classes(snap(blurred)) == sill
    assert (distance[before] <= 30).mean() < 0.5
    assert (after & before).sum() >= 0.9 * before.sum()


def test_random_buildings_come_back_from_jpeg():
    right = [(classes(b) == classes(snap(as_jpeg(b)))).mean() for b in map(random_building, range(12))]
    assert np.mean(right) >= 0.99


def test_a_map_of_exact_colours_is_unchanged_even_where_it_is_one_pixel_thin():
    noise = PALETTE[np.random.default_rng(0).integers(0, 12, (64, 64))]
    assert (snap_array(noise) == noise).all()
    once = snap(as_jpeg(house()))
    assert snap(once).tobytes() == once.tobytes()


def test_the_rest_is_filled_from_the_nearest_pixel_and_not_the_nearest_colour():
    labels = np.random.default_rng(1).integers(0, 12, (13, 17))
    confident = np.zeros(labels.shape, bool)
    confident[[1, 2, 9, 12], [3, 15, 8, 0]] = True
    filled = facades._filled(labels, confident, np.zeros((*labels.shape, 12), np.float32))
    spots = np.argwhere(confident)
    for spot in np.ndindex(labels.shape):
        squares = ((spots - spot) ** 2).sum(-1)
        nearest = {labels[tuple(s)] for s in spots[squares == squares.min()]}
        assert filled[spot] in nearest


def test_a_door_beside_a_wall_gets_no_rim_of_window():
    wall, window, door = PALETTE[1:4]
    hwc = np.empty((40, 40, 3), np.uint8)
    hwc[:, :20], hwc[:, 20:] = wall, door
    hwc[:, 20] = (wall.astype(int) + door) // 2
    assert np.abs(hwc[0, 20] - window.astype(int)).max() <= 1
    assert set(np.unique(classes(snap_array(hwc)))) == {1, 3}


def test_where_nothing_is_confident_the_nearest_colour_is_taken():
    odd = np.full((8, 8, 3), (255, 120, 255), np.uint8)
    assert len(np.unique(classes(snap_array(odd)))) == 1


@pytest.mark.parametrize("mode", ["P", "RGBA", "L", "CMYK"])
def test_any_mode_of_picture_becomes_rgb(mode):
    picture = house().resize((30, 20)).convert(mode)
    snapped = snap(picture)
    assert (snapped.mode, snapped.size) == ("RGB", (30, 20))
    classes(snapped)


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)]
)
def test_other_arrays_are_refused(bad):
    with pytest.raises(ValueError, match="label map"):
        snap_array(bad)


def test_a_seed_gives_its_building_again_and_other_seeds_give_others():
    pictures = [random_building(seed).tobytes() for seed in range(20)]
    assert pictures == [random_building(seed).tobytes() for seed in range(20)]
    assert len(set(pictures)) == 20


def test_every_random_building_is_a_label_map_with_wall_windows_and_background():
    shares = np.zeros(12)
    for seed in range(60):
        picture = random_building(seed)
        assert (picture.mode, picture.size) == ("RGB", (256, 256))
        counts = np.bincount(classes(picture).ravel(), minlength=12) / 256**2
        assert counts[0] > 0 and counts[1] > 0.1 and counts[2] > 0.02
        shares += counts / 60
    real = [0.20, 0.39, 0.13, 0.011, 0.025, 0.023, 0.05, 0.012, 0.021, 0.088, 0.019, 0.037]
    assert (shares > 0.4 * np.array(real)).all() and (shares < 2.5 * np.array(real)).all()


# --- as text


@pytest.mark.parametrize("seed", range(4))
def test_a_map_comes_back_from_its_text(seed):
    text = facades.pack(random_building(seed))
    assert len(text) < 2000 and text.replace("-", "").replace("_", "").isalnum()  # fit for a link
    assert np.array_equal(np.asarray(facades.unpack(text)), np.asarray(random_building(seed)))


def test_a_map_is_snapped_before_it_is_packed_and_has_one_size():
    assert facades.pack(as_jpeg(house(), 90)) == facades.pack(snap(as_jpeg(house(), 90)))
    with pytest.raises(DataError, match="256x256 pixels, not 40x256"):
        facades.pack(house().crop((0, 0, 40, 256)))


def raw(content: bytes) -> str:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.urlsafe_b64encode(squeeze.compress(content) + squeeze.flush()).decode()


@pytest.mark.parametrize(
    "text",
    ["", "A", "é", "no map", raw(b""), raw(bytes(65535)), raw(bytes(65537)),
     raw(bytes(65535) + b"\x0c"), raw(bytes(10**8))],
    ids=["nothing", "a letter", "no base64", "words", "no pixel", "one less", "one more", "no class", "bomb"],
)  # fmt: skip
def test_a_text_of_something_else_is_refused(text):
    with pytest.raises(DataError, match="holds no label map"):
        facades.unpack(text)


def test_a_building_of_a_seed_below_0_is_refused():
    with pytest.raises(Refused, match="seed -1"):
        random_building(-1)


@pytest.mark.parametrize("seed", [-1, 3.5, "3", None])
def test_a_building_needs_a_seed_that_is_one(seed):
    with pytest.raises(Refused, match="seed"):
        facades.random_building(seed)
