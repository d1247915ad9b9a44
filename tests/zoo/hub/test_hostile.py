"""Repositories that mean harm, and what `zoo.load` makes of them."""

import hashlib
import json
import os
import pickle
import re
from pathlib import Path

import pytest

from tests.hub.pulled import contents, failed, in_cache, load


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
    client.run(watched + "import zoo.model, zoo.hub.pull, builtins; builtins.peak_before = peak()")
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
