"""The small classifier of a data set: its network, and how a trained one is found."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from torch import Tensor, nn

from train.evaluation.features import Extractor
from zoo import pictures
from zoo.errors import DataError

FOLDER = Path(__file__).parents[1] / "classifiers"
SMALLEST = 8  # pixels that three halvings leave something of
WIDTH = 32  # maps at full resolution: 0.9 million parameters


class Classifier(nn.Module):
    """A ResNet of three stages: pictures (n, channels, S, S) in [-1, 1] → features (n, 128) → `head` → classes."""

    def __init__(self, channels: int, classes: int, width: int = WIDTH):
        super().__init__()
        self.body = nn.Sequential(
            *_conv(channels, width),
            *_conv(width, 2 * width, pool=True),
            Residual(2 * width),
            *_conv(2 * width, 4 * width, pool=True),
            Residual(4 * width),
            *_conv(4 * width, 4 * width, pool=True),
            Residual(4 * width),
        )
        self.head = nn.Linear(4 * width, classes)

    def features(self, x: Tensor) -> Tensor:
        return self.body(x).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class Residual(nn.Module):
    def __init__(self, maps: int):
        super().__init__()
        self.body = nn.Sequential(*_conv(maps, maps), *_conv(maps, maps))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def _conv(inputs: int, outputs: int, *, pool: bool = False) -> list[nn.Module]:
    """Pooled before the norm: a quarter of the work, and the same maximum."""
    pooling = [nn.MaxPool2d(2)] if pool else []
    return [
        nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
        *pooling,
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


@dataclass(frozen=True)
class Trained:
    """A classifier and what its .json says of it."""

    extractor: Extractor
    size: int
    channels: int
    labels: tuple[str, ...]
    accuracy: float  # on the test split


def find(dataset: str, id: str | None, labels: tuple[str, ...], folder: Path | None = None) -> Trained | None:
    """The classifier of a data set, by its name and the Hub's id of it; None where there is none.

    Without an id, two folders of one name are told apart by their classes.
    """
    about_path = (folder or FOLDER) / f"{dataset}.json"
    if not about_path.is_file():
        return None
    about = json.loads(about_path.read_text(encoding="utf-8"))
    same = about.get("id") == id and (id is not None or about["labels"] == list(labels))
    if not same or len(about["labels"]) < 2:  # another set, called the same; or nothing is told apart
        return None
    content = about_path.with_suffix(".safetensors").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != about["sha256"]:
        raise DataError(
            f"{about_path} describes other weights: train/classifier.py --dataset {dataset} makes both anew"
        )
    net = Classifier(about["channels"], len(about["labels"]), about["width"])
    net.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in safetensors.torch.load(content).items()}
    )
    net = net.eval().requires_grad_(False)
    extractor = Extractor(
        name=f"{dataset} classifier",
        key=f"classifier-{sha256[:12]}-float32",
        width=net.head.in_features,
        resize=f"none, {about['size']} pixels",
        precision="float32",
        run=lambda x: net.features(pictures.to_float(x)),
        head=(net.head.weight, net.head.bias),
        batch=250,
    )
    return Trained(extractor, about["size"], about["channels"], tuple(about["labels"]), about["accuracy"])
