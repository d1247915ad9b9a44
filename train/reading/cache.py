"""The cache on disk: whole folders, bounded together; the least recently used go first, and none that is in use.

Whoever uses an entry holds a shared lock on the file `used` in it until its process ends, however that ends.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from zoo.errors import Refused

try:
    import fcntl
except ImportError:  # Windows, where files that are mapped cannot be removed anyway
    fcntl = None

KINDS = (
    "data",
    "tables",
    "features",
)  # decoded pictures; what `datasets` makes of local copies; evaluation's
USED = "used"
UNFINISHED = ".unfinished-"
GRACE = 60  # seconds that a folder has to get its lock

_held: dict[Path, IO] = {}


def cache_root() -> Path:
    return Path(os.environ.get("ZOO_CACHE") or "~/.cache/gan-zoo").expanduser()


def bound() -> float:
    """Bytes that all entries may take: ZOO_CACHE_GB, in GiB."""
    given = os.environ.get("ZOO_CACHE_GB") or "20"
    try:
        return float(given) * 2**30
    except ValueError:
        raise Refused(f"ZOO_CACHE_GB is a number of GiB, not '{given}'") from None


def hold(entry: Path) -> bool:
    """Whether there is such an entry; it then stays until this process ends."""
    if entry not in _held or not _is_file_of(_held[entry], entry):
        try:
            file = (entry / USED).open("rb")
        except OSError:
            return False
        _lock(file)
        if not _is_file_of(file, entry):  # removed before we had the lock
            file.close()
            return False
        _held[entry] = file
    with contextlib.suppress(OSError):  # a cache that somebody else wrote
        os.utime(entry / USED)
    return True


def hold_or_start(entry: Path) -> None:
    """An entry that is filled piece by piece, each of which is whole or absent; it stays until this process ends."""
    if not hold(entry):
        entry.mkdir(parents=True, exist_ok=True)
        (entry / USED).touch()
        hold(entry)
    for path in entry.glob(".*.tmp"):  # of a process that was killed while it wrote
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > GRACE:
                path.unlink()


def discard(entry: Path) -> bool:
    """Remove an entry that this process holds; whether nobody else held it."""
    if entry in _held:
        _held.pop(entry).close()
    return _remove(entry)


@contextlib.contextmanager
def building(entry: Path) -> Iterator[Path]:
    """A folder to fill, that becomes `entry` at the end, and is held: an entry is whole or absent."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=entry.parent))
    try:
        with (scratch / USED).open("xb") as file:
            _lock(file)
            yield scratch
            try:
                scratch.rename(entry)
            except OSError:
                if not entry.is_dir():  # else another process was first, with the same values
                    raise
            hold(entry)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def alone(key: str) -> Iterator[None]:
    """One process at a time makes the entry of `key`; the others wait here, for as long as that takes.

    A cache that cannot be written is one without waiting.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            folder = cache_root() / "locks"
            folder.mkdir(parents=True, exist_ok=True)
            _lock(held.enter_context((folder / key[:2]).open("ab")), shared=False)
        yield


def make_room(wanted: float) -> None:
    """Remove what processes that were killed left behind, and entries until `wanted` bytes more fit the bound."""
    entries = []
    for kind in KINDS:
        for path in (cache_root() / kind).glob("*/"):
            if path.name.startswith(UNFINISHED):
                _remove(path)
            else:
                entries.append((_last_used(path), path, size(path)))
    total = sum(nbytes for _, _, nbytes in entries)
    for _, path, nbytes in sorted(entries):
        if total + wanted <= bound():
            break
        if _remove(path):
            total -= nbytes


def size(entry: Path) -> int:
    """In bytes; a file or a folder may go while it is looked at, which os.walk, unlike rglob, lets pass."""
    total = 0
    for place, _, names in os.walk(entry):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).stat().st_size
    return total


def _last_used(entry: Path) -> float:
    for path in (entry / USED, entry):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _remove(entry: Path) -> bool:
    """Whether it was removed; not where a process holds it, this one included."""
    try:
        file = (entry / USED).open("r+b")
    except OSError:  # of an older version, or about to be locked
        if time.time() - _last_used(entry) < GRACE:
            return False
        shutil.rmtree(entry, ignore_errors=True)
        return True
    with file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = entry.with_name(f"{UNFINISHED}{entry.name.removeprefix(UNFINISHED)}-{os.getpid()}")
            entry.rename(gone)
        except OSError:
            return False
        shutil.rmtree(gone, ignore_errors=True)
    return True


def _lock(file: IO, *, shared: bool = True) -> None:
    """Waits for it. A file system without locks is one without waiting."""
    if fcntl:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def _is_file_of(file: IO, entry: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), (entry / USED).stat())
    except OSError:
        return False
