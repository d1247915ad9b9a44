"""Pairs for pix2pix: two columns of a table, two folders A/ and B/ of the same names, or A|B side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image

from train.arguments import automatic
from train.reading import columns, sources
from train.reading.contents import Contents, whole_split
from train.reading.decoded import Pictures, prepare, read_picture
from train.reading.files import SPLITS, NoSplit, passed_over, picture_files, split_folder, subfolders
from train.reading.sources import Place, SourceOptions
from zoo import pictures
from zoo.config import NAMED_DATA
from zoo.errors import DataError

SIZE = 256


@dataclass(frozen=True, kw_only=True)
class PairOptions(SourceOptions):
    """A set of pairs: an input (a map, say) and the target it is to become."""

    dataset: str = "facades"
    """facades, an id of the Hub (owner/name), or a folder: with A/ and B/ (or trainA/ trainB/, train_A/ train_B/,
    train/A train/B, input/ target/) holding the same file names, or of pictures twice as wide as high that have A
    on the left and B on the right"""
    input_column: Annotated[str | None, automatic("NAME", "imageA or imageB, by --direction")] = None
    """the column of inputs, for a set of the Hub"""
    target_column: Annotated[str | None, automatic("NAME", "the other one")] = None
    """the column of targets"""
    size: Annotated[int | None, automatic("PIXELS", "256")] = None
    """width and height; other pictures are cut to their middle square and resized"""
    direction: Annotated[
        Literal["AtoB", "BtoA"] | None,
        automatic("AtoB|BtoA", "AtoB; facades: BtoA, from label map to photograph"),
    ] = None
    """from input to target"""


@dataclass(frozen=True)
class _Pairs:
    """Row -> (target, input), of one size; `snapped` is the part that is a label map of facades."""

    targets: Sequence
    inputs: Sequence
    size: int
    snapped: int | None

    def __call__(self, row: int) -> tuple[Image.Image, Image.Image]:
        target, source = read_picture(self.targets, row), read_picture(self.inputs, row)
        if target.size != source.size:
            sizes = f"{source.width}x{source.height}, the target {target.width}x{target.height}"
            raise DataError(f"{_where(self.inputs, row)}: the input is {sizes}: a pair needs one size")
        return _finish([target, source], self.size, self.snapped)


@dataclass(frozen=True)
class _Halves:
    """The same for files with A on the left and B on the right."""

    files: Sequence[Path]
    order: tuple[int, int]  # halves that are target and input
    size: int
    snapped: int | None

    def __call__(self, row: int) -> tuple[Image.Image, Image.Image]:
        both = read_picture(self.files, row)
        if both.width != 2 * both.height:
            size = f"{both.width}x{both.height}"
            raise DataError(f"{self.files[row]}: an A|B picture is twice as wide as high, not {size}")
        half = both.width // 2
        halves = [both.crop((left, 0, left + half, both.height)) for left in (0, half)]
        return _finish([halves[k] for k in self.order], self.size, self.snapped)


def _finish(pair: list[Image.Image], size: int, snapped: int | None) -> tuple[Image.Image, Image.Image]:
    if snapped is not None:
        from zoo import facades

        blurred = pictures.in_srgb(pictures.fit(pair[snapped], size)).convert("RGB")
        pair[snapped] = Image.fromarray(facades.snap_array(np.asarray(blurred)))
    return tuple(pair)


def _where(column: Sequence, row: int) -> str:
    return str(column[row]) if isinstance(column[row], Path) else f"row {row}"


def load_pairs(options: PairOptions, *, progress: bool = True) -> Pictures:
    """Targets as `images`, inputs as `maps`, in pixel register; DataError, one line, where that cannot be."""
    if (options.input_column is None) != (options.target_column is None):
        raise DataError("--input-column and --target-column go together")
    if options.input_column and options.direction:
        raise DataError(
            "--direction is for sides A and B: leave it out, or --input-column and --target-column"
        )
    place = sources.locate(options)
    extra = ("pairs", options.input_column, options.target_column, options.direction)
    data = prepare(place, options, extra, partial(_contents, place, options), progress=progress)
    snapped = _snapped(place, options) == INPUT
    return Pictures(**{**vars(data), "palette": "facades" if snapped else None})


TARGET, INPUT = range(2)


def _direction(place: Place, options: PairOptions) -> str:
    return options.direction or ("BtoA" if place.named and place.named.map else "AtoB")


def _snapped(place: Place, options: PairOptions) -> int | None:
    """The part that holds facades' label maps (their side B), None for other sets."""
    if place.name != "facades" or place.named is None:
        return None
    if options.input_column:
        columns = (options.target_column, options.input_column)
        return columns.index(place.named.map) if place.named.map in columns else None
    return INPUT if _direction(place, options) == "BtoA" else TARGET


