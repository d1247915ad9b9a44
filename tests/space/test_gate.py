"""The page's gate: bodies, origins, headers, visitors who left."""

import contextlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from space import app, gate, scratch
from space.lab import route
from space.limits import (
    LARGE_ANSWERS,
    MAX_BODY,
    MAX_UPLOAD,
    MAX_WAITING,
)
from space.shelf import Shelf, find
from space.studio import Studio
from tests.space.conftest import registered

JOIN, PIECE, UPLOAD = "/gradio_api/queue/join", "/gradio_api/component_server/", "/gradio_api/upload"


@pytest.fixture(scope="module")
def studio(tmp_path_factory, write):
    folder = tmp_path_factory.mktemp("runs")
    write(folder, "dcgan-a", seed=1)
    write(folder, "tint-a", "tint", seed=3)
    with registered():
        return Studio(Shelf(find([str(folder)])))


@contextlib.contextmanager
def launched(studio):
    with registered():
        built = app.build(studio)
    _, url, _ = built.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    with httpx.Client(base_url=url, timeout=20) as client:
        yield client
    built.close()


@pytest.fixture(scope="module")
def page(studio):
    """One for all tests that leave it as it was: to build and open one takes a second or two."""
    with launched(studio) as client:
        yield client


def piece(page, view: str = "compare") -> int:
    components = page.get("/config").json()["components"]
    return next(c["id"] for c in components if c["props"].get("props", {}).get("view") == view)


def asked(page, **more) -> dict:
    of = {"models": ["dcgan-a"], "seed": 5, "n": 64, "truncation": None, "label": None} | more
    return {"session_hash": "a", "component_id": piece(page), "fn_name": "draw", "data": of}


