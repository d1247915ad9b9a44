"""No number in the middle of a run, and a full disk: the last good checkpoint is there, and the run goes on."""

import errno
import io
import math
import os
from pathlib import Path

import pytest
import torch

import zoo
from tests.train.running.short_runs import history, refusal
from zoo.errors import TrainingError, ZooError

# ---- no number


@pytest.fixture
def poison(each_step):
    """NaN in the generator's weights and its loss at one step."""

    def poison(at):
        def act(step, game, batches):
            def spoil(seen):
                with torch.no_grad():
                    next(game.generator.parameters()).fill_(math.nan)
                seen["g_loss"] = seen["g_loss"] * math.nan

            return spoil if step == at else None

        each_step(None if at is None else act)

    return poison


@pytest.mark.parametrize("at", [23, 40])  # within an interval, and just where a snapshot is due
def test_nan_stops_the_run_names_the_step_and_leaves_the_last_good_checkpoint(
    at, run, poison, tmp_path, outcome, whole
):
    poison(at)
    said = refusal(TrainingError, run)
    assert f"generator step {at} ({at * 4 / 1000:.1f} kimg)" in said and str(tmp_path / "run") in said
    model = zoo.load(tmp_path / "run")
    assert model.config.training.g_steps == 20 and model.sample(4).isfinite().all()
    assert all(math.isfinite(value) for row in history(tmp_path / "run") for value in row.values())
    poison(None)
    assert outcome(run(resume=True)) == whole


def test_nan_before_the_first_snapshot_leaves_nothing_that_looks_like_a_checkpoint(run, poison, tmp_path):
    poison(1)
    said = refusal(TrainingError, run)
    assert "generator step 1 " in said and "nothing was saved yet" in said
    assert not list(tmp_path.rglob("*.safetensors")) and not list(tmp_path.rglob("config.json"))
    poison(None)
    run()  # and the folder is no obstacle


# ---- a full disk


class Full:
    """A file on a disk with no room left."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def flush(self):
        self.file.flush()

    def fileno(self):
        raise io.UnsupportedOperation

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


@pytest.fixture
def fill_disk(monkeypatch):
    """From the moment that `since` exists, a file with `name` in its name takes half of what is written."""
    open_ = Path.open

    def fill_disk(name, since):
        def full_open(self, mode="r", *rest, **named):
            file = open_(self, mode, *rest, **named)
            writes = set(mode) & set("wax+")
            return Full(file) if writes and name in self.name and since.exists() else file

        monkeypatch.setattr(Path, "open", full_open if name else open_)

    return fill_disk


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "samples.png", "state.pt", "history.jsonl", "progress.webp"]
)
def test_a_full_disk_leaves_a_checkpoint_that_loads_and_a_run_that_goes_on(
    name, run, fill_disk, tmp_path, outcome, whole
):
    out = tmp_path / "run"
    fill_disk(name, since=out / "state/state.pt")
    assert "No space left" in refusal(ZooError, run)
    fill_disk(None, None)
    model = zoo.load(out)
    assert model.config.training.g_steps in (20, 40) and model.sample(4).isfinite().all()
    assert not list(out.rglob("*.tmp"))
    assert outcome(run(resume=True)) == whole
