"""Waits for the Hub that end, and downloads that stop growing.

Its client retries and waits for ever in places. While a `Connection` is open, requests of its thread go through
`Connection.send`, and while it uploads every thread's PUT and POST, since the client sends from threads of its own;
everybody else's downloads, and whatever client they have set, are left alone.
"""

import contextlib
import importlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, TypedDict

import huggingface_hub
from huggingface_hub import errors
from huggingface_hub.utils import _http as sessions

from zoo.config import LIBRARY
from zoo.errors import Refused
from zoo.hub.bounds import (
    ANSWER,
    ANSWERS,
    IN_ALL,
    SLOWEST,
    STALLED,
    TooLarge,
    Unlike,
    Unreachable,
    counted,
    flowing,
    in_time,
)
from zoo.hub.words import LONGEST, first_line, hush

LONGEST_TRY, LONGEST_PAUSE = 10.0, 8.0  # seconds, of one of several tries and between two
QUICK = 5.0  # seconds, where there is a copy in the cache to fall back on
BUSY = (429, 500, 502, 503, 504)  # what may be over in a moment
log = logging.getLogger("zoo")

_http: Any = importlib.import_module(
    errors.HTTPError.__module__.partition(".")[0]
)  # httpx, or what follows it
_here: ContextVar["Connection | None"] = ContextVar("connection", default=None)
_pushing: list["Connection"] = []  # uploads run in threads that the client starts, without our context


def patience() -> float:
    """Seconds that the Hub may fail to answer, all tries together."""
    given = os.environ.get("ZOO_HUB_TIMEOUT", "30")
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86400:
        raise Refused(f"ZOO_HUB_TIMEOUT is '{given}': give it seconds, as in ZOO_HUB_TIMEOUT=30")
    return seconds


class AboutUs(TypedDict):
    """Arguments of the client's calls."""

    library_name: str
    library_version: str


def about_us() -> AboutUs:
    """What the Hub is told of who asks."""
    import zoo

    return {"library_name": LIBRARY, "library_version": zoo.__version__}


