"""Pulling, with the Hub's own client over HTTP, from the loopback Hub: what works, what goes wrong."""

import hashlib
import io
import json
import os
import re
import time
from dataclasses import replace
from functools import partial

import pytest

import zoo
from tests.hub.client import Client
from tests.hub.faults import answers, cut, endless, flip, hang, meanwhile, portal, short, stall
from tests.hub.pulled import LOAD, contents, failed, in_cache, load
from zoo.config import Weights
from zoo.hub import pull

SHORT = 0.8  # seconds of patience, where there is nothing to wait for


def picture(folder):
    return hashlib.sha256(zoo.load(folder).sample(2, seed=7).numpy().tobytes()).hexdigest()


def check_cache(home, server):
    """Nothing half-written, nothing damaged: all content is some file of some repository."""
    whole = [
        content
        for repo in server.repos.values()
        for files in repo.commits.values()
        for content in files.values()
    ]
    for path, content in in_cache(home).items():
        assert not path.name.endswith(".incomplete"), path
        assert path.parent.name == "refs" or ".no_exist" in path.parts or content in whole, path


# ---- what works


def test_a_model_is_pulled_with_the_files_that_it_needs_and_no_others(server, client, toy, hub_home):
    assert load(client)["result"] == picture(toy)
    asked = {
        re.sub(r".*/(resolve|storage)/\w+/?", "", asked.path)
        for asked in server.requests
        if "/api/" not in asked.path
    }
    assert asked == {"config.json", "model.safetensors", "metrics.json", ""}  # "": the weights' content
    assert all(
        a.agent.startswith(f"gan-zoo/{zoo.__version__};") for a in server.requests if "/api/" in a.path
    )
    assert {a.token for a in server.requests if not a.content} == {"hf_me"}
    check_cache(hub_home, server)


def test_once_pulled_nothing_is_fetched_again(server, client, toy):
    load(client)
    before = len(server.requests)
    assert load(client)["result"] == picture(toy)
    assert server.lines(before) == ["GET /api/models/me/toy"]
    sha = server.repo("me/toy").branches["main"]
    assert load(client, f"me/toy@{sha}")["result"] == picture(toy)
    assert len(server.requests) == before + 1


def test_a_model_without_metrics_is_not_asked_for_them_again(server, client, toy):
    server.repo("me/toy").commit({k: v for k, v in contents(toy).items() if k != "metrics.json"})
    load(client)
    before = len(server.requests)
    load(client)
    assert server.lines(before) == ["GET /api/models/me/toy"]


def test_telling_of_a_model_fetches_no_weights(server, client, toy):
    answer = client.run(
        "import zoo\ninfo = zoo.info('me/toy')\nresult = [info.config.id, info.metrics.rows[0]['value']]"
    )
    assert answer["result"] == ["dcgan-focal-toy", 55.1]
    assert not any("model.safetensors" in line for line in server.lines())


def test_revisions_are_branches_tags_and_commits(server, client, toy, make_checkpoint):
    repo, old = server.repo("me/toy"), server.repo("me/toy").branches["main"]
    other = make_checkpoint(folder="other", fields={"size": 32}, seed=1)
    repo.tags["v1"] = old
    repo.commit(contents(other), branch="exp/a")
    new = repo.commit(contents(other))
    assert picture(toy) != picture(other)
    for name, folder in {
        "me/toy": other,
        "me/toy@exp/a": other,
        f"me/toy@{new}": other,
        "me/toy@v1": toy,
        f"me/toy@{old}": toy,
    }.items():
        assert load(client, name)["result"] == picture(folder), name
    failed(load(client, f"me/toy@{old[:8]}"), "Refused", "40 digits", old)


def test_all_files_are_of_one_commit_though_somebody_pushes_meanwhile(server, client, toy, make_checkpoint):
    other = make_checkpoint(folder="other", fields={"size": 32}, seed=1)
    server.fail(
        "HEAD .*config.json", meanwhile(lambda: server.repo("me/toy").commit(contents(other))), times=1
    )
    assert load(client)["result"] == picture(toy)


