"""Answers of the Hub that are too long, too slow, packed or of another shape; secrets and words in errors."""

import itertools
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hub.client import Client
from tests.hub.faults import also, anew, answers, circular, drip, endless, packed, paged, shaped
from tests.hub.pulled import failed, load
from zoo.hub import bounds
from zoo.hub.waiting import Connection

SHORT = 0.8  # seconds of patience
LATE = SHORT + 5  # seconds by which each has to end
MOST = 64_000  # kB that memory may grow by

PULL = "import zoo\nresult = zoo.load('me/toy').id"
LIST = "import zoo\nresult = zoo.list_models(owner='me')"
WHO = "from zoo.hub.push import check_access\nresult = check_access('me')"
PUSH = "from zoo.hub.push import push_files\npush_files('me/toy', {'a.txt': b'a'}, message='a')"
NOT_THE_HUB = "does not answer as the Hub does"
SLOW, LARGE = "given up after 0.8 s", "too many"
FAULTS = {
    "endless commit": (PULL, "GET /api", endless, LARGE),
    "endless list": (LIST, "GET /api", endless, LARGE),
    "endless login": (WHO, "GET /api", endless, LARGE),
    "endless answer to a push": (PUSH, "POST /api", endless, LARGE),
    "slow commit": (PULL, "GET /api", drip, SLOW),
    "slow list": (LIST, "GET /api", drip, SLOW),
    "slow answer to a push": (PUSH, "POST /api/.*create", drip, SLOW),
    "slow answer to a commit": (PUSH, "POST .*/commit/", drip, SLOW),
    "slow config": (PULL, "GET .*config", drip, "bytes a second"),
    "slow weights": (PULL, "GET /storage", drip, "bytes a second"),
    "list without end": (LIST, "GET /api", paged, NOT_THE_HUB),
    "tree without end": (PUSH, "GET .*/tree/", paged, NOT_THE_HUB),
    "address without end": (LIST, "GET /api", circular, NOT_THE_HUB),
    "packed list": (LIST, "GET /api", packed, NOT_THE_HUB),
    "packed config": (PULL, "GET .*config", packed, NOT_THE_HUB),
}


@pytest.fixture
def memory(client):
    """kB that the client's process has grown by since it was first asked."""
    code = "import resource, zoo.model\nresult = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    before = client.run(code)["result"]
    return lambda: client.run(code)["result"] - before


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_that_does_not_end_is_given_up_in_time_and_in_little_memory(
    server, client, toy, memory, name
):
    code, pattern, fault, word = FAULTS[name]
    server.fail(pattern, fault)
    answer = client.run(code, SHORT)
    failed(answer, "CheckpointError" if word == LARGE else "HubError")
    assert word in answer["message"] or ("without end" in name and SLOW in answer["message"])
    assert answer["seconds"] < LATE
    assert memory() < MOST


@pytest.mark.timeout(120)  # unbounded, it goes on until the client is as many calls deep as Python lets it
def test_a_file_that_breaks_off_and_begins_anew_is_given_up_in_the_time_of_a_slow_one(server, client, toy):
    server.fail("GET /storage", anew)
    size = (toy / "model.safetensors").stat().st_size
    rate = size // 2  # bytes a second: each time enough comes for the clock of silence to start anew
    code = f"import zoo, zoo.hub.waiting as waiting\nkept, waiting.SLOWEST = waiting.SLOWEST, {rate}\n"
    code += "try:\n    zoo.load('me/toy')\nfinally:\n    waiting.SLOWEST = kept"
    answer = client.run(code, 1.5)  # the client itself pauses for 1 s
    failed(answer, "HubError", "given up after 1.5 s")
    assert 3 < answer["seconds"] < 1.5 + size / rate + 5


def test_a_file_comes_by_the_way_that_is_bounded_also_where_another_is_offered(server, tmp_path, toy):
    """Where the client is to use Xet, which sends its own requests, it is not told of it."""
    environment = server.environment(tmp_path) | {"HF_HUB_DISABLE_XET": "0"}
    server.fail("HEAD /me/toy/resolve/.*safetensors", also("X-Xet-Hash", "0" * 64))
    with Client(environment) as client:
        code = "from huggingface_hub.utils._runtime import is_xet_available\nresult = is_xet_available()"
        assert client.run(code)["result"]
        assert client.run(PULL).get("result")
    assert any(line.startswith("GET /storage") for line in server.lines())


SHAPES = {
    "null": None,
    "a list": [],
    "a number": 7,
    "an object": {},
    "a foreign sha": {"sha": "../../x", "id": 3},
}
ASKED = {"a pull": PULL, "a list": LIST, "a login": WHO, "a push": PUSH}


@pytest.mark.parametrize(("asked", "shape"), [*itertools.product(ASKED, SHAPES)])
def test_an_answer_of_another_shape_is_a_line(server, client, toy, asked, shape):
    server.fail("(GET|POST) /api", shaped(SHAPES[shape]))
    answer = client.run(ASKED[asked], SHORT)
    if (asked, shape) == ("a list", "a list"):
        assert answer["result"] == []  # which is no other shape
    elif (asked, shape) != ("a list", "an object"):  # of which there is no first one either
        failed(answer, "HubError", "me")
        assert answer["seconds"] < LATE


def test_a_copy_in_the_cache_stands_in_for_an_answer_of_another_shape(server, client, toy):
    load(client)
    for shape in SHAPES.values():
        server.fail("GET /api", shaped(shape))
        assert load(client, patience=SHORT).get("result")
        server.heal()


