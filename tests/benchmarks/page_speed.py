"""From a new seed to pixels on the screen: milliseconds in a real browser, at the page on the bundled models.

    python tests/benchmarks/page_speed.py [--rounds 30]

Starts the page on the loopback interface and Chromium on the page, presses "next seed" and waits until all sheets are
those of the new seed, decoded, and the frame after has begun. Then opens Curves on ten models, each time on a new page,
and waits until all curves are drawn in both charts, and the frame after. Needs chromium and the extra `test`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import torch
from page_load import free_port, wait_for
from playwright.sync_api import Page, sync_playwright

from train.running.provenance import hardware
from zoo.losses import LOSSES

ROOT = Path(__file__).parents[2]
FIVE = "?loss=vanilla,lsgan,wgan,focal,hinge&arch=dcgan"
SEEDS = """async (rounds) => {
    const next = document.querySelector("[aria-label='next seed']");
    const seed = document.querySelector("input[aria-label='Seed']");
    const cells = [...document.querySelectorAll(".cells figure[data-id]")];
    const frame = () => new Promise(requestAnimationFrame);
    const times = [];
    for (let round = 0; round < rounds; round++) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const began = performance.now();
        next.click();
        while (!cells.every((one) => one.dataset.seed === seed.value)) await frame();
        await frame();
        times.push(performance.now() - began);
    }
    return times;
}"""
TEN = f"?loss={','.join(LOSSES)}&arch=dcgan"
CURVES = """async () => {
    const tab = [...document.querySelectorAll("[role=tab]")].find((one) => one.textContent.trim() === "Curves");
    const frame = () => new Promise(requestAnimationFrame);
    const began = performance.now();
    tab.click();
    while (document.querySelectorAll(".plot .curve").length < 20) await frame();
    await frame();
    return performance.now() - began;
}"""
FILLED = "document.querySelectorAll('.sheet.filled').length >= 5"


def first_paint(page: Page, url: str) -> float:
    """Seconds from the address being entered until five sheets are there."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(FILLED)
    return time.perf_counter() - began


def ten_curves(page: Page, url: str) -> float:
    """Milliseconds from choosing Curves, where ten losses are chosen, until all are drawn."""
    page.goto(url + TEN, wait_until="commit")
    page.wait_for_function("document.querySelectorAll('.sheet.filled').length >= 10")
    page.wait_for_timeout(500)
    return page.evaluate(CURVES)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30, help="seeds that are asked for")
    rounds = parser.parse_args().rounds
    url = f"http://127.0.0.1:{(port := free_port())}"
    began = time.perf_counter()
    command = [sys.executable, "space/app.py", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"{url}/config", server)
        up = time.perf_counter() - began
        httpx.get(url).raise_for_status()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            paint = first_paint(page, url + FIVE)
            again = first_paint(page, url + FIVE)
            times = np.array(page.evaluate(SEEDS, rounds))
            curves = np.array([ten_curves(page, url) for _ in range(max(2, rounds // 3))])
            browser.close()
    finally:
        server.terminate()
        server.wait()
    print(f"{hardware(torch.device('cpu'))}, {os.cpu_count()} cores; torch {torch.__version__}\n")
    print("| what | |\n|---|---|")
    print(f"| command → the page answers | {up:.1f} s |")
    print(f"| address → five sheets painted, nothing in the browser's cache | {paint:.2f} s |")
    print(f"| the same once more | {again:.2f} s |")
    p50, p95 = np.percentile(times, [50, 95])
    print(f"| new seed → five DCGANs × 64 pictures painted: median of {rounds} | {p50:.0f} ms |")
    print(f"| its 95th percentile | {p95:.0f} ms |")
    p50, p95 = np.percentile(curves, [50, 95])
    print(f"| ten curves chosen → seen in both charts: median of {len(curves)} | {p50:.0f} ms |")
    print(f"| its 95th percentile | {p95:.0f} ms |")


if __name__ == "__main__":
    main()
