"""The fast weight gradient is the ordinary one, taken where it pays and nowhere else."""

import pytest
import torch
from torch import nn

from train.running import convolution

SHAPES = {
    "critic's": (nn.Conv2d(12, 24, 4, 2, 1, bias=False), 8),
    "with a bias": (nn.Conv2d(12, 24, 4, 2, 1), 8),
    "no padding, oblong": (nn.Conv2d(16, 30, (3, 2), (2, 1), 0), 4),
    "padding, oblong": (nn.Conv2d(8, 64, 3, (1, 2), (0, 1)), 4),
    "generator's": (nn.ConvTranspose2d(24, 12, 4, 2, 1), 4),
    "transposed, 3 by 3": (nn.ConvTranspose2d(40, 8, 3, 1, 1, bias=False), 4),
}


@pytest.fixture
def taken(monkeypatch):
    """Counts the weight gradients that went the fast way."""
    calls, plainly = [], convolution.weight_gradient
    monkeypatch.setattr(convolution, "weight_gradient", lambda *a: (calls.append(a), plainly(*a))[1])
    return calls


def gradients(net, x, *, autocast=True):
    x = x.detach().clone().requires_grad_()
    net.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        y = net(x)
    (y.float() * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
    return {"y": y.float(), "x": x.grad} | {name: p.grad.clone() for name, p in net.named_parameters()}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_are_those_of_the_convolution(shape, layout, taken):
    net, side = SHAPES[shape]
    net = type(net)(
        net.in_channels, net.out_channels, net.kernel_size, net.stride, net.padding, bias=net.bias is not None
    )
    net = net.to(memory_format=layout)
    x = torch.randn(3, net.in_channels, side, side, generator=torch.manual_seed(0))
    whole, plain = gradients(net, x, autocast=False), gradients(net, x)
    assert not taken
    convolution.speed_up(net)
    fast = gradients(net, x)
    assert len(taken) == 1 and fast.keys() == plain.keys()
    for name, value in whole.items():
        error, of_plain = ((g[name] - value).norm() / value.norm() for g in (fast, plain))
        assert fast[name].shape == value.shape and fast[name].dtype == value.dtype
        assert error < max(2 * of_plain, 1e-3) and error < 0.02, name


def test_it_is_left_where_it_does_not_pay(taken):
    net = nn.Conv2d(12, 24, 4, 2, 1)
    convolution.speed_up(net)
    x = torch.randn(3, 12, 8, 8)
    gradients(net, x, autocast=False)  # float32
    gradients(net, torch.randn(3, 12, 32, 32))  # many pixels
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        net(x)
    assert not taken
    gradients(net, x)
    assert len(taken) == 1


@pytest.mark.parametrize("unusual", [{"groups": 2}, {"dilation": 2}, {"padding_mode": "reflect"}])
def test_unusual_convolutions_are_left_alone(unusual, taken):
    net = nn.Conv2d(12, 24, 4, 2, 1, **unusual)
    convolution.speed_up(net)
    gradients(net, torch.randn(3, 12, 8, 8))
    assert not taken


def test_a_frozen_weight_gets_no_gradient(taken):
    net = nn.Conv2d(12, 24, 4, 2, 1).requires_grad_(False)
    convolution.speed_up(net)
    x = torch.randn(3, 12, 8, 8, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        net(x).float().sum().backward()
    assert x.grad is not None and net.weight.grad is None and not taken


def test_spectrally_normalised_weights_pass_it_on(taken):
    plain, fast = (nn.utils.parametrizations.spectral_norm(nn.Conv2d(12, 24, 4, 2, 1)) for _ in range(2))
    fast.load_state_dict(plain.state_dict())
    convolution.speed_up(fast)
    x = torch.randn(3, 12, 8, 8)
    one, two = gradients(plain, x), gradients(fast, x)
    assert len(taken) == 1
    name = "parametrizations.weight.original"
    torch.testing.assert_close(two[name], one[name], rtol=0.02, atol=0.02 * one[name].abs().max().item())


@pytest.mark.parametrize("bias", [False, True])
def test_an_activation_in_place_may_follow_at_once(bias, taken):
    plain = nn.Sequential(nn.Conv2d(12, 24, 4, 2, 1, bias=bias), nn.LeakyReLU(0.2, inplace=True))
    x = torch.randn(3, 12, 8, 8, generator=torch.manual_seed(0))
    one = gradients(plain, x)
    convolution.speed_up(plain)
    two = gradients(plain, x)
    assert len(taken) == 1
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0.02, atol=0.02 * value.abs().max().item())
