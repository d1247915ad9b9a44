"""Checkpoints that tests make for themselves: random weights, tiny nets."""

import inspect

import pytest
import torch

from tests import toys
from zoo import architectures, checkpoint
from zoo.architectures import DCGAN


@pytest.fixture
def make_config():
    def make(name: str = "dcgan", **given):
        takes = inspect.signature(architectures.get(name).generator).parameters
        of = {"size": 16, "channels": 3, "latent": 8, "width": 4, "cap": 8}
        of = {field: value for field, value in of.items() if field in takes} | given.pop("fields", {})
        return toys.config(name, of, **given)

    return make


@pytest.fixture
def make_checkpoint(tmp_path, make_config, small_sizes):
    """A folder with a generator that makes pictures of some contrast."""

    def make(name: str = "dcgan", folder: str = "runs/toy", half: bool = False, seed: int = 0, **given):
        config = make_config(name, **given)
        tensors = toys.weights(config, seed)
        if half:
            tensors = {n: t.half() if t.is_floating_point() else t for n, t in tensors.items()}
        checkpoint.write(tmp_path / folder, config, tensors)
        return tmp_path / folder

    return make


@pytest.fixture
def folder(make_checkpoint):
    return make_checkpoint()


@pytest.fixture
def small_sizes(monkeypatch):
    """Lets DCGAN make 16 pixels, to be quick."""
    for name in ("dcgan", "cdcgan"):
        row = architectures.ARCHITECTURES[name]
        monkeypatch.setitem(
            architectures.ARCHITECTURES, name, type(row)(**{**vars(row), "sizes": (16, *row.sizes)})
        )


class Translator(torch.nn.Module):
    """A net with what `translate` has to get right: batch norm and dropout."""

    def __init__(self, *, size: int, channels: int, width: int):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, width, 3, padding=1),
            torch.nn.BatchNorm2d(width),
            torch.nn.Dropout(0.5),
            torch.nn.Conv2d(width, channels, 3, padding=1),
            torch.nn.Tanh(),
        )

    def forward(self, z, maps):
        assert z is None
        return self.layers(maps)


@pytest.fixture
def translator(monkeypatch):
    """An architecture named `translator`: maps to photographs, 16 pixels."""
    row = type(DCGAN)(
        **{
            **vars(DCGAN),
            "generator": Translator,
            "kind": "translation",
            "sizes": (16,),
            "conditional": False,
        }
    )
    monkeypatch.setitem(architectures.ARCHITECTURES, "translator", row)
