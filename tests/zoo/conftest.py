"""Checkpoints that tests make for themselves: random weights, tiny nets."""

import inspect
import shutil

import pytest
import torch

from tests import toys
from tests.hub.client import Client
from tests.hub.pulled import contents
from tests.hub.server import HubServer
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


# ---- the Hub, on the loopback interface


@pytest.fixture(scope="session")
def hub_home(tmp_path_factory):
    """Where the client below keeps its cache."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def lasting_server():
    with HubServer() as server:
        yield server


@pytest.fixture(scope="session")
def client(lasting_server, hub_home):
    """A process that runs code with the Hub's own client."""
    with Client(lasting_server.environment(hub_home)) as client:
        client.run(
            "import zoo.model, zoo.hub.pull, zoo.hub.push"
        )  # which takes seconds that no test is to count
        yield client


@pytest.fixture
def server(lasting_server, hub_home):
    """A Hub with nothing in it, and nothing of it in the client's cache; it must not fail but where it is told to."""
    server = lasting_server
    server.forget()
    shutil.rmtree(hub_home / "hub", ignore_errors=True)
    yield server
    assert server.crashes == []
    assert all(asked.token is None for asked in server.requests if asked.content), "a token left the Hub"


@pytest.fixture
def toy(server, make_checkpoint):
    """A model's folder, which is me/toy on the server, too; its metrics as well."""
    folder = make_checkpoint(fields={"size": 32})
    toys.measure(folder, fid_n5000=(55.1, 5000))
    server.add("me/toy", contents(folder) | {"README.md": b"# toy", "extra.bin": b"\0" * 99})
    return folder
