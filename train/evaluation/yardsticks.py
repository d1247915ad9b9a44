"""What checkpoints are measured with: real pictures, their features, networks; each made when first needed."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import torch
from torch import Tensor
from tqdm import tqdm

from train.arguments import automatic
from train.evaluation import features, inception, small_classifier, translated
from train.evaluation.sampled import Against
from train.reading import data, pairs
from train.reading.decoded import Pictures
from train.reading.files import NoSplit, find_unseen
from train.reading.sources import called, own_name
from zoo import architectures
from zoo.config import NAMED_DATA, Config, Dataset
from zoo.errors import DataError, Refused

Asked = data.DataOptions | pairs.PairOptions


@dataclass(frozen=True, kw_only=True)
class Options:
    data_dir: Annotated[Path | None, automatic("DIR", "the environment's ZOO_DATA_DIR")] = None
    """folder with local copies of data sets, DIR/cifar10/ or DIR/owner/name/"""
    dataset: Annotated[str | None, automatic("DIR", "the one that the checkpoint names")] = None
    """where the pictures lie of checkpoints trained on a folder of your own; others are refused"""
    reference_split: Annotated[
        str | None, automatic("SPLIT", "test, else validation, else what was trained on")
    ] = None
    """the real pictures that samples are held against"""
    inception_weights: Annotated[Path | None, automatic("FILE", "downloaded")] = None
    """the Inception of FID, as TorchScript or as torch-fidelity has it"""
    lpips_weights: Annotated[Path | None, automatic("FILE", "downloaded")] = None
    """the AlexNet of LPIPS"""
    backend: Literal["torch", "openvino"] = "torch"
    """what runs Inception; openvino is twice as fast on a CPU"""
    resident_gb: float = 4.0
    """sets up to this size are decoded once and kept in memory, as in training"""
    skip_broken: bool = False
    """pass over real pictures that cannot be read, and tell them, instead of refusing the set"""
    skip: Annotated[
        tuple[Literal["inception", "lpips"], ...], automatic("{inception,lpips} ...", "none")
    ] = ()
    """networks to do without"""


@dataclass
class Yardsticks:
    """`share`: how processes share the features of real pictures (`rank`, `world`, `wait` of features.of_real)."""

    options: Options
    device: torch.device
    share: dict = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # weights' hash → where their run found its pictures
    _made: dict = field(default_factory=dict)

    def _once(self, key: tuple, make: Callable):
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @property
    def inception(self) -> features.Extractor | None:
        if "inception" in self.options.skip:
            return None
        given = (self.options.inception_weights, self.options.backend, self.device)
        return self._once(("inception",), lambda: inception.official(*given))

    @property
    def lpips(self) -> Callable[[Tensor, Tensor], float] | None:
        if "lpips" in self.options.skip:
            return None
        return self._once(("lpips",), lambda: translated.load_lpips(self.options.lpips_weights))

    def alexnet(self) -> features.Extractor | None:
        """None where it is not wanted, or cannot be had, which is told: no figure but memorisation needs it."""
        if "lpips" in self.options.skip:
            return None

        def make() -> features.Extractor | None:
            try:
                return translated.alexnet(self.options.lpips_weights)
            except DataError as error:
                tqdm.write(f"memorisation is not measured: {error}", file=sys.stderr)
                return None

        return self._once(("alexnet",), make)

    def features(self, extractor: features.Extractor, of: Pictures) -> Tensor:
        name = f"{of.name}-{of.split}"
        return self._once(
            (id(of), extractor.key),  # sets of one name are not the same; those of `_read` outlive this
            lambda: features.of_real(extractor, of.images, name, **self.share),
        )

    def against(self, config: Config) -> Against:
        """The real pictures that belong to a model from noise, and the networks that see them."""
        mirror = config.training.mirror
        return self._against(lambda split: self._of_model(config, split), config.dataset.split, mirror)

    def against_named(self, dataset: str) -> Against:
        """The same for a data set by its name."""
        return self._against(partial(self._named, data.DataOptions, dataset), "train")

    def _against(self, read: Callable[[str], Pictures], seen: str, mirror: bool = False) -> Against:
        training = read(seen)
        try:
            unseen = find_unseen(read)
        except NoSplit:
            unseen = None
        wanted = self.options.reference_split
        reference = (unseen or self._instead(training)) if wanted is None else read(wanted)
        known = small_classifier.find(training.name, training.id, training.label_names)
        if known is not None and (known.channels, known.size, known.size) != reference.images.shape[1:]:
            known = None
        mirrored = self._once(("mirrored", id(training)), lambda: training.mirrored()) if mirror else None
        networks = self.inception, known, self.features, self.alexnet
        return Against(reference, training, unseen, *networks, mirrored)

    def pairs(self, config: Config) -> Pictures:
        """The test pairs of a model that translates (its training pairs where there are no others)."""
        return self._pairs(lambda split: self._of_model(config, split), config.dataset.split)

    def pairs_named(self, dataset: str, split: str | None = None) -> Pictures:
        """The same for a data set by its name, or a split of it."""
        read = partial(self._named, pairs.PairOptions, dataset)
        return self._pairs(read, "train") if split is None else read(split)

    def _pairs(self, read: Callable[[str], Pictures], seen: str) -> Pictures:
        if self.options.reference_split is not None:
            return read(self.options.reference_split)
        try:
            return find_unseen(read)
        except NoSplit:
            return self._instead(read(seen))

    def _instead(self, training: Pictures) -> Pictures:
        """Pictures that were trained on, as their own reference; the rows say so, and it is told once."""
        if self.share.get("rank", 0) == 0:
            words = f"{training.name} has no test or validation split: held against what was trained on"
            self._once(("told", id(training)), lambda: tqdm.write(words, file=sys.stderr))
        return training

    def _of_model(self, config: Config, split: str) -> Pictures:
        asked = reading(config, split, self.options, self.places.get(config.weights.sha256))
        pictures = self._read(asked, max(architectures.get(config.architecture["name"]).sizes))
        check_same(config, pictures)
        return pictures

    def _named(self, kind: type[Asked], dataset: str, split: str) -> Pictures:
        given = {"data_dir": self.options.data_dir, "skip_broken": self.options.skip_broken}
        return self._read(kind(dataset=dataset, split=split, **given))

    def _read(self, asked: Asked, largest: int | None = None) -> Pictures:
        """Once for whatever is asked alike: another direction or column is another set."""
        if isinstance(asked, pairs.PairOptions):
            return self._once((asked,), lambda: pairs.load_pairs(asked))
        return self._once((asked, largest), lambda: data.load(asked, largest=largest))


def translates(config: Config) -> bool:
    return architectures.get(config.architecture["name"]).kind == "translation"


def reading(config: Config, split: str, options: Options, place: str | None = None) -> Asked:
    """How a split of a checkpoint's data set is read, as it was trained on; `place` is where the run found it.

    Refused where nobody says where it lies.
    """
    of = config.dataset
    place = options.dataset or of.known or of.id or place
    if place is None:
        base = options.data_dir or os.environ.get("ZOO_DATA_DIR")
        place = str(Path(base or "").expanduser() / name_of(of))
        if base is None or not Path(place).is_dir():
            raise Refused(
                f"{config.id} was trained on a folder, '{of.name}': --dataset DIR says where it lies"
            )
    recorded = config.options or {}
    # What the training asked for, so that what it decoded serves; other splits are made to fit its pictures.
    as_asked = of.natural or (split == of.split and {"size", "channels"} <= recorded.keys())
    given = {
        "dataset": place,
        "data_dir": options.data_dir,
        "split": split,
        "size": recorded.get("size") if as_asked else of.size,
        "channels": recorded.get("channels") if as_asked else of.channels,
        "holdout": recorded.get("holdout", 0.0),  # runs that did not know of it held nothing out
        "skip_broken": options.skip_broken or recorded.get("skip_broken", False),
        "resident_gb": options.resident_gb,
        "revision": None if options.data_dir else recorded.get("revision"),
    }
    if config.options is None and re.search("--direction|--config|-column", config.training.command):
        raise Refused(f"{config.id} does not record how its pictures were read: its config has no options")
    kind = pairs.PairOptions if translates(config) else data.DataOptions
    asked = ("config", "image_column", "label_column", "input_column", "target_column", "direction")
    if split != of.split:  # no labels of it are asked for, and they may be hidden
        asked = tuple(name for name in asked if name != "label_column")
    for name in kind.__dataclass_fields__.keys() & asked:
        given[name] = recorded.get(name)
    return kind(**given)


def name_of(dataset: Dataset) -> str:
    """As it would be called today: a folder or Hub set once took the name of a named set that it is not."""
    if dataset.known or dataset.name not in NAMED_DATA:
        return dataset.name
    return called(dataset.id).name if dataset.id else own_name(dataset.name)


def check_same(config: Config, found: Pictures) -> None:
    """Refused where pictures are not those of the checkpoint: of another set, or of another shape."""
    of = config.dataset
    name = name_of(of)
    if (found.name, found.id) != (name, of.id):
        raise Refused(f"{config.id} was trained on {of.id or name}, not on {found.id or found.name}")
    if found.images.shape[1:] != (of.channels, of.size, of.size):
        raise Refused(
            f"{config.id} makes {of.size} pixels, {of.channels} channels; {found.name} holds others"
        )
    if found.split == of.split and len(found) != of.pictures:
        raise Refused(
            f"{config.id} was trained on {of.pictures:,} pictures of {found.name}; there are {len(found):,} now"
        )
