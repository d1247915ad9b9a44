"""From two trainings to a stranger's machine and back into the aeroplane, over HTTP."""

import hashlib

import numpy as np
import pytest
from PIL import Image

import zoo
from tests.hub.client import Client
from tests.hub.faults import answers
from train import dcgan
from train.running import options
from zoo.errors import Refused

TRAIN = """
import sys
from train import arguments, dcgan
from train.running import averaging
averaging.PICTURES = 500
sys.argv = ["dcgan.py", *{words!r}.split()]
arguments.exit_with_one_line(dcgan.main)
"""
TINY = "--size 32 --width 4 --latent 8 --batch 4 --kimg 0.016 --precision float32 --memory-format contiguous"
LOAD = "import hashlib, zoo\nresult = hashlib.sha256(zoo.load({}).sample(4, seed=7).numpy().tobytes()).hexdigest()"


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(12):
        Image.fromarray(rng.integers(256, size=(32, 32, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    return folder


def picture(folder):
    return hashlib.sha256(zoo.load(folder).sample(4, seed=7).numpy().tobytes()).hexdigest()


def test_trained_pushed_loaded_by_a_stranger_cached_offline_and_pinned(server, photos, tmp_path):
    home, ours = tmp_path / "stranger", server.environment(tmp_path / "home")

    def train(trainer, out, *more):
        words = (
            f"--dataset {photos} {TINY} --out {tmp_path / out} --push-to-hub --hub-owner me {' '.join(more)}"
        )
        answer = trainer.run(TRAIN.format(words=words))
        assert "error" not in answer and f"{server.url}/me/dcgan-" in answer["said"], answer
        return tmp_path / out

    def load(client, name, **given):
        arguments = ", ".join([repr(name), *(f"{key}={value!r}" for key, value in given.items())])
        return client.run(LOAD.format(arguments)).get("result")

    with Client(ours | {"ZOO_CACHE": str(tmp_path / "cache")}) as trainer:
        focal = train(trainer, "focal", "--loss focal --private")
        lsgan = train(trainer, "lsgan", "--loss lsgan")
        with Client(server.environment(home)) as stranger:
            assert load(stranger, "me/dcgan-focal-photos") == picture(focal)
            assert load(stranger, "dcgan-lsgan-photos", owner="me") == picture(lsgan)
            before = len(server.requests)
            assert load(stranger, "me/dcgan-focal-photos") == picture(focal)
            assert server.lines(before) == ["GET /api/models/me/dcgan-focal-photos"]

            old = server.repo("me/dcgan-lsgan-photos").branches["main"]
            again = train(trainer, "again", "--loss lsgan --seed 1")
            assert picture(again) != picture(lsgan)
            assert load(stranger, "me/dcgan-lsgan-photos") == picture(again)
            assert load(stranger, f"me/dcgan-lsgan-photos@{old}") == picture(lsgan)

    repo = server.repo("me/dcgan-focal-photos")
    assert repo.private and not server.repo("me/dcgan-lsgan-photos").private
    assert b"Not measured yet." in repo.files["README.md"] and "curves.png" in repo.files
    assert not any(name.startswith(("state", "photos")) for name in repo.files)
    server.stop()
    try:
        with Client(server.environment(home) | {"HF_HUB_OFFLINE": "1"}) as offline:
            assert load(offline, "me/dcgan-focal-photos") == picture(focal)
            assert load(offline, "me/dcgan-lsgan-photos") == picture(again)
            assert load(offline, f"me/dcgan-lsgan-photos@{old}") == picture(lsgan)
            answer = offline.run("import zoo\nzoo.load('me/other')")
            assert answer["error"] == "HubError" and "HF_HUB_OFFLINE" in answer["message"]
            answer = offline.run(
                f"from zoo.hub import push\npush.push_model({str(focal)!r}, 'me/dcgan-focal-photos')"
            )
            assert answer["message"].startswith("cannot write me/dcgan-focal-photos: HF_HUB_OFFLINE")
            for path in home.glob("hub/models--me--dcgan-focal-photos/snapshots/*/model.safetensors"):
                path.resolve().write_bytes(b"\0" + path.read_bytes()[1:])
            answer = offline.run("import zoo\nzoo.load('me/dcgan-focal-photos')")
            assert answer["error"] == "CheckpointError" and "unset HF_HUB_OFFLINE" in answer["message"]
    finally:
        server.start()


def test_a_push_that_fails_after_a_training_says_that_the_training_is_safe(server, client, make_checkpoint):
    folder = make_checkpoint(fields={"size": 32})
    server.fail("/commit/", answers(403))
    options = "SimpleNamespace(hub_owner='me', hub_revision=None, private=False)"
    code = f"""
from pathlib import Path
from types import SimpleNamespace
from train.running.loop import publish
publish(Path({str(folder)!r}), {options})
"""
    answer = client.run(code)
    assert answer["error"] == "TrainingError" and "\n" not in answer["message"]
    assert f"the run itself is done: 'zoo push {folder} --owner me' sends it" in answer["message"]
    server.heal()
    assert "error" not in client.run(code)
    assert "model.safetensors" in server.repo("me/dcgan-focal-toy").files


def test_what_a_push_after_a_training_needs_is_known_before(monkeypatch):
    monkeypatch.delenv("ZOO_HUB_OWNER", raising=False)
    for given, word in (
        ({"push_to_hub": True}, "--hub-owner"),
        ({"push_to_hub": True, "hub_owner": "a/b"}, "no owner"),
        ({"private": True}, "--push-to-hub"),
        ({"hub_revision": "exp"}, "--push-to-hub"),
    ):
        with pytest.raises(Refused, match=word):
            options.check(dcgan.Options(**given))
    options.check(dcgan.Options(push_to_hub=True, hub_owner="me"))
    assert "hub" not in options.command(
        "dcgan.py", dcgan.Options(push_to_hub=True, hub_owner="me", private=True)
    )
