"""Whatever is bundled loads by its id, draws the pictures that it drew, and is no larger than it may be."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import zoo
from train.running.folder import samples
from zoo import facades

CHECKPOINTS = Path(zoo.__file__).parent / "checkpoints"
BUNDLED = sorted(path.parent.name for path in CHECKPOINTS.glob("*/config.json"))


def test_the_starter_models_are_there():
    assert {"dcgan-focal-cifar10", "dcgan-vanilla-cifar10"} <= set(BUNDLED)
    assert zoo.list_models() == BUNDLED


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_draws_finite_varied_pictures_the_same_each_time(name):
    model = zoo.load(name)
    if model.kind == "translation":
        maps = [facades.random_building(seed) for seed in (0, 1)]
        first, other = (torch.tensor(list(model.translate(picture).tobytes())) for picture in maps)
        again = torch.tensor(list(model.translate(maps[0]).tobytes()))
        assert first.float().std() > 10
    else:
        first, other = model.sample(4, seed=0), model.sample(4, seed=1)
        again = model.sample(4, seed=0)
        assert first.isfinite().all() and first.abs().max() <= 1 and first.std() > 0.1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_draws_its_own_samples_again(name):
    """The picture that its training saved: nets, latents, classes, façades and grid are as they were then."""
    model = zoo.load(name)
    inputs = [facades.random_building(seed) for seed in range(6)] if model.kind == "translation" else []
    now, then = samples(model, inputs), Image.open(CHECKPOINTS / name / "samples.png")
    assert (now.mode, now.size) == (then.mode, then.size)
    now, then = (np.asarray(picture, np.int16) for picture in (now, then))
    assert abs(now - then).max() <= 1, f"{(abs(now - then) > 1).mean():.1%} of the values differ"


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_folder_is_small_and_holds_no_state(name):
    folder, config = CHECKPOINTS / name, zoo.info(name).config
    size = config.dataset.size
    assert config.weights.bytes <= (2.5e6 if size <= 32 else 5e6 if size <= 64 else 7e6)
    assert config.weights.rounding < 1
    rest = sum(path.stat().st_size for path in folder.rglob("*") if path.name != "model.safetensors")
    assert rest <= 0.35e6  # progress.webp is lossless: 90 kB
    assert {path.name for path in folder.iterdir()} <= {
        "README.md",
        "config.json",
        "curves.png",
        "history.jsonl",
        "metrics.json",
        "model.safetensors",
        "progress.webp",
        "samples.png",
    }


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_says_how_it_came_to_be(name):
    config = zoo.info(name).config
    training = config.training
    assert config.id == name == f"{config.architecture['name']}-{config.loss['name']}-{config.dataset.name}"
    assert training.commit and not training.commit.endswith("-dirty")
    assert training.command.startswith("accelerate launch train/")
    told = (config.options["loss"], config.options["seed"], config.options["lr"], config.options["batch"])
    assert told == (config.loss["name"], training.seed, training.lr_g, training.batch)
    lines = [json.loads(line) for line in (CHECKPOINTS / name / "history.jsonl").read_text().splitlines()]
    assert lines[-1]["g_steps"] == training.g_steps
    assert lines[-1]["kimg"] == pytest.approx(training.kimg, rel=1e-4)
