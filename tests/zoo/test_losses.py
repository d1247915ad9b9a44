import itertools
from dataclasses import asdict

import numpy as np
import pytest
import torch

from zoo import losses, penalties
from zoo.errors import Refused, UnknownName
from zoo.losses import LOSSES

SHAPES = [(1,), (7,), (4, 1, 6, 6), (3, 1, 2, 5)]
SETTINGS = [(name, {}) for name in LOSSES] + [
    ("lsgan", {"a": -1.0, "b": 1.0, "c": 0.0}),
    ("lsgan", {"squash": True}),
    ("focal", {"gamma": 0.0}),
    ("focal", {"alpha": 0.25, "gamma": 0.5}),
    ("focal", {"gamma": 5.0, "saturating": True}),
    ("began", {"gamma": 0.9}),
]
K = 0.3  # of began: not 0, where its d would forget the fakes


def d(loss, real, fake):
    return loss.d(real, fake, K) if loss.control == "autoencoder" else loss.d(real, fake)


# ---- the sources' formulas, in float64 and from PAPERS.md alone


def log_sigmoid(s):
    return -np.logaddexp(0, -s)


def formulas(name, r, f, *, a=0, b=1, c=1, squash=False, alpha=1, gamma=2.0, saturating=False, **_):
    """(critic loss, generator loss) of real scores `r` and fake ones `f`."""
    p_r, p_f = np.exp(log_sigmoid(r)), np.exp(log_sigmoid(f))
    log_p_r, log_p_f, log_q_f = log_sigmoid(r), log_sigmoid(f), log_sigmoid(-f)
    cross_entropy = -log_p_r.mean() - log_q_f.mean()
    v_r, v_f = (p_r, p_f) if squash else (r, f)
    focal = -alpha * ((1 - p_r) ** gamma * log_p_r).mean() - alpha * (p_f**gamma * log_q_f).mean()
    focal_g = alpha * (p_f**gamma * log_q_f) if saturating else -alpha * (1 - p_f) ** gamma * log_p_f
    return {
        "minimax": (cross_entropy, log_q_f.mean()),
        "vanilla": (cross_entropy, -log_p_f.mean()),
        "lsgan": (((v_r - b) ** 2).mean() / 2 + ((v_f - a) ** 2).mean() / 2, ((v_f - c) ** 2).mean() / 2),
        "wgan": (f.mean() - r.mean(), -f.mean()),
        "wgan-gp": (f.mean() - r.mean(), -f.mean()),
        "focal": (focal, focal_g.mean()),
        "hinge": (np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(), -f.mean()),
        "dragan": (cross_entropy, -log_p_f.mean()),
        "began": (r.mean() - K * f.mean(), f.mean()),
        "rpgan": (-log_sigmoid(r - f).mean(), -log_sigmoid(f - r).mean()),
    }[name]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name, given", SETTINGS)
def test_each_loss_is_its_source_to_the_factor(name, given, shape):
    rng = np.random.default_rng(len(shape))
    loss = losses.get(name, **given)
    for scale in (0.1, 1.0, 5.0):
        r, f = rng.normal(0.5, scale, shape), rng.normal(-0.5, scale, shape)
        real, fake = torch.from_numpy(r), torch.from_numpy(f)
        expected = formulas(name, r, f, **given)
        found = d(loss, real, fake), loss.g(fake, real)
        assert [value.shape for value in found] == [(), ()]
        np.testing.assert_allclose([value.item() for value in found], expected, rtol=1e-12)


def test_focal_at_score_zero_has_the_scale_that_the_source_implies():
    score = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    value = losses.get("focal").g(score)
    (slope,) = torch.autograd.grad(value, score)
    assert value.item() == pytest.approx(0.173, abs=5e-4) and slope.item() == pytest.approx(-0.298, abs=5e-4)


