"""Constants that no figure would betray: whatever a source names, as it reaches the players, their data and weights."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch

from train.reading.data import Raw
from train.reading.decoded import Pictures
from train.running import averaging, cell, loop
from train.running.cell import Cell, build_game, rules
from zoo.architectures import ARCHITECTURES

STATISTICS = averaging.PICTURES  # before the room's fixture makes it small
CPU = torch.device("cpu")


@pytest.fixture
def make_cell(tiny_fields):
    """A cell by its script's own options, on 80 pictures of noise."""

    def make(script: str, name: str | None = None, **given) -> Cell:
        name = name or script
        options = import_module(f"train.{script}").Options(**{"width": 4, **given})
        fields, rng = tiny_fields(name), np.random.default_rng(0)
        shape = (fields["channels"], fields["size"], fields["size"])
        images = rng.integers(256, size=(80, *shape), dtype=np.uint8)
        translates = ARCHITECTURES[name].kind == "translation"
        maps = rng.integers(256, size=(80, 3, *shape[1:]), dtype=np.uint8) if translates else None
        labels = np.arange(80) % 4 // 3 if fields.get("classes") else None  # a quarter of the second class
        pictures = Pictures("toy", "toy", None, "train", images, labels, maps=maps)
        return Cell(name, f"{script}.py", options, rules(name, options), pictures, fields, 1)

    return make


def game_of(of: Cell):
    return build_game(of, "float32", "contiguous", CPU)


# ---- the players


@pytest.mark.parametrize("program", ["dcgan", "pix2pix"])
def test_both_players_get_adam_with_the_rates_that_were_asked_for_and_nothing_more(program, make_cell):
    game = game_of(make_cell(program, lr=0.003, critic_lr=0.007, betas=(0.3, 0.9)))
    for optimiser, lr in ((game.optimiser_g, 0.003), (game.optimiser_d, 0.007)):
        assert type(optimiser) is torch.optim.Adam
        (group,) = optimiser.param_groups
        assert (float(group["lr"]), group["betas"], group["eps"]) == (lr, (0.3, 0.9), 1e-8)
        assert (group["weight_decay"], group["amsgrad"], group["maximize"]) == (0, False, False)


def test_pix2pix_halves_its_critics_loss_and_adds_the_weighted_l1_and_no_other_family_does(make_cell):
    game = game_of(make_cell("pix2pix"))
    assert (game.d_weight, game.l1_weight) == (0.5, 100)
    assert game_of(make_cell("pix2pix", l1_weight=7.0)).l1_weight == 7
    for name in ("dcgan", "convgan", "sngan"):
        game = game_of(make_cell(name))
        assert (game.d_weight, game.l1_weight) == (1, 0)


@pytest.mark.parametrize(("size", "pixels"), [(256, 30), (64, 8), (32, 4)])
def test_pairs_are_enlarged_by_the_same_share_at_any_size(size, pixels, make_cell, monkeypatch):
    """By 30 pixels whatever the size, nets of 32 learned from pairs twice as large as those they then translate."""
    images = np.zeros((1, 3, size, size), np.uint8)
    made = make_cell("pix2pix")
    made = replace(made, pictures=replace(made.pictures, images=images, maps=images))
    seen = []
    monkeypatch.setattr(loop.data, "augment", lambda raw, rng, *, mirror, jitter: seen.append(jitter) or raw)
    loop.prepare(made, Raw(torch.from_numpy(images), None), torch.Generator())
    assert seen == [made.jitter] == [pixels]


def test_pix2pix_keeps_batch_statistics_in_use_and_no_other_family_does_and_none_keeps_dropout(make_cell):
    kept = cell.inference(make_cell("pix2pix"))
    assert (kept.statistics, kept.dropout) == ("batch", False)
    other = cell.inference(make_cell("dcgan"))
    assert (other.statistics, other.dropout) == ("running", False)


