"""Talking to the Hub: waits that end, downloads that stop growing, and one line for whatever goes wrong.

Its client retries and waits for ever in places. While a `Connection` is open, requests of its thread go through
`Connection.send`; everybody else's requests are left alone.
"""

import contextlib
import importlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import huggingface_hub
from huggingface_hub import constants, errors

from zoo.config import LIBRARY
from zoo.errors import CheckpointError, HubError, Refused, UnknownName, ZooError

LONGEST_TRY, LONGEST_PAUSE = 10.0, 8.0  # seconds, of one of several tries and between two
QUICK = 5.0  # seconds, where there is a copy in the cache to fall back on
BUSY = (429, 500, 502, 503, 504)  # what may be over in a moment
LOG_IN = "log in with 'hf auth login', or set HF_TOKEN"
log = logging.getLogger("zoo")

_http = importlib.import_module(errors.HTTPError.__module__.partition(".")[0])  # httpx, or what follows it
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


def about_us() -> dict[str, str]:
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
        session = huggingface_hub.get_session()
        if not isinstance(session.send, _Bounded):
            session.send = _Bounded(session.send)
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
                response, reason, pause = None, _first_line(error), 0.0
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
    """The `send` of a session, bounded where a Connection is open."""

    def __init__(self, send: Callable[..., Any]):
        self.plain = send

    def __call__(self, request: Any, **options: Any) -> Any:
        connection = _here.get() or (_pushing[-1] if _pushing else None)
        if connection is None:
            return self.plain(request, **options)
        return connection.send(self.plain, request, **options)


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


# ---- what went wrong, in one line

# What the client raises: besides its own kinds, OSError for the cache, ValueError for an answer that makes no sense,
# RuntimeError for an upload.
CLIENT_ERRORS = (
    errors.HTTPError,
    errors.EntryNotFoundError,
    errors.RevisionResolutionError,
    TooLarge,
    OSError,
    ValueError,
    RuntimeError,
)


@contextlib.contextmanager
def plain_errors(name: str, revision: str | None = None, doing: str = "read") -> Iterator[None]:
    """Whatever the client raises, as a ZooError; `doing` is "read" or "write"."""
    try:
        yield
    except ZooError:
        raise
    except CLIENT_ERRORS as error:
        raise _plain(error, name, revision, doing) from None


def causes(error: BaseException | None) -> list[BaseException]:
    """The error, what it came from, and so on: the client hides the reason below."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__
    return found


def status(error: BaseException) -> int | None:
    """The HTTP status that is to blame, if one is."""
    answers = (getattr(cause, "response", None) for cause in causes(error))
    return next((answer.status_code for answer in answers if answer is not None), None)


def _plain(error: Exception, name: str, revision: str | None, doing: str) -> ZooError:
    chain = causes(error)

    def among(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in chain if isinstance(cause, kinds)), None)

    answered = status(error)
    if zoo_error := among(ZooError):
        return zoo_error
    if large := among(TooLarge):
        return CheckpointError(
            f"{name} is not ours: a file of it has {large} bytes or more, which is too many"
        )
    if among(errors.GatedRepoError):
        page = f"{constants.ENDPOINT}/{name}"
        return UnknownName(f"{name} is gated: ask for access at {page}, then {LOG_IN}")
    if among(errors.RepositoryNotFoundError):
        if doing == "write":
            return HubError(
                f"the Hub does not let you write to {name}: {LOG_IN}, with a token that may write there"
            )
        return UnknownName(f"the Hub has no {name}, or it is private: then {LOG_IN}")
    if among(errors.RevisionNotFoundError):
        return UnknownName(f"{name} has no revision '{revision or 'main'}'")
    if among(errors.HFValidationError):
        return UnknownName(f"'{name}' is no name of a repository")
    if among(errors.RemoteEntryNotFoundError):
        return UnknownName(f"{name} is no model of {LIBRARY}: it lacks a file that each of them has")
    if among(errors.LocalTokenNotFoundError):
        return HubError(f"the Hub has to know who you are: {LOG_IN}")
    if answered == 401:
        return HubError(f"the Hub does not accept your token: {LOG_IN}, with one that is valid")
    if answered == 402:
        return HubError(f"the Hub wants a subscription for {name}: {_said(error)}")
    if answered == 403:
        return HubError(
            f"the Hub does not let you {doing} {name}: {_said(error)}; a token of yours may: {LOG_IN}"
        )
    if offline := among(errors.OfflineModeIsEnabled):
        if isinstance(offline, Unreachable):
            return HubError(f"cannot reach the Hub for {name}: {offline}")
        return HubError(f"{name} is not in the cache, and HF_HUB_OFFLINE keeps it from being fetched")
    if among(errors.FileMetadataError, json.JSONDecodeError):
        return HubError(
            f"cannot fetch {name}: {constants.ENDPOINT} does not answer as the Hub does; is there a proxy or a"
            " login page in between?"
        )
    if answered:
        return HubError(f"the Hub answers {answered} for {name}: {_said(error)}")
    if transport := among(errors.HTTPError, _http.TransportError):
        return HubError(f"the connection to the Hub broke for {name}: {_first_line(transport)}")
    return HubError(f"cannot {doing} {name} on the Hub: {_first_line(error)}")


def _said(error: BaseException) -> str:
    """The server's own words."""
    for cause in causes(error):
        if message := getattr(cause, "server_message", None):
            return _first_line(message)
    return _first_line(error)


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160]
