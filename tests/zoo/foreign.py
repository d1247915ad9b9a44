"""Checkpoints as a foreign hand leaves them, and how they are refused."""

import json

import pytest

from zoo.errors import CheckpointError


def refused(act, *words):
    """`act` raises CheckpointError in one line with all `words`."""
    with pytest.raises(CheckpointError) as error:
        act()
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    for word in words:
        assert word in str(error.value)
    return str(error.value)


def edit(folder, change):
    """Change config.json as a foreign hand would."""
    data = json.loads((folder / "config.json").read_text())
    change(data)
    (folder / "config.json").write_text(json.dumps(data))
