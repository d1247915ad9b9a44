"""What checkpoints are measured with: real pictures, their features, networks; each made when first needed."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import torch
from torch import Tensor

from train.arguments import automatic
from train.evaluation import features, inception, small_classifier, translated
from train.evaluation.sampled import Against
from train.reading import data, pairs
from train.reading.decoded import Pictures
from train.reading.sources import NAMED
from zoo import architectures
from zoo.config import Config
from zoo.errors import DataError, Refused


@dataclass(frozen=True, kw_only=True)
class Options:
    data_dir: Annotated[Path | None, automatic("DIR", "the environment's ZOO_DATA_DIR")] = None
    """folder with local copies of data sets, DIR/cifar10/ and so on"""
    dataset: Annotated[str | None, automatic("DIR", "the one that the checkpoint names")] = None
    """where a checkpoint's pictures lie, if it was trained on a folder of your own"""
    reference_split: Annotated[str | None, automatic("SPLIT", "test; train where there is no other")] = None
    """the real pictures that samples are held against"""
    inception_weights: Annotated[Path | None, automatic("FILE", "downloaded")] = None
    """the Inception of FID, as TorchScript or as torch-fidelity has it"""
    lpips_weights: Annotated[Path | None, automatic("FILE", "downloaded")] = None
    """the AlexNet of LPIPS"""
    backend: Literal["torch", "openvino"] = "torch"
    """what runs Inception; openvino is twice as fast on a CPU"""
    skip: tuple[Literal["inception", "lpips"], ...] = ()
    """networks to do without"""


@dataclass
class Yardsticks:
    """`share`: how processes share the features of real pictures (`rank`, `world`, `wait` of features.of_real)."""

    options: Options
    device: torch.device
    share: dict = field(default_factory=dict)
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

    def features(self, extractor: features.Extractor, of: Pictures) -> Tensor:
        name = f"{of.name}-{of.split}"
        return self._once(
            (name, of.images.shape, extractor.key),
            lambda: features.of_real(extractor, of.images, name, **self.share),
        )

    def against(self, config: Config) -> Against:
        """The real pictures that belong to a model from noise, and the networks that see them."""
        return self._against(lambda split: self._pictures(config, split), config.dataset.split)

    def against_named(self, dataset: str) -> Against:
        """The same for a data set by its name."""

        def read(split: str) -> Pictures:
            options = data.DataOptions(dataset=dataset, data_dir=self.options.data_dir, split=split)
            return self._once((dataset, split), lambda: data.load(options))

        return self._against(read, "train")

    def _against(self, read: Callable[[str], Pictures], seen: str) -> Against:
        training = read(seen)
        try:
            unseen = read("test")
        except DataError:  # a set without a test split is its own reference; the rows say so
            unseen = None
        wanted = self.options.reference_split
        reference = (unseen or training) if wanted is None else read(wanted)
        known = small_classifier.find(reference.name)
        if known is not None and (known.channels, known.size, known.size) != reference.images.shape[1:]:
            known = None
        return Against(reference, training, unseen, self.inception, known, self.features)

    def pairs(self, config: Config) -> Pictures:
        """The test pairs of a model that translates (its training pairs where there are no others)."""
        wanted = self.options.reference_split
        try:
            return self._pictures(config, wanted or "test")
        except DataError:
            if wanted is not None:
                raise
            return self._pictures(config, config.dataset.split)

    def pairs_named(self, dataset: str) -> Pictures:
        """The same for a data set by its name."""
        split = self.options.reference_split or "test"
        options = pairs.PairOptions(dataset=dataset, data_dir=self.options.data_dir, split=split)
        return self._once((dataset, split), lambda: pairs.load_pairs(options))

    def _pictures(self, config: Config, split: str) -> Pictures:
        key = (config.dataset.name, config.dataset.size, config.dataset.channels, translates(config), split)
        return self._once(key, lambda: load(config, split, self.options))


def translates(config: Config) -> bool:
    return architectures.get(config.architecture["name"]).kind == "translation"


def load(config: Config, split: str, options: Options) -> Pictures:
    """A split of a checkpoint's data set, as it was trained on; Refused where the pictures have another shape."""
    of = config.dataset
    named = NAMED.get(of.name)
    own = options.dataset not in (None, of.name, named and named.hub)
    natural = named is not None and named.size == of.size and not own  # the training run's cache serves
    given = {
        "dataset": options.dataset or (of.name if named else of.id or of.name),
        "data_dir": options.data_dir,
        "split": split,
        "size": None if natural else of.size,
        "channels": None if natural else of.channels,
    }
    words = shlex.split(config.training.command)
    kind, read = (
        (pairs.PairOptions, pairs.load_pairs) if translates(config) else (data.DataOptions, data.load)
    )
    for name in ("image_column", "label_column", "input_column", "target_column", "direction"):
        flag = f"--{name.replace('_', '-')}"
        if flag in words and name in kind.__dataclass_fields__:
            given[name] = words[words.index(flag) + 1]
    pictures = read(kind(**given))
    if pictures.images.shape[1:] != (of.channels, of.size, of.size):
        raise Refused(
            f"{config.id} makes {of.size} pixels, {of.channels} channels; {pictures.name} holds others"
        )
    return pictures
