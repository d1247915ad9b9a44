"""How long pictures may take to decode."""

import pytest

from train import dcgan
from train.running import loop
from zoo.errors import DataError


def test_the_processes_wait_for_the_pictures_without_a_collective(tmp_path, monkeypatch):
    """Which would end the run after the group's timeout, of ten or thirty minutes."""
    for name in ("main_process_first", "wait_for_everyone"):
        monkeypatch.setattr(loop.Accelerator, name, lambda *_: pytest.fail("waits in a collective"))

    def load(*_, **__):
        raise DataError("decoding")

    monkeypatch.setattr("train.reading.data.load", load)
    with pytest.raises(DataError, match="decoding"):
        loop.run("dcgan", dcgan.Options(out=tmp_path / "out"), script="dcgan.py")
