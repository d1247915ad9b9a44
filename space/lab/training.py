"""Toy GANs trained live: the zoo's losses, penalties and training step on tiny nets, several losses side by side."""

import copy
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from space.lab import shapes
from space.lab.abreast import Abreast, Critics, Generators
from space.lab.shapes import EDGE, Shape
from zoo import losses
from zoo.losses import Loss
from zoo.step import Batch, Game, critic_step, generate, play

LATENT, WIDTH, BATCH = 4, 64, 64
GENERATOR = (LATENT, WIDTH, WIDTH, 2)
CRITIC = (2, WIDTH, WIDTH, 1)
AUTOENCODER = (2, WIDTH, 1, WIDTH, 2)


def adam(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=1e-3, betas=(0.5, 0.999), fused=True)


def plain(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.001)


OPTIMISERS = {"adam": adam, "plain": plain}  # of the generators; critics have Adam
# Where the toys start from other constants than the zoo: weights within ±0.01 let nothing through so small a critic.
TOY: dict[str, dict[str, float]] = {"wgan": {"clip": 0.1}}
COUNTED = 512  # samples by which modes are counted
SHOWN = 256  # of them, in a frame
FIELD, ARROWS = 24, 10  # scores and gradients a side
# Two games at a time: of a step most is spent outside of Python.
ABREAST = ThreadPoolExecutor(2, "toys")


@dataclass(frozen=True)
class Setting:
    """What is trained on what. `lead`: steps that the critic is trained alone before the first, counted from -lead."""

    losses: dict[str, Loss]
    shape: Shape
    seed: int = 0
    optimiser: str = "adam"
    lead: int = 0


@dataclass
class Frame:
    """What there is to see of one loss after some steps."""

    points: Tensor  # (SHOWN, 2) samples
    field: Tensor  # (FIELD, FIELD) scores, from the lower left, row by row
    arrows: Tensor  # (ARROWS, ARROWS, 2) downhill for the generator: minus its loss's slope at that place
    fake: Tensor  # (COUNTED,) scores of samples
    real: Tensor  # (COUNTED,) scores of data
    pull: float  # mean length of that slope at the samples
    reached: int  # places


def square(side: int) -> Tensor:
    """Points of the square that is seen: (side², 2), x fastest."""
    line = (torch.arange(side) + 0.5) / side * 2 * EDGE - EDGE
    return torch.cartesian_prod(line, line).flip(1)


@dataclass
class Side:
    """Losses that are played as one."""

    names: list[str]
    game: Game
    critics: Critics
    critic_rng: Generator
    losses: list[Loss] = field(default_factory=list)


class Training:
    """`run(steps)` goes on, `frames()` shows: all from the same start, with the same latents and data at each step."""

    def __init__(self, setting: Setting):
        self.setting = setting
        self.steps = -setting.lead  # of the generators
        self.rng = Generator().manual_seed(setting.seed)
        self.seen = torch.randn(COUNTED, LATENT, generator=Generator().manual_seed(setting.seed + 1))
        self.data = shapes.draw(setting.shape, COUNTED, Generator().manual_seed(setting.seed + 2))
        groups: dict[tuple, dict[str, Loss]] = {}
        for name, loss in setting.losses.items():
            key = (loss.critic_steps, loss.control == "autoencoder")
            groups.setdefault(key, {})[name] = loss
        sides = [self._side(group) for group in groups.values()]
        self.sides = sorted(
            sides, key=lambda side: -side.game.loss.critic_steps
        )  # those that take longest first

    def _side(self, group: dict[str, Loss]) -> Side:
        seed, count = self.setting.seed, len(group)
        rules = Abreast(list(group.values()))
        generators = Generators(count, GENERATOR, Generator().manual_seed(seed))
        errors = rules.control == "autoencoder"
        sizes = AUTOENCODER if errors else CRITIC
        critics = Critics(count, sizes, Generator().manual_seed(seed), errors)
        game = Game(
            generator=generators,
            critic=critics,
            average=copy.deepcopy(generators).requires_grad_(False),
            optimiser_g=OPTIMISERS[self.setting.optimiser](generators.parameters()),
            optimiser_d=adam(critics.parameters()),
            loss=rules,
            penalty=rules.penalty_of(critics),
        )
        return Side(list(group), game, critics, Generator().manual_seed(seed + 3), list(group.values()))

    def _batch(self, rng: Generator) -> Batch:
        real = shapes.draw(self.setting.shape, BATCH, rng)[..., None, None]  # (n, 2, 1, 1)
        return Batch(real, None, torch.randn(BATCH, LATENT, generator=rng))

    def _for(self, side: Side, batch: Batch) -> Batch:
        return batch._replace(real=batch.real.repeat(1, len(side.names), 1, 1))

    def run(self, steps: int) -> None:
        for _ in range(steps):
            shared = self._batch(self.rng)
            self._each(lambda side, shared=shared: self._step(side, shared))
            self.steps += 1

    def _each(self, work: Callable[[Side], Any]) -> list:
        """Of each side; none knows of another, so that two may be at it at a time."""
        return list(ABREAST.map(work, self.sides)) if len(self.sides) > 1 else [work(*self.sides)]

    def _step(self, side: Side, shared: Batch) -> None:
        if self.steps < 0:
            self._critic_alone(side, shared)
            return
        more = [self._batch(side.critic_rng) for _ in range(side.game.loss.critic_steps - 1)]
        play(side.game, [self._for(side, batch) for batch in (*more, shared)], side.critic_rng)

    def _critic_alone(self, side: Side, batch: Batch) -> None:
        batch = self._for(side, batch)
        with torch.no_grad():
            fake = generate(side.game, batch)
        critic_step(side.game, batch, fake, side.critic_rng)

    def frames(self) -> dict[str, Frame]:
        found: dict[str, Frame] = {}
        for frames in self._each(self._frames):
            found |= frames
        return {name: found[name] for name in self.setting.losses}

    def _frames(self, side: Side) -> dict[str, Frame]:
        count = len(side.names)
        with torch.no_grad():
            fakes = side.game.generator(self.seen)  # (COUNTED, 2·count, 1, 1)
            real = side.critics(self._wide(self.data, count))  # (COUNTED, count)
            scores = side.critics(self._wide(square(FIELD), count))
        at = torch.cat([fakes, self._wide(square(ARROWS), count)]).requires_grad_()
        score = side.critics(at)
        middle = real.mean(0).expand_as(score)  # what a paired loss compares with
        price = len(at) * side.game.loss.g(score, middle)  # each point's own price, summed
        (slope,) = torch.autograd.grad(price, at)
        slope = slope.reshape(len(at), count, 2)
        points = fakes.reshape(COUNTED, count, 2).transpose(0, 1)
        places = shapes.reached(self.setting.shape, points)
        return {
            name: Frame(
                points=points[i, :SHOWN],
                field=scores[:, i].reshape(FIELD, FIELD),
                arrows=-slope[COUNTED:, i].reshape(ARROWS, ARROWS, 2),
                fake=score[:COUNTED, i].detach(),
                real=real[:, i],
                pull=slope[:COUNTED, i].norm(dim=1).mean().item(),
                reached=int(places[i]),
            )
            for i, name in enumerate(side.names)
        }

    @staticmethod
    def _wide(points: Tensor, count: int) -> Tensor:
        return points[..., None, None].repeat(1, count, 1, 1)


def shipped(seed: int) -> Setting:
    """All losses on the ring, with the constants that the page opens with."""
    chosen = {name: losses.get(name, **TOY.get(name, {})) for name in losses.LOSSES}
    return Setting(chosen, shapes.shape("ring"), seed)
