"""Several losses in one training step: their tiny nets lie side by side in the same tensors, and prices are summed.

No net's price depends on another's weights, and Adam, plain steps, clipping and averaging all go number by number. So
each is trained just as it would be alone, by `zoo.step.play`, in two thirds of the time: with nets so small it is the
number of operations that counts.

A point of the plane is a picture of one pixel with two channels; of `count` nets side by side, with 2·count channels.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from zoo.losses import Loss
from zoo.penalties import Critic


class Nets(nn.Module):
    """`count` perceptrons of one start: (count, n, sizes[0]) → (count, n, sizes[-1])."""

    def __init__(self, count: int, sizes: Sequence[int], rng: Generator):
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for i, o in itertools.pairwise(sizes):
            bound = i**-0.5  # as nn.Linear starts
            weight, bias = (torch.empty(s, o).uniform_(-bound, bound, generator=rng) for s in (i, 1))
            self.weights.append(weight.expand(count, -1, -1).clone())
            self.biases.append(bias.expand(count, -1, -1).clone())
        self.layers = list(
            zip(self.weights, self.biases, strict=True)
        )  # lists of parameters are slow to walk

    def forward(self, x: Tensor, net: int | None = None) -> Tensor:
        """Of one `net` alone: (n, sizes[0]) → (n, sizes[-1])."""
        for i, (weight, bias) in enumerate(self.layers):
            x = torch.baddbmm(bias, x, weight) if net is None else torch.addmm(bias[net], x, weight[net])
            if i < len(self.layers) - 1:
                x = x.relu()
        return x


class Generators(nn.Module):
    """(n, latent) → (n, 2·count, 1, 1): the same latents for all."""

    def __init__(self, count: int, sizes: Sequence[int], rng: Generator):
        super().__init__()
        self.count, self.nets = count, Nets(count, sizes, rng)

    def forward(self, z: Tensor, condition: None = None) -> Tensor:
        points = self.nets(z.expand(self.count, -1, -1))  # (count, n, 2)
        return points.transpose(0, 1).reshape(len(z), -1, 1, 1)


class Critics(nn.Module):
    """(n, 2·count, 1, 1) → scores (n, count); an autoencoder's are its errors."""

    def __init__(self, count: int, sizes: Sequence[int], rng: Generator, autoencoder: bool = False):
        super().__init__()
        self.count, self.autoencoder, self.nets = count, autoencoder, Nets(count, sizes, rng)

    def forward(self, x: Tensor, condition: None = None) -> Tensor:
        points = x.reshape(len(x), self.count, 2).transpose(0, 1)  # (count, n, 2)
        return self.score(points, self.nets(points)).t()

    def one(self, net: int) -> Critic:
        """One of them alone: (n, 2, 1, 1) → (n,)."""

        def critic(x: Tensor) -> Tensor:
            points = x.flatten(1)
            return self.score(points, self.nets(points, net))

        return critic

    def score(self, points: Tensor, out: Tensor) -> Tensor:
        return (out - points).abs().mean(-1) if self.autoencoder else out[..., 0]


class Abreast(Loss):
    """The sum of what each of `losses` makes of its column of the scores. An autoencoder's comes alone."""

    def __init__(self, losses: Sequence[Loss]):
        of = losses[0]
        if any(one.critic_steps != of.critic_steps for one in losses):
            raise ValueError("losses with as many critic steps can share them, others not")
        bounds = [float("inf") if one.clip is None else one.clip for one in losses]
        clip = None if min(bounds) == float("inf") else torch.tensor(bounds)[:, None, None]
        own = {
            "losses": losses,
            "control": of.control,
            "critic_steps": of.critic_steps,
            "clip": clip,  # of the first dimension of every weight and bias
            "paired": any(one.paired for one in losses),
        }
        if of.control == "autoencoder":
            (only,) = losses
            own |= {"next_k": only.next_k, "convergence": only.convergence}
        for name, value in own.items():
            object.__setattr__(self, name, value)  # Loss is frozen

    def d(self, real: Tensor, fake: Tensor, *k: Tensor) -> Tensor:
        return sum(one.d(real[:, i], fake[:, i], *k) for i, one in enumerate(self.losses))

    def g(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return sum(
            one.g(fake[:, i], None if real is None else real[:, i]) for i, one in enumerate(self.losses)
        )

    def penalty_of(self, critics: Critics):
        """The sum of the penalties, each of its own critic; None where no loss has one."""
        if all(one.penalty is None for one in self.losses):
            return None

        def penalty(critic: Critic, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
            due = [(i, one.penalty) for i, one in enumerate(self.losses) if one.penalty is not None]
            here = [slice(2 * i, 2 * i + 2) for i, _ in due]
            return sum(
                of(critics.one(i), real[:, at], fake[:, at], rng)
                for (i, of), at in zip(due, here, strict=True)
            )

        return penalty
