"""What a film took is given back by whichever thread drew it; connections are as many as the system allows."""

import os
import subprocess
import sys

import pytest

DRAWS = """
import resource, sys, threading
from space import system
assert system.share_memory()
lock = threading.Lock()

def film():
    with lock:
        rows = [bytearray(100_000) for _ in range(300)]
        kept.append(bytearray(1000))  # behind them, so that they are not given back
        del rows
    together.wait()

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6

kept = []
together = threading.Barrier(16)
start = resident()
threads = [threading.Thread(target=film) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(resident() - start)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has arenas")
def test_sixteen_threads_keep_no_more_than_two_would():
    environment = {
        name: of for name, of in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))
    }
    done = subprocess.run(
        [sys.executable, "-c", DRAWS], env=environment, capture_output=True, text=True, timeout=60
    )
    assert float(done.stdout) < 2 * 30 + 20, done.stderr


def test_the_page_starts_where_there_is_no_posix():
    """As on Windows, which has neither the module nor the signal."""
    code = (
        "import signal, sys\nsys.modules['resource'] = None\ndel signal.SIGHUP\n"
        "import space.app, space.reading\nfrom space import scratch\nscratch.open_folder()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_may_have_as_many_connections_as_the_system_lets_it():
    code = (
        "import resource as r\nfrom space import system\nhard = r.getrlimit(r.RLIMIT_NOFILE)[1]\n"
        "most = min(system.MAX_FILES, hard) if hard != r.RLIM_INFINITY else system.MAX_FILES\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (256, hard))\nsystem.allow_connections()\n"
        "assert r.getrlimit(r.RLIMIT_NOFILE) == (most, hard)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
