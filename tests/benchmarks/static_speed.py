"""The page without a server beside the page with one, in the same browser: milliseconds, CPU time, and bytes.

    python tests/benchmarks/static_speed.py [--rounds 30] [--runtime DIR]

Exports five DCGANs and a pix2pix (or takes --folder DIR, exported before), starts both pages on the loopback interface
and Chromium without a GPU on each, in turns: the address is entered in a browser that knows nothing, until five sheets
are seen; "next seed" is pressed, until all five are those of it; a rectangle is painted on a façade's map, until its
card shows it. The CPU time of the folder's page is that of the browser's processes, of the other that and the server's.
Needs chromium and the extra `test`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import psutil
import torch
from page_speed import FIVE, ROOT, SEEDS, first_paint, strokes
from playwright.sync_api import Browser, Page, Request, sync_playwright
from visitors import free_port, wait_for

from space import export, runtime
from space.shelf import Shelf
from train.running.provenance import hardware

MODELS = [
    *(f"dcgan-{loss}-cifar10" for loss in ("vanilla", "lsgan", "wgan", "focal", "hinge")),
    "pix2pix-focal-facades",
]
FACADE = "?view=facades&pair=rand.3"
SHOWN = """(() => {
    const wanted = document.querySelector(".facades")?.dataset.wanted;
    return wanted && document.querySelector(".card[data-id]")?.dataset.shown === wanted;
})()"""
# When the first sheet of seed 8 is there, in milliseconds since 1970.
FIRST_FRESH = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    while (!document.querySelector("figure[data-seed='8']")) await frame();
    return performance.timeOrigin + performance.now();
}"""
GOALS = ["≤ 500 ms", "", "≤ 1.3 of the server's", "", "≤ 120 ms", "", "≤ 4 MB"]


def spent(processes: list[psutil.Process]) -> float:
    """Milliseconds of CPU time of processes and their children."""
    total = 0.0
    for process in processes:
        for one in [process, *process.children(recursive=True)]:
            try:
                total += sum(one.cpu_times()[:2])
            except psutil.Error:  # it has just ended
                continue
    return total * 1000


def received(page: Page, url: str) -> int:
    """Bytes of what had begun to come, but the runtime, when the first sheet of a seed that lies nowhere was seen."""
    came: list[tuple[Request, int]] = []
    page.on("response", lambda one: came.append((one.request, int(one.headers.get("content-length", 0)))))
    page.goto(url + FIVE + "&seed=8", wait_until="commit")
    seen = page.evaluate(FIRST_FRESH)
    began = {request: request.timing["startTime"] + request.timing["responseStart"] for request, _ in came}
    return sum(size for request, size in came if "/runtime/" not in request.url and began[request] <= seen)


def measured(browser: Browser, url: str, rounds: int, processes: list[psutil.Process]) -> list[float]:
    """First sheets; a seed, and its CPU time; a façade, and its CPU time; bytes before a fresh sheet."""

    def of_each(work: Callable[[], None]) -> float:
        before = spent(processes)
        work()
        return (spent(processes) - before) / rounds

    firsts = []
    for _ in range(3):
        context = browser.new_context(viewport={"width": 1440, "height": 1400}, bypass_csp=True)
        page = context.new_page()
        firsts.append(1000 * first_paint(page, url + FIVE))
        page.close() if len(firsts) < 3 else page.wait_for_timeout(5000)
    page.evaluate(SEEDS, 2)  # what is read once
    times: list[float] = []
    cpu = of_each(lambda: times.extend(page.evaluate(SEEDS, rounds)))
    page.goto(url + FACADE)
    page.wait_for_function(SHOWN)
    page.wait_for_timeout(1000)
    strokes(page, 2)
    page.wait_for_timeout(3000)  # what a page reads ahead
    painted: list[np.ndarray] = []
    of_a_stroke = of_each(lambda: painted.append(strokes(page, rounds, 2)))
    other = browser.new_context(bypass_csp=True).new_page()
    came = received(other, url)
    return [np.median(firsts), 0, np.median(times), cpu, np.median(painted[0][:, 1]), of_a_stroke, came / 1e6]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30, help="seeds that are asked for, and strokes")
    parser.add_argument("--runtime", help="has onnxruntime-web (default: npm fetches it)")
    parser.add_argument("--folder", type=Path, help="exported before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not options.folder:
            export.write(folder, export.files(Shelf(MODELS), runtime.read(options.runtime)))
        compare(folder, options.rounds)
        sizes(folder)


def compare(folder: Path, rounds: int) -> None:
    ports = free_port(), free_port()
    page = ["space/app.py", "--host", "127.0.0.1", "--port", str(ports[0]), "--models", *MODELS]
    plain = ["-m", "http.server", str(ports[1]), "--bind", "127.0.0.1", "--directory", str(folder)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    servers = [subprocess.Popen([sys.executable, *command], cwd=ROOT, **quiet) for command in (page, plain)]
    flags = ["--no-sandbox", "--disable-gpu"]
    found = []
    try:
        for port, path, server in zip(ports, ("config", "zoo.json"), servers, strict=True):
            url = f"http://127.0.0.1:{port}/"
            wait_for(url + path, server)
            httpx.get(url).raise_for_status()
            time.sleep(3)  # warms up
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
                processes = [psutil.Process(server.pid), psutil.Process()]  # this one starts the browser
                found.append(measured(browser, url, rounds, processes))
                browser.close()
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    told(found, rounds)


def told(found: list[list[float]], rounds: int) -> None:
    print(f"{hardware(torch.device('cpu'))}, {os.cpu_count()} cores; torch {torch.__version__};", end=" ")
    print(f"onnxruntime-web {runtime.VERSION}; load average {os.getloadavg()[0]:.1f}\n")
    rows = [
        "address → five sheets seen, nothing in the browser's cache: median of 3, ms",
        "",
        f"new seed → five DCGANs × 64 seen: median of {rounds}, ms",
        "CPU time of it, browser and server, ms",
        f"a stroke → one façade seen: median of {rounds}, ms",
        "CPU time of it, browser and server, ms",
        "read before the first fresh sheet, without the runtime, MB",
    ]
    print("| what | with a server | without | goal |\n|---|---|---|---|")
    for what, one, other, goal in zip(rows, *found, GOALS, strict=True):
        if what:
            digits = 1 if what.endswith("MB") else 0
            print(f"| {what} | {one:.{digits}f} | {other:.{digits}f} | {goal} |")


def sizes(folder: Path) -> None:
    """What a browser reads, by the folder's parts."""
    print("\n| part | files | MB |\n|---|---|---|")
    for part in ("runtime", "models", "first", "look", "fonts", "curves", "cards"):
        inside = [path.stat().st_size for path in (folder / part).rglob("*") if path.is_file()]
        print(f"| `{part}/` | {len(inside)} | {sum(inside) / 1e6:.1f} |")


if __name__ == "__main__":
    main()
