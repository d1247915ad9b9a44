"""CPU seconds of one training step, here and at an older commit, and of pix2pix's plain loop.

    git worktree add ../before <commit>
    OMP_NUM_THREADS=1 python tests/benchmarks/train_step.py ../before [--rounds 15] [--only pix2pix]

Each tree runs in a process of its own, on the same batches; they take turns, a few steps at a time, and the ratio is
the median over the rounds: what else the machine does slows both. float32, channels last.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve()
WORK = {  # name → script, options, steps a turn
    "pix2pix 256 px, batch 1, vanilla": ("pix2pix", {"loss": "vanilla"}, 1),
    "pix2pix 256 px, batch 1, wgan-gp": ("pix2pix", {"loss": "wgan-gp"}, 1),
    "dcgan 32, 16, vanilla": ("dcgan", {"loss": "vanilla", "width": 32, "batch": 16}, 5),
    "dcgan 32, 32, vanilla": ("dcgan", {"loss": "vanilla", "width": 32, "batch": 32}, 3),
    "dcgan 32, 256, vanilla": ("dcgan", {"loss": "vanilla", "width": 32, "batch": 256}, 1),
    "dcgan 32, 32, wgan-gp, five critic steps": ("dcgan", {"loss": "wgan-gp", "width": 32, "batch": 32}, 1),
    "dcgan 32, 32, dragan": ("dcgan", {"loss": "dragan", "width": 32, "batch": 32}, 2),
    "dcgan 32, 32, rpgan": ("dcgan", {"loss": "rpgan", "width": 32, "batch": 32}, 2),
    "sngan 32, 32, vanilla": ("sngan", {"loss": "vanilla", "batch": 32}, 1),
    "sngan 32, 128, vanilla": ("sngan", {"loss": "vanilla", "batch": 128}, 1),
    "sngan 32, 32, wgan-gp, five critic steps": ("sngan", {"loss": "wgan-gp", "batch": 32}, 1),
}


def serve(name: str, plain: bool) -> None:
    """For each line of the input one turn, and its CPU seconds a step on a line of the output."""
    turn = (plain_turn if plain else our_turn)(name)
    turn()
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.process_time()
        turn()
        print(time.process_time() - began, flush=True)


def our_turn(name: str) -> Callable[[], None]:
    import torch

    from train.running.cell import build_game, made_up_batch

    try:
        from zoo.step import play
    except ImportError:  # an older commit
        from train.running.step import play

    cell, device = make_cell(name), torch.device("cpu")
    game = build_game(cell, "float32", "channels_last", device)
    batches = [made_up_batch(cell, device) for _ in range(cell.rules.critic_steps)]
    rng = torch.Generator()

    def turn() -> None:
        for _ in range(WORK[name][2]):
            play(game, batches, rng)

    return turn


def plain_turn(name: str) -> Callable[[], None]:
    import plain_pix2pix
    import torch
    from PIL import Image

    from train.running.cell import build_game

    cell = make_cell(name)
    images = [Image.fromarray(image.transpose(1, 2, 0)) for image in cell.pictures.images]
    game = build_game(cell, "float32", "contiguous", torch.device("cpu"))
    for module in [*game.generator.modules(), *game.critic.modules()]:
        vars(module).pop("forward", None)  # our own convolutions
    pairs = plain_pix2pix.Pairs(list(zip(images, images, strict=True)), 256)
    running = plain_pix2pix.steps(game.generator, game.critic, pairs, cell.rules.loss)
    return lambda: next(running) and None


def make_cell(name: str):
    import numpy as np

    from train.reading.data import Pictures
    from train.running.cell import Cell, rules
    from zoo import architectures

    script, given, _ = WORK[name]
    options = import_module(f"train.{script}").Options(**given)
    side = 256 if script == "pix2pix" else 32
    images = np.random.default_rng(0).integers(0, 256, (64, 3, side, side), dtype=np.uint8)
    maps = {"maps": images} if script == "pix2pix" else {}
    pictures = Pictures("noise", "noise", None, "train", images, **maps)
    fields = architectures.check_fields(script, options.generator_fields(pictures))
    return Cell(script, f"{script}.py", options, rules(script, options), pictures, fields, 1)


def start(tree: Path, name: str, *more: str, script: Path = HERE) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), "--serve", name, *more]
    process = subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, stderr=-3, text=True)
    if process.stdout.readline() != "ready\n":
        raise SystemExit(f"{name} cannot run in {tree}")
    return process


def seconds(process: subprocess.Popen) -> float:
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("before", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("--serve")
    parser.add_argument("--plain", action="store_true")
    chosen = parser.parse_args()
    if chosen.serve:
        return serve(chosen.serve, chosen.plain)
    print("| work | before, ms | now, ms | ratio | plain loop, ms | ratio |\n|---|---|---|---|---|---|")
    for name in WORK:
        if chosen.only not in name:
            continue
        processes = [start(chosen.before.resolve(), name), start(HERE.parents[2], name)]
        if WORK[name][0] == "pix2pix":
            processes.append(start(HERE.parents[2], name, "--plain"))
        turns = [[seconds(process) for process in processes] for _ in range(chosen.rounds)]
        for process in processes:
            process.stdin.close()
            process.wait()
        before, now, *plain = ([turn[i] for turn in turns] for i in range(len(processes)))
        print(row(name, WORK[name][2], before, now, *plain), flush=True)
    return None


def row(
    name: str, steps: int, before: list[float], now: list[float], plain: list[float] | None = None
) -> str:
    def ratio(of: list[float]) -> str:
        return f"{statistics.median(a / b for a, b in zip(of, now, strict=True)):.2f}"

    middle = [f"{1000 * statistics.median(times) / steps:.0f}" for times in (before, now)]
    beside = [f"{1000 * statistics.median(plain):.0f}", ratio(plain)] if plain else ["", ""]
    return f"| {' | '.join([name, *middle, ratio(before), *beside])} |"


if __name__ == "__main__":
    main()
