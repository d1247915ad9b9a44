"""Pushing, with the Hub's own client over HTTP, to the loopback Hub."""

import hashlib
import json
import re

import pytest

from cards import build
from tests.hub.faults import answers, cut, hang, lost, meanwhile, shaped
from zoo import cli, names
from zoo.errors import CheckpointError, Refused
from zoo.hub import push

CHANGING = re.compile(
    r"^(PUT|POST .*(/commit/|/preupload/|/batch|/branch/))"
)  # what is sent to change something


@pytest.fixture
def finished(make_checkpoint):
    """A folder with all that a run and its card leave, and with what must stay at home."""

    def finish(folder="runs/toy"):
        out = make_checkpoint(folder=folder, fields={"size": 32})
        history = [{"kimg": float(i), "g_steps": i, "d_loss": 0.5, "g_loss": 0.7} for i in range(1, 4)]
        (out / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in history))
        (out / "samples.png").write_bytes(b"\x89PNG\0 samples")
        (out / "state").mkdir()
        (out / "state" / "state.pt").write_bytes(b"\0 optimisers")
        for name in (".env", "token", "real.png", "train.npy"):
            (out / name).write_bytes(b"hf_secret")
        build.build(out)
        return out

    return finish


def push_model(client, folder, repository="me/toy", tries=6, patience=30, **given):
    given = "".join(f", {name}={value!r}" for name, value in given.items())
    code = f"from zoo.hub import push\npush.TRIES = {tries}\n"
    return client.run(code + f"result = push.push_model({str(folder)!r}, {repository!r}{given})", patience)


def sent(server, since=0):
    return [line for line in server.lines(since) if CHANGING.match(line)]


# ---- one commit, or none


def test_a_folder_is_pushed_by_one_commit_and_nothing_else_leaves_it(server, client, finished):
    url, commit, there, deleted = push_model(client, finished())["result"]
    repo = server.repo("me/toy")
    names = {"README.md", "config.json", "model.safetensors", "history.jsonl", "samples.png", "curves.png"}
    assert set(there) == names and not deleted and set(repo.files) == names | {".gitattributes"}
    assert (
        len(repo.messages) == 2
        and repo.branches["main"] == commit
        and url.endswith(f"/me/toy/commit/{commit}")
    )
    assert all(b"hf_secret" not in content for content in repo.files.values())
    assert not repo.private and repo.card["library_name"] == "gan-zoo"


def test_pushed_again_nothing_is_sent(server, client, finished):
    folder = finished()
    first = push_model(client, folder)["result"]
    before = len(server.requests)
    assert push_model(client, folder)["result"] == [first[0], first[1], [], []]
    assert sent(server, before) == [] and len(server.requests) - before == 3


def test_only_what_changed_is_sent(server, client, finished):
    folder = finished()
    push_model(client, folder)
    (folder / "metrics.json").write_text(json.dumps({"weights_sha256": "0" * 64, "metrics": []}))
    build.build(folder)
    before = len(server.requests)
    assert set(push_model(client, folder)["result"][2]) == {"metrics.json", "README.md"}
    assert not any(line.startswith("PUT") for line in server.lines(before))
    (folder / "metrics.json").unlink()
    (folder / "samples.png").unlink()
    build.build(folder)
    _, _, changed, deleted = push_model(client, folder)["result"]
    assert changed == ["README.md"] and set(deleted) == {"metrics.json", "samples.png"}
    assert not {"metrics.json", "samples.png"} & set(server.repo("me/toy").files)


def test_what_others_put_into_the_repository_stays(server, client, finished):
    server.add("me/toy", {"NOTES.md": b"mine", "curves.png": b"\0old"})
    push_model(client, finished())
    assert server.repo("me/toy").files["NOTES.md"] == b"mine"
    assert server.repo("me/toy").files["curves.png"] != b"\0old"


def test_a_branch_and_a_private_repository_are_made_where_asked_for(server, client, finished):
    folder = finished()
    push_model(client, folder, private=True, revision="exp/a")
    repo = server.repo("me/toy")
    assert repo.private and "config.json" not in repo.files
    assert "config.json" in repo.commits[repo.branches["exp/a"]]


def test_models_push_themselves(server, client, finished):
    code = f"import zoo\nresult = zoo.load({str(finished())!r}).push_to_hub('me/toy', commit_message='mine')"
    assert client.run(code)["result"].startswith(f"{server.url}/me/toy/commit/")
    assert server.repo("me/toy").messages[-1] == "mine"


# ---- what goes wrong on the way


@pytest.mark.parametrize("fault", [lost, cut, answers(500), answers(503), answers(429, retry_after="0")])
def test_a_commit_whose_answer_is_lost_happens_once(server, client, finished, fault):
    server.fail("/commit/", fault, times=1)
    answer = push_model(client, finished())
    assert "model.safetensors" in answer["result"][2]
    assert len(server.repo("me/toy").messages) == 2 and answer["seconds"] < 3


