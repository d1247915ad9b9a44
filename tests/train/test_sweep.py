import json
import os
import shlex
import signal
import sys
import threading
import time
import types
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
import tyro
from PIL import Image

from cards import build
from train import loop, recipe, standing, sweep
from train.cell import Cell, config, rules
from train.decoded import Pictures
from train.recipe import MADE_BY, SCRIPTS, Planned
from zoo import architectures, checkpoint, hub, losses
from zoo.errors import Refused, ZooError

# ---- recipes


@pytest.fixture
def write_recipe(tmp_path):
    def write(text: str, name: str = "mine") -> str:
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return str(path)

    return write


MINE = """
about = "three losses"
[options]
precision = "float32"
[cpu.dcgan]
batch = 4
kimg = 0.4
[gpu.dcgan]
batch = 8
[[cells]]
architectures = ["dcgan"]
losses = ["vanilla", "focal", "lsgan"]
"""


BUDGETS = [
    (name, budget)
    for name in recipe.shipped()
    for budget in recipe.parse(recipe.SHIPPED / f"{name}.toml").keys() & {"cpu", "gpu"}
]


@pytest.mark.parametrize("name, budget", sorted(BUDGETS))
def test_a_shipped_recipe_holds_cells_that_its_scripts_and_the_rules_take(name, budget):
    for cell in recipe.read(name, budget):
        rules(cell.architecture, cell.options)
        if cell.first:  # further seeds differ in --seed alone
            parsed = tyro.cli(SCRIPTS[cell.script].Options, args=cell.arguments(Path("runs")))
            assert parsed == replace(cell.options, out=Path("runs") / name / cell.name, resume=True)


@pytest.mark.parametrize("name", recipe.shipped())
def test_a_family_is_one_protocol(name):
    tested = {"loss", "loss_fields", "seed", "conditional", "variant"}
    if name == "controls":
        tested |= {"critic_steps", "critic_norm", "spectral_norm", "kimg"}
    if name == "protocol":
        tested |= {"lr", "critic_norm", "spectral_norm", "kimg"}
    protocols = {}
    for cell in recipe.read(name):
        options = {k: v for k, v in asdict(cell.options).items() if k not in tested}
        assert "auto" not in (options["precision"], options["memory_format"])
        assert protocols.setdefault((cell.script, options["dataset"]), options) == options


def test_the_starter_zoo_holds_every_pair_that_may_be_in_the_order_of_interest():
    plan = recipe.read("starter-zoo")
    families = ("dcgan", "cdcgan", "sngan", "convgan", "pix2pix")
    allowed = {("pix2pix", "none")}
    for family in families:
        for loss in losses.LOSSES:
            try:
                architectures.plan_critic(family, loss, losses.get(loss))
            except Refused:
                continue
            allowed.add((family, loss))
    bundled = [(cell.architecture, cell.options.loss) for cell in plan if cell.bundled]
    assert len(bundled) == len(set(bundled)) and set(bundled) == allowed
    assert [name for name, _ in bundled[:14]] == ["dcgan"] * 6 + ["sngan"] * 3 + ["cdcgan"] * 5
    assert {cell.options.seed for cell in plan if not cell.bundled} == {1, 2}


@pytest.mark.parametrize("budget", ["cpu", "gpu"])
def test_a_control_differs_from_the_starter_zoo_in_one_thing(budget):
    starters = {cell.kind: cell.options for cell in recipe.read("starter-zoo", budget) if cell.first}
    differences = {}
    for cell in recipe.read("controls", budget):
        here, there = asdict(cell.options), asdict(starters[cell.id])
        differences[cell.tag] = {key for key in here if here[key] != there[key]}
    assert differences == {
        "five-critic-steps": {"critic_steps"},
        "layer-norm": {"critic_norm", "spectral_norm"},
        "five-budgets": {"kimg"},
    }


