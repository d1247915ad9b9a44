"""What happens to a request that a pattern matches; each gets (hub, request, answer it, send it)."""

import asyncio
import gzip
from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from tests.hub.responses import error, start, whole


async def cut(_hub, _request, answer, send, at=0.5):
    """The connection closes in the middle of the body."""
    response = await answer()
    await send(start(response))
    half = response.body[: int(len(response.body) * at)]
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def anew(hub, request, _answer, send):
    """Breaks off near the end, and whoever wants the rest is given the beginning once more."""
    content = hub.storage[request.url.path.removeprefix("/storage/")]

    async def whole_file():
        return Response(content)

    await cut(hub, request, whole_file, send, at=0.9)


async def lost(_hub, _request, answer, send):
    """It is done, but nobody hears of it."""
    await answer()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99")]})


async def flip(_hub, _request, answer, send, at=0.5):
    """One byte has another value, `at` so much of the body."""
    response = await answer()
    place = int(len(response.body) * at)
    response.body = response.body[:place] + bytes([response.body[place] ^ 1]) + response.body[place + 1 :]
    await whole(response, send)


async def short(_hub, _request, answer, send):
    """A body with fewer bytes than HEAD announced."""
    response = await answer()
    await whole(Response(response.body[:-5], response.status_code), send)


async def stall(hub, _request, answer, send):
    """Half of the body, and then nothing more."""
    await cut(hub, _request, answer, send)
    await hang(hub, _request, answer, send)


async def endless(hub, _request, answer, send):
    """A body that does not end where it should, and does not say how long it is."""
    response = await answer()
    del response.headers["content-length"]
    await send(start(response))
    for _ in range(200):
        await send({"type": "http.response.body", "body": b"\0" * 2**16, "more_body": True})
        await asyncio.sleep(0)


async def hang(hub, _request, _answer, _send):
    """No answer at all."""
    life = hub.life
    while not hub.stopping and hub.life == life:
        await asyncio.sleep(0.02)


async def portal(_hub, _request, _answer, send):
    """What a hotel's network answers."""
    await whole(Response("<html>Welcome! Please log in.</html>", media_type="text/html"), send)


def answers(status: int, code: str = "", message: str = "as the test asked for", **headers: str):
    """An error as the Hub sends it; `code` is its X-Error-Code, retry_after="9" its Retry-After."""

    async def fault(_hub, _request, _answer, send):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await whole(error(status, code, message, **named), send)

    return fault


def meanwhile(act: Callable[[], object]):
    """Something happens before the request is answered as usual."""

    async def fault(_hub, _request, answer, send):
        act()
        await whole(await answer(), send)

    return fault


async def drip(hub, _request, answer, send):
    """A byte at a time, for ever: each comes soon enough to keep a socket's timeout from ending it."""
    response = await answer()
    del response.headers["content-length"]
    await send(start(response))
    life = hub.life
    while not hub.stopping and hub.life == life:
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.sleep(0.05)


async def packed(_hub, _request, answer, send):
    """Compressed, which nobody asked for."""
    response = await answer()
    response.body = gzip.compress(response.body)
    response.headers["content-encoding"], response.headers["content-length"] = "gzip", str(len(response.body))
    await whole(response, send)


async def paged(_hub, request, answer, send):
    """A list whose next page is itself."""
    response = await answer()
    response.headers["link"] = f'<{request.url}>; rel="next"'
    await whole(response, send)


async def circular(_hub, request, _answer, send):
    """An address that leads to itself, with a body that is not read."""
    await whole(Response(b"\0" * 2**22, 302, headers={"location": str(request.url)}), send)


def also(name: str, value: str):
    """One more header."""

    async def fault(_hub, _request, answer, send):
        response = await answer()
        response.headers[name] = value
        response.headers["X-Xet-Refresh-Route"] = "/api/xet"
        await whole(response, send)

    return fault


def shaped(body: object, status: int = 200):
    """JSON of another shape than asked for."""

    async def fault(_hub, _request, _answer, send):
        await whole(JSONResponse(body, status), send)

    return fault