def test_an_owners_zoo_is_listed_from_its_metadata(server, client):
    card = "---\nlibrary_name: {}\ntags: [{}]\n---\n"
    for name, library, tag in (
        ("b-focal-x", "gan-zoo", "gan-zoo"),
        ("a", "gan-zoo", "gan"),
        ("c", "diffusers", "gan"),
    ):
        server.add(f"me/{name}", {"README.md": card.format(library, tag).encode()})
    server.add("you/d", {"README.md": card.format("gan-zoo", "gan-zoo").encode()})
    server.add("me/p", {"README.md": card.format("gan-zoo", "gan-zoo").encode()}, private=True)
    listed = "import zoo\nresult = zoo.list_models({}owner='me', token={})"
    assert client.run(listed.format("", False))["result"] == ["me/a", "me/b-focal-x"]
    assert client.run(listed.format("'*-focal-*', ", False))["result"] == ["me/b-focal-x"]
    assert "me/p" in client.run(listed.format("", None))["result"]
    server.fail("GET", answers(503))
    failed(client.run(listed.format("", None), SHORT), "HubError", "cannot reach the Hub", "me")


# ---- what goes wrong: HUB.md's table. Patterns are of requests, kinds and words of the error

UNREACHED = ("HubError", "cannot reach the Hub for me/toy", "given up after 0.8 s")
FAULTS = {
    "403 without a code": ("HEAD .*config", answers(403), "HubError", "does not let you read me/toy"),
    "404 without a code": ("HEAD .*config", answers(404), "HubError", "404"),
    "a login page": ("GET /api", portal, "HubError", "does not answer as the Hub does", "proxy"),
    "a login page for a file": ("(HEAD|GET) .*config", portal, "HubError", "does not answer as the Hub does"),
    "gated": (
        "HEAD",
        answers(403, "GatedRepo"),
        "UnknownName",
        "gated",
        "ask for access at http",
        "hf auth login",
    ),
    "busy": ("HEAD", answers(429), *UNREACHED, "429"),
    "busy for long": ("HEAD", answers(429, retry_after="500"), *UNREACHED, "429"),
    "out of order": ("GET /api", answers(500), *UNREACHED, "500"),
    "out of order for a file": ("HEAD", answers(500), *UNREACHED, "500"),
    "out of order for content": ("GET .*(resolve|storage)", answers(503), *UNREACHED, "503"),
    "no answer": ("GET /api", hang, *UNREACHED),
    "no answer for a file": ("HEAD", hang, *UNREACHED),
    "no answer for content": ("GET /storage", hang, *UNREACHED),
    "cut off": ("GET .*(resolve|storage)", cut, "HubError", "me/toy"),
    "too short": ("GET /storage", short, "CheckpointError", "not as long as announced", "fetched anew"),
    "too long": ("GET /storage", endless, "CheckpointError", "bytes or more, which is too many"),
    "flipped byte": ("GET /storage", flip, "CheckpointError", "sha256", "fetched anew"),
    "flipped byte of the config": ("GET .*config", flip, "CheckpointError", "config.json"),
    "flipped first byte of the config": (
        "GET .*config",
        partial(flip, at=0),
        "CheckpointError",
        "config.json",
    ),
}
HEALED = [
    "busy",
    "too short",
    "cut off",
    *(name for name in FAULTS if name.startswith(("out of", "flipped"))),
]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_in_one_line_and_in_time_and_leaves_nothing_behind(
    server, client, toy, hub_home, name
):
    pattern, fault, kind, *words = FAULTS[name]
    server.fail(pattern, fault)
    answer = load(client, patience=SHORT)
    failed(answer, kind, *words)
    assert answer["seconds"] < 3
    check_cache(hub_home, server)
    server.heal()
    assert load(client)["result"] == picture(toy)


@pytest.mark.parametrize("name", FAULTS)
def test_a_good_copy_in_the_cache_survives(server, client, toy, hub_home, name):
    load(client)
    good = in_cache(hub_home)
    server.fail(*FAULTS[name][:2])
    answer = load(client, patience=SHORT)
    assert answer["seconds"] < 3 and answer.get("result") == picture(toy), answer
    server.repo("me/toy").commit(contents(toy) | {"config.json": b"{}\n"})  # what is new cannot be had
    load(client, patience=SHORT)
    assert good.items() <= in_cache(hub_home).items() | {
        (p, c) for p, c in good.items() if p.parent.name == "refs"
    }


