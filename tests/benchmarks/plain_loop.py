"""The yardstick: a plain training loop in the layout of PyTorch's own DCGAN example.

Float32, a DataLoader with PIL transforms, a fresh fake batch for the critic step whose graph reaches the generator
only to be cut, no averaging, a host read of the losses each step. Written before the project's own loop was made
fast, and not to be touched after: train_speed.py compares the two on the same networks.
"""

from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


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
    *,
    latent: int,
    batch: int,
    lr: float,
    device: str = "cpu",
    workers: int = 0,
) -> Iterator[int]:
    """Trains with binary cross-entropy on the critic's scores; yields the number of pictures after each step."""
    generator, critic = generator.to(device), critic.to(device)
    criterion = nn.BCEWithLogitsLoss()
    optimiser_g = torch.optim.Adam(generator.parameters(), lr=lr, betas=(0.5, 0.999))
    optimiser_d = torch.optim.Adam(critic.parameters(), lr=lr, betas=(0.5, 0.999))
    loader = DataLoader(pictures, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers)
    while True:
        for real in loader:
            real = real.to(device)
            # (1) Update D: maximise log(D(x)) + log(1 - D(G(z)))
            critic.zero_grad()
            output = critic(real)
            loss_real = criterion(output, torch.ones_like(output))
            loss_real.backward()
            fake = generator(torch.randn(len(real), latent, device=device))
            output = critic(fake.detach())
            loss_fake = criterion(output, torch.zeros_like(output))
            loss_fake.backward()
            (loss_real + loss_fake).item()
            optimiser_d.step()
            # (2) Update G: maximise log(D(G(z)))
            generator.zero_grad()
            output = critic(fake)
            loss_g = criterion(output, torch.ones_like(output))
            loss_g.backward()
            loss_g.item()
            optimiser_g.step()
            yield len(real)
