"""What tests of every room share."""

import inspect

import pytest
import torch

from zoo import architectures

torch.set_num_threads(1)

TINY = {"channels": 3, "latent": 8, "width": 4, "cap": 8, "classes": 3}


# What takes long: fixtures that train, draw much, start a browser or a client of the Hub; and whole files.
SLOW_FIXTURES = {
    "visit",
    "server",
    "client",
    "hub",
    "run",
    "whole",
    "trained",
    "against",
    "figures",
    "measured",
    "shop",
    "exported",
    "runtime_folder",
}
SLOW_FILES = {
    "test_build.py",
    "test_cluster.py",
    "test_deploy.py",
    "test_end_to_end.py",
    "test_export.py",
    "test_matrix.py",
    "test_measured.py",
    "test_other_languages.py",
    "test_pix2pix.py",
    "test_processes.py",
    "test_readme.py",
    "test_scripts.py",
    "test_wheel.py",
}


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name in SLOW_FILES or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.path.name not in SLOW_FILES)  # or one core waits for the last of them


def pytest_configure(config):
    if hasattr(config.option, "loadscopereorder"):  # pytest-xdist would begin with the files of most tests
        config.option.loadscopereorder = False


@pytest.fixture(scope="session")
def tiny_fields():
    """An architecture's name → its smallest generator, by its row alone: new rows need no new test."""

    def fields(name: str, **given: int) -> dict[str, int]:
        row = architectures.get(name)
        tiny = TINY | {"size": min(row.sizes)} | given
        if not row.conditional:
            del tiny["classes"]
        taken = inspect.signature(row.generator).parameters
        return architectures.check_fields(name, {k: v for k, v in tiny.items() if k in taken})

    return fields