NOTHING = ("spectral", 1, None, None)
GOES_WITH = {  # control, critic steps, clip, penalty; the others bring nothing of their own
    "wgan": ("clip", 5, 0.01, None),
    "wgan-gp": ("penalty", 5, None, penalties.LineBetween(10.0)),
    "dragan": ("penalty", 1, None, penalties.AroundData(10.0, 1.0)),
    "began": ("autoencoder", 1, None, None),
    "rpgan": ("penalty", 1, None, penalties.R1R2(0.03)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_says_what_it_goes_with(name):
    loss = losses.get(name)
    assert (loss.control, loss.critic_steps, loss.clip, loss.penalty) == GOES_WITH.get(name, NOTHING)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_says_what_it_is_in_words_of_its_own(name):
    """Inherited words would describe another loss."""
    words = [loss.words for loss in LOSSES.values()]
    assert 0 < len(LOSSES[name].words) <= 32 and words.count(LOSSES[name].words) == 1
    assert LOSSES[name].cite and isinstance(LOSSES[name].cite, tuple)


def test_a_penalty_takes_its_constants_from_its_loss():
    assert losses.get("wgan-gp", lam=3).penalty == penalties.LineBetween(3.0)
    assert losses.get("dragan", lam=3, k=2).penalty == penalties.AroundData(3.0, 2.0)
    assert losses.get("rpgan", gamma=3).penalty == penalties.R1R2(3.0)


# ---- numerics


def slopes(loss, real, fake, dtype=torch.float32):
    """d and g at the scores `real` and `fake`, then d's slope at each, then g's at fake."""
    r, f = (torch.full((2, 3), float(s), dtype=dtype, requires_grad=True) for s in (real, fake))
    d_value, g_value = d(loss, r, f), loss.g(f, r.detach())
    d_r, d_f = torch.autograd.grad(d_value, (r, f))
    (g_f,) = torch.autograd.grad(g_value, f)
    return d_value, g_value, d_r, d_f, g_f


EXTREMES = [*SETTINGS, ("focal", {"gamma": 0.01}), ("focal", {"gamma": 0.3, "saturating": True})]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name, given", EXTREMES)
def test_values_and_slopes_are_finite_at_any_score(name, given, dtype):
    for real, fake in itertools.product((-1e4, -90, -1, 0, 1, 90, 1e4), repeat=2):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            found = slopes(losses.get(name, **given), real, fake, dtype)
        assert all(value.isfinite().all() for value in found), (real, fake)


@pytest.mark.parametrize("name, given", [(n, f) for n, f in EXTREMES if not f.get("squash")])
def test_a_critic_that_is_wrong_is_corrected_however_wrong(name, given):
    loss = losses.get(name, **given)
    wrong = 1e4 * loss.realness
    _, _, d_r, d_f, _ = slopes(loss, -wrong, wrong)
    assert (d_r * loss.realness < 0).all() and (d_f * loss.realness > 0).all()


@pytest.mark.parametrize("name, given", [(n, f) for n, f in EXTREMES if not f.get("squash")])
def test_only_saturating_generators_go_blind_against_a_sure_critic(name, given):
    loss = losses.get(name, **given)
    sure = 1e4 * loss.realness
    *_, g_f = slopes(loss, sure, -sure)
    if name == "minimax" or given.get("saturating"):
        assert (g_f == 0).all()
    else:
        assert (g_f * loss.realness < 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_half_precision_scores_are_computed_in_float32(name):
    loss = losses.get(name)
    real, fake = torch.randn(2, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = d(loss, real, fake), loss.g(fake, real)
    exact = d(loss, real.double(), fake.double()), loss.g(fake.double(), real.double())
    for value, truth in zip(found, exact, strict=True):
        assert value.dtype == torch.float32
        assert value.item() == pytest.approx(truth.item(), rel=1e-5, abs=1e-7)


# ---- kinship


def scores(*shape, seed=0):
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 3


def test_focal_with_gamma_zero_is_vanilla():
    real, fake = scores(50)
    focal, vanilla = losses.get("focal", gamma=0), losses.get("vanilla")
    torch.testing.assert_close(focal.d(real, fake), vanilla.d(real, fake))
    torch.testing.assert_close(focal.g(fake), vanilla.g(fake))
    assert losses.get("focal").d(real, fake) < vanilla.d(real, fake) / 1.1


def test_minimax_and_vanilla_share_the_critic_and_differ_in_the_generator():
    real, fake = scores(50)
    minimax, vanilla = losses.get("minimax"), losses.get("vanilla")
    assert minimax.d(real, fake) == vanilla.d(real, fake)
    assert minimax.g(fake) < 0 < vanilla.g(fake)


@pytest.mark.parametrize("name, given", SETTINGS)
def test_a_patch_map_is_worth_the_mean_of_its_patches_if_the_loss_is_separable(name, given):
    loss = losses.get(name, **given)
    real, fake = scores(5, 1, 3, 4)  # (n, 1, h, w)
    patches = list(zip(real.flatten(1).T, fake.flatten(1).T, strict=True))
    apart = [
        (d(loss, real, fake), sum(d(loss, r, f) for r, f in patches) / len(patches)),
        (loss.g(fake, real), sum(loss.g(f, r) for r, f in patches) / len(patches)),
    ]
    assert [torch.isclose(whole, mean).item() for whole, mean in apart] == [loss.separable] * 2


def test_rpgan_compares_within_pairs():
    real, fake = scores(9)
    loss = losses.get("rpgan")
    assert loss.paired and not torch.isclose(loss.d(real, fake), loss.d(real, fake.flip(0)))
    for of in (loss.d, loss.g):
        with pytest.raises(ValueError, match="one shape"):
            of(real, fake.unsqueeze(1))


def test_began_moves_k_toward_the_balance_within_zero_and_one():
    loss = losses.get("began", gamma=0.5, lam_k=0.1)
    one, real, fake = (torch.tensor(x, dtype=torch.float64) for x in (1.0, 0.8, 0.3))
    k = loss.next_k(0 * one, real, fake)
    assert k.item() == pytest.approx(0.1 * (0.5 * 0.8 - 0.3))
    assert loss.next_k(k, real, fake).item() == pytest.approx(2 * k.item())
    assert loss.next_k(0 * one, fake, real) == 0 and loss.next_k(one, real, fake) == 1
    assert loss.convergence(real, fake).item() == pytest.approx(0.8 + abs(0.5 * 0.8 - 0.3))
    assert loss.convergence(fake, real).item() == pytest.approx(0.3 + abs(0.5 * 0.3 - 0.8))


# ---- by name


@pytest.mark.parametrize("name, given", SETTINGS)
def test_what_describe_says_get_makes_again(name, given):
    loss = losses.get(name, **given)
    said = losses.describe(loss)
    assert said["name"] == name and said.items() >= given.items() and said.items() >= asdict(loss).items()
    assert losses.get(said.pop("name"), **said) == loss


@pytest.mark.parametrize("two", [2, np.float64(2), np.float32(2), np.int64(2)])
def test_numbers_of_any_kind_become_the_floats_that_they_stand_for(two):
    assert losses.describe(losses.get("focal", gamma=two)) == losses.describe(losses.get("focal"))
    assert type(losses.get("focal", gamma=two).gamma) is float


@pytest.mark.parametrize(
    "error, name, given, words",
    [
        (UnknownName, "focl", {}, "did you mean focal"),
        (UnknownName, "began-2", {}, "did you mean began"),
        (UnknownName, "xyz", {}, "there are " + ", ".join(LOSSES)),
        (UnknownName, "focal", {"gama": 1.0}, "did you mean gamma"),
        (UnknownName, "vanilla", {"gamma": 1.0}, "there are none"),
        (UnknownName, "vanilla", {"clip": 1.0}, "'clip'"),
        (Refused, "focal", {"gamma": "2"}, "gamma must be a number"),
        (Refused, "focal", {"gamma": True}, "gamma must be a number"),
        (Refused, "focal", {"gamma": None}, "gamma must be a number"),
        (Refused, "focal", {"saturating": 1}, "saturating must be a bool"),
        (Refused, "lsgan", {"squash": 0.0}, "squash must be a bool"),
        (Refused, "wgan", {"clip": float("nan")}, "clip must be above 0 and at most 1e6, not nan"),
        (Refused, "wgan", {"clip": 0}, "clip must be above 0 and at most 1e6, not 0"),
        (Refused, "wgan-gp", {"lam": float("-inf")}, "lam must be from 0 to 1e6, not -inf"),
        (Refused, "lsgan", {"a": 1e7}, "a must be from -1e6 to 1e6, not 10000000.0"),
    ],
)
def test_what_is_no_loss_is_named_in_one_line(error, name, given, words):
    with pytest.raises(error) as raised:
        losses.get(name, **given)
    assert words in str(raised.value) and "\n" not in str(raised.value)
