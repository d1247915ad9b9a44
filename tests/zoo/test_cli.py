import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import zoo
from zoo import cli, commands, measures, names, pictures
from zoo.export import Exported


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_HUB_OWNER", raising=False)


@pytest.fixture
def toy(make_checkpoint):
    make_checkpoint(folder="runs/toy")
    return "runs/toy"


def files():
    return sorted(path.name for path in Path().iterdir())


def fails(capsys, *arguments, saying=""):
    """Exit code 2, one line, nothing written."""
    before = files()
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("zoo: ") and captured.err.count("\n") == 1
    assert saying in captured.err
    assert files() == before


def test_list_lists_what_is_installed(make_checkpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(names, "BUNDLED", tmp_path / "bundled")
    for name in ("dcgan-focal-cifar10", "sngan-hinge-cifar10"):
        make_checkpoint(folder=f"bundled/{name}")
    assert cli.main(["list"]) == 0
    assert capsys.readouterr().out == "dcgan-focal-cifar10\nsngan-hinge-cifar10\n"
    for pattern in ("dcgan*", "focal"):
        assert cli.main(["list", pattern]) == 0
        assert capsys.readouterr().out == "dcgan-focal-cifar10\n"
    assert cli.main(["list", "nonsense"]) == 2  # so that a script can tell
    captured = capsys.readouterr()
    assert captured.out == "" and "'nonsense'" in captured.err


def test_info_is_for_people_or_for_programs(toy, capsys):
    rows = [
        {"name": "fid", "value": 55.123, "n": 5000, "dataset": "cifar10"},
        {"name": "fid", "value": 61.234, "which": "other seed"},
        {"name": "fid", "value": 62.345, "which": "snapshot", "kimg": 10},
        {"name": "fid", "value": 63.456, "momentum": 0.1},
        {"name": "fid", "value": 64.567, "default": False},
        {"name": "settled_kimg_d", "value": None},
    ]
    text = json.dumps({"weights_sha256": "0" * 64, "metrics": rows})
    Path(toy, "metrics.json").write_text(text)
    assert cli.main(["info", toy]) == 0
    text = capsys.readouterr().out
    for part in ("dcgan-focal-toy", "alpha 1.0", "16×16×3", "fid", "55.12", "n 5000", "stale"):
        assert part in text
    measured = text.partition("measured")[2].splitlines()[1:]
    assert [line.split()[:2] for line in measured] == [["fid", "55.12"]]  # no other weights, no other mode
    assert cli.main(["info", toy, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["id"] == "dcgan-focal-toy" and data["metrics"] == {"rows": rows, "stale": True}


def test_a_warning_is_a_line(toy, capsys):
    path = Path(toy, "config.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 3, "compatible": 2, "speed": 1}))
    assert cli.main(["info", toy]) == 0
    said = capsys.readouterr()
    assert (
        said.err.startswith("zoo: runs/toy/config.json is of a later gan-zoo") and said.err.count("\n") == 1
    )


def test_sample_writes_a_grid(toy):
    assert cli.main(["sample", toy, "--out", "grid.png", "--n", "6", "--columns", "3", "--seed", "7"]) == 0
    assert Image.open("grid.png").size == (48, 32)
    assert files() == ["grid.png", "runs"]


def test_sample_takes_classes_by_name_or_number(make_checkpoint):
    make_checkpoint("cdcgan", folder="runs/c", labels=("cat", "dog"), fields={"classes": 2})
    for out, labels in (("a.png", ["dog"]), ("b.png", ["1"]), ("c.png", ["cat"]), ("d.png", ["1", "dog"])):
        assert cli.main(["sample", "runs/c", "--n", "2", "--out", out, "--labels", *labels]) == 0
    pixels = {name: Image.open(name).tobytes() for name in ("a.png", "b.png", "c.png", "d.png")}
    assert pixels["a.png"] == pixels["b.png"] == pixels["d.png"] != pixels["c.png"]


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_interpolate_writes_an_animation_there_and_back(toy, suffix):
    assert cli.main(["interpolate", toy, "--out", f"morph.{suffix}", "--steps", "5"]) == 0
    film = Image.open(f"morph.{suffix}")
    assert film.size == (16, 16) and film.n_frames == 8


def test_interpolate_writes_a_strip_or_a_plane(toy):
    assert cli.main(["interpolate", toy, "--out", "strip.png", "--seeds", "3", "4", "--steps", "5"]) == 0
    assert Image.open("strip.png").size == (80, 16)
    assert cli.main(["interpolate", toy, "--out", "plane.png", "--seeds", *"1234", "--steps", "3"]) == 0
    assert Image.open("plane.png").size == (48, 48)


def test_translate_writes_a_photograph(make_checkpoint, translator):
    make_checkpoint("translator", folder="runs/t")
    Image.new("RGB", (50, 30)).save("map.png")
    assert cli.main(["translate", "runs/t", "map.png", "--out", "photo.png"]) == 0
    assert Image.open("photo.png").size == (16, 16)


def test_translate_prints_the_figures_against_the_truth(make_checkpoint, translator, capsys):
    make_checkpoint("translator", folder="runs/t")
    Image.new("RGB", (50, 30)).save("map.png")
    Image.effect_noise((50, 30), 80).save("truth.png")
    command = ["translate", "runs/t", "map.png", "--out", "photo.png", "--truth"]
    assert cli.main([*command, "truth.png"]) == 0
    photo = Image.open("photo.png")
    pair = photo, pictures.fit(Image.open("truth.png"), 16).convert(photo.mode)
    expected = f"PSNR {measures.psnr(*pair):.2f} dB, SSIM {measures.ssim(*pair):.3f}, against truth.png\n"
    assert capsys.readouterr().out == expected
    Image.new("RGB", (40, 30)).save("other.png")
    fails(capsys, *command, "other.png", saying="the map is 50x30, the truth 40x30: a pair needs one size")
    fails(capsys, *command, "none.png", saying="none.png")


def test_what_cannot_be_is_said_in_one_line(toy, capsys):
    fails(capsys, "sample", "nonsense", "--out", "a.png", saying="nonsense")
    fails(capsys, "info", "../../etc/passwd", saying="passwd")
    fails(capsys, "sample", toy, "--out", "a.png", "--seed", "-1", saying="seed")
    fails(capsys, "sample", toy, "--out", "a.png", "--n", "0", saying="at least one")
    fails(capsys, "sample", toy, "--out", "a.png", "--labels", "1", saying="no classes")
    fails(capsys, "sample", toy, "--out", "a.png", "--truncation", "0", saying="truncation")
    fails(capsys, "sample", toy, "--out", "a.png", "--device", "abacus", saying="abacus")
    fails(capsys, "interpolate", toy, "--out", "a.webp", "--seeds", *"1234", saying="2 seeds")
    fails(capsys, "interpolate", toy, "--out", "a.png", "--seeds", "1", saying="1 anchors")
    fails(capsys, "interpolate", toy, "--out", "a.png", "--mode", "x", saying="slerp")
    fails(capsys, "translate", toy, "none.png", "--out", "a.png", saying="none.png")


@pytest.mark.parametrize(
    "out, saying",
    [("a.txt", "must end in"), ("a", "must end in"), ("no/a.png", "folder"), ("dir.png", "written")],
)
def test_where_to_write_is_checked_before_any_work(toy, capsys, monkeypatch, out, saying):
    Path("dir.png").mkdir()
    monkeypatch.setattr(cli, "_load", lambda *_: pytest.fail("went to work"))
    for command in (["sample", toy], ["interpolate", toy], ["translate", toy, "map.png"]):
        fails(capsys, *command, "--out", out, saying=saying)


def test_a_folder_that_may_not_be_written_is_refused_before_any_work(toy, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_load", lambda *_: pytest.fail("went to work"))
    monkeypatch.setattr(cli.os, "access", lambda *_: False)
    fails(capsys, "sample", toy, "--out", "a.png", saying="cannot be written")


def test_a_picture_that_fails_half_way_is_not_left(toy, capsys, monkeypatch):
    def save(self, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    fails(capsys, "sample", toy, "--out", "a.png", saying="No space")


def test_the_module_is_the_command_and_knows_its_release(capsys):
    done = subprocess.run([sys.executable, "-m", "zoo", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"zoo {zoo.__version__}\n")


def test_help_on_training_tells_the_scripts_apart_without_starting_one(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tyro", None)
    assert cli.main(["train", "--help"]) == 0
    said = capsys.readouterr().out
    for script in ("dcgan", "convgan", "sngan", "pix2pix"):
        assert re.search(rf"^  {script} +Train .+\.$", said, re.M)
    assert "zoo train dcgan --help" in said
    fails(capsys, "train", "dcgna", saying="zoo train --help")


def test_a_command_of_another_room_says_what_it_lacks(capsys, monkeypatch):
    """Of a copy without train/, and of an installation without the extra."""
    monkeypatch.setattr(commands, "HERE", Path("nowhere/zoo").absolute())
    fails(capsys, "train", "dcgan", saying="pip install 'gan-zoo[train]'")
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "tyro", None)
    monkeypatch.delitem(sys.modules, "train.dcgan", raising=False)
    monkeypatch.delitem(sys.modules, "train.arguments", raising=False)
    fails(capsys, "train", "dcgan", saying="needs tyro: pip install 'gan-zoo[train]'")


@pytest.mark.parametrize("error", [ValueError("more than 16383 pixels"), RuntimeError("out of range")])
def test_what_a_format_cannot_hold_is_told_in_a_line(toy, capsys, monkeypatch, error):
    def save(self, path):
        raise error

    monkeypatch.setattr(Image.Image, "save", save)
    fails(capsys, "sample", toy, "--out", "a.webp", saying=str(error))


def test_a_name_as_long_as_a_name_may_be_is_written(toy):
    name = "a" * 248 + ".png"
    assert cli.main(["sample", toy, "--n", "1", "--out", name]) == 0 and Path(name).exists()


def test_whoever_stops_it_sees_no_traceback(toy, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_load", stopped)
    assert cli.main(["sample", toy, "--out", "a.png"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_sign_that_a_systems_encoding_lacks_is_no_error(toy):
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "info", toy],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1251"},
    )
    assert done.returncode == 0 and b"16?16?3" in done.stdout


def test_one_folder_by_two_spellings_is_one_model(toy, monkeypatch):
    made = []

    def export(model, path, *, force):
        made.append(path)
        return Exported(path, 1, 1, 0.0)

    monkeypatch.setattr("zoo.export.export", export)
    assert cli.main(["export", toy, "./runs/../runs/toy", "--out", "there"]) == 0
    assert len(made) == 1


def test_info_says_where_a_critic_was_saturated(make_checkpoint, capsys):
    folder = make_checkpoint(folder="runs/saturated")
    rows = [{"name": "swing_d", "value": 0.0, "saturated": True, "dead": False}]
    (folder / "metrics.json").write_text(json.dumps({"weights_sha256": "0" * 64, "metrics": rows}))
    assert cli.main(["info", str(folder)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "swing_d" in line]
    assert line.endswith("saturated critic")
