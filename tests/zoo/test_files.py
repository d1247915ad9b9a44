"""Files that are replaced whole or not at all, whatever keeps them from being written."""

import contextlib
import resource

import pytest
import torch
from PIL import Image

from zoo.errors import CheckpointError
from zoo.files import replace_file, write_files


def test_replacing_a_file_is_all_or_nothing(tmp_path):
    path = tmp_path / "state" / "state.pt"
    replace_file(path, lambda file: torch.save({"step": 1}, file))
    before = path.read_bytes()

    def fails(file):
        file.write(b"half")
        raise RuntimeError("[enforce fail at inline_container.cc]\nmore")  # torch.save's, on a full disk

    with pytest.raises(CheckpointError, match=r"cannot write .*state\.pt: \[enforce fail[^\n]*$"):
        replace_file(path, fails)
    assert path.read_bytes() == before and [*path.parent.iterdir()] == [path]


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def interrupted(file):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "a", interrupted)
    assert not any(tmp_path.iterdir())


@contextlib.contextmanager
def no_file_above(size: int):
    """As `ulimit -f` has it; what a full disk does comes the same way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


NOISE = Image.effect_noise((80, 80), 90).convert("RGB")
WRITERS = {
    "bytes": lambda path: replace_file(path, b"0" * 9000),
    "many tensors": lambda path: replace_file(
        path, lambda file: torch.save({f"a{i}": torch.zeros(100) for i in range(99)}, file)
    ),
    "a large tensor": lambda path: replace_file(path, lambda file: torch.save(torch.zeros(10**5), file)),
    "a picture": lambda path: replace_file(path, lambda file: NOISE.save(file, format="PNG")),
    "the second": lambda path: write_files(path.parent, {"first": b"0", path.name: b"0" * 9000}),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_too_large_to_be_written_is_a_line_that_names_the_file_and_why(tmp_path, kind):
    path = tmp_path / "state.pt"
    path.write_bytes(b"before")
    line = rf"^cannot write {path}: File too large; what was there is whole$"
    with no_file_above(4096), pytest.raises(CheckpointError, match=line):
        WRITERS[kind](path)
    assert path.read_bytes() == b"before" and [*tmp_path.iterdir()] == [path]


def test_a_folder_in_the_place_of_one_file_is_told_before_another_is_replaced(tmp_path):
    (tmp_path / "first").write_text("old")
    (tmp_path / "second").mkdir()
    with pytest.raises(CheckpointError, match="second: Is a directory; what was there is whole"):
        write_files(tmp_path, {"first": b"new", "second": b"new"})
    assert (tmp_path / "first").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"first", "second"}
