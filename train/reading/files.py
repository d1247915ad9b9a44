"""A folder of picture files, its splits and class folders; MNIST's IDX files. Decodes no picture."""

import gzip
from pathlib import Path

import numpy as np

from zoo import pictures
from zoo.errors import DataError

SPLITS = {"train", "test", "validation", "valid", "val"}


def holds_idx(folder: Path) -> bool:
    return any(folder.glob("*-images-idx3-ubyte*"))


def read_idx(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's format, gzipped or not: pictures (n, height, width) uint8, labels (n,) int64."""
    stem = {"train": "train", "test": "t10k"}.get(split)
    if stem is None:
        raise DataError(f"'{folder.name}' has no split '{split}': it has train, test")
    images = _idx_array(folder, f"{stem}-images-idx3-ubyte", 3)
    labels = _idx_array(folder, f"{stem}-labels-idx1-ubyte", 1).astype(np.int64)
    if len(images) != len(labels):
        raise DataError(f"'{folder.name}' has {len(images)} pictures but {len(labels)} labels")
    return images, labels


def _idx_array(folder: Path, name: str, dimensions: int) -> np.ndarray:
    path = next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)
    if path is None:
        raise DataError(f"no file '{name}' or '{name}.gz' in {folder}")
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        header = np.frombuffer(data, ">u4", 1 + dimensions)
        if header[0] != 0x0800 + dimensions:  # 08: unsigned bytes
            raise ValueError("not an IDX file of bytes")
        return np.frombuffer(data, np.uint8, offset=header.nbytes).reshape(header[1:].astype(int))
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"cannot read {path}: {one_line(error)}") from error


def walk(folder: Path) -> list[Path]:
    """Files below a folder, in the order of their names; hidden ones are passed over."""
    visible = [path for path in folder.iterdir() if not hidden(path)]
    files = [[path] if path.is_file() else walk(path) if path.is_dir() else [] for path in sorted(visible)]
    return [path for group in files for path in group]


def hidden(path: Path) -> bool:
    return path.name.startswith((".", "__"))  # "__": archivers leave __MACOSX behind


def subfolders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not hidden(path))


def picture_files(folder: Path) -> list[Path]:
    return [path for path in walk(folder) if path.suffix.lower() in pictures.SUFFIXES]


def split_folder(folder: Path, split: str) -> Path:
    """The split's part of a folder whose folders are train/, test/ and the like; else all of it."""
    parts = subfolders(folder)
    if parts and SPLITS.issuperset(parts):
        if split not in parts:
            raise DataError(f"'{folder.name}' has no split '{split}': it has {', '.join(parts)}")
        return folder / split
    if split != "train":
        raise DataError(
            f"'{folder.name}' is not divided into train/ and test/: its pictures are all in split train"
        )
    return folder


def folder_labels(folder: Path, files: list[Path]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Class folders as labels, in the order of their names; none where pictures lie outside class folders."""
    classes = [path.relative_to(folder).parts[0] for path in files if path.parent != folder]
    if len(classes) < len(files) or not files:
        return None, ()
    names = subfolders(folder)
    for name in names:
        if name not in classes:
            raise DataError(f"class folder '{name}' holds no picture: fill it or remove it")
    return np.array([names.index(name) for name in classes], np.int64), tuple(names)


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
