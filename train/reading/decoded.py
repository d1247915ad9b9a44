"""A data set at its training size: decoded once into uint8 arrays on disk or, if too large, row by row."""

import hashlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from tqdm import tqdm

from train.reading import cache
from train.reading.contents import Contents, Unreadable, told_again, wanted_holdout
from train.reading.sources import Place, SourceOptions
from zoo import pictures
from zoo.errors import DataError, Refused

VERSION = 3  # of the decoded form: raise it when the same files would decode to other values


@dataclass(frozen=True)
class Rows:
    """`read(i)`: row i as pictures of any size, one or (target, input), not yet in sRGB; [i]: as uint8 (C, S, S)."""

    read: Callable[[int], tuple[Image.Image, ...]]
    n: int
    size: int
    channels: tuple[int, ...]

    def __getitem__(self, i: int) -> tuple[np.ndarray, ...]:
        return tuple(_array(p, self.size, c) for p, c in zip(self.read(i), self.channels, strict=True))


def _array(picture: Image.Image, size: int, channels: int) -> np.ndarray:
    fitted = pictures.in_srgb(pictures.fit(picture, size))
    array = np.asarray(fitted.convert("L" if channels == 1 else "RGB"))
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


class Streamed:
    """Pictures decoded when they are asked for; indexed like the uint8 array (n, C, S, S) they stand for."""

    def __init__(self, rows: Rows, part: int = 0):
        self.rows, self.part = rows, part
        self.shape = (rows.n, rows.channels[part], rows.size, rows.size)

    def __len__(self) -> int:
        return self.rows.n

    def __getitem__(self, index: int | slice | Sequence[int]) -> np.ndarray:
        if isinstance(index, int | np.integer):
            return self.rows[range(self.rows.n)[index]][self.part]
        wanted = range(self.rows.n)[index] if isinstance(index, slice) else index
        return np.stack([self.rows[int(i)][self.part] for i in wanted])


class Mirrored:
    """Pictures with left and right exchanged; indexed like the uint8 array (n, C, S, S) they stand for."""

    def __init__(self, images: np.ndarray | Streamed):
        self.images, self.shape = images, images.shape

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | slice | Sequence[int]) -> np.ndarray:
        return self.images[index][..., ::-1]


@dataclass(frozen=True)
class Pictures:
    """A data set at its training size. Arrays are not to be written to."""

    name: str  # as in a checkpoint's id
    source: str  # Hub id, else the name; never a path
    revision: str | None
    split: str
    images: np.ndarray | Streamed | Mirrored  # (n, C, S, S) uint8
    labels: np.ndarray | None = None  # (n,) int64
    label_names: tuple[str, ...] = ()
    maps: np.ndarray | Streamed | None = None  # (n, 3, S, S) uint8: the input side of pairs
    palette: str | None = None  # of the maps: "facades" where they were snapped to it
    unlabelled: str = ""  # why there are no labels, where a column should hold them

    @property
    def id(self) -> str | None:
        """The Hub's. Two sets are the same where name and id are."""
        return self.source if "/" in self.source else None

    def mirrored(self) -> "Pictures":
        return replace(self, split=f"{self.split}, mirrored", images=Mirrored(self.images))

    def check_labelled(self, what: str) -> None:
        """Refused where `what` asks for classes and there are none."""
        if self.labels is None:
            why = self.unlabelled or "give a --label-column or class folders"
            raise Refused(f"{what} needs classes, and {self.name} has none: {why}")

    def never_seen(self) -> str:
        """A line on classes without any picture, as a table may name some; "" where there are none."""
        counts = np.bincount(self.labels, minlength=len(self.label_names))
        names = [name for name, n in zip(self.label_names, counts, strict=True) if n == 0]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"no picture shows {', '.join(names[:3])}{more}: nothing is learnt of it" if names else ""

    @property
    def channels(self) -> int:
        return self.images.shape[1]

    @property
    def size(self) -> int:
        return self.images.shape[2]

    def __len__(self) -> int:
        return len(self.images)


def read_picture(column: Sequence, row: int) -> Image.Image:
    """The decoded picture of a row of encoded bytes, files or (IDX) arrays. DataError says which is bad."""
    cell = column[row]
    if isinstance(cell, np.ndarray):
        return Image.fromarray(cell)
    if cell is None:
        raise DataError(f"row {row} holds no picture")
    try:
        return pictures.decode(cell, srgb=False)
    except DataError as error:
        raise DataError(str(error) if isinstance(cell, Path) else f"row {row}: {error}") from None


