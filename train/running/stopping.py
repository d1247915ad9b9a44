"""A run that is told to stop saves first, no two runs share a folder, and none outlives its launcher."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import torch
from accelerate import Accelerator

from zoo.errors import TrainingError

try:
    import fcntl
except ImportError:  # Windows: two trainings in one folder are not kept apart there
    fcntl = None

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
LOCK = "state/lock"
PR_SET_PDEATHSIG = 1  # of Linux' prctl


class Stop:
    """Ctrl-C, SIGTERM and SIGHUP while this is entered: `asked` is then the signal. A second one ends at once."""

    def __init__(self) -> None:
        self.asked: int | None = None
        self.before: dict = {}

    def __enter__(self) -> "Stop":
        with contextlib.suppress(ValueError):  # not in the main thread, which alone may
            for number in SIGNALS:
                if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
                    self.before[number] = signal.signal(number, self.ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def ask(self, number: int, _: object) -> None:
        if self.asked is not None:
            self.leave(number)
        self.asked = number

    def asked_of_any(self, accelerator: Accelerator) -> bool:
        """Whether any of the processes was: they leave together."""
        here = self.asked is not None
        if accelerator.num_processes == 1:
            return here
        told = accelerator.gather(torch.tensor([float(here)], device=accelerator.device))
        return bool(told.max())

    def leave(self, number: int, told: str = "") -> None:
        """As by that signal, so that whoever started us sees it; `told` is said first."""
        if number == signal.SIGINT:
            raise KeyboardInterrupt(told)
        print(f"{Path(sys.argv[0]).name}: {told or 'stopped'}", file=sys.stderr, flush=True)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """The folder's lock, until the process ends; TrainingError where another one trains there."""
    try:
        (out / LOCK).parent.mkdir(parents=True, exist_ok=True)
        lock = (out / LOCK).open("ab")
    except OSError as error:
        raise TrainingError(f"cannot write into --out {out}: {error.strerror}") from None
    with lock as file:
        if not _lock(file):
            raise TrainingError(
                f"another process is training in {out}: let it end, or start elsewhere with --out"
            )
        yield


def _lock(file: IO) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def end_with_launcher() -> None:
    """`accelerate launch` that is killed leaves its child behind; on Linux the child is then told to stop."""
    try:
        launcher = Path(f"/proc/{os.getppid()}/cmdline").read_bytes()
    except OSError:
        return
    if b"accelerate" in launcher or b"launch.py" in launcher:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
