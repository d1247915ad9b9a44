"""The page's temporary files: swept by a thread that nothing ends, gone when the page is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from space import scratch
from space.limits import KEPT_SECONDS

PAGE = f"""
import os, sys, time
from space import scratch
scratch.SWEPT_EVERY = 0.02
folder = scratch.open_folder()
plain, faults = scratch.sweep, iter((OSError("somebody has removed it"), RuntimeError("of another kind")))

def sweep(of):
    for fault in faults:
        raise fault
    plain(of)

scratch.sweep = sweep
(folder / "in").mkdir()
(folder / "in" / "old").write_bytes(b"0")
(folder / "new").write_bytes(b"0")
past = time.time() - {KEPT_SECONDS} - 1
os.utime(folder / "in" / "old", (past, past))
for _ in range(1000):
    if (folder / "in").exists():
        time.sleep(0.02)
print(folder, sorted(path.name for path in folder.iterdir()), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_old_files_go_while_the_page_runs_whatever_a_sweep_meets_and_all_when_it_ends(tmp_path, ending):
    started = [sys.executable, "-c", PAGE]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(started, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as page:
        try:
            folder, _, left = page.stdout.readline().decode().strip().partition(" ")
            assert left == "['new']" and folder.startswith(str(tmp_path))
            page.send_signal(ending)
            page.wait(20)
        finally:
            page.kill()
    assert not any(tmp_path.iterdir())


def test_another_page_that_lives_keeps_its_files(tmp_path, monkeypatch):
    living = {f"{scratch.PREFIX}{pid}-x" for pid in (os.getpid(), 1)}  # 1 is somebody else's
    for name in (*living, f"{scratch.PREFIX}999999999-x", f"{scratch.PREFIX}x-x", "gan-zoo-runs"):
        (tmp_path / name).mkdir()
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    code = "from space import scratch; scratch.open_folder()"
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == living | {"gan-zoo-runs"}


def test_a_folder_that_goes_while_it_is_looked_at_and_a_file_that_stays_are_no_fault(tmp_path, monkeypatch):
    """As gradio removes those of its uploads."""
    (tmp_path / "going").mkdir()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "old").write_bytes(b"0")
        os.utime(tmp_path / name / "old", (0, 0))
    scandir, unlink = os.scandir, Path.unlink

    def scanned(place):
        if Path(place).name == "going":
            Path(place).rmdir()
        return scandir(place)

    def unlinked(path, *given, **named):
        if path.parent.name == "a":
            raise PermissionError
        unlink(path, *given, **named)

    monkeypatch.setattr(os, "scandir", scanned)
    monkeypatch.setattr(Path, "unlink", unlinked)
    scratch.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "old"]
