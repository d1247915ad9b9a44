"""What the swing of a training depends on: its differences between losses, by the window of the trend it is taken from.

    python tests/benchmarks/swing_window.py

From the histories of the zoo's dcgans on CIFAR-10, three training seeds each; the zoo's own window is a tenth.
"""

from pathlib import Path

from cards.intervals import interval
from train.evaluation import stability
from zoo import checkpoint, names

RESULTS = Path(__file__).parents[2] / "train/results/starter-zoo"
WINDOWS = (0.05, 0.1, 0.2, 0.4)
PAIRS = (("focal", "vanilla"), ("lsgan", "focal"))


def main() -> None:
    swings: dict[tuple, float] = {}
    for loss in {loss for pair in PAIRS for loss in pair}:
        name = f"dcgan-{loss}-cifar10"
        for folder in (names.resolve(name), *sorted(RESULTS.glob(f"{name}-seed?"))):
            training, lines = checkpoint.read(folder).training, checkpoint.read_history(folder)
            for window in WINDOWS:
                found = stability.swing(lines, training.batch, window)
                swings |= {(loss, training.seed, window, who): value for who, value in found.items()}
    seeds = sorted({seed for _, seed, _, _ in swings})
    print(
        f"| swing | {' | '.join(f'window {window:g}' for window in WINDOWS)} |\n|---|{'---|' * len(WINDOWS)}"
    )
    for a, b in PAIRS:
        for who, player in (("d", "critic"), ("g", "generator")):
            cells = []
            for window in WINDOWS:
                apart = [swings[a, seed, window, who] - swings[b, seed, window, who] for seed in seeds]
                mean, low, high = (f"{value:.3f}".replace("-", "−") for value in interval(apart))
                level = sum(swings[b, seed, window, who] for seed in seeds) / len(seeds)
                cells.append(f"{mean} [{low}, {high}] of {level:.3f}")
            print(f"| {player}'s, {a} minus {b} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