def prepare(
    place: Place, options: SourceOptions, extra: tuple, open_: Callable[[], Contents], *, progress: bool
) -> Pictures:
    """Pictures from the cache, decoded into it first where they are new; streamed where they are too large.

    `extra` is whatever else of the options decides what is decoded.
    """
    if options.size is not None and not 1 <= options.size <= 4096:
        raise DataError(f"--size is a number of pixels from 1 to 4096, not {options.size}")
    if options.holdout is not None and not 0 <= options.holdout < 1:
        raise DataError(f"--holdout is a share from 0 to below 1, not {options.holdout:g}")
    if options.holdout and place.kind != "folder":
        raise DataError(f"--holdout is for folders of pictures, and '{place.source}' is none: leave it out")
    made_of = [VERSION, place.name, place.identity(), options.split, extra, options.size, options.channels]
    if options.skip_broken or (place.kind == "folder" and wanted_holdout(options)):
        made_of += [options.holdout, options.skip_broken]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]
    folder = cache.cache_root() / "data" / key
    limit = min(options.resident_gb * 2**30, cache.bound())
    about = {"name": place.name, "source": place.source, "revision": place.revision, "split": options.split}
    if cache.hold(folder) and not _is_whole(folder) and not cache.discard(folder):
        raise DataError(f"the cache {folder} is damaged, and another process reads it: delete it")
    if cache.hold(folder) and _nbytes(folder) <= limit:
        return _told(Pictures(**about, **_stored(folder)), _remembered(folder))
    contents = open_()
    if contents.n == 0:
        if place.folder and any(place.folder.rglob("*.arrow")):
            raise DataError(
                f"'{place.name}' was written by save_to_disk, which keeps a cache: write the set anew by "
                "datasets.load_from_disk(…)['train'].to_parquet('FOLDER/train.parquet'), and give that folder"
            )
        kinds = f" ({', '.join(pictures.SUFFIXES)})" if place.kind == "folder" else ""
        other = "".join(f", but {n} of {suffix}" for suffix, n in contents.passed_over.most_common(1))
        raise DataError(f"'{place.name}' holds no picture{kinds}{other}")
    size = options.size or contents.size or _natural_size(contents.read(0)[0])
    if options.size is None and contents.largest:
        size = min(size, contents.largest)
    rows = Rows(contents.read, contents.n, size, (options.channels or 3,) + (3,) * contents.pairs)
    nbytes = contents.n * sum(rows.channels) * size**2
    if nbytes > limit:
        if options.skip_broken:
            gb = f"{math.ceil(1000 * nbytes / 2**30) / 1000:g}"
            raise DataError(
                f"--skip-broken needs the set decoded once: --resident-gb and ZOO_CACHE_GB {gb} or more"
            )
        if options.channels is None:
            rows = Rows(rows.read, rows.n, size, (_probe_channels(rows), *rows.channels[1:]))
        parts = {"images": Streamed(rows)} | ({"maps": Streamed(rows, 1)} if contents.pairs else {})
        return _told(Pictures(**about, **parts, **_labels(contents)), contents)
    try:
        with cache.alone(key):
            if not cache.hold(folder):  # another process may have decoded it while this one waited
                cache.make_room(nbytes)
                given = {"grey_if_all_are": options.channels is None, "progress": progress}
                try:
                    _decode(folder, rows, contents, **given)
                except Unreadable as error:
                    # What is held out was not read by the training: one broken picture spoils no finished run.
                    if not options.skip_broken and not (contents.kept_back and options.split == "test"):
                        raise
                    contents = error.without(contents)
                    _decode(folder, replace(rows, read=contents.read, n=contents.n), contents, **given)
    except OSError as error:
        raise DataError(
            f"cannot write the cache {cache.cache_root()} ({error.strerror or error}): set ZOO_CACHE"
        ) from error
    return _told(Pictures(**about, **_stored(folder)), _remembered(folder))


