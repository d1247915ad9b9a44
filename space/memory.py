"""What the page's threads keep of the memory that they freed."""

import ctypes
import os

ARENA_MAX = -8  # glibc's <malloc.h>
ARENAS = 2


def share() -> bool:
    """Has glibc's malloc use ARENAS pools for all threads; whether it does. To be asked before there is a second one.

    By default each of the forty threads that answer visitors has one of its own, which keeps what the largest film
    took. Settings of the environment (MALLOC_…, GLIBC_TUNABLES) go first.
    """
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    return mallopt is not None and bool(mallopt(ARENA_MAX, ARENAS))
