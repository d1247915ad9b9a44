import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from train.running import folder
from zoo import losses, penalties, step
from zoo.losses import LOSSES
from zoo.step import compare_scores, critic_step, generate, generator_step, play


def on_forward(net, act):
    """Call `act(positional inputs, output)` at each forward of `net`."""
    net.register_forward_hook(lambda _, inputs, output: act(inputs, output))


def gradients(net):
    return [None if p.grad is None else p.grad.clone() for p in net.parameters()]


def state(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# ---- who sees what


@pytest.mark.parametrize("loss, steps", [("wgan", 5), ("vanilla", 1)])
def test_one_batch_of_fakes_a_critic_step_and_the_last_serves_both_players(
    loss, steps, make_game, make_batches
):
    game, batches = make_game("dcgan", loss), make_batches("dcgan", steps)
    made, judged = [], []
    on_forward(game.generator, lambda inputs, fake: made.append((inputs[0], fake)))
    on_forward(game.critic, lambda inputs, score: judged.append(inputs[0]))
    play(game, batches)
    assert [z is batch.latents for (z, _), batch in zip(made, batches, strict=True)] == [True] * steps
    assert [fake.requires_grad for _, fake in made] == [False] * (steps - 1) + [True]
    expected = [x for batch, (_, fake) in zip(batches, made, strict=True) for x in (batch.real, fake)]
    expected.append(made[-1][1])  # once more, for the generator
    assert all(torch.equal(a, b) for a, b in zip(judged, expected, strict=True))


@pytest.mark.parametrize("name", ["cdcgan", "pix2pix"])
@pytest.mark.parametrize("loss", ["wgan-gp", "rpgan"])
def test_fakes_take_the_condition_of_the_reals_they_are_paired_with(name, loss, make_game, make_batches):
    game, batches = make_game(name, loss), make_batches(name, 3)
    of_fakes, of_scores = [], []
    on_forward(game.generator, lambda inputs, _: of_fakes.append(inputs[1]))
    on_forward(game.critic, lambda inputs, _: of_scores.append(inputs[1]))
    play(game, batches)
    assert [c is b.condition for c, b in zip(of_fakes, batches, strict=True)] == [True] * 3
    a_step = len(of_scores) // 3
    for i, condition in enumerate(of_scores):
        assert condition is batches[min(i // a_step, 2)].condition


def test_real_and_fake_go_through_batch_norm_apart(make_game, make_batches):
    game, (batch,) = make_game("dcgan", "wgan"), make_batches("dcgan", 1)
    assert any(isinstance(m, nn.BatchNorm2d) for m in game.critic.modules())
    alone, fake = copy.deepcopy(game.critic), generate(game, batch).detach()
    seen = critic_step(game, batch, fake, None)
    with torch.no_grad():
        assert torch.equal(seen["d_real"], alone(batch.real).mean())
        assert torch.equal(seen["d_fake"], alone(fake).mean())
        together = alone(torch.cat([batch.real, fake]))
    assert not torch.isclose(seen["d_real"], together[: len(fake)].mean(), rtol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_no_gradient_reaches_the_player_whose_turn_it_is_not(loss, make_game, make_batches):
    game, (batch,) = make_game("dcgan", loss), make_batches("dcgan", 1)
    fake, before = generate(game, batch), state(game.generator)
    critic_step(game, batch, fake, None)
    assert gradients(game.generator) == [None] * len(before_parameters(game.generator))
    assert same(before, state(game.generator))
    had, before = gradients(game.critic), before_parameters(game.critic)
    generator_step(game, batch, fake)
    assert all(torch.equal(a, b) for a, b in zip(had, gradients(game.critic), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(before, game.critic.parameters(), strict=True))
    assert any(g is not None and g.norm() > 0 for g in gradients(game.generator))


def before_parameters(net):
    return [p.detach().clone() for p in net.parameters()]


def test_the_generator_follows_its_loss_through_the_critic(make_game, make_batches):
    game, (batch,) = make_game("dcgan", "wgan-gp"), make_batches("dcgan", 1)
    twin = copy.deepcopy(game)
    game.loss.g(game.critic(generate(game, batch))).backward()
    generator_step(twin, batch, generate(twin, batch))
    for wanted, found in zip(gradients(game.generator), gradients(twin.generator), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-7, rtol=1e-4)


# ---- Lipschitz control


def test_every_parameter_of_a_clipped_critic_is_within_bounds_after_every_step(
    make_game, make_batches, monkeypatch
):
    game = make_game("dcgan", "wgan", lr=0.1, constants={"clip": 0.02})
    largest = []

    def watched(*inputs, critic_step=critic_step):
        seen = critic_step(*inputs)
        largest.append([p.abs().max().item() for p in game.critic.parameters()])
        return seen

    monkeypatch.setattr(step, "critic_step", watched)
    play(game, make_batches("dcgan", 5))
    assert len(largest) == 5 and all(max(row) == pytest.approx(0.02) for row in largest)


def test_weights_are_normalised_once_a_player_and_in_float32_whatever_the_autocast(make_game, make_batches):
    game = make_game("dcgan", "vanilla", autocast=torch.bfloat16)
    uses = []

    def note(_, weight):
        uses.append((weight.dtype, torch.is_autocast_enabled("cpu")))

    normalised = [m for m in game.critic.modules() if parametrize.is_parametrized(m)]
    for module in normalised:
        on_forward(module.parametrizations.weight[0], note)
    play(game, make_batches("dcgan", 1))
    assert len(normalised) > 3 and uses == [(torch.float32, False)] * (2 * len(normalised))


class Slope(nn.Module):
    """D(x, c) = wx + vc."""

    def __init__(self, w, v):
        super().__init__()
        self.w, self.v = nn.Parameter(w), nn.Parameter(v)

    def forward(self, x, condition):
        return (self.w * x).flatten(1).sum(1) + (self.v * condition).flatten(1).sum(1)


def test_a_penalty_sees_the_slope_by_the_photograph_alone(make_game, make_batches):
    game, (batch,) = make_game("pix2pix", "wgan-gp"), make_batches("pix2pix", 1)
    w = torch.full(batch.real.shape[1:], 0.02)
    game.critic = Slope(w, torch.full_like(w, 5.0))
    game.optimiser_d = torch.optim.SGD(game.critic.parameters(), 0.0)
    seen = critic_step(game, batch, generate(game, batch), None)
    assert seen["penalty"].item() == pytest.approx(10 * (w.norm().item() - 1) ** 2, rel=1e-4)


def test_the_weight_halves_the_adversarial_loss_and_not_the_penalty(make_game, make_batches):
    (batch,) = make_batches("dcgan", 1)

    def pull(d_weight, penalty):
        # an added penalty brings its norm: the game without one is given the same critic
        game = make_game("dcgan", "hinge", d_weight=d_weight, penalty=penalties.R1(100.0))
        game.penalty = game.penalty if penalty else None
        critic_step(game, batch, generate(game, batch), None)
        return torch.cat([g.flatten() for g in gradients(game.critic) if g is not None])

    adversarial, both, half = pull(1.0, False), pull(1.0, True), pull(0.5, True)
    assert adversarial.norm() > 0 and (both - adversarial).norm() > 0.01 * adversarial.norm()
    torch.testing.assert_close(half, both - 0.5 * adversarial, atol=1e-6, rtol=1e-3)


# ---- pix2pix's second pull


def test_l1_alone_needs_no_critic_and_beside_one_its_share_is_told(make_game, make_batches):
    (batch,) = make_batches("pix2pix", 1)
    game = make_game("pix2pix", "wgan")
    game.critic = game.optimiser_d = game.loss = None
    twin = copy.deepcopy(game)
    torch.manual_seed(1)  # dropout's
    l1 = (generate(twin, batch) - batch.real).abs().mean()
    (100 * l1).backward()
    torch.manual_seed(1)
    seen = play(game, [batch])
    assert seen.keys() == {"l1", "grad_norm_g"} and torch.equal(seen["l1"], l1)
    for wanted, found in zip(gradients(twin.generator), gradients(game.generator), strict=True):
        torch.testing.assert_close(found, wanted)
    game = make_game("pix2pix", "wgan")
    alone = play(make_game("pix2pix", "wgan", l1_weight=0.0), [batch])
    seen = play(game, [batch])
    assert "l1" not in alone and seen["grad_norm_g"] > 2 * alone["grad_norm_g"]
    twice = play(make_game("pix2pix", "wgan", l1_weight=200.0), [batch])
    torch.testing.assert_close(twice["adversarial_to_l1"] * 2, seen["adversarial_to_l1"])


# ---- what is told of the scores


def test_accuracy_is_the_share_of_pairs_ranked_right_and_began_ranks_by_small_errors():
    real, fake = torch.tensor([3.0, 1.0, 0.0]), torch.tensor([0.0, -1.0, 2.0])
    seen = compare_scores(losses.get("vanilla"), real, fake)
    assert seen["d_accuracy"].item() == pytest.approx((3 + 2 + 1.5) / 9)  # a tie is half right
    assert seen["d_real"].item() == pytest.approx(4 / 3) and seen["d_fake"].item() == pytest.approx(1 / 3)
    gap = real - fake
    assert (seen["gap_squared"] - seen["gap"] ** 2).item() == pytest.approx(gap.var(correction=0).item())
    assert compare_scores(losses.get("began"), real, fake)["d_accuracy"].item() == pytest.approx(2.5 / 9)
    patches = compare_scores(losses.get("vanilla"), real.view(3, 1, 1, 1).expand(3, 1, 2, 2), fake)
    assert patches["d_accuracy"] == seen["d_accuracy"]


# ---- began's k


def test_k_starts_at_zero_moves_is_clamped_and_survives_a_resume(make_game, make_batches, tmp_path):
    game, batches = (
        make_game("dcgan", "began", constants={"gamma": 5.0, "lam_k": 0.01}),
        make_batches("dcgan", 3),
    )
    assert game.k == 0
    first, second = play(game, batches[:1])["k"], play(game, batches[1:2])["k"]
    assert 0 < first < second < 1 and game.k == second
    folder.write_state(tmp_path, folder.game_state(game))
    resumed = make_game("dcgan", "began", constants={"gamma": 5.0, "lam_k": 0.01})
    folder.restore(resumed, folder.read_state(tmp_path))
    assert resumed.k == second
    went_on, again = play(game, batches[2:]), play(resumed, batches[2:])
    assert same(went_on, again) and same(state(game.generator), state(resumed.generator))
    game.loss = losses.get("began", gamma=5.0, lam_k=1e3)
    assert play(game, batches[:1])["k"] == 1
    game.loss = losses.get("began", gamma=0.0, lam_k=1e3)
    assert play(game, batches[:1])["k"] == 0


def test_k_and_weights_stay_equal_over_processes_with_data_of_their_own(make_game, make_batches):
    values, barrier = [None, None], threading.Barrier(2, timeout=60)

    def process(rank):
        def mean(tensor):
            values[rank] = tensor.detach().clone()
            barrier.wait()
            shared = torch.stack(values).mean(0)
            barrier.wait()
            return shared

        game = games[rank]
        game.mean_over_processes = mean
        return [play(game, make_batches("dcgan", 1, seed=10 * rank + i)) for i in range(3)]

    games = [make_game("dcgan", "began", constants={"lam_k": 0.5}) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(process, range(2))
    assert one[-1]["d_real"] != two[-1]["d_real"]  # their pictures differ
    assert one[-1]["k"] == two[-1]["k"] > 0 and one[-1]["convergence"] == two[-1]["convergence"]
    for net in ("generator", "critic", "average"):
        pairs = zip(getattr(games[0], net).parameters(), getattr(games[1], net).parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
