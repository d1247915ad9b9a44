"""DCGAN (Radford et al. 2016), unconditional and class-conditional, for 28, 32, 64 and 128 pixels.

`width` is the number of maps at full resolution; it doubles at each halving of the side, down to 4×4. With classes,
G takes the class beside the latent and in the gains and biases of its batch norms, and D adds the class's own
direction in its last features to the score (projection, Miyato & Koyama 2018): a score stays a score, so every loss
takes it as it is, which a classifying head would not give.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from zoo.architectures import layers


def widths(size: int, width: int) -> list[int]:
    """Maps at sides 4, 8, … up to half of the net's side: 32 pixels and width 32 → [128, 64, 32]."""
    halvings = layers.net_size(size).bit_length() - 3
    return [width << i for i in reversed(range(halvings))]


def decoder(inputs: int, channels: int, maps: list[int], norm: str) -> nn.Sequential:
    """(n, inputs) → (n, channels, side, side), unbounded."""
    return nn.Sequential(
        nn.Linear(inputs, maps[0] * 16, bias=norm == "none"),
        layers.ToMaps(maps[0], 4),
        layers.normalisation(norm, maps[0]),
        nn.ReLU(inplace=True),
        *[layer for a, b in pairwise(maps) for layer in layers.up(a, b, norm)],
        layers.ToPixels(maps[-1], channels),
    )


def encoder(channels: int, maps: list[int], norm: str) -> nn.Sequential:
    """(n, channels, side, side) → (n, 16 · maps[0])."""
    return nn.Sequential(
        *layers.down(channels, maps[-1], "none"),
        *[layer for a, b in pairwise(maps[::-1]) for layer in layers.down(a, b, norm)],
        layers.ToFeatures(),
    )


class Generator(nn.Module):
    """Latents (n, latent), labels (n,) or class weights (n, classes) → pictures (n, channels, size, size)."""

    def __init__(self, *, size: int, channels: int, latent: int, width: int, classes: int = 0):
        super().__init__()
        self.size, self.classes = size, classes
        self.layers = decoder(latent + classes, channels, widths(size, width), "batch")
        if classes:
            for i, layer in enumerate(self.layers):
                if isinstance(layer, nn.BatchNorm2d):
                    self.layers[i] = layers.ClassBatchNorm(layer.num_features, classes)
        layers.initialise(self)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        if not self.classes:
            return layers.crop(self.layers(z), self.size).tanh()
        assert condition is not None, "a class-conditional generator needs classes"
        condition = layers.class_weights(condition, self.classes).to(z.dtype)
        x = torch.cat([z, condition], 1)
        for layer in self.layers:
            x = layer(x, condition) if isinstance(layer, layers.ClassBatchNorm) else layer(x)
        return layers.crop(x, self.size).tanh()


class Critic(nn.Module):
    """Pictures (n, channels, size, size), labels (n,) where there are classes → scores (n,)."""

    def __init__(
        self, *, size: int, channels: int, width: int, classes: int = 0, norm: str, spectral_norm: bool
    ):
        super().__init__()
        self.side = layers.net_size(size)
        maps = widths(size, width)
        self.layers = encoder(channels, maps, norm)
        self.score = nn.Linear(maps[0] * 16, 1)
        self.classes = nn.Embedding(classes, maps[0] * 16) if classes else None
        layers.initialise(self)
        if spectral_norm:
            layers.normalise_spectrally(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        features = self.layers(layers.pad(x, self.side))
        score = self.score(features).squeeze(1)
        return score if self.classes is None else score + (self.classes(condition) * features).sum(1)


class Autoencoder(nn.Module):
    """BEGAN's critic: pictures (n, channels, size, size) → the error (n,) of rebuilding each from `latent` numbers.

    Like its source's it goes without batch norm, with which k stays near 0 (0.0002 after 60 kimg of CIFAR-10, 0.13
    without). The source's ELU does not help here (classifier's distance 9.4 after 60 kimg, 7.8 without), so its
    activations are the family's.
    """

    def __init__(self, *, size: int, channels: int, width: int, latent: int, norm: str):
        super().__init__()
        self.size, self.side = size, layers.net_size(size)
        maps = widths(size, width)
        self.layers = nn.Sequential(
            encoder(channels, maps, norm),
            nn.Linear(maps[0] * 16, latent),
            decoder(latent, channels, maps, norm),
        )
        layers.initialise(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        rebuilt = layers.crop(self.layers(layers.pad(x, self.side)), self.size)
        return layers.error_per_picture(x, rebuilt)
