"""What a process gives back to the system, it must ask for again: a page at a time, each of them zeroed first."""

import ctypes
import os

# glibc's <malloc.h>
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def keep() -> bool:
    """Has glibc's malloc keep what is freed, for the next tensor of the same size; whether it does.

    By default every array above 32 MB, and most smaller ones, is mapped anew: a sixth of the time of sngan's step, and
    most of the time in which pairs of photographs are compared. The peak stays what it was; between peaks the process
    stays as large. Settings of the environment (MALLOC_…, GLIBC_TUNABLES) go first.
    """
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is None:  # another C library
        return False
    return all([mallopt(M_MMAP_MAX, 0), mallopt(M_TRIM_THRESHOLD, 2**31 - 1), mallopt(M_TOP_PAD, 256 << 20)])
