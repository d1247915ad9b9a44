"""Train, measure and describe the cells of a recipe, several at a time; run it again to go on after any interruption.

    python train/sweep.py starter-zoo --jobs 2 --time-limit 60 --bundle
    python train/sweep.py starter-zoo --evaluate="--n 50000 --inception-weights FILE"
    python train/sweep.py focal-cifar10 --budget gpu --train-only --print-commands

Each cell is the ordinary training script, then train/evaluate.py, then cards.build, each in a process of its own, on
one thread, in runs/<recipe>/<cell>. A cell whose training fails (NaN, an error) leaves its reason in failed.json, is
not tried again without --retry, and stops no other; one that was killed goes on from its last snapshot when the sweep
is run again. An evaluation that fails leaves unmeasured.json and is tried again with --retry or other options; the
training's result stays what it is.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, BinaryIO

import tyro

from train.arguments import automatic, exit_with_one_line, parse
from train.sweeping import keeping, recipe, standing
from train.sweeping.display import Table
from train.sweeping.recipe import Planned
from train.sweeping.standing import FAILED, UNMEASURED, Standing
from zoo.errors import Refused

try:
    import fcntl
except ImportError:  # Windows: two sweeps of one folder are not kept apart there
    fcntl = None

SCRIPTS = Path(__file__).parent
TICK = 1.0  # seconds between two looks at the running cells
LOG = "state/log.txt"
ENVIRONMENT = {"OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Options:
    recipe: tyro.conf.Positional[str]
    """a recipe's name (starter-zoo, focal-cifar10, focal-facades, lsgan-fashion-mnist, resnet-losses, lucic-seven,
    protocol, controls), or the path of a .toml file; train/sweeping/recipe.py says what stands in it"""
    jobs: int = 1
    """cells at a time; on a CPU one a core, on a GPU as many small ones as its memory takes"""
    budget: str = "cpu"
    """cpu, gpu, or the path of a .toml file with a table for each script"""
    time_limit: Annotated[float | None, automatic("MINUTES", "none")] = None
    """start no cell that cannot end by then, and stop those that have not, to go on next time"""
    evaluate: str = ""
    """options by which train/evaluate.py measures each trained model, as in: --evaluate="--skip inception lpips" """
    train_only: bool = False
    """neither measure nor make cards"""
    bundle: bool = False
    """copy what is trained: the starter zoo's models to zoo/checkpoints, figures and history of all others to
    train/results"""
    print_commands: bool = False
    """only list what is left to do, a line a cell, for any scheduler"""
    only: str = "*"
    """cells whose name fits this pattern, as in: --only "*-focal-*" """
    retry: bool = False
    """try again what failed"""
    out: Path = Path("runs")
    """where the cells' folders go, below a folder named after the recipe"""


