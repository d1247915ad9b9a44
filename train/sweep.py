"""Train, measure and describe the cells of a recipe, several at a time; run it again to continue after an interruption.

    python train/sweep.py starter-zoo --jobs 2 --time-limit 60 --bundle
    python train/sweep.py starter-zoo --evaluate="--n 50000 --inception-weights FILE"
    python train/sweep.py focal-cifar10 --budget gpu --train-only --print-commands
    python train/sweep.py focal-cifar10 --budget gpu --on ray://HEAD:10001 --cell-gpus 0.25

Each cell is the ordinary training script, then train/evaluate.py, then cards.build, each in a process of its own, on
one thread, in runs/<recipe>/<cell>. A training that fails (NaN, an error) leaves its reason in failed.json and stops no
other; one that was killed is resumed when the sweep is run again. An evaluation that fails leaves unmeasured.json, and
is tried again with other options too; the training's result stays what it is.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import dropwhile
from pathlib import Path
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Annotated, BinaryIO

import tyro

from train.arguments import automatic, exit_with_one_line, parse
from train.running.options import as_recorded
from train.sweeping import keeping, recipe, status
from train.sweeping.recipe import Planned
from train.sweeping.status import FAILED, UNMEASURED, Status
from zoo.errors import Refused

if TYPE_CHECKING:
    from train.sweeping import cluster

try:
    import fcntl
except ImportError:  # Windows: two sweeps of one folder are not kept apart there
    fcntl = None

SCRIPTS = Path(__file__).parent
TICK = 1.0  # seconds between two looks at what others do
LOG = "state/log.txt"
# Exit codes of a process that was asked to end, and said so.
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
LEAVES = {"training": "the checkpoint that was planned", "evaluation": "metrics.json", "card": "a card"}


@dataclass(frozen=True)
class Options:
    recipe: tyro.conf.Positional[str]
    """a recipe's name (starter-zoo, focal-cifar10, lsgan-fashion-mnist, resnet-losses, lucic-seven, protocol, controls,
    augmentation), or the path of a .toml file; train/sweeping/recipe.py says what stands in it"""
    jobs: int = 1
    """cells at a time; on a CPU one a core, on a GPU as many small ones as its memory takes"""
    budget: str = "cpu"
    """cpu, gpu, or the path of a .toml file with a table for each script"""
    time_limit: Annotated[float | None, automatic("MINUTES", "none")] = None
    """stop after so many minutes; unfinished cells resume next time"""
    evaluate: str = ""
    """options by which train/evaluate.py measures each trained model, as in: --evaluate="--skip inception lpips" """
    train_only: bool = False
    """neither measure nor make cards"""
    bundle: bool = False
    """copy the starter zoo's models to zoo/checkpoints, and figures and history of all others to train/results"""
    print_commands: bool = False
    """only list what is left to do, a line per cell, for any scheduler"""
    only: str = "*"
    """cells whose name fits this pattern, as in: --only "*-focal-*" """
    on: Annotated[str | None, automatic("ray[://HEAD:10001]", "this machine")] = None
    """a Ray cluster that trains and measures the cells, as many at a time as it has room for"""
    cell_cpus: float = 1
    """what a cell takes of a cluster: CPU cores; it has as many threads"""
    cell_gpus: float = 0
    """GPUs, also a part of one"""
    cell_memory: Annotated[float | None, automatic("GB", "not counted")] = None
    """memory"""
    shared_out: bool = False
    """all nodes see --out under the same path, and work there: nothing is sent"""
    retry: bool = False
    """try again what failed"""
    out: Path = Path("runs")
    """where the cells' folders go, below a folder named after the recipe"""