def _contents(place: Place, options: PairOptions) -> Contents:
    size = options.size or (NAMED_DATA[place.name].size if place.named and place.named.map else SIZE)
    snapped = _snapped(place, options)
    to_b = _direction(place, options) == "AtoB"
    if place.kind == "table":
        table = columns.open_table(place, options.split)
        sides = ("imageA", "imageB") if to_b else ("imageB", "imageA")
        if not options.input_column and not set(sides) <= set(table.column_names):
            names = ", ".join(table.column_names)
            raise DataError(f"--input-column and --target-column must say which of {names} hold the pairs")
        source, target = (options.input_column, options.target_column) if options.input_column else sides
        inputs = columns.Column(table, columns.check_column(table, source, "--input-column"))
        targets = columns.Column(table, columns.check_column(table, target, "--target-column"))
        return Contents(_Pairs(targets, inputs, size, snapped), len(table), size, pairs=True)
    if place.kind == "idx":
        raise DataError(f"'{place.name}' holds no pairs")
    if options.input_column:
        raise DataError(f"'{place.name}' has no columns: its pairs are files; say --direction AtoB or BtoA")

    def split_of(split: str) -> tuple[Path, Path] | Path:
        return _two_folders(place.folder, split) or split_folder(place.folder, split)

    split, alone = whole_split(options, split_of)
    found = split_of(split)
    if isinstance(found, tuple):
        a, b = _matched(*found)
        inputs, targets = (a, b) if to_b else (b, a)
        over = passed_over(found[0], a) + passed_over(found[1], b)
        contents = Contents(
            _Pairs(targets, inputs, size, snapped), len(a), size, pairs=True, passed_over=over
        )
        names = [path.relative_to(found[0]).with_suffix("").as_posix() for path in a]
    else:
        if within := [name for name in subfolders(found) if picture_files(found / name)]:
            raise DataError(f"'{found.name}' has folders {', '.join(within[:9])}: pairs lie in {LAYOUTS}")
        files = picture_files(found)
        read, over = _Halves(files, (1, 0) if to_b else (0, 1), size, snapped), passed_over(found, files)
        contents = Contents(read, len(files), size, pairs=True, passed_over=over)
        names = [path.name for path in files]
    return contents.divided(names, options) if alone else contents


SIDES = (("A", "B"), ("input", "target"))
LAYOUTS = "A/ B/ or input/ target/, in train/ or with train/ in them, or trainA/ trainB/, train_A/ train_B/; or are A|B"


def _two_folders(folder: Path, split: str) -> tuple[Path, Path] | None:
    """The sides of a split, as in LAYOUTS; None where no two folders are, NoSplit where another split has them."""
    for names in SIDES:
        if both := _both(folder, *names):
            a, b = (split_folder(side, split) for side in both)
            return a, b
        for glue in ("", "_"):
            found = {of: _both(folder, *(f"{of}{glue}{name}" for name in names)) for of in SPLITS}
            there = [of for of, both in found.items() if both]
            if there and split not in there:
                raise NoSplit(f"'{folder.name}' has no split '{split}': it has {', '.join(there)}", there)
            if there:
                return found[split]
    inner = split_folder(folder, split)
    return next((both for names in SIDES if (both := _both(inner, *names))), None)


def _both(folder: Path, *names: str) -> tuple[Path, Path] | None:
    """Two folders, or nothing; DataError where only one is there."""
    sides = folder / names[0], folder / names[1]
    there = [side.name for side in sides if side.is_dir()]
    if len(there) == 1:
        (missing,) = set(names) - set(there)
        raise DataError(f"'{folder.name}' has a folder {there[0]}/ but no {missing}/")
    return sides if there else None


def _matched(*sides: Path) -> tuple[list[Path], list[Path]]:
    """Files below two folders that belong together: by name, whatever the suffix."""
    found = []
    for side in sides:
        files = picture_files(side)
        found.append({path.relative_to(side).with_suffix("").as_posix(): path for path in files})
        for path in set(files) - set(found[-1].values()):
            raise DataError(f"{path}: another file there has the same name, so its other half is not clear")
    a, b = found
    for name in sorted(a.keys() ^ b.keys()):
        alone = a.get(name) or b.get(name)
        raise DataError(f"{alone} has no other half: a pair has the same name in both folders")
    return [a[name] for name in sorted(a)], [b[name] for name in sorted(a)]
