"""Freed memory is kept."""

import os
import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, sys, torch
from train.running import memory
if sys.argv[1] == "keep":
    assert memory.keep()
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(30):  # until the room that a tensor of 100 MB needs is found among what was freed
    before = faults()
    torch.ones(25_000_000)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc alone")
def test_what_was_freed_is_used_again_without_a_page_fault():
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}

    def faults(how: str) -> int:
        words = [sys.executable, "-c", COUNT, how]
        return int(subprocess.run(words, env=clean, capture_output=True, text=True, check=True).stdout)

    assert faults("default") > 10_000 and faults("keep") < 1000
