"""Where pictures come from: named sets, the Hub, its copies on disk, folders. Opens none of them."""

import logging
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from train.arguments import automatic
from train.reading.files import holds_idx, one_line, walk
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


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-") or "pictures"
