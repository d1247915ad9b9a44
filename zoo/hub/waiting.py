"""Waits for the Hub that end, and downloads that stop growing.

Its client retries and waits for ever in places. While a `Connection` is open, requests of its thread go through
`Connection.send`; everybody else's requests, and whatever client they have set, are left alone.
"""

import importlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypedDict

import huggingface_hub
from huggingface_hub import errors
from huggingface_hub.utils import _http as sessions

from zoo.config import LIBRARY
from zoo.errors import Refused

LONGEST_TRY, LONGEST_PAUSE = 10.0, 8.0  # seconds, of one of several tries and between two
QUICK = 5.0  # seconds, where there is a copy in the cache to fall back on
BUSY = (429, 500, 502, 503, 504)  # what may be over in a moment
log = logging.getLogger("zoo")

_http: Any = importlib.import_module(
    errors.HTTPError.__module__.partition(".")[0]
)  # httpx, or what follows it
_here: ContextVar["Connection | None"] = ContextVar("connection", default=None)
_pushing: list["Connection"] = []  # uploads run in threads that the client starts, without our context


class Unreachable(errors.OfflineModeIsEnabled):
    """A subclass of what the client takes for being offline: it then looks into its cache."""


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

    The clock starts with a request and stops with an answer; after one that broke off, with the next whole one. A
    `quick` connection tries once.
    """

    def __init__(self, *, quick: bool = False, uploads: bool = False):
        self.seconds = min(QUICK, patience()) if quick else patience()
        self.quick, self.uploads = quick, uploads
        self.limit: int | None = None
        self.since: float | None = None  # when the Hub was last known to answer
        self.cuts = 0  # answers that broke off

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

    @property
    def left(self) -> float:
        return self.seconds if self.since is None else self.since + self.seconds - time.monotonic()

    def send(self, send: Callable[..., Any], request: Any, **options: Any) -> Any:
        """An answer to `request`, tried again while that may help and there is time left."""
        repeatable = request.method in ("GET", "HEAD") or (
            request.method == "POST" and "/commit/" not in request.url.path
        )
        self.since = self.since or time.monotonic()
        given = dict(request.extensions.get("timeout") or {})
        reason, tries = "no answer", 0
        while True:
            if self.left <= 0:
                raise Unreachable(self._gave_up(reason))
            kinds = ("connect", "read", "write", "pool")
            longest = min(LONGEST_TRY if repeatable else self.left, self.left)
            request.extensions["timeout"] = {kind: min(given.get(kind) or longest, longest) for kind in kinds}
            try:
                response = send(request, **options)
            except _http.TransportError as error:
                response, reason, pause = None, first_line(error), 0.0
                if not repeatable or isinstance(error, _http.UnsupportedProtocol):
                    raise
            else:
                if response.status_code not in BUSY:
                    return self._bounded(response)
                reason, pause = f"it answers {response.status_code}", _asked_pause(response)
                if not repeatable and pause < self.left:
                    return response
                response.close()
            pause = pause or min(LONGEST_PAUSE, 0.5 * 2**tries)
            if self.quick or pause >= self.left:
                raise Unreachable(self._gave_up(reason))
            if tries == 0:
                log.warning(f"the Hub does not answer ({reason}): trying again for {self.left:.0f} s at most")
            time.sleep(pause)
            tries += 1

    def cut(self) -> None:
        """An answer broke off: a few times, what had arrived of it counts as a sign of life."""
        self.cuts += 1
        if self.cuts <= 3 or self.since is None:
            self.since = time.monotonic()

    def whole(self) -> None:
        self.since, self.cuts = None, 0

    def _gave_up(self, reason: str) -> str:
        return reason if self.quick else f"{reason}; given up after {self.seconds:g} s (ZOO_HUB_TIMEOUT)"

    def _bounded(self, response: Any) -> Any:
        """The response, refused where it is or becomes larger than the limit."""
        announced = response.headers.get("X-Linked-Size") or response.headers.get("Content-Length") or "0"
        size = int(announced) if announced.isdigit() and response.status_code < 400 else 0
        if self.limit is not None and size > self.limit:
            response.close()
            raise TooLarge(size)
        if response.is_closed:
            self.whole()
        else:
            self.since = self.since if self.cuts else None
            response.stream = _Stream(response.stream, self)
        return response


class TooLarge(Exception):
    """More bytes than may be."""


class _Bounded:
    """The `send` of a client, bounded where a Connection is open."""

    def __init__(self, client: Any):
        self.client, self.plain = client, client.send

    def __call__(self, request: Any, **options: Any) -> Any:
        connection = _here.get() or (_pushing[-1] if _pushing else None)
        if connection is None:
            return self.plain(request, **options)
        return connection.send(self._living, request, **options)

    def _living(self, request: Any, **options: Any) -> Any:
        """A closed client sends nothing more: one that was closed between two tries has a follower."""
        send = huggingface_hub.get_session().send if self.client.is_closed else self.plain
        return getattr(send, "plain", send)(request, **options)


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
    """A body on its way: counted, and the clock starts anew when it is whole."""

    def __init__(self, stream: Any, connection: Connection):
        self.stream, self.connection = stream, connection

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        try:
            for chunk in self.stream:
                received += len(chunk)
                if self.connection.limit is not None and received > self.connection.limit:
                    raise TooLarge(received)
                yield chunk
        except _http.TransportError:
            self.connection.cut()
            raise
        self.connection.whole()

    def close(self) -> None:
        self.stream.close()


def _asked_pause(response: Any) -> float:
    """Seconds that a busy server asks us to wait; 0 where it says nothing."""
    asked = response.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked) or 0.1
    reset = re.search(r"\bt=(\d+)", response.headers.get("RateLimit", ""))
    return float(reset[1]) if reset and response.status_code == 429 else 0.0


def first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160]
