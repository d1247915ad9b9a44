"""What happens to a request that a pattern matches; each gets (hub, request, answer it, send it)."""

import asyncio
from collections.abc import Callable

from starlette.responses import Response

from tests.hub.responses import error, start, whole


async def cut(_hub, _request, answer, send):
    """The connection closes in the middle of the body."""
    response = await answer()
    await send(start(response))
    await send(
        {"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True}
    )


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


def answers(status: int, code: str = "", **headers: str):
    """An error as the Hub sends it; `code` is its X-Error-Code, retry_after="9" its Retry-After."""

    async def fault(_hub, _request, _answer, send):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await whole(error(status, code, "as the test asked for", **named), send)

    return fault


def meanwhile(act: Callable[[], object]):
    """Something happens before the request is answered as usual."""

    async def fault(_hub, _request, answer, send):
        act()
        await whole(await answer(), send)

    return fault
