"""A sweep from its first cell to its last, whatever comes between."""

import json
import os
import shlex
import signal
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
    names,
)
from train import dcgan, sweep
from train.sweeping import recipe, standing
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


def test_a_cell_that_an_earlier_sweep_left_running_is_not_started_twice(shop):
    shop.does("vanilla", "hang")
    options = sweep.Options(recipe=shop.path, out=shop.out)
    killed, next_one = (sweep.Sweep(recipe.read(shop.path), options) for _ in range(2))
    killed.start(killed.plan[0])
    try:
        next_one.look_at_running()
        next_one.start_more()
        assert [cell.options.loss for cell in next_one.among("elsewhere")] == ["vanilla"]
        assert not next_one.among("running")  # one job
        next_one.start(next_one.plan[0])
        assert not next_one.children
    finally:
        killed.stop()
    next_one.look_at_running()
    assert len(next_one.among("waiting")) == 3


# ---- time


def test_no_cell_is_started_that_cannot_end_in_time(shop):
    slow = MINE.replace("batch = 4", "batch = 4\npictures_per_second = 10")  # 40 s a cell, and 30 to start
    shop.open(slow.replace('losses = ["vanilla", "focal", "lsgan"]', 'losses = ["wgan-gp", "vanilla"]'))
    shop.run(time_limit=75 / 60, only="*wgan-gp*")
    assert shop.calls() == []  # by the recipe's word it needs half as long again as vanilla's 70 s
    shop.run(time_limit=75 / 60)
    assert names(shop.calls()) == ["vanilla", "wgan-gp"]  # now vanilla's 100 pictures/s have been seen
    shop.run(time_limit=0, only="*vanilla*", out=shop.out / "elsewhere")
    assert shop.calls() == []


def test_at_the_limit_what_has_not_ended_is_stopped_and_goes_on_next_time(shop):
    shop.does("vanilla", "hang")
    shop.run(time_limit=1 / 60, only="*vanilla*")
    (call,) = shop.calls()
    with pytest.raises(ProcessLookupError):
        os.kill(int(call[1]), 0)
    shop.does("vanilla", "finish")
    shop.run(only="*vanilla*")
    assert names(shop.calls()) == ["vanilla"]


def test_more_critic_steps_make_a_picture_cheaper_and_a_penalty_dearer(write_recipe):
    cells = {
        cell.options.loss: cell
        for cell in recipe.read(write_recipe(MINE.replace('["vanilla", "focal", "lsgan"]', '"all"')))
    }
    cost = {loss: standing.cost(cell) for loss, cell in cells.items()}
    assert cost["wgan"] < cost["vanilla"] == cost["focal"] < cost["wgan-gp"] < cost["dragan"] < cost["rpgan"]


def test_the_time_for_all_is_that_of_the_last_to_end():
    assert standing.seconds_for_all([10], [30, 20, 5], jobs=2) == 35  # 10+20+5 beside 0+30
    assert standing.seconds_for_all([], [], jobs=4) == 0


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


def test_a_terminal_sees_a_table_that_fits_it(shop, capsys, monkeypatch):
    shop.does("focal", "crash")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "5")
    shop.run()
    last = capsys.readouterr().out.split("\x1b[J")[-1].splitlines()
    assert last[0].startswith("mine, budget cpu: 2 done, 1 failed")
    assert "failed" in last[1] and "step 51" in last[1] and last[2] == "... and 2 more"
    assert all(len(line) < 100 for line in last)


@pytest.mark.parametrize("given, words", [({"jobs": 0}, "--jobs"), ({"only": "*nothing*"}, "--only")])
def test_a_sweep_that_cannot_be_is_refused(given, words, shop):
    with pytest.raises(Refused, match=words):
        shop.run(**given)


def test_the_readmes_commands_are_understood():
    text = Path(train.__path__[0], "README.md").read_text(encoding="utf-8")
    lines = [line.split("#")[0] for line in text.splitlines() if line.startswith("python train/sweep.py")]
    parsed = [tyro.cli(sweep.Options, args=shlex.split(line)[2:]) for line in lines]
    assert len(parsed) >= 4 and "--skip inception" in {options.evaluate for options in parsed}
