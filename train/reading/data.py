"""Data set -> batches on the device.

`sources.py` finds the pictures, `decoded.py` makes arrays of them, and `pairs.py` does for pairs what `load` does here.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from train.arguments import automatic
from train.reading import columns, files, sources
from train.reading.contents import Contents, whole_split
from train.reading.decoded import Pictures, Streamed, prepare, read_picture
from train.reading.sources import Place, SourceOptions
from zoo import pictures
from zoo.config import NAMED_DATA
from zoo.errors import DataError

FOLDER_SIZE = 64
KEPT_ON = ("cuda", "mps")  # devices that take the whole set into their own memory


@dataclass(frozen=True, kw_only=True)
class DataOptions(SourceOptions):
    """A set of pictures, with or without classes."""

    image_column: Annotated[str | None, automatic("NAME", "the only one")] = None
    """the column of pictures, for a set of the Hub"""
    label_column: Annotated[str | None, automatic("NAME", "the only one")] = None
    """the column of classes"""


def load(options: DataOptions, *, largest: int | None = None, progress: bool = True) -> Pictures:
    """The pictures that the options name; DataError or UnknownName, one line, where that cannot be.

    `largest`: most pixels a side, where --size does not ask for more.
    """
    place = sources.locate(options)
    usual = NAMED_DATA[place.name].size if place.named else FOLDER_SIZE
    if options.size is not None or (largest and usual <= largest):
        largest = None  # then the same pictures are read as without it
    made_of = (options.image_column, options.label_column, *([largest] if largest else []))
    read = partial(_contents, place, options, largest)
    return prepare(place, options, made_of, read, progress=progress)


def _contents(place: Place, options: DataOptions, largest: int | None) -> Contents:
    known, unlabelled = place.named, ""
    if place.kind == "table":
        table = columns.open_table(place, options.split)
        wanted = options.image_column or (known and known.image)
        if wanted is None:
            found = columns.picture_columns(table)
            if len(found) != 1:
                names = ", ".join(table.column_names)
                raise DataError(f"--image-column must say which of {names} holds the pictures")
            wanted = found[0]
        column = columns.Column(table, columns.check_column(table, wanted, "--image-column"))
        training = partial(columns.open_table, place, "train")
        try:
            given = options.label_column or (known and known.label)
            labels, names = columns.table_labels(table, given, options.split, training)
        except columns.Hidden as error:
            if options.label_column:
                raise
            labels, names, unlabelled = None, (), str(error)
        size = NAMED_DATA[place.name].size if known else None
    else:
        for name in (options.image_column, options.label_column):
            if name is not None:
                raise DataError(
                    f"'{place.name}' has no column '{name}': its pictures are files, not a table's rows"
                )
        if place.kind == "idx":
            column, labels = files.read_idx(place.folder, options.split)
            names = known.label_names if known else columns.numbers(labels)
            columns.check_labels(labels, names)
            size = column.shape[1] if column.shape[1] == column.shape[2] else None
        else:
            return _of_folder(place, options, largest)
    return Contents(partial(_one, column), len(column), size, labels, names, unlabelled, largest=largest)


def _of_folder(place: Place, options: DataOptions, largest: int | None) -> Contents:
    split, alone = whole_split(options, partial(files.split_folder, place.folder))
    folder = files.split_folder(place.folder, split)
    column = files.picture_files(folder)
    labels = files.split_labels(place.folder, split, column)
    found = Contents(
        partial(_one, column),
        len(column),
        NAMED_DATA[place.name].size if place.named else FOLDER_SIZE,
        *labels,
        passed_over=files.passed_over(folder, column),
        largest=largest,
    )
    return (
        found.divided([path.relative_to(folder).as_posix() for path in column], options) if alone else found
    )


def _one(column: Sequence, row: int) -> tuple[Image.Image]:
    return (read_picture(column, row),)


class Raw(NamedTuple):
    """A batch on the device, not yet scaled."""

    images: torch.Tensor  # (n, C, S, S) uint8
    condition: torch.Tensor | None  # maps (n, 3, S, S) uint8, else labels (n,) int64, else None


class Feed:
    """Endless batches for process `rank` of `world`: the processes' batches of one step are disjoint.

    An epoch visits a picture at most once and drops the remainder. Its order is a function of the seed and
    the epoch's number alone, so that `batches(start)` goes on as if `start` batches had been drawn before.
    `workers` processes decode streamed sets (default: the cores that are there, up to 4).
    """

    def __init__(
        self,
        data: Pictures,
        batch_size: int,
        *,
        device: torch.device | str = "cpu",
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        workers: int | None = None,
    ):
        if not 1 <= batch_size * world <= len(data):
            share = f" in each of {world} processes" if world > 1 else ""
            held = f"{len(data)} picture" + "s" * (len(data) != 1)
            fits = f": --batch {most} does" if (most := len(data) // world) else ""
            raise DataError(f"a batch of {batch_size}{share} does not fit a data set of {held}{fits}")
        self.data, self.batch_size, self.seed, self.rank, self.world = data, batch_size, seed, rank, world
        self.device = torch.device(device)
        self.per_epoch = len(data) // (batch_size * world)
        cores = (os.cpu_count() or 1) // world
        self.workers = min(4, max(1, cores)) if workers is None else workers

    def rows(self, start: int = 0) -> Iterator[np.ndarray]:
        """Row numbers (batch_size,) of each batch from the start-th on."""
        epoch, batch = divmod(start, self.per_epoch)
        while True:
            order = np.random.Generator(np.random.PCG64(np.random.SeedSequence((self.seed, epoch))))
            order = order.permutation(len(self.data))
            for k in range(batch, self.per_epoch):
                first = (k * self.world + self.rank) * self.batch_size
                yield order[first : first + self.batch_size]
            epoch, batch = epoch + 1, 0

    def batches(self, start: int = 0) -> Iterator[Raw]:
        return self._streamed(start) if isinstance(self.data.images, Streamed) else self._resident(start)

    def _resident(self, start: int) -> Iterator[Raw]:
        condition = self.data.maps if self.data.maps is not None else self.data.labels
        images = self.data.images
        if self.device.type in KEPT_ON:
            images, condition = _to_device(images, self.device), _to_device(condition, self.device)
        for rows in self.rows(start):
            yield Raw(self._take(images, rows), self._take(condition, rows))

    def _take(self, store: torch.Tensor | np.ndarray | None, rows: np.ndarray) -> torch.Tensor | None:
        if store is None:
            return None
        if isinstance(store, torch.Tensor):
            return store[torch.from_numpy(rows).to(store.device)]
        return torch.from_numpy(np.array(store[rows])).to(self.device)

    def _streamed(self, start: int) -> Iterator[Raw]:
        loader = DataLoader(
            _Batches(self.data),
            sampler=self.rows(start),
            batch_size=None,
            num_workers=self.workers,
            worker_init_fn=_apart,
            pin_memory=self.device.type == "cuda",
        )
        for batch in loader:
            if isinstance(batch, DataError):  # another picture under that name leaves the set what it was
                raise DataError(f"{batch}: put a good picture in its place, and --resume goes on")
            images, *condition = (tensor.to(self.device, non_blocking=True) for tensor in batch)
            yield Raw(images, condition[0] if condition else None)


def _apart(_: int) -> None:
    """A signal to the training's group (Ctrl-C, `timeout`) is for the training: it saves, and then ends its workers."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)


