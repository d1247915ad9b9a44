"""The command lines of all scripts, found by what they are: a new one needs no line here."""

import json
import shlex
import sys
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest

from train import arguments
from train.reading import sources
from train.running import auto, options
from train.running.options import as_recorded, command
from zoo.errors import Refused, ZooError
from zoo.losses import LOSSES
from zoo.penalties import PENALTIES


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path / "not-debian")


def kind_of(script):
    return import_module(f"train.{script}").Options


def parse(script, line, monkeypatch):
    monkeypatch.setattr(sys, "argv", [f"train/{script}.py", *shlex.split(line)])
    return arguments.parse(kind_of(script), "A script.")


@pytest.fixture
def last_line(monkeypatch, capsys):
    """Run a script with a line of options that it cannot take → what it says, if it is one line and an error."""

    def last_line(script, line):
        monkeypatch.setattr(sys, "argv", [f"train/{script}.py", *shlex.split(line)])
        with pytest.raises(SystemExit) as raised:
            arguments.exit_with_one_line(import_module(f"train.{script}").main)
        assert raised.value.code == 2
        *read, said = capsys.readouterr().err.rstrip("\n").split("\n")
        assert said.startswith(f"{script}.py: ") and all(
            ", split " in line for line in read
        )  # told what it reads
        return said

    return last_line


# ---- from options to a command line and back

SOME = {
    bool: [True, False],
    int: [3, 77],
    float: [0.25, 1e-5],
    str: ["another word"],
    Path: [Path("some where")],
    tuple[float, float]: [(0.25, 0.75)],
    tuple[str, ...]: [("gamma=1", "saturating=true"), ("gamma=0.5",)],
}


def others(hint, default):
    """Values of an option's type that are not its default."""
    if get_origin(hint) in (Union, UnionType):
        parts = [part for part in get_args(hint) if part is not NoneType]
        return [value for part in parts for value in others(part, default)]
    values = get_args(hint) if get_origin(hint) is Literal else SOME[hint]
    return [value for value in values if value != default]


def test_every_command_line_comes_back_as_the_options_it_was_made_of(script, monkeypatch):
    kind = kind_of(script)
    default = kind()
    assert command(f"{script}.py", default) == f"accelerate launch train/{script}.py"
    assert command(f"{script}.py", replace(default, kimg=1000.0)).endswith(" --kimg 1000")
    assert parse(script, "", monkeypatch) == default
    lost = []
    for name, hint in get_type_hints(kind).items():
        for value in others(hint, getattr(default, name)):
            chosen = replace(default, **{name: value})
            line = command(f"{script}.py", chosen)
            try:
                back = parse(script, line.removeprefix(f"accelerate launch train/{script}.py"), monkeypatch)
            except SystemExit:
                back = None
            if back != (default if name in options.ASIDE else chosen):
                lost.append(line)
    assert lost == []


def test_the_recorded_command_is_the_one_that_was_asked_for(monkeypatch):
    chosen = replace(kind_of("dcgan")(), kimg=7.0)
    monkeypatch.setattr("sys.argv", ["zoo train dcgan", "--kimg", "7"])  # as zoo/commands.py has it
    assert command("dcgan.py", chosen) == "zoo train dcgan --kimg 7"
    monkeypatch.setattr("sys.argv", ["train/dcgan.py", "--kimg", "7"])
    assert command("dcgan.py", chosen) == "accelerate launch train/dcgan.py --kimg 7"


def test_what_is_recorded_survives_json_and_says_nothing_of_where_things_lie(script, tmp_path, monkeypatch):
    (tmp_path / "My photos").mkdir()
    given = {"out": tmp_path / "out", "data_dir": tmp_path, "resume": True, "log_with": "tensorboard"}
    chosen = replace(kind_of(script)(), **given)
    recorded = as_recorded(chosen)
    assert json.loads(json.dumps(recorded)) == recorded and not recorded.keys() & given.keys()
    assert str(tmp_path) not in json.dumps(recorded)
    own = replace(chosen, dataset=str(tmp_path / "My photos"))
    assert (recorded["augment"], recorded["holdout"]) == ("none", 0.0)  # of a folder, its size decides
    assert as_recorded(own) == recorded | {"dataset": "./My photos", "augment": "auto", "holdout": None}
    line = command(f"{script}.py", own)
    assert str(tmp_path) not in line and line.endswith("--dataset './My photos'")
    back = parse(script, line.removeprefix(f"accelerate launch train/{script}.py"), monkeypatch)
    assert back.dataset == "./My photos"


