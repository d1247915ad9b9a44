"""What every request passes before gradio: bounds of its body, its origin, and sensible headers of the answer.

Gradio reads a body of any size as JSON while everybody else waits; and a function that draws does not learn that its
visitor has left, which `visitor_left` tells here.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from contextvars import ContextVar
from threading import Event
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from space import scratch
from space.limits import LARGE_ANSWERS, LARGE_AT_ONCE, MAX_BODY, MAX_PARTS, MAX_UPLOAD, SLOWEST_BODY

LARGEST = 2 * MAX_UPLOAD * 4 // 3 + MAX_BODY  # two files as data addresses
PIECE = 2**16  # bytes
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Gradio's page has scripts and styles in it, and compiles templates; a Space is shown inside another page.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'",
}
LATER = "many others upload: come again later"
SAID_EVERY = 60.0  # seconds between two tracebacks of requests that nobody could answer
log = logging.getLogger(__name__)
_left: ContextVar[Event | None] = ContextVar("left", default=None)


def visitor_left() -> bool:
    """Whether the visitor for whom this thread works has closed the connection."""
    left = _left.get()
    return left is not None and left.is_set()


class Gate:
    """Middleware."""

    def __init__(self, app: ASGIApp):
        self.app, self.large, self.sending, self.said = app, 0, 0, -SAID_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = streams = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started, streams
            if message["type"] == "http.response.start":
                headers, started = MutableHeaders(scope=message), True
                streams = headers.get("content-type", "").startswith("text/event-stream")
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.admit(scope, receive, send_with_headers)
        except Exception:
            if started and not streams:
                raise
            if time.monotonic() - self.said > SAID_EVERY:
                self.said = time.monotonic()
                log.exception("a request could not be answered; others in the next minute are not told of")
            if streams:  # of events that nobody awaits, say: it ends here
                await send({"type": "http.response.body"})
                return
            await PlainTextResponse("that could not be answered", 400)(scope, receive, send_with_headers)

    async def admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, path = Headers(scope=scope), scope["path"].rstrip("/")
        if scope["method"] in SAFE:
            await self.app(scope, receive, send)
        elif not same_origin(headers):
            await PlainTextResponse("asked from another page", 403)(scope, receive, send)
        elif path.endswith("/upload"):
            if await to_thread.run_sync(scratch.is_full):
                await PlainTextResponse(LATER, 503)(scope, receive, send)
            else:
                busy = PlainTextResponse(LATER, 503)
                await self.read(scope, receive, send, headers, MAX_UPLOAD + MAX_BODY, busy)
        elif path.endswith("/component_server"):
            busy = JSONResponse({"busy": True})
            with self.paced(scope, receive, send, busy) as paced:
                await self.read(scope, receive, paced, headers, LARGEST, busy, MAX_PARTS)
        else:
            await self.read(scope, receive, send, headers, MAX_BODY)

    async def read(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: Headers,
        most: int,
        busy: Response | None = None,
        parts: int | None = None,
    ) -> None:
        """The body is read here, within bounds of size, time, `parts` and, where it is large, of how many there are.

        So gradio is given none that broke off: of an upload it would keep the half.
        """
        large = False
        try:
            if declared(headers) > most:
                await refuse(scope, receive, send)
                return
            body, deadline = bytearray(), time.monotonic() + SLOWEST_BODY
            while True:
                message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
                if message["type"] == "http.disconnect":
                    return
                body += message.get("body", b"")
                if len(body) > most:
                    await refuse(scope, receive, send)
                    return
                if len(body) > MAX_BODY and not large:
                    if busy and self.large >= LARGE_AT_ONCE:
                        await busy(scope, receive, send)
                        return
                    large, self.large = True, self.large + 1
                if not message.get("more_body"):
                    break
            if large and parts and sum(map(body.count, b",[{")) > parts:  # a file has none of these
                await refuse(scope, receive, send)
                return
            await self.watched(scope, receive, send, bytes(body))
        except TimeoutError:
            await PlainTextResponse("the request took too long to arrive", 408)(scope, receive, send)
        finally:
            self.large -= large

    @contextlib.contextmanager
    def paced(self, scope: Scope, receive: Receive, send: Send, busy: Response) -> Iterator[Send]:
        """`send`, by which a large answer goes in pieces, within SLOWEST_BODY, and LARGE_ANSWERS are on their way.

        Handed over whole, it would be kept as long as its reader takes, and nobody counts these.
        """
        large, ended, deadline = False, False, 0.0

        async def paced(message: Message) -> None:
            nonlocal large, ended, deadline
            if message["type"] == "http.response.start":
                if declared(Headers(raw=message["headers"])) > MAX_BODY:
                    if self.sending >= LARGE_ANSWERS:
                        ended = True
                        await busy(scope, receive, send)
                        return
                    large, self.sending, deadline = True, self.sending + 1, time.monotonic() + SLOWEST_BODY
                await send(message)
            elif not large and not ended:
                await send(message)
            body, more = message.get("body", b""), message.get("more_body", False)
            for start in range(0, len(body) if large else 0, PIECE):
                if ended:
                    return
                piece = {"body": body[start : start + PIECE], "more_body": more or start + PIECE < len(body)}
                try:
                    left = max(0.0, deadline - time.monotonic())
                    await asyncio.wait_for(send({"type": "http.response.body"} | piece), left)
                except TimeoutError:
                    ended = True  # an answer that is not complete is closed

        try:
            yield paced
        finally:
            self.sending -= large

    async def watched(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        """The app is given the body, and is told, as is `visitor_left`, when the connection is closed."""
        left, gone, given = Event(), asyncio.Event(), False

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            left.set()
            gone.set()

        async def replayed() -> Message:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        watching, token = asyncio.create_task(watch()), _left.set(left)
        try:
            await self.app(scope, replayed, send)
        finally:
            _left.reset(token)
            watching.cancel()


def same_origin(headers: Headers) -> bool:
    """Whether a page of ours asks, or no page at all; behind a proxy the browser's own word counts."""
    if site := headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc in (headers.get("host"), headers.get("x-forwarded-host"))


def declared(headers: Headers) -> int:
    size = headers.get("content-length", "0")
    return int(size) if size.isascii() and size.isdigit() and len(size) < 19 else 0


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    response = PlainTextResponse("that is too large", 413, headers={"Connection": "close"})
    await response(scope, receive, send)
