"""One training step: the critic's steps, then one of the generator. No I/O, no logging, nothing waits for the device.

Nothing here reads a value back to the host, so the same step runs on "meta" and can be captured as a CUDA graph.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple, cast

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils import get_total_norm, parametrize
from torch.optim.swa_utils import get_ema_multi_avg_fn

from zoo.augmentation import Augmentation
from zoo.losses import BEGAN, Loss
from zoo.penalties import Penalty


class Batch(NamedTuple):
    """What one critic step sees. Fakes take the condition of the reals they are paired with."""

    real: Tensor  # (n, C, H, W) in [-1, 1]
    condition: Tensor | None  # labels (n,), maps (n, 3, H, W), or nothing
    latents: Tensor | None  # (n, latent); None where the generator starts from a map


@dataclass
class Game:
    """Two players, the rules, and what is carried from step to step."""

    generator: nn.Module
    critic: nn.Module | None  # None: no adversary, L1 alone
    average: nn.Module  # the generator's moving average
    optimiser_g: torch.optim.Optimizer
    optimiser_d: torch.optim.Optimizer | None
    loss: Loss | None
    penalty: Penalty | None = None
    ema_decay: float = 0.999  # of one generator step
    d_weight: float = 1.0  # on the critic's adversarial loss (pix2pix halves it)
    l1_weight: float = 0.0  # λ of pix2pix's L1 to the paired photograph
    autocast: torch.dtype | None = None
    k: Tensor = field(default_factory=lambda: torch.zeros(()))  # began's balance
    augmentation: Augmentation | None = None  # of what the critic sees
    frozen: tuple[nn.Parameter, ...] = ()  # of the critic's: kept as they are
    mean_over_processes: Callable[[Tensor], Tensor] | None = None  # one process needs none


def play(game: Game, batches: list[Batch], rng: Generator | None = None) -> dict[str, Tensor]:
    """One critic step on each batch, one generator step on the last; gives scalars, still on the device.

    The last batch's fakes serve both players: the critic sees them cut from the graph, and the generator, unchanged
    since, is then pulled through the same graph. Earlier fakes are drawn without one.
    """
    game.generator.requires_grad_(True)
    for batch in batches[:-1]:
        if game.critic is not None:
            with torch.no_grad():
                fake = generate(game, batch)
            critic_step(game, batch, fake, rng)
    fake = generate(game, batches[-1])
    seen = {} if game.critic is None else critic_step(game, batches[-1], fake, rng)
    return seen | generator_step(game, batches[-1], fake, rng)


def generate(game: Game, batch: Batch) -> Tensor:
    with precision(game, batch.real):
        return game.generator(batch.latents, batch.condition)


def critic_step(game: Game, batch: Batch, fake: Tensor, rng: Generator | None) -> dict[str, Tensor]:
    """Real and fake go through as separate batches: batch norm must not see them mixed."""
    critic, optimiser, loss, fake = game.critic, game.optimiser_d, game.loss, fake.detach()
    assert critic is not None and optimiser is not None and loss is not None
    if game.augmentation is not None:
        drawn = game.augmentation.draw(batch.real, rng)
        batch, fake = Batch(drawn(batch.real), drawn.beside(batch.condition), batch.latents), drawn(fake)
    critic.requires_grad_(True)
    for parameter in game.frozen:
        parameter.requires_grad_(False)
    with normalised_once(critic):
        with precision(game, fake):
            real_score = critic(batch.real, batch.condition)
            fake_score = critic(fake, batch.condition)
        balance = [game.k] if isinstance(loss, BEGAN) else []
        d_loss = loss.d(real_score, fake_score, *balance)
        penalty = torch.zeros_like(d_loss)
        if game.penalty is not None:
            penalty = game.penalty(lambda x: critic(x, batch.condition), batch.real, fake, rng)
    optimiser.zero_grad()
    (game.d_weight * d_loss + penalty).backward()
    norm = share_gradients(game, critic)
    optimiser.step()
    if loss.clip is not None:
        with torch.no_grad():
            for parameter in filter(lambda p: p.requires_grad, critic.parameters()):
                parameter.clamp_(-loss.clip, loss.clip)

    with torch.no_grad():
        seen = {"d_loss": d_loss, "penalty": penalty, "grad_norm_d": norm}
        seen |= compare_scores(loss, real_score, fake_score)
        if isinstance(loss, BEGAN):
            errors = torch.stack([real_score.mean(), fake_score.mean()])
            if game.mean_over_processes is not None:
                errors = game.mean_over_processes(errors)
            game.k.copy_(loss.next_k(game.k, *errors))
            seen |= {"k": game.k.clone(), "convergence": loss.convergence(*errors)}
        if game.augmentation is not None:
            seen |= game.augmentation.follow(loss, real_score, fake_score, game.mean_over_processes)
    return {name: value.detach() for name, value in seen.items()}


def generator_step(game: Game, batch: Batch, fake: Tensor, rng: Generator | None = None) -> dict[str, Tensor]:
    """The pull on each picture is found first, then carried through the generator: the critic gets no gradient."""
    picture = fake.detach().float().requires_grad_()
    seen: dict[str, Tensor] = {}
    pulls: list[Tensor] = []
    critic, loss = game.critic, game.loss
    if critic is not None and loss is not None:
        shown, real, condition = picture, batch.real, batch.condition
        if game.augmentation is not None:
            drawn = game.augmentation.draw(picture, rng)
            shown, condition = drawn(picture), drawn.beside(condition)
            real = drawn(real) if loss.paired else real
        critic.requires_grad_(False)
        with normalised_once(critic), precision(game, picture):
            score = critic(shown, condition)
            with torch.no_grad():
                paired = critic(real, condition) if loss.paired else None
        seen["g_loss"] = loss.g(score, paired)
        pulls += torch.autograd.grad(seen["g_loss"], picture)
    if game.l1_weight:
        seen["l1"] = (picture - batch.real).abs().mean()
        pulls += torch.autograd.grad(game.l1_weight * seen["l1"], picture)
        if critic is not None:
            seen["adversarial_to_l1"] = pulls[0].norm() / pulls[1].norm()
    game.optimiser_g.zero_grad()
    fake.backward(reduce(torch.add, pulls).to(fake.dtype))
    seen["grad_norm_g"] = share_gradients(game, game.generator)
    game.optimiser_g.step()
    with torch.no_grad():
        get_ema_multi_avg_fn(game.ema_decay)(
            list(game.average.parameters()), list(game.generator.parameters()), None
        )
    return {name: value.detach() for name, value in seen.items()}


def compare_scores(loss: Loss, real_score: Tensor, fake_score: Tensor) -> dict[str, Tensor]:
    """How well the critic tells pictures apart. `gap` and its square give the gap's deviation over an interval."""
    real, fake = (s.float().reshape(len(s), -1).mean(1) for s in (real_score, fake_score))  # (n,)
    margin = loss.realness * (real[:, None] - fake[None, :])
    gap = loss.realness * (real - fake)
    return {
        "d_real": real.mean(),
        "d_fake": fake.mean(),
        "d_accuracy": ((margin > 0).float() + 0.5 * (margin == 0).float()).mean(),
        "gap": gap.mean(),
        "gap_squared": gap.square().mean(),
    }


def share_gradients(game: Game, net: nn.Module) -> Tensor:
    """Averages gradients over processes, all in one message, and gives their norm."""
    gradients = [p.grad for p in net.parameters() if p.grad is not None]
    if game.mean_over_processes is not None:
        shared = game.mean_over_processes(torch.cat([g.reshape(-1) for g in gradients]))
        for gradient, values in zip(gradients, shared.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(values.view_as(gradient))
    return get_total_norm(gradients)


@contextmanager
def normalised_once(critic: nn.Module):
    """One spectral normalisation of each weight for all forwards inside, in float32 whatever the autocast."""
    with parametrize.cached():
        for module in critic.modules():
            if parametrize.is_parametrized(module):
                for name in cast(nn.ModuleDict, module.parametrizations):
                    getattr(module, name)
        yield


def precision(game: Game, like: Tensor) -> AbstractContextManager:
    return nullcontext() if game.autocast is None else torch.autocast(like.device.type, game.autocast)
