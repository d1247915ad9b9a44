"""Milliseconds that visitors wait when 1, 8 or 32 of them ask the page at once.

    OMP_NUM_THREADS=1 python tests/benchmarks/page_load.py [--requests 96] [--hostile]

Starts the page on the loopback interface and asks it over plain HTTP: the page itself, the named endpoints, and what
the tabs ask while a control is moved. Each visitor asks again as soon as there is an answer, with another seed,
so that nothing comes from a cache.
"""

import argparse
import asyncio
import base64
import contextlib
import functools
import io
import itertools
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import torch
from PIL import Image
from visitors import (
    FRAMES,
    PATIENCE,
    Refused,
    crowd,
    endpoint,
    free_port,
    live,
    open_page,
    read,
    toy,
    wait_for,
)

import zoo
from train.running.provenance import hardware
from zoo import facades

ROOT = Path(__file__).parents[2]
USERS = 1, 8, 32
FIVE = zoo.list_models("dcgan-*-cifar10")[:5]
TEN = zoo.list_models("dcgan-*-cifar10")[:10]
PAINTED = ["pix2pix-focal-facades"]
ENDPOINTS: dict[str, Callable[[int], dict]] = {  # name → what is asked, of a seed
    "sample": lambda seed: {"model": FIVE[0], "seed": seed, "n": 64},
    "interpolate": lambda seed: {"model": FIVE[0], "seed_a": seed, "seed_b": seed + 1, "steps": 16},
    "models": lambda seed: {},
}
LIVE: dict[str, Callable[[int], dict]] = {  # tab → what it asks at once
    "compare": lambda seed: {"models": FIVE, "seed": seed, "n": 64},
    "interpolate": lambda seed: {
        "models": FIVE,
        "anchors": [[seed, 0], [seed + 1, 0]],
        "steps": 16,
        "path": "slerp",
    },
    "facades": lambda seed: {
        "models": PAINTED,
        "map": facades.pack(facades.random_building(seed)),
        "seed": 0,
    },
}
READ: dict[str, tuple[str, str, dict]] = {  # what is asked → the tab, its function, what it takes
    "Curves of ten models": ("curves", "curves", {"models": TEN}),
    "their samples along the way": ("curves", "progress", {"models": TEN}),
    "what runs": ("curves", "runs", {}),
    "Leaderboard": ("leaderboard", "board", {}),
}


async def measure(url: str, requests: int, only: str) -> None:
    seeds = itertools.count(1000)
    components = httpx.get(f"{url}/config").json()["components"]
    pieces = {c["props"].get("props", {}).get("view"): c["id"] for c in components}
    works = {"the page itself": open_page}
    for name, of in ENDPOINTS.items():
        works[f"`/{name}`"] = lambda client, name=name, of=of: endpoint(client, name, of(next(seeds)))
    for tab, of in LIVE.items():
        name = f"{tab.capitalize()}, live: {'a stroke' if tab == 'facades' else 'five models'}"
        works[name] = lambda client, tab=tab, of=of: live(client, pieces[tab], of(next(seeds)))
    for name, (tab, function, asked) in READ.items():
        works[name] = lambda client, of=(pieces[tab], function, asked): read(client, *of)
    works[f"Lab, ten toys: a start and {FRAMES} frames"] = lambda client: toy(client, seeds)
    for name, work in works.items():
        if only not in name:
            continue
        await crowd(url, 1, 2, work)  # loads the models
        for users in USERS:
            print(f"| {name} | {await crowd(url, users, requests, work)} |", flush=True)


# --- hostile: what a visitor waits for a sheet while somebody else does this, and the page's memory meanwhile


@functools.cache
def made(what: str) -> bytes:
    if what == "json":
        return b"[" + b"0," * 25_000_000 + b"0]"
    file = io.BytesIO()
    Image.new("RGB", (5000, 5000)).save(file, "PNG")
    return b"data:image/png;base64," + base64.b64encode(file.getvalue())


async def large_body(client: httpx.AsyncClient, pieces: dict) -> None:
    await client.post("/gradio_api/queue/join", content=made("json"))


async def many_uploads(client: httpx.AsyncClient, pieces: dict) -> None:
    await client.post("/gradio_api/upload", files={"files": ("a.png", bytes(9_000_000))})


async def film(client: httpx.AsyncClient, pieces: dict) -> None:
    seed = next(SEEDS)
    asked = {"models": TEN, "anchors": [[seed, 0], [seed + 1, 0]], "steps": 64, "path": "slerp"}
    call = {"session_hash": "film", "component_id": pieces["interpolate"], "fn_name": "film", "data": asked}
    await client.post("/gradio_api/component_server/", json=call)


async def large_picture(client: httpx.AsyncClient, pieces: dict) -> None:
    """A harmless one, as large as the page still reads."""
    asked = {"files": [made("picture").decode()]}
    call = {"session_hash": "map", "component_id": pieces["facades"], "fn_name": "place", "data": asked}
    await client.post("/gradio_api/component_server/", json=call)


