"""Pulling, with the Hub's own client over HTTP, from the loopback Hub: what works, what goes wrong, who is hostile."""

import hashlib
import io
import json
import os
import pickle
import re
import time
from functools import partial
from pathlib import Path

import pytest

import zoo
from tests.hub.client import Client
from tests.hub.faults import answers, cut, endless, flip, hang, meanwhile, portal, short, stall
from zoo import pull

SHORT = 0.8  # seconds of patience, where there is nothing to wait for
LOAD = "import hashlib, zoo\nresult = hashlib.sha256(zoo.load({!r}).sample(2, seed=7).numpy().tobytes()).hexdigest()"


@pytest.fixture
def toy(server, make_checkpoint):
    """A model's folder, which is me/toy on the server, too; its metrics as well."""
    folder = make_checkpoint(fields={"size": 32})
    sha256 = json.loads((folder / "config.json").read_text())["weights"]["sha256"]
    rows = [{"name": "fid", "value": 55.1}]
    (folder / "metrics.json").write_text(json.dumps({"weights_sha256": sha256, "metrics": rows}))
    server.add("me/toy", contents(folder) | {"README.md": b"# toy", "extra.bin": b"\0" * 99})
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def picture(folder):
    return hashlib.sha256(zoo.load(folder).sample(2, seed=7).numpy().tobytes()).hexdigest()


def load(client, name="me/toy", **given):
    return client.run(LOAD.format(name), **given)


def in_cache(home):
    """The files in the client's cache by their place; the content of links, which is what readers get."""
    return {path: path.read_bytes() for path in home.glob("hub/models--*/*/**/*") if path.is_file()}


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


def failed(answer, kind, *words):
    assert answer.get("error") == kind, answer
    assert "\n" not in answer["message"] and "Traceback" not in answer["said"]
    for word in words:
        assert word in answer["message"], answer["message"]


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
    answer = client.run("import zoo\ninfo = zoo.info('me/toy')\nresult = [info.config.id, info.metrics.rows]")
    assert answer["result"] == ["dcgan-focal-toy", [{"name": "fid", "value": 55.1}]]
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


# ---- the hostile


class Evil:
    """Unpickled, it would leave a folder."""

    def __reduce__(self):
        return os.mkdir, ("gan-zoo-was-here",)


def changed(folder, **given):
    """The config with other fields, by their dotted names."""
    config = json.loads((folder / "config.json").read_text())
    for name, value in given.items():
        *parents, last = name.split("__")
        inside = config
        for parent in parents:
            inside = inside[parent]
        inside[last] = value
    return json.dumps(config).encode()


PICKLE = pickle.dumps(Evil())
HOSTILE = {
    "a pickle alone": (lambda f: {"model.safetensors": None, "pytorch_model.bin": PICKLE}, "it lacks a file"),
    "a pickle by another name": (
        lambda f: {
            "model.safetensors": PICKLE,
            "config.json": changed(
                f, weights__sha256=hashlib.sha256(PICKLE).hexdigest(), weights__bytes=len(PICKLE)
            ),
        },
        "weights.bytes",
    ),
    "a pickle of the right size": (
        lambda f: {
            "model.safetensors": (padded := PICKLE.ljust((f / "model.safetensors").stat().st_size, b"\0")),
            "config.json": changed(f, weights__sha256=hashlib.sha256(padded).hexdigest()),
        },
        "no safetensors file",
    ),
    "no config": (lambda f: {"config.json": None}, "it lacks a file"),
    "somebody else's config": (
        lambda f: {"config.json": b'{"model_type": "bert"}'},
        "does not describe a model",
    ),
    "an oversized config": (lambda f: {"config.json": changed(f, id="x" * 10**7)}, "too many"),
    "oversized metrics": (lambda f: {"metrics.json": b"[" + b"0," * 10**7 + b"0]"}, "too many"),
    "deep JSON": (lambda f: {"config.json": b"[" * 30000}, "not JSON"),
    "an unknown architecture": (
        lambda f: {"config.json": changed(f, architecture__name="os")},
        "architecture",
    ),
    "a field of the wrong type": (
        lambda f: {"config.json": changed(f, training__kimg="300")},
        "training.kimg",
    ),
    "an unknown field": (lambda f: {"config.json": changed(f, auto_map="x.py")}, "auto_map"),
    "a width of a million": (lambda f: {"config.json": changed(f, architecture__width=10**6)}, "width"),
    "weights of a terabyte": (lambda f: {"config.json": changed(f, weights__bytes=10**12)}, "weights.bytes"),
    "larger weights": (lambda f: {"model.safetensors": b"\0" * 10**8}, "too many"),
    "an id that leaves its folder": (lambda f: {"config.json": changed(f, id="../../evil")}, "id must be"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_repository_is_refused_and_runs_nothing_and_allocates_nothing(
    server, client, toy, hub_home, name
):
    change, word = HOSTILE[name]
    files = contents(toy) | {"zoo.py": b"raise SystemExit", "../evil.py": b"", "x/../../evil.json": b"{}"}
    files |= change(toy)
    server.add("me/hostile", {path: content for path, content in files.items() if content is not None})
    watched = "import resource\npeak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
    client.run(watched + "import zoo.model, zoo.pull, builtins; builtins.peak_before = peak()")
    failed(load(client, "me/hostile"), *(("UnknownName",) if "lacks" in word else ("CheckpointError",)), word)
    grown = client.run(watched + "import builtins\nresult = peak() - builtins.peak_before")["result"]
    assert grown < 60_000  # kB
    for line in server.lines():
        assert not re.search(r"evil|zoo\.py|\.bin", line), line
    assert not Path("gan-zoo-was-here").exists() and not list(hub_home.rglob("*evil*"))
    large = [path for path, content in in_cache(hub_home).items() if len(content) > 2**20]
    assert large == []
    if name not in ("a pickle of the right size", "oversized metrics"):
        assert not any(asked.content for asked in server.requests)  # weights were not even begun
    assert not any(path.name.endswith(".incomplete") for path in in_cache(hub_home))
