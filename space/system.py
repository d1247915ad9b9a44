"""What the page asks of the system: how its threads keep freed memory, how many connections it may have."""

import contextlib
import ctypes
import os

from space.limits import MAX_FILES

ARENA_MAX = -8  # glibc's <malloc.h>
ARENAS = 2


def share_memory() -> bool:
    """Has glibc's malloc use ARENAS pools for all threads; whether it does. To be asked before there is a second one.

    By default each of the threads that answer visitors has one of its own, which keeps what the largest film
    took. Settings of the environment (MALLOC_…, GLIBC_TUNABLES) go first.
    """
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    return mallopt is not None and bool(mallopt(ARENA_MAX, ARENAS))


def allow_connections() -> None:
    """As many as the system lets a process have: at the usual 1,024, so many idle ones keep everybody else out."""
    if os.name != "posix":  # Windows knows no such bound
        return
    import resource

    of = resource.RLIMIT_NOFILE
    soft, hard = resource.getrlimit(of)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(of, (max(soft, wanted), hard))