def test_two_who_push_at_once_both_end_right(server, client, finished):
    def other():
        repo = server.repo("me/toy")
        repo.commit(repo.files | {"other.txt": b"theirs"})

    server.fail("/commit/", meanwhile(other), times=2)
    push_model(client, finished())
    files = server.repo("me/toy").files
    assert files["other.txt"] == b"theirs" and "model.safetensors" in files
    assert [asked.status for asked in server.requests if "/commit/" in asked.path] == [412, 412, 200]


def test_a_race_that_does_not_end_is_given_up(server, client, finished):
    server.fail("/commit/", answers(412))
    answer = push_model(client, finished(), tries=3)
    assert answer["error"] == "HubError" and "412" in answer["message"]
    assert len(server.repo("me/toy").messages) == 1


@pytest.mark.parametrize(
    "place, fault",
    [
        ("POST /api/repos/create", hang),
        ("GET /api/models", answers(503)),
        ("POST .*/batch", answers(429, retry_after="500")),
        ("PUT", hang),
        ("PUT", answers(429, retry_after="500")),
        ("/commit/", hang),
        ("/commit/", answers(503)),
    ],
)
def test_a_hub_that_fails_for_good_is_waited_for_no_longer_than_said(server, client, finished, place, fault):
    server.fail(place, fault)
    answer = push_model(client, finished(), tries=1, patience=0.8)
    assert answer["error"] == "HubError" and "\n" not in answer["message"] and answer["seconds"] < 5
    assert "me/toy" in answer["message"]
    assert ("models", "me/toy") not in server.repos or len(server.repo("me/toy").messages) == 1


@pytest.mark.parametrize(
    "token, repository, words",
    [
        ("", "me/toy", ["hf auth login"]),
        ("hf_wrong", "me/toy", ["does not accept your token", "hf auth login"]),
        ("hf_reader", "me/toy", ["does not let you write", "me/toy", "hf auth login"]),
        ("hf_you", "me/toy", ["does not let you write", "me/toy"]),
        ("hf_me", "me/to--y", ["no name of a repository"]),
    ],
)
def test_who_may_not_push_is_told_so(server, client, finished, token, repository, words):
    answer = push_model(client, finished(), repository, token=token or False)
    assert answer["error"] in ("HubError", "UnknownName") and "\n" not in answer["message"]
    for word in words:
        assert word in answer["message"]
    assert not server.repos


def test_a_space_that_costs_money_is_said_in_one_line(server, client):
    server.fail("POST /api/repos/create", answers(402))
    space = "repo_type='space', space_sdk='gradio'"
    code = f"from zoo.hub.push import push_files\npush_files('me/toy', {{'a': b'b'}}, message='x', {space})"
    answer = client.run(code)
    assert answer["error"] == "HubError" and "subscription for me/toy" in answer["message"]
    assert "\n" not in answer["message"]


def test_a_card_that_the_hub_refuses_is_said_in_one_line(server, client):
    card = "{'README.md': b'---\\na: [\\n---\\n'}"
    code = f"from zoo.hub.push import push_files\npush_files('me/toy', {card}, message='x')"
    answer = client.run(code)
    assert answer["error"] == "HubError" and "\n" not in answer["message"]
    assert len(server.repo("me/toy").messages) == 1


def test_before_a_long_training_it_is_known_who_may_push(server, client):
    check = "from zoo.hub.push import check_access\ncheck_access({!r}, token={!r})"
    assert "error" not in client.run(check.format("me", "hf_me"))
    for owner, token in (("you", "hf_me"), ("me", "hf_wrong")):
        answer = client.run(check.format(owner, token))
        assert answer["error"] == "HubError" and "hf auth login" in answer["message"]


# ---- what may not go


def test_the_name_that_a_server_gives_us_is_shown_short_and_as_a_terminal_may_have_it(server, client):
    server.fail(
        "GET /api/whoami", shaped({"type": "user", "name": "\033[2Jsomebody" + "x" * 500, "orgs": []})
    )
    answer = client.run("from zoo.hub.push import check_access\ncheck_access('me')")
    assert "somebody" in answer["message"] and answer["message"].isprintable()
    assert len(answer["message"]) < 300


def test_a_commit_that_is_refused_is_not_sent_again(server, client, finished):
    server.fail("POST .*/commit/", answers(400))
    assert push_model(client, finished())["error"] == "HubError"
    assert len([line for line in server.lines() if "/commit/" in line]) == 1


def test_a_folder_without_a_card_or_with_an_old_one_is_refused(finished):
    folder = finished()
    (folder / "metrics.json").write_text(json.dumps({"weights_sha256": "0" * 64, "metrics": []}))
    with pytest.raises(Refused, match=rf"older than its metrics.json.*zoo card {folder}"):
        push.published(folder)
    (folder / "README.md").write_text("# mine")
    with pytest.raises(Refused, match="does not say what it was made from"):
        push.published(folder)
    (folder / "README.md").unlink()
    with pytest.raises(Refused, match=rf"has no README.md; zoo card {folder}"):
        push.published(folder)
    with pytest.raises(Refused, match="'copy' is no repository: name it owner/name"):
        push.push_model(folder, "copy")  # before what the folder lacks
    build.build(folder)
    assert "README.md" in push.published(folder)


