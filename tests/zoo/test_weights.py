"""model.safetensors is refused before it is parsed where it is not what config.json says."""

import hashlib
import json
import pickle
import time

import pytest
import safetensors.torch
import torch

import zoo
from tests.zoo.foreign import edit, refused
from zoo import checkpoint
from zoo.checkpoint import WrongHash
from zoo.errors import Refused


def with_tensors(folder, change):
    """Rewrite the folder, hash and all, with changed tensors."""
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    change(tensors)
    checkpoint.write(folder, checkpoint.read(folder), tensors)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda t: t.pop("layers.0.weight"), ["lacks layers.0.weight"]),
        (lambda t: [t.pop(name) for name in list(t)[:3]], ["lacks", "more"]),
        (lambda t: t.update(extra=torch.zeros(1)), ["foreign extra"]),
        (lambda t: t.update({"layers.0.weight": torch.zeros(3, 3)}), ["layers.0.weight", "[3, 3]"]),
        (lambda t: t.update({"layers.2.num_batches_tracked": torch.tensor(1, dtype=torch.int32)}), ["I32"]),
    ],
)
def test_tensors_that_do_not_fit_are_named_before_any_is_made(folder, monkeypatch, change, words):
    with_tensors(folder, change)
    monkeypatch.setattr(safetensors.torch, "load", lambda *_: pytest.fail("made tensors"))
    refused(lambda: checkpoint.load(folder), "model.safetensors", *words)


def test_a_flipped_byte_is_found_before_anything_is_parsed(folder, monkeypatch):
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    monkeypatch.setattr(checkpoint, "_check_header", lambda *_: pytest.fail("parsed it"))
    refused(lambda: checkpoint.load(folder), "sha256")


def test_a_file_cut_short_says_so(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    refused(lambda: checkpoint.load(folder), "bytes instead of")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        pickle.dumps({"layers.0.weight": 1}),
        (2**60).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{",
        (9).to_bytes(8, "little") + b'{"a": 12}',
    ],
)
def test_what_is_no_safetensors_file_is_refused_even_with_the_right_hash(folder, data):
    (folder / "model.safetensors").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    edit(folder, lambda c: c["weights"].update(sha256=sha256, bytes=len(data)))
    refused(lambda: checkpoint.load(folder), "model.safetensors")


def test_a_header_of_more_than_a_megabyte_is_not_parsed(folder, monkeypatch):
    size = checkpoint.LARGEST_HEADER + 1
    (folder / "model.safetensors").write_bytes(data := size.to_bytes(8, "little") + b"{".ljust(size))
    sha256 = hashlib.sha256(data).hexdigest()
    edit(folder, lambda c: c["weights"].update(sha256=sha256, bytes=len(data)))
    refused(lambda: checkpoint.load(folder), "no safetensors file")


def test_a_header_that_tells_nothing_of_a_tensor_is_refused(folder):
    data = (folder / "model.safetensors").read_bytes()
    length = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:length]) | {"layers.0.weight": []}).encode()
    (folder / "model.safetensors").write_bytes(
        data := len(header).to_bytes(8, "little") + header + data[length:]
    )
    sha256 = hashlib.sha256(data).hexdigest()
    edit(folder, lambda c: c["weights"].update(sha256=sha256, bytes=len(data)))
    refused(lambda: checkpoint.load(folder), "lists no tensors")


def test_bytes_hidden_behind_the_tensors_are_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(data := path.read_bytes() + bytes(64))
    sha256 = hashlib.sha256(data).hexdigest()
    edit(folder, lambda c: c["weights"].update(sha256=sha256, bytes=len(data)))
    refused(lambda: checkpoint.load(folder), "bytes of tensors")


def test_a_reader_between_two_files_of_a_writer_tries_once_more(make_checkpoint, monkeypatch):
    old, new = make_checkpoint(folder="runs/old"), make_checkpoint(folder="runs/new", seed=1)
    (old / "model.safetensors").write_bytes((new / "model.safetensors").read_bytes())
    with pytest.raises(WrongHash):
        checkpoint.load(old)
    late = (new / "config.json").read_bytes()
    monkeypatch.setattr(time, "sleep", lambda _: (old / "config.json").write_bytes(late))
    config, _ = checkpoint.load(old)
    assert config.weights == checkpoint.read(new).weights


def test_weights_that_are_not_finite_are_refused(tmp_path, folder):
    config, generator = checkpoint.load(folder)
    tensors = generator.state_dict()
    next(iter(tensors.values())).view(-1)[3] = float("nan")
    checkpoint.write(tmp_path / "new", config, tensors)
    refused(lambda: checkpoint.load(tmp_path / "new"), "not finite")


def test_a_generator_that_was_trained_further_is_not_taken_for_its_checkpoint(folder, tmp_path):
    model = zoo.load(folder)
    model.to(torch.bfloat16).save_pretrained(tmp_path / "half")  # how it computes is no change
    next(model.generator.parameters()).data.mul_(2)
    for act in (lambda: model.save_pretrained(tmp_path / "copy"), lambda: model.push_to_hub("me/toy")):
        with pytest.raises(Refused, match=r"no longer those of .* zoo.checkpoint.write"):
            act()
    assert not (tmp_path / "copy").exists()
    checkpoint.write(tmp_path / "own", model.config, model.generator.float().state_dict())
    assert torch.equal(zoo.load(tmp_path / "own").sample(2), model.to(torch.float32).sample(2))
