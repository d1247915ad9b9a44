"""Doubling before a convolution, and halving after it, are the ordinary ones in one; twice differentiable."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from train import sngan
from train.reading.data import Pictures
from train.running import convolution, resampling
from train.running.cell import Cell, build_game, made_up_batch, rules
from zoo import architectures, losses
from zoo.step import play


def up():
    return nn.Sequential(nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(5, 6, 3, padding=1), nn.Tanh())


def down():
    return nn.Sequential(nn.Conv2d(5, 6, 3, padding=1), nn.AvgPool2d(2), nn.Tanh())


@pytest.fixture
def taken(monkeypatch):
    """How often a pair went through as one."""
    calls, plainly = [], resampling.shifts
    monkeypatch.setattr(resampling, "shifts", lambda weight: (calls.append(weight), plainly(weight))[1])
    return calls


def found(net, x):
    """The values, all gradients, and those of a gradient's length, as a penalty takes them."""
    x, weights = x.detach().clone().requires_grad_(), list(net.parameters())
    y = net(x)
    (slope,) = torch.autograd.grad(y.pow(3).sum() + y.sum(), x, create_graph=True)
    twice = torch.autograd.grad(slope.square().sum(), [x, *weights], retain_graph=True)
    return [y, slope, *twice, *torch.autograd.grad(y.square().sum(), [x, *weights])]


@pytest.mark.parametrize("make", [up, down])
@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_those_of_the_pair(make, spectral, layout, taken):
    torch.manual_seed(0)
    net = make().to(memory_format=layout).eval()
    if spectral:
        for module in net:
            if isinstance(module, nn.Conv2d):
                nn.utils.parametrizations.spectral_norm(module)
        net.eval()
    x = torch.randn(3, 5, 8, 12).to(memory_format=layout)
    wanted = found(copy.deepcopy(net).double(), x.double())
    convolution.speed_up(net)
    resampling.join(net)
    ours = found(net, x)
    assert len(taken) == 1
    for one, other in zip(ours, wanted, strict=True):
        assert one.shape == other.shape and (one - other).norm() < 1e-5 * other.norm()


def test_the_names_of_weights_stay():
    net = up()
    names = list(net.state_dict())
    resampling.join(net)
    assert list(net.state_dict()) == names
    again = copy.deepcopy(net)
    again[2].weight.data.zero_()  # a copy has its own weights
    again[2].bias.data.zero_()
    assert again(torch.ones(1, 5, 4, 4)).abs().max() == 0 < net(torch.ones(1, 5, 4, 4)).abs().max()


OTHERS = {
    "bilinear": lambda: [nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(5, 6, 3, padding=1)],
    "by three": lambda: [nn.Upsample(scale_factor=3), nn.Conv2d(5, 6, 3, padding=1)],
    "to a size": lambda: [nn.Upsample(size=9), nn.Conv2d(5, 6, 3, padding=1)],
    "without padding": lambda: [nn.Upsample(scale_factor=2), nn.Conv2d(5, 6, 3)],
    "in groups": lambda: [nn.Upsample(scale_factor=2), nn.Conv2d(5, 5, 3, padding=1, groups=5)],
    "something between": lambda: [nn.Conv2d(5, 6, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)],
    "kernel of 5": lambda: [nn.Conv2d(5, 6, 5, padding=2), nn.AvgPool2d(2)],
    "overlapping means": lambda: [nn.Conv2d(5, 6, 3, padding=1), nn.AvgPool2d(2, stride=1)],
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_pairs_are_left_alone(other, taken):
    net = nn.Sequential(*OTHERS[other]())
    x = torch.randn(2, 5, 8, 8)
    wanted = net(x)
    resampling.join(net)
    assert torch.equal(net(x), wanted) and not taken


@pytest.mark.parametrize("make", [up, down])
def test_bf16_and_odd_sides_take_the_ordinary_way(make, taken):
    net = make()
    x = torch.randn(2, 5, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        wanted = net(x)
        resampling.join(net)
        assert torch.equal(net(x), wanted)
    assert not taken
    odd = torch.randn(2, 5, 7, 9)
    assert torch.allclose(net(odd), make_plain(net, odd), atol=1e-5)
    assert len(taken) == (make is up)  # whose result is even whatever went in


def make_plain(net, x):
    for module in net:
        x = type(module).forward(module, x)
    return x


@pytest.mark.parametrize("loss", ["vanilla", "wgan-gp"])
def test_every_resampling_of_sngan_goes_so(loss, taken):
    """The generator doubles three times, the critic halves twice."""
    fields = {"size": 32, "channels": 3, "latent": 8, "width": 4}
    torch.manual_seed(0)
    plan = architectures.plan_critic("sngan", loss, losses.get(loss))
    for net, x, times in (
        (architectures.build_generator("sngan", fields), torch.randn(4, 8), 3),
        (architectures.build_critic("sngan", fields, plan, 4).eval(), torch.randn(4, 3, 32, 32), 2),
    ):
        wanted = copy.deepcopy(net)(x)
        taken.clear()
        resampling.join(net)
        assert torch.allclose(net(x), wanted, atol=1e-4) and len(taken) == times


def test_a_run_goes_so(taken):
    images = np.zeros((8, 3, 32, 32), np.uint8)
    options, pictures = (
        sngan.Options(loss="hinge", batch=4, width=4),
        Pictures("noise", "noise", None, "train", images),
    )
    fields = architectures.check_fields("sngan", options.generator_fields(pictures))
    cell = Cell("sngan", "sngan.py", options, rules("sngan", options), pictures, fields, 1)
    game = build_game(cell, "float32", "channels_last", torch.device("cpu"))
    play(game, [made_up_batch(cell, torch.device("cpu"))] * cell.rules.critic_steps)
    assert len(taken) >= 3 + 3 * 2
