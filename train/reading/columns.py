"""The rows of a set on the Hub, or of its parquet files: its columns of pictures and of labels. Decodes nothing."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from train.reading import cache
from train.reading.files import NoSplit, numbered_as
from train.reading.sources import Place, cannot_use
from zoo.errors import DataError

if TYPE_CHECKING:
    import datasets

MAX_CLASSES = 10_000
# Slices with one end in rows and one in %: datasets 5.2.0 reads [4:80%] as from 4 % on.
MIXED = re.compile(r"\[-?[\d_]+:-?[\d_]+%|\[-?[\d_]+%:-?[\d_]+\]")


def open_table(place: Place, split: str) -> "datasets.Dataset":
    """Rows of a Hub set or of parquet files; of these the cache holds what `datasets` makes of them.

    `split` is a name or, as `datasets` writes them, slices of one: "train[:90%]", "train[:242]+train[243:]".
    """
    import datasets

    datasets.logging.set_verbosity_error()
    try:
        if place.builder is None:
            datasets.disable_progress_bars()
            builder = datasets.load_dataset_builder(
                str(place.folder), place.config, cache_dir=str(_scratch(place))
            )
        else:
            builder = place.builder
        builder.download_and_prepare()
    except Exception as error:
        raise DataError(cannot_use(place.source, error)) from error
    there = builder.info.splits
    if any(part.partition("[")[0] not in there for part in split.split("+")):
        raise NoSplit(f"'{place.source}' has no split '{split}': it has {', '.join(there)}", list(there))
    if mixed := MIXED.search(split):
        raise DataError(
            f"{mixed[0]} mixes rows and %: `datasets` takes both ends for %, so give both the same"
        )
    if split in there and there[split].num_examples == 0:  # `datasets` has an error of its own for that
        raise DataError(f"'{place.source}' holds no picture in split '{split}'")
    try:
        rows = builder.as_dataset(split)
    except (ValueError, AssertionError) as error:
        raise DataError(f"'{place.source}' has no such slice: {' '.join(str(error).split())}") from None
    if not len(rows):
        raise DataError(f"'{place.source}' holds no picture in '{split}'")
    return rows


SLICE = re.compile(r"(.*?)(?:\[(-?[\d_]+%?)?:(-?[\d_]+%?)?\])?")


def overlap(a: str, b: str) -> bool:
    """Whether two splits surely share rows, by what they are called: no row is counted.

    So slices in rows, in % and from the end are compared among themselves, and with a whole split or an open end.
    """
    return any(_share(x, y) for x in a.split("+") for y in b.split("+"))


def _share(x: str, y: str) -> bool:
    if x == y:
        return True
    (of_x, *from_x, to_x), (of_y, *from_y, to_y) = (SLICE.fullmatch(part).groups() for part in (x, y))
    return of_x == of_y and _before(*from_x, to_y) and _before(*from_y, to_x)


def _before(first: str | None, end: str | None) -> bool:
    """Whether a slice that begins at `first` surely begins before another's `end`; None is the whole's own."""
    if first is None or end is None:
        return True
    alike = first.endswith("%") == end.endswith("%") and first.startswith("-") == end.startswith("-")
    return alike and int(first.rstrip("%")) < int(end.rstrip("%"))


def _scratch(place: Place) -> Path:
    """An entry of the cache for `datasets`, which knows itself what in it is whole."""
    key = hashlib.sha256(json.dumps(place.identity()).encode()).hexdigest()[:32]
    entry = cache.cache_root() / "tables" / key
    if not cache.hold(entry):
        cache.make_room(sum(path.stat().st_size for path in place.folder.rglob("*.parquet")))
        with cache.building(entry):
            pass
    return entry


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


class Hidden(DataError):
    """Labels that are there but not given, -1 or null, as test splits of competitions have them."""


def table_labels(
    table: "datasets.Dataset", wanted: str | None, split: str, training: Callable[[], "datasets.Dataset"]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels (n,) int64 and their names: of column `wanted`, else the only column of classes, else none.

    Classes that the column does not name are numbered as in `training`. Hidden where a row has no label.
    """
    from datasets import ClassLabel

    if wanted is None:
        classes = [name for name, feature in table.features.items() if isinstance(feature, ClassLabel)]
        if len(classes) != 1:
            return None, ()
        wanted = classes[0]
    elif wanted not in table.column_names:
        raise DataError(f"no column '{wanted}' for --label-column: there are {', '.join(table.column_names)}")
    labels, names = _numbered(table, wanted)
    if getattr(table.features[wanted], "names", None) or split == "train":
        return labels, names
    try:
        _, of_training = _numbered(training(), wanted)
    except (NoSplit, Hidden):
        return labels, names
    return numbered_as(of_training, labels, names, split), of_training


def _numbered(table: "datasets.Dataset", column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    values = list(table[column][:])
    for row, value in enumerate(values):
        if value is None or value == -1:
            raise Hidden(f"row {row} has label {'null' if value is None else value}, which is no class")
    if values and all(isinstance(value, str) for value in values):
        names, labels = np.unique(values, return_inverse=True)
        return labels.astype(np.int64), tuple(names.tolist())
    if not all(isinstance(value, int) for value in values):
        raise DataError(f"column '{column}' holds no labels: every row needs a whole number or a word")
    labels = np.array(values, np.int64)
    if names := getattr(table.features[column], "names", None):
        return check_labels(labels, names), tuple(names)
    found, labels = np.unique(labels, return_inverse=True)  # 1, 2, 5: three classes, not six
    return labels.astype(np.int64), tuple(map(str, found.tolist()))


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
