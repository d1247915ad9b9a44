"""What a run leaves, and what its figures and batches are made of."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import zoo
from tests.train.running.short_runs import history
from train.running import loop
from train.running.options import ASIDE
from train.running.tally import Tally
from zoo.step import Batch

# ---- what a run leaves

EVERY_LINE = {"kimg", "g_steps", "grad_norm_g", "seconds"}
CRITICS = {"d_loss", "g_loss", "penalty", "d_real", "d_fake", "d_accuracy", "score_gap_sd", "grad_norm_d"}
CRITICS |= {"d_loss_peak", "g_loss_peak"}


@pytest.mark.parametrize(
    "name, loss, keys",
    [
        ("dcgan", "vanilla", CRITICS),
        ("dcgan", "began", CRITICS | {"k", "convergence"}),
        ("pix2pix", "focal", CRITICS | {"l1", "adversarial_to_l1"}),
        ("pix2pix", "none", {"l1"}),
    ],
)
def test_a_line_of_history_holds_what_applies_as_finite_numbers(name, loss, keys, run):
    rows = history(run(name, loss=loss, augment="none"))  # what it adds: test_augmented_runs.py
    assert all(row.keys() == EVERY_LINE | keys for row in rows)
    assert all(isinstance(v, int | float) and math.isfinite(v) for row in rows for v in row.values())
    assert [row["g_steps"] for row in rows] == [5, 10, 15, 20, 25, 30, 35, 40]
    assert [row["kimg"] for row in rows] == pytest.approx([0.02 * i for i in range(1, 9)])
    assert all(a["seconds"] < b["seconds"] for a, b in pairwise(rows))


def test_a_run_leaves_a_checkpoint_and_how_it_came_to_be(run, tmp_path):
    out = run(loss="wgan", loss_fields=("clip=0.02",), kimg=0.1, snapshot_kimg=None, log_kimg=None)
    assert {p.name for p in out.iterdir()} == {
        "config.json",
        "model.safetensors",
        "critic.safetensors",
        "history.jsonl",
        "samples.png",
        "progress.webp",
        "state",
    }
    along = sorted((out / "state/snapshots").iterdir())
    assert [int(folder.name) for folder in along] == [1, 2, 3, 4, 5]
    for name in ("config.json", "model.safetensors", "samples.png"):
        assert (along[-1] / name).read_bytes() == (out / name).read_bytes()
    assert len({(folder / "samples.png").read_bytes() for folder in along}) == 5
    assert zoo.load(along[0]).config.training.g_steps == 1
    assert Image.open(out / "samples.png").size == (256, 256)
    assert Image.open(out / "progress.webp").n_frames > 1

    config = zoo.info(out).config
    assert config.id == "dcgan-wgan-photos" and config.loss == {"name": "wgan", "clip": 0.02}
    assert (config.dataset.pictures, config.dataset.labels) == (24, ("a", "b"))
    told = {"loss_fields": ["clip=0.02"], "critic_steps": None, "dataset": "./photos", "betas": [0.5, 0.999]}
    assert told.items() <= config.options.items() and not config.options.keys() & {*ASIDE}
    training = config.training
    assert (training.kimg, training.g_steps, training.critic_steps) == (0.1, 5, 5)
    assert (training.processes, training.batch) == (1, 4)
    public = [p for p in out.rglob("*") if p.is_file() and p.suffix != ".pt"]
    assert not any(str(tmp_path.parent).encode() in p.read_bytes() for p in public)


def test_by_default_it_lies_in_runs_and_loads_by_its_relative_path(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(loss="focal", out=None) == Path("runs/dcgan-focal-photos")
    assert zoo.load("runs/dcgan-focal-photos").sample(2).shape == (2, 3, 32, 32)
    assert 'zoo.load("runs/dcgan-focal-photos")' in capsys.readouterr().out
    run(out=Path("here"))
    assert 'zoo.load("./here")' in capsys.readouterr().out
    assert zoo.load("./here").sample(2).shape == (2, 3, 32, 32)


def test_averaged_weights_are_saved_and_not_the_raw_ones(run):
    out = run(ema_kimg=10)
    saved, state = load_file(out / "model.safetensors"), torch.load(out / "state/state.pt")
    weights = [name for name in saved if name.endswith((".weight", ".bias"))]
    for name in weights:
        torch.testing.assert_close(saved[name].float(), state["average"][name], atol=1e-3, rtol=1e-3)
    assert all((saved[name] - state["generator"][name]).abs().max() > 1.5e-3 for name in weights)


def test_learning_rates_fall_from_the_given_fraction_on(run, each_step):
    rates = []
    each_step(
        lambda step, game, batches: rates.append(
            [float(o.param_groups[0]["lr"]) for o in (game.optimiser_g, game.optimiser_d)]
        )
    )
    run(lr=0.01, critic_lr=0.03, lr_decay_from=0.5)
    factors = [1.0] * 20 + [1 - i / 20 for i in range(20)]
    assert np.allclose(rates, [[0.01 * f, 0.03 * f] for f in factors])
    rates.clear()
    run(out="constant", lr=0.01)
    assert rates == [[0.01, 0.01]] * 40


class Processes:
    """As many as there are `others`, whose sums are known: what Tally needs of accelerate."""

    def __init__(self, *others):
        self.others, self.num_processes = others, 1 + len(others)

    def reduce(self, tensor, how):
        assert how == "mean"
        return torch.stack([tensor, *self.others]).mean(0)

    def gather(self, tensor):
        """With the others: of the steps that were bad none, of sizes as many and half as large."""
        if tensor.ndim == 1:
            return torch.cat([tensor, torch.full((len(self.others),), math.inf)])
        return torch.cat([tensor / 2 for _ in self.others] + [tensor])


def test_the_gaps_deviation_is_that_of_all_pairs_of_the_interval_and_of_all_processes():
    rng = np.random.default_rng(0)
    gaps = rng.normal(3, 2, size=(2, 5, 4)).astype(np.float32)  # processes, steps, pictures

    def tally(of):
        made = Tally(torch.device("cpu"))
        for step, gap in enumerate(of):
            scalars = {"gap": gap.mean(), "gap_squared": (gap**2).mean(), "d_loss": gap.max()}
            made.add(step, {k: torch.tensor(v) for k, v in scalars.items()})
        return made

    values, bad_step = tally(gaps[0]).read(Processes())
    assert values.keys() == {"score_gap_sd", "d_loss", "d_loss_peak"} and bad_step is None
    assert values["score_gap_sd"] == pytest.approx(gaps[0].std(), rel=1e-4)
    assert values["d_loss"] == pytest.approx(gaps[0].max(1).mean(), rel=1e-5)
    other = tally(gaps[1])
    values, _ = tally(gaps[0]).read(Processes(other.sums))
    assert values["score_gap_sd"] == pytest.approx(gaps.std(), rel=1e-4)
    made = tally(gaps[0])
    made.read(Processes())
    made.add(9, {"gap": torch.tensor(1.0), "gap_squared": torch.tensor(1.0)})
    assert made.read(Processes())[0] == {"score_gap_sd": 0.0}  # an interval forgets the last


def test_a_step_that_leaps_is_seen_beside_the_mean_that_hides_it_and_after_a_stop():
    def tally(losses, part=None):
        made = Tally(torch.device("cpu"), part)
        for step, loss in enumerate(losses):
            made.add(step, {"d_loss": torch.tensor(loss), "penalty": torch.tensor(9.0)})
        return made

    for others in ((), (torch.tensor([0.0, 9.0]),)):
        values, _ = tally([1.0, -300.0, 1.0, 1.0]).read(Processes(*others))
        assert values["d_loss_peak"] == 300 and "penalty_peak" not in values
    assert tally([1.0], tally([-300.0, 1.0]).part()).read(Processes())[0]["d_loss_peak"] == 300
    older = {name: value for name, value in tally([2.0]).part().items() if name != "peaks"}
    assert tally([1.0], older).read(Processes())[0]["d_loss_peak"] == 1  # which had none


# ---- small parts


def test_seeds_of_neighbours_have_nothing_in_common():
    seeds = [loop.seed_of(a, b, c) for a in range(4) for b in range(4) for c in range(40)]
    assert len(set(seeds)) == len(seeds) and all(0 <= seed < 2**63 for seed in seeds)
    first = [torch.randn((), generator=torch.Generator().manual_seed(seed)).item() for seed in seeds]
    assert abs(np.mean(first)) < 0.15 and abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.15


def test_a_batch_is_real_pictures_their_labels_and_noise_of_the_steps_own_generator(run, each_step):
    batches = []
    each_step(lambda step, game, drawn: batches.extend(drawn))
    run("cdcgan", loss="wgan")
    assert len(batches) == 40 and all(isinstance(batch, Batch) for batch in batches)
    noise = torch.cat([batch.latents for batch in batches])
    assert len(noise.unique(dim=0)) == len(noise) == 160  # other noise for each critic step
    assert abs(noise.mean()) < 0.1 and noise.std().item() == pytest.approx(1, abs=0.1)
    for batch in batches:
        assert batch.real.shape == (4, 3, 32, 32) and -1 <= batch.real.min() < batch.real.max() <= 1
        assert batch.condition.shape == (4,) and set(batch.condition.tolist()) <= {0, 1}