class Sweep:
    """The cells of a plan, the status of each, and the processes that work on some of them."""

    def __init__(self, plan: list[Planned], options: Options):
        self.options, self.title = options, f"{plan[0].recipe}, budget {options.budget}"
        self.statuses = {cell: self.look(cell) for cell in plan}
        self.children, self.working = [], set()  # processes, and the threads that wait for them
        self.mutex, self.stopping, self.cluster = Lock(), False, None
        self.here = Semaphore(options.jobs)  # processes of this machine
        minutes = float("inf") if options.time_limit is None else options.time_limit
        self.deadline = time.monotonic() + 60 * minutes
        for cell in self.among("failed", "unmeasured") if options.retry else ():
            for name in (FAILED, UNMEASURED):
                (cell.folder(options.out) / name).unlink(missing_ok=True)
            self.statuses[cell] = replace(self.statuses[cell], state="waiting", note="")

    def look(self, cell: Planned) -> Status:
        return status.look(cell, self.options.out, None if self.options.train_only else self.options.evaluate)

    def among(self, *states: str) -> list[Planned]:
        return [cell for cell, seen in self.statuses.items() if seen.state in states]

    def is_over(self) -> bool:
        return self.stopping or time.monotonic() >= self.deadline

    def run(self) -> None:
        """Until all have done what they can, or the time is over. However it ends, no child is left behind."""
        # what is trained is measured before another training starts
        left = sorted(self.among("waiting"), key=lambda cell: not self.statuses[cell].trained)
        if self.options.on and left:
            self.cluster = connected(self.options)
        pool = ThreadPoolExecutor(len(left) if self.cluster else self.options.jobs)
        try:
            self.working = {pool.submit(self.bring_to_its_end, cell) for cell in left}
            while self.working and not self.is_over():
                ended, self.working = wait(self.working, TICK)
                _ = [future.result() for future in ended]  # raises what was raised there
        finally:
            self.stop()
            pool.shutdown(cancel_futures=True)
            if self.cluster:
                self.cluster.close()
            counts = Counter(seen.state for seen in self.statuses.values())
            told = ", ".join(f"{counts[state]} {state}" for state in status.STATES if counts[state])
            print(*map(self.row, self.among("failed", "unmeasured")), f"{self.title}: {told}", sep="\n")

    def bring_to_its_end(self, cell: Planned) -> None:
        path = cell.folder(self.options.out) / LOG
        while self.statuses[cell].state in ("waiting", "elsewhere") and not self.is_over():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as log:
                if not lock(log):  # another sweep's, or left behind by one that was killed
                    self.tell(cell, replace(self.statuses[cell], state="elsewhere"))
                    time.sleep(TICK)
                elif self.statuses[cell].state == "elsewhere":
                    self.tell(cell, self.look(cell))
                elif self.cluster and self.statuses[cell].phase != "card":
                    self.do_next_phase(cell, log, self.start_elsewhere)
                else:
                    with self.here:
                        self.do_next_phase(cell, log, self.start_here)

    def do_next_phase(self, cell: Planned, log: BinaryIO, start: Callable) -> None:
        phase = self.statuses[cell].phase
        if phase == "training":
            log.truncate(0)
        with self.mutex:
            if self.is_over():
                return
            child = start(cell, phase, log)
            self.children.append(child)
        self.tell(cell, self.outcome(cell, phase, child.wait()))

    def start_here(self, cell: Planned, phase: str, log: BinaryIO) -> subprocess.Popen:
        child = subprocess.Popen(
            [sys.executable, *calls(cell, self.options, SCRIPTS)[phase]],
            stdin=subprocess.DEVNULL,
            stdout=log,  # the child holds the lock with it for as long as it lives, whatever becomes of us
            stderr=subprocess.STDOUT,
            env=os.environ | ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is for the sweep
        )
        self.tell(cell, replace(self.statuses[cell], state="running"))
        return child

    def start_elsewhere(self, cell: Planned, phase: str, log: BinaryIO) -> "cluster.Process":
        def heard(node: str, line: str) -> None:
            if line:
                print(f"{time.strftime('%H:%M:%S')} {cell.name}: {line}", flush=True)
            if node:
                self.tell(cell, replace(self.statuses[cell], state="running", note=f"on {node}"))

        words = calls(cell, replace(self.options, out=self.cluster.runs()), Path("train"))[phase]
        folder = cell.folder(self.options.out)
        return self.cluster.start(f"{cell.recipe}/{cell.name}/{phase}", words, folder, Path(log.name), heard)

    def outcome(self, cell: Planned, phase: str, code: int) -> Status:
        """The status of a cell whose process has ended; a failure is written down."""
        seen, folder = self.look(cell), cell.folder(self.options.out)
        if seen.state == "done" or (code >= 0 and seen.phase != phase):
            return seen
        code = 128 - code if code in STOPPED else code
        if code < 0:
            note = f"killed ({signal.Signals(-code).name}): goes on when the sweep is run again"
            return replace(seen, state="stopped", note="" if self.stopping else note)
        error = (
            code and last_words(folder / LOG)
        ) or f"ended with exit code {code} and without {LEAVES[phase]}"
        if phase == "training":
            tried, kimg = as_recorded(cell.options), status.seen_kimg(folder)
            status.write_failure(folder / FAILED, tried, error, kimg=kimg)
        else:
            tried = status.measuring(folder, self.options.evaluate)
            status.write_failure(folder / UNMEASURED, tried, f"{phase}: {error}")
        return self.look(cell)

    def stop(self) -> None:
        with self.mutex:
            self.stopping = True
        for child in self.children:
            child.terminate()
        wait(self.working, self.cluster.leave if self.cluster else 10)
        for child in self.children:
            child.kill()

    def tell(self, cell: Planned, now: Status) -> None:
        before, self.statuses[cell] = self.statuses[cell], now
        if (before.state, before.phase, before.note) != (now.state, now.phase, now.note):
            print(f"{time.strftime('%H:%M:%S')} {self.row(cell)}", flush=True)

    def row(self, cell: Planned) -> str:
        seen = self.statuses[cell]
        far = f"{seen.kimg:g} of {cell.options.kimg:g} kimg" if seen.phase == "training" else seen.phase
        return f"{seen.state:10}  {cell.name}  {far}  {seen.note}".rstrip()


