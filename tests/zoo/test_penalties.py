import math

import numpy as np
import pytest
import torch
from torch import nn

from zoo import penalties
from zoo.errors import Refused, UnknownName
from zoo.penalties import PENALTIES, R1, R1R2, R2, AroundData, LineBetween

SHAPE = (6, 3, 8, 8)


@pytest.fixture
def pictures():
    """Real and fake, float64 data as float32, of unlike scales."""
    rng = torch.Generator().manual_seed(0)
    return torch.randn(SHAPE, generator=rng) * 0.3 - 0.2, torch.randn(SHAPE, generator=rng) * 0.1 + 0.4


class Bowl(nn.Module):
    """D(x) = Σ aᵢxᵢ²/2, whose slope is aᵢxᵢ. Remembers where it was asked."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.rand(SHAPE[1:], generator=torch.Generator().manual_seed(1)))
        self.asked = []

    def forward(self, x):
        self.asked.append(x.detach())
        return (self.a * x.square() / 2).flatten(1).sum(1)

    def slopes(self, x):
        """Their norms (n,), in NumPy and float64."""
        return np.linalg.norm((self.a.detach().double() * x.double()).flatten(1).numpy(), axis=1)


# ---- equations


def test_line_between_is_its_equation_at_one_place_a_pair(pictures):
    bowl, (real, fake) = Bowl(), pictures
    value = LineBetween(7.0)(bowl, real, fake, torch.Generator().manual_seed(3))
    (between,) = bowl.asked
    assert value.item() == pytest.approx(7 * np.mean((bowl.slopes(between) - 1) ** 2), rel=1e-5)
    apart = (real - fake).abs() > 0.1  # elsewhere ε cannot be told
    eps = [((b - f) / (r - f))[far] for b, r, f, far in zip(between, real, fake, apart, strict=True)]
    for one in eps:  # the same all over a picture, another one in each
        assert one.min() >= 0 and one.max() <= 1 and one.max() - one.min() < 1e-4
    assert len({round(one.mean().item(), 3) for one in eps}) == len(eps)


def test_around_data_is_its_equation_with_noise_for_each_pixel_and_a_length_for_each_picture():
    """The pictures are many, so that the distribution of α, one per picture, can be seen."""
    bowl, rng = Bowl(), torch.Generator().manual_seed(1)
    real = torch.randn(600, 3, 8, 8, generator=rng)
    real[:, 0] *= 3  # one std over the whole batch, not one a channel or picture
    real[0] *= 2
    value = AroundData(7.0, 2.0)(bowl, real, real, torch.Generator().manual_seed(3))
    (near,) = bowl.asked
    assert value.item() == pytest.approx(7 * np.mean((bowl.slopes(near) - 2) ** 2), rel=1e-5)
    moved = ((near - real) / (0.5 * real.numpy().std())).flatten(1)  # (n, pixels): α·u
    assert moved.min() > -1e-4 and moved.max() < 1 + 1e-4
    alpha = 2 * moved.mean(1)  # u's mean is a half; known to ± 0.04 from 192 pixels
    assert [alpha.quantile(q).item() for q in (0.1, 0.5, 0.9)] == pytest.approx([0.1, 0.5, 0.9], abs=0.08)
    u = moved[alpha > 0.3] / moved[alpha > 0.3].amax(1, keepdim=True)  # uniform up to each picture's own α
    assert u.unique().numel() > 0.9 * u.numel() and (u.amin(1) < 0.1).all()
    assert u.mean().item() == pytest.approx(0.5, abs=0.02)
    assert u.std().item() == pytest.approx(12**-0.5, abs=0.02)


def test_r1_is_half_the_squared_slope_on_reals_and_r2_on_fakes(pictures):
    bowl, (real, fake) = Bowl(), pictures
    on_real, on_fake = (1.5 * np.mean(bowl.slopes(x) ** 2) for x in (real, fake))
    assert R1(3.0)(bowl, real, fake).item() == pytest.approx(on_real, rel=1e-5)
    assert R2(3.0)(bowl, real, fake).item() == pytest.approx(on_fake, rel=1e-5)
    assert R1R2(3.0)(bowl, real, fake).item() == pytest.approx(on_real + on_fake, rel=1e-5)


# ---- what all have in common


class Line(nn.Module):
    """D(x) = wx, whose slope is w."""

    def __init__(self, scale):
        super().__init__()
        self.w = nn.Parameter(scale * torch.ones(SHAPE[1:]))

    def forward(self, x):
        return (self.w * x).flatten(1).sum(1)


DERIVATIVES = {  # of the penalty by the slope's norm s
    LineBetween(5.0): lambda s: 10 * (s - 1),
    AroundData(5.0, 2.0): lambda s: 10 * (s - 2),
    R1(5.0): lambda s: 5 * s,
    R2(5.0): lambda s: 5 * s,
    R1R2(5.0): lambda s: 10 * s,
}


@pytest.mark.parametrize("penalty", DERIVATIVES, ids=lambda p: type(p).__name__)
def test_the_critic_feels_it(penalty, pictures):
    line = Line(0.3)
    penalty(line, *pictures).backward()
    norm = line.w.detach().norm()
    torch.testing.assert_close(line.w.grad, DERIVATIVES[penalty](norm) * line.w.detach() / norm)


@pytest.mark.parametrize("penalty", DERIVATIVES, ids=lambda p: type(p).__name__)
def test_a_flat_critic_has_a_finite_penalty_with_a_finite_gradient(penalty, pictures):
    line = Line(0.0)
    value = penalty(line, *pictures)
    value.backward()
    wanted = {LineBetween: 5 * 1, AroundData: 5 * 4}.get(type(penalty), 0)
    assert value.item() == wanted and line.w.grad.isfinite().all()


@pytest.mark.parametrize("penalty", DERIVATIVES, ids=lambda p: type(p).__name__)
def test_one_flat_picture_does_not_spoil_the_others(penalty):
    real = torch.rand(SHAPE)
    real[0] = 0
    bowl = Bowl()
    bowl.forward = lambda x: (bowl.a * x.relu().square() / 2).flatten(1).sum(1)  # flat below zero
    penalty(bowl, real - 0.0, real * 1.0).backward()
    assert bowl.a.grad.isfinite().all() and bowl.a.grad.norm() > 0


@pytest.mark.parametrize("penalty", DERIVATIVES, ids=lambda p: type(p).__name__)
def test_a_patch_critic_is_the_mean_of_its_map(penalty, pictures):
    net = nn.Conv2d(3, 1, 3, bias=False)

    def value(critic):
        return penalty(critic, *pictures, torch.Generator().manual_seed(3))

    torch.testing.assert_close(value(net), value(lambda x: net(x).mean((1, 2, 3))))
    assert value(net) != value(lambda x: net(x).sum((1, 2, 3)))


@pytest.mark.parametrize("penalty", DERIVATIVES, ids=lambda p: type(p).__name__)
def test_it_is_computed_in_float32_whatever_the_autocast(penalty, pictures):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softplus(), nn.Conv2d(4, 1, 6))
    seen = []
    net.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0].dtype, output.dtype)))
    real, fake = (x.bfloat16() for x in pictures)
    wide = penalty(net, real.float(), fake.float(), torch.Generator().manual_seed(3))
    with torch.autocast("cpu", torch.bfloat16):
        value = penalty(net, real, fake, torch.Generator().manual_seed(3))
    assert torch.equal(value, wide) and value.dtype == torch.float32
    assert set(seen) == {(torch.float32, torch.float32)}


@pytest.mark.parametrize("penalty", DERIVATIVES, ids=lambda p: type(p).__name__)
def test_pictures_get_no_gradient_and_randomness_comes_from_the_given_generator(penalty, pictures):
    real, fake = (x.requires_grad_() for x in pictures)
    before = torch.get_rng_state()
    first, again, other = (penalty(Bowl(), real, fake, torch.Generator().manual_seed(s)) for s in (3, 3, 4))
    first.backward()
    assert real.grad is None and fake.grad is None
    assert first == again and torch.equal(before, torch.get_rng_state())
    assert (first == other) == isinstance(penalty, R1 | R2 | R1R2)


# ---- by name


@pytest.mark.parametrize("name", PENALTIES)
def test_the_weight_is_the_first_constant(name):
    assert penalties.get(name) == PENALTIES[name]()
    assert penalties.get(name, 0.25) == PENALTIES[name](0.25) != PENALTIES[name]()


def test_an_unknown_penalty_is_named_with_its_neighbour():
    with pytest.raises(UnknownName, match="did you mean line-between"):
        penalties.get("line-betwen")


@pytest.mark.parametrize("weight", [-1, "3", math.nan, math.inf, True])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(Refused, match="weight of r1"):
        penalties.get("r1", weight)


def test_a_weight_may_be_numpys():
    assert penalties.get("r1", np.float64(3)).gamma == 3 and penalties.get("r1", 0).gamma == 0
