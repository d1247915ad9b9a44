"""Games at a tiny width, from the tables alone, batches of noise for them, and what whole runs share."""

import copy
import inspect
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import train
from train.running.cell import adam
from zoo import architectures, losses
from zoo.step import Batch, Game


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


# ---- whole runs

SCRIPTS = [
    path.stem
    for path in sorted(Path(train.__path__[0]).glob("*.py"))
    if "def main()" in path.read_text(encoding="utf-8") and "loop.run(" in path.read_text(encoding="utf-8")
]


def variants(script):
    """A script as it is and, if it has switches of its own, with each of them."""
    own = inspect.get_annotations(import_module(f"train.{script}").Options)
    switches = [f"--{name}" for name, kind in own.items() if kind is bool and name != "mirror"]
    return [script, *(f"{script} {switch}" for switch in switches)]


def pytest_generate_tests(metafunc):
    """Tests that ask for a `script` or a `variant` get all that there are."""
    if "script" in metafunc.fixturenames:
        metafunc.parametrize("script", SCRIPTS)
    if "variant" in metafunc.fixturenames:
        metafunc.parametrize("variant", [v for script in SCRIPTS for v in variants(script)])


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """A folder of noise: photos/{a,b}/ at 32 pixels, two classes, and pairs/{A,B}/ at 64."""
    folder, rng = tmp_path_factory.mktemp("made-up"), np.random.default_rng(0)
    for i in range(24):
        for place, side in ((f"photos/{'ab'[i % 2]}", 32), ("pairs/A", 64), ("pairs/B", 64)):
            (folder / place).mkdir(parents=True, exist_ok=True)
            noise = rng.integers(256, size=(side, side, 3), dtype=np.uint8)
            Image.fromarray(noise).save(folder / place / f"{i:02}.png")
    return folder


@pytest.fixture(scope="session")
def outcome():
    """A run's folder → all that it holds, as plain values, but for the time that it took."""

    def plain(value):
        if isinstance(value, torch.Tensor):
            return value.dtype, tuple(value.shape), value.numpy().tobytes()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key not in TIMES}
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    def read(path):
        if path.suffix == ".pt":
            return plain(torch.load(path, weights_only=True))
        if path.suffix in (".json", ".jsonl"):
            lines = [path.read_text()] if path.suffix == ".json" else path.read_text().splitlines()
            return plain([json.loads(line) for line in lines])
        return path.read_bytes()

    return lambda out: {str(p.relative_to(out)): read(p) for p in sorted(out.rglob("*")) if p.is_file()}


TIMES = ("seconds", "pictures_per_second", "commit", "digest")  # and whatever is committed meanwhile
