"""What outlives the driver of a sweep on a cluster: an actor on the head node.

It hands a cell to Ray as a task (`worker.py`), keeps on its disk what the cell has sent so far, and hands it to Ray
again, with that, where its worker or its node is lost.
"""

import asyncio
import json
import shutil
import signal
import tempfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import ray
from ray.exceptions import RayError, RayTaskError, TaskCancelledError

from train.sweeping.worker import TICK, Order, Unfit, work

TRIES = 4  # lost workers, one after another and without a snapshot between them, until a cell is given up
STATE, CONFIG = "state/state.pt", "config.json"
KEPT_LOG = 1 << 20  # bytes of what a cell said
REPLY = 64 << 20  # bytes of files in one answer, or a single cell's
HEAD = {"node:__internal_head__": 0.001}


@dataclass
class News:
    """Of one cell since the time `after`."""

    clock: int
    node: str
    code: int | None  # of its process; None while it has not ended
    log: bytes = b""
    said: tuple[str, ...] = ()  # by the keeper itself: what befell the cell
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Kept:
    """What the keeper knows of an order; all but the files, which lie on its disk."""

    order: Order
    attempt: int = 0
    node: str = ""
    code: int | None = None
    stopping: bool = False
    task: object = None
    clock: int = 0
    saved: int = 0  # when the last snapshot came
    log: deque = field(default_factory=deque)  # (clock, bytes)
    said: list[tuple[int, str]] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)  # name -> clock


class Keeper:
    """Made an actor by `train.sweeping.cluster`; its state is what is asked for, so that a new driver sees it all."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="gan-zoo-sweep-"))
        self.cells: dict[str, Kept] = {}
        self.clock = 0
        self.unfit: set[str] = set()
        self.running: set[asyncio.Task] = set()

    async def start(self, order: Order, files: dict[str, bytes]) -> None:
        """Sees to it that the order is done, from `files` on; one that was begun for an earlier driver goes on."""
        before = self.cells.get(order.name)
        if before is not None:
            before.stopping |= before.order.words != order.words
            if not before.stopping and (before.code is None or before.code >= 0):
                return
            while before.code is None:
                await asyncio.sleep(TICK)
            if before.order.words == order.words:
                files = self.read(before, -1)
        self.cells[order.name] = kept = Kept(order)
        shutil.rmtree(self.root / order.name, ignore_errors=True)
        self.keep(kept, files)
        self.running.add(task := asyncio.create_task(self.bring_to_its_end(kept)))
        task.add_done_callback(self.running.discard)

    async def bring_to_its_end(self, kept: Kept) -> None:
        me, lost = ray.get_runtime_context().current_actor, 0
        try:
            while kept.code is None:
                kept.attempt = before = self.tick()
                avoided = {"ray.io/node-id": f"!in({','.join(sorted(self.unfit))})"} if self.unfit else {}
                needs = dict(kept.order.needs)
                task = work.options(**needs, label_selector=avoided)
                kept.task = task.remote(me, kept.order, kept.attempt)
                try:
                    code = await kept.task
                except TaskCancelledError:
                    code = -signal.SIGTERM
                except RayTaskError as error:
                    if not isinstance(error.cause, Unfit):
                        raise
                    self.avoid(kept, *error.cause.args)
                    continue
                except RayError as error:  # its worker, or its node
                    lost = 1 if kept.saved > before else lost + 1
                    where = f" on {kept.node}" if kept.node else ""
                    self.say(
                        kept, f"lost{where} ({type(error).__name__}): goes on from {self.kimg(kept)} kimg"
                    )
                    code = -signal.SIGKILL if lost == TRIES or kept.stopping else None
                kept.code, kept.clock = code, self.tick()
        except Exception as error:  # none is lost without a word
            self.say(kept, f"{type(error).__name__}: {error}")
            kept.code, kept.clock = -signal.SIGKILL, self.tick()

    def avoid(self, kept: Kept, node: str, told: str) -> None:
        if node not in self.unfit:
            self.unfit.add(node)
            self.say(kept, told)
        if not {one["NodeID"] for one in ray.nodes() if one["Alive"]} - self.unfit:
            raise RuntimeError("no node of the cluster is left that could train")

    async def files(self, name: str) -> dict[str, bytes]:
        return self.read(self.cells[name], -1)

    async def report(self, name: str, attempt: int, node: str, log: bytes, files: dict[str, bytes]) -> bool:
        """What a task has to tell; whether it is to stop."""
        kept = self.cells.get(name)
        if kept is None or kept.attempt != attempt:  # it was taken for lost
            return True
        if log or files or kept.node != node:
            kept.node = node
            self.keep(kept, files)
            self.log(kept, log)
        return kept.stopping

    async def news(self, after: dict[str, int]) -> dict[str, News]:
        """Of the cells of which there is any, as many as one answer may hold."""
        told, size = {}, 0
        for name, seen in after.items():
            kept = self.cells.get(name)
            if kept is None or kept.clock <= seen:
                continue
            files = self.read(kept, seen)
            size += sum(map(len, files.values()))
            if told and size > REPLY:
                break
            log = b"".join(part for clock, part in kept.log if clock > seen)
            said = tuple(line for clock, line in kept.said if clock > seen)
            told[name] = News(kept.clock, kept.node, kept.code, log, said, files)
        return told

    async def stop(self, names: list[str]) -> None:
        for kept in (self.cells[name] for name in names if name in self.cells):
            kept.stopping = True
            if not kept.node and kept.task is not None:  # not begun
                ray.cancel(kept.task, force=False)

    async def forget(self, name: str) -> None:
        if self.cells.pop(name, None):
            shutil.rmtree(self.root / name, ignore_errors=True)

    async def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def keep(self, kept: Kept, files: dict[str, bytes]) -> None:
        kept.clock, folder = self.tick(), self.root / kept.order.name
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            kept.files[name] = self.clock
        if STATE in files:
            kept.saved = self.clock

    def log(self, kept: Kept, log: bytes) -> None:
        kept.log.append((self.clock, log))
        while sum(len(part) for _, part in kept.log) > KEPT_LOG and len(kept.log) > 1:
            kept.log.popleft()

    def read(self, kept: Kept, after: int) -> dict[str, bytes]:
        folder = self.root / kept.order.name
        return {name: (folder / name).read_bytes() for name, clock in kept.files.items() if clock > after}

    def kimg(self, kept: Kept) -> float:
        """At its last snapshot."""
        if CONFIG not in kept.files:
            return 0
        return json.loads((self.root / kept.order.name / CONFIG).read_bytes())["training"]["kimg"]

    def say(self, kept: Kept, line: str) -> None:
        kept.node, kept.clock = "", self.tick()
        kept.said.append((self.clock, line))
        self.log(kept, f"{line}\n".encode())
