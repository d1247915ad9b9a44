"""Made-up sets of pictures, in each of the forms they come in, and what reading them is answered with."""

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from train.reading.data import DataOptions, load
from train.reading.decoded import Pictures
from zoo.errors import DataError


def noise(n: int, size: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    shape = (n, size, size, channels) if channels == 3 else (n, size, size)
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def write_table(folder: Path, columns: dict, features: dict, split: str = "train") -> None:
    """Parquet in the Hub's layout."""
    import datasets

    (folder / "data").mkdir(parents=True, exist_ok=True)
    table = datasets.Dataset.from_dict(columns, features=datasets.Features(features))
    table.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")


def write_cifar(folder: Path, arrays: np.ndarray, labels: list[int], names=("cat", "dog")) -> None:
    import datasets

    cells = [{"bytes": png(array), "path": None} for array in arrays]
    features = {"img": datasets.Image(), "label": datasets.ClassLabel(names=list(names))}
    write_table(folder, {"img": cells, "label": labels}, features)


def write_idx(folder: Path, images: np.ndarray, labels: list[int]) -> None:
    folder.mkdir(parents=True)
    shape = np.array(images.shape, ">u4").tobytes()
    body = b"\0\0\x08\x03" + shape + images.tobytes()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(body))
    header = b"\0\0\x08\x01" + np.array([len(labels)], ">u4").tobytes()
    (folder / "train-labels-idx1-ubyte").write_bytes(header + bytes(labels))


def write_pictures(folder: Path, **arrays: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        Image.fromarray(array).save(folder / f"{name}.png")
    return folder


def refusal(**options) -> str:
    with pytest.raises(DataError) as raised:
        load(DataOptions(**options), progress=False)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def made_up(n: int, size: int = 4, labels: bool = True) -> Pictures:
    """Picture i has the value i everywhere, and label i."""
    images = np.repeat(np.arange(n, dtype=np.uint8), 3 * size * size).reshape(n, 3, size, size)
    return Pictures("made-up", "made-up", None, "train", images, np.arange(n) if labels else None)
