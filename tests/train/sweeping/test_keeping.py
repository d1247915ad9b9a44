"""What is kept of a cell in the source tree."""

import json
from dataclasses import replace

import pytest
import torch

from cards import runs
from cards.measures import OTHER_SEED
from tests.train.sweeping.stand_ins import (
    STARTER,
    files,
    finish,
)
from train.running.comparing import differ_in_seed_alone, is_run_of
from train.running.options import as_recorded, check, completed
from train.sweeping import recipe
from zoo import checkpoint, measurements, names
from zoo.architectures import ARCHITECTURES


def test_whatever_is_kept_records_the_options_of_its_script():
    folders = [*names.BUNDLED.glob("*/config.json"), *runs.RESULTS.glob("*/*/config.json")]
    for config in map(checkpoint.read, (path.parent for path in folders)):
        kind = recipe.options_of(ARCHITECTURES[config.architecture["name"]].script)
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in config.options.items()}
        given = {"from_" if k == "from" else k: v for k, v in given.items()}  # a word of Python's
        options = kind(**given)  # or one of them is not an option of this script
        check(options)
        assert as_recorded(options) == completed(config.options, kind), config.id
    assert len(folders) > 70


def test_an_option_that_came_later_does_not_undo_what_was_trained_before(shop):
    cell = recipe.read(shop.path)[1]
    finish(cell, shop.out)
    about = json.loads((shop.out / "config.json").read_text())
    del about["options"]["cuda_graphs"]
    (shop.out / "config.json").write_text(json.dumps(about))
    assert is_run_of(checkpoint.read(shop.out), cell.architecture, cell.options)


def test_a_cell_that_begins_with_another_model_is_done_when_it_is_trained(shop):
    """Its config records the hashes of what it began with, which no recipe knows."""
    cell = recipe.read(shop.path)[1]
    finish(cell, shop.out)
    about = json.loads((shop.out / "config.json").read_text())
    about["options"] |= {"from": "./first", "from_sha256": ["a" * 64]}
    (shop.out / "config.json").write_text(json.dumps(about))
    given, planned = checkpoint.read(shop.out), replace(cell.options, from_="./first")
    assert is_run_of(given, cell.architecture, planned)
    assert is_run_of(given, cell.architecture, replace(planned, from_sha256=("a" * 64,)))
    assert not is_run_of(given, cell.architecture, replace(planned, from_sha256=("b" * 64,)))
    assert not is_run_of(given, cell.architecture, replace(planned, from_="./second"))
    assert not is_run_of(given, cell.architecture, cell.options)


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
    seed = "starter-zoo/dcgan-vanilla-cifar10-seed1/history.jsonl"
    assert (shop.results / seed).read_bytes() == (shop.out / seed).read_bytes()


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
    assert is_run_of(checkpoint.read(run), changed.architecture, changed.options)
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


def test_a_bundled_model_tells_what_its_other_seeds_came_to(shop):
    shop.open(STARTER, "starter-zoo")
    shop.run(only="dcgan-vanilla-cifar10", train_only=False, bundle=True)
    model = shop.bundled / "dcgan-vanilla-cifar10"
    assert len(measurements.read_metrics(model).rows) == 1
    shop.run(only="dcgan-vanilla-*", train_only=False, bundle=True)
    own, other = measurements.read_metrics(model).rows
    assert own["which"] == "final" and other == own | {"which": "other seed"}
    assert "| 55.5 | 55.5 ± 0.0 (2) |" in (model / "README.md").read_text()
    before = {path: path.stat().st_mtime_ns for path in model.iterdir()}
    shop.run(only="dcgan-vanilla-*", train_only=False, bundle=True)
    assert {path: path.stat().st_mtime_ns for path in model.iterdir()} == before
    run = shop.out / "starter-zoo/dcgan-vanilla-cifar10/metrics.json"
    measured = json.loads(run.read_text())
    kid = {"name": "kid_n10", "value": 0.5, "n": 10, "which": "final"}
    run.write_text(json.dumps(measured | {"metrics": [*measured["metrics"], kid]}))
    shop.run(only="dcgan-vanilla-*", bundle=True)
    assert measurements.read_metrics(model).rows == [own, kid, other]


def test_another_seed_by_another_protocol_is_another_cell(shop):
    shop.open(STARTER, "starter-zoo")
    shop.run(train_only=False, bundle=True)
    (cell,) = [c for c in recipe.read(shop.path) if c.name == "dcgan-vanilla-cifar10"]
    first, second = (checkpoint.read(path) for path in (
        shop.bundled / cell.id, shop.results / "starter-zoo" / f"{cell.id}-seed1"))  # fmt: skip
    kind = type(cell.options)
    assert differ_in_seed_alone(first, second, kind)
    assert not differ_in_seed_alone(first, first, kind)
    longer = replace(second, training=replace(second.training, kimg=2.0))
    assert not differ_in_seed_alone(first, longer, kind)
    older = replace(
        first, options={k: v for k, v in first.options.items() if k not in ("augment", "holdout")}
    )
    assert differ_in_seed_alone(older, second, kind)  # options have come since
    watched = replace(second, options=second.options | {"log_kimg": 0.25})
    assert differ_in_seed_alone(first, watched, kind)
    augmented = replace(second, options=second.options | {"augment": "0.2"})
    assert not differ_in_seed_alone(older, augmented, kind)


def test_every_model_that_is_bundled_tells_of_all_its_other_seeds():
    for folder in (runs.RESULTS / "starter-zoo").glob("*-seed[12]"):
        model = names.BUNDLED / folder.name.rpartition("-seed")[0]
        weights = checkpoint.read(folder).weights.sha256
        told = [row for row in measurements.read_metrics(model).rows if row.get("which") == OTHER_SEED]
        assert weights in {row["weights_sha256"] for row in told}, folder.name


@pytest.mark.parametrize(
    "path, value",
    [
        ("training.kimg", 0.396),
        ("training.critic_steps", 2),
        ("training.processes", 2),
        ("architecture.name", "cdcgan"),
        ("critic.spectral_norm", False),
        ("loss.gamma", 1.0),
        ("dataset.name", "cats64"),
        ("options.kimg", 0.8),
        ("options.batch", 5),
        ("options.critic_lr", 1e-3),
        ("options.seed", 1),
        ("options.precision", "bf16"),
        ("options.width", 33),
        ("options.loss_fields", ["gamma=2"]),
        ("options.betas", [0.5, 0.9]),
    ],
)
def test_whatever_decides_a_training_tells_its_result_from_another(path, value, shop):
    cell = recipe.read(shop.path)[1]
    finish(cell, shop.out)
    about = json.loads((shop.out / "config.json").read_text())
    assert is_run_of(checkpoint.read(shop.out), cell.architecture, cell.options)
    for key in ("commit", "hardware", "command", "torch_version"):
        about["training"][key] = "another"
    about["training"] |= {"seconds": 9.0, "pictures_per_second": 1.0}
    about["options"] |= {"snapshot_kimg": 0.1, "log_kimg": 0.05}  # which may change when it is resumed
    (shop.out / "config.json").write_text(json.dumps(about))
    assert is_run_of(checkpoint.read(shop.out), cell.architecture, cell.options)
    part, key = path.split(".")
    assert about[part][key] != value
    about[part][key] = value
    (shop.out / "config.json").write_text(json.dumps(about))
    assert not is_run_of(checkpoint.read(shop.out), cell.architecture, cell.options)