def test_a_card_that_is_older_than_the_curves_is_refused(finished):
    folder = finished()
    with (folder / "history.jsonl").open("a") as file:
        file.write('{"kimg": 9.0, "g_steps": 9}\n')
    with pytest.raises(Refused, match=r"older than its history\.jsonl"):
        push.published(folder)


def test_numbers_that_are_none_are_refused(finished):
    folder = finished()
    rows = [{"name": "fid", "value": float("nan")}]
    (folder / "metrics.json").write_text(json.dumps({"weights_sha256": "0" * 64, "metrics": rows}))
    with pytest.raises(Refused, match=r"metrics\.json has a value that is NaN"):
        push.published(folder)


def test_a_folder_that_is_not_whole_is_refused(finished):
    folder = finished()
    config = json.loads((folder / "config.json").read_text())
    config["weights"]["bytes"] += 1
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="is not what its config names"):
        push.published(folder)
    config["weights"]["bytes"] -= 1
    (folder / "config.json").write_text(json.dumps(config))
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256"):
        push.published(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"no model\.safetensors"):
        push.published(folder)


def test_what_is_public_does_not_become_private_and_that_is_told(server, client, finished, caplog):
    folder = finished()
    push_model(client, folder)
    answer = client.run(
        "import logging, io\nsaid = io.StringIO()\nlogging.getLogger('zoo').addHandler(logging.StreamHandler(said))\n"
        f"from zoo.hub import push\npush.push_model({str(folder)!r}, 'me/toy', private=True)\n"
        f"push.push_model({str(folder)!r}, 'me/other', private=True)\nresult = said.getvalue()"
    )
    assert answer["result"].count("public") == 1 and answer["result"].startswith("me/toy was there already")
    assert not server.repo("me/toy").private and server.repo("me/other").private


# ---- from a shell


def test_the_bundled_zoo_and_a_space_are_pushed_and_nothing_the_second_time(server, client):
    models = names.bundled()
    words = ["push", *models, "--owner", "me"]
    cards = f"import zoo.cli\nresult = zoo.cli.main({words})"
    space = "from space import deploy\nresult = deploy.main(['me/zoo'])"
    for code in (cards, space):
        assert "error" not in client.run(code)
    assert {id for kind, id in server.repos if kind == "models"} == {f"me/{name}" for name in models}
    for name in models:
        weights = (names.BUNDLED / name / "model.safetensors").read_bytes()
        assert server.repo(f"me/{name}").files["model.safetensors"] == weights
    assert "app.py" in server.repo("me/zoo", "spaces").files
    before = len(server.requests)
    for code in (cards, space):
        assert "error" not in client.run(code)
    assert sent(server, before) == []
    listed = client.run("import zoo\nresult = zoo.list_models('*-focal-*', owner='me')")["result"]
    assert listed == [f"me/{name}" for name in models if "-focal-" in name]


def test_a_push_needs_an_owner_and_folders_that_can_be_told_apart(finished, capsys, monkeypatch):
    monkeypatch.delenv("ZOO_HUB_OWNER", raising=False)
    folders = [str(finished("runs/a")), str(finished("runs/b"))]
    for words, wrong in (
        ([folders[0]], "--owner"),
        ([folders[0], "--owner", "a/b"], "no owner"),
        ([*folders, "--owner", "me"], "push one of them"),
        (["no-such-model", "--owner", "me"], "no checkpoint folder or bundled model"),
    ):
        assert cli.main(["push", *words]) == 2
        assert wrong in capsys.readouterr().err


def test_all_folders_can_be_pushed_or_none_is(finished, capsys, monkeypatch):
    pushed = []
    monkeypatch.setattr(push, "push_model", lambda *given, **more: pushed.append(given))
    whole, without_card = finished("runs/a"), finished("runs/b")
    (without_card / "README.md").unlink()
    assert cli.main(["push", str(whole), str(without_card), "--owner", "me"]) == 2
    assert "has no README.md" in capsys.readouterr().err and pushed == []


def test_the_hash_of_what_is_there_is_gits():
    content = b"some text\n"
    there = type(
        "Entry", (), {"size": 10, "lfs": None, "blob_id": "7b57bd29ea8afbdeb9bac64cf7074f4b531492a8"}
    )
    assert (
        push._same(there, content) and not push._same(there, b"same text\n") and not push._same(None, content)
    )
    there.lfs = type("Large", (), {"sha256": hashlib.sha256(content).hexdigest()})
    assert push._same(there, content) and not push._same(there, b"same text\n")
