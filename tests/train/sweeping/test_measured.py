"""Training, evaluation and card, one after another."""

import numpy as np
import pytest
from PIL import Image

from cards import build
from tests.train.sweeping.stand_ins import MINE, STARTER, files, names
from train import sweep
from train.sweeping import recipe, status
from zoo import checkpoint


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


@pytest.mark.parametrize("how", ["die", "stop"])
def test_an_evaluation_that_was_killed_is_done_again_and_the_training_is_not(how, shop, capsys):
    shop.does("vanilla", how, "measures")
    shop.run(only="*vanilla*", train_only=False)
    assert names(shop.calls()) == ["vanilla", "vanilla:evaluate"]
    assert "1 stopped" in capsys.readouterr().out
    shop.does("vanilla", "measure", "measures")
    shop.run(only="*vanilla*", train_only=False)
    assert names(shop.calls()) == ["vanilla:evaluate"]


# ---- the real scripts


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
    assert status.look(cell, options.out, options.evaluate).state == "done", log
    monkeypatch.setattr(sweep, "SCRIPTS", tmp_path)  # where there is no script to start
    sweep.sweep(options)
    assert status.look(cell, options.out, options.evaluate).state == "done"
