"""Convolutions by fewer multiplications are the ordinary ones, twice differentiable, and taken where they pay."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from train.running import convolution, winograd

SHAPES = {  # weights (O, C, k, k), stride, padding, the larger map's sides, transposed
    "pix2pix critic's, 31 pixels": ((9, 5, 4, 4), 1, 1, (32, 32), False),
    "halving": ((6, 5, 4, 4), 2, 1, (16, 12), False),
    "halving to an odd side": ((6, 5, 4, 4), 2, 1, (14, 10), False),
    "kernel of 3": ((6, 5, 3, 3), 1, 1, (9, 8), False),
    "no padding": ((6, 5, 3, 3), 1, 0, (9, 8), False),
    "padding of 2": ((6, 5, 4, 4), 2, 2, (8, 8), False),
    "doubling": ((6, 5, 4, 4), 2, 1, (16, 12), True),
    "transposed, kernel of 3": ((6, 5, 3, 3), 1, 1, (9, 8), True),
}


def found(convolve, x, weight):
    """The values, their gradients, and the gradients of a gradient's length, as a penalty takes them."""
    x, weight = (t.detach().clone().requires_grad_() for t in (x, weight))
    y = convolve(x, weight)
    (slope,) = torch.autograd.grad(
        (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum() + y.pow(3).sum(),
        x,
        create_graph=True,
    )
    first = torch.autograd.grad(y.square().sum(), (x, weight), retain_graph=True)
    return [y, *first, slope, *torch.autograd.grad(slope.square().sum(), (x, weight))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tile", winograd.TILES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_those_of_the_convolution(shape, tile, layout):
    sizes, stride, padding, sides, transposed = SHAPES[shape]
    if tile + sizes[2] // stride > len(winograd.POINTS) + 2:
        pytest.skip("more points than are known")
    rng = torch.manual_seed(0)
    weight = torch.randn(sizes, generator=rng).to(memory_format=layout)
    if transposed:
        sides = winograd.smaller_sides(sides, sizes[2], stride, padding)
    x = torch.randn(3, sizes[not transposed], *sides, generator=rng).to(memory_format=layout)
    plainly = F.conv_transpose2d if transposed else F.conv2d
    wanted = found(lambda x, w: plainly(x, w, None, stride, padding), x.double(), weight.double())
    ours = found(
        lambda x, w: winograd.convolve(x, w, stride, padding, tile, transposed=transposed), x, weight
    )
    assert ours[0].is_contiguous(memory_format=torch.channels_last)
    for one, other in zip(ours, wanted, strict=True):
        assert one.shape == other.shape and one.dtype == torch.float32
        assert (one - other).norm() < 2e-5 * other.norm()


@pytest.mark.parametrize(
    "case, pays",
    [
        (((256, 128, 4, 4), 1, 1, (31, 31)), True),  # pix2pix's critic
        (((224, 64, 4, 4), 2, 1, (32, 32)), True),  # its generator
        (((32, 32, 3, 3), 1, 32, (32, 32)), False),  # sngan's, many pixels and few maps
        (((112, 112, 4, 4), 2, 1, (2, 2)), False),  # hardly a pixel to each weight
        (((64, 3, 4, 4), 2, 1, (128, 128)), False),  # hardly a map
        (((256, 128, 5, 5), 2, 1, (32, 32)), False),  # no multiple of the stride
        (((256, 128, 2, 2), 2, 0, (32, 32)), False),  # no two windows overlap
    ],
)
def test_it_is_taken_where_it_pays(case, pays):
    assert bool(winograd.best_tile(*case)) is pays


@pytest.fixture
def ways(monkeypatch):
    """Names the ways that convolutions went."""
    taken = []

    def watch(module, name):
        plainly = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **k: (taken.append(name), plainly(*a, **k))[1])

    watch(winograd, "convolve")
    watch(convolution, "to_one_map")
    return taken


CASES = {
    "halving": (nn.Conv2d(64, 128, 4, 2, 1, bias=False), 32, ["convolve"]),
    "with a bias": (nn.Conv2d(64, 128, 4, 2, 1), 32, ["convolve"]),
    "doubling, with a bias": (nn.ConvTranspose2d(128, 64, 4, 2, 1), 16, ["convolve"]),
    "to one map": (nn.Conv2d(64, 1, 4, 1, 1), 16, ["to_one_map"]),
    "to one map, unpadded": (nn.Conv2d(64, 1, 3, 1, 0, bias=False), 16, ["to_one_map"]),
    "to one map in steps": (nn.Conv2d(64, 1, 4, 2, 1), 16, []),
    "a pixel is left over": (nn.Conv2d(64, 128, 4, 2, 1), 33, []),
    "oblong": (nn.Conv2d(64, 128, (4, 2), 2, 1), 32, []),
    "few pixels": (nn.Conv2d(64, 128, 4, 2, 1), 4, []),
}


@pytest.mark.parametrize("case", CASES)
def test_layers_go_their_way_and_arrive_at_the_same(case, ways):
    layer, side, way = CASES[case]
    torch.manual_seed(0)
    layer.reset_parameters()
    x = torch.randn(4, layer.in_channels, side, side, generator=torch.manual_seed(0)).requires_grad_()
    wanted = layer(x)
    pull = torch.randn_like(wanted)
    parts = (x, *layer.parameters())
    plain = torch.autograd.grad(wanted, parts, pull)
    convolution.speed_up(layer)
    y = layer(x)
    assert ways == way
    for one, other in zip((y, *torch.autograd.grad(y, parts, pull)), (wanted, *plain), strict=True):
        assert one.shape == other.shape
        assert (one - other).norm() < 1e-5 * other.norm()


def test_other_precisions_are_left_alone(ways):
    layer = nn.Conv2d(64, 128, 4, 2, 1)
    x = torch.randn(4, 64, 32, 32)
    convolution.speed_up(layer)
    with torch.autocast("cpu", torch.bfloat16):
        layer(x)
    layer.double()(x.double())
    layer.float().to("meta")(x.to("meta"))
    assert not ways
