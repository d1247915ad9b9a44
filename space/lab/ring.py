"""What the Loss lab says of a loss in words, computed: python -m space.lab.ring

Trains every loss on the ring from five seeds, with the settings that the page opens with, and writes ring.json: places
reached, their median and range. It takes some minutes.
"""

import json
import statistics
from pathlib import Path

import torch

from space.lab.training import Training, shipped

FILE = Path(__file__).with_name("ring.json")
SEEDS = range(5)
STEPS = 2000  # of the generator
EARLY = 50  # steps after which machines still agree on what there is


def trained(seed: int, steps: int) -> Training:
    training = Training(shipped(seed))
    training.run(steps)
    return training


def pulls(training: Training) -> dict[str, float]:
    return {name: float(f"{frame.pull:.4g}") for name, frame in training.frames().items()}


def main() -> None:
    torch.set_num_threads(1)
    reached: dict[str, list[int]] = {}
    early = {}
    for seed in SEEDS:
        training = trained(seed, EARLY)
        early[str(seed)] = pulls(training)
        training.run(STEPS - EARLY)
        for name, frame in training.frames().items():
            reached.setdefault(name, []).append(frame.reached)
        print(f"seed {seed}:", {name: found[-1] for name, found in reached.items()}, flush=True)
    table = {
        name: {"reached": found, "median": statistics.median(found), "range": [min(found), max(found)]}
        for name, found in reached.items()
    }
    of = {"steps": STEPS, "seeds": list(SEEDS), "places": len(training.setting.shape.places)}
    text = json.dumps(of | {"losses": table, "pull_after": {str(EARLY): early}}, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
