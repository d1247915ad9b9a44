"""A folder of picture files, its splits and class folders; MNIST's IDX files. Decodes no picture."""

import gzip
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from zoo import pictures
from zoo.errors import DataError

T = TypeVar("T")
SPLITS = ("train", "test", "validation", "valid", "val")


class NoSplit(DataError):
    """A set without the split that was asked for. `there`: those that it has."""

    def __init__(self, message: str, there: Iterable[str]):
        super().__init__(message)
        self.there = tuple(there)


def holds_idx(folder: Path) -> bool:
    return any(folder.glob("*-images-idx3-ubyte*"))


def holds_bytes(table: Path) -> bool:
    """Whether a column of a Parquet file can hold encoded pictures."""
    from pyarrow import parquet, types

    kinds = [field.type for field in parquet.read_schema(table)]
    kinds += [part.type for kind in kinds if types.is_struct(kind) for part in kind]
    return any(types.is_binary(kind) or types.is_large_binary(kind) for kind in kinds)


def read_idx(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's format, gzipped or not: pictures (n, height, width) uint8, labels (n,) int64."""
    stems = {"train": "train", "test": "t10k"}
    there = [name for name, stem in stems.items() if any(folder.glob(f"{stem}-*-ubyte*"))]
    if split not in stems:
        raise NoSplit(f"'{folder.name}' has no split '{split}': it has {', '.join(there)}", there)
    stem = stems[split]
    if split not in there:
        raise NoSplit(f"'{folder.name}' has no split '{split}': no file '{stem}-images-idx3-ubyte'", there)
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


def walk(folder: Path, within: tuple[Path, ...] = ()) -> list[Path]:
    """Files below a folder, in the order of their names; hidden ones and links to a folder above are passed over."""
    within += (folder.resolve(),)
    found = []
    try:
        for path in sorted(path for path in folder.iterdir() if not hidden(path)):
            if path.is_file():
                found.append(path)
            elif path.is_dir() and path.resolve() not in within:
                found += walk(path, within)
    except PermissionError as error:
        raise DataError(f"{error.filename} may not be read: {error.strerror}") from None
    return found


def hidden(path: Path) -> bool:
    return path.name.startswith((".", "__"))  # "__": archivers leave __MACOSX behind


def subfolders(folder: Path, within: tuple[Path, ...] = ()) -> list[str]:
    above = (*within, folder.resolve())
    inner = (path for path in folder.iterdir() if path.is_dir() and not hidden(path))
    return sorted(path.name for path in inner if path.resolve() not in above)


def all_folders(folder: Path, within: tuple[Path, ...] = ()) -> list[str]:
    """Those below it at any depth, by their path in it, as `walk` finds them."""
    names, within = subfolders(folder, within), (*within, folder.resolve())
    deeper = [f"{name}/{below}" for name in names for below in all_folders(folder / name, within)]
    return sorted(names + deeper)


def picture_files(folder: Path) -> list[Path]:
    return [path for path in walk(folder) if path.suffix.lower() in pictures.SUFFIXES]


def find_unseen(read: Callable[[str], T]) -> T:
    """What `read` makes of the test split, else of the validation split, by whatever name; NoSplit where there is none.

    Any other fault of them is an error: training pictures are no stand-in for a broken test split.
    """
    try:
        return read("test")
    except NoSplit as error:
        for split in ("validation", "valid", "val"):
            if split in error.there:
                return read(split)
        raise


def passed_over(folder: Path, taken: Sequence[Path]) -> Counter[str]:
    """Files below a folder that are none of the pictures `taken`, by suffix, and links that lead nowhere."""
    others = set(walk(folder)) - set(taken)
    broken = [path for path in folder.rglob("*") if path.is_symlink() and not path.exists()]
    return Counter(path.suffix.lower() or "without suffix" for path in others) + Counter(
        ["broken links"] * len(broken)
    )


# The share of a folder of one's own that is kept from training, and from how many pictures on.
HOLDOUT, FROM = 0.1, 500


def has_training_pictures_alone(read: Callable[[str], object]) -> bool:
    """Whether `read` finds no split but train: no pictures to take figures against, unless some are held out."""
    try:
        read("test")
    except NoSplit as error:
        return set(error.there) <= {"train"}
    return False


def held_out(names: Sequence[str], share: float | None) -> np.ndarray:
    """Which pictures (n,) are kept from training, by their names alone: the same ones wherever the folder lies.

    Of a class folder the last one is not. `share` None: HOLDOUT of FROM pictures or more.
    """
    if share is None:
        share = HOLDOUT if len(names) >= FROM else 0.0
    left = Counter(Path(name).parts[0] for name in names if "/" in name)
    taken = np.zeros(len(names), bool)
    for row in sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest()):
        if taken.sum() >= round(share * len(names)):
            break
        of = Path(names[row]).parts[0]
        if left.get(of, 2) > 1:
            left[of] -= 1
            taken[row] = True
    return taken


