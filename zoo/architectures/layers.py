"""What several families share: initialisation, a critic's normalisation, classes, and odd picture sizes."""

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

NORMS = ("batch", "layer", "instance", "none")


def normalisation(norm: str, channels: int) -> nn.Module:
    """A norm over (n, channels, H, W) maps: `layer` is over all of one picture, `instance` over each of its maps."""
    return {
        "batch": lambda: nn.BatchNorm2d(channels),
        "layer": lambda: nn.GroupNorm(1, channels),
        "instance": lambda: nn.InstanceNorm2d(channels, affine=True),
        "none": nn.Identity,
    }[norm]()


def initialise(net: nn.Module) -> None:
    """DCGAN's: weights N(0, 0.02), norms' gains N(1, 0.02), biases 0 (Radford et al. 2016, section 4)."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm | nn.InstanceNorm2d) and module.affine:
            nn.init.normal_(module.weight, 1.0, 0.02)
        if isinstance(bias := getattr(module, "bias", None), nn.Parameter):
            nn.init.zeros_(bias)


def normalise_spectrally(net: nn.Module) -> None:
    """Divides every weight of `net` by its largest singular value (Miyato et al. 2018), one power step a use."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            spectral_norm(module)


def class_weights(condition: Tensor, classes: int) -> Tensor:
    """Labels (n,) → one-hot (n, classes) float; mixtures of classes (n, classes) pass as they are."""
    return condition if condition.is_floating_point() else F.one_hot(condition, classes).float()


class ClassBatchNorm(nn.BatchNorm2d):
    """Batch norm with gains and biases of each class's own (de Vries et al. 2017); mixtures of classes mix them."""

    def __init__(self, channels: int, classes: int):
        super().__init__(channels, affine=False)
        self.gains = nn.Parameter(torch.ones(classes, channels))
        self.biases = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:  # type: ignore[override]
        """(n, channels, H, W) and class weights (n, classes) → (n, channels, H, W)."""
        gain, bias = (classes @ table for table in (self.gains, self.biases))
        return super().forward(x) * gain[:, :, None, None] + bias[:, :, None, None]


def net_size(size: int) -> int:
    """The side that a net of doubling blocks works at: 28 → 32, 32 → 32, 64 → 64."""
    return 1 << (size - 1).bit_length()


def pad(pictures: Tensor, size: int) -> Tensor:
    """Up to (n, C, size, size), the border in the pictures' black (-1), as the generator's is cropped away."""
    margin = (size - pictures.shape[-1]) // 2
    return F.pad(pictures, (margin,) * 4, value=-1.0) if margin else pictures


def crop(pictures: Tensor, size: int) -> Tensor:
    """The middle (n, C, size, size)."""
    margin = (pictures.shape[-1] - size) // 2
    return pictures[..., margin : margin + size, margin : margin + size] if margin else pictures


def error_per_picture(pictures: Tensor, rebuilt: Tensor) -> Tensor:
    """BEGAN's score: mean |v - D(v)| over each picture, (n, C, H, W) → (n,)."""
    return (pictures.float() - rebuilt.float()).abs().flatten(1).mean(1)


class ToMaps(nn.Module):
    """(n, side · side · channels) → (n, channels, side, side): channels last in both, a view, not a copy."""

    def __init__(self, channels: int, side: int):
        super().__init__()
        self.shape = (side, side, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, self.shape).permute(0, 3, 1, 2)  # no len(x): an exported graph takes any batch


class ToFeatures(nn.Module):
    """(n, channels, side, side) → (n, side · side · channels), the reverse."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class ToPixels(nn.ConvTranspose2d):
    """(n, inputs, H, W) → (n, channels, 2H, 2W), a transposed convolution to the few channels of a picture.

    Without gradients, in float32 on a CPU, it is one product, whose rows are then added up: to so few maps that takes
    two thirds of oneDNN's time.
    """

    def __init__(self, inputs: int, channels: int):
        super().__init__(inputs, channels, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        if torch.is_grad_enabled() or x.device.type != "cpu" or x.dtype != torch.float32:
            return super().forward(x)
        assert self.bias is not None
        sides = (2 * x.shape[2], 2 * x.shape[3])
        taps = self.weight.flatten(1).t()  # (channels · 16, inputs)
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2)  # (n, inputs, H · W)
        return F.fold(taps @ pixels, sides, 4, padding=1, stride=2).add_(self.bias[:, None, None])


def with_dense_gradient(x: Tensor) -> Tensor:
    """x (n, C, H, W), whose gradient, should it be cut out of a larger one, is copied: a norm is slow on cuttings."""
    if x.requires_grad:
        last = x.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if last else torch.contiguous_format
        x.register_hook(lambda gradient: gradient.contiguous(memory_format=layout))
    return x


def up(inputs: int, outputs: int, norm: str = "batch") -> list[nn.Module]:
    """Doubles the side: a transposed convolution (kernel 4: no checkerboard, as 2 divides 4), a norm, ReLU."""
    return [
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=norm == "none"),
        normalisation(norm, outputs),
        nn.ReLU(inplace=True),
    ]


def down(inputs: int, outputs: int, norm: str) -> list[nn.Module]:
    """Halves the side: a convolution, a norm, LeakyReLU."""
    return [
        nn.Conv2d(inputs, outputs, 4, 2, 1, bias=norm == "none"),
        normalisation(norm, outputs),
        nn.LeakyReLU(0.2, inplace=True),
    ]


class Seeded(torch.Generator):
    """A generator that is seeded before each use, so its state need not travel: torch sends that to a spawned
    process by memory which is gone when the process starts."""

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:  # type: ignore[override]
        return type(self), ()


class SeededDropout(nn.Module):
    """Dropout that stays on, by a generator of its own: the same on every device, no global one touched."""

    def __init__(self, p: float, rng: torch.Generator):
        super().__init__()
        self.p, self.rng = p, rng

    def forward(self, x: Tensor) -> Tensor:
        keep = torch.rand(x.shape, generator=self.rng) >= self.p
        return x * keep.to(x.device) / (1 - self.p)
