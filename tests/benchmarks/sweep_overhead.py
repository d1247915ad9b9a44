"""What Ray costs a sweep: the same short cells by the local pool and on a cluster of this machine, and 1,000 that wait.

    python tests/benchmarks/sweep_overhead.py [--cells 20] [--rounds 3] [--waiting 1000]

The cells are real trainings of noise, two at a time, one thread each. Beside the clock stands the processors' time of
all that is not a training: the driver and Ray's own processes. Needs the extra `cluster`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from ray.cluster_utils import Cluster

ROOT = Path(__file__).parents[2]
RECIPE = """
about = "noise"
[options]
dataset = "{photos}"
precision = "float32"
memory_format = "contiguous"
width = 16
size = 32
batch = 16
[cpu.dcgan]
kimg = {kimg}
[[cells]]
architectures = ["dcgan"]
losses = ["vanilla"]
seeds = [{seeds}]
"""


def write(place: Path, cells: int, kimg: float) -> Path:
    rng = np.random.default_rng(0)
    (place / "photos").mkdir(exist_ok=True)
    for n in range(64):
        noise = rng.integers(256, size=(32, 32, 3), dtype=np.uint8)
        Image.fromarray(noise).save(place / "photos" / f"{n}.png")
    path = place / f"short{cells}.toml"
    seeds = ", ".join(map(str, range(cells)))
    path.write_text(RECIPE.format(photos=place / "photos", kimg=kimg, seeds=seeds))
    return path


def start(recipe: Path, out: Path, *how: str) -> subprocess.Popen:
    line = [sys.executable, "train/sweep.py", str(recipe), "--train-only", "--out", str(out), *how]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def used(processes: list[psutil.Process]) -> float:
    """Seconds of the processors, without their children's."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            pass
    return total


def engine() -> list[psutil.Process]:
    """Ray's own processes here."""
    ours = psutil.Process().children(recursive=True)
    return [one for one in ours if "dcgan.py" not in " ".join(one.cmdline() if one.is_running() else [])]


def run(recipe: Path, out: Path, *how: str) -> tuple[float, float]:
    """Wall seconds, and processor seconds of what is not a training."""
    before, began = used(engine()), time.perf_counter()
    sweep = start(recipe, out, *how)
    told, latest = sweep.stdout, 0.0
    while sweep.poll() is None:
        latest = max(latest, used(engine()))
        time.sleep(0.5)
    seconds = time.perf_counter() - began
    assert "done" in told.read().splitlines()[-1]
    return seconds, latest - before


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=20)
    parser.add_argument("--kimg", type=float, default=4, help="of a cell")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--waiting", type=int, default=1000)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f}; {asked.cells} cells\n")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ["ZOO_CACHE"] = str(place / "cache")
        recipe, found = write(place, asked.cells, asked.kimg), {"pool": [], "ray": []}
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
        os.environ["RAY_ADDRESS"] = cluster.address
        ways = {"pool": ("--jobs", "2"), "ray": ("--on", "ray")}
        for turn in range(asked.rounds):
            for name, how in list(ways.items())[:: 1 if turn % 2 == 0 else -1]:
                found[name].append(run(recipe, place / f"{name}{turn}", *how))
        print("| | seconds by the clock, median | processors' seconds beside the trainings |\n|---|---|---|")
        medians = {name: np.median(rows, axis=0) for name, rows in found.items()}
        for name, (wall, beside) in medians.items():
            print(f"| {name} | {wall:.1f} | {beside:.1f} |")
        ratios = [far[0] / near[0] for near, far in zip(found["pool"], found["ray"], strict=True)]
        print(f"\nby the clock, ray / pool in each round: {', '.join(f'{ratio:.3f}' for ratio in ratios)}")
        cluster.shutdown()
        waiting(write(place, asked.waiting, asked.kimg), place / "waiting", asked.waiting)


def waiting(recipe: Path, out: Path, cells: int) -> None:
    """Time and memory of a driver until so many cells wait on a cluster that has no room."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    os.environ["RAY_ADDRESS"] = cluster.address
    began, sweep = time.perf_counter(), start(recipe, out, "--on", "ray")
    driver = psutil.Process(sweep.pid)
    while len(list(out.glob("*/*/state/log.txt"))) < cells:
        time.sleep(0.05)
    seconds, peak = time.perf_counter() - began, driver.memory_info().rss
    own = driver.cpu_times()
    print(
        f"{cells} cells wait: {seconds:.1f} s ({own.user + own.system:.1f} of the processor), {peak / 1e6:.0f} MB"
    )
    sweep.kill()
    cluster.shutdown()


if __name__ == "__main__":
    main()