class _Batches(Dataset):
    """Row numbers -> images and, where there is one, condition, decoded in a worker."""

    def __init__(self, data: Pictures):
        self.rows, self.labels = data.images.rows, data.labels

    def __getitem__(self, wanted: np.ndarray) -> list[np.ndarray] | DataError:
        try:
            parts = [np.stack(part) for part in zip(*(self.rows[int(i)] for i in wanted), strict=True)]
        except DataError as error:
            return error  # raised in a worker it would come wrapped in a traceback
        if len(parts) == 1 and self.labels is not None:
            parts.append(self.labels[wanted])
        return parts


def _to_device(array: np.ndarray | None, device: torch.device) -> torch.Tensor | None:
    if array is None:
        return None
    out = torch.empty(
        array.shape, dtype=torch.uint8 if array.dtype == np.uint8 else torch.int64, device=device
    )
    for first in range(0, len(array), 4096):  # so that the host never holds all of it
        out[first : first + 4096] = torch.from_numpy(np.array(array[first : first + 4096]))
    return out


def augment(
    raw: Raw, rng: torch.Generator, *, mirror: bool, jitter: int = 0, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """A raw batch -> images in [-1, 1] and their condition: labels as they are, maps in [-1, 1].

    mirror: every second picture on average, with its map. jitter: enlarged by so many pixels and cut back at
    a random place, the same for a picture (bilinear) and its map (nearest neighbour: classes never blend).
    Everything happens on the device, without waiting for it.
    """
    images = pictures.to_float(raw.images)
    maps = None if raw.condition is None or raw.condition.ndim == 1 else pictures.to_float(raw.condition)
    n, _, _, size = images.shape

    def draw(top: int) -> torch.Tensor:
        return torch.randint(top, (n,), generator=rng, device=rng.device).to(images.device)

    if jitter:
        y, x = draw(jitter + 1), draw(jitter + 1)
        images = _crop(F.interpolate(images, size + jitter, mode="bilinear", align_corners=False), y, x, size)
        if maps is not None:  # "nearest" would shift the map by half a pixel against the picture
            maps = _crop(F.interpolate(maps, size + jitter, mode="nearest-exact"), y, x, size)
    if mirror:
        turned = draw(2).bool()[:, None, None, None]
        images = torch.where(turned, images.flip(-1), images)
        maps = None if maps is None else torch.where(turned, maps.flip(-1), maps)
    return images.to(dtype), raw.condition if maps is None else maps.to(dtype)


def _crop(x: torch.Tensor, top: torch.Tensor, left: torch.Tensor, size: int) -> torch.Tensor:
    """(n, C, H, W) -> (n, C, size, size), each from its own place (n,)."""
    n, channels, _, width = x.shape
    steps = torch.arange(size, device=x.device)
    x = x.gather(2, (top[:, None] + steps)[:, None, :, None].expand(n, channels, size, width))
    return x.gather(3, (left[:, None] + steps)[:, None, None, :].expand(n, channels, size, size))