@pytest.mark.timeout(60)
def test_headers_that_come_byte_by_byte_are_given_up_in_time(server, tmp_path):
    stop = threading.Event()

    def serve(listening):
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not stop.wait(0.05):
                connection.sendall(b"a")

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        environment = server.environment(tmp_path) | {
            "HF_ENDPOINT": f"http://127.0.0.1:{listening.getsockname()[1]}"
        }
        with Client(environment) as client:
            client.run("import zoo.model, zoo.hub.pull")
            answer = client.run(LIST, SHORT)
        stop.set()
        thread.join(5)
    failed(answer, "HubError", SLOW)
    assert answer["seconds"] < LATE


def test_answers_are_so_many_and_so_many_bytes_whatever_time_is_left():
    connection = Connection()
    connection.asked, connection.received = bounds.ANSWERS, bounds.IN_ALL
    with pytest.raises(bounds.Unlike, match="more than"):
        connection.send(None, SimpleNamespace(method="GET"))
    with connection.file(10):
        connection._count(5)  # a file has a bound of its own
    with pytest.raises(bounds.TooLarge):
        connection._count(1)


# ---- secrets, and what others say

SECRET = "hf_" + "Secret" * 6
CALLS = {
    "load": "import zoo\nresult = zoo.load('me/toy', token={token!r}).id",
    "list": "import zoo\nresult = zoo.list_models(owner='me', token={token!r})",
    "push": "from zoo.hub.push import push_files\n"
    "result = push_files('me/toy', {{'a.txt': b'a'}}, message='a', token={token!r}).url",
    "access": "from zoo.hub.push import check_access\nresult = check_access('me', {token!r})",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_token_read_with_its_newline_is_taken_without_it(server, client, toy, call):
    answer = client.run(CALLS[call].format(token="hf_me\n"))
    assert "result" in answer, answer
    assert {asked.token for asked in server.requests if not asked.content} == {"hf_me"}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("token", [f"{SECRET[:9]}\n{SECRET[9:]}", f"{SECRET}\0", f"{SECRET}é", " "])
def test_a_token_that_cannot_be_sent_is_refused_without_being_named(server, client, toy, call, token):
    answer = client.run(CALLS[call].format(token=token))
    failed(answer, "Refused", "no token")
    assert "Secret" not in answer["message"] + answer["said"]
    assert server.requests == []


def test_a_stored_token_that_cannot_be_sent_is_refused_without_being_named(server, tmp_path):
    with Client(server.environment(tmp_path, token=f"{SECRET}\tx")) as client:
        answer = client.run(LIST)
    failed(answer, "Refused", "no token")
    assert "Secret" not in answer["message"] + answer["said"]


def test_a_server_that_repeats_the_token_is_not_quoted_with_it(server, client, toy):
    for token in (SECRET, "own-kind-of-secret"):
        server.fail("GET /api", answers(400, message=f"what is {token} and Bearer {token}?"))
        answer = client.run(CALLS["list"].format(token=token))
        failed(answer, "HubError", "what is …")
        assert token not in answer["message"] + answer["said"]
        server.heal()


def test_the_password_in_an_address_is_not_shown(server, tmp_path, toy):
    address = server.url.replace("//", "//somebody:pass-word@")
    with Client(server.environment(tmp_path) | {"HF_ENDPOINT": address}) as client:
        shown = [client.run(code, SHORT) for code in (LIST, PULL, CALLS["push"].format(token="hf_me"))]
        server.fail("(GET|POST) /api", shaped(None))
        shown += [client.run(code, SHORT) for code in (LIST, PULL)]
        of_commit = client.run("from zoo.hub.push import _url\nresult = _url('model', 'me/toy', 'abc')")
    assert of_commit["result"] == f"{server.url}/me/toy/commit/abc"
    assert server.url in shown[-1]["message"]
    for answer in shown:
        assert "pass-word" not in str(answer)


def test_a_servers_words_are_shown_without_what_a_terminal_obeys_and_short(server, client, toy):
    words = "\033[2Jgone\a\x9b1m " + "long " * 200
    server.fail("GET /api", shaped({"error": words}, 400))
    answer = client.run(LIST)
    failed(answer, "HubError", "gone")
    assert answer["message"].isprintable() and len(answer["message"]) < 300
    assert "\033" not in answer["said"]


def test_a_warning_that_the_server_wants_shown_is_one_short_line_without_secrets(server, client, toy):
    """The Hub's client logs it (X-HF-Warning), of any answer; each topic once."""
    heard = (
        "import logging\nheard = logging.Handler(), []\n"
        "heard[0].emit = lambda record: heard[1].append(record.getMessage())\n"
        "logging.getLogger('huggingface_hub').addHandler(heard[0])\n"
    )
    told = (
        f"\033[2J\x9b1m\x07 out of date, {SECRET} own-kind-of-secret, http://me:pass-word@here " + "x" * 9000
    )
    server.fail("GET /api", also("X-HF-Warning", f"topic;{told}"))
    shown = []
    for call in (CALLS["list"].format(token=SECRET), CALLS["list"].format(token="own-kind-of-secret"), PULL):
        forget = "from huggingface_hub.utils import _http\n_http._WARNED_TOPICS.clear()\n"
        code = f"{heard}{forget}try:\n    {call.replace(chr(10), chr(10) + '    ')}\nexcept Exception: pass\n"
        shown += client.run(code + "result = heard[1]")["result"]
    assert len(shown) >= 3
    for line in shown:
        assert "out of date, ..." in line and line.isprintable() and len(line) <= 160
        assert not any(secret in line for secret in (SECRET, "pass-word"))
    assert "own-kind-of-secret" not in shown[1]


def test_the_readme_names_the_bounds():
    readme = (Path(bounds.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    one, all_of_them = bounds.ANSWER // 2**20, bounds.IN_ALL // 2**20
    words = f"has {one} MB at most, those of one call {all_of_them} MB and {bounds.ANSWERS} pages"
    assert words in " ".join(readme.split())
