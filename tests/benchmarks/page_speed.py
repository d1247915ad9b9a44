"""From a new seed, or a stroke, to pixels on the screen: milliseconds in a real browser.

    python tests/benchmarks/page_speed.py [--rounds 30]

Starts the page on the loopback interface and Chromium on the page, presses "next seed" and waits until all sheets are
those of the new seed, decoded, and the frame after has begun. Then opens Curves on ten models, each time on a new page,
and waits until all curves are drawn in both charts, and the frame after. Then it paints on the map of Facades, with the
mouse, before the four losses of the focal paper's Table 4: one stroke at a time, and a brush that does not stop. A loss
that is not bundled is played by a copy of one that is, the same network. Needs chromium and the extra `test`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
import psutil
import torch
from playwright.sync_api import Page, sync_playwright
from visitors import free_port, wait_for

import zoo
from train.running.provenance import hardware
from zoo import names
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
PAPERS = ("vanilla", "wgan-gp", "lsgan", "focal")
# Milliseconds from the end of a stroke until all cards, and until the first, show the map as it then is.
STROKES = """() => {
    const stage = document.querySelector(".facades");
    const cards = [...document.querySelectorAll(".card[data-id]")];
    const first = cards.at(-1);
    const frame = () => new Promise(requestAnimationFrame);
    first.querySelector(".building").dispatchEvent(new PointerEvent("pointermove", { bubbles: true }));
    const again = window.strokes;
    window.strokes = [];
    if (again) return;
    let before;
    const canvas = document.querySelector(".canvas canvas");
    canvas.addEventListener("pointerdown", () => (before = stage.dataset.wanted), true);
    canvas.addEventListener("pointerup", async () => {
        const began = performance.now();
        const quiet = () => cards.every((one) => one.dataset.shown === stage.dataset.wanted);
        let pointed = null, all = null, same = 0;
        while (same < 8) {
            await frame();
            const now = performance.now() - began;
            const wanted = stage.dataset.wanted;
            if (wanted === before) continue;
            if (window.last !== wanted) [window.last, pointed, all, same] = [wanted, null, null, 0];
            if (first.dataset.shown === wanted) pointed ??= now;
            if (quiet()) (all ??= now), (same += 1);
        }
        window.strokes.push([pointed, all]);
    }, true);
}"""
# Milliseconds between frames while the brush moves, and those that one movement of it keeps the page busy.
FRAMES = """() => {
    window.frames_ = [];
    window.busy = [];
    const canvas = document.querySelector(".canvas canvas");
    let began;
    addEventListener("pointermove", () => (began = performance.now()), true);
    addEventListener("pointermove", () => window.busy.push(performance.now() - began));
    let last = performance.now();
    const tick = (now) => {
        window.frames_.push(now - last);
        last = now;
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
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


def four(folder: Path) -> list[str]:
    """Names of pix2pix models of PAPERS: bundled ones, and copies of one in `folder` that say they are the others."""
    bundled = {zoo.info(name).config.loss["name"]: name for name in zoo.list_models("pix2pix-*-facades")}
    for loss in PAPERS:
        if loss not in bundled:
            copy = folder / f"pix2pix-{loss}-facades"
            shutil.copytree(names.resolve(next(iter(bundled.values()))), copy)
            config = json.loads((copy / "config.json").read_text())
            config |= {"id": copy.name, "loss": zoo.losses.describe(zoo.losses.get(loss))}
            (copy / "config.json").write_text(json.dumps(config))
            bundled[loss] = str(copy)
    return [bundled[loss] for loss in PAPERS]


def strokes(page: Page, rounds: int, first: int = 0) -> np.ndarray:
    """Milliseconds (rounds, 2) of rectangles that are painted after each other: to the card under the pointer, to all.

    Those of another `first` are others, as one that changes nothing has no end.
    """
    page.evaluate(STROKES)
    box = page.locator(".canvas canvas").bounding_box()
    rng = np.random.default_rng(first)
    for stroke in range(rounds):
        page.keyboard.press(str(1 + (first + stroke) % 9))
        (x0, y0), (x1, y1) = rng.uniform(20, 480, (2, 2))
        page.mouse.move(box["x"] + x0, box["y"] + y0)
        page.mouse.down()
        page.mouse.move(box["x"] + x1, box["y"] + y1)
        page.mouse.up()
        page.wait_for_function(f"window.strokes.length > {stroke}", timeout=60_000)
    return np.array(page.evaluate("window.strokes"))


def paint(page: Page, url: str, server: psutil.Process, rounds: int) -> list[str]:
    """Rows of the table: strokes of a rectangle, then the brush for some seconds."""
    page.goto(f"{url}?view=facades&pair=rand.1")
    page.wait_for_function(
        "[...document.querySelectorAll('.card[data-id]')].filter(one => one.dataset.shown).length === 4"
    )
    page.wait_for_timeout(1000)
    spent = sum(server.cpu_times()[:2])
    pointed, everything = np.median(strokes(page, rounds), axis=0)
    spent = (sum(server.cpu_times()[:2]) - spent) / rounds * 1000
    box = page.locator(".canvas canvas").bounding_box()
    page.get_by_role("button", name="Brush").click()
    page.evaluate(FRAMES)
    page.mouse.move(box["x"] + 20, box["y"] + 256)
    page.mouse.down()
    for step in range(180):
        angle = step / 10
        page.mouse.move(box["x"] + 256 + 200 * np.cos(angle), box["y"] + 256 + 200 * np.sin(angle))
        page.wait_for_timeout(8)
    page.mouse.up()
    frames, busy = (np.array(page.evaluate(f"window.{name}")[3:]) for name in ("frames_", "busy"))
    return [
        f"| stroke → the card under the pointer: median of {rounds} | {pointed:.0f} ms | ≤ 150 ms |",
        f"| stroke → all four losses of the paper | {everything:.0f} ms | ≤ 400 ms |",
        f"| the server's CPU time per stroke, of both cores | {spent:.0f} ms | |",
        f"| the brush moves: frames a second, median | {1000 / np.median(frames):.0f} | 60 |",
        f"| a movement of the brush keeps the page busy: median, 95th percentile | {np.median(busy):.1f}, "
        f"{np.percentile(busy, 95):.1f} ms | < 16 ms |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30, help="seeds that are asked for, and strokes")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        measure(rounds, [*zoo.list_models("dcgan-*"), *four(Path(folder))])


def measure(rounds: int, models: list[str]) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    began = time.perf_counter()
    command = [
        sys.executable,
        "space/app.py",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--models",
        *models,
    ]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"{url}/config", server)
        up = time.perf_counter() - began
        httpx.get(url).raise_for_status()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 1400})
            first = first_paint(page, url + FIVE)
            again = first_paint(page, url + FIVE)
            times = np.array(page.evaluate(SEEDS, rounds))
            curves = np.array([ten_curves(page, url) for _ in range(max(2, rounds // 3))])
            painted = paint(page, url, psutil.Process(server.pid), rounds)
            browser.close()
    finally:
        server.terminate()
        server.wait()
    print(f"{hardware(torch.device('cpu'))}, {os.cpu_count()} cores; torch {torch.__version__};", end=" ")
    print(f"load average {os.getloadavg()[0]:.1f}\n")
    print("| what | | goal |\n|---|---|---|")
    print(f"| command → the page answers | {up:.1f} s | |")
    print(f"| address → five sheets painted, nothing in the browser's cache | {first:.2f} s | |")
    print(f"| the same once more | {again:.2f} s | |")
    p50, p95 = np.percentile(times, [50, 95])
    print(f"| new seed → five DCGANs × 64 pictures painted: median of {rounds} | {p50:.0f} ms | < 150 ms |")
    print(f"| its 95th percentile | {p95:.0f} ms | |")
    p50, p95 = np.percentile(curves, [50, 95])
    print(f"| ten curves chosen → seen in both charts: median of {len(curves)} | {p50:.0f} ms | |")
    print(f"| its 95th percentile | {p95:.0f} ms | |")
    print("\n".join(painted))


if __name__ == "__main__":
    main()