@pytest.mark.parametrize("architecture", architectures.ARCHITECTURES)
def test_the_script_of_an_architecture_builds_it(architecture, monkeypatch):
    asked = []
    monkeypatch.setattr(loop, "run", lambda name, options, script: asked.append((name, script)))
    script, fixed = MADE_BY[architecture]
    arguments = recipe.arguments(recipe.build(script, {}, fixed))
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    SCRIPTS[script].main()
    assert asked == [(architecture, f"{script}.py")]


def test_seeds_come_one_after_another_and_the_first_is_the_cell_itself(write_recipe):
    text = MINE + 'seeds = [3, 5]\n[[cells]]\narchitectures = ["dcgan"]\nlosses = "all"\nseeds = [5]\n'
    plan = recipe.read(write_recipe(text))
    names = [cell.name.replace("dcgan-", "").replace("-cifar10", "") for cell in plan]
    assert names[:6] == ["vanilla", "focal", "lsgan", "vanilla-seed5", "focal-seed5", "lsgan-seed5"]
    assert names[6:] == ["minimax", "wgan", "wgan-gp", "hinge", "dragan", "began", "rpgan"]  # the rest
    assert not any(cell.bundled for cell in plan)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("[options]", "[option]", "no key named 'option': did you mean options"),
        ("precision", "precison", "did you mean precision"),
        ('"float32"', '"float23"', "precision must be Literal"),
        ("batch = 4", 'batch = "4"', "batch must be int, not '4'"),
        ("batch = 4", "batch = 0", "--batch must be above 0"),
        ("batch = 4", "seed = 4", "no option of dcgan.py for recipes named 'seed'"),
        ("cpu.dcgan", "cpu.dcgam", "did you mean dcgan"),
        ("cpu.dcgan", "cpu.sngan", "the budget has no table [dcgan]"),
        ('"focal"', '"focl"', "no loss named 'focl': did you mean focal"),
        ('["dcgan"]', '["dcgn"]', "no architecture named 'dcgn': did you mean dcgan"),
        ('["dcgan"]', '"dcgan"', "architectures must be list"),
        ("architectures", "architecture", "[[cells]] needs architectures"),
        ('"focal"', '"none"', "--loss none is for pix2pix"),
        ("losses =", "loss_fields = ['gama=1']\nlosses =", "no field of the loss"),
        ("[[cells]]", '[[cells]]\narchitectures = ["dcgan"]\nlosses = "all"\nlr = 1\n[[cells]]', "a tag"),
        ("about", "about = 1\n#", "an about text"),
        ("about", "about =", "cannot be read"),
    ],
)
def test_a_recipe_with_a_slip_is_refused_in_one_line(old, new, words, write_recipe):
    with pytest.raises(ZooError) as caught:
        recipe.read(write_recipe(MINE.replace(old, new, 1)))
    assert words in str(caught.value) and str(caught.value).startswith("mine.toml: ")
    assert "\n" not in str(caught.value)


def test_a_recipe_that_is_not_there_is_refused_with_its_near_matches():
    with pytest.raises(ZooError, match="did you mean lucic-seven"):
        recipe.read("lucic-sevn")


def test_a_budget_may_be_a_file_of_ones_own(write_recipe):
    budget = write_recipe("[dcgan]\nwidth = 8\n", "small")
    assert {cell.options.width for cell in recipe.read(write_recipe(MINE), budget)} == {8}
    with pytest.raises(ZooError, match=r"bad\.toml: no script named 'dcgon'"):
        recipe.read(write_recipe(MINE), write_recipe("[dcgon]\n", "bad"))


# ---- running, with a script that stands in for the real one

