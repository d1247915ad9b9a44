"""Augmentation of what the critic sees, real and fake alike, so that it does not so soon know few pictures by heart.

Colour (brightness, saturation, contrast), translation and cutout as in "Differentiable Augmentation for Data-Efficient
GAN Training" (Zhao et al. 2020), each done to a share `p` of the pictures: to all of them (`diffaug`), or to as many as
it takes to keep the critic from overfitting (`ada`, Karras et al. 2020). Losses and penalties are then taken at the
augmented pictures, as if they were the data. Nothing here waits for the device.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from zoo.losses import Loss, wide
from zoo.penalties import uniform

SHIFT, HOLE = 1 / 8, 1 / 2  # of the side: the longest translation, and the cutout's side
# p follows, in steps after so many PICTURES, whether the critic is surer of real pictures than TARGET, and could go
# from 0 to 1 in KIMG. Karras et al. take 500 of 25,000 kimg for that; budgets here are a hundredth of theirs, or less.
TARGET, PICTURES, KIMG = 0.6, 256, 10.0


@dataclass(frozen=True)
class Drawn:
    """What is done to each picture of a batch."""

    brightness: Tensor  # (n, 1, 1, 1), added
    saturation: Tensor  # (n, 1, 1, 1), factor of the distance from grey
    contrast: Tensor  # (n, 1, 1, 1), factor of the distance from the picture's mean
    places: Tensor  # (n, 1, S · S) int64: where in the picture each pixel comes from
    kept: Tensor  # (n, 1, S · S): 0 where that is beyond the border, or in the hole

    def __call__(self, x: Tensor) -> Tensor:
        """Pictures (n, C, S, S) in [-1, 1] → the same in at least float32, no longer within bounds."""
        y = wide(x).contiguous()
        grey = y.mean(1, keepdim=True)
        mean = grey.mean((2, 3), keepdim=True)
        rest = torch.addcmul(
            self.brightness + (1 - self.contrast) * mean, grey, self.contrast * (1 - self.saturation)
        )
        return in_layout_of(x, self.move(torch.addcmul(rest, y, self.contrast * self.saturation)))

    def beside(self, condition: Tensor | None) -> Tensor | None:
        """What a critic is told beside the picture: a map moves with it, its colours have a meaning; labels stay."""
        if condition is None or condition.ndim != 4:
            return condition
        return in_layout_of(condition, self.move(condition.contiguous()))

    def move(self, x: Tensor) -> Tensor:
        """Translation and cutout; what is left blank is 0, grey."""
        n, channels, side, _ = x.shape
        moved = x.flatten(2).gather(2, self.places.expand(n, channels, side * side)) * self.kept
        return moved.view(n, channels, side, side)


def in_layout_of(like: Tensor, x: Tensor) -> Tensor:
    return x if like.is_contiguous() else x.contiguous(memory_format=torch.channels_last)


@dataclass
class Augmentation:
    """How often pictures are augmented: `p` and the tally behind it are carried from step to step."""

    adaptive: bool
    p: Tensor  # (), the share of pictures that each transformation is done to
    tally: Tensor  # (2,) since p was last set: sum of the pictures' signs, and their number
    pictures: int  # that one critic step sees, over all processes

    @classmethod
    def of(cls, kind: str, pictures: int, device: torch.device) -> "Augmentation | None":
        """By its name, diffaug or ada; None for any other."""
        if kind not in ("diffaug", "ada"):
            return None
        p = torch.full((), 0.0 if kind == "ada" else 1.0, device=device)
        return cls(kind == "ada", p, torch.zeros(2, device=device), pictures)

    def draw(self, like: Tensor, rng: Generator | None = None) -> Drawn:
        """For pictures (n, C, S, S); as many random numbers whatever p is."""
        n, side = len(like), like.shape[-1]
        done, how = uniform((n, 5), like, rng) < self.p, uniform((n, 7), like, rng)
        # rows and columns, (n, 2)
        most, hole = int(side * SHIFT + 0.5), int(side * HOLE + 0.5)
        shift = (torch.floor(how[:, 3:5] * (2 * most + 1)) - most) * done[:, 3:4]
        start = torch.floor(how[:, 5:7] * (side + 1 - hole % 2)) - hole // 2
        # of each row and column, (n, 2, S)
        here = torch.arange(side, device=like.device)
        there, into = here - shift[..., None], here - start[..., None]
        inside = (there >= 0) & (there < side)
        cut = (into >= 0) & (into < hole) & done[:, 4:5, None]
        source = there.clamp(0, side - 1).long()
        places = source[:, 0, :, None] * side + source[:, 1, None, :]
        kept = inside[:, 0, :, None] & inside[:, 1, None, :] & ~(cut[:, 0, :, None] & cut[:, 1, None, :])
        colour = ((how[:, :3] - 0.5) * done[:, :3]).T[..., None, None, None]  # (3, n, 1, 1, 1)
        return Drawn(
            brightness=colour[0],
            saturation=1 + 2 * colour[1],
            contrast=1 + colour[2],
            places=places.view(n, 1, -1),
            kept=kept.view(n, 1, -1).float(),
        )

    def follow(
        self, loss: Loss, real: Tensor, fake: Tensor, mean_over_processes: Callable[[Tensor], Tensor] | None
    ) -> dict[str, Tensor]:
        """After a critic step with these scores: how sure it is of real pictures, r in [-1, 1], and what p becomes.

        Karras et al.'s r is the mean sign of real scores. Only some losses tell real from fake at 0; for all alike the
        sign is taken from the middle between real and fake scores.
        """
        if not self.adaptive:
            return {}
        real, fake = (s.float().reshape(len(s), -1).mean(1) for s in (real, fake))
        r = (loss.realness * (real - (real.mean() + fake.mean()) / 2)).sign().mean()
        if mean_over_processes is not None:
            r = mean_over_processes(r)
        tally = self.tally + self.pictures * torch.stack([r, torch.ones_like(r)])
        step = (tally[0] / tally[1] - TARGET).sign() * tally[1] / (1000 * KIMG)
        due = tally[1] >= PICTURES
        self.p.copy_(torch.where(due, (self.p + step).clamp(0, 1), self.p))
        self.tally.copy_(torch.where(due, 0.0, tally))
        return {"augment_p": self.p.clone(), "augment_r": r}
