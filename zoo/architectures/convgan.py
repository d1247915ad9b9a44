"""The Fashion-MNIST nets of "Least Squares GANs for Image Generation": few layers, kernels of 3, doubling by stride 2.

The source names kernels, strides and paddings; latent size, widths and where batch norm goes in detail are ours:
`width` maps at half resolution and twice that at a quarter, and a norm on every hidden layer of both nets, or none.
`deep` adds what the source adds: two transposed convolutions in G, one convolution in D. On 28 pixels they can only
have stride 1. `after` puts the norm after the activation, the idea that the source leaves open.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from zoo.architectures import layers


def hidden(
    layer: nn.Module, channels: int, norm: str, activation: Callable[[], nn.Module], after: bool
) -> list[nn.Module]:
    rest = [layers.normalisation(norm, channels), activation()]
    return [layer, *(reversed(rest) if after else rest)]


def encoder(channels: int, width: int, norm: str, deep: bool, after: bool) -> nn.Sequential:
    """(n, channels, S, S) → (n, 2 · width · (S/4)²)."""
    block = partial(hidden, norm=norm, activation=partial(nn.LeakyReLU, 0.2), after=after)
    return nn.Sequential(
        *block(nn.Conv2d(channels, width, 3, 2, 1), width),
        *block(nn.Conv2d(width, 2 * width, 3, 2, 1), 2 * width),
        *(block(nn.Conv2d(2 * width, 2 * width, 3, 1, 1), 2 * width) if deep else ()),
        layers.ToFeatures(),
    )


def decoder(
    inputs: int, channels: int, size: int, width: int, norm: str, deep: bool, after: bool
) -> nn.Sequential:
    """(n, inputs) → (n, channels, size, size), unbounded."""
    block = partial(hidden, norm=norm, activation=nn.ReLU, after=after)
    wide, side = 2 * width, size // 4
    return nn.Sequential(
        nn.Linear(inputs, wide * side**2),
        layers.ToMaps(wide, side),
        *block(nn.Identity(), wide),
        *(block(nn.ConvTranspose2d(wide, wide, 3, 1, 1), wide) if deep else ()),
        *block(nn.ConvTranspose2d(wide, width, 3, 2, 1, output_padding=1), width),
        *(block(nn.ConvTranspose2d(width, width, 3, 1, 1), width) if deep else ()),
        *block(nn.ConvTranspose2d(width, width, 3, 2, 1, output_padding=1), width),
        nn.Conv2d(width, channels, 3, 1, 1),
    )


class Generator(nn.Module):
    """Latents (n, latent) → pictures (n, channels, size, size)."""

    def __init__(
        self,
        *,
        size: int,
        channels: int,
        latent: int,
        width: int,
        norm: str = "none",
        deep: bool = False,
        after: bool = False,
    ):
        super().__init__()
        self.layers = decoder(latent, channels, size, width, norm, deep, after)
        layers.initialise(self)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.layers(z).tanh()


class Critic(nn.Module):
    """Pictures (n, channels, size, size) → scores (n,)."""

    def __init__(
        self,
        *,
        size: int,
        channels: int,
        width: int,
        norm: str,
        spectral_norm: bool,
        deep: bool = False,
        after: bool = False,
    ):
        super().__init__()
        self.layers = encoder(channels, width, norm, deep, after)
        self.score = nn.Linear(2 * width * (size // 4) ** 2, 1)
        layers.initialise(self)
        if spectral_norm:
            layers.normalise_spectrally(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.score(self.layers(x)).squeeze(1)


class Autoencoder(nn.Module):
    """BEGAN's critic: pictures (n, channels, size, size) → the error (n,) of rebuilding each from `latent` numbers."""

    def __init__(
        self,
        *,
        size: int,
        channels: int,
        width: int,
        latent: int,
        norm: str,
        deep: bool = False,
        after: bool = False,
    ):
        super().__init__()
        self.layers = nn.Sequential(
            encoder(channels, width, norm, deep, after),
            nn.Linear(2 * width * (size // 4) ** 2, latent),
            decoder(latent, channels, size, width, norm, deep, after),
        )
        layers.initialise(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return layers.error_per_picture(x, self.layers(x))
