from dataclasses import dataclass

import numpy as np
import pytest
import torch

from train.reading.decoded import Pictures
from train.running.cell import Cell, build_game, rules
from train.running.loop import Schedule
from train.running.options import NoiseOptions
from zoo.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Options(NoiseOptions):
    batch: int = 32
    latent: int = 8
    width: int = 4


def make_cell(tiny_fields, *, processes=1, name="dcgan", **given):
    options = Options(**given)
    pictures = Pictures("toy", "toy", None, "train", np.zeros((8, 3, 28, 28), np.uint8))
    return Cell(name, "dcgan.py", options, rules(name, options), pictures, tiny_fields(name), processes)


# ---- the budget


def test_losses_with_more_critic_steps_take_fewer_generator_steps_for_the_same_pictures(tiny_fields):
    cells = {loss: make_cell(tiny_fields, loss=loss, kimg=16) for loss in ("vanilla", "wgan", "wgan-gp")}
    totals = {loss: Schedule.of(cell).total for loss, cell in cells.items()}
    assert totals == {"vanilla": 500, "wgan": 100, "wgan-gp": 100}
    assert {totals[loss] * cell.pictures_per_step for loss, cell in cells.items()} == {16_000}
    chosen = make_cell(tiny_fields, loss="vanilla", kimg=16, critic_steps=5, processes=2)
    assert Schedule.of(chosen).total == 50
    exact = make_cell(
        tiny_fields, loss="vanilla", kimg=30, critic_steps=5, batch=12
    )  # 1000 / 60 is no whole number
    assert Schedule.of(exact).total == 500


@pytest.mark.parametrize(
    "given, every",
    [({}, (51, 3)), ({"snapshot_kimg": 0.064}, (2, 2)), ({"snapshot_kimg": 0.32, "log_kimg": 1}, (10, 10))],
)
def test_a_snapshot_as_often_as_it_is_asked_for_and_an_interval_no_longer(tiny_fields, given, every):
    schedule = Schedule.of(make_cell(tiny_fields, kimg=16, **given))
    assert (schedule.snapshot_every, schedule.log_every) == every


# ---- the average


@pytest.mark.parametrize("given", [{}, {"loss": "wgan"}, {"batch": 4}, {"processes": 2}])
@pytest.mark.parametrize("kimg, half_life", [(40, 2_000), (200, 10_000), (1000, 10_000)])
def test_the_average_forgets_half_in_a_number_of_pictures(kimg, half_life, given, tiny_fields):
    cell = make_cell(tiny_fields, kimg=kimg, **given)
    decay = build_game(cell, "float32", "contiguous", torch.device("cpu")).ema_decay
    assert decay ** (half_life / cell.pictures_per_step) == pytest.approx(0.5)


def test_the_half_life_can_be_chosen(tiny_fields):
    cell = make_cell(tiny_fields, kimg=40, ema_kimg=0.32)
    game = build_game(cell, "float32", "contiguous", torch.device("cpu"))
    assert game.ema_decay**10 == pytest.approx(0.5)


# ---- the players


@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_the_seed_alone_decides_the_weights_that_a_run_begins_with(memory_format, tiny_fields):
    def game(seed, **given):
        torch.rand(3)  # whatever was drawn before
        cell = make_cell(tiny_fields, seed=seed, **given)
        return build_game(cell, "float32", memory_format, torch.device("cpu"))

    one, again, other = game(1), game(1, processes=2), game(2)
    for net in ("generator", "critic"):
        states = [getattr(g, net).state_dict().values() for g in (one, again, other)]
        assert all(map(torch.equal, states[0], states[1])) and not all(map(torch.equal, states[0], states[2]))
    assert all(map(torch.equal, one.average.parameters(), one.generator.parameters()))
    assert not any(p.requires_grad for p in one.average.parameters())


@pytest.mark.parametrize(
    "given, words",
    [
        ({"loss": "wgan", "spectral_norm": True}, "choose one"),
        ({"loss": "dragan", "critic_norm": "batch"}, "use --critic-norm layer, instance or none"),
        (
            {"loss": "focal", "critic_norm": "batch", "penalty": "r1"},
            "use --critic-norm layer, instance or none",
        ),
        ({"loss": "began", "name": "cdcgan"}, "no place for a class"),
        ({"loss": "focal", "penalty_weight": 2.0}, "--penalty-weight needs --penalty"),
        ({"loss": "focal", "loss_fields": ("gamma=much",)}, "'gamma=much'"),
    ],
)
def test_what_may_not_be_combined_is_refused_from_the_options(given, words, tiny_fields):
    with pytest.raises(Refused, match=words):
        make_cell(tiny_fields, **given)
