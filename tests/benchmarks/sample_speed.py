"""Seconds that a user waits: 1,000 pictures of each bundled 32 pixel family, and one translated map.

    OMP_NUM_THREADS=1 python tests/benchmarks/sample_speed.py [--rounds 5]

Medians; the cold start is a whole process, `import torch` beside it.

    git worktree add ../before <commit>
    OMP_NUM_THREADS=1 python tests/benchmarks/sample_speed.py --before ../before [--rounds 25]

CPU time of what the page asks, there and here: each in a process of its own, in turns. The ratio is over the turns.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from train_step import seconds, start

import zoo
from train.running.provenance import hardware
from zoo import facades

SHEETS = "five DCGAN sheets × 64"
MAP = "translate, one map of 256 pixels"
DCGANS = [f"dcgan-{loss}-cifar10" for loss in ("vanilla", "lsgan", "wgan", "focal", "hinge")]
TRANSLATOR = "pix2pix-focal-facades"


def median_seconds(work, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def cold(code: str, rounds: int) -> float:
    return median_seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True), rounds)


def turn(what: str) -> Callable[[], None]:
    """By the bundled models of whatever tree is imported."""
    if what == MAP:
        building, model = facades.random_building(0), zoo.load(TRANSLATOR)
        return lambda: model.translate(building) and None
    models = [zoo.load(name) for name in DCGANS]
    return lambda: [model.sample(64, seed=7) for model in models] and None


def serve(what: str) -> None:
    """For each line of the input one turn, and its CPU seconds on a line of the output."""
    work = turn(what)
    work()
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.process_time()
        work()
        print(time.process_time() - began, flush=True)


def compare(before: Path, rounds: int) -> None:
    print("| work | before, ms | now, ms | ratio |\n|---|---|---|---|")
    here = Path(__file__).resolve()
    for what in (SHEETS, MAP):
        processes = [start(tree, what, script=here) for tree in (before.resolve(), here.parents[2])]
        turns = [[seconds(process) for process in processes] for _ in range(rounds)]
        for process in processes:
            process.stdin.close()
            process.wait()
        then, now = (1000 * statistics.median(times) for times in zip(*turns, strict=True))
        print(f"| {what} | {then:.0f} | {now:.0f} | {statistics.median(a / b for a, b in turns):.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--serve")
    options = parser.parse_args()
    rounds = options.rounds
    if options.serve:
        serve(options.serve)
        return
    print(f"{hardware(torch.device('cpu'))}; torch {torch.__version__}; medians of {rounds} rounds\n")
    if options.before:
        compare(options.before, rounds)
        return
    print("| what | seconds |")
    print("|---|---|")
    seen = set()
    for name in zoo.list_models():
        model = zoo.load(name)
        family = model.config.architecture["name"]
        if family in seen:
            continue
        seen.add(family)
        if model.kind == "translation":
            what, work = MAP, partial(model.translate, facades.random_building(0))
        else:
            what, work = "sample(1000)", partial(model.sample, 1000)
        work()
        print(f"| {name}: {what} | {median_seconds(work, rounds):.2f} |", flush=True)
    alone = cold("import torch", rounds)
    sample = cold("import zoo; zoo.load('dcgan-focal-cifar10').grid(64)", rounds)
    print(f"| a cold process: `import torch` | {alone:.2f} |")
    print(f"| a cold process: load dcgan-focal-cifar10 and draw a grid of 64 | {sample:.2f} |")


if __name__ == "__main__":
    main()
