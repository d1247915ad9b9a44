"""SNGAN's residual nets for 32 pixels (Miyato et al. 2018, table 4): 256 maps in G and 128 in D there.

28 pixel pictures are padded to 32 for D and cropped from 32 by G.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from zoo.architectures import layers


def initialise(net: nn.Module) -> None:
    """Glorot's, with the gain √2 inside residual branches, as in the authors' code; biases 0."""
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight, gain=2**0.5 if "branch" in name else 1.0)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class Up(nn.Module):
    """A residual block that doubles the side."""

    def __init__(self, width: int):
        super().__init__()
        self.branch = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.skip = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.branch(x) + F.interpolate(
            self.skip(x), scale_factor=2
        )  # a 1×1 convolution commutes with it


class Block(nn.Module):
    """A residual block of the critic that keeps the side or halves it; the first one has no activation before it."""

    def __init__(self, inputs: int, outputs: int, norm: str, *, halve: bool, first: bool = False):
        super().__init__()
        before = [] if first else [layers.normalisation(norm, inputs), nn.ReLU()]
        self.branch = nn.Sequential(
            *before,
            nn.Conv2d(inputs, outputs, 3, padding=1),
            layers.normalisation(norm, outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.AvgPool2d(2) if halve else nn.Identity(),
        )
        pool = [nn.AvgPool2d(2)] if halve else []
        self.skip = nn.Sequential(*pool, nn.Conv2d(inputs, outputs, 1)) if halve else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.branch(x) + self.skip(x)


def decoder(inputs: int, channels: int, width: int) -> nn.Sequential:
    """(n, inputs) → (n, channels, 32, 32), unbounded."""
    return nn.Sequential(
        nn.Linear(inputs, width * 16),
        layers.ToMaps(width, 4),
        Up(width),
        Up(width),
        Up(width),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, channels, 3, padding=1),
    )


def encoder(channels: int, width: int, norm: str) -> nn.Sequential:
    """(n, channels, 32, 32) → (n, width, 8, 8)."""
    return nn.Sequential(
        Block(channels, width, norm, halve=True, first=True),
        Block(width, width, norm, halve=True),
        Block(width, width, norm, halve=False),
        Block(width, width, norm, halve=False),
        nn.ReLU(),
    )


class Generator(nn.Module):
    """Latents (n, latent) → pictures (n, channels, size, size)."""

    def __init__(self, *, size: int, channels: int, latent: int, width: int):
        super().__init__()
        self.size = size
        self.layers = decoder(latent, channels, width)
        initialise(self)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return layers.crop(self.layers(z), self.size).tanh()


class Critic(nn.Module):
    """Pictures (n, channels, size, size) → scores (n,)."""

    def __init__(self, *, size: int, channels: int, width: int, norm: str, spectral_norm: bool):
        super().__init__()
        self.layers = encoder(channels, width, norm)
        self.score = nn.Linear(width, 1)
        initialise(self)
        if spectral_norm:
            layers.normalise_spectrally(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.score(self.layers(layers.pad(x, 32)).sum((2, 3))).squeeze(1)


class Autoencoder(nn.Module):
    """BEGAN's critic: pictures (n, channels, size, size) → the error (n,) of rebuilding each from `latent` numbers."""

    def __init__(self, *, size: int, channels: int, width: int, latent: int, norm: str):
        super().__init__()
        self.size = size
        self.layers = nn.Sequential(
            encoder(channels, width, norm),
            layers.ToFeatures(),
            nn.Linear(width * 64, latent),
            decoder(latent, channels, width),
        )
        initialise(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        rebuilt = layers.crop(self.layers(layers.pad(x, 32)), self.size)
        return layers.error_per_picture(x, rebuilt)