@pytest.mark.parametrize("name", HEALED)
def test_what_heals_is_not_noticed(server, client, toy, hub_home, name):
    server.fail(*FAULTS[name][:2], times=1)
    answer = load(client)
    assert answer.get("result") == picture(toy), answer
    check_cache(hub_home, server)


def test_who_waits_is_told_so(server, client, toy):
    server.fail("GET /api", answers(503), times=1)
    answer = load(client)
    assert "(it answers 503): trying again for 30 s at most" in answer["said"]


def test_a_server_that_is_down_is_told_of_or_the_cached_copy_is_used(server, client, toy, hub_home):
    server.stop()
    try:
        answer = load(client, patience=SHORT)
        failed(answer, *UNREACHED)
        assert answer["seconds"] < 3 and in_cache(hub_home) == {}
        server.start()
        load(client)
        server.stop()
        answer = load(client)
        assert answer["result"] == picture(toy) and answer["seconds"] < 3
    finally:
        server.start()


def test_who_may_not_read_is_told_why(server, client, toy, hub_home):
    server.add("you/own", contents(toy), private=True)
    server.add("you/gated", contents(toy), gated=True)
    log_in = ("hf auth login", "HF_TOKEN")
    failed(load(client, "me/none"), "UnknownName", "no me/none", "private", *log_in)
    failed(load(client, "you/own"), "UnknownName", "no you/own", "private", *log_in)
    nobody = client.run("import zoo\nzoo.load('you/own', token=False)")
    failed(nobody, "UnknownName", "no you/own", "private", *log_in)
    failed(load(client, "you/gated"), "UnknownName", "you/gated is gated", f"{server.url}/you/gated", *log_in)
    failed(load(client, "me/toy@v9"), "UnknownName", "no revision 'v9'")
    failed(load(client, "me/to--y"), "UnknownName", "no name of a repository")
    wrong = client.run("import zoo\nzoo.load('me/toy', token='hf_wrong')")
    failed(wrong, "HubError", "does not accept your token", *log_in)
    check_cache(hub_home, server)
    owned = client.run("import zoo\nresult = zoo.load('you/own', token='hf_you').id")
    assert owned["result"] == "dcgan-focal-toy"


def test_what_a_killed_download_left_is_swept_once_nobody_can_be_at_it(server, client, toy, hub_home):
    server.fail("GET /storage", stall)
    with Client(server.environment(hub_home)) as killed:
        print(json.dumps(LOAD.format("me/toy")), file=killed.process.stdin, flush=True)
        while not (left := list(hub_home.glob("hub/models--me--toy/blobs/*.incomplete"))):
            assert killed.process.poll() is None
            time.sleep(0.05)
        killed.process.kill()
    fresh, old = left[0], left[0].with_name("x.0.incomplete")
    old.touch()
    os.utime(old, (time.time() - 2 * pull.ORPHANED,) * 2)
    server.heal()
    assert load(client)["result"] == picture(toy)
    assert fresh.exists() and not old.exists()


def test_a_damaged_copy_is_fetched_once_more(server, client, toy, hub_home):
    load(client)
    for name in ("model.safetensors", "config.json", "metrics.json"):
        path = next(hub_home.glob(f"hub/models--me--toy/snapshots/*/{name}"))
        content = bytearray(path.read_bytes())
        content[0] ^= 1
        path.resolve().write_bytes(content)
        before = len(server.requests)
        assert load(client)["result"] == picture(toy)
        assert any(re.match(rf"GET .*({name}|storage)", line) for line in server.lines(before))
        check_cache(hub_home, server)


def test_a_bar_is_shown_for_what_takes_long(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    with pull._Bar(total=pull.WORTH_A_BAR - 1, file=terminal) as small:
        assert small.disable and terminal.getvalue() == ""
    with pull._Bar(total=pull.WORTH_A_BAR, file=terminal) as large:
        assert not large.disable
    assert terminal.getvalue()


def test_weights_of_another_size_are_not_hashed(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    known = Weights(sha256=hashlib.sha256(b"weights").hexdigest(), bytes=7, dtype="float32", rounding=0.0)
    assert pull._is(path, known)
    assert not pull._is(path, replace(known, sha256="0" * 64))
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("hashed it"))
    assert not pull._is(path, replace(known, bytes=8))