def test_an_option_that_a_script_has_got_since_counts_as_its_default(script):
    kind = kind_of(script)
    recorded = as_recorded(replace(kind(), kimg=7.0))
    older = {name: value for name, value in recorded.items() if name != "cuda_graphs"}
    assert options.completed(older, kind) == recorded != options.completed({}, kind)


def test_help_tells_every_option_and_what_it_is(script, monkeypatch, capsys):
    with pytest.raises(SystemExit) as raised:
        parse(script, "--help", monkeypatch)
    text = capsys.readouterr().out
    assert raised.value.code in (0, None)
    for field in fields(kind_of(script)):
        assert f"--{field.name.replace('_', '-')}" in text
    taken = [name for name in LOSSES if (script, name) != ("pix2pix", "began")]
    told = " ".join(text.replace("│", " ").split())
    assert f"{', '.join(taken[:-1])} or {taken[-1]}" in told and all(name in told for name in PENALTIES)
    assert "5 for wgan and wgan-gp, else 1" in told or script == "pix2pix"
    assert "10 for line-between and around-data, else 1" in told
    assert import_module(f"train.{script}").__doc__.splitlines()[0].startswith("Train ")


# ---- what it cannot take

BAD_LINES = [
    ("dcgan", "--loss fokal", ["no loss named 'fokal'", "focal"]),
    ("pix2pix", "--loss wgangp", ["'wgangp'", "wgan-gp"]),
    ("dcgan", "--loss none", ["--loss none", "pix2pix"]),
    ("dcgan", "--loss wgan --spectral-norm True", ["wgan", "clips", "spectral norm", "choose one"]),
    ("dcgan", "--loss wgan-gp --critic-norm batch", ["batch norm mixes pictures", "--critic-norm layer"]),
    ("dcgan", "--loss focal --penalty r1 --critic-norm batch", ["batch norm mixes pictures"]),
    ("dcgan", "--loss began --spectral-norm True", ["began", "autoencoder"]),
    ("dcgan", "--loss began --conditional", ["cdcgan", "began", "class"]),
    ("pix2pix", "--loss began", ["pix2pix", "began", "pairs"]),
    ("convgan", "--loss wgan-gp --variant bn", ["convgan-bn", "wgan-gp", "batch norm"]),
    ("convgan", "--critic-norm batch", ["convgan", "none"]),
    ("dcgan", "--penalty r3", ["no penalty named 'r3'", "r1"]),
    ("dcgan", "--penalty-weight 2", ["--penalty-weight", "--penalty"]),
    ("dcgan", "--loss focal --loss-fields gama=1", ["'gama'", "gamma"]),
    ("dcgan", "--loss focal --loss-fields gamma", ["'gamma'", "name=number"]),
    ("dcgan", "--loss focal --loss-fields gamma=much", ["'gamma=much'"]),
    ("dcgan", "--loss focal --loss-fields gamma=nan", ["gamma", "from 0 to 1e6"]),
    ("dcgan", "--loss focal --loss-fields saturating=1", ["saturating", "bool"]),
    ("dcgan", "--loss focal --loss-fields gamma=true", ["gamma", "number"]),
    ("dcgan", "--dataset cifar11", ["'cifar11'", "cifar10"]),
    ("dcgan", "--dataset ./nowhere", ["'./nowhere'"]),
    ("dcgan", "--dataset {}/photos/a --conditional", ["--conditional", "--label-column", "class folders"]),
    ("dcgan", "--dataset {}/photos --size 32 --batch 25", ["25", "24 pictures"]),
    ("pix2pix", "--dataset {}/pairs --size 64 --batch 25 --width 4", ["25", "24"]),
    ("dcgan", "--dataset {}/photos --size 48", ["48", "28, 32, 64, 128"]),
    ("dcgan", "--kimg 10 --snapshot-kimg 20", ["--snapshot-kimg", "--kimg", "20"]),
]


