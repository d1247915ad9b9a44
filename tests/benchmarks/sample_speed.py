"""Seconds that a user waits: 1,000 pictures of each bundled 32 pixel family, and one translated map.

    OMP_NUM_THREADS=1 python tests/benchmarks/sample_speed.py [--rounds 5]

Medians; the cold start is a whole process, `import torch` beside it.
"""

import argparse
import statistics
import subprocess
import sys
import time
from functools import partial

import torch

import zoo
from train.running.provenance import hardware
from zoo import facades


def median_seconds(work, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def cold(code: str, rounds: int) -> float:
    return median_seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True), rounds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{hardware(torch.device('cpu'))}; torch {torch.__version__}; medians of {rounds} rounds\n")
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
            what, work = (
                "translate, one map of 256 pixels",
                partial(model.translate, facades.random_building(0)),
            )
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
