"""What may be asked is said by the endpoints as it is checked."""

import pytest

from space import compare, interpolate, limits
from space.studio import Studio


@pytest.mark.parametrize(
    "said",
    [f"n pictures (1 to {limits.MAX_PICTURES})", "from 0 to 2**32 - 1",
     f"truncation ({limits.MIN_TRUNCATION:g} to {limits.NO_TRUNCATION:g})"],
)  # fmt: skip
def test_sample_says_its_bounds(shelf, said):
    assert said in " ".join(compare.sample_of(Studio(shelf)).__doc__.split())


@pytest.mark.parametrize(
    "said",
    [f"a row of {limits.MIN_STEPS} to {limits.MAX_STEPS} steps", "(0 to 2**32 - 1)", f"(0 to {limits.MAX_LATENT})"],
)  # fmt: skip
def test_interpolate_says_its_bounds(shelf, said):
    assert said in " ".join(interpolate.interpolate_of(Studio(shelf)).__doc__.split())
