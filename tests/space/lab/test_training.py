"""Toy GANs: trained as each would be alone, by the zoo's own step; the same seed gives the same run."""

import copy
import json
import threading

import pytest
import torch
from torch import nn

from space.lab import frames, shapes, training
from space.lab.training import Setting, Training
from zoo import losses
from zoo.step import Batch, Game, play

FEW = {name: losses.get(name) for name in ("vanilla", "dragan", "wgan-gp")}


def setting(of=None, **more) -> Setting:
    return Setting(of or FEW, shapes.shape("ring"), **more)


@pytest.fixture(scope="module")
def played():
    """All ten losses after three steps, and what each step was played with."""
    calls, true = [], training.play

    def watched(game, batches, rng):
        calls.append((game, batches, rng.clone_state()))
        return true(game, batches, rng)

    trained = Training(setting({name: losses.get(name) for name in losses.LOSSES}, seed=5))
    before = copy.deepcopy([side.game for side in trained.sides])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "play", watched)
        trained.run(3)
    return trained, before, calls


class Points(nn.Module):
    """A plain generator of points."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, z, condition=None):
        return self.net(z)[..., None, None]


class Scores(Points):
    """A plain critic of them; an autoencoder's scores are its errors."""

    def __init__(self, net: nn.Module, errors: bool):
        super().__init__(net)
        self.errors = errors

    def forward(self, x, condition=None):
        x = x.flatten(1)
        return (self.net(x) - x).abs().mean(1) if self.errors else self.net(x)[:, 0]


def plain(nets, i: int) -> nn.Sequential:
    """The i-th net alone, of the layers that everybody uses."""
    layers = []
    for weight, bias in zip(nets.weights, nets.biases, strict=True):
        layer = nn.Linear(*weight.shape[1:])
        layer.weight.data, layer.bias.data = weight[i].detach().t().clone(), bias[i, 0].detach().clone()
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("name", losses.LOSSES)
def test_side_by_side_each_is_trained_as_alone_on_plain_nets(played, name):
    trained, before, calls = played
    (s,) = [s for s, side in enumerate(trained.sides) if name in side.names]
    i, side, loss = trained.sides[s].names.index(name), trained.sides[s], losses.get(name)
    generator = Points(plain(before[s].generator.nets, i))
    critic = Scores(plain(before[s].critic.nets, i), loss.control == "autoencoder")
    game = Game(
        generator, critic, copy.deepcopy(generator).requires_grad_(False),
        *[training.OPTIMISERS["adam"](net.parameters()) for net in (generator, critic)],
        loss, loss.penalty,
    )  # fmt: skip
    mine = [(batches, rng) for of, batches, rng in calls if of is side.game]
    assert len(mine) == 3 and all(len(batches) == loss.critic_steps for batches, _ in mine)
    for batches, rng in mine:
        play(game, [Batch(b.real[:, 2 * i : 2 * i + 2], None, b.latents) for b in batches], rng)
    pairs = (generator, side.game.generator), (critic, side.game.critic), (game.average, side.game.average)
    for alone, together in pairs:
        for mine, theirs in zip(alone.net.parameters(), plain(together.nets, i).parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)
    start = plain(before[s].generator.nets, i)
    assert not any(map(torch.equal, generator.parameters(), start.parameters()))


def test_all_see_the_same_latents_and_data_at_each_step(played):
    trained, _, calls = played
    for step in range(3):
        last = [
            batches[-1]
            for _, batches, _ in calls[step * len(trained.sides) : (step + 1) * len(trained.sides)]
        ]
        assert len(last) == len(trained.sides) > 1
        for batch in last:
            assert torch.equal(batch.latents, last[0].latents)
            assert torch.equal(batch.real[:, :2], last[0].real[:, :2])


def test_two_sides_are_trained_at_a_time(monkeypatch):
    both = threading.Barrier(2, timeout=20)  # raises where one waits for the other's end
    monkeypatch.setattr(training, "play", lambda *_: both.wait())
    Training(setting({name: losses.get(name) for name in ("vanilla", "wgan")})).run(1)


def test_only_clipped_critics_are_clipped(played):
    trained, _, _ = played
    (side,) = [side for side in trained.sides if "wgan" in side.names]
    most = [max(p[i].abs().max() for p in side.critics.parameters()) for i in range(len(side.names))]
    assert most[side.names.index("wgan")] <= 0.01 < most[side.names.index("wgan-gp")]


def test_a_seed_gives_the_same_run_however_it_is_cut():
    runs = [Training(setting(seed=seed)) for seed in (3, 3, 4)]
    runs[0].run(4)
    for steps in (1, 3):
        runs[1].run(steps)
    runs[2].run(4)
    shown = [frames.packed(run) for run in runs]
    assert shown[0] == shown[1] != shown[2]