@pytest.mark.parametrize("path", [JOIN, PIECE, "/gradio_api/call/v2/sample", "/gradio_api/run/sample"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused_whether_announced_or_not(page, path, announced):
    body = b"[" + b"0," * ((gate.LARGEST if path == PIECE else MAX_BODY) // 2) + b"0]"
    content = body if announced else iter([body[i : i + 65536] for i in range(0, len(body), 65536)])
    with contextlib.suppress(httpx.WriteError):  # it hung up while we were still sending, which is as good
        assert page.post(path, content=content).status_code == 413
    assert page.post(PIECE, json=asked(page)).json()["sheets"]


def test_many_values_are_no_file(page):
    body = json.dumps(asked(page, files=[0] * (MAX_BODY // 2)))
    assert MAX_BODY < len(body) < gate.LARGEST
    assert page.post(PIECE, content=body).status_code == 413
    assert page.post(PIECE, json=asked(page, files=["a" * 2 * MAX_BODY])).json()["sheets"]


def test_an_upload_that_is_too_large_is_refused(page):
    assert page.post(UPLOAD, files={"files": b"0" * (MAX_UPLOAD + MAX_BODY + 1)}).status_code == 413
    assert page.post(UPLOAD, files={"files": ("a.png", b"0")}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://example.org"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "{own}"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, 200),
        ({"Origin": "{own}"}, 200),
        ({}, 200),
    ],
)
def test_another_page_draws_nothing(page, headers, status):
    own = str(page.base_url).rstrip("/")
    headers = {name: value.format(own=own) for name, value in headers.items()}
    assert page.post(PIECE, json=asked(page), headers=headers).status_code == status
    assert page.get("/config", headers=headers).status_code == 200


def test_requests_that_nobody_can_answer_do_not_fill_the_log(page, capfd, caplog):
    for i in range(20):
        assert page.post(PIECE, json=asked(page) | {"component_id": 10**6 + i}).status_code == 400
        assert page.post(PIECE, json=[1]).status_code == 400
        assert "not_found" in page.get(f"/gradio_api/queue/data?session_hash=nobody{i}").text
    assert len([record for record in caplog.records if record.exc_info]) <= 1  # those of uvicorn, too
    assert "Traceback" not in "".join(capfd.readouterr())  # of others, who log by themselves


def test_answers_have_sensible_headers_and_monitoring_is_closed(page):
    headers = page.get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "object-src 'none'" in headers["content-security-policy"]
    for place in ("", "/summary"):
        assert page.get(f"/monitoring{place}").status_code == 403


def test_sessions_are_forgotten(page):
    assert 1 <= app.LAUNCH["state_session_capacity"] <= 1000


def test_files_come_while_as_many_wait_for_sheets_and_toys_as_may(page, studio):
    """Each of them holds a thread."""
    url, of, toys = str(page.base_url).rstrip("/"), asked(page), route.TRAININGS
    with ThreadPoolExecutor(2 * MAX_WAITING) as visitors, studio._lock, toys._lock:
        for _ in range(MAX_WAITING):
            visitors.submit(httpx.post, f"{url}{PIECE}", json=of, timeout=60)
            visitors.submit(
                httpx.post, f"{url}/lab", json={"ask": "tick", "page": "a" * 16, "steps": 1}, timeout=60
            )
        for _ in range(200):
            if min(studio._waiting, toys._waiting) < MAX_WAITING:
                time.sleep(0.05)
        assert page.get("/look/page.js", timeout=10).status_code == 200


def as_sent(page, call: dict) -> bytes:
    """A request of a piece, as it goes over the wire."""
    request = page.build_request("POST", PIECE, json=call)
    lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST {PIECE} HTTP/1.1\r\n{lines}\r\n".encode() + request.read()


def test_nothing_is_drawn_for_a_visitor_whose_connection_has_closed(page, studio, monkeypatch):
    def waiting(so_many: int) -> bool:
        for _ in range(200):
            if studio._waiting != so_many:
                time.sleep(0.05)
        return studio._waiting == so_many

    call, drawn, plain = asked(page), [], studio.sheet
    monkeypatch.setattr(studio, "sheet", lambda *of: (drawn.append(of[1]), plain(*of))[1])
    with socket.create_connection((page.base_url.host, page.base_url.port)) as visitor:
        assert waiting(0)  # the first sheets are drawn
        with studio._lock:
            visitor.sendall(as_sent(page, call))
            assert waiting(1)
            visitor.close()
            time.sleep(0.5)
    assert waiting(0) and drawn == []
    assert page.post(PIECE, json=call).json()["sheets"] and drawn == [5]


@pytest.fixture
def slow_reader(page, studio, monkeypatch):
    """slow_reader(): a visitor who has asked for a film of 8 MB, and reads nothing of it yet."""
    monkeypatch.setattr(studio, "film", lambda *_: bytes(8_000_000))
    of = {"models": ["dcgan-a"], "anchors": [[1, 0], [2, 0]], "steps": 4, "path": "slerp"}
    call = {"session_hash": "a", "component_id": piece(page, "interpolate"), "fn_name": "film", "data": of}
    sent = as_sent(page, call)
    with contextlib.ExitStack() as readers:

        def ask() -> socket.socket:
            reader = readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(20)
            reader.connect((page.base_url.host, page.base_url.port))
            reader.sendall(sent)
            return reader

        ask.call = call
        yield ask


def test_so_many_large_answers_are_on_their_way(page, slow_reader):
    readers = [slow_reader() for _ in range(LARGE_ANSWERS + 2)]
    heads = [reader.recv(2000).lower() for reader in readers]
    assert sum(b"content-length: 13\r\n" in head for head in heads) == 2  # {"busy":true}
    assert page.post(PIECE, json=asked(page)).json()["sheets"]
    for reader in readers:
        reader.close()
    for _ in range(100):
        if "film" not in (answer := page.post(PIECE, json=slow_reader.call).json()):
            time.sleep(0.1)
    assert len(answer["film"]) > 8_000_000  # whole, and there is room again


def test_a_large_answer_is_given_up_where_it_is_not_read(slow_reader, monkeypatch):
    monkeypatch.setattr(gate, "SLOWEST_BODY", 2.0)
    reader, received = slow_reader(), 0
    assert reader.recv(1)
    time.sleep(3)
    while some := reader.recv(2**20):
        received += len(some)
    assert received < 8_000_000


def test_an_upload_is_refused_while_all_temporary_files_come_to_too_much(page, tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "_folder", tmp_path)
    monkeypatch.setattr(scratch, "sweep", lambda folder: None)
    (tmp_path / "kept").write_bytes(b"0" * 10)
    assert page.post(UPLOAD, files={"files": b"0"}).status_code == 200
    monkeypatch.setattr(scratch, "KEPT_FILES", 9)
    assert page.post(UPLOAD, files={"files": b"0"}).status_code == 503


def test_gradios_own_client_passes_with_its_upload(page, tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "map.png")
    client = Client(str(page.base_url), verbose=False)
    assert Path(client.predict("dcgan-a", seed=5, n=4, api_name="/sample")).exists()
    assert client.predict(handle_file(tmp_path / "map.png"), ["tint-a"], api_name="/translate")


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path, monkeypatch, studio):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with launched(studio) as page:
        head = page.build_request("POST", UPLOAD, files={"files": ("a.png", b"0" * 900_000)})
        body = head.read()
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.headers.items())
        with socket.create_connection((head.url.host, head.url.port)) as half:
            half.sendall(f"POST {UPLOAD} HTTP/1.1\r\n{lines}\r\n".encode() + body[: len(body) // 2])
        assert page.post(UPLOAD, files={"files": ("b.png", b"0")}).status_code == 200
        assert [path.name for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == ["b.png"]


def test_what_keeps_the_page_from_opening_is_a_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for more in (["--port", port], ["--host", "203.0.113.1"], ["--port", "70000"]):
            with pytest.raises(SystemExit, match="space: the page cannot be opened there") as stopped:
                app.main([*more, "--models", "no such models"])  # said before anything is built
            assert "\n" not in str(stopped.value)
