"""What a data set turned out to hold, before a picture is decoded; which part of a folder is held out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from train.reading import files
from train.reading.files import NoSplit
from train.reading.sources import SourceOptions, called
from zoo.errors import DataError


@dataclass(frozen=True)
class Contents:
    """What a data set turned out to hold. `size` None: by its first picture."""

    read: Callable[[int], tuple[Image.Image, ...]]
    n: int
    size: int | None
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    unlabelled: str = ""
    passed_over: Counter[str] = field(
        default_factory=Counter
    )  # files that are none of the pictures, by suffix
    pairs: bool = False
    largest: int | None = None  # most pixels a side, unless --size asks for more
    unreadable: tuple[str, ...] = ()  # why, of those that are passed over too
    kept_back: int = 0  # pictures of the folder that are in the other split, train or held out

    def only(self, rows: np.ndarray, **more) -> "Contents":
        """Its `rows` alone, in order."""
        read = _Chosen(self.read, rows)
        labels = None if self.labels is None else self.labels[rows]
        return replace(self, read=read, n=len(rows), labels=labels, **more)

    def divided(self, names: Sequence[str], options: SourceOptions) -> "Contents":
        """The part of a folder without a test split that is trained on or, where that is asked for, held out."""
        if options.split not in ("train", "test") or not wanted_holdout(options):
            return self
        held = files.held_out(names, options.holdout)
        if options.split == "train":
            return self.only(np.flatnonzero(~held), kept_back=int(held.sum()))
        if not held.any():
            name = Path(options.dataset).name
            raise NoSplit(
                f"'{name}' is not divided into train/ and test/, and nothing of it is held out:"
                " --holdout SHARE keeps some of it from training",
                ["train"],
            )
        return self.only(np.flatnonzero(held), kept_back=int((~held).sum()), passed_over=Counter())


@dataclass(frozen=True)
class _Chosen:
    """Some rows of a reader; a worker process gets a copy of it."""

    read: Callable[[int], tuple[Image.Image, ...]]
    rows: np.ndarray

    def __call__(self, i: int) -> tuple[Image.Image, ...]:
        return self.read(int(self.rows[i]))


def wanted_holdout(options: SourceOptions) -> bool:
    """Whether some of a folder may be held out: where a share is given, or of a folder of one's own."""
    return options.holdout > 0 if options.holdout is not None else called(options.dataset).folder is not None


def whole_split(options: SourceOptions, read: Callable[[str], object]) -> tuple[str, bool]:
    """The split to look up in a folder, and whether training and held-out pictures both come from it."""
    alone = files.has_training_pictures_alone(read)
    if options.holdout and not alone:
        raise DataError(
            f"'{options.dataset}' has a test or validation split: figures are taken against it; leave --holdout out"
        )
    cut = alone and options.split == "test" and wanted_holdout(options)
    return "train" if cut else options.split, alone


NAMED = 50  # unreadable pictures that are named at once: who mends them wants all


class Unreadable(DataError):
    """Pictures of a set that cannot be read: all of them, by row, with the reason."""

    def __init__(self, reasons: dict[int, str], n: int):
        self.reasons, self.n = reasons, n
        first = [reason.removeprefix("cannot read ") for reason in list(reasons.values())[:NAMED]]
        more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
        super().__init__(
            f"cannot read {'; '.join(first)}{more} ({len(reasons)} of {n:,} pictures): mend or remove what is"
            " broken, or pass it over with --skip-broken"
        )

    def without(self, contents: Contents) -> Contents:
        """The others; DataError where none is left, Contents without labels where a class has none left."""
        rows = np.array([row for row in range(self.n) if row not in self.reasons], int)
        if not len(rows):
            raise DataError(str(self))
        found = contents.only(rows, unreadable=tuple(self.reasons.values()))
        if found.labels is None or len(np.unique(found.labels)) == len(np.unique(contents.labels)):
            return found
        return replace(found, labels=None, label_names=(), unlabelled="no picture of a class can be read")


def told_again(contents: Contents) -> dict:
    """What is told of a set whenever it is read again."""
    found = {"passed_over": dict(contents.passed_over), "unreadable": list(contents.unreadable)}
    return found | {"kept_back": contents.kept_back}
