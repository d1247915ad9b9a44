"""Games at a tiny width, from the tables alone, and batches of noise for them."""

import copy

import pytest
import torch

from train.cell import adam
from train.step import Batch, Game
from zoo import architectures, losses


@pytest.fixture
def make_game(tiny_fields):
    def make(name: str, loss: str, *, device: str = "cpu", lr: float = 1e-3, fields=(), **given) -> Game:
        constants = given.pop("constants", {})
        loss_of = losses.get(loss, **constants)
        plan = architectures.plan_critic(name, loss, loss_of, penalty=given.get("penalty"))
        fields = tiny_fields(name, **dict(fields))
        torch.manual_seed(0)
        generator = architectures.build_generator(name, fields).to(device)
        critic = architectures.build_critic(name, fields, plan, 4).to(device)
        if architectures.get(name).kind == "translation":
            given = {"d_weight": 0.5, "l1_weight": 100.0} | given
        return Game(
            generator,
            critic,
            copy.deepcopy(generator).requires_grad_(False),
            adam(generator, lr, (0.5, 0.999)),
            adam(critic, lr, (0.5, 0.999)),
            loss_of,
            k=torch.zeros((), device=device),
            **{"penalty": loss_of.penalty, **given},
        )

    return make


@pytest.fixture
def make_batches(tiny_fields):
    def make(name: str, count: int, *, n: int = 4, seed: int = 0, device: str = "cpu") -> list[Batch]:
        fields, rng = tiny_fields(name), torch.Generator().manual_seed(seed)
        size, batches = fields["size"], []
        for _ in range(count):
            real = torch.rand(n, fields["channels"], size, size, generator=rng) * 2 - 1
            latents = torch.randn(n, fields["latent"], generator=rng) if "latent" in fields else None
            condition = None
            if architectures.get(name).kind == "translation":
                condition = torch.rand(n, 3, size, size, generator=rng) * 2 - 1
            elif fields.get("classes"):
                condition = torch.randint(fields["classes"], (n,), generator=rng)
            tensors = (real, condition, latents)
            batches.append(Batch(*(t if t is None else t.to(device) for t in tensors)))
        return batches

    return make
