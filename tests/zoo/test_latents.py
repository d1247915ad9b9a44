import math
from statistics import NormalDist

import numpy as np
import pytest
import torch

from zoo import latents
from zoo.errors import Refused


def test_the_first_rows_of_a_large_draw_are_the_small_draw():
    large = latents.draw(50, 128, seed=7)
    for n in range(1, 50):
        assert torch.equal(latents.draw(n, 128, seed=7), large[:n])


def test_latents_are_the_inverse_normal_cdf_of_24_bit_integers():
    k = torch.randint(2**24, (5, 3), generator=torch.Generator().manual_seed(7))
    assert k[0].tolist() == [8974511, 3335364, 11059737]  # what every published model was shown with
    expected = [[NormalDist().inv_cdf((i + 0.5) / 2**24) for i in row] for row in k.tolist()]
    torch.testing.assert_close(latents.draw(5, 3, seed=7), torch.tensor(expected), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**32 - 1])
def test_the_formula_that_is_documented_gives_the_same_without_torchs_generator(seed):
    """NumPy's RandomState is the authors' twister, started by their init_genrand."""
    words = np.random.RandomState(seed).randint(2**32, size=(300, 4), dtype=np.uint32)
    u = ((words % 2**24).astype(float) + 0.5) / 2**24
    assert torch.equal(latents.draw(300, 4, seed=seed), torch.special.ndtri(torch.from_numpy(u)).float())


def test_the_extreme_integers_give_finite_opposite_latents(monkeypatch):
    monkeypatch.setattr(torch, "randint", lambda *_, **__: torch.tensor([[0, 2**24 - 1]]))
    low, high = latents.draw(1, 2)[0].tolist()
    assert low == -high and 5.4 < high < 5.5


def test_latents_are_standard_normal_float32():
    z = latents.draw(1000, 128, seed=3)
    assert z.dtype == torch.float32
    assert abs(z.mean()) < 0.01 and abs(z.std() - 1) < 0.01


def test_drawing_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    latents.draw(4, 4, seed=1)
    assert torch.equal(before, torch.get_rng_state())


def test_truncation_keeps_within_its_bounds_and_its_order():
    z, cut = latents.draw(200, 16, seed=1), latents.draw(200, 16, seed=1, truncation=0.7)
    assert cut.abs().max() <= 0.7 and cut.abs().max() > 0.69
    assert torch.equal(z.flatten().argsort(stable=True), cut.flatten().argsort(stable=True))
    torch.testing.assert_close(latents.truncate(z, 0.7), cut, rtol=0, atol=1e-6)
    far = torch.full((1, 4), 9.0)  # beyond what a quantile in float64 tells
    assert torch.equal(latents.truncate(far, float("inf")), far)


def test_truncation_moves_every_latent_continuously():
    z = latents.draw(200, 16, seed=1)
    for t in (0.1, 0.7, 2.0, 5.0):
        assert (latents.truncate(z, t + 1e-3) - latents.truncate(z, t)).abs().max() <= 1.001e-3
    assert latents.truncate(z, None) is z
    torch.testing.assert_close(latents.truncate(z, 20.0), z)


@pytest.mark.parametrize("t", [0, -1, math.nan])
def test_truncation_must_be_above_zero(t):
    with pytest.raises(Refused, match="truncation"):
        latents.draw(1, 4, truncation=t)


@pytest.mark.parametrize("seed", [-1, 2**32, 2**63, 1.5, "one", None])
def test_a_seed_out_of_range_is_refused_in_one_line(seed):
    with pytest.raises(Refused, match="seed") as error:
        latents.draw(1, 4, seed=seed)
    assert "\n" not in str(error.value)


def test_the_largest_seed_draws():
    assert latents.draw(1, 4, seed=2**32 - 1).isfinite().all()


def test_nothing_to_draw_is_refused():
    with pytest.raises(Refused, match="at least one"):
        latents.draw(0, 4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mix", [latents.slerp, latents.lerp])
def test_both_ends_are_exact(mix, dtype):
    a, b = latents.draw(2, 128, seed=5).to(dtype)
    path = mix(a, b, torch.linspace(0, 1, 7))
    assert path.shape == (7, 128) and path.dtype == dtype
    assert torch.equal(path[0], a) and torch.equal(path[-1], b)
    assert torch.equal(mix(a, b, 0.0), a) and torch.equal(mix(a, b, 1.0), b)


def test_slerp_turns_the_direction_evenly_and_moves_the_norm_linearly():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    t = torch.tensor([0.25, 0.5, 0.75])
    path = latents.slerp(a, b, t)
    torch.testing.assert_close(path.norm(dim=1), 2 + 2 * t)
    torch.testing.assert_close(torch.atan2(path[:, 1], path[:, 0]), t * math.pi / 2)


@pytest.mark.parametrize("factor", [1.0, 3.0, -1.0, -2.0, 0.0])
def test_slerp_between_parallel_opposite_or_zero_ends_is_lerp(factor):
    a = latents.draw(1, 16)[0]
    t = torch.linspace(0, 1, 5)
    assert torch.equal(latents.slerp(a, factor * a, t), latents.lerp(a, factor * a, t))
    for mix in (latents.slerp, latents.lerp):  # whose slopes are the line's, too
        ends = [(factor * a).requires_grad_(), a.clone().requires_grad_()]
        slopes = torch.autograd.grad(mix(*ends, t).sum(), ends)
        torch.testing.assert_close(slopes, (torch.full((16,), 2.5),) * 2)


def test_each_row_may_have_its_own_position():
    a, b = latents.draw(3, 8, seed=1), latents.draw(3, 8, seed=2)
    t = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    path = latents.slerp(a, b, t)
    assert torch.equal(path[0], a[0]) and torch.equal(path[2], b[2])
    assert torch.equal(path[1], latents.slerp(a[1], b[1], 0.3))


def test_every_seed_that_is_taken_has_latents_of_its_own():
    """torch's CPU generator looks at 32 bits: a seed beyond them would draw another's pictures."""
    bits = [0, *(2**i for i in range(32)), 2**32 - 1]
    drawn = {tuple(latents.draw(1, 8, seed=seed)[0].tolist()) for seed in bits}
    assert len(drawn) == len(bits)
    assert torch.equal(*(torch.rand(4, generator=torch.Generator().manual_seed(s)) for s in (7, 7 + 2**32)))
