"""A short run in this process, what it leaves when it is let be, and a hand in its steps."""

import sys

import pytest

from tests.train.running.short_runs import PINNED, SHORT, Cut
from train import dcgan, pix2pix
from train.running import averaging, loop, resuming
from zoo.architectures import ARCHITECTURES


@pytest.fixture(autouse=True)
def apart(tmp_path_factory, monkeypatch):
    """Nothing is read or written but for the test's own folders; statistics come from fewer latents."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    monkeypatch.setattr(averaging, "PICTURES", 500)


@pytest.fixture
def run(made_up, tmp_path):
    def run(name="dcgan", out="run", **given):
        shared = {**SHORT, **PINNED, "out": tmp_path / out if isinstance(out, str) else out}
        if ARCHITECTURES[name].kind == "translation":
            given = {"dataset": str(made_up / "pairs"), "size": 32, "cap": 8, **given}
            options = pix2pix.Options(**{**shared, **given})
        else:
            given = {"dataset": str(made_up / "photos"), "size": 32, "latent": 8, **given}
            options = dcgan.Options(**{**shared, "conditional": name == "cdcgan", **given})
        return loop.run(name, options, script="script.py")

    return run


@pytest.fixture
def line(monkeypatch):
    """A command line → its options, as a script takes them."""

    def line(*words, of=dcgan.Options):
        monkeypatch.setattr(sys, "argv", ["train/script.py", *map(str, words)])
        return resuming.parse(of, "A script.")

    return line


@pytest.fixture(scope="package")
def known():
    return {}


@pytest.fixture
def whole(run, outcome, known):
    """What a run without any option leaves when nothing happens to it."""
    return known or known.update(outcome(run(out="whole"))) or known


@pytest.fixture
def each_step(monkeypatch):
    """From now on `act(step, game, batches)` is called before each step, counted from 1; with None, no more.

    What it gives back, if anything, is called with the step's scalars.
    """
    play = loop.play

    def each_step(act):
        step = 0

        def watched(game, batches, *rest, **named):
            nonlocal step
            step += 1
            afterwards = act(step, game, batches)
            seen = play(game, batches, *rest, **named)
            if afterwards is not None:
                afterwards(seen)
            return seen

        monkeypatch.setattr(loop, "play", play if act is None else watched)

    return each_step


@pytest.fixture
def cut_after(each_step):
    """Runs end by Cut after so many steps, until called with None."""

    def cut_after(steps):
        def act(step, game, batches):
            if step > steps:
                raise Cut

        each_step(None if steps is None else act)

    return cut_after
