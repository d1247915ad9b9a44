import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from train.reading.data import Feed
from train.reading.decoded import Streamed
from train.reading.files import NoSplit
from train.reading.pairs import PairOptions, load_pairs
from zoo import facades
from zoo.errors import DataError

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def no_traces(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)


def photo(size: tuple[int, int] = (8, 8), colour=RED) -> Image.Image:
    return Image.new("RGB", size, colour)


def save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def load(folder: Path, **options):
    return load_pairs(PairOptions(dataset=str(folder), size=8, **options), progress=False)


def refusal(folder: Path, **options) -> str:
    with pytest.raises(DataError) as raised:
        load(folder, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def write_table(folder: Path, **columns: list[Image.Image]) -> None:
    import datasets

    def cell(picture: Image.Image) -> dict:
        file = io.BytesIO()
        picture.save(file, "PNG")
        return {"bytes": file.getvalue(), "path": None}

    (folder / "data").mkdir(parents=True)
    cells = {name: [cell(picture) for picture in pictures] for name, pictures in columns.items()}
    features = datasets.Features({name: datasets.Image() for name in columns})
    table = datasets.Dataset.from_dict(cells, features=features)
    table.to_parquet(folder / "data/train-00000-of-00001.parquet")


def colour_of(array: np.ndarray) -> tuple:
    assert (array == array[:, :1, :1]).all()
    return tuple(array[:, 0, 0].tolist())


@pytest.mark.parametrize("direction", [None, "AtoB", "BtoA"])
def test_two_folders_and_side_by_side_pictures_state_their_direction(tmp_path, direction):
    save(photo(colour=RED), tmp_path / "two/A/x.png")
    save(photo(colour=BLUE), tmp_path / "two/B/x.bmp")
    both = Image.new("RGB", (16, 8), BLUE)
    both.paste(RED, (0, 0, 8, 8))
    save(both, tmp_path / "one/x.png")
    for folder in (tmp_path / "two", tmp_path / "one"):
        found = load(folder, direction=direction)
        sides = [colour_of(found.maps[0]), colour_of(found.images[0])]
        assert [side.index(max(side)) for side in sides] == ([2, 0] if direction == "BtoA" else [0, 2])
        assert found.maps.shape == (1, 3, 8, 8) and found.palette is None


def test_two_columns_are_input_and_target(tmp_path):
    write_table(tmp_path / "maps", street=[photo(colour=RED)] * 2, satellite=[photo(colour=BLUE)] * 2)
    found = load(tmp_path / "maps", input_column="street", target_column="satellite")
    assert (colour_of(found.maps[1]), colour_of(found.images[1])) == (RED, BLUE)
    assert "which of street, satellite" in refusal(tmp_path / "maps")
    assert "go together" in refusal(tmp_path / "maps", input_column="street")
    assert "there are street" in refusal(tmp_path / "maps", input_column="street", target_column="b")
    both = {"input_column": "street", "target_column": "satellite", "direction": "AtoB"}
    assert "leave it out" in refusal(tmp_path / "maps", **both)


def test_pictures_and_maps_stay_in_register_when_they_are_cut_to_their_middle(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(256, size=(20, 31, 3), dtype=np.uint8))
    save(noise, tmp_path / "set/A/x.png")
    save(noise, tmp_path / "set/B/x.png")
    found = load(tmp_path / "set")
    assert np.array_equal(found.images, found.maps)


def test_splits_of_two_folders_and_of_side_by_side_pictures(tmp_path):
    for split, n in (("train", 1), ("val", 2)):
        for i in range(n):
            save(photo((16, 8)), tmp_path / f"one/{split}/{i}.png")
            for side in "AB":
                save(photo(), tmp_path / f"outside/{split}/{side}/{i}.png")
                save(photo(), tmp_path / f"inside/{side}/{split}/{i}.png")
    for name in ("one", "outside", "inside"):
        assert [len(load(tmp_path / name, split=split)) for split in ("train", "val")] == [1, 2]


def test_facades_go_from_map_to_photograph_with_the_map_snapped_to_its_palette(tmp_path):
    labels = np.zeros((256, 256, 3), np.uint8)
    labels[:] = facades.PALETTE[1]
    labels[64:128, 64:128] = facades.PALETTE[2]
    blurred = labels.copy()
    blurred[::7, ::5] += 3  # what JPEG does to it
    write_table(tmp_path / "facades", imageA=[photo((256, 256))], imageB=[Image.fromarray(blurred)])
    options = PairOptions(data_dir=tmp_path)
    found = load_pairs(options, progress=False)
    assert (found.name, found.size, found.palette) == ("facades", 256, "facades")
    assert colour_of(found.images[0]) == RED
    assert np.array_equal(found.maps[0], labels.transpose(2, 0, 1))
    back = load_pairs(PairOptions(data_dir=tmp_path, direction="AtoB"), progress=False)
    assert colour_of(back.maps[0]) == RED and back.palette is None
    assert np.array_equal(back.images[0], labels.transpose(2, 0, 1))


def test_halves_of_unequal_size_are_refused_by_name(tmp_path):
    save(photo((8, 8)), tmp_path / "set/A/x.png")
    save(photo((8, 9)), tmp_path / "set/B/x.png")
    assert "A/x.png" in refusal(tmp_path / "set") and "8x8, the target 8x9" in refusal(tmp_path / "set")
    write_table(tmp_path / "table", imageA=[photo((8, 8))], imageB=[photo((9, 8))])
    assert "row 0: the input is 8x8, the target 9x8" in refusal(tmp_path / "table")


def test_a_missing_half_is_refused_by_name(tmp_path):
    for path in ("A/x.png", "A/y.png", "B/x.png"):
        save(photo(), tmp_path / "set" / path)
    assert "A/y.png has no other half" in refusal(tmp_path / "set")
    save(photo(), tmp_path / "lone/A/x.png")
    assert "but no B/" in refusal(tmp_path / "lone")


def test_two_files_of_one_name_are_refused(tmp_path):
    for path in ("A/x.png", "A/x.jpg", "B/x.png"):
        save(photo(), tmp_path / "set" / path)
    assert "the same name" in refusal(tmp_path / "set")


@pytest.mark.parametrize("size", [(17, 8), (8, 8), (24, 8)])
def test_a_side_by_side_picture_is_twice_as_wide_as_high_or_refused_by_name(size, tmp_path):
    save(photo(size), tmp_path / "set/x.png")
    said = f"x.png: an A|B picture is twice as wide as high, not {size[0]}x8"
    assert said in refusal(tmp_path / "set")


LAYOUTS = ("{a}/{split}", "{split}/{a}", "{split}{a}", "{split}_{a}")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("a, b", [("A", "B"), ("input", "target")])
def test_the_usual_layouts_are_understood_split_by_split(layout, a, b, tmp_path):
    """At 2:1, which halves of A|B pictures would have, too."""
    for split, n in (("train", 1), ("test", 2)):
        for i in range(n):
            save(photo((16, 8), RED), tmp_path / "set" / layout.format(split=split, a=a) / f"{i}.png")
            save(photo((16, 8), BLUE), tmp_path / "set" / layout.format(split=split, a=b) / f"{i}.png")
    for split, n in (("train", 1), ("test", 2)):
        found = load(tmp_path / "set", split=split)
        assert len(found) == n and colour_of(found.maps[0]) == RED and colour_of(found.images[0]) == BLUE
    with pytest.raises(NoSplit):
        load(tmp_path / "set", split="val")


def test_folders_of_no_known_layout_are_refused_by_naming_those_there_are(tmp_path):
    for side in ("photos", "maps"):
        save(photo((16, 8)), tmp_path / "set" / side / "0.png")
    message = refusal(tmp_path / "set")
    assert (
        "has folders maps, photos" in message and "trainA/ trainB/" in message and "input/ target/" in message
    )
    save(photo((16, 8)), tmp_path / "half/trainA/0.png")
    assert "a folder trainA/ but no trainB/" in refusal(tmp_path / "half")


def test_a_table_with_a_missing_half_is_refused_by_row(tmp_path):
    import datasets

    (tmp_path / "set/data").mkdir(parents=True)
    file = io.BytesIO()
    photo().save(file, "PNG")
    cell = {"bytes": file.getvalue(), "path": None}
    features = datasets.Features({"imageA": datasets.Image(), "imageB": datasets.Image()})
    table = datasets.Dataset.from_dict({"imageA": [cell, cell], "imageB": [cell, None]}, features=features)
    table.to_parquet(tmp_path / "set/data/train-00000-of-00001.parquet")
    assert "row 1 holds no picture" in refusal(tmp_path / "set")


@pytest.mark.parametrize("gb", [0, 1])
def test_batches_keep_pairs_together_resident_or_streamed(tmp_path, gb):
    for i in range(6):
        for side in "AB":
            save(photo(colour=(40 * i, 0, 0)), tmp_path / f"set/{side}/{i}.png")
    found = load(tmp_path / "set", resident_gb=gb, channels=3)
    assert isinstance(found.images, Streamed) == isinstance(found.maps, Streamed) == (gb == 0)
    raw = next(Feed(found, 4, seed=1, workers=0).batches())
    assert torch.equal(raw.images, raw.condition)
    assert raw.condition.shape == (4, 3, 8, 8) and len(raw.images[:, 0, 0, 0].unique()) == 4
