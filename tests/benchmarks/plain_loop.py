"""The yardstick: a plain training loop in the layout of PyTorch's own DCGAN example.

Float32, a DataLoader with PIL transforms, a fresh fake batch for the critic step whose graph reaches the generator
only to be cut, no averaging, a host read of the losses each step. Written after the first version of our own
step, which already shared fakes and used fused Adam, and later widened from vanilla to every loss. train_speed.py sets
the two side by side on the same networks; from here on it is to be left alone.
"""

from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from zoo.losses import Loss


class Pictures(Dataset):
    """PIL pictures, transformed one by one, as torchvision's data sets do."""

    def __init__(self, pictures: list[Image.Image], size: int, channels: int):
        self.pictures = pictures
        self.transform = transforms.Compose(
            [
                transforms.Resize(size),
                transforms.ToTensor(),
                transforms.Normalize((0.5,) * channels, (0.5,) * channels),
            ]
        )

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, i: int) -> Tensor:
        return self.transform(self.pictures[i])


def steps(
    generator: nn.Module,
    critic: nn.Module,
    pictures: Pictures,
    loss: Loss,
    *,
    latent: int,
    batch: int,
    lr: float,
    device: str = "cpu",
    workers: int = 0,
) -> Iterator[int]:
    """Trains with `loss`; yields the number of real pictures that the critic has seen in each step."""
    generator, critic = generator.to(device), critic.to(device)
    optimiser_g = torch.optim.Adam(generator.parameters(), lr=lr, betas=(0.5, 0.999))
    optimiser_d = torch.optim.Adam(critic.parameters(), lr=lr, betas=(0.5, 0.999))
    loader = DataLoader(pictures, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers)
    k, critic_step = torch.zeros((), device=device), 0
    while True:
        for real in loader:
            real = real.to(device)
            # (1) Update D
            critic.zero_grad()
            fake = generator(torch.randn(len(real), latent, device=device))
            real_score, fake_score = critic(real), critic(fake.detach())
            if loss.control == "autoencoder":
                loss_d = loss.d(real_score, fake_score, k)
                k = loss.next_k(k, real_score.detach(), fake_score.detach())
            else:
                loss_d = loss.d(real_score, fake_score)
            if loss.penalty is not None:
                loss_d = loss_d + loss.penalty(critic, real, fake)
            loss_d.backward()
            loss_d.item()
            optimiser_d.step()
            if loss.clip is not None:
                for parameter in critic.parameters():
                    parameter.data.clamp_(-loss.clip, loss.clip)
            yield len(real)
            critic_step += 1
            if critic_step % loss.critic_steps:
                continue
            # (2) Update G
            generator.zero_grad()
            loss_g = loss.g(critic(fake), critic(real) if loss.paired else None)
            loss_g.backward()
            loss_g.item()
            optimiser_g.step()
