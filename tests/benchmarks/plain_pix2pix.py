"""The yardstick for pairs: pix2pix's training step in the order of its authors' code, written as a plain loop.

Float32, a DataLoader with PIL transforms (enlarge, cut, mirror), the critic on pairs of map and picture, fake before
real, two Adams, no averaging, a host read of the losses each step. train_step.py sets it beside ours, on the same
networks.
"""

import random
from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import functional as transforms

from zoo.losses import Loss


class Pairs(Dataset):
    """PIL pictures (map, photograph), both cut and mirrored alike."""

    def __init__(self, pairs: list[tuple[Image.Image, Image.Image]], size: int, jitter: int = 30):
        self.pairs, self.size, self.jitter = pairs, size, jitter

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        left, top = (random.randint(0, self.jitter) for _ in range(2))
        mirrored = random.random() < 0.5
        return tuple(self.prepared(picture, left, top, mirrored) for picture in self.pairs[i])

    def prepared(self, picture: Image.Image, left: int, top: int, mirrored: bool) -> Tensor:
        picture = picture.convert("RGB").resize((self.size + self.jitter,) * 2, Image.Resampling.BICUBIC)
        picture = picture.crop((left, top, left + self.size, top + self.size))
        if mirrored:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return transforms.normalize(transforms.to_tensor(picture), (0.5,) * 3, (0.5,) * 3)


def steps(
    generator: nn.Module,
    critic: nn.Module,
    pairs: Pairs,
    loss: Loss,
    *,
    batch: int = 1,
    lr: float = 2e-4,
    l1_weight: float = 100.0,
) -> Iterator[int]:
    """Trains with `loss`; yields the number of real pairs that the critic has seen in each step."""
    optimiser_g = torch.optim.Adam(generator.parameters(), lr=lr, betas=(0.5, 0.999))
    optimiser_d = torch.optim.Adam(critic.parameters(), lr=lr, betas=(0.5, 0.999))
    loader = DataLoader(pairs, batch_size=batch, shuffle=True, drop_last=True)
    while True:
        for condition, real in loader:
            fake = generator(None, condition)
            # (1) Update D
            critic.requires_grad_(True)
            optimiser_d.zero_grad()
            fake_score, real_score = critic(fake.detach(), condition), critic(real, condition)
            loss_d = 0.5 * loss.d(real_score, fake_score)
            if loss.penalty is not None:
                loss_d = loss_d + loss.penalty(lambda x, seen=condition: critic(x, seen), real, fake)
            loss_d.backward()
            optimiser_d.step()
            # (2) Update G
            critic.requires_grad_(False)
            optimiser_g.zero_grad()
            paired = critic(real, condition) if loss.paired else None
            loss_g = loss.g(critic(fake, condition), paired)
            l1 = l1_weight * (fake - real).abs().mean()
            (loss_g + l1).backward()
            optimiser_g.step()
            loss_d.item(), loss_g.item(), l1.item()
            yield len(real)
