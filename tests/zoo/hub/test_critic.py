"""A critic on the Hub: it goes there only when asked to, and comes along only for those who go on training."""

import json
from pathlib import Path

import pytest
import torch

import zoo
from cards import build
from tests import toys
from tests.hub.pulled import contents, failed
from zoo import checkpoint, cli, names
from zoo.errors import CheckpointError
from zoo.hub import push

RESOLVE = "from zoo import names\nresult = str(names.resolve('me/toy', critic={}))"


@pytest.fixture
def finished(make_checkpoint):
    folder = make_checkpoint(fields={"size": 32})
    toys.measure(folder)  # none, but the file is there
    build.build(folder)
    toys.keep_critic(folder)
    return folder


def pushed(client, folder, with_critic):
    words = ["push", str(folder), "--owner", "me", *(["--with-critic"] if with_critic else [])]
    code = "import contextlib, io\nfrom zoo import cli\nwith contextlib.redirect_stdout(io.StringIO()) as said:\n"
    answer = client.run(f"{code}    cli.main({words!r})\nresult = said.getvalue()")
    return answer["result"]


def test_a_critic_is_published_where_that_is_asked_for_and_taken_back_where_it_is_not(
    server, client, finished
):
    for with_critic, said in ((False, "  sent "), (True, "  sent critic"), (False, "  deleted critic")):
        assert said in pushed(client, finished, with_critic)
        files = server.repo("me/dcgan-focal-toy").files
        assert ("critic.safetensors" in files) == with_critic and "model.safetensors" in files
        if with_critic:
            assert files["critic.safetensors"] == (finished / "critic.safetensors").read_bytes()


def test_there_has_to_be_one_and_the_right_one(finished):
    assert "critic.safetensors" in push.published(finished, with_critic=True)
    config = json.loads((finished / "config.json").read_text())
    config["critic"]["width"] = 5
    (finished / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="critic"):
        push.published(finished, with_critic=True)
    (finished / "critic.safetensors").unlink()
    with pytest.raises(CheckpointError, match="it was not kept; push without it"):
        push.published(finished, with_critic=True)


def test_it_comes_along_when_asked_for_and_is_verified(server, client, finished):
    repo = server.add("me/toy", contents(finished))
    folder = client.run(RESOLVE.format(False))["result"]
    assert not any("critic" in line for line in server.lines())
    assert client.run(RESOLVE.format(True))["result"] == folder
    critic = zoo.load(folder).critic
    kept = checkpoint.load_critic(finished, checkpoint.read(finished))
    assert all(
        torch.equal(a, b)
        for a, b in zip(critic.state_dict().values(), kept.state_dict().values(), strict=True)
    )
    before = len(server.requests)
    client.run(RESOLVE.format(True))
    assert server.lines(before) == ["GET /api/models/me/toy"]
    path = Path(folder) / "critic.safetensors"
    whole = path.read_bytes()
    path.resolve().write_bytes(whole[:-1] + b"\x77")  # of the same length: its hash alone tells
    assert client.run(RESOLVE.format(True))["result"] == folder and path.read_bytes() == whole
    files = {name: content for name, content in repo.files.items() if name != "critic.safetensors"}
    repo.commit(files)
    assert not (Path(client.run(RESOLVE.format(True))["result"]) / "critic.safetensors").exists()


def test_one_that_is_larger_than_it_can_be_is_not_fetched(server, client, finished):
    server.add("me/toy", contents(finished) | {"critic.safetensors": b"\0" * 2**22})
    failed(client.run(RESOLVE.format(True)), "CheckpointError", "bytes")


def test_it_is_neither_copied_nor_bundled(finished, tmp_path):
    zoo.load(finished).save_pretrained(tmp_path / "copy")
    assert not (tmp_path / "copy" / "critic.safetensors").exists()
    assert not list(names.BUNDLED.glob("*/critic.safetensors"))
    assert cli.parser().parse_args(["push", "x"]).with_critic is False
