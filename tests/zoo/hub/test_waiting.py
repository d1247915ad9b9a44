"""What the client of others keeps, and what keeps ours bounded whatever becomes of its session."""

import pytest

from tests.hub.faults import answers, hang
from tests.hub.pulled import failed

ASK = """
from huggingface_hub import HfApi, close_session, get_session, set_client_factory
from huggingface_hub.utils._http import default_client_factory
from zoo.hub.refusals import plain_errors
from zoo.hub.waiting import Connection
"""
# A client of somebody else's, which names itself to the server.
OWN = (
    ASK
    + """
made = []
def own():
    made.append(default_client_factory())
    made[-1].event_hooks["request"].append(lambda asked: asked.headers.update({"User-Agent": "own"}))
    return made[-1]
set_client_factory(own)
"""
)
DONE = "\nset_client_factory(default_client_factory)\n"
SHORT = 0.8  # seconds of patience


@pytest.mark.timeout(60)  # unbounded, it would wait for ever
def test_a_session_that_is_closed_in_the_middle_is_followed_by_one_that_waits_no_longer(server, client, toy):
    server.fail("GET /api/models/me/silent", hang)
    code = """
with plain_errors("me/silent"), Connection():
    HfApi().model_info("me/toy")
    close_session()
    HfApi().model_info("me/silent")
"""
    answer = client.run(ASK + code, SHORT)
    failed(answer, "HubError", "cannot reach the Hub for me/silent", "given up after 0.8 s")
    assert answer["seconds"] < 3


def test_a_session_that_is_closed_between_two_tries_is_not_noticed(server, client, toy):
    server.fail("GET /api", answers(503), times=1)
    code = """
import logging
class Closes(logging.Handler):
    def emit(self, record):
        close_session()
handler = Closes()
logging.getLogger("zoo").addHandler(handler)  # it is told before each pause
try:
    with plain_errors("me/toy"), Connection():
        result = HfApi().model_info("me/toy").id
finally:
    logging.getLogger("zoo").removeHandler(handler)
"""
    assert client.run(ASK + code).get("result") == "me/toy"
    assert len(server.requests) == 2


def test_the_session_that_others_use_stays_open_and_their_factory_makes_the_next(server, client, toy):
    code = """
before = get_session()
with Connection():
    HfApi().model_info("me/toy")
same = get_session() is before and not before.is_closed
close_session()
with Connection():
    HfApi().model_info("me/toy")
result = [same, before.is_closed, len(made), get_session() is made[-1]]
"""
    assert client.run(OWN + code + DONE)["result"] == [True, True, 2, True]
    assert [asked.agent for asked in server.requests] == ["own", "own"]


def test_a_factory_set_after_ours_is_bounded_too(server, client, toy):
    server.fail("GET /api", hang)
    code = """
with plain_errors("me/toy"), Connection():
    HfApi().model_info("me/toy")
"""
    answer = client.run("import zoo.hub.waiting as w\nwith w.Connection(): pass\n" + OWN + code, SHORT)
    client.run(ASK + DONE)
    failed(answer, "HubError", "given up after 0.8 s")
    assert {asked.agent for asked in server.requests} == {"own"}


def test_the_requests_of_others_are_neither_tried_again_nor_stopped(server, client, toy):
    server.fail("GET /api", answers(503))
    code = """
with Connection():
    pass
close_session()
result = get_session().get(HfApi().endpoint + "/api/models/me/toy").status_code
"""
    assert client.run(ASK + code, SHORT)["result"] == 503
    assert len(server.requests) == 1


def test_an_answer_that_it_is_busy_does_not_start_the_clock_anew(server, client, toy):
    server.fail("HEAD .*config", answers(503))
    failed(client.run("import zoo\nzoo.load('me/toy')", 1.2), "HubError", "given up after 1.2 s")
    assert sum(line.startswith("HEAD") for line in server.lines()) == 2  # the next pause would be too long


def test_what_others_download_during_a_push_is_theirs(server, client, toy):
    server.add("me/large", {"large.bin": bytes(5 * 2**20)})  # more than an answer to a push may have
    code = """
import threading
from huggingface_hub import hf_hub_download
got = []
with Connection(uploads=True):
    other = threading.Thread(target=lambda: got.append(hf_hub_download("me/large", "large.bin")))
    other.start()
    other.join()
result = len(got)
"""
    assert client.run(ASK + code)["result"] == 1
