"""A folder of six pictures, and a cache that goes with the test."""

from pathlib import Path

import pytest

from tests.train.reading.made import noise, write_pictures
from train.reading import sources


@pytest.fixture(autouse=True)
def no_traces(tmp_path, monkeypatch):
    """Nothing outside the test's own folder is read or written."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path / "not-debian")


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_pictures(tmp_path / "set", **{f"p{i}": array for i, array in enumerate(noise(6, 8))})
