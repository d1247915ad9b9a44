"""Whether a faster step still trains as well: five short trainings each way, by an older commit and by this one.

    git worktree add ../before <commit>
    OMP_NUM_THREADS=1 python tests/benchmarks/train_quality.py ../before runs/quality [--only dcgan] [--seeds 5]

The two trees take turns, seed by seed; what is trained already is kept. Both are measured by this tree: dcgan by the
small classifier's distance to CIFAR-10's test pictures (10,000 samples), pix2pix by L1 to the 106 test photographs. The
interval is Student's, 95 %, of the mean difference over the seeds; a seed fixes the latents and the order of the
pictures, so the trainings come in pairs. Data from ZOO_DATA_DIR.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from cards.intervals import interval

HERE = Path(__file__).resolve().parents[2]
WORK = {  # name → script, options, measure
    "dcgan": ("dcgan", ["--kimg", "40"], "classifier_distance_n10000"),
    "pix2pix": ("pix2pix", ["--kimg", "0.2"], "l1_n106"),
}
SAME = ["--precision", "float32", "--memory-format", "channels_last"]


def run(tree: Path, *command: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *command], cwd=tree, env=environment, check=True)


def trained(tree: Path, folder: Path, script: str, given: list[str], seed: int) -> None:
    if not (folder / "samples.png").exists():
        command = [f"train/{script}.py", *given, *SAME, "--seed", str(seed), "--out", str(folder)]
        run(tree, *command)


def measured(folder: Path, measure: str) -> float:
    if not (folder / "metrics.json").exists():
        run(HERE, "train/evaluate.py", str(folder), "--skip", "inception", "lpips")
    rows = json.loads((folder / "metrics.json").read_text())["metrics"]
    return next(row["value"] for row in rows if row["name"] == measure)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("before", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    lines = ["| work | measure | before | now | difference | 95 % interval |", "|---|---|---|---|---|---|"]
    for name, (script, given, measure) in WORK.items():
        if chosen.only not in name:
            continue
        pairs = []
        for seed in range(chosen.seeds):
            folders = [chosen.out.resolve() / f"{name}-{when}-{seed}" for when in ("before", "now")]
            for tree, folder in zip((chosen.before.resolve(), HERE), folders, strict=True):
                trained(tree, folder, script, given, seed)
            pairs.append([measured(folder, measure) for folder in folders])
        lines.append(row(name, measure, pairs))
    print(*lines, sep="\n")


def row(name: str, measure: str, pairs: list[list[float]]) -> str:
    """Differences are shares of the mean before."""
    before, now = (list(column) for column in zip(*pairs, strict=True))
    mean = statistics.mean(before)
    middle, low, high = interval([(b - a) / mean for a, b in pairs])
    figures = [f"{statistics.mean(x):.3f} ± {statistics.stdev(x):.3f}" for x in (before, now)]
    figures += [f"{middle:+.1%}", f"{low:+.1%} to {high:+.1%}"]
    return f"| {' | '.join([name, measure, *figures])} |"


if __name__ == "__main__":
    main()
