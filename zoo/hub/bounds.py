"""An answer's bounds: in bytes, in time, and in what it may be packed in."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from huggingface_hub import errors

ANSWER = 2 * 2**20  # bytes of an answer that is no file; parsed, JSON may take twenty times as many
ANSWERS, IN_ALL = (
    200,
    4 * ANSWER,
)  # of one connection, and their bytes: the pages of a list may go on for ever
SLOWEST = 10_000  # bytes a second: a file that comes more slowly does not come
STALLED = 4.0  # seconds between two pieces of a file


class Unreachable(errors.OfflineModeIsEnabled):
    """A subclass of what the client takes for being offline: it then looks into its cache."""


class TooLarge(Exception):
    """More bytes than may be."""


class Unlike(Exception):
    """No answer as the Hub gives it."""


def in_time(seconds: float, work: Callable[[], Any]) -> Any:
    """What `work` returns or raises, or TimeoutError: timeouts of a socket are of one piece each, which may be a byte.

    Work that comes too late is forgotten; an answer that it still gets is closed.
    """
    done: queue.SimpleQueue = queue.SimpleQueue()
    late, deciding = False, threading.Lock()

    def run() -> None:
        try:
            result, error = work(), None
        except BaseException as raised:
            result, error = None, raised
        with deciding:
            done.put((result, error))
            forgotten = late
        if forgotten and result is not None:
            result.close()

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = done.get(timeout=max(0.0, seconds))
    except queue.Empty:
        with deciding:
            late = done.empty()
        if late:
            raise TimeoutError from None
        result, error = done.get()
    if error is not None:
        raise error
    return result


def counted(stream: Any, limit: int, count: Callable[[int], object]) -> Iterator[bytes]:
    """The pieces of a body, their bytes counted; TooLarge where there are more of them than `limit`."""
    received = 0
    for piece in stream:
        received += len(piece)
        count(len(piece))
        if received > limit:
            raise TooLarge(received)
        yield piece


def flowing(stream: Any, seconds: float) -> Iterator[bytes]:
    """The pieces of a body; Unreachable where fewer than SLOWEST bytes a second come within `seconds`."""
    since, received = time.monotonic(), 0
    for piece in stream:
        received += len(piece)
        now = time.monotonic()
        if now - since > seconds:
            if received < SLOWEST * seconds:
                raise Unreachable(f"it sends {received / (now - since):.0f} bytes a second")
            since, received = now, 0
        yield piece
