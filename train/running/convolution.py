"""The weight gradient of bf16 convolutions on a CPU, as one matrix product where that is faster.

oneDNN's takes a time that grows with the weight, however few pixels there are: at 64 → 128 maps of 4×4, 32 pictures,
four times as long as gathering the windows and multiplying. Values differ by rounding alone.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

PIXELS_PER_MAP = 8  # of the smaller side, over the whole batch: with more, gathering costs more than it saves


def speed_up(net: nn.Module) -> None:
    """Has the convolutions of `net` take this way under bf16 autocast on a CPU, whenever it pays."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and is_plain(module):
            module.forward = partial(convolve, module)


def is_plain(module: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    unusual = module.groups > 1 or set(module.dilation) != {1} or any(module.output_padding)
    return not unusual and module.padding_mode == "zeros"


def convolve(module: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> Tensor:
    forward, weight = partial(type(module).forward, module), module.weight
    in_bf16 = x.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    if not (in_bf16 and torch.is_grad_enabled() and weight.requires_grad and pays(module, x)):
        return forward(x)
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
