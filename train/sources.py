"""Where pictures come from: named sets, the Hub, its copies on disk, IDX files, folders. Decodes nothing."""

import gzip
import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from train.arguments import automatic
from zoo import pictures
from zoo.errors import DataError, unknown

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True)
class Named:
    """A data set with a short name. `hub` None: it cannot be fetched."""

    hub: str | None
    image: str
    size: int
    label: str | None = None
    map: str | None = None  # the other column of a set of pairs
    label_names: tuple[str, ...] = ()  # where the files do not hold them


# fmt: off
NAMED = {
    "cifar10": Named("uoft-cs/cifar10", "img", 32, label="label"),
    "fashion-mnist": Named(
        "zalando-datasets/fashion_mnist", "image", 28, label="label",
        label_names=("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                     "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    "facades": Named("huggan/facades", "imageA", 256, map="imageB"),
    "cats64": Named(None, "image", 64),
}
# fmt: on
DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")  # package dataset-fashion-mnist
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
SPLITS = {"train", "test", "validation", "valid", "val"}
MAX_CLASSES = 10_000


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What every kind of data set is asked for."""

    dataset: str = "cifar10"
    """a name (cifar10, fashion-mnist, cats64), an id of the Hub (owner/name), or a folder of pictures"""
    data_dir: Annotated[Path | None, automatic("DIR", "the environment's ZOO_DATA_DIR")] = None
    """folder with local copies in the Hub's layout, DIR/cifar10/ and so on"""
    split: str = "train"
    """which part of the data set"""
    revision: Annotated[str | None, automatic("REVISION", "the newest")] = None
    """commit, tag or branch of the Hub's copy; local copies are then left alone"""
    size: Annotated[int | None, automatic("PIXELS", "the data set's own; 64 for a folder")] = None
    """width and height; other pictures are cut to their middle square and resized"""
    channels: Annotated[Literal[1, 3] | None, automatic("1|3", "1 where every picture is grey")] = None
    """1 for grey, 3 for colour"""
    resident_gb: float = 4.0
    """up to this size (GiB) decoded pictures are kept in a cache and, with a GPU, in its memory; larger sets
    are decoded again as they are needed"""


@dataclass(frozen=True)
class Place:
    """Where a data set lies: in a folder, or (folder None) on the Hub, with a builder that can fetch it."""

    name: str  # as in a checkpoint's id
    source: str  # as a checkpoint's config tells it: a Hub id, else the name
    folder: Path | None
    revision: str | None = None
    named: Named | None = None
    builder: "datasets.DatasetBuilder | None" = None

    @cached_property
    def kind(self) -> Literal["idx", "table", "folder"]:
        if self.folder is None:
            return "table"
        if holds_idx(self.folder):
            return "idx"
        return "table" if any(self.folder.rglob("*.parquet")) else "folder"

    def identity(self) -> list:
        """What changes when the data change: names, sizes and times of the files, or the Hub's commit."""
        if self.folder is None:
            return [self.source, self.builder.config.name, self.builder.hash]
        files = [(path.relative_to(self.folder).as_posix(), path.stat()) for path in walk(self.folder)]
        return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in files]


def locate(options: SourceOptions) -> Place:
    """Find a data set without reading a picture; DataError or UnknownName, one line, where there is none."""
    asked = options.dataset
    name = next((name for name, named in NAMED.items() if asked in (name, named.hub)), None)
    named = NAMED.get(name)
    if named is not None:
        source = named.hub or name
    elif (folder := Path(asked).expanduser()).is_dir():
        return Place(slug(folder.resolve().name), slug(folder.resolve().name), folder)
    elif HUB_ID.fullmatch(asked):
        name, source = slug(asked.split("/")[1]), asked
    elif re.search(r"[/\\~]|^\.", asked):
        raise DataError(f"no folder '{asked}'")
    else:
        name = source = asked
    if (folder := _copy(options, name, source)) is not None:
        return Place(name, source, folder, named=named)
    if name == "cats64":
        raise DataError(
            "cats64 is not on the Hub: get Kaggle's 'Cats faces 64x64 for generative models', then give its "
            "folder as --dataset, or put it in DIR/cats64 with --data-dir DIR or ZOO_DATA_DIR"
        )
    if "/" not in source:
        raise unknown("data set, folder or owner/name", asked, NAMED)
    return _on_hub(name, source, named, options.revision)


def _copy(options: SourceOptions, name: str, source: str) -> Path | None:
    if options.revision:
        if options.data_dir:
            raise DataError(
                "--revision is for the Hub's copy and --data-dir for one on disk: leave one of them out"
            )
        return None
    base = options.data_dir or os.environ.get("ZOO_DATA_DIR")
    if base:
        base = Path(base).expanduser()
        if name == "fashion-mnist" and holds_idx(base):
            return base
        for folder in (base / name, base / source):
            if folder.is_dir():
                return folder
        if options.data_dir:
            raise DataError(f"no folder '{name}' in --data-dir {base}")
    return DEBIAN_FASHION_MNIST if name == "fashion-mnist" and holds_idx(DEBIAN_FASHION_MNIST) else None


def _on_hub(name: str, source: str, named: Named | None, revision: str | None) -> Place:
    import datasets
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    datasets.logging.set_verbosity_error()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        revision = huggingface_hub.HfApi().dataset_info(source, revision=revision, timeout=10).sha
    except RevisionNotFoundError:
        raise DataError(f"'{source}' on the Hub has no revision '{revision}'") from None
    except GatedRepoError:
        raise DataError(
            f"'{source}' must be asked for: accept its terms on its page, then 'hf auth login'"
        ) from None
    except RepositoryNotFoundError:
        raise DataError(f"no folder or Hub data set '{source}' (if it is private: 'hf auth login')") from None
    except Exception:
        # No network. `datasets` would try for half a minute; told so, it looks only into its own cache.
        huggingface_hub.constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        builder = datasets.load_dataset_builder(source, revision=revision)
    except ConnectionError:
        raise DataError(
            f"no copy of '{source}' here, and the Hub cannot be reached: pass --data-dir DIR (or set "
            f"ZOO_DATA_DIR) with DIR/{name}/, or a folder of pictures as --dataset"
        ) from None
    except Exception as error:
        raise DataError(f"cannot use '{source}': {one_line(error)}") from error
    commit = builder.hash if re.fullmatch(r"[0-9a-f]{40}", builder.hash or "") else revision
    return Place(name, source, None, commit, named, builder)


def open_table(place: Place, split: str, scratch: Path) -> "datasets.Dataset":
    """Rows of a Hub set or of parquet files; `scratch` takes what `datasets` makes of a local copy."""
    import datasets

    datasets.logging.set_verbosity_error()
    try:
        if place.builder is None:
            datasets.disable_progress_bars()
            builder = datasets.load_dataset_builder(str(place.folder), cache_dir=str(scratch))
        else:
            builder = place.builder
        builder.download_and_prepare()
    except Exception as error:
        raise DataError(f"cannot use '{place.source}': {one_line(error)}") from error
    if split not in builder.info.splits:
        raise DataError(f"'{place.source}' has no split '{split}': it has {', '.join(builder.info.splits)}")
    if builder.info.splits[split].num_examples == 0:  # `datasets` has an error of its own for that
        raise DataError(f"'{place.source}' holds no picture in split '{split}'")
    return builder.as_dataset(split)


class Column(Sequence):
    """The picture column of a table: row -> encoded bytes, the file's path, or None."""

    def __init__(self, table: "datasets.Dataset", name: str):
        from datasets import Image

        self.name = name
        self.rows = table.select_columns([name]).cast_column(name, Image(decode=False))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> bytes | Path | None:
        cell = self.rows[int(row)][self.name] or {}
        path = cell.get("path")
        return cell.get("bytes") or (Path(path) if path else None)


def picture_columns(table: "datasets.Dataset") -> list[str]:
    from datasets import Image, Value

    def holds_pictures(feature: object) -> bool:
        encoded = isinstance(feature, Value) and feature.dtype in ("binary", "large_binary")
        return encoded or isinstance(feature, Image) or (isinstance(feature, dict) and "bytes" in feature)

    return [name for name, feature in table.features.items() if holds_pictures(feature)]


def check_column(table: "datasets.Dataset", name: str, option: str) -> str:
    """`name`, if it is a picture column of the table; else a DataError that lists what there is."""
    if name not in table.column_names:
        raise DataError(f"no column '{name}' for {option}: there are {', '.join(table.column_names)}")
    if name not in picture_columns(table):
        raise DataError(
            f"column '{name}' holds no pictures: {option} {' | '.join(picture_columns(table)) or '?'}"
        )
    return name


def table_labels(table: "datasets.Dataset", wanted: str | None) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels (n,) int64 and their names: of column `wanted`, else the only column of classes, else none."""
    from datasets import ClassLabel

    if wanted is None:
        classes = [name for name, feature in table.features.items() if isinstance(feature, ClassLabel)]
        if len(classes) != 1:
            return None, ()
        wanted = classes[0]
    elif wanted not in table.column_names:
        raise DataError(f"no column '{wanted}' for --label-column: there are {', '.join(table.column_names)}")
    values = list(table[wanted][:])
    if values and all(isinstance(value, str) for value in values):
        names, labels = np.unique(values, return_inverse=True)
        return labels.astype(np.int64), tuple(names.tolist())
    if not all(isinstance(value, int) for value in values):
        raise DataError(f"column '{wanted}' holds no labels: every row needs a whole number or a word")
    labels = np.array(values, np.int64)
    names = getattr(table.features[wanted], "names", None)
    names = tuple(names or numbers(labels))
    return check_labels(labels, names), names


def numbers(labels: np.ndarray) -> tuple[str, ...]:
    """Names for classes that have none: "0", "1", … up to the largest label."""
    return tuple(str(k) for k in range(min(int(labels.max(initial=-1)) + 1, MAX_CLASSES)))


def check_labels(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    wrong = np.flatnonzero((labels < 0) | (labels >= len(names)))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"row {row} has label {labels[row]}, which is none of the {len(names)} classes (0, 1, …)"
        )
    return labels


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


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-") or "pictures"


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