STAND_IN = """
import os, pathlib, shutil, sys, time
here = pathlib.Path(__file__).parent
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
does = here / f"{out.name}.does"
with (here / "calls").open("a") as calls:
    print(out.name, os.getpid(), "--resume" in sys.argv, os.environ["OMP_NUM_THREADS"], file=calls)
match does.read_text() if does.exists() else "finish":
    case "finish":
        shutil.copytree(here / "finished" / out.name, out, dirs_exist_ok=True)
    case "crash":
        (out / "history.jsonl").write_text('{"kimg": 0.2, "g_steps": 50, "seconds": 1.0}\\n')
        sys.exit("  12%|#    | 1k/8k\\rdcgan:  14%|#    | 1k/8kdcgan.py: NaN or infinity at generator step 51")
    case "die":
        os.kill(os.getpid(), 9)
    case "hang":
        time.sleep(60)
"""

STAND_IN_FOR_EVALUATE = """
import json, os, pathlib, sys
here, folder = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[1])
does = here / f"{folder.name}.measures"
with (here / "calls").open("a") as calls:
    print(f"{folder.name}:evaluate", *sys.argv[2:], file=calls)
match does.read_text() if does.exists() else "measure":
    case "measure":
        sha256 = json.loads((folder / "config.json").read_text())["weights"]["sha256"]
        figure = {"name": "fid_n10", "value": 55.5, "n": 10, "which": "final"}
        (folder / "metrics.json").write_text(json.dumps({"weights_sha256": sha256, "metrics": [figure]}))
    case "crash":
        sys.exit("Inception of samples:  14%|#    | 1k/8kevaluate.py: no file my.pt for --inception-weights")
    case "die":
        os.kill(os.getpid(), 9)
"""

STAND_IN_FOR_CARDS = """
import pathlib, sys
(pathlib.Path(sys.argv[1]) / "README.md").write_text("a card")
"""


