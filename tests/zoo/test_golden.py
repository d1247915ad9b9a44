"""Every architecture as it was: what nets with the weights of seed 0 make of a fixed batch, to a thousandth.

Bundled models are held by their own pictures (test_bundled.py); this holds the families that none is bundled of, the
critics, which no checkpoint keeps, and how weights begin. A family that changes on purpose gets its numbers anew.
"""

import pytest
import torch

from zoo import latents, losses
from zoo.architectures import ARCHITECTURES, build_critic, build_generator, plan_critic
from zoo.errors import Refused

# mean |picture|, and mean and deviation of the scores by the critic of vanilla, wgan-gp and began
GOLDEN = {
    "dcgan": [0.04408, -0.68394, 0.71457, -0.19367, 0.15032, 0.49699, 0.0054747],
    "cdcgan": [0.046411, -0.57652, 1.4328, -0.053688, 0.41481],
    "convgan": [7.3702e-06, 0.000528, 0.00061166, 0.000528, 0.00061166, 0.49699, 0.0054747],
    "convgan-bn": [0.050528, -0.33736, 0.1303, 0.50004, 0.0055042],
    "convgan-deep": [0.051515, 0.16391, 0.29015, 0.50107, 0.005529],
    "convgan-deep-no-bn": [3.1935e-08, -0.00011744, 0.00013004, -0.00011744, 0.00013004, 0.49699, 0.0054747],
    "convgan-bn-after": [0.074311, -0.30216, 0.1769, 0.50325, 0.0064885],
    "sngan": [0.37192, -9.5032, 0.4796, -27.164, 0.841, 0.94057, 0.26936],
    "pix2pix": [0.039647, -0.17982, 0.49454, -0.085016, 0.23298],
}


def numbers(name, fields) -> list[float]:
    """Of the generator and of each critic that the family has, in float64."""
    rng = torch.Generator().manual_seed(0)
    size, condition, z = fields["size"], None, None
    if ARCHITECTURES[name].kind == "translation":
        condition = torch.rand(4, 3, size, size, generator=rng).double() * 2 - 1
    else:
        z = latents.draw(4, fields["latent"]).double()
        condition = torch.arange(4) % fields["classes"] if ARCHITECTURES[name].conditional else None
    pictures = torch.rand(4, fields["channels"], size, size, generator=rng).double() * 2 - 1
    torch.manual_seed(0)
    found = [build_generator(name, fields).double()(z, condition).abs().mean()]
    for loss in ("vanilla", "wgan-gp", "began"):
        try:
            plan = plan_critic(name, loss, losses.get(loss))
        except Refused:
            continue
        torch.manual_seed(0)
        scores = build_critic(name, fields, plan, 4).double()(pictures, condition)
        found += [scores.mean(), scores.std()]
    return [float(f"{value.item():.5g}") for value in found]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_is_what_it_was(name, tiny_fields):
    assert numbers(name, tiny_fields(name)) == pytest.approx(GOLDEN[name], rel=1e-3, abs=1e-9)
