"""The gate without a page behind it: so many large requests at once, and so long for who sends or reads slowly."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.responses import PlainTextResponse, Response

from space import gate
from space.limits import LARGE_AT_ONCE, MAX_BODY, MAX_UPLOAD

JOIN, PIECE, UPLOAD = "/gradio_api/queue/join", "/gradio_api/component_server/", "/gradio_api/upload"


def asked(of: gate.Gate, path: str, receive, send, headers=()) -> float:
    """Seconds that a POST took."""
    call = of({"type": "http", "method": "POST", "path": path, "headers": [*headers]}, receive, send)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:  # a browser that an earlier test opened has a loop in this thread
        pool.submit(asyncio.run, asyncio.wait_for(call, 15)).result()
    return time.monotonic() - began


def passed(of: gate.Gate, path: str, *messages: dict) -> tuple[int, bytes]:
    """(status, body) of a POST whose body comes in these messages, and then no more."""
    sent, coming = [], iter(messages)

    async def receive():
        try:
            return next(coming)
        except StopIteration:
            await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    asked(of, path, receive, send)
    return sent[0]["status"], sent[1]["body"]


async def greets(scope, receive, send):
    await PlainTextResponse("passed")(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "says"), [(PIECE, (200, b'{"busy":true}')), (UPLOAD, (503, gate.LATER.encode()))]
)
def test_more_large_requests_than_may_be_read_at_once_are_told_to_come_again(path, says):
    of = gate.Gate(greets)
    large = {"type": "http.request", "body": bytes(MAX_BODY + 1)}
    of.large = LARGE_AT_ONCE
    assert passed(of, path, large) == says
    assert passed(of, path, {"type": "http.request", "body": b"{}"}) == (200, b"passed")
    of.large = LARGE_AT_ONCE - 1
    assert passed(of, path, large) == (200, b"passed")
    assert of.large == LARGE_AT_ONCE - 1


@pytest.mark.timeout(30)
@pytest.mark.parametrize("path", [JOIN, PIECE, UPLOAD])
def test_a_request_that_does_not_arrive_is_given_up(path, monkeypatch):
    monkeypatch.setattr(gate, "SLOWEST_BODY", 0.1)
    assert (
        passed(gate.Gate(greets), path, {"type": "http.request", "body": b"{", "more_body": True})[0] == 408
    )


@pytest.mark.parametrize("path", [JOIN, PIECE, UPLOAD])
def test_a_byte_at_a_time_has_no_longer_than_all_at_once(path, monkeypatch):
    monkeypatch.setattr(gate, "SLOWEST_BODY", 0.5)
    sent = []

    async def receive():
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message):
        sent.append(message)

    assert asked(gate.Gate(None), path, receive, send) < 5
    assert sent[0]["status"] == 408


def test_an_answer_that_is_read_a_piece_at_a_time_has_no_longer_than_a_minute(monkeypatch):
    monkeypatch.setattr(gate, "SLOWEST_BODY", 0.5)
    pieces, content = [], bytes(2 * MAX_BODY)
    given = iter([{"type": "http.request", "body": b"{}"}])

    async def receive():
        message = next(given, None)
        if message is None:
            await asyncio.sleep(60)
        return message

    async def send(message):
        if message["type"] == "http.response.body":
            pieces.append(message)
            await asyncio.sleep(0.1)

    of = gate.Gate(Response(content))
    assert asked(of, PIECE, receive, send) < 2
    assert 2 <= len(pieces) < len(content) / gate.PIECE / 2 and all(piece["more_body"] for piece in pieces)
    assert of.sending == 0


@pytest.mark.parametrize(
    ("path", "most"), [(JOIN, MAX_BODY), (PIECE, gate.LARGEST), (UPLOAD, MAX_UPLOAD + MAX_BODY)]
)
def test_what_is_announced_too_large_is_refused_before_it_comes(path, most):
    sent = []

    async def receive():
        pytest.fail("asked for the body")

    async def send(message):
        sent.append(message)

    asked(gate.Gate(None), path, receive, send, [(b"content-length", str(most + 1).encode())])
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("size", [b"-1", b"many", b"\xb2", b"9" * 5000, b""])
def test_a_length_that_is_none_is_not_believed(size):
    """A number of 5,000 digits is none that Python would read."""
    sent, given = [], iter([{"type": "http.request", "body": bytes(MAX_BODY + 1)}])

    async def receive():
        return next(given)

    async def send(message):
        sent.append(message)

    asked(gate.Gate(None), JOIN, receive, send, [(b"content-length", size)])
    assert sent[0]["status"] == 413