def finish(cell: Planned, folder: Path) -> None:
    """What a finished run of the cell leaves."""
    images = np.broadcast_to(np.uint8(0), (50_000, 3, 32, 32))
    pictures = Pictures("cifar10", "uoft-cs/cifar10", None, "train", images, label_names=("cat", "dog"))
    fields = cell.options.generator_fields(pictures)
    rule = rules(cell.architecture, cell.options)
    whole = Cell(cell.architecture, "dcgan.py", cell.options, rule, pictures, fields, 1)
    settings = {"precision": "float32", "memory_format": "contiguous"}
    steps = loop.Schedule.of(whole).total
    about = config(whole, settings, g_steps=steps, seconds=4.0, device=torch.device("cpu"))
    checkpoint.write(folder, about, {"weight": torch.full((4,), cell.options.seed + 1.0)})
    lines = [{"kimg": k / 500, "g_steps": k / 2, "seconds": k / 50} for k in range(2, 202)]
    (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in ("samples.png", "progress.webp"):
        (folder / name).write_bytes(name.encode())
    checkpoint.replace_file(folder / "state" / "state.pt", b"not to be kept")


@pytest.fixture
def shop(tmp_path, monkeypatch, write_recipe):
    """A recipe, a stand-in for its script, and nothing that leaves the temporary folder."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "dcgan.py").write_text(STAND_IN)
    (scripts / "evaluate.py").write_text(STAND_IN_FOR_EVALUATE)
    (scripts / "cards").mkdir()
    (scripts / "cards/__init__.py").touch()
    (scripts / "cards/build.py").write_text(STAND_IN_FOR_CARDS)
    monkeypatch.chdir(scripts)  # where `python -m cards.build` looks first
    monkeypatch.setattr(standing, "has_card", lambda folder: (folder / "README.md").exists())
    monkeypatch.setattr(sweep, "SCRIPTS", scripts)
    monkeypatch.setattr(sweep, "TICK", 0.02)
    monkeypatch.setattr(hub, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(standing, "RESULTS", tmp_path / "results")

    shop = types.SimpleNamespace(out=tmp_path / "runs", bundled=hub.BUNDLED, results=standing.RESULTS)

    def open_shop(text: str = MINE, name: str = "mine") -> None:
        shop.path, shop.name = write_recipe(text, name), name
        for cell in recipe.read(shop.path):
            finish(cell, scripts / "finished" / cell.name)

    def run(**given) -> None:
        sweep.sweep(sweep.Options(recipe=shop.path, **{"out": shop.out, "train_only": True, **given}))

    def does(cell: str, what: str, how: str = "does") -> None:
        (scripts / f"dcgan-{cell}-cifar10.{how}").write_text(what)

    def calls() -> list[list[str]]:
        """Of the scripts since the last time: cell, process id, whether to resume, threads; or evaluate's options."""
        path = scripts / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.write_text("")
        return [line.replace("dcgan-", "").replace("-cifar10", "").split() for line in lines]

    shop.run, shop.does, shop.calls, shop.open = run, does, calls, open_shop
    open_shop()
    return shop


def names(calls):
    return [call[0] for call in calls]


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


# ---- evaluation and cards


def test_a_trained_cell_is_measured_and_described_and_then_left_alone(shop, capsys):
    folder = shop.out / "mine/dcgan-focal-cifar10"
    shop.run(only="*focal*")
    assert names(shop.calls()) == ["focal"] and not (folder / "metrics.json").exists()
    shop.run(only="*focal*", train_only=False, evaluate="--n 7 --inception-weights 'my file.pt'")
    assert shop.calls() == [
        ["focal:evaluate", "--dataset", "cifar10", "--n", "7", "--inception-weights", "my", "file.pt"]
    ]
    assert (folder / "metrics.json").exists() and (folder / "README.md").exists()
    printed = capsys.readouterr().out
    assert "100 of" not in printed and "evaluation" in printed and "1 done" in printed.splitlines()[-1]
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    shop.run(only="*focal*", train_only=False)
    assert shop.calls() == [] and before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    (folder / "README.md").unlink()
    shop.run(only="*focal*", train_only=False)
    assert shop.calls() == [] and (folder / "README.md").exists()


def test_further_seeds_are_measured_but_get_no_card_and_each_cell_is_brought_to_its_end(shop):
    shop.open(STARTER, "starter-zoo")
    shop.run(only="*vanilla*", train_only=False, bundle=True)
    assert names(shop.calls()) == ["vanilla", "vanilla:evaluate", "vanilla-seed1", "vanilla-seed1:evaluate"]
    assert {"metrics.json", "README.md"} <= files(shop.bundled / "dcgan-vanilla-cifar10")
    kept = files(shop.results / "starter-zoo/dcgan-vanilla-cifar10-seed1")
    assert kept == {"config.json", "history.jsonl", "metrics.json"}
    assert not (shop.out / "starter-zoo/dcgan-vanilla-cifar10-seed1/README.md").exists()


def test_a_failed_evaluation_is_told_apart_and_takes_nothing_from_the_training(shop, capsys):
    shop.open(STARTER, "starter-zoo")
    shop.does("vanilla", "crash", "measures")
    given = {"only": "*vanilla-cifar10", "train_only": False}
    shop.run(**given, bundle=True)
    assert names(shop.calls()) == ["vanilla", "vanilla:evaluate"]
    printed = capsys.readouterr().out
    assert "1 unmeasured" in printed and "failed" not in printed
    assert "evaluation: no file my.pt for --inception-weights\n" in printed
    assert "config.json" in files(shop.bundled / "dcgan-vanilla-cifar10") and not files(shop.results)
    shop.run(**given)
    assert shop.calls() == [] and "1 unmeasured" in capsys.readouterr().out
    shop.run(**given, evaluate="--skip inception")  # may do better
    assert names(shop.calls()) == ["vanilla:evaluate"]
    shop.does("vanilla", "measure", "measures")
    shop.run(**given, evaluate="--skip inception", retry=True)
    assert names(shop.calls()) == ["vanilla:evaluate"]
    assert "1 done" in capsys.readouterr().out.splitlines()[-1]


def test_an_evaluation_that_was_killed_is_done_again_and_the_training_is_not(shop, capsys):
    shop.does("vanilla", "die", "measures")
    shop.run(only="*vanilla*", train_only=False)
    assert names(shop.calls()) == ["vanilla", "vanilla:evaluate"]
    assert "1 stopped" in capsys.readouterr().out
    shop.does("vanilla", "measure", "measures")
    shop.run(only="*vanilla*", train_only=False)
    assert names(shop.calls()) == ["vanilla:evaluate"]


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


# ---- what is kept

STARTER = MINE + '[[cells]]\narchitectures = ["dcgan"]\nlosses = ["vanilla"]\nseeds = [1]\n'


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_finished_starter_models_are_bundled_and_of_all_else_only_figures_are_kept(shop):
    shop.open(STARTER, "starter-zoo")
    shop.does("focal", "crash")
    shop.run(bundle=True)
    whole = {"config.json", "model.safetensors", "history.jsonl", "samples.png", "progress.webp"}
    assert files(shop.bundled) == {
        f"dcgan-{loss}-cifar10/{name}" for loss in ("vanilla", "lsgan") for name in whole
    }
    assert files(shop.results) == {
        "starter-zoo/dcgan-focal-cifar10-seed0/failed.json",
        "starter-zoo/dcgan-focal-cifar10-seed0/history.jsonl",
        "starter-zoo/dcgan-vanilla-cifar10-seed1/config.json",
        "starter-zoo/dcgan-vanilla-cifar10-seed1/history.jsonl",
    }
    kept = shop.results / "starter-zoo/dcgan-vanilla-cifar10-seed1/history.jsonl"
    whole = (shop.out / "starter-zoo/dcgan-vanilla-cifar10-seed1/history.jsonl").read_text().splitlines()
    assert len(kept.read_text().splitlines()) == 100
    assert kept.read_text().splitlines()[-1] == whole[-1]


def test_in_a_fresh_clone_with_the_bundle_nothing_is_left_to_do(shop, capsys):
    shop.open(STARTER, "starter-zoo")
    shop.does("focal", "crash")
    shop.run(bundle=True)
    shop.calls()
    before = {path: path.stat().st_mtime_ns for path in (*shop.bundled.rglob("*"), *shop.results.rglob("*"))}
    for out in (shop.out, shop.out.with_name("fresh")):
        capsys.readouterr()
        shop.run(bundle=True, out=out)
        assert shop.calls() == []
        assert "3 done, 1 failed" in capsys.readouterr().out
    after = {path: path.stat().st_mtime_ns for path in (*shop.bundled.rglob("*"), *shop.results.rglob("*"))}
    assert after == before


def test_measurements_and_cards_follow_their_weights_into_the_bundle_and_out_of_it(shop):
    shop.open(STARTER, "starter-zoo")
    shop.run(bundle=True)
    run, model = shop.out / "starter-zoo/dcgan-vanilla-cifar10", shop.bundled / "dcgan-vanilla-cifar10"
    for name in ("metrics.json", "README.md", "curves.png"):
        (run / name).write_text("measured")
    shop.run(bundle=True)
    assert (model / "metrics.json").exists() and not (model / "state").exists()
    assert (model / "metrics.json").read_text() == "measured"
    changed = recipe.read(shop.path)[0]
    for name in ("metrics.json", "README.md", "curves.png"):
        (run / name).unlink()
    about = checkpoint.read(run)
    checkpoint.write(run, about, {"weight": torch.zeros(4)})  # trained anew
    assert standing.is_result_of(changed, checkpoint.read(run))
    shop.run(bundle=True)
    assert files(model).isdisjoint({"metrics.json", "README.md", "curves.png"})
    assert checkpoint.read(model).weights == checkpoint.read(run).weights


def test_figures_of_the_zoo_are_not_replaced_by_fewer_of_the_same_weights(shop):
    shop.open(STARTER, "starter-zoo")
    shop.run(only="*focal*", train_only=False, bundle=True)
    run, model = shop.out / "starter-zoo/dcgan-focal-cifar10", shop.bundled / "dcgan-focal-cifar10"
    measured = json.loads((run / "metrics.json").read_text())
    further = measured["metrics"] + [{"name": "fid_n50000", "value": 50.5, "n": 50_000, "which": "final"}]
    (model / "metrics.json").write_text(json.dumps(measured | {"metrics": further}))
    (model / "README.md").write_text("a card that tells both")
    before = {name: (model / name).read_bytes() for name in files(model)}
    shop.run(bundle=True, time_limit=0)
    assert {name: (model / name).read_bytes() for name in files(model)} == before
    (run / "metrics.json").write_text(
        json.dumps(measured | {"metrics": [*further, further[0] | {"which": "best"}]})
    )
    shop.run(bundle=True, time_limit=0)
    assert (model / "metrics.json").read_bytes() == (run / "metrics.json").read_bytes()


@pytest.mark.parametrize(
    "path, value",
    [
        ("training.g_steps", 99),
        ("training.batch", 5),
        ("training.lr_d", 1e-3),
        ("training.seed", 1),
        ("training.precision", "bf16"),
        ("training.processes", 2),
        ("architecture.width", 33),
        ("critic.spectral_norm", False),
        ("loss.gamma", 1.0),
        ("dataset.name", "cats64"),
    ],
)
def test_whatever_decides_a_training_tells_its_result_from_another(path, value, shop):
    cell = recipe.read(shop.path)[1]
    finish(cell, shop.out)
    about = json.loads((shop.out / "config.json").read_text())
    assert standing.is_result_of(cell, checkpoint.read(shop.out))
    for key in ("commit", "hardware", "command", "torch_version"):
        about["training"][key] = "another"
    about["training"] |= {"seconds": 9.0, "pictures_per_second": 1.0}
    (shop.out / "config.json").write_text(json.dumps(about))
    assert standing.is_result_of(cell, checkpoint.read(shop.out))
    part, key = path.split(".")
    assert about[part][key] != value
    about[part][key] = value
    (shop.out / "config.json").write_text(json.dumps(about))
    assert not standing.is_result_of(cell, checkpoint.read(shop.out))


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
        parsed = tyro.cli(SCRIPTS["dcgan"].Options, args=arguments)
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


# ---- the real script


def test_a_real_cell_is_trained_measured_described_and_recognised(tmp_path, monkeypatch, write_recipe):
    photos = tmp_path / "My Photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for i in range(8):
        Image.fromarray(rng.integers(0, 255, (28, 28, 3), np.uint8)).save(photos / f"{i}.png")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    text = MINE.replace("kimg = 0.4", "kimg = 0.02\nsnapshot_kimg = 0.02\nwidth = 4\nlatent = 8\nsize = 28")
    text = text.replace("[options]", f"[options]\ndataset = '{photos}'")
    given = {"out": tmp_path / "runs", "only": "*lsgan*", "evaluate": "--skip inception lpips"}
    options = sweep.Options(recipe=write_recipe(text), **given)
    sweep.sweep(options)
    folder = tmp_path / "runs/mine/dcgan-lsgan-my-photos"
    log = (folder / "state/log.txt").read_text()
    assert checkpoint.read(folder).training.kimg == 0.02, log
    assert (folder / "metrics.json").exists() and build.check(folder) is None, log
    (cell,) = (c for c in recipe.read(options.recipe) if c.options.loss == "lsgan")
    assert standing.look(cell, options.out, options.evaluate).state == "done", log
    monkeypatch.setattr(sweep, "SCRIPTS", tmp_path)  # where there is no script to start
    sweep.sweep(options)
    assert standing.look(cell, options.out, options.evaluate).state == "done"