def _told(found: Pictures, remembered: Contents | dict) -> Pictures:
    """`found`, once its first process has said on a line what it is."""
    about = remembered if isinstance(remembered, dict) else told_again(remembered)
    if os.environ.get("RANK", "0") == "0":
        over = sorted(about.get("passed_over", {}).items(), key=lambda item: (-item[1], item[0]))
        kinds = [f"{n} {kind}" for kind, n in over[:5]]
        unreadable = about.get("unreadable", [])
        aside = [f"passed over: {', '.join(kinds)}"] * bool(kinds)
        if unreadable:
            names = ", ".join(reason.removeprefix("cannot read ") for reason in unreadable[:3])
            aside.append(f"{len(unreadable)} unreadable: {names}" + ", …" * (len(unreadable) > 3))
        if back := about.get("kept_back", 0):
            aside.append(
                f"{back:,} held out" if found.split == "train" else f"held out of {back + len(found):,}"
            )
        if found.unlabelled:
            aside.append(f"no classes: {found.unlabelled}")
        what = ("pair" if found.maps is not None else "picture") + "s" * (len(found) != 1)
        line = f"{found.name}, split {found.split}: {len(found):,} {what} of {found.size}×{found.size}"
        tqdm.write(line + f" ({'; '.join(aside)})" * bool(aside), file=sys.stderr)
    return found


def _remembered(folder: Path) -> dict:
    return json.loads((folder / "labels.json").read_text(encoding="utf-8"))


def _natural_size(picture: Image.Image) -> int:
    shorter = min(picture.size)
    return 28 if shorter == 28 else 32 if shorter <= 32 else 64


def _is_grey(array: np.ndarray) -> bool:
    return bool((array == array[:1]).all())


def _probe_channels(rows: Rows) -> int:
    """1 or 3, from 256 pictures spread over a set too large to look at whole."""
    return 1 if all(_is_grey(rows[int(i)][0]) for i in np.linspace(0, rows.n - 1, min(rows.n, 256))) else 3


def _nbytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*s.npy"))


def _is_whole(folder: Path) -> bool:
    """Whether all files that were written are there, to their last byte: labels are not to be lost in silence."""
    try:
        about = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        written = about.get("bytes", {})  # older versions did not say
        _ = about["label_names"], about["unlabelled"]
        return all((folder / name).stat().st_size == size for name, size in written.items())
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def _stored(folder: Path) -> dict:
    # Mapped copy-on-write, because torch warns of arrays that cannot be written to.
    labels = folder / "labels.npy"
    maps = folder / "maps.npy"
    about = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return {
        "images": np.load(folder / "images.npy", mmap_mode="c"),
        "maps": np.load(maps, mmap_mode="c") if maps.is_file() else None,
        "labels": np.load(labels) if labels.is_file() else None,
        "label_names": tuple(about["label_names"]),
        "unlabelled": about["unlabelled"],
    }


def _labels(contents: Contents) -> dict:
    return {name: getattr(contents, name) for name in ("labels", "label_names", "unlabelled")}


def _decode(folder: Path, rows: Rows, contents: Contents, *, grey_if_all_are: bool, progress: bool) -> None:
    with cache.building(folder) as scratch:
        names = ("images", "maps")[: len(rows.channels)]
        grey, broken = grey_if_all_are, {}
        with ExitStack() as stack:
            files = [
                stack.enter_context(
                    _create(scratch / f"{name}.npy", (rows.n, channels, rows.size, rows.size))
                )
                for name, channels in zip(names, rows.channels, strict=True)
            ]
            for i in tqdm(
                range(rows.n), "decoding", unit=" pictures", disable=not progress or rows.n <= 2000
            ):
                try:
                    row = rows[i]
                except DataError as error:
                    broken[i] = str(error)
                if broken:  # the others are looked at all the same: all of them are named at once
                    continue
                grey = grey and _is_grey(row[0])
                for file, array in zip(files, row, strict=True):
                    file.write(array.tobytes())
        if broken:
            raise Unreadable(broken, rows.n)
        if grey:
            _keep_one_channel(scratch / "images.npy")
        if contents.labels is not None:
            np.save(scratch / "labels.npy", contents.labels)
        about = {"label_names": contents.label_names, "unlabelled": contents.unlabelled}
        about |= {"bytes": {path.name: path.stat().st_size for path in scratch.glob("*.npy")}}
        about |= told_again(contents)
        (scratch / "labels.json").write_text(json.dumps(about), encoding="utf-8")


@contextmanager
def _create(path: Path, shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """An .npy file open for its values. Written, not mapped: a full disk is then an error, not a SIGBUS."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        yield file
        file.flush()
        os.fsync(file.fileno())


def _keep_one_channel(path: Path) -> None:
    colour = np.load(path, mmap_mode="r")
    grey = path.with_name("grey.npy")
    with _create(grey, (len(colour), 1, *colour.shape[2:])) as file:
        for array in colour:
            file.write(array[0].tobytes())
    del colour  # Windows does not replace a file that is mapped
    grey.replace(path)
