"""Convolutions on a CPU, each the way that is fastest for its size; values differ by rounding alone.

In float32 many are found with fewer multiplications (winograd.py), and those to a single map, which oneDNN computes at
a tenth of its speed, as one product whose rows are then added up.

In bf16 the weight gradient is one matrix product where that is faster. oneDNN's takes a time that grows with the
weight, however few pixels there are: at 64 → 128 maps of 4×4, 32 pictures, four times as long as gathering the windows
and multiplying.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from train.running import winograd

PIXELS_PER_MAP = 8  # of the smaller side, over the whole batch: with more, gathering costs more than it saves


def speed_up(net: nn.Module) -> None:
    """Has the convolutions of `net` take these ways on a CPU, whenever they pay."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and is_plain(module):
            module.forward = partial(convolve, module)


def is_plain(module: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    unusual = module.groups > 1 or set(module.dilation) != {1} or any(module.output_padding)
    return not unusual and module.padding_mode == "zeros"


def convolve(module: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> Tensor:
    if x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        return in_bf16(module, x)
    if is_float32(x) and is_square(module):
        return in_float32(module, x)
    return type(module).forward(module, x)


def is_float32(x: Tensor) -> bool:
    """Whether it is convolved in float32 on a CPU."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")


def is_square(module: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    return all(len(set(sizes)) == 1 for sizes in (module.kernel_size, module.stride, module.padding))


def in_float32(module: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> Tensor:
    transposed = isinstance(module, nn.ConvTranspose2d)
    (k, _), (stride, _), (padding, _) = module.kernel_size, module.stride, module.padding
    sides, whole = tuple(x.shape[2:]), True
    if not transposed:
        sides = winograd.smaller_sides(x.shape[2:], k, stride, padding)
        whole = all((side + 2 * padding - k) % stride == 0 for side in x.shape[2:])
    weight = module.weight
    tile = winograd.best_tile(tuple(weight.shape), stride, len(x), sides) if whole else 0
    if tile:
        y = winograd.convolve(x, weight, stride, padding, tile, transposed=transposed)
    elif not transposed and module.out_channels == stride == 1 and padding < k:
        y = to_one_map(x, weight, padding)
    else:
        return type(module).forward(module, x)
    return y if module.bias is None else y + module.bias[:, None, None]


def to_one_map(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """F.conv2d of (n, C, H, W) and (1, C, k, k): the product with each tap, moved to its place and added."""
    k = weight.shape[-1]
    taps = weight[0].flip(1, 2).flatten(1)  # (C, k²)
    sides = winograd.smaller_sides(x.shape[2:], k, 1, padding)
    return F.fold(taps.t() @ x.flatten(2), sides, k, padding=k - 1 - padding)


def in_bf16(module: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> Tensor:
    weight = module.weight
    if not (torch.is_grad_enabled() and weight.requires_grad and pays(module, x)):
        return type(module).forward(module, x)
    transposed = isinstance(module, nn.ConvTranspose2d)
    convolution = F.conv_transpose2d if transposed else F.conv2d
    y = convolution(x, weight.detach(), module.bias, module.stride, module.padding)
    return WithWeightGradient.apply(y, x.detach(), weight, module.stride, module.padding, transposed)


def pays(module: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> bool:
    maps = module.weight.shape[0]  # of the smaller side
    pixels = len(x) * x.shape[2] * x.shape[3]
    if isinstance(module, nn.Conv2d):
        pixels /= module.stride[0] * module.stride[1]
    return pixels <= PIXELS_PER_MAP * maps


class WithWeightGradient(torch.autograd.Function):
    """Gives y, which was computed without a gradient for the weight, and finds that gradient in the backward pass."""

    @staticmethod
    def forward(ctx, y, x, weight, stride, padding, transposed):
        ctx.save_for_backward(x)
        ctx.geometry = weight.shape, weight.dtype, stride, padding, transposed
        ctx.mark_dirty(y)  # else it counts as a view, and an activation in place behind it raises
        return y

    @staticmethod
    @once_differentiable  # penalties, which differentiate twice, run in float32
    def backward(ctx, gradient):
        (x,), (shape, dtype, stride, padding, transposed) = ctx.saved_tensors, ctx.geometry
        large, small = (gradient, x) if transposed else (x, gradient)
        found = weight_gradient(large.to(gradient.dtype), small.to(gradient.dtype), shape, stride, padding)
        return gradient, None, found.to(dtype), None, None, None


def weight_gradient(large: Tensor, small: Tensor, shape: torch.Size, stride: tuple, padding: tuple) -> Tensor:
    """Of a convolution from `large` to `small`, or of a transposed one from `small` to `large`: (small's maps, …)."""
    _, maps, height, width = shape
    padded = F.pad(large, (padding[1],) * 2 + (padding[0],) * 2).permute(0, 2, 3, 1).contiguous()
    n, rows, columns = len(small), *small.shape[2:]
    of_n, of_row, of_column, of_map = padded.stride()
    windows = padded.as_strided(
        (n, rows, columns, height, width, maps),
        (of_n, stride[0] * of_row, stride[1] * of_column, of_row, of_column, of_map),
    )
    pixels = small.permute(0, 2, 3, 1).reshape(-1, small.shape[1])
    product = pixels.t() @ windows.reshape(len(pixels), -1)
    return product.view(-1, height, width, maps).permute(0, 3, 1, 2)
