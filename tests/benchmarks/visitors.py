"""What visitors of a page do over plain HTTP, and how long a crowd of them waits."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import httpx
import numpy as np

import zoo

PATIENCE = 60.0  # seconds: an answer that takes longer has hung
FRAMES = 3  # of a toy training
PAUSE = 0.5  # seconds until a visitor who was told to wait asks again


class Refused(Exception):
    """The page asks to come again later."""


async def endpoint(client: httpx.AsyncClient, name: str, arguments: dict) -> None:
    """Calls a named endpoint, waits for its answer and fetches the file that it names, if it names one."""
    called = await client.post(f"/gradio_api/call/v2/{name}", json=arguments)
    if called.status_code == 503:
        raise Refused
    called.raise_for_status()
    event = None
    async with client.stream("GET", f"/gradio_api/call/v2/{name}/{called.json()['event_id']}") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif event in ("complete", "error"):
                break
    if event != "complete":
        if "ask again" in line:
            raise Refused
        raise RuntimeError(f"/{name}: {line}")
    for value in json.loads(line.removeprefix("data: ")):
        if isinstance(value, dict) and "url" in value:
            (await client.get(value["url"])).raise_for_status()


async def live(client: httpx.AsyncClient, piece: int, asked: dict) -> None:
    """What a tab does while a control is moved: one call, which brings a sheet a model."""
    call = {"session_hash": "load", "component_id": piece, "fn_name": "draw", "data": asked}
    answer = await client.post("/gradio_api/component_server/", json=call)
    answer.raise_for_status()
    if "busy" in answer.json():
        raise Refused
    if len(answer.json().get("sheets", ())) != len(asked["models"]):
        raise RuntimeError(answer.text[:200])


async def read(client: httpx.AsyncClient, piece: int, function: str, asked: dict) -> None:
    """What a tab reads when it is opened."""
    call = {"session_hash": "load", "component_id": piece, "fn_name": function, "data": asked}
    answer = await client.post("/gradio_api/component_server/", json=call)
    answer.raise_for_status()
    if "error" in answer.json():
        raise RuntimeError(answer.text[:200])


async def toy(client: httpx.AsyncClient, ids: Iterator[int]) -> None:
    """What Lab does: starts all ten losses on the ring, then asks for frames of them; the page then closes."""
    page = f"{next(ids):032x}"
    await lab(client, {"ask": "start", "page": page, "losses": {name: {} for name in zoo.losses.LOSSES}})
    for _ in range(FRAMES):
        while True:
            with contextlib.suppress(Refused):
                await lab(client, {"ask": "tick", "page": page, "steps": 1})
                break
            await asyncio.sleep(PAUSE)
    await client.post("/lab", content=json.dumps({"ask": "end", "page": page}))


async def lab(client: httpx.AsyncClient, asked: dict) -> None:
    answer = await client.post("/lab", content=json.dumps(asked))
    answer.raise_for_status()
    if answer.headers["content-type"].startswith("application/json"):
        if "busy" in answer.json():
            raise Refused
        raise RuntimeError(answer.text[:200])


async def open_page(client: httpx.AsyncClient) -> None:
    (await client.get("/")).raise_for_status()


async def crowd(
    url: str, users: int, requests: int, work: Callable[..., Awaitable[None]], longest: float = float("inf")
) -> str:
    """A row of the table: `requests` of them in all, or as many as begin in `longest` seconds, by so many visitors."""
    seconds, waits, hung = [], 0, 0

    async def served(client: httpx.AsyncClient) -> None:
        nonlocal waits
        while True:
            with contextlib.suppress(Refused):
                return await work(client)
            waits += 1
            await asyncio.sleep(PAUSE)

    async def visitor(client: httpx.AsyncClient) -> None:
        nonlocal hung
        for _ in range(requests // users):
            began = time.perf_counter()
            if began - opened > longest:
                break
            try:
                await asyncio.wait_for(served(client), PATIENCE)
                seconds.append(time.perf_counter() - began)
            except (TimeoutError, httpx.TimeoutException):
                hung += 1

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits) as client:
        opened = time.perf_counter()
        await asyncio.gather(*(visitor(client) for _ in range(users)))
        rate = len(seconds) / (time.perf_counter() - opened)
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000 if seconds else (np.nan, np.nan)
    return f"{users} | {p50:.0f} | {p95:.0f} | {rate:.1f} | {waits} | {hung}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen) -> None:
    for _ in range(600):
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    sys.exit("the page does not start")
