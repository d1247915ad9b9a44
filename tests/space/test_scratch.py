"""The page's temporary files: swept by a thread that nothing ends, gone when the page is."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from space import scratch
from space.limits import KEPT_SECONDS, MAX_FILES
from zoo.errors import Refused

PAGE = f"""
import os, signal, sys, time
from space import scratch
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in a shell's background inherit that it is ignored
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


def test_many_small_files_have_a_bound_too(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "KEPT_FILES", 3 * scratch.LEAST)
    for number in range(9):
        (tmp_path / str(number)).write_bytes(b"0")
    scratch.sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_old_files_go_and_of_the_others_the_oldest(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "KEPT_FILES", 250)
    monkeypatch.setattr(scratch, "LEAST", 1)
    now = time.time()
    for name, age in (("old", KEPT_SECONDS + 1), ("third", 30), ("second", 20), ("first", 10)):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"0" * 100)
        os.utime(tmp_path / "in" / name, (now - age, now - age))
    (tmp_path / "linked").symlink_to("/dev/null")
    scratch.sweep(tmp_path)
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"first", "second"}
    scratch.sweep(tmp_path, now + KEPT_SECONDS - 15)
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"first"}


def test_without_a_temporary_folder_there_is_a_line(monkeypatch):
    """Permissions do not bind root, so that the folders are missing instead."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/dev/null/none"])
    with pytest.raises(Refused, match="set TMPDIR"):
        scratch.open_folder()


def start(tmp_path, runs, *more: str, **environment: str) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "space.app",
        "--host",
        "127.0.0.1",
        "--models",
        str(runs / "dcgan-a"),
        *more,
    ]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"} | environment
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture
def few_files():
    """What is started has the usual 1,024."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_page_that_is_ended_leaves_no_file_and_takes_those_of_a_killed_one(tmp_path, runs, few_files):
    place = tmp_path / "tmp"
    killed = place / f"{scratch.PREFIX}999999999-x"
    killed.mkdir(parents=True)
    with start(place, runs, "--port", "0") as process:
        try:
            while "http://" not in (line := process.stdout.readline()):
                assert process.poll() is None, line
            assert httpx.get(line[line.index("http://") :].strip()).status_code == 200
            assert len(list(place.glob(f"{scratch.PREFIX}*"))) == 1 and not killed.exists()
            if hasattr(resource, "prlimit"):  # as Linux has it
                open_files = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
                assert open_files == (min(MAX_FILES, open_files[1]), open_files[1])
            process.terminate()
            process.wait(20)
        finally:
            process.kill()
    assert not list(place.glob(f"{scratch.PREFIX}*"))