@pytest.mark.parametrize(
    ("program", "sources"),
    [
        # DCGAN's momentum; widths and rates are the zoo's own protocol (train/recipes/protocol.toml)
        ("dcgan", {"betas": (0.5, 0.999), "lr": 4e-4, "batch": 16, "kimg": 300, "latent": 128, "width": 32}),
        ("convgan", {"betas": (0.5, 0.999), "lr": 4e-4, "batch": 16, "dataset": "fashion-mnist"}),
        # Miyato et al. 2018
        ("sngan", {"betas": (0.0, 0.9), "loss": "hinge", "lr": 4e-4, "batch": 32}),
        # Isola et al. 2017: 286 → 256 pixels, mirrored, λ = 100, one critic step, pictures one at a time
        ("pix2pix", {"betas": (0.5, 0.999), "lr": 2e-4, "batch": 1, "l1_weight": 100.0, "jitter": 30,
                     "mirror": True, "critic_steps": 1, "loss": "vanilla"}),
    ],
)  # fmt: skip
def test_without_options_a_script_trains_as_its_source_does(program, sources):
    options = import_module(f"train.{program}").Options()
    assert {name: getattr(options, name) for name in sources} == sources
    assert (options.lr_decay_from, options.critic_lr, options.ema_kimg, options.seed) == (1.0, None, None, 0)
    assert options.mirror == (program == "pix2pix")


# ---- what the seed decides


def test_noise_and_order_of_pictures_are_the_seeds(run, each_step):
    def drawn(seed, out):
        batches = []
        each_step(lambda step, game, given: batches.extend(given))
        run("cdcgan", out=out, seed=seed, kimg=0.048, snapshot_kimg=None)
        return torch.cat([b.latents for b in batches]), torch.cat([b.real for b in batches])

    (noise, real), (again, real_again), (other, real_other) = drawn(1, "a"), drawn(1, "b"), drawn(2, "c")
    assert torch.equal(noise, again) and torch.equal(real, real_again)
    assert len(torch.cat([noise, other]).unique(dim=0)) == len(noise) + len(other)
    assert not torch.equal(real, real_other)  # the same pictures in another order: two epochs of 24
    ordered = (x[:24].flatten(1).double().sum(1).sort().values for x in (real, real_other))
    assert torch.equal(*ordered)


# ---- what is saved


def test_batch_norms_statistics_come_from_ten_thousand_different_latents(make_cell, monkeypatch):
    monkeypatch.setattr(averaging, "PICTURES", STATISTICS)
    chunks = list(averaging.inputs(make_cell("dcgan", "cdcgan", conditional=True), CPU))
    z, labels = (torch.cat(part) for part in zip(*chunks, strict=True))
    assert len(z) == len(z.unique(dim=0)) == len(labels) == 10_000
    assert labels.double().mean().item() == pytest.approx(0.25, abs=0.02)  # as the data has them
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02


def test_a_translators_statistics_come_from_64_maps_one_at_a_time(make_cell):
    chunks = list(averaging.inputs(make_cell("pix2pix"), CPU))
    assert len(chunks) == 64 and all(z is None and len(maps) == 1 for z, maps in chunks)
    assert len(torch.cat([maps for _, maps in chunks]).unique(dim=0)) > 30


@pytest.mark.parametrize(("levels", "halves"), [(0.9, True), (1.1, False)])
def test_weights_are_halved_only_while_pictures_change_by_less_than_a_grey_level(
    levels, halves, make_cell, monkeypatch
):
    pictures = iter([torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), levels / 127.5)])
    monkeypatch.setattr(averaging, "as_used", lambda cell, net: lambda z, condition: next(pictures))
    of = make_cell("dcgan")
    tensors, change = averaging.halved(of, game_of(of).average)
    kinds = {t.dtype for t in tensors.values() if t.is_floating_point()}
    assert kinds == {torch.float16 if halves else torch.float32}
    assert change == pytest.approx(levels if halves else 0.0, rel=1e-5)
