import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tests.zoo.foreign import edit, refused
from zoo import architectures, checkpoint
from zoo.checkpoint import Config

# ---- reading


@pytest.mark.parametrize("half", [False, True])
def test_what_is_written_is_what_is_loaded(make_checkpoint, half):
    folder = make_checkpoint(half=half)
    config, generator = checkpoint.load(folder)
    assert config.weights.dtype == ("float16" if half else "float32")
    assert config.weights.bytes == (folder / "model.safetensors").stat().st_size
    written = safetensors.torch.load_file(folder / "model.safetensors")
    assert written.keys() == generator.state_dict().keys()
    for name, tensor in generator.state_dict().items():
        assert tensor.dtype in (torch.float32, torch.int64) and not tensor.requires_grad
        assert torch.equal(tensor, written[name].to(tensor.dtype))
    assert not generator.training and not any(p.requires_grad for p in generator.parameters())


@pytest.mark.parametrize("name", list(architectures.ARCHITECTURES))
def test_every_architecture_survives_write_and_load(tmp_path, make_config, name):
    row = architectures.get(name)
    config = make_config(name, fields={"size": row.sizes[0]} | ({"classes": 3} if row.conditional else {}))
    of = {k: v for k, v in config.architecture.items() if k != "name"}
    generator = architectures.build_generator(name, of).eval()
    checkpoint.write(tmp_path, config, generator.state_dict())
    _, loaded = checkpoint.load(tmp_path)
    if row.kind == "noise":
        inputs = torch.randn(2, 8), torch.tensor([0, 2]) if row.conditional else None
    else:
        inputs = None, torch.rand(1, 3, row.sizes[0], row.sizes[0])
    with torch.no_grad():
        assert torch.equal(generator(*inputs), loaded(*inputs))


def test_config_round_trips_through_json(make_config, folder):
    config = checkpoint.read(folder)
    assert Config.from_json(config.to_json()) == config
    assert replace(config, weights=make_config().weights) == make_config()


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda c: c.update(speed=1), ["speed"]),
        (lambda c: c["training"].update(speed=1), ["training.speed"]),
        (lambda c: c["training"].pop("kimg"), ["training.kimg", "missing"]),
        (lambda c: c.pop("weights"), ["weights", "missing"]),
        (lambda c: c.update(weights=None), ["weights"]),
        (lambda c: c.update(dataset=[]), ["dataset", "object"]),
        (lambda c: c["training"].update(batch=True), ["training.batch", "whole number"]),
        (lambda c: c["training"].update(batch=1.0), ["training.batch", "whole number"]),
        (lambda c: c["training"].update(kimg="12"), ["training.kimg", "number"]),
        (lambda c: c["training"].update(kimg=float("nan")), ["training.kimg", "finite"]),
        (lambda c: c["training"].update(kimg=float("inf")), ["training.kimg", "finite"]),
        (lambda c: c["training"].update(batch=10**30), ["training.batch", "finite"]),
        (lambda c: c["training"].update(mirror=1), ["training.mirror", "true or false"]),
        (lambda c: c["training"].update(betas=[0.5]), ["training.betas", "list of 2"]),
        (lambda c: c["training"].update(betas=[0.5, None]), ["training.betas", "number"]),
        (lambda c: c["loss"].update(alpha=[]), ["loss.alpha"]),
        (lambda c: c["loss"].pop("name"), ["loss.name", "missing"]),
        (lambda c: c["dataset"].update(labels=["a", 1]), ["dataset.labels", "text"]),
        (lambda c: c["dataset"].update(id=3), ["dataset.id", "null"]),
        (lambda c: c["dataset"].update(pictures=0), ["dataset.pictures", "above 0"]),
        (lambda c: c["dataset"].update(size=-1), ["dataset.size", "above 0"]),
        (lambda c: c["dataset"].update(channels=2), ["dataset.channels"]),
        (lambda c: c["training"].update(batch=0), ["training.batch", "above 0"]),
        (lambda c: c["training"].update(processes=0), ["training.processes", "above 0"]),
        (lambda c: c["training"].update(hardware="a\033[2Jb"), ["training.hardware", "one line"]),
        (lambda c: c["training"].update(command="a\nb"), ["training.command", "one line"]),
        (lambda c: c["training"].update(command="a" * 5001), ["training.command", "5000 letters"]),
        (lambda c: c.update(id="../up"), ["id"]),
        (lambda c: c["inference"].update(statistics="none"), ["inference.statistics"]),
        (lambda c: c["weights"].update(dtype="int8"), ["weights.dtype"]),
        (lambda c: c["weights"].update(sha256="0"), ["weights.sha256"]),
        (lambda c: c.update(format=3), ["format 3", "upgrade"]),
        (lambda c: c.update(format=0), ["format 0", "upgrade"]),
        (lambda c: c.pop("options"), ["options", "missing"]),
        (lambda c: c.update(options=[]), ["options", "an object"]),
        (lambda c: c.update(options={"lr": {}}), ["options.lr", "a list"]),
        (lambda c: c.update(options={"lr": float("nan")}), ["options.lr", "finite"]),
        (lambda c: c.update(options={"betas": [0.5, None]}), ["options.betas", "number"]),
        (lambda c: c.update(options={"betas": [[0.5]]}), ["options.betas", "number"]),
        (lambda c: c.update(options={"../up": 1}), ["options", "a-z"]),
        (lambda c: c.update(options={"a" * 51: 1}), ["options", "a-z"]),
        (lambda c: c.update(options={f"o{i}": 1 for i in range(101)}), ["options", "at most 100"]),
        (lambda c: c.update(options={"dataset": "x" * 1001}), ["options", "1000"]),
        (lambda c: c.update(options={"loss_fields": ["x"] * 1001}), ["options", "1000"]),
        (lambda c: c.update(options={"loss_fields": ["x" * 1001]}), ["options", "1000"]),
        (lambda c: c.update(library="diffusers"), ["gan-zoo"]),
        (lambda c: c["architecture"].update(name=3), ["architecture.name", "text"]),
        (lambda c: c["architecture"].update(name="stylegan"), ["config.json", "stylegan"]),
        (lambda c: c["architecture"].update(width=10**9), ["config.json", "width"]),
        (lambda c: c["architecture"].update(depth=3), ["config.json", "depth"]),
        (lambda c: c["architecture"].pop("latent"), ["config.json", "latent"]),
    ],
)
def test_a_config_that_cannot_be_is_refused_by_name(folder, change, words):
    edit(folder, change)
    refused(lambda: checkpoint.load(folder), *words)


