"""Where pictures come from: named sets, the Hub, its copies on disk, folders. Opens none of them."""

import logging
import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from train.arguments import automatic
from train.reading.files import (
    FROM,
    HOLDOUT,
    all_folders,
    holds_bytes,
    holds_idx,
    one_line,
    passed_over,
    picture_files,
    walk,
)
from zoo import pictures
from zoo.config import NAMED_DATA
from zoo.errors import DataError, unknown

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True)
class Named:
    """What is known of a data set with a short name; `zoo.config.NAMED_DATA` has the rest."""

    image: str
    label: str | None = None
    map: str | None = None  # the other column of a set of pairs
    label_names: tuple[str, ...] = ()  # where the files do not hold them


# fmt: off
NAMED = {
    "cifar10": Named("img", label="label"),
    "fashion-mnist": Named(
        "image", label="label",
        label_names=("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                     "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    "facades": Named("imageA", map="imageB"),
    "cats64": Named("image"),
}
# fmt: on
DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")  # package dataset-fashion-mnist
IDX = ("-ubyte", "-ubyte.gz")
TABLE = (".parquet", "readme.md", ".json", ".yaml")  # the last three say what the columns are
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What every kind of data set is asked for."""

    dataset: str = "cifar10"
    """a name (cifar10, fashion-mnist, cats64), an id of the Hub (owner/name), or a folder of pictures"""
    data_dir: Annotated[Path | None, automatic("DIR", "the environment's ZOO_DATA_DIR")] = None
    """folder with local copies in the Hub's layout, DIR/cifar10/ or DIR/owner/name/"""
    config: Annotated[str | None, automatic("NAME", "the only or usual one")] = None
    """which configuration of the data set, as `datasets` names it"""
    split: str = "train"
    """which part of the data set; of a table also slices, as `datasets` writes them: train[:90%]"""
    revision: Annotated[str | None, automatic("REVISION", "the newest")] = None
    """commit, tag or branch of the Hub's copy; local copies are then left alone"""
    size: Annotated[
        int | None, automatic("PIXELS", "the set's own, 64 for a folder, or the nets' largest")
    ] = None
    """width and height; other pictures are cut to their middle square and resized"""
    holdout: Annotated[
        float | None, automatic("SHARE", f"{HOLDOUT:g} of a folder of {FROM} pictures or more")
    ] = None
    """share of a folder that has no test split to keep from training, so that figures are taken against unseen
    pictures"""
    skip_broken: bool = False
    """pass over pictures that cannot be read, and tell them, instead of refusing the set"""
    channels: Annotated[Literal[1, 3] | None, automatic("1|3", "1 where every picture is grey")] = None
    """1 for grey, 3 for colour"""
    resident_gb: float = 4.0
    """up to this size (GiB) decoded pictures are kept in a cache and, with a GPU, in its memory; larger sets
    are decoded again as they are needed. The cache as a whole stays below ZOO_CACHE_GB, 20 GiB"""


@dataclass(frozen=True)
class Place:
    """Where a data set lies: in a folder, or (folder None) on the Hub, with a builder that can fetch it."""

    name: str  # as in a checkpoint's id
    id: str | None  # the Hub's
    folder: Path | None
    revision: str | None = None
    named: Named | None = None
    config: str | None = None
    builder: "datasets.DatasetBuilder | None" = None

    @property
    def source(self) -> str:
        """As it is called in messages."""
        return self.id or self.name

    @cached_property
    def kind(self) -> Literal["idx", "table", "folder"]:
        if self.folder is None:
            return "table"
        if holds_idx(self.folder):
            return "idx"
        tables = [path for path in walk(self.folder) if path.name.lower().endswith(".parquet")]
        if not tables or (not holds_bytes(tables[0]) and picture_files(self.folder)):
            return "folder"  # beside its pictures a downloader may leave a table of where they come from
        return "table"

    def identity(self) -> list:
        """What changes when the data change, or what is told of them: files and their times, or the Hub's commit."""
        if self.folder is None:
            return [self.id, self.builder.config.name, self.builder.hash]
        kinds = {"idx": IDX, "table": TABLE, "folder": pictures.SUFFIXES}[self.kind]
        mine = [path for path in walk(self.folder) if path.name.lower().endswith(kinds)]
        files = [(path.relative_to(self.folder).as_posix(), path.stat()) for path in mine]
        told = []
        if self.kind == "folder":  # an empty folder keeps its neighbours from being classes
            told = [all_folders(self.folder), sorted(passed_over(self.folder, mine).items())]
        stats = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in files]
        return [self.config] * bool(self.config) + told + stats


@dataclass(frozen=True)
class Called:
    """A data set as it was asked for. Two are the same where `name` and `id` are: a name alone is no proof."""

    name: str  # as in a checkpoint's id; a named set's is taken by no other
    id: str | None  # the Hub's
    folder: Path | None = None  # of one's own
    named: Named | None = None


def called(asked: str, config: str | None = None) -> Called:
    """By what is asked for alone; nothing is looked for but whether it is a folder."""
    found = _called(asked)
    if config is None or found.named:
        return found
    return replace(found, name=slug(f"{found.name}-{config}"))  # another set than its other configurations


def _called(asked: str) -> Called:
    for name, of in NAMED_DATA.items():
        if asked in (name, of.id):
            return Called(name, of.id, named=NAMED[name])
    folder = Path(asked).expanduser()
    if not asked or folder.is_file():
        raise DataError(f"--dataset '{asked}' is {'a file' if asked else 'empty'}: give a folder or a name")
    if not folder.is_dir() and HUB_ID.fullmatch(asked):
        owner, name = asked.split("/")
        return Called(slug(f"{owner}-{name}") if slug(name) in NAMED_DATA else slug(name), asked)
    if folder.is_dir() or re.search(r"[/\\~]|^\.", asked):
        return Called(own_name(folder.resolve().name), None, folder)
    return Called(own_name(asked), None)


def own_name(name: str) -> str:
    """That of pictures of one's own, in a folder called `name`."""
    name = slug(name)
    return f"{name}-folder" if name in NAMED_DATA else name


def locate(options: SourceOptions) -> Place:
    """Find a data set without reading a picture; DataError or UnknownName, one line, where there is none."""
    wanted = called(options.dataset, options.config)
    if wanted.folder and not wanted.folder.is_dir():
        raise DataError(f"no folder '{options.dataset}'")
    folder = wanted.folder or _copy(options, wanted)
    if folder is not None:
        place = Place(wanted.name, wanted.id, folder, named=wanted.named, config=options.config)
        if options.config and place.kind != "table":
            raise DataError(
                f"'{place.source}' has no configurations: its pictures are files; leave --config out"
            )
        return place
    if wanted.name == "cats64":
        raise DataError(
            "cats64 is not on the Hub: get Kaggle's 'Cats faces 64x64 for generative models' and put it in "
            "DIR/cats64, with --data-dir DIR or ZOO_DATA_DIR"
        )
    if wanted.id is None:
        raise unknown("data set, folder or owner/name", options.dataset, NAMED)
    return _on_hub(wanted, options.revision, options.config)


def _copy(options: SourceOptions, wanted: Called) -> Path | None:
    """The folder that stands for the set and no other: by its id or, of a named set, by its name."""
    if options.revision:
        if options.data_dir:
            raise DataError(
                "--revision is for the Hub's copy and --data-dir for one on disk: leave one of them out"
            )
        return None
    base = options.data_dir or os.environ.get("ZOO_DATA_DIR")
    idx = wanted.name == "fashion-mnist"
    if base:
        base = Path(base).expanduser()
        if idx and holds_idx(base) and slug(base.resolve().name) in ("fashion-mnist", "fashion_mnist"):
            return base  # MNIST's files have the same names
        places = [wanted.name, wanted.id] if wanted.named else [wanted.id or options.dataset]
        for place in filter(None, places):
            if not (base / place).is_dir():
                continue
            if wanted.id is None and not wanted.named:  # by its path alone it is known to be one of one's own
                raise DataError(f"'{place}' is a folder of your own: give its path, --dataset {base / place}")
            return base / place
        if options.data_dir:
            raise DataError(f"no folder '{places[0]}' in --data-dir {base}")
    return DEBIAN_FASHION_MNIST if idx and holds_idx(DEBIAN_FASHION_MNIST) else None


def _on_hub(wanted: Called, revision: str | None, config: str | None) -> Place:
    import datasets
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    source = wanted.id
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
    named = {"name": config} if config else {}
    try:
        builder = datasets.load_dataset_builder(source, revision=revision, **named)
    except ConnectionError:
        raise DataError(
            f"no copy of '{source}' here, and the Hub cannot be reached: pass --data-dir DIR (or set "
            f"ZOO_DATA_DIR) with DIR/{wanted.name if wanted.named else source}/, or a folder of pictures as --dataset"
        ) from None
    except Exception as error:
        raise DataError(cannot_use(source, error)) from error
    commit = builder.hash if re.fullmatch(r"[0-9a-f]{40}", builder.hash or "") else revision
    return Place(wanted.name, source, None, commit, wanted.named, config, builder)


def cannot_use(source: str, error: Exception) -> str:
    """Why `datasets` opens no table, in a line."""
    if found := re.search(
        r"(?:configs|Available): \[(.*?)\]", str(error)
    ):  # one is missing, or is none of these
        return (
            f"'{source}' has several configurations: --config must be one of {found[1].replace(chr(39), '')}"
        )
    return f"cannot use '{source}': {one_line(error)}"


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-") or "pictures"
