"""What tests of every room share."""

import inspect

import pytest
import torch

from zoo import architectures

torch.set_num_threads(1)

TINY = {"channels": 3, "latent": 8, "width": 4, "cap": 8, "classes": 3}


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