def test_a_later_config_that_says_so_is_read_with_a_warning(folder):
    known = checkpoint.read(folder)

    def later(config, compatible=2):
        config.update(format=3, speed=1)
        config["training"].update(pace=[2])
        if compatible is not None:
            config.update(compatible=compatible)

    edit(folder, later)
    with pytest.warns(UserWarning, match=r"format 3\): speed, training.pace was left out") as told:
        assert checkpoint.read(folder) == known
    assert len(told) == 1 and "\n" not in str(told[0].message)
    for compatible in (None, 3, "2", True, 2.0):
        edit(folder, lambda config, c=compatible: (config.pop("compatible", None), later(config, c)))
        refused(lambda: checkpoint.read(folder), "format 3", "upgrade")
    edit(folder, lambda config: config.update(format=2))
    refused(lambda: checkpoint.read(folder), "speed is not a key of format 2")  # whatever it says of itself


OPTIONS = {
    "loss": "focal",
    "lr": 4e-4,
    "kimg": 300,
    "mirror": False,
    "size": None,
    "betas": [0.5, 0.999],
    "x": [],
}


def test_options_come_back_as_they_were(tmp_path, folder):
    config, generator = checkpoint.load(folder)
    checkpoint.write(tmp_path / "new", replace(config, options=OPTIONS), generator.state_dict())
    found = checkpoint.read(tmp_path / "new").options
    assert found == OPTIONS and [type(value) for value in found.values()] == [*map(type, OPTIONS.values())]


def test_a_folder_written_before_options_were_recorded_is_still_read(folder):
    now = checkpoint.read(folder)
    edit(folder, lambda c: (c.update(format=1), c.pop("options")))
    assert checkpoint.load(folder)[0] == now and now.options is None
    assert json.loads(now.to_json())["format"] == 2


@pytest.mark.parametrize(
    "text", [b"{", b"[]", b"null", b"[" * 60_000, b"\xff\xfe", b'{"a": ' + b"1" * 9999 + b"}"]
)
def test_what_is_no_config_is_refused(folder, text):
    (folder / "config.json").write_bytes(text)
    refused(lambda: checkpoint.read(folder), "config.json")


def test_a_config_larger_than_64_kb_is_not_read(folder, monkeypatch):
    edit(folder, lambda c: c.update(id="a" * 70_000))
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read it"))
    refused(lambda: checkpoint.read(folder), "65536 bytes")


def test_labels_must_be_as_many_as_classes(make_checkpoint):
    folder = make_checkpoint("cdcgan", labels=("cat", "dog"), fields={"classes": 2})
    edit(folder, lambda c: c["dataset"].update(labels=["cat"]))
    refused(lambda: checkpoint.read(folder), "dataset.labels must be 2")


def test_a_folder_without_config_or_weights_says_so(folder, tmp_path):
    refused(lambda: checkpoint.read(tmp_path), "config.json")
    (folder / "model.safetensors").unlink()
    refused(lambda: checkpoint.load(folder), "model.safetensors")


