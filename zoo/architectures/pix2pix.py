"""pix2pix (Isola et al. 2017): a U-Net with skips and a 70×70 PatchGAN.

At 256 pixels, width 64 and cap 512 they are the paper's: encoder C64-128-256-512-512-512-512-512, critic
C64-128-256-512. `width` is the first layer's number of maps; it doubles layer by layer up to `cap`.
"""

import torch
from torch import Tensor, nn

from zoo.architectures import layers

MAP_CHANNELS = 3
DROPOUT_BLOCKS = 3


class Generator(nn.Module):
    """Maps (n, 3, size, size) → photographs (n, channels, size, size); its only noise is dropout."""

    def __init__(self, *, size: int, channels: int, width: int, cap: int):
        super().__init__()
        depth = size.bit_length() - 1  # halvings down to 1×1
        maps = [min(width << i, cap) for i in range(depth)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, outputs in enumerate(maps):
            inputs = maps[i - 1] if i else MAP_CHANNELS
            normed = 0 < i < depth - 1  # none on the first, and 1×1 maps have no deviation
            self.down.append(
                nn.Sequential(
                    nn.LeakyReLU(0.2) if i else nn.Identity(),
                    nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not normed),
                    nn.BatchNorm2d(outputs) if normed else nn.Identity(),
                )
            )
        for k, i in enumerate(reversed(range(1, depth))):  # to the side of down[i - 1]
            inputs = maps[i] if k == 0 else 2 * maps[i]
            self.up.append(
                nn.Sequential(
                    nn.ReLU(),
                    nn.ConvTranspose2d(inputs, maps[i - 1], 4, 2, 1, bias=False),
                    nn.BatchNorm2d(maps[i - 1]),
                    nn.Dropout(0.5) if k < min(DROPOUT_BLOCKS, depth - 2) else nn.Identity(),
                )
            )
        self.last = nn.Sequential(nn.ReLU(), layers.ToPixels(2 * maps[0], channels))
        layers.initialise(self)

    def forward(self, z: None, condition: Tensor) -> Tensor:
        x, kept = condition, []
        for block in self.down:
            x = block(x)
            kept.append(x)
        for block, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            x = torch.cat([layers.with_dense_gradient(block(x)), skip], 1)
        return self.last(x).tanh()


class Critic(nn.Module):
    """Photographs (n, channels, size, size), seen with their maps (n, 3, size, size) → patch scores (n, 1, H, W)."""

    def __init__(self, *, size: int, channels: int, width: int, norm: str, spectral_norm: bool):
        super().__init__()
        maps = [width << i for i in range(4)]
        self.layers = nn.Sequential(
            *layers.down(MAP_CHANNELS + channels, maps[0], "none"),
            *layers.down(maps[0], maps[1], norm),
            *layers.down(maps[1], maps[2], norm),
            nn.Conv2d(maps[2], maps[3], 4, 1, 1, bias=norm == "none"),
            layers.normalisation(norm, maps[3]),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(maps[3], 1, 4, 1, 1),
        )
        layers.initialise(self)
        if spectral_norm:
            layers.normalise_spectrally(self)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.layers(torch.cat([condition.to(x.dtype), x], 1))