def connected(options: Options) -> "cluster.Cluster":
    try:
        from train.sweeping.cluster import Cluster
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise Refused("--on needs Ray: pip install 'gan-zoo[cluster]'") from None
    needs = {"num_cpus": options.cell_cpus, "num_gpus": options.cell_gpus}
    if options.cell_memory is not None:
        needs["memory"] = options.cell_memory * 1e9
    return Cluster(options.on, options.out, needs, shared=options.shared_out)


def lock(file: BinaryIO) -> bool:
    """Whether the file was nobody's, and is ours now."""
    try:
        return fcntl is None or fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB) is None
    except OSError:
        return False


def last_words(log: Path) -> str:
    """The last line that a program wrote, without its name and without the progress bar before it."""
    lines = re.split(r"[\r\n]+", log.read_text(encoding="utf-8", errors="replace").strip())
    return re.sub(r".*\w\.(py|build): ", "", lines[-1])[:300]


def calls(cell: Planned, options: Options, scripts: Path) -> dict[str, list[str]]:
    """What follows `python` to do each phase of a cell."""
    folder = str(cell.folder(options.out))
    found = {"training": [str(scripts / f"{cell.script}.py"), *cell.arguments(options.out)]}
    if not options.train_only:
        how = ["--dataset", cell.options.dataset, *words_of(options.evaluate)]
        found["evaluation"] = [str(scripts / "evaluate.py"), folder, *how]
        if cell.first:
            found["card"] = ["-m", "cards.build", folder]
    return found


def words_of(line: str) -> list[str]:
    """As a shell would split it; Refused where it would wait for more."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise Refused(f"--evaluate {line!r}: {error}") from None


def command(cell: Planned, phase: str, options: Options) -> str:
    """A line for a shell in the root of the source tree: the phase of a cell and those after it."""
    settings = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    left = dropwhile(lambda item: item[0] != phase, calls(cell, options, Path("train")).items())
    return " && ".join(shlex.join([*settings, "python", *words]) for _, words in left)


def sweep(options: Options) -> None:
    if options.jobs < 1:
        raise Refused(f"--jobs must be at least 1, not {options.jobs}")
    if options.on is not None and not re.fullmatch(r"ray(://[^/\s]+:\d+)?", options.on):
        raise Refused(f"--on takes ray or ray://HOST:PORT, not {options.on!r}")
    plan = [c for c in recipe.read(options.recipe, options.budget) if fnmatchcase(c.name, options.only)]
    if not plan:
        raise Refused(f"no cell of {options.recipe} fits --only '{options.only}'")
    cells = Sweep(plan, options)
    if options.print_commands:
        for cell in cells.among("waiting"):
            print(command(cell, cells.statuses[cell].phase, options))
        return
    # So that `kill` ends the children as Ctrl-C does, and `kill -INT` too where a shell started us deaf to it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        cells.run()
    except KeyboardInterrupt:
        sys.exit("sweep.py: stopped; run it again to go on")
    finally:
        if options.bundle:
            keeping.keep_all(cells.statuses, options.out)


if __name__ == "__main__":
    exit_with_one_line(lambda: sweep(parse(Options, __doc__)))