def test_a_history_larger_than_it_may_be_is_not_read(folder, monkeypatch):
    (folder / "history.jsonl").write_text('{"kimg": 1}\n' * 10)
    assert len(checkpoint.read_history(folder)) == 10
    monkeypatch.setitem(checkpoint.LARGEST, "history.jsonl", 50)
    refused(lambda: checkpoint.read_history(folder), "history.jsonl", "more than 50 bytes")


@pytest.mark.parametrize("line", ["[]", "7", "{}", '{"g_steps": 1}', "{"])
def test_a_history_with_another_line_is_refused(folder, line):
    (folder / "history.jsonl").write_text(f'{{"kimg": 1}}\n{line}\n')
    refused(lambda: checkpoint.read_history(folder), "history.jsonl", "damaged")


def test_what_is_no_plain_file_is_no_config(folder):
    (folder / "config.json").unlink()
    (folder / "config.json").mkdir()
    refused(lambda: checkpoint.read(folder), "no config.json")


@pytest.mark.timeout(20)
def test_a_pipe_is_not_waited_for(folder):
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    refused(lambda: checkpoint.read(folder), "no config.json")


@pytest.mark.parametrize("name", ["samples.png", "config.json", "model.safetensors"])
def test_a_symbolic_link_is_not_followed(folder, tmp_path, name):
    private = tmp_path / "private"
    private.write_bytes((folder / name).read_bytes() if (folder / name).exists() else b"nobody else's")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(private)
    refused(lambda: checkpoint.read_published(folder), name, "symbolic link")
    blobs = tmp_path / "elsewhere" / "blobs"  # of another repository
    blobs.mkdir(parents=True)
    (folder / name).unlink()
    (folder / name).symlink_to(private.rename(blobs / "private"))
    refused(lambda: checkpoint.read_published(folder), name, "symbolic link")


def test_what_the_hubs_client_keeps_is_no_strange_link(folder, tmp_path):
    blobs, snapshot = tmp_path / "models--a--b" / "blobs", tmp_path / "models--a--b" / "snapshots" / "0123"
    blobs.mkdir(parents=True), snapshot.mkdir(parents=True)
    for path in folder.iterdir():
        (blobs / path.name).write_bytes(path.read_bytes())
        (snapshot / path.name).symlink_to(f"../../blobs/{path.name}")
    assert checkpoint.read_published(snapshot) == checkpoint.read_published(folder)


def test_larger_files_than_there_may_be_are_not_held(folder, monkeypatch):
    (folder / "samples.png").write_bytes(b"0" * 100)
    monkeypatch.setitem(checkpoint.LARGEST, "samples.png", 99)
    refused(lambda: checkpoint.read_published(folder), "samples.png", "more than 99 bytes")
    (folder / "samples.png").unlink()
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"0")
    refused(lambda: checkpoint.read_published(folder), "model.safetensors", "more than")


# ---- writing


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_on_a_full_disk_the_earlier_checkpoint_stays_whole(folder, monkeypatch, nth):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    config, generator = checkpoint.load(folder)
    calls = iter(range(10))

    def fsync(_):
        if next(calls) == nth:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    tensors = {name: torch.zeros_like(t) for name, t in generator.state_dict().items()}
    refused(
        lambda: checkpoint.write(folder, config, tensors, files={"history.jsonl": b"{}"}), "No space", "whole"
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_checkpoint_that_cannot_be_written_leaves_no_folder(tmp_path, make_config, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    refused(lambda: checkpoint.write(tmp_path / "new", make_config(), {"a": torch.zeros(1)}), "full")
    assert not (tmp_path / "new").exists()


def test_config_comes_last_and_only_once_all_is_on_disk(tmp_path, make_config, monkeypatch):
    order, rename = [], Path.replace
    monkeypatch.setattr(os, "fsync", lambda _: order.append("fsync"))
    monkeypatch.setattr(Path, "replace", lambda a, b: (order.append(b.name), rename(a, b)))
    checkpoint.write(tmp_path, make_config(), {"a": torch.zeros(1)}, files={"history.jsonl": b""})
    assert order == ["fsync"] * 3 + ["history.jsonl", "model.safetensors", "config.json"]


def test_what_could_not_be_read_back_is_not_written(tmp_path, make_config):
    config = make_config()
    bad = replace(config, training=replace(config.training, kimg=float("nan")))
    refused(lambda: checkpoint.write(tmp_path / "new", bad, {"a": torch.zeros(1)}))
    mixed = {"a": torch.zeros(1), "b": torch.zeros(1).half()}
    refused(lambda: checkpoint.write(tmp_path / "new", config, mixed), "float16")
    assert not (tmp_path / "new").exists()