async def event_streams(client: httpx.AsyncClient, pieces: dict) -> None:
    """As many open pages that hear of nothing, each for ten seconds."""

    async def stream() -> None:
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with client.stream("GET", f"/gradio_api/heartbeat/s{next(SEEDS)}") as answer:
                async with asyncio.timeout(10):
                    async for _ in answer.aiter_lines():
                        pass

    await asyncio.gather(*(stream() for _ in range(1000 // ATTACKERS)))


async def queue_joins(client: httpx.AsyncClient, pieces: dict) -> None:
    """What is asked for and never fetched."""
    asked = [{"model": FIVE[0], "seed": next(SEEDS), "n": 64} for _ in range(200 // ATTACKERS)]
    await asyncio.gather(*(client.post("/gradio_api/call/v2/sample", json=one) for one in asked))


async def large_headers(client: httpx.AsyncClient, pieces: dict) -> None:
    await client.get("/config", headers={"X-Long": "a" * 100_000})


SEEDS = itertools.count(100_000)
HOSTILE = {"nothing": None, "50 MB of JSON": large_body, "uploads of 9 MB": many_uploads,
           "films of ten models": film, "pictures of 25 megapixels": large_picture,
           "1,000 event streams": event_streams, "200 queue joins": queue_joins,
           "headers of 100 kB": large_headers}  # fmt: skip
ATTACKERS = 8
LONGEST = 90.0  # seconds of a row


def resident(process: int) -> float:
    """MB, with its children's."""
    total = 0.0
    with contextlib.suppress(OSError):  # it has ended meanwhile
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        total = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        for listed in Path(f"/proc/{process}/task").glob("*/children"):
            total += sum(map(resident, map(int, listed.read_text().split())))
    return total


def attack(url: str, pieces: dict, name: str) -> None:
    """In a process of its own, so that what is measured is not slowed by what is sent."""

    async def one() -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    await HOSTILE[name](client, pieces)
                await asyncio.sleep(0.05)

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(ATTACKERS)))

    asyncio.run(all_of_them())


async def under_attack(url: str, page: subprocess.Popen, requests: int, only: str) -> None:
    """A row for each case: one visitor's sheets of one model, while ATTACKERS do the same again and again."""
    components = httpx.get(f"{url}/config").json()["components"]
    pieces = {c["props"].get("props", {}).get("view"): c["id"] for c in components}

    async def sheet(client: httpx.AsyncClient) -> None:
        asked = {"models": FIVE[:1], "seed": next(SEEDS), "n": 64}
        call = {"session_hash": "a", "component_id": pieces["compare"], "fn_name": "draw", "data": asked}
        answer = await client.post("/gradio_api/component_server/", json=call)
        answer.raise_for_status()
        if "sheets" not in answer.json():
            raise Refused

    async def watch(peak: list[float]) -> None:
        while True:
            peak[0] = max(peak[0], resident(page.pid))
            await asyncio.sleep(0.05)

    await crowd(url, 1, 4, sheet)
    start, quiet = resident(page.pid), None
    for name, act in HOSTILE.items():
        if only not in name:
            continue
        peak = [0.0]
        watching = asyncio.create_task(watch(peak))
        attackers = multiprocessing.get_context("spawn").Process(target=attack, args=(url, pieces, name))
        if act:
            attackers.start()
            await asyncio.sleep(20)  # until it has imported all that it needs
        row = await crowd(url, 1, requests, sheet, LONGEST)
        if act:
            attackers.kill()
            attackers.join()
        watching.cancel()
        p95 = float(row.split(" | ")[2])
        quiet = quiet or p95
        print(f"| {name} | {row} | {peak[0] - start:+.0f} MB | {p95 / quiet:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=96, help="for each row, a multiple of 32")
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--hostile", action="store_true", help="a visitor's wait while others mean harm")
    chosen = parser.parse_args()
    port = free_port()
    command = [sys.executable, "space/app.py", "--host", "127.0.0.1", "--port", str(port)]
    page = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/config", page)
        threads = os.environ.get("OMP_NUM_THREADS", "all")
        print(f"{hardware(torch.device('cpu'))}, {os.cpu_count()} cores, OMP_NUM_THREADS={threads};", end=" ")
        print(f"load average {os.getloadavg()[0]:.1f} before; {chosen.requests} requests a row\n")
        if chosen.hostile:
            print(
                "| what the others send | visitors | p50, ms | p95, ms | answers/s | told to wait | hung | memory "
                "| p95 over the first row's |"
            )
            print("|---|---|---|---|---|---|---|---|---|")
            asyncio.run(under_attack(f"http://127.0.0.1:{port}", page, chosen.requests, chosen.only))
            return
        print("| what is asked | visitors | p50, ms | p95, ms | answers/s | told to wait | hung |")
        print("|---|---|---|---|---|---|---|")
        asyncio.run(measure(f"http://127.0.0.1:{port}", chosen.requests, chosen.only))
    finally:
        page.terminate()
        page.wait()


if __name__ == "__main__":
    main()
