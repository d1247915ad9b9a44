"""A Hub on the loopback interface, and a process that asks it."""

import shutil

import pytest

from tests import toys
from tests.hub.client import Client
from tests.hub.pulled import contents
from tests.hub.server import HubServer


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
