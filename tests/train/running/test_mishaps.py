"""No number in the middle of a run, and a full disk: the last good checkpoint is there, and the run goes on."""

import errno
import io
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import zoo
from tests.train.running.short_runs import history, refusal
from train.running import folder, stopping
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
    fill_disk(name, since=out / "samples.png")
    assert "No space left" in refusal(ZooError, run)
    fill_disk(None, None)
    model = zoo.load(out)
    assert model.config.training.g_steps in (20, 40) and model.sample(4).isfinite().all()
    assert not list(out.rglob("*.tmp"))
    assert outcome(run(resume=True)) == whole


@pytest.mark.parametrize("name", ["state.pt", "model.safetensors", "config.json", "samples.png"])
def test_a_run_stopped_inside_its_first_snapshot_goes_on(name, run, fill_disk, tmp_path, outcome, whole):
    fill_disk(name, since=tmp_path / "run/history.jsonl")
    assert "No space left" in refusal(ZooError, run)
    fill_disk(None, None)
    assert outcome(run(resume=True)) == whole


def test_a_run_stopped_inside_its_last_snapshot_is_brought_to_its_end(
    run, fill_disk, tmp_path, outcome, whole
):
    out = tmp_path / "run"
    fill_disk("config.json", since=out / "state/snapshots/00000020/samples.png")
    assert "No space left" in refusal(ZooError, run)
    fill_disk(None, None)
    assert folder.read_state(out)["g_steps"] == 40 and zoo.load(out).config.training.g_steps == 20
    assert outcome(run(resume=True)) == whole


# ---- told to stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_saves_first_and_ends_as_if_it_had_not(
    number, run, each_step, tmp_path, outcome, whole, monkeypatch, capsys
):
    class Ended(Exception):
        pass

    killed = []
    each_step(lambda step, game, batches: os.kill(os.getpid(), number) if step == 33 else None)
    with monkeypatch.context() as patch:

        def kill(pid, signal_):
            killed.append(signal_)
            raise Ended

        patch.setattr(stopping.signal, "signal", watched := Handlers())
        patch.setattr(
            stopping.signal, "getsignal", lambda _: signal.SIG_DFL
        )  # also where the tests have nohup
        each = os.kill
        each_step(lambda step, game, batches: watched.now[number](number, None) if step == 33 else None)
        patch.setattr(os, "kill", kill)
        with pytest.raises(KeyboardInterrupt if number == signal.SIGINT else Ended) as raised:
            run()
    assert os.kill is each
    said = str(raised.value) if number == signal.SIGINT else capsys.readouterr().err
    assert "stopped at 0.132 of 0.16 kimg" in said and "--resume" in said
    assert killed == ([] if number == signal.SIGINT else [number])
    model = zoo.load(tmp_path / "run")
    assert model.config.training.g_steps == 33 and model.sample(2).isfinite().all()
    each_step(None)
    assert outcome(run(resume=True)) == whole
    assert "gap" not in capsys.readouterr().out  # step 33 is in the state, if in no line yet


def test_a_run_that_is_stopped_after_a_nan_keeps_the_last_good_state(run, each_step, tmp_path, monkeypatch):
    """Within one interval: before the line that would have told of it."""

    def spoil(step, game, batches):
        if step == 32:
            game.generator.layers[0].weight.data.fill_(float("nan"))
        if step == 33:
            watched.now[signal.SIGINT](signal.SIGINT, None)

    with monkeypatch.context() as patch:
        patch.setattr(stopping.signal, "signal", watched := Handlers())
        patch.setattr(stopping.signal, "getsignal", lambda _: signal.SIG_DFL)
        each_step(spoil)
        said = refusal(TrainingError, run)
    assert "NaN or infinity at generator step 32" in said and "the last good checkpoint is in" in said
    assert folder.read_state(tmp_path / "run")["g_steps"] == 20
    assert zoo.load(tmp_path / "run").config.training.g_steps == 20


class Handlers:
    """Stands for signal.signal: what was set last."""

    def __init__(self):
        self.now = {}

    def __call__(self, number, handler):
        before, self.now[number] = self.now.get(number, signal.SIG_DFL), handler
        return before


def test_a_second_signal_does_not_wait():
    stop = stopping.Stop()
    stop.ask(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        stop.ask(signal.SIGINT, None)


# ---- two at once


def test_two_trainings_in_one_folder_are_kept_apart(run, each_step, tmp_path, outcome, whole):
    said = []

    def act(step, game, batches):
        if step in (10, 25):
            each_step(None)
            said.append(refusal(TrainingError, run, resume=step == 25))
            each_step(lambda *_: None)

    each_step(act)
    assert outcome(run()) == whole
    assert len(said) == 2  # by a new one, and by one that would resume
    assert all("another process is training" in line and "--out" in line for line in said)
    with stopping.alone(tmp_path / "run"):
        assert "another process is training" in refusal(TrainingError, run, resume=True)
    assert outcome(run(resume=True)) == whole


def test_a_child_ends_with_its_launcher(tmp_path):
    """As `accelerate launch` is found: by its command line."""
    child = (
        "import time, pathlib; from train.running.stopping import end_with_launcher; end_with_launcher();"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(600)"
    )
    parent = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', sys.argv[2]]);"
        "print(p.pid, flush=True); p.wait()"
    )
    launcher = subprocess.Popen([sys.executable, "-c", parent, "accelerate", child], stdout=subprocess.PIPE)
    pid = int(launcher.stdout.readline())
    wait_until((tmp_path / "ready").exists)
    launcher.kill()
    launcher.wait()
    try:
        wait_until(lambda: ended(pid), seconds=30)
    finally:
        if not ended(pid):
            os.kill(pid, signal.SIGKILL)
        launcher.stdout.close()


def ended(pid):
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def wait_until(holds, seconds=90):
    for _ in range(10 * seconds):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("not within the time")
