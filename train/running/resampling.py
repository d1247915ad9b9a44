"""Doubling before a 3×3 convolution, or halving after it, as one convolution in steps of 2; on a CPU in float32.

Nearest neighbours and means over 2×2 are convolutions too, and two in a row are one: of 4×4, whose weights are the sums
of the four shifts of the 3×3 ones. It needs 16 multiplications where 36 were done. Exact but for rounding, and
differentiable as often as an ordinary one.
"""

from functools import partial
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from train.running import convolution


def join(net: nn.Module) -> None:
    """Has each such pair in the sequences of `net` go through as one; its modules, weights and names stay."""
    for sequence in net.modules():
        if isinstance(sequence, nn.Sequential):
            for first, second in pairwise(sequence):
                if doubles(first) and keeps_the_side(second):
                    first.forward, second.forward = unchanged, partial(doubled, first, second)
                elif keeps_the_side(first) and halves(second):
                    first.forward, second.forward = partial(halved, first, second), unchanged


def unchanged(x: Tensor) -> Tensor:
    return x


def doubles(module: nn.Module) -> bool:
    """Whether it repeats every pixel in both directions."""
    return isinstance(module, nn.Upsample) and module.mode == "nearest" and module.scale_factor == 2


def halves(module: nn.Module) -> bool:
    if not isinstance(module, nn.AvgPool2d):
        return False
    return (
        module.kernel_size == module.stride == 2 and module.padding == 0 and module.divisor_override is None
    )


def keeps_the_side(module: nn.Module) -> bool:
    if not isinstance(module, nn.Conv2d) or not convolution.is_plain(module):
        return False
    return module.kernel_size == (3, 3) and module.stride == module.padding == (1, 1)


def doubled(upsample: nn.Upsample, module: nn.Conv2d, x: Tensor) -> Tensor:
    """(n, C, H, W) → (n, O, 2H, 2W)."""
    if not convolution.is_float32(x):
        return convolution.convolve(module, type(upsample).forward(upsample, x))
    weight = shifts(module.weight.flip(2, 3)).transpose(0, 1)
    return F.conv_transpose2d(x, weight, module.bias, stride=2, padding=1)


def halved(module: nn.Conv2d, pool: nn.AvgPool2d, x: Tensor) -> Tensor:
    """(n, C, H, W) → (n, O, H/2, W/2); sides must be even."""
    if not convolution.is_float32(x) or any(side % 2 for side in x.shape[2:]):
        return type(pool).forward(pool, convolution.convolve(module, x))
    return F.conv2d(x, shifts(module.weight) / 4, module.bias, stride=2, padding=1)


def shifts(weight: Tensor) -> Tensor:
    """(O, C, 3, 3) → (O, C, 4, 4): the sum of its four places in there."""
    places = ((0, 1, 0, 1), (1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 1, 0))
    return sum(F.pad(weight, place) for place in places)
