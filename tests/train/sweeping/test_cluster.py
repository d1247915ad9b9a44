"""A sweep on a real Ray cluster: a head on which no cell runs, and two nodes of this machine that can be lost."""

import contextlib
import itertools
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'gan-zoo[cluster]'")
from ray.cluster_utils import Cluster as Nodes  # noqa: E402

import train  # noqa: E402
from train import sweep  # noqa: E402
from train.sweeping import cluster, recipe, status  # noqa: E402
from zoo import names  # noqa: E402
from zoo.errors import Refused  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(train.__path__[0]).parent
SMALL = """
about = "noise"
[options]
dataset = "{photos}"
precision = "float32"
memory_format = "contiguous"
width = 4
latent = 8
batch = 4
size = 32
snapshot_kimg = {snapshot}
log_kimg = 0.016
[cpu.dcgan]
kimg = {kimg}
[[cells]]
architectures = ["dcgan"]
losses = {losses}
"""
NAN = '[[cells]]\narchitectures = ["dcgan"]\nlosses = ["lsgan"]\ntag = "nan"\nlr = 1e18\n'
MANY = """
about = "two hundred"
[options]
precision = "float32"
[cpu.dcgan]
batch = 4
kimg = 0.4
[[cells]]
architectures = ["dcgan"]
losses = ["vanilla", "focal"]
seeds = [{seeds}]
"""
STAND_IN = """
import os, pathlib, sys, time
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
(out / "state").mkdir(parents=True, exist_ok=True)
began = time.time()
time.sleep(0.1)
(out / "samples.png").write_text(f"{out.name} {began} {time.time()}")
print("did", out.name, "on", os.environ["OMP_NUM_THREADS"])
"""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """A head without room for cells; `add()` joins a node with room for one."""
    cache = tmp_path_factory.mktemp("cache")
    cells = {"ZOO_CACHE": str(cache), "ACCELERATE_USE_CPU": "true", "RAY_worker_niceness": "0"}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in cells.items():
            patched.setenv(name, value)
        found = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        patched.setenv("RAY_ADDRESS", found.address)
        yield found
        found.shutdown()


@pytest.fixture
def two(nodes):
    """Two nodes with room for one cell each."""
    while len([node for node in nodes.worker_nodes if node.live_processes()]) < 2:
        nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    return nodes


