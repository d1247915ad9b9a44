"""Float32 convolutions with half or a third of the multiplications: Winograd's minimal filtering.

Of a k×k convolution in steps of s, `tile` × `tile` outputs at a time are found from a window of (tile + k/s - 1)²
inputs, each of them a square of s×s pixels. Constant matrices map windows, weights and outputs to where the convolution
is one product for each position of the window (Lavin & Gray 2016, arXiv 1509.09308). It is exact but for rounding, and
made of parts that can be differentiated twice, as a gradient penalty asks.
"""

from collections.abc import Sequence
from functools import cache
from math import ceil, prod
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # where values are taken, beside infinity: simple numbers round least
TILES = (2, 3, 4)
# Multiplications that take as long as one number's way into a window and back, a weight's being half as long, and the
# share of the plain convolution's time that has to be reached. Measured with AVX2 on the layers of all families.
MOVING, MARGIN = 50, 0.85


@cache
def best_tile(weight: tuple[int, ...], stride: int, pictures: int, sides: tuple[int, int]) -> int:
    """The tile for weights (O, C, k, k) and the smaller `sides` of the two maps; 0 where the plain way is as fast."""
    outputs, inputs, k, _ = weight
    times = {MARGIN * pictures * prod(sides) * prod(weight): 0}
    for tile in TILES:
        window = tile + k // stride - 1
        if window <= len(POINTS) + 1 and k % stride == 0 and k > stride:
            windows, numbers = pictures * prod(ceil(side / tile) for side in sides), inputs * stride**2
            moved = windows * numbers + windows * outputs + numbers * outputs / 2
            times[window**2 * (windows * numbers * outputs + MOVING * moved)] = tile
    return times[min(times)]


def convolve(
    x: Tensor, weight: Tensor, stride: int, padding: int, tile: int, *, transposed: bool = False
) -> Tensor:
    """What F.conv2d makes of (n, C, H, W) and (O, C, k, k), or F.conv_transpose2d of (n, O, H, W); channels last.

    A plain convolution must use every pixel: H + 2 · padding - k is a multiple of the stride.
    """
    outputs, inputs, k, _ = weight.shape
    taps = k // stride
    sides = x.shape[2:] if transposed else smaller_sides(x.shape[2:], k, stride, padding)
    across = [ceil(side / tile) for side in sides]
    large = Cut(tile + taps - 1, tile, *across, stride, padding)
    small = Cut(tile, tile, *across)
    of_outputs, of_weights, of_inputs = matrices(tile, taps)
    weight = weight.permute(2, 3, 0, 1).reshape(taps, stride, taps, stride, outputs, inputs)
    weight = mapped(of_weights, weight.permute(0, 2, 4, 1, 3, 5)).view(len(of_weights), outputs, -1)
    if transposed:
        product = Product.apply(mapped(of_outputs, Windows.apply(x, small)), weight.transpose(1, 2))
        height, width = (stride * (side - 1) + k - 2 * padding for side in sides)
        return Pictures.apply(mapped(of_inputs.t(), product), large, (len(x), inputs, height, width))
    product = Product.apply(mapped(of_inputs, Windows.apply(x, large)), weight)
    return Pictures.apply(mapped(of_outputs.t(), product), small, (len(x), outputs, *sides))


def smaller_sides(sides: Sequence[int], k: int, stride: int, padding: int) -> tuple[int, ...]:
    return tuple((side + 2 * padding - k) // stride + 1 for side in sides)


def mapped(matrix: Tensor, windows: Tensor) -> Tensor:
    """Positions of windows to other positions: (b, windows, maps), by (a, b), to (a, windows, maps)."""
    return (matrix @ windows.reshape(matrix.shape[1], -1)).view(len(matrix), -1, windows.shape[-1])


@cache
def matrices(tile: int, taps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of outputs (positions, tile²), weights (positions, taps²) and inputs (positions, positions).

    A product of polynomials is one of their values at enough points; a convolution is its transpose.
    """
    window = tile + taps - 1

    def values(coefficients: int) -> Tensor:
        at_infinity = [0.0] * (coefficients - 1) + [1.0]
        rows = [[point**i for i in range(coefficients)] for point in POINTS[: window - 1]]
        return torch.tensor([*rows, at_infinity], dtype=torch.float64)

    along_a_side = values(tile), values(taps), torch.linalg.inv(values(window)).t()
    return tuple(torch.kron(matrix, matrix).float() for matrix in along_a_side)


class Cut(NamedTuple):
    """How pictures are cut into windows: their side and the steps between them in squares of stride² pixels."""

    side: int
    step: int
    rows: int
    columns: int
    stride: int = 1
    padding: int = 0


class Product(torch.autograd.Function):
    """a @ bᵀ at each position, with gradients that lie in memory as a and b do; bmm's own lie transposed."""

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return torch.bmm(a, b.transpose(1, 2))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        a, b = ctx.saved_tensors
        for_a, for_b = ctx.needs_input_grad
        return (
            Product.apply(gradient, b.transpose(1, 2)) if for_a else None,
            Product.apply(gradient.transpose(1, 2), a.transpose(1, 2)) if for_b else None,
        )


class Windows(torch.autograd.Function):
    """(n, C, H, W) → (side², n · windows, stride² · C), zeros beyond the border."""

    @staticmethod
    def forward(ctx, x: Tensor, cut: Cut) -> Tensor:
        ctx.cut, ctx.shape = cut, x.shape
        (n, maps, height, width), (side, step, rows, columns, s, padding) = x.shape, cut
        below, right = (
            s * (step * (windows - 1) + side) - padding - length
            for windows, length in ((rows, height), (columns, width))
        )
        x = F.pad(x.permute(0, 2, 3, 1), (0, 0, padding, right, padding, below)).contiguous()
        of_n, of_row, of_column, of_map = x.stride()
        sizes = side, side, n, rows, columns, s, s, maps
        between = of_n, s * step * of_row, s * step * of_column  # windows
        windows = x.as_strided(sizes, (s * of_row, s * of_column, *between, of_row, of_column, of_map))
        return windows.reshape(side**2, n * rows * columns, s * s * maps)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return Pictures.apply(gradient, ctx.cut, ctx.shape), None


class Pictures(torch.autograd.Function):
    """The reverse, windows to pictures of the given shape, channels last: where windows overlap they are added."""

    @staticmethod
    def forward(ctx, windows: Tensor, cut: Cut, shape: tuple[int, int, int, int]) -> Tensor:
        ctx.cut = cut
        (n, maps, height, width), (side, step, rows, columns, s, padding) = shape, cut
        windows = windows.view(side, side, n, rows, columns, s, s, maps).permute(2, 3, 0, 5, 4, 1, 6, 7)
        reach = ceil(side / step)  # windows over one square, along one side
        if reach == 1:
            x = windows.reshape(n, rows * step * s, columns * step * s, maps)
        else:
            x = windows.new_zeros(n, rows + reach - 1, step, s, columns + reach - 1, step, s, maps)
            for i in range(reach):
                for j in range(reach):
                    part = windows[:, :, i * step : (i + 1) * step, :, :, j * step : (j + 1) * step]
                    x[:, i : i + rows, : part.shape[2], :, j : j + columns, : part.shape[5]] += part
            x = x.flatten(4, 6).flatten(1, 3)
        return x[:, padding : padding + height, padding : padding + width].contiguous().permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return Windows.apply(gradient, ctx.cut), None, None