@pytest.mark.parametrize("optimiser", training.OPTIMISERS)
def test_a_lead_moves_the_critics_alone(optimiser):
    run = Training(setting(optimiser=optimiser, lead=2))
    before = [copy.deepcopy(side.game) for side in run.sides]
    assert run.steps == -2
    run.run(2)
    assert run.steps == 0
    for side, old in zip(run.sides, before, strict=True):
        assert all(map(torch.equal, side.game.generator.parameters(), old.generator.parameters()))
        first, *_ = zip(side.critics.parameters(), old.critic.parameters(), strict=True)
        assert not torch.equal(*first)


def test_the_arrows_are_each_points_own_slope_of_the_generators_loss():
    run = Training(setting({"focal": losses.get("focal", gamma=1.0), "rpgan": losses.get("rpgan")}))
    run.run(3)
    shown = run.frames()
    for i, (name, loss) in enumerate(run.setting.losses.items()):
        at = training.square(training.ARROWS)[37].requires_grad_()
        critic = run.sides[0].critics.one(i)
        price = loss.g(critic(at[None, :, None, None]), shown[name].real.mean()[None])
        torch.testing.assert_close(shown[name].arrows.reshape(-1, 2)[37], -torch.autograd.grad(price, at)[0])


def test_places_are_reached_by_their_share_of_samples():
    ring = shapes.shape("ring")
    n = 128  # a fair share is 16, and a quarter of it 4
    some = ring.places[torch.tensor([0] * 100 + [1] * 4 + [2] * 3 + [3] * 21)]
    some[-18:] += 2 * shapes.NEAR  # so that the last place has 3
    assert len(some) == n and shapes.reached(ring, some[None]).tolist() == [2]
    everywhere = ring.places.repeat(16, 1) + 0.5 * shapes.NEAR
    assert shapes.reached(ring, torch.stack([everywhere, everywhere + 1])).tolist() == [8, 0]


@pytest.mark.parametrize("name, count", [("ring", 8), ("grid", 25), ("moons", 24)])
def test_data_lie_around_their_places_within_the_square(name, count):
    of = shapes.shape(name)
    points = shapes.draw(of, 4000, torch.Generator().manual_seed(0))
    assert len(of.places) == count and points.abs().max() < shapes.EDGE
    assert shapes.reached(of, points[None]).tolist() == [count]


def test_with_its_critic_ahead_minimax_stands_still_where_vanilla_moves():
    """What the page says of saturation: the scores are where minimax is flat, its push is small, its points stay."""
    both = {name: losses.get(name) for name in ("minimax", "vanilla")}
    run = Training(setting(both, seed=7, optimiser="plain", lead=200))
    start = run.frames()
    run.run(200)
    ahead = run.frames()
    assert all(frame.fake.median() < -3 for frame in ahead.values())
    assert ahead["vanilla"].pull > 10 * ahead["minimax"].pull
    run.run(20)
    moved = {
        name: (frame.points - start[name].points).norm(dim=1).mean() for name, frame in run.frames().items()
    }
    assert moved["vanilla"] > 0.1 > 0.02 > moved["minimax"]


# ---- what a page gets


def unpacked(content: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(content[:4], "little")
    return json.loads(content[4 : 4 + length]), content[4 + length :]


def test_a_frame_holds_what_the_page_is_told_that_it_holds():
    run = Training(setting())
    head, body = unpacked(frames.packed(run))
    each = 2 * training.SHOWN + training.FIELD**2 + 2 * training.ARROWS**2
    assert len(body) == each * len(FEW) and list(head["losses"]) == list(FEW)
    points = torch.frombuffer(bytearray(body[: 2 * training.SHOWN]), dtype=torch.uint8).reshape(-1, 2)
    back = (points / 255 - 0.5) * 2 * shapes.EDGE
    torch.testing.assert_close(back, run.frames()["vanilla"].points, rtol=0, atol=shapes.EDGE / 255 + 1e-6)


def test_numbers_that_grow_out_of_bounds_are_said_and_still_a_frame():
    run = Training(setting())
    (side,) = [side for side in run.sides if next(iter(run.setting.losses)) in side.names]
    side.critics.nets.weights[0].data[0] = float("nan")
    head, body = unpacked(frames.packed(run))
    assert [one["lost"] for one in head["losses"].values()] == [True, False, False]
    assert len(body) == len(unpacked(frames.packed(Training(setting())))[1])


def test_ten_losses_make_a_small_frame():
    all_of = {name: losses.get(name) for name in losses.LOSSES}
    assert len(frames.packed(Training(setting(all_of)))) < 20_000