@pytest.mark.parametrize("script_name, line, words", BAD_LINES, ids=[f"{s} {x}" for s, x, _ in BAD_LINES])
def test_one_line_says_what_cannot_be_and_nothing_is_written(
    script_name, line, words, last_line, made_up, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    said = last_line(script_name, f"{line.format(made_up)} --precision float32 --memory-format contiguous")
    assert all(word in said for word in words), said
    assert {path.name for path in tmp_path.iterdir()} <= {"cache"}


def bad_numbers(kind):
    """Option and value, of every option that is a number, beyond what can be meant."""
    zero_is_fine = {"holdout", "jitter", "seed", "l1_weight", "lr_decay_from", "penalty_weight"}
    no_bound = {"resident_gb"}  # below zero nothing is kept
    for name, hint in get_type_hints(kind).items():
        numbers = {int, float} & {hint, *get_args(hint)}
        if numbers and get_origin(hint) is not tuple and name not in no_bound:
            yield name, "-1"
            if name not in zero_is_fine:
                yield name, "0"
            if float in numbers:
                yield name, "nan"
    yield from (("betas", "0.5 1.5"), ("betas", "-0.5 0.9"), ("betas", "nan 0.9"))
    yield from (("width", "1000000"), ("critic_width", "1000000"))


class TookAStep(Exception):
    pass


def test_every_number_has_a_range_and_is_named_outside_of_it(
    script, last_line, made_up, tmp_path, monkeypatch
):
    def play(*_):
        raise TookAStep

    monkeypatch.setattr(auto, "play", play)
    monkeypatch.chdir(tmp_path)
    kind, passed = kind_of(script), []
    data = "pairs" if issubclass(kind, options.TranslationOptions) else "photos"
    for name, value in bad_numbers(kind):
        line = f"--{name.replace('_', '-')} {value}" + " --penalty r1 --critic-norm none" * (
            "penalty" in name
        )
        try:
            batch = "" if name == "batch" else "--batch 4"
            said = last_line(script, f"--dataset {made_up / data} --size 32 {batch} {line}")
        except (TookAStep, RuntimeError, ValueError) as error:
            passed.append(f"{line}: {error!r}")
        else:
            assert name in said.replace("-", "_"), said
    assert passed == []
    assert {path.name for path in tmp_path.iterdir()} <= {"cache"}


def test_without_an_adversary_and_without_l1_there_is_nothing_to_learn(last_line, made_up):
    data = f"--dataset {made_up}/pairs --size 32 --precision float32 --memory-format contiguous --kimg 0.001"
    assert "--l1-weight" in last_line("pix2pix", f"{data} --loss none --l1-weight 0")


def test_an_unknown_option_is_answered_with_those_that_are_near(monkeypatch, capsys):
    with pytest.raises(SystemExit) as raised:
        parse("dcgan", "--los focal", monkeypatch)
    assert raised.value.code not in (0, None) and "--loss" in capsys.readouterr().err


def test_ctrl_c_ends_a_script_with_one_line_and_an_error(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["train/dcgan.py"])
    with pytest.raises(SystemExit, match="130"):  # as of a shell, and no failure to a sweep
        arguments.exit_with_one_line(interrupted)
    assert capsys.readouterr().err == "dcgan.py: stopped; --resume goes on from the last snapshot\n"


def test_a_reader_that_has_seen_enough_ends_a_script_in_silence(monkeypatch, capsys):
    def cut():  # as by `sweep.py … --print-commands | head`
        raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", sys.stdout)
    with pytest.raises(SystemExit, match="0"):
        arguments.exit_with_one_line(cut)
    assert capsys.readouterr().err == ""


def test_an_error_that_nobody_foresaw_keeps_its_traceback():
    def broken():
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        arguments.exit_with_one_line(broken)
    assert issubclass(Refused, ZooError)
