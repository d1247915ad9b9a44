#!/usr/bin/env bash
# torchmetrics 1.9.0 (PyPI): its perceptual path length sees the ends of the paths alone, where latents are drawn and not passed.
#
# For whoever wants to know how smoothly a generator's pictures change on the way from one latent to another. The documentation
# gives PPL (Karras et al. 2019) as an expectation of D(G(I(z1, z2, t)), G(I(z1, z2, t + ε))) / ε² with "t a parameter between 0
# and 1". No t is drawn: `perceptual_path_length` (`functional/image/perceptual_path_length.py`) holds G(z1) against
# G(I(z1, z2, ε)), which is t = 0 each time: what StyleGAN calls "end" and reports beside "full". Straight paths between
# normal latents go through the middle, where none are drawn: in 128 dimensions half-way is at 0.71 of the usual length.
#
# Expected: of a generator that jumps half-way, the documented mean over t: much, where paths are straight.
# Seen:     a generator that turns from black to white where latents are 0.75 of the usual length, and is flat else: with t drawn
#           from 0 to 1 the formula comes to 62 along straight paths. torchmetrics says 0.17, which is the formula at t = 0.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q torchmetrics==1.9.0 torch==2.14.1 torchvision==0.29.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import torch
from torchmetrics.functional.image import perceptual_path_length

N, EPSILON, SIZE = 10_000, 1e-3, 128
TURN, WIDTH = 0.75 * SIZE**0.5, 0.1


class Turns(torch.nn.Module):
    """Latents (n, 128) to grey pictures (n, 3, 4, 4) from 0 to 255: black within the radius, white outside."""

    def __init__(self):
        super().__init__()
        self.draw = torch.Generator().manual_seed(0)

    def sample(self, n):
        return torch.randn(n, SIZE, generator=self.draw, dtype=torch.float64)

    def forward(self, latents):
        grey = 255 * torch.sigmoid((latents.norm(dim=1) - TURN) / WIDTH)
        return grey[:, None, None, None].expand(-1, 3, 4, 4)


class Square(torch.nn.Module):
    """The mean squared difference of each two pictures."""

    def forward(self, a, b):
        return ((a - b) ** 2).mean((1, 2, 3))


def straight(a, b, t):
    return a + t * (b - a)


def round_the_middle(a, b, t):
    angle = torch.nn.functional.cosine_similarity(a, b).clamp(-1, 1).acos()[:, None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


def documented(path, latest):
    """The mean over t from 0 to `latest`, of drawn paths."""
    generator, between = Turns(), Square()
    a, b = generator.sample(N), generator.sample(N)
    t = latest * torch.rand(N, 1, generator=generator.draw, dtype=torch.float64)
    ends = [2 * generator(path(a, b, at)) / 255 - 1 for at in (t, t + EPSILON)]
    return float(between(*ends).mean() / EPSILON**2)


for name, path in {"lerp": straight, "slerp_any": round_the_middle}.items():
    seen, _, _ = perceptual_path_length(
        Turns(), N, interpolation_method=name, epsilon=EPSILON, resize=None, sim_net=Square(),
        lower_discard=None, upper_discard=None,
    )  # fmt: skip
    ends, whole = documented(path, 0.0), documented(path, 1.0)
    print(f"{name}: torchmetrics {float(seen):.3g}, the formula at t = 0 {ends:.3g}, over t from 0 to 1 {whole:.3g}")
    assert abs(float(seen) / ends - 1) < 1e-6, "no longer: t is 0"
    assert name != "lerp" or whole > 100 * seen, "no longer: what lies between goes unseen"
PY
