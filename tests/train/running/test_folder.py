"""The files of a run that are for the run itself."""

import json
import os

import numpy as np
import pytest
import torch
from PIL import Image

from train.running import folder
from train.running.folder import History
from zoo.errors import TrainingError


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def refusal(act, *given):
    with pytest.raises(TrainingError) as raised:
        act(*given)
    assert "\n" not in str(raised.value)
    return str(raised.value)


# ---- history


def test_a_line_is_on_the_disk_when_it_is_added_and_short(tmp_path):
    history = History(tmp_path / "history.jsonl", 0)
    assert lines(tmp_path / "history.jsonl") == []
    history.add({"kimg": 1 / 3, "g_steps": 1234567, "d_loss": -1234.5678})
    assert lines(tmp_path / "history.jsonl") == [{"kimg": 0.33333, "g_steps": 1234567, "d_loss": -1234.6}]


def test_a_resumed_run_forgets_what_it_will_say_again(tmp_path):
    path = tmp_path / "history.jsonl"
    for kept, steps in ((0, [5, 10, 15, 20]), (10, [12, 15])):
        history = History(path, kept)
        for step in steps:
            history.add({"g_steps": step, "d_loss": step + kept})
    assert [row["g_steps"] for row in lines(path)] == [5, 10, 12, 15]
    assert [row["d_loss"] for row in lines(path)] == [5, 10, 22, 25]
    History(path, 0)
    assert lines(path) == []


def test_half_a_line_is_forgotten_too(tmp_path):
    """What a full disk or a power cut leaves."""
    path = tmp_path / "history.jsonl"
    History(path, 0).add({"g_steps": 5})
    with path.open("a") as file:
        file.write('{"g_steps": 10, "d_lo')
    History(path, 5).add({"g_steps": 10})
    assert [row["g_steps"] for row in lines(path)] == [5, 10]


# ---- state


def test_no_state_is_none_and_a_state_comes_back(tmp_path):
    assert folder.read_state(tmp_path) is None
    state = {"g_steps": 3, "options": {"betas": [0.5, 0.9], "size": None}, "generator": {"w": torch.ones(2)}}
    folder.write_state(tmp_path, state)
    found = folder.read_state(tmp_path)
    assert torch.equal(found.pop("generator")["w"], state.pop("generator")["w"]) and found == state


@pytest.mark.parametrize("damage", ["empty", "cut short", "text", "foreign objects"])
def test_a_damaged_state_is_said_to_be(damage, tmp_path):
    folder.write_state(tmp_path, {"g_steps": 3, "generator": {"w": torch.ones(1000)}})
    path = tmp_path / folder.STATE
    if damage == "foreign objects":
        torch.save({"g_steps": tmp_path}, path)
    else:
        path.write_bytes({"empty": b"", "cut short": path.read_bytes()[:2000], "text": b"state"}[damage])
    said = refusal(folder.read_state, tmp_path)
    assert str(path) in said and len(said) < 400 + len(str(path))


def test_a_flipped_bit_of_the_state_is_noticed(tmp_path):
    folder.write_state(tmp_path, {"g_steps": 3, "generator": {"w": torch.ones(1000)}})
    path = tmp_path / folder.STATE
    data = bytearray(path.read_bytes())
    at = data.index(torch.ones(1000).numpy().tobytes()) + 1234
    data[at] ^= 4
    path.write_bytes(data)
    assert str(path) in refusal(folder.read_state, tmp_path)


def test_a_state_that_is_no_runs_names_what_it_lacks(tmp_path):
    folder.write_state(tmp_path, {"g_steps": 3, "seconds": 1.0})
    assert "no options" in (said := refusal(folder.read_run, tmp_path)) and f"delete {tmp_path}" in said


@pytest.mark.parametrize("line", ["[1, 2]", "{}", '{"g_steps": "x"}', "{{", '{"g_steps": null}'])
def test_a_history_that_is_wrong_says_which_line_to_delete(line, tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text(f'{{"g_steps": 5}}\n{line}\n{{"g_steps": 15}}\n')
    before = path.read_bytes()
    assert "delete its line 2" in refusal(History, path, 15) and path.read_bytes() == before


@pytest.mark.parametrize("written, told", [("", False), ("\0" * 40, True), ('{"g_steps": 15', True)])
def test_a_history_that_lacks_what_the_state_has_seen_says_so(written, told, tmp_path, capsys):
    path = tmp_path / "history.jsonl"
    path.write_text('{"g_steps": 5}\n' + (written or '{"g_steps": 15}\n'))
    History(path, 15)
    assert ("curves have a gap" in capsys.readouterr().out) == told
    assert path.read_text() == '{"g_steps": 5}\n' + ("" if told else '{"g_steps": 15}\n')


def test_a_run_that_was_stopped_between_two_lines_has_no_gap(tmp_path, capsys):
    """Its state holds the sums of the steps since the last line."""
    path = tmp_path / "history.jsonl"
    path.write_text('{"g_steps": 5}\n')
    History(path, 8, untold=3)
    assert "gap" not in capsys.readouterr().out
    History(path, 8, untold=2)
    assert "gap" in capsys.readouterr().out


def test_what_differs_is_named(tmp_path):
    then = {"loss": "focal", "seed": 0, "betas": [0.5, 0.999]}
    folder.check_same(tmp_path, then, dict(then))
    assert "loss = focal, not hinge" in refusal(folder.check_same, tmp_path, then, then | {"loss": "hinge"})
    assert "batch = None, not 8" in refusal(folder.check_same, tmp_path, then, then | {"batch": 8})


# ---- pictures along the way


def test_progress_shows_the_lower_half_of_every_snapshot_in_order(tmp_path):
    for i, name in enumerate(["00000010", "00000020", "00000100"]):
        grid = Image.new("RGB", (32, 32), (255, 255, 255))
        grid.paste((80 * i, 0, 0), (0, 16, 32, 32))
        (tmp_path / "state/snapshots" / name).mkdir(parents=True)
        grid.save(tmp_path / "state/snapshots" / name / "samples.png")
    folder.write_progress(tmp_path)
    with Image.open(tmp_path / "progress.webp") as film:
        frames = []
        for i in range(film.n_frames):
            film.seek(i)
            frames.append(np.asarray(film.convert("RGB")))
    assert frames[0].shape == (16, 32, 3)
    assert [round(frame[..., 0].mean() / 80) for frame in frames[:3]] == [0, 1, 2]
    assert all(frame[..., 1:].mean() < 10 for frame in frames)


def test_a_run_may_have_more_snapshots_than_a_process_may_have_files_open(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    for i in range(60):
        (tmp_path / f"state/snapshots/{i:08}").mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / f"state/snapshots/{i:08}/samples.png")
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 30, hard))
    try:
        folder.write_progress(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (tmp_path / "progress.webp").is_file()
