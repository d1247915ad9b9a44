"""Latents in the browser are those of zoo.latents."""

import hashlib

import numpy as np
import pytest
import torch

from zoo import latents

ASK = """async ([name, ...given]) => {
    const made = await import("./look/browser/latents.js");
    const taken = given.map((one) => (one?.latents ? Float32Array.from(one.latents) : one));
    return [made[name](...taken)].flat().flatMap((one) => Array.from(one));
}"""
LEVELS = """async () => {
    const { latent } = await import("./look/browser/latents.js");
    const all = Float32Array.from({ length: 2 ** 24 }, (_, level) => latent(level));
    return [...new Uint8Array(await crypto.subtle.digest("SHA-256", all))];
}"""


@pytest.fixture
def ask(visit):
    """ask(function of latents.js, …) → float32."""
    page = visit()
    return lambda *asked: np.array(page.evaluate(ASK, list(asked)), np.float32)


def given(z: torch.Tensor) -> dict:
    return {"latents": z.tolist()}


def test_every_level_of_the_quantile_function_is_the_same_number(visit):
    ours = latents._latents(torch.arange(latents.LEVELS), None).numpy()
    assert bytes(visit().evaluate(LEVELS)) == hashlib.sha256(ours.tobytes()).digest()


def test_a_seed_gives_the_same_latents_whole_or_by_the_row(ask):
    for seed in (0, 7, 2**31, 2**32 - 1):
        ours = latents.draw(64, 128, seed).numpy()
        assert np.array_equal(ask("draw", 64, 128, seed), ours.ravel())
        for k in (0, 5, 63):
            assert np.array_equal(ask("row", k, 128, seed), ours[k])


def test_truncated_latents_are_the_same(ask):
    for truncation in (0.1, 0.7, 1.5, 3.9):
        ours = latents.truncate(latents.draw(64, 100, 3), truncation).numpy().ravel()
        theirs = ask("draw", 64, 100, 3, truncation)
        np.testing.assert_array_max_ulp(theirs, ours, 1)
        assert (theirs != ours).mean() < 1e-3


def test_between_two_latents_lie_the_same(ask):
    a, b = latents.draw(2, 128, 5)
    for mix in ("lerp", "slerp"):
        for t in (0.0, 0.25, 0.7, 1.0):
            ours = getattr(latents, mix)(a, b, t).numpy()
            theirs = ask(mix, given(a), given(b), t)
            np.testing.assert_allclose(theirs, ours, rtol=3e-7, atol=1e-9)
            assert t not in (0, 1) or np.array_equal(theirs, ours)


def test_where_there_is_no_arc_the_line_is_taken(ask):
    a = latents.draw(1, 16, 5)[0]
    for b in (1.0, -2.0, 0.0):
        line = latents.lerp(a, b * a, 0.25)
        np.testing.assert_allclose(ask("slerp", given(a), given(b * a), 0.25), line, rtol=1e-6)


def test_dropout_keeps_what_torch_keeps(ask):
    rng = torch.Generator().manual_seed(11)
    ours = [torch.rand(count, generator=rng) >= 0.3 for count in (40, 17)]
    theirs = ask("masks", [40, 17], 0.3, 11)
    np.testing.assert_allclose(theirs, torch.cat(ours).numpy() / 0.7, rtol=1e-6)
