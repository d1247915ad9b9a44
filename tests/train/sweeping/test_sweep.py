"""A sweep from its first cell to its last, whatever comes between."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import tyro

import train
from tests.train.sweeping.stand_ins import (
    MINE,
    finish,
    names,
)
from train import dcgan, sweep
from train.running.options import as_recorded
from train.sweeping import recipe, status
from zoo.errors import Refused

# ---- training


def test_run_twice_it_does_nothing_the_second_time(shop, capsys):
    shop.run(jobs=2)
    calls = shop.calls()
    assert sorted(names(calls)) == ["focal", "lsgan", "vanilla"]
    assert all(call[2:] == ["True", "1"] for call in calls)  # --resume, one thread
    assert "3 done" in capsys.readouterr().out.splitlines()[-1]
    shop.run(jobs=2)
    assert shop.calls() == []


def test_a_cell_whose_recipe_has_changed_is_neither_done_nor_failed(shop):
    shop.does("focal", "crash")
    shop.run()
    shop.calls()
    shop.open(MINE.replace("kimg = 0.4", "kimg = 0.8"))
    shop.run()
    assert len(shop.calls()) == 3


def test_one_cells_crash_stops_no_other_and_is_kept_with_its_reason(shop, capsys):
    shop.does("focal", "crash")
    shop.run()
    assert names(shop.calls()) == ["vanilla", "focal", "lsgan"]
    failure = json.loads((shop.out / "mine/dcgan-focal-cifar10/failed.json").read_text())
    assert failure["error"] == "NaN or infinity at generator step 51" and failure["kimg"] == 0.2
    printed = capsys.readouterr().out
    assert "2 done, 1 failed" in printed and "NaN or infinity at generator step 51" in printed
    shop.run()
    assert shop.calls() == [] and "1 failed" in capsys.readouterr().out
    shop.does("focal", "finish")
    shop.run(retry=True)
    assert names(shop.calls()) == ["focal"] and "3 done" in capsys.readouterr().out.splitlines()[-1]


def test_a_script_that_ends_without_its_checkpoint_has_failed(shop):
    shop.does("lsgan", "nothing")
    shop.run(only="*lsgan*")
    failure = json.loads((shop.out / "mine/dcgan-lsgan-cifar10/failed.json").read_text())
    assert "without the checkpoint" in failure["error"]


def test_a_cell_that_was_killed_is_trained_on_when_the_sweep_is_run_again(shop, capsys):
    shop.does("vanilla", "die")
    shop.run()
    assert names(shop.calls()) == ["vanilla", "focal", "lsgan"]
    assert "SIGKILL" in capsys.readouterr().out
    shop.does("vanilla", "finish")
    shop.run()
    assert names(shop.calls()) == ["vanilla"]


@pytest.mark.parametrize("damaged", ["[]", "{", '{"tried": 1}', '"x"'])
def test_a_damaged_failure_is_none(damaged, shop):
    shop.run()
    assert len(shop.calls()) == 3
    (cell, *_) = recipe.read(shop.path)
    path = cell.folder(shop.out) / "failed.json"
    path.write_text(damaged)
    assert status.read_failure(path, as_recorded(cell.options)) == {}
    shop.run()
    assert shop.calls() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sweep_that_is_stopped_ends_its_children_and_goes_on_where_it_was(number, shop):
    shop.does("focal", "hang")
    shop.does("lsgan", "hang")
    seen = []

    def stop_when_both_hang():
        while len(seen) < 3:
            time.sleep(0.02)
            seen.extend(shop.calls())
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop_when_both_hang)
    thread.start()
    with pytest.raises(SystemExit, match="run it again to go on"):
        shop.run(jobs=2)
    thread.join()
    for _, process, *_ in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(int(process), 0)
    shop.does("focal", "finish")
    shop.does("lsgan", "finish")
    shop.run(jobs=2)
    assert sorted(names(shop.calls())) == ["focal", "lsgan"]


@pytest.mark.parametrize("it_ends", [True, False])
def test_a_cell_that_an_earlier_sweep_left_running_is_not_started_twice(it_ends, shop, capsys):
    shop.does("vanilla", "hang")
    killed = sweep.Sweep(
        recipe.read(shop.path), sweep.Options(recipe=shop.path, out=shop.out, train_only=True)
    )
    cell = next(iter(killed.statuses))

    def end():
        if it_ends:  # well, and not killed
            finish(cell, cell.folder(shop.out))
        killed.stop()

    left = threading.Thread(target=killed.bring_to_its_end, args=[cell])
    left.start()
    started = []
    try:
        while not started:
            time.sleep(0.02)
            started = shop.calls()
        shop.run(time_limit=1 / 60)  # one job, which waits for it
        assert shop.calls() == []
        assert "2 waiting, 1 elsewhere" in capsys.readouterr().out.splitlines()[-1]
        shop.does("vanilla", "finish")
        threading.Timer(0.3, end).start()
        shop.run()
    finally:
        killed.stop()
        left.join()
    assert names(shop.calls()) == ["vanilla", "focal", "lsgan"][it_ends:]
    assert "elsewhere" in (printed := capsys.readouterr().out) and "3 done" in printed.splitlines()[-1]


# ---- time


def test_at_the_limit_what_has_not_ended_is_stopped_and_goes_on_next_time(shop):
    shop.does("vanilla", "hang")
    shop.run(time_limit=1 / 60, only="*vanilla*")
    (call,) = shop.calls()
    with pytest.raises(ProcessLookupError):
        os.kill(int(call[1]), 0)
    shop.run(time_limit=0)
    assert shop.calls() == []
    shop.does("vanilla", "finish")
    shop.run(only="*vanilla*")
    assert names(shop.calls()) == ["vanilla"]


# ---- a cluster


def test_ray_is_imported_only_where_it_is_asked_for():
    line = "import sys, train.sweep; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", line], cwd=sweep.SCRIPTS.parent).returncode == 0


# ---- what is shown


def test_the_commands_of_what_is_left_can_be_given_to_any_shell(shop, capsys):
    shop.run(only="*vanilla*")
    capsys.readouterr()
    shop.run(print_commands=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and len(shop.calls()) == 1
    for line, cell in zip(lines, recipe.read(shop.path)[1:], strict=True):
        threads, python, script, *arguments = shlex.split(line)
        assert (threads, python, script) == ("OMP_NUM_THREADS=1", "python", "train/dcgan.py")
        parsed = tyro.cli(dcgan.Options, args=arguments)
        assert parsed == replace(cell.options, out=shop.out / "mine" / cell.name, resume=True)
    shop.run(print_commands=True, train_only=False, evaluate="--n 7")
    lines = [line.split(" && ") for line in capsys.readouterr().out.splitlines()]
    assert [len(parts) for parts in lines] == [2, 3, 3]  # one is trained already
    folder = shop.out / "mine/dcgan-lsgan-cifar10"
    assert lines[2][1:] == [
        f"OMP_NUM_THREADS=1 python train/evaluate.py {folder} --dataset cifar10 --n 7",
        f"OMP_NUM_THREADS=1 python -m cards.build {folder}",
    ]


@pytest.mark.parametrize("given, words", [({"jobs": 0}, "--jobs"), ({"only": "*nothing*"}, "--only")])
def test_a_sweep_that_cannot_be_is_refused(given, words, shop):
    with pytest.raises(Refused, match=words):
        shop.run(**given)


def test_the_readmes_commands_are_understood():
    text = Path(train.__path__[0], "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("python train/sweep.py")]
    lines = [re.split("#|> ", line)[0] for line in lines]
    parsed = [tyro.cli(sweep.Options, args=shlex.split(line)[2:]) for line in lines]
    assert len(parsed) >= 4 and "--skip inception" in {options.evaluate for options in parsed}
