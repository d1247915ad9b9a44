"""The page's temporary files: in a folder of its own, swept by age and by what they come to, gone when the page ends.

Gradio's own cleaner knows only uploads that ended well, and ends for good at its first error.
"""

import atexit
import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time
from pathlib import Path

from space.limits import KEPT_FILES, KEPT_SECONDS
from zoo.errors import Refused

PREFIX = "gan-zoo-page-"
SWEPT_EVERY = 60.0  # seconds
LEAST = 50_000  # bytes that a file counts for, so that they have a bound in number too
_folder: Path | None = None


def open_folder() -> Path:
    """From now on all temporary files of this process lie in a folder of its own; Refused where there can be none."""
    global _folder
    place = Path(tempfile.gettempdir()) if _can_write() else None
    if place is None:
        raise Refused("no temporary folder can be written to: set TMPDIR to one that can")
    for other in place.glob(f"{PREFIX}*"):
        if not _lives(other.name.removeprefix(PREFIX).partition("-")[0]):
            shutil.rmtree(other, ignore_errors=True)  # of a page that was killed
    _folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    tempfile.tempdir = os.environ["GRADIO_TEMP_DIR"] = str(_folder)
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    for name in {"SIGTERM", "SIGHUP"} & set(dir(signal)):  # Windows has one of them
        signal.signal(getattr(signal, name), lambda *_: sys.exit(0))  # by way of atexit
    threading.Thread(target=_sweep_for_ever, daemon=True).start()
    return _folder


def sweep(folder: Path, now: float | None = None) -> None:
    """Remove files older than KEPT_SECONDS, and of the others the oldest until KEPT_FILES bytes are left."""
    now, left = now or time.time(), KEPT_FILES
    for path, about in sorted(_files(folder), key=lambda file: -file[1].st_mtime):
        left -= max(about.st_size, LEAST)
        if now - about.st_mtime > KEPT_SECONDS or left < 0:
            with contextlib.suppress(OSError):  # it is gone, or not ours; others may be in its folder
                path.unlink()
                path.parent.rmdir() if path.parent != folder else None


def is_full() -> bool:
    """Whether the files come to more than they may even after a sweep."""
    if _folder is None or _size(_folder) <= KEPT_FILES:
        return False
    sweep(_folder)
    return _size(_folder) > KEPT_FILES


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for place, _, names in os.walk(folder):  # unlike rglob it goes on where a folder has just been removed
        for path in map(Path(place).joinpath, names):
            with contextlib.suppress(OSError):  # or a file
                if stat.S_ISREG((about := path.lstat()).st_mode):
                    found.append((path, about))
    return found


def _size(folder: Path) -> int:
    return sum(max(about.st_size, LEAST) for _, about in _files(folder))


def _sweep_for_ever() -> None:
    while _folder is not None:
        time.sleep(SWEPT_EVERY)
        with contextlib.suppress(Exception):  # whatever one sweep meets, there is a next
            sweep(_folder)


def _can_write() -> bool:
    try:
        return bool(tempfile.gettempdir())
    except OSError:
        return False


def _lives(pid: str) -> bool:
    if os.name != "posix":  # there, 0 is no probe but the signal of Ctrl-C
        return True
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
