"""pix2pix's nets are Isola et al.'s: skips, depth, dropout, and patches of 70 pixels."""

import pytest
import torch
from torch import nn

from zoo.architectures import layers, pix2pix


def patch_of_one_score(norm):
    """Rows and columns of the input that the middle score of a critic depends on."""
    critic = pix2pix.Critic(size=256, channels=3, width=4, norm=norm, spectral_norm=False)
    for parameter in critic.parameters():
        nn.init.uniform_(parameter, 0.1, 1.0)  # all positive: no path cancels another
    picture = torch.rand(1, 3, 256, 256, requires_grad=True)
    scores = critic(picture, torch.rand(1, 3, 256, 256))
    (slope,) = torch.autograd.grad(scores[0, 0, 15, 15], picture)
    seen = slope[0].abs().sum(0) > 0
    return scores.shape, seen.any(1).sum().item(), seen.any(0).sum().item()


def test_a_patch_is_70_pixels_wide():
    assert patch_of_one_score("none") == ((1, 1, 30, 30), 70, 70)


@pytest.mark.parametrize("size", [32, 256])
def test_skips_carry_the_encoders_tensor_of_the_same_side(size):
    net = pix2pix.Generator(size=size, channels=3, width=2, cap=8).eval()
    encoded, decoded, joined = [], [], []
    for block in net.down:
        block.register_forward_hook(lambda _, __, out: encoded.append(out.clone()))
    for block in net.up:
        block.register_forward_hook(lambda _, __, out: decoded.append(out.clone()))
    for block in (*net.up[1:], net.last):
        block.register_forward_pre_hook(lambda _, given: joined.append(given[0].clone()))
    with torch.no_grad():
        out = net(None, torch.rand(1, 3, size, size) * 2 - 1)
    assert out.shape == (1, 3, size, size)
    assert [e.shape[-1] for e in encoded] == [size >> i for i in range(1, size.bit_length())]
    assert len(joined) == len(decoded) == len(encoded) - 1
    for both, up, skip in zip(joined, decoded, reversed(encoded[:-1]), strict=True):
        assert torch.equal(both, torch.cat([up, skip], 1))


def test_at_the_papers_width_the_layers_are_the_papers():
    with torch.device("meta"):
        net = pix2pix.Generator(size=256, channels=3, width=64, cap=512)
        critic = pix2pix.Critic(size=256, channels=3, width=64, norm="batch", spectral_norm=False)
    assert [block[1].out_channels for block in net.down] == [64, 128, 256, 512, 512, 512, 512, 512]
    assert [block[1].out_channels for block in net.up] == [512, 512, 512, 512, 256, 128, 64]
    has_norm = [isinstance(block[2], nn.BatchNorm2d) for block in net.down]
    assert has_norm == [False, *[True] * 6, False]  # none on the first, none on the innermost 1×1
    assert [isinstance(block[3], nn.Dropout) for block in net.up] == [True] * 3 + [False] * 4
    convolutions = [layer for layer in critic.layers if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [64, 128, 256, 512, 1]
    assert [layer.stride[0] for layer in convolutions] == [2, 2, 2, 1, 1]


def test_the_critic_judges_a_picture_with_its_map():
    critic = pix2pix.Critic(size=64, channels=3, width=4, norm="instance", spectral_norm=False)
    picture, maps = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    assert not torch.allclose(critic(picture, maps), critic(picture, maps.flip(0)))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_norms_get_gradients_in_one_piece(layout, monkeypatch):
    """What comes back through a skip is cut out of a wider gradient, on which batch norm takes ten times as long."""
    pieces, plainly = [], layers.with_dense_gradient

    def watched(x):
        plainly(x).register_hook(pieces.append)  # after the one that is tested
        return x

    monkeypatch.setattr(layers, "with_dense_gradient", watched)
    net = pix2pix.Generator(size=32, channels=3, width=4, cap=8).to(memory_format=layout)
    net(None, torch.randn(2, 3, 32, 32).to(memory_format=layout)).sum().backward()
    assert len(pieces) == len(net.up)
    assert all(piece.is_contiguous(memory_format=layout) for piece in pieces)
