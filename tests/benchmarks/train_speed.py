"""Pictures per second of a training run, data included, against the plain loop on the same networks.

    OMP_NUM_THREADS=1 python tests/benchmarks/train_speed.py [--losses vanilla wgan-gp …] [--rounds 5] [--seconds 6]

Both run in one process and take turns; the figures are medians over the rounds. Pictures are noise in CIFAR-10's
shape: what they show does not matter to the clock. The last column is the share of the arithmetic limit: the step's
floating point operations at the rate of a large float32 product on the same machine.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import plain_loop
import torch
from accelerate import Accelerator
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from train.dcgan import Options
from train.reading.data import Pictures
from train.running import averaging, loop
from train.running.auto import fastest
from train.running.cell import Cell, build_game, made_up_batch, rules
from train.running.provenance import hardware
from zoo import architectures, losses
from zoo.step import play

SETTINGS = ((64, 64), (32, 32), (32, 16))  # width, batch
PICTURES = 5_000


def make_cell(loss: str, width: int, batch: int, spectral_norm: bool | None, precision: str) -> Cell:
    options = Options(
        loss=loss, width=width, batch=batch, spectral_norm=spectral_norm, latent=100, precision=precision
    )
    images = np.random.default_rng(0).integers(0, 256, (PICTURES, 3, 32, 32), dtype=np.uint8)
    pictures = Pictures("noise", "noise", None, "train", images)
    fields = options.generator_fields(pictures)
    fields = architectures.check_fields("dcgan", fields)
    return Cell("dcgan", "dcgan.py", options, rules("dcgan", options), pictures, fields, 1)


def ours(cell: Cell, settings: dict, seconds: float, guess: float) -> float:
    """Pictures per second of loop.train, from its own history."""
    steps = max(2, round(seconds * guess / cell.pictures_per_step))
    with tempfile.TemporaryDirectory() as folder:
        state = settings | {"cuda_graphs": False, "options": {}, "g_steps": 0, "seconds": 0.0}
        schedule = loop.Schedule(steps, steps, steps)
        loop.train(cell, state, schedule, Path(folder), Accelerator())
        line = (Path(folder) / "history.jsonl").read_text().splitlines()[-1]
    values = json.loads(line)
    return 1000 * values["kimg"] / values["seconds"]


def plain(cell: Cell, pictures: plain_loop.Pictures, seconds: float) -> float:
    game = build_game(cell, "float32", "contiguous", torch.device("cpu"))
    running = plain_loop.steps(
        game.generator,
        game.critic,
        pictures,
        cell.rules.loss,
        latent=cell.fields["latent"],
        batch=cell.options.batch,
        lr=cell.options.lr,
    )
    for _ in range(2):
        next(running)
    seen, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        seen += next(running)
    return seen / (time.perf_counter() - began)


class Operations(TorchDispatchMode):
    """Counts floating point operations; FlopCounterMode does not take autograd.grad on a leaf."""

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if (count := flop_registry.get(func.overloadpacket)) is not None:
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out


def limit(cell: Cell) -> float:
    """Pictures per second if every operation of our step ran like a large float32 product."""
    a = torch.randn(1024, 1024)
    rates = []
    for _ in range(20):
        began = time.perf_counter()
        a @ a
        rates.append(2 * 1024**3 / (time.perf_counter() - began))
    game = build_game(cell, "float32", "contiguous", torch.device("cpu"))
    batches = [made_up_batch(cell, torch.device("cpu")) for _ in range(cell.rules.critic_steps)]
    with Operations() as counted:
        play(game, batches)
    return statistics.median(rates) * cell.pictures_per_step / counted.total


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--losses", nargs="+", default=["vanilla"], choices=list(losses.LOSSES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    chosen = parser.parse_args()
    averaging.PICTURES = averaging.CHUNK  # the last snapshot is not what is timed
    cpu = torch.device("cpu")
    pil = [
        Image.fromarray(picture)
        for picture in np.random.default_rng(0).integers(0, 256, (PICTURES, 32, 32, 3), dtype=np.uint8)
    ]
    pictures = plain_loop.Pictures(pil, 32, 3)
    print(
        f"{hardware(cpu)}; {platform.system()}, torch {torch.__version__}; medians of {chosen.rounds} rounds\n"
    )
    print(
        "| loss | critic | width, batch | ours runs in | plain loop | ours, float32 | ours | ratio | of the limit |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for loss in chosen.losses:
        spectral = (False, None) if loss in ("vanilla",) else (None,)
        for width, batch in SETTINGS:
            for wish in spectral:
                cell = make_cell(loss, width, batch, wish, "auto")
                best = dict(zip(("precision", "memory_format"), fastest(cell, cpu), strict=True))
                pinned = {"precision": "float32", "memory_format": "channels_last"}
                seen = {"plain": [], "float32": [], "best": []}
                guess = 200.0 * (64 / width) ** 1.5
                for _ in range(chosen.rounds):
                    seen["plain"].append(plain(cell, pictures, chosen.seconds))
                    seen["float32"].append(ours(cell, pinned, chosen.seconds, guess))
                    seen["best"].append(ours(cell, best, chosen.seconds, guess))
                medians = {name: statistics.median(rates) for name, rates in seen.items()}
                plan = cell.rules.plan
                critic = f"{plan.norm} norm" + (" + spectral" if plan.spectral_norm else "")
                print(
                    f"| {loss} | {critic} | {width}, {batch} | {best['precision']}, {best['memory_format']} "
                    f"| {medians['plain']:.0f} | {medians['float32']:.0f} | {medians['best']:.0f} "
                    f"| {medians['best'] / medians['plain']:.2f} | {medians['best'] / limit(cell):.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