class Connection:
    """Bounds the requests made while it is open: `seconds` of failure in a row, `limit` bytes an answer.

    The clock starts with a request and stops with an answer; after one that broke off, with the next whole one. Where
    `limit` is None an answer is no file: it has ANSWER bytes at most and comes within `seconds`, and so do all that
    this connection reads of them together. A file of so many bytes is there in the time that they take at SLOWEST,
    however often it breaks off. A `quick` connection tries once.
    """

    def __init__(self, *, quick: bool = False, uploads: bool = False):
        self.seconds = min(QUICK, patience()) if quick else patience()
        self.quick, self.uploads = quick, uploads
        self.limit: int | None = None
        self.until = float("inf")  # when a file has to be there
        self.since: float | None = None  # when the Hub was last known to answer
        self.broke_off = False  # the last answer did
        self.waited, self.asked, self.received = (
            0.0,
            0,
            0,
        )  # seconds, GETs, bytes, of answers that are no files

    def __enter__(self) -> "Connection":
        _bound_sessions()
        self._token = _here.set(self)
        if self.uploads:
            _pushing.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _here.reset(self._token)
        if self.uploads:
            _pushing.remove(self)

    @contextlib.contextmanager
    def file(self, limit: int) -> Iterator[None]:
        """Of what is asked meanwhile one answer is a file, of at most `limit` bytes."""
        self.limit, self.until = limit, time.monotonic() + self.seconds + limit / SLOWEST
        try:
            yield
        finally:
            self.limit, self.until = None, float("inf")

    def _left(self, listing: bool) -> float:
        now = time.monotonic()
        left = min(self.until - now, self.seconds if self.since is None else self.since + self.seconds - now)
        return min(left, self.seconds - self.waited) if listing else left

    def send(self, send: Callable[..., Any], request: Any, **options: Any) -> Any:
        """An answer to `request`, tried again while that may help and there is time left."""
        began = time.monotonic()
        self.since = self.since or began
        listing = self.limit is None and request.method == "GET"
        if listing:
            self.asked += 1
            if self.asked > ANSWERS:
                raise Unlike(f"more than {ANSWERS} answers")
        try:
            return self._send(send, request, partial(self._left, listing), **options)
        finally:
            if listing:
                self.waited += time.monotonic() - began

    def _send(self, send: Callable[..., Any], request: Any, left: Callable[[], float], **options: Any) -> Any:
        repeatable = request.method in ("GET", "HEAD") or (
            request.method == "POST" and "/commit/" not in request.url.path
        )
        request.headers["Accept-Encoding"] = "identity"  # what is packed may be a thousand times as large
        given = dict(request.extensions.get("timeout") or {})
        reason, tries = "no answer", 0
        while True:
            if left() <= 0:
                raise Unreachable(self._gave_up(reason))
            kinds = ("connect", "read", "write", "pool")
            longest = min(LONGEST_TRY if repeatable else left(), left())
            request.extensions["timeout"] = {kind: min(given.get(kind) or longest, longest) for kind in kinds}
            try:
                response = in_time(left() + _to_send(request), partial(self._try, send, request, **options))
            except TimeoutError:
                raise Unreachable(self._gave_up(f"{reason}, or not all of one")) from None
            except _http.TransportError as error:
                response, reason, pause = None, first_line(error), 0.0
                if not repeatable or isinstance(error, _http.UnsupportedProtocol):
                    raise
            else:
                if response.status_code not in BUSY:
                    return response
                reason, pause = f"it answers {response.status_code}", _asked_pause(response)
                if not repeatable and pause < left():
                    return response
                response.close()
            pause = pause or min(LONGEST_PAUSE, 0.5 * 2**tries)
            if self.quick or pause >= left():
                raise Unreachable(self._gave_up(reason))
            if tries == 0:
                log.warning(f"the Hub does not answer ({reason}): trying again for {left():.0f} s at most")
            time.sleep(pause)
            tries += 1

    def _try(self, send: Callable[..., Any], request: Any, stream: bool = False, **options: Any) -> Any:
        """One answer, its body bounded, and read unless it is to be streamed."""
        response = send(request, stream=True, **options)
        try:
            self._bound(response, stream)
            if not stream:
                response.read()
                if response.status_code not in BUSY:
                    self.whole()
        except BaseException:
            response.close()
            raise
        return response

    def _bound(self, response: Any, stream: bool) -> None:
        """The body of `response` refused where it is or becomes larger than the limit, or comes packed."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Unlike("an answer is packed, unasked")
        if warning := response.headers.get("X-HF-Warning"):
            # the client shows it; a header has no room for our sign of what was left out
            response.headers["X-HF-Warning"] = first_line(warning).replace("…", "...")[:LONGEST]
        response.headers.pop(
            "X-Xet-Hash", None
        )  # else the client fetches the file by ways that nothing bounds
        limit = ANSWER if self.limit is None else self.limit
        announced = response.headers.get("X-Linked-Size") or response.headers.get("Content-Length") or "0"
        if announced.isdigit() and int(announced) > limit and response.status_code < 400:
            raise TooLarge(int(announced))
        body = counted(response.stream, limit, self._count)
        if stream:
            self.since = self.since if self.broke_off else None
            timeout = response.request.extensions["timeout"]
            timeout["read"] = min(timeout["read"], STALLED)
            body = self._watched(flowing(body, self.seconds))
        response.stream = _Stream(response.stream, body)

    def _watched(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """The clock starts with a body, again where enough of it came before it broke off, and stops at its end."""
        began, received = time.monotonic(), 0
        try:
            for piece in body:
                received += len(piece)
                if time.monotonic() > self.until:
                    raise Unreachable(self._gave_up("a file breaks off again and again"))
                yield piece
        except _http.TransportError:
            enough = received >= SLOWEST * self.seconds
            self.since = time.monotonic() if enough else self.since or began
            self.broke_off = True
            raise
        self.whole()

    def _count(self, received: int) -> None:
        if self.limit is None:
            self.received += received
            if self.received > IN_ALL:
                raise TooLarge(self.received)

    def whole(self) -> None:
        self.since, self.broke_off = None, False

    def _gave_up(self, reason: str) -> str:
        return reason if self.quick else f"{reason}; given up after {self.seconds:g} s (ZOO_HUB_TIMEOUT)"


class _Bounded:
    """The `send` of a client, bounded where a Connection is open."""

    def __init__(self, client: Any):
        self.client, self.plain = client, client.send

    def __call__(self, request: Any, **options: Any) -> Any:
        uploads = request.method in ("PUT", "POST")  # as the threads of a push send, and downloads do not
        connection = _here.get() or (_pushing[-1] if _pushing and uploads else None)
        if connection is None:
            return self.plain(request, **options)
        return connection.send(self._living, request, **options)

    def _living(self, request: Any, follow_redirects: Any = None, **options: Any) -> Any:
        """A closed client sends nothing more: one that was closed between two tries has a follower.

        Where an answer leads elsewhere, its body is not read, as the client would: nothing bounds it.
        """
        client, send = self.client, self.plain
        if client.is_closed:
            client = huggingface_hub.get_session()
            send = getattr(client.send, "plain", client.send)
        follow = follow_redirects if isinstance(follow_redirects, bool) else client.follow_redirects
        for _ in range(client.max_redirects):
            response = send(request, follow_redirects=False, **options)
            if not follow or response.next_request is None:
                return response
            response.close()
            request = response.next_request
        raise Unlike("one address leads to another without end")


class _Factory:
    """Makes bounded clients: first of `client`, which is in use already, then of what `make` makes."""

    def __init__(self, make: Callable[[], Any], client: Any):
        self.make, self.first = make, [client]

    def __call__(self) -> Any:
        client = self.first.pop() if self.first else None
        if client is None or client.is_closed:
            client = self.make()
        if not isinstance(client.send, _Bounded):
            client.send = _Bounded(client)
        return client


_installing = threading.Lock()


def _bound_sessions() -> None:
    """Bound every session of huggingface_hub from now on, also those that follow one that it closes.

    They are made as before, by the factory that others have set. The present one stays open, since others may be
    reading from it: `set_client_factory` would close it.
    """
    with _installing:
        hush("huggingface_hub")
        client: Any = huggingface_hub.get_session()
        if isinstance(client.send, _Bounded):
            return
        # nothing public tells which one is set
        make = getattr(sessions, "_GLOBAL_CLIENT_FACTORY", sessions.default_client_factory)
        close, client.close = client.close, lambda: None
        try:
            huggingface_hub.set_client_factory(_Factory(make, client))
        finally:
            client.close = close


class _Stream(_http.SyncByteStream):
    """A body with its bounds."""

    def __init__(self, stream: Any, body: Iterator[bytes]):
        self.stream, self.body = stream, body

    def __iter__(self) -> Iterator[bytes]:
        return self.body

    def close(self) -> None:
        self.stream.close()


def _to_send(request: Any) -> float:
    """Seconds that a request's own body may take."""
    size = request.headers.get("Content-Length", "0")
    return int(size) / SLOWEST if size.isdigit() else 0.0


def _asked_pause(response: Any) -> float:
    """Seconds that a busy server asks us to wait; 0 where it says nothing."""
    asked = response.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked) or 0.1
    reset = re.search(r"\bt=(\d+)", response.headers.get("RateLimit", ""))
    return float(reset[1]) if reset and response.status_code == 429 else 0.0
