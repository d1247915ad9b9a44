"""What scores cost each net by a loss, and how the price changes with the score: values and slopes, by autograd."""

from collections.abc import Callable

import torch
from torch import Tensor

from zoo.losses import Loss

REACH, STEP = 6.0, 0.1  # scores from -REACH to REACH, every STEP
DIGITS = 4


def prices(loss: Loss) -> dict[str, list]:
    """`x` and, of "fake", "real" and "g", [price, slope]: the critic's of such a score, the generator's of a fake.

    The critic's price of one kind is taken where the other costs nothing, or least. For a paired loss x is the gap to a
    real score of 0 (for "real", to a fake one of 0); for an autoencoder it is an error, of which x < 0 has none, and
    the balance k is one half.
    """
    errors, zero = loss.control == "autoencoder", torch.zeros(())
    x = torch.arange(0 if errors else -REACH / STEP, REACH / STEP + 1) * STEP
    more = {"k": 0.5} if errors else {}
    real, fake = (zero, zero) if loss.paired or errors else content(loss)

    def like(fixed: Tensor, score: Tensor) -> Tensor:
        return fixed.expand_as(score)

    of = {
        "fake": lambda score: loss.d(like(real, score), score, **more),
        "real": lambda score: loss.d(score, like(fake, score), **more),
        "g": lambda score: loss.g(score, like(zero, score)),
    }
    found: dict[str, list] = {"x": rounded(x)}
    for name, price in of.items():
        at = x.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(
            len(x) * price(at), at
        )  # a batch costs the mean of what its scores cost
        found[name] = [rounded(each(price, x)), rounded(slopes)]
    return found


def each(price: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return torch.stack([price(score) for score in x])


def content(loss: Loss) -> tuple[Tensor, Tensor]:
    """A real and a fake score that together cost the critic next to nothing; small ones if there are many such."""
    near = torch.arange(-REACH / STEP, REACH / STEP + 1) * STEP
    scores = torch.cat([near[near.abs().argsort(stable=True)], torch.tensor([-30.0, 30.0])])
    zero = torch.zeros(())
    real = each(lambda score: loss.d(score, zero), scores)
    fake = each(lambda score: loss.d(zero, score), scores)
    both = (
        real[:, None] + fake - loss.d(zero, zero)
    ).abs()  # the price is one of the real score plus one of the fake
    best = int((both - 1e-6).clamp(min=0).argmin())
    return scores[best // len(scores)], scores[best % len(scores)]


def rounded(values: Tensor) -> list[float]:
    return [round(value, DIGITS) + 0.0 for value in values.tolist()]
