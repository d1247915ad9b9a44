"""What runs on a node of the cluster: one phase of one cell, as a process of its own.

A task of Ray that itself ends by sys.exit, with whatever code, counts as a worker that died: it is tried again and then
called failed (Ray 2.60.0). So the script is a child. What it says, and every file that it replaces, is sent to the
keeper; its exit code is the task's result.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import ray

TICK = 0.5  # seconds between two looks at the process
PATIENCE = 60  # seconds that it has to save when it is told to stop
NEEDED = ("torch", "torchvision", "accelerate", "datasets", "tyro")
LOG, HISTORY = "state/log.txt", "history.jsonl"
OF_ONE_MACHINE = (LOG, "state/lock")
PR_SET_PDEATHSIG = 1  # of Linux' prctl


@dataclass(frozen=True)
class Order:
    """One phase of one cell, as it is sent to the cluster."""

    name: str
    words: tuple[str, ...]  # what follows `python`, in the root of the code; the run's folder is `folder`
    folder: str  # absolute where all nodes see it, else below the scratch folder
    needs: tuple[tuple[str, float], ...]  # of Ray: num_cpus, num_gpus, memory
    environment: tuple[tuple[str, str], ...]

    @property
    def shared(self) -> bool:
        return Path(self.folder).is_absolute()


class Unfit(Exception):
    """A node that cannot train: (its id, a line)."""


@ray.remote(max_retries=0)
def work(keeper, order: Order, attempt: int) -> int:
    """The exit code of an order's process, all that it left having been sent; Unfit on a node without the packages."""
    node = f"{ray.util.get_node_ip_address()} ({ray.get_runtime_context().get_node_id()[:6]})"
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        line = f"{node} has no {missing[0]}: install gan-zoo[train] there; its cells go elsewhere"
        raise Unfit(ray.get_runtime_context().get_node_id(), line)
    with scratch() as place, (place / "log").open("wb") as log, (place / "log").open("rb") as said:
        folder, sent = place / order.folder, {}
        if not order.shared:
            for name, content in told(keeper.files.remote(order.name)).items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            sent = stamps(folder)
        with begin(order, place, log) as child:
            try:
                told_to_stop = None
                while True:
                    code = child.poll()
                    sent, files = (
                        (sent, {}) if order.shared else changed(folder, sent, whole=code is not None)
                    )
                    stop = told(keeper.report.remote(order.name, attempt, node, said.read(), files))
                    if code is not None:
                        return code
                    if stop and told_to_stop is None:
                        told_to_stop = time.monotonic()
                        child.terminate()
                    elif told_to_stop is not None and time.monotonic() > told_to_stop + PATIENCE:
                        child.kill()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(TICK)
            finally:
                child.kill()


def told(reference: ray.ObjectRef):
    """Its value. While a task waits by ray.get, Ray lends its CPU to another one, and a node has too many (2.60.0)."""
    return reference.future().result()


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="gan-zoo-cell-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def begin(order: Order, place: Path, log) -> subprocess.Popen:
    root, script = Path.cwd(), order.words[0]
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, str(root / script), *order.words[1:]],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | dict(order.environment),
        preexec_fn=die_with_parent if sys.platform == "linux" else None,
    )


def die_with_parent() -> None:
    """So that a worker killed with -9 leaves no process that trains on beside the one which takes its place."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Name -> (when changed, size) of a run's files, but for those that are of one machine or half-written."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name in OF_ONE_MACHINE or path.name.startswith("."):
            continue
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                found[name] = (path.stat().st_mtime_ns, path.stat().st_size)
    return found


def changed(folder: Path, sent: dict, *, whole: bool) -> tuple[dict, dict[str, bytes]]:
    """The stamps of what is sent by now, and new contents: all of one moment, or nothing yet.

    While the process lives, files replaced during the reading would make a folder that never was; the history, to
    which lines are added all the time, may be longer than the state.
    """
    now = stamps(folder)
    try:
        files = {name: (folder / name).read_bytes() for name in now if sent.get(name) != now[name]}
    except FileNotFoundError:
        return sent, {}
    after = stamps(folder)
    if not whole and any(now.get(name) != after.get(name) for name in {*now, *after} - {HISTORY}):
        return sent, {}
    return now, files