class Sweep:
    """The cells of a plan, how they stand, and the processes that train some of them."""

    def __init__(self, plan: list[Planned], options: Options):
        self.plan, self.options = plan, options
        self.standings = {cell: self.look(cell) for cell in plan}
        self.children: dict[Planned, subprocess.Popen] = {}
        self.deadline = None
        if options.time_limit is not None:
            self.deadline = time.monotonic() + 60 * options.time_limit
        if options.retry:
            for cell in self.among("failed", "unmeasured"):
                for name in (FAILED, UNMEASURED):
                    (self.folder(cell) / name).unlink(missing_ok=True)
                self.standings[cell] = replace(self.standings[cell], state="waiting", note="")

    def folder(self, cell: Planned) -> Path:
        return self.options.out / cell.recipe / cell.name

    def look(self, cell: Planned) -> Standing:
        return standing.look(
            cell, self.options.out, None if self.options.train_only else self.options.evaluate
        )

    def among(self, *states: str) -> list[Planned]:
        return [cell for cell in self.plan if self.standings[cell].state in states]

    def run(self, table: Table) -> None:
        """Until all have done what they can, or none can end in time. However it ends, no child is left behind."""
        try:
            while True:
                self.look_at_running()
                if self.deadline is not None and time.monotonic() >= self.deadline:
                    break
                self.start_more()
                table.show(self.standings, self.seconds_for_all())
                if not self.among("running", "elsewhere"):
                    break
                time.sleep(TICK)
        finally:
            self.stop()
            table.show(self.standings, None)

    def look_at_running(self) -> None:
        for cell in self.among("running", "elsewhere", "waiting"):
            seen, folder = self.standings[cell], self.folder(cell)
            if seen.state == "running":
                code = self.children[cell].poll()
                if code is None:
                    self.standings[cell] = standing.progress(folder, seen.phase)
                else:
                    del self.children[cell]
                    self.standings[cell] = self.outcome(cell, code)
            elif is_locked(folder / LOG):  # another sweep's, or left behind by one that was killed
                self.standings[cell] = replace(standing.progress(folder, seen.phase), state="elsewhere")
            elif seen.state == "elsewhere":
                self.standings[cell] = self.look(cell)

    def outcome(self, cell: Planned, code: int) -> Standing:
        """How a cell stands whose process has ended; a failure is written down."""
        phase, seen = self.standings[cell].phase, self.look(cell)
        if code < 0:
            note = f"killed ({signal.Signals(-code).name}): goes on when the sweep is run again"
            return replace(seen, state="stopped", note=note)
        if seen.state != "done" and seen.phase == phase:
            error = last_words(self.folder(cell) / LOG, program(cell, phase)) if code else ""
            error = error or f"ended with exit code {code} and without {LEAVES[phase]}"
            if phase == "training":
                standing.write_failure(cell, self.folder(cell), error)
            else:
                standing.write_unmeasured(self.folder(cell), self.options.evaluate, f"{phase}: {error}")
            seen = self.look(cell)
        return seen

    def start_more(self) -> None:
        """What is trained is measured before another training starts."""
        for cell in sorted(self.among("waiting"), key=lambda cell: not self.standings[cell].trained):
            if len(self.among("running", "elsewhere")) >= self.options.jobs:
                break
            left = standing.seconds_left(cell, self.standings) or 0
            if self.deadline is None or time.monotonic() + left < self.deadline:
                self.start(cell)

    def start(self, cell: Planned) -> None:
        path, phase = self.folder(cell) / LOG, self.standings[cell].phase
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            if not lock(log):
                return
            if phase == "training":
                log.truncate(0)
            self.children[cell] = subprocess.Popen(
                [sys.executable, *call(cell, phase, self.options, SCRIPTS)],
                stdin=subprocess.DEVNULL,
                stdout=log,  # the child holds the lock with it for as long as it lives, whatever becomes of us
                stderr=subprocess.STDOUT,
                env=os.environ | ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is for the sweep
            )
        self.standings[cell] = standing.progress(self.folder(cell), phase)

    def stop(self) -> None:
        for child in self.children.values():
            child.terminate()
        for cell, child in self.children.items():
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            seen = self.look(cell)
            self.standings[cell] = seen if seen.state == "done" else replace(seen, state="stopped")
        self.children.clear()

    def seconds_for_all(self) -> float | None:
        """None while nothing is known of some cell's speed."""
        left = {
            cell: standing.seconds_left(cell, self.standings)
            for cell in self.among("running", "elsewhere", "waiting")
        }
        if None in left.values():
            return None
        running = [left.pop(cell) for cell in self.among("running", "elsewhere")]
        return standing.seconds_for_all(running, left.values(), self.options.jobs)

    def keep(self) -> None:
        for cell in self.plan:
            if keeping.keep(cell, self.standings[cell], self.folder(cell)):
                print(f"kept {cell.name}")
                if cell.bundled and not keeping.comes_from_a_commit(self.folder(cell)):
                    print(f"  but {cell.name} was trained by files that differ from their commit")
        for cell in self.plan:
            if cell.bundled and keeping.tell_of_other_seeds(cell):
                print(f"{cell.name} tells of its other seeds")


def lock(file: BinaryIO) -> bool:
    """Whether the file was nobody's, and is ours now."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("r+b") as file:
        return not lock(file)


def last_words(log: Path, program: str) -> str:
    """The last line that a program wrote, without its name and without the progress bar before it."""
    lines = re.split(r"[\r\n]+", log.read_text(encoding="utf-8", errors="replace").strip())
    return lines[-1].rpartition(f"{program}: ")[2][:300]


# ---- a cell's phases

LEAVES = {"training": "the checkpoint that was planned", "evaluation": "metrics.json", "card": "a card"}


def program(cell: Planned, phase: str) -> str:
    """What does a phase, as it calls itself when it fails."""
    return {"training": f"{cell.script}.py", "evaluation": "evaluate.py", "card": "cards.build"}[phase]


def call(cell: Planned, phase: str, options: Options, scripts: Path) -> list[str]:
    """What follows `python` to do one phase of a cell."""
    folder, name = str(options.out / cell.recipe / cell.name), program(cell, phase)
    if phase == "training":
        return [str(scripts / name), *cell.arguments(options.out)]
    if phase == "card":
        return ["-m", name, folder]
    return [str(scripts / name), folder, "--dataset", cell.options.dataset, *shlex.split(options.evaluate)]


def command(cell: Planned, phase: str, options: Options) -> str:
    """A line for a shell in the root of the source tree: the phase of a cell and those after it."""
    left = [name for name in LEAVES if name != "card" or cell.first]
    left = [phase] if options.train_only else left[left.index(phase) :]
    settings = " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
    lines = [shlex.join(["python", *call(cell, name, options, Path("train"))]) for name in left]
    return " && ".join(f"{settings} {line}" for line in lines)


@contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """So that `kill` ends the children as Ctrl-C does, and `kill -INT` too where a shell started us deaf to it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def sweep(options: Options) -> None:
    if options.jobs < 1:
        raise Refused(f"--jobs must be at least 1, not {options.jobs}")
    plan = [c for c in recipe.read(options.recipe, options.budget) if fnmatchcase(c.name, options.only)]
    if not plan:
        raise Refused(f"no cell of {options.recipe} fits --only '{options.only}'")
    cells = Sweep(plan, options)
    if options.print_commands:
        for cell in cells.among("waiting"):
            print(command(cell, cells.standings[cell].phase, options))
        return
    try:
        with signals_as_interrupt():
            cells.run(Table(f"{plan[0].recipe}, budget {options.budget}"))
    except KeyboardInterrupt:
        sys.exit("sweep.py: stopped; run it again to go on")
    finally:
        if options.bundle:
            cells.keep()


if __name__ == "__main__":
    exit_with_one_line(lambda: sweep(parse(Options, __doc__)))
