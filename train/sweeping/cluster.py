"""A sweep's cells on a Ray cluster (`--on ray`): how they get there, and how what they make comes back.

The folder of the sweep stays where it is: what a cell says and what it has saved are written into it as they come, so
all that reads such a folder finds what a sweep of one machine would leave. `keeper.py` and `worker.py` run over there.
"""

import contextlib
import hashlib
import logging
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ray

from train.running.provenance import commit
from train.sweeping.keeper import HEAD, Keeper, News
from train.sweeping.worker import PATIENCE, Order, stamps
from zoo.checkpoint import CONFIG
from zoo.errors import Refused
from zoo.files import replace_file

ROOT = Path(__file__).parents[2]
ROOMS = ("zoo", "train", "cards")  # what is sent
LEFT_OUT = ("checkpoints", "results", "__pycache__", "*.png", "overview.md")
TICK = 1.0  # seconds between two looks at what the cluster has to tell


class Process:
    """A cell's process over there, with what a sweep asks of one that is here."""

    def __init__(
        self, cluster: "Cluster", order: Order, folder: Path, log: Path, heard: Callable[[str, str], None]
    ):
        self.cluster, self.order, self.folder, self.log, self.heard = cluster, order, folder, log, heard
        self.seen, self.node, self.code, self.ended = -1, "", None, threading.Event()

    def wait(self) -> int:
        self.ended.wait()
        return self.code

    def terminate(self) -> None:
        self.cluster.tell("stop", [self.order.name])

    def kill(self) -> None:
        """Waits no more; over there it ends by itself, and the next sweep finds what it left."""
        self.end(-signal.SIGKILL)

    def hear(self, news: News) -> None:
        """Writes down what came; the config comes last, as it makes the rest a checkpoint."""
        for name in sorted(news.files, key=lambda name: (name == CONFIG, not name.startswith("state/"))):
            replace_file(self.folder / name, news.files[name])
        with self.log.open("ab") as log:
            log.write(news.log)
        for line in news.said:
            self.heard("", line)
        if news.node != self.node and news.node and news.code is None:
            self.heard(news.node, "")
        self.seen, self.node = news.clock, news.node
        if news.code is not None:
            self.end(news.code)

    def end(self, code: int) -> None:
        if self.code is None:
            self.code = code
            self.ended.set()


class Cluster:
    """The keeper of one sweep's folder, and the processes that this driver follows."""

    leave = PATIENCE + 10.0  # seconds for cells that were told to stop, and what they saved to come

    def __init__(self, address: str, out: Path, needs: dict[str, float], *, shared: bool = False):
        """`address`: `ray`, for the cluster that this machine is part of or else one of its own, or `ray://HOST:PORT`.

        `needs`: num_cpus, num_gpus, memory (bytes) of a cell. `shared`: all nodes see `out` under the same path.
        Refused where there is no such cluster.
        """
        self.needs, self.shared, self.out = needs, shared, out.resolve()
        self.following: dict[str, Process] = {}
        self.mutex, self.open = threading.Lock(), True
        many_files()
        with code() as (place, size):
            print(f"sends {size / 1e6:.1f} MB of code to {address}", flush=True)
            try:
                ray.init(
                    None if address == "ray" else address,
                    namespace="gan-zoo",
                    runtime_env={"working_dir": str(place)},
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise Refused(f"--on {address}: {str(error).strip().splitlines()[0][:200]}") from None
        which = hashlib.sha256(f"{socket.gethostname()}:{self.out}".encode()).hexdigest()[:16]
        options = {"name": f"sweep-{which}", "lifetime": "detached", "get_if_exists": True, "num_cpus": 0}
        self.keeper = ray.remote(Keeper).options(**options, resources=HEAD).remote()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def start(
        self, name: str, words: list[str], folder: Path, log: Path, heard: Callable[[str, str], None]
    ) -> Process:
        """A process of `words`, whose run is in `folder` here and there; or the one that an earlier driver started.

        `heard(node, line)` is called with the node on which it begins, and with what befell it.
        """
        threads = str(max(1, int(self.needs["num_cpus"])))
        environment = {"OMP_NUM_THREADS": threads, "ZOO_COMMIT": commit() or ""}
        order = Order(
            name,
            tuple(words),
            str(self.folder(folder)),
            *(tuple(d.items()) for d in (self.needs, environment)),
        )
        process = Process(self, order, folder, log, heard)
        self.tell("start", order, {} if self.shared else held(folder))
        with self.mutex:
            self.following[name] = process
        return process

    def folder(self, folder: Path) -> Path:
        """Where the run in `folder` lies over there; relative to a folder of the cell's own, where disks differ."""
        return folder.resolve() if self.shared else folder.resolve().relative_to(self.out.parent)

    def runs(self) -> Path:
        """As `folder`, for all of them."""
        return self.folder(self.out)

    def listen(self) -> None:
        """Until closed: what the cells have to tell is handed to their processes."""
        while self.open:
            with self.mutex:
                after = {name: process.seen for name, process in self.following.items()}
            try:
                news = ray.get(self.keeper.news.remote(after)) if after else {}
                for name, told in news.items():
                    self.following[name].hear(told)
            except Exception as error:  # the head is gone, or this disk is full: no cell waits for ever
                print(f"the cluster is lost: {str(error).strip().splitlines()[0][:200]}", flush=True)
                return self.lose()
            for name in [name for name, told in news.items() if told.code is not None]:
                with self.mutex:
                    del self.following[name]
                self.tell("forget", name)
            if not news:
                time.sleep(TICK)
        return None

    def lose(self) -> None:
        with self.mutex:
            self.open = False
            for process in self.following.values():
                process.end(-signal.SIGKILL)

    def tell(self, what: str, *given: object) -> None:
        with contextlib.suppress(Exception):  # a lost cluster is noticed by who listens
            getattr(self.keeper, what).remote(*given)

    def close(self) -> None:
        """Lets go of the cluster; the keeper goes too, unless cells still end there."""
        with self.mutex:
            left, was_open, self.open = len(self.following), self.open, False
        self.thread.join(10)
        if was_open and not left:
            with contextlib.suppress(Exception):
                ray.get(self.keeper.close.remote(), timeout=10)
                ray.kill(self.keeper)
        ray.shutdown()


@contextlib.contextmanager
def code() -> Iterator[tuple[Path, int]]:
    """A copy of what a node needs to train and measure, and its size in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        for room in ROOMS:
            shutil.copytree(ROOT / room, Path(folder) / room, ignore=shutil.ignore_patterns(*LEFT_OUT))
        yield Path(folder), sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def held(folder: Path) -> dict[str, bytes]:
    """The files of a run that was begun."""
    return {name: (folder / name).read_bytes() for name in stamps(folder)}


def many_files() -> None:
    """A log is open for every cell: as many as the system lets us."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65536)), hard))
