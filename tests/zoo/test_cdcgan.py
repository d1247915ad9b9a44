"""The class changes what both nets of cdcgan do."""

import pytest
import torch
import torch.nn.functional as F

from zoo.architectures import dcgan

SHAPE = {"size": 32, "channels": 3, "width": 4, "classes": 3}


@pytest.fixture
def generator():
    torch.manual_seed(0)
    net = dcgan.Generator(**SHAPE, latent=8)
    for name, parameter in net.named_parameters():
        if name.endswith(("gains", "biases")):
            torch.nn.init.normal_(parameter)
    return net.eval()


def test_the_class_changes_the_picture(generator):
    z = torch.randn(1, 8).expand(3, 8)
    pictures = generator(z, torch.arange(3))
    assert (pictures[0] - pictures[1]).abs().mean() > 0.01
    assert torch.equal(generator(z, torch.tensor([2, 2, 2]))[0], pictures[2])


def test_each_norm_has_gains_and_biases_of_the_class(generator):
    z = torch.randn(2, 8)
    first = generator(z, torch.tensor([1, 1]))
    for name, parameter in generator.named_parameters():
        if name.endswith(("gains", "biases")):
            assert parameter.shape[0] == 3
            parameter.data[1] += 1
            assert not torch.allclose(generator(z, torch.tensor([1, 1])), first)
            parameter.data[1] -= 1


def test_weights_of_classes_are_labels_between_classes(generator):
    z = torch.randn(2, 8)
    labels = torch.tensor([0, 2])
    torch.testing.assert_close(generator(z, F.one_hot(labels, 3).float()), generator(z, labels))
    assert generator(z, torch.full((2, 3), 1 / 3)).isfinite().all()


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_the_class_changes_the_score(spectral_norm):
    torch.manual_seed(0)
    critic = dcgan.Critic(**SHAPE, norm="layer", spectral_norm=spectral_norm).eval()
    x = torch.rand(1, 3, 32, 32).expand(3, 3, 32, 32)
    assert len(set(critic(x, torch.arange(3)).tolist())) == 3