def splits(folder: Path) -> list[str]:
    """Its folders train/, test/ and the like; none where it is not divided ("train" may be a class of vehicles)."""
    parts = subfolders(folder)
    found = [part for part in parts if part.lower() in SPLITS]
    if len(found) < 2 and found != parts:
        return []
    if wrong := [part for part in found if part != part.lower()]:
        raise DataError(
            f"'{folder.name}' has a folder '{wrong[0]}': call it '{wrong[0].lower()}', as splits are"
        )
    return found


def split_folder(folder: Path, split: str) -> Path:
    """The split's part of a folder that is divided; else all of it."""
    parts = splits(folder)
    if parts and split not in parts:
        raise NoSplit(f"'{folder.name}' has no split '{split}': it has {', '.join(parts)}", parts)
    if not parts and split != "train":
        raise NoSplit(
            f"'{folder.name}' is not divided into train/ and test/: its pictures are all in split train",
            ["train"],
        )
    return folder / split if parts else folder


class Labels(NamedTuple):
    """Of a folder's files (n,) int64, None where there are none; `why` not, though there are class folders."""

    numbers: np.ndarray | None = None
    names: tuple[str, ...] = ()
    why: str = ""


def split_labels(folder: Path, split: str, files: list[Path]) -> Labels:
    """Labels of a split's `files`, numbered as in the training split where there is one."""
    found = folder_labels(split_folder(folder, split), files)
    if found.numbers is None or split == "train" or "train" not in splits(folder):
        return found
    training = folder / "train"
    wanted = folder_labels(training, picture_files(training)).names
    return Labels(numbered_as(wanted, found.numbers, found.names, split), wanted) if wanted else found


def numbered_as(wanted: Sequence[str], labels: np.ndarray, names: Sequence[str], split: str) -> np.ndarray:
    """Labels (n,) that count `names`, so that they count `wanted`. DataError names classes that are not among them."""
    foreign = [names[k] for k in np.unique(labels) if names[k] not in wanted]
    if foreign:
        raise DataError(f"split '{split}' has classes that split 'train' lacks: {', '.join(foreign[:9])}")
    numbers = {name: number for number, name in enumerate(wanted)}
    return np.array([numbers.get(name, -1) for name in names], np.int64)[labels]


def folder_labels(folder: Path, files: list[Path]) -> Labels:
    """Class folders as labels, in the order of their names; none where a class is empty or a picture has none."""
    classes = [path.relative_to(folder).parts[0] for path in files if path.parent != folder]
    if not classes:
        return Labels()
    if stray := [path.name for path in files if path.parent == folder]:
        more = f" and {len(stray) - 1} more lie" if len(stray) > 1 else " lies"
        return Labels(why=f"{stray[0]}{more} beside the class folders: for classes, move them into one")
    names = subfolders(folder)
    if empty := [name for name in names if name not in classes]:
        return Labels(why=f"class folder '{empty[0]}' holds no picture: fill it or remove it")
    return Labels(np.array([names.index(name) for name in classes], np.int64), tuple(names))


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