@pytest.fixture
def place(tmp_path, monkeypatch, made_up):
    """Runs a small recipe of real trainings; nothing leaves the temporary folder."""
    monkeypatch.setattr(names, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(status, "RESULTS", tmp_path / "results")

    def place(losses, kimg=0.192, snapshot=0.096, more=""):
        path = tmp_path / "small.toml"
        text = SMALL.format(
            photos=made_up / "photos", losses=json.dumps(losses), kimg=kimg, snapshot=snapshot
        )
        path.write_text(text + more)
        return str(path)

    return place


def on_ray(path, out, **given):
    sweep.sweep(sweep.Options(recipe=path, **{"out": out, "on": "ray", "train_only": True, **given}))


def driver(path, out):
    """A sweep in a process of its own."""
    line = [sys.executable, "train/sweep.py", path, "--on", "ray", "--train-only", "--out", str(out)]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def until(holds, driver, pause=0.1, seconds=240):
    """Waits for what a driver is to bring about."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline or driver.poll() is not None:
            driver.kill()
            raise AssertionError(f"it did not come to pass:\n{driver.communicate()[0]}")
        time.sleep(pause)


def trainings():
    """The scripts that train now, over there."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any("runtime_resources" in word and word.endswith("/train/dcgan.py") for word in words):
            found.append(process)
    return found


def held(count, driver):
    """That many trainings, each stopped as soon as it has saved: a fast machine would end before it is looked at."""
    found = {}

    def look():
        for process in trainings():
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.pid not in found and any(Path(process.cwd()).rglob("config.json")):
                    process.suspend()
                    found[process.pid] = process
        return len(found) == count

    until(look, driver, pause=0.01)
    return list(found.values())


def told_to_end(process):
    """Whether SIGTERM waits for a process that is held."""
    pending = re.search(r"ShdPnd:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())[1]
    return int(pending, 16) >> (signal.SIGTERM - 1) & 1


def node_of(process, nodes):
    """Which of the nodes a training runs on."""
    family = {one.pid for one in process.parents()}
    for node in nodes.worker_nodes:
        if any(raylet.process.pid in family for raylet in node.all_processes["raylet"]):
            return node
    raise AssertionError("it runs on none of them")


def test_a_cluster_trains_and_bundles_what_this_machine_would(two, place, tmp_path, outcome, capsys):
    path = place(["vanilla", "wgan-gp"], more=NAN)
    sweep.sweep(sweep.Options(recipe=path, out=tmp_path / "near", train_only=True))
    capsys.readouterr()
    on_ray(path, tmp_path / "far", bundle=True)
    printed = capsys.readouterr().out
    assert "2 done, 1 failed" in printed and "MB of code" in printed
    assert len(re.findall(r"running .* on [\d.]+ \(", printed)) >= 3
    for cell in recipe.read(path):
        here, there = (outcome(cell.folder(tmp_path / side)) for side in ("near", "far"))
        for told in (here, there):
            del told["state/log.txt"]
            told.pop("state/lock", None)  # of one machine
        assert here == there
    failure = json.loads(next((tmp_path / "far").rglob("failed.json")).read_text())
    assert "NaN" in failure["error"]
    kept = {path.name for path in (status.RESULTS / "small").iterdir()}
    assert kept == {cell.seeded for cell in recipe.read(path)}


def test_a_cell_whose_node_or_worker_is_lost_goes_on_from_its_last_snapshot(
    two, place, tmp_path, outcome, capsys
):
    path, out = place(["vanilla", "hinge"], kimg=1.92, snapshot=0.192), tmp_path / "far"
    far = driver(path, out)
    first, second = (cell.folder(out) for cell in recipe.read(path))
    one, other = held(2, far)
    until(lambda: (first / "config.json").exists() and (second / "config.json").exists(), far)
    psutil.Process(one.ppid()).kill()  # the worker, with -9
    until(lambda: not one.is_running() or one.status() == psutil.STATUS_ZOMBIE, far)
    two.remove_node(node_of(other, two), allow_graceful=False)
    until(lambda: not other.is_running(), far)
    printed, _ = far.communicate(timeout=300)
    assert "2 done" in printed.splitlines()[-1], printed
    lost = [line for line in printed.splitlines() if "goes on from" in line]
    assert len(lost) >= 2 and not any("goes on from 0 kimg" in line for line in lost), printed
    for cell in (first, second):  # by the keeper's word, and by the script's own
        told = re.findall(r"goes on from ([\d.]+) kimg", (cell / "state/log.txt").read_text())
        assert len(told) == 2 and told[0] == told[1] != "0", told
    sweep.sweep(sweep.Options(recipe=path, out=tmp_path / "near", train_only=True, jobs=2))
    for cell in recipe.read(path):
        here, there = (outcome(cell.folder(tmp_path / side)) for side in ("near", "far"))
        assert here["model.safetensors"] == there["model.safetensors"]
        assert here["history.jsonl"] == there["history.jsonl"]


def test_a_driver_that_is_killed_or_stopped_is_taken_up_by_the_next(two, place, tmp_path):
    path, out = place(["vanilla"], kimg=1.92, snapshot=0.192), tmp_path / "far"
    (cell,) = recipe.read(path)
    folder = cell.folder(out)
    killed = driver(path, out)
    (running,) = held(1, killed)
    until(lambda: (folder / "config.json").exists(), killed)
    killed.kill()
    killed.communicate()
    stopped = driver(path, out)
    (folder / "config.json").unlink()
    until(lambda: (folder / "config.json").exists(), stopped)  # it hears of what went on without it
    assert [one.pid for one in trainings()] == [running.pid]  # and started nothing
    stopped.send_signal(signal.SIGINT)
    until(lambda: told_to_end(running), stopped)
    running.resume()
    printed, _ = stopped.communicate(timeout=200)
    assert "run it again to go on" in printed and trainings() == []
    before = json.loads((folder / "config.json").read_text())["training"]["kimg"]
    assert (folder / "state/state.pt").exists() and 0 < before < 1.92
    printed, _ = driver(path, out).communicate(timeout=300)
    assert "1 done" in printed.splitlines()[-1], printed
    sweep.sweep(sweep.Options(recipe=path, out=tmp_path / "near", train_only=True))
    here, there = (cell.folder(tmp_path / side) / "model.safetensors" for side in ("near", "far"))
    assert here.read_bytes() == there.read_bytes()


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """The scripts of a checkout in which dcgan.py ends at once."""
    for name in ("train/sweeping", "zoo", "cards"):
        (tmp_path / "checkout" / name).mkdir(parents=True)
    for path in (ROOT / "train/sweeping").glob("*.py"):
        (tmp_path / "checkout/train/sweeping" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "checkout/train/__init__.py").touch()
    (tmp_path / "checkout/train/dcgan.py").write_text(STAND_IN)
    monkeypatch.setattr(cluster, "ROOT", tmp_path / "checkout")


def test_two_hundred_cells(two, place, stand_in, tmp_path, capsys):
    path = tmp_path / "many.toml"
    path.write_text(MANY.format(seeds=", ".join(map(str, range(100)))))
    on_ray(str(path), tmp_path / "far")
    assert "200 failed" in capsys.readouterr().out.splitlines()[-1]  # the stand-in leaves no checkpoint
    times = []
    for cell in recipe.read(str(path)):
        name, began, ended = (cell.folder(tmp_path / "far") / "samples.png").read_text().split()
        times += [(float(began), 1), (float(ended), -1)]
        assert name == cell.name
        assert f"did {cell.name} on 1" in (cell.folder(tmp_path / "far") / "state/log.txt").read_text()
    assert (
        max(itertools.accumulate(change for _, change in sorted(times))) == 2
    )  # two nodes, with room for one each


def test_where_the_disk_is_shared_nothing_is_sent(two, place, tmp_path, capsys):
    path = place(["vanilla"], kimg=0.048, snapshot=0.048)
    on_ray(path, tmp_path / "far", shared_out=True)
    assert "1 done" in capsys.readouterr().out.splitlines()[-1]


def test_a_cluster_that_is_not_there_is_a_line(tmp_path, place):
    with pytest.raises(Refused, match=r"127\.0\.0\.1:9"):
        on_ray(place(["vanilla"]), tmp_path / "far", on="ray://127.0.0.1:9")
    with pytest.raises(Refused, match="--on takes"):
        on_ray(place(["vanilla"]), tmp_path / "far", on="slurm")
