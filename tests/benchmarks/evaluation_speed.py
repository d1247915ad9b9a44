"""What evaluating costs: pictures a second and a core-second of each network that samples go through, and its memory.

    OMP_NUM_THREADS=1 python tests/benchmarks/evaluation_speed.py --inception-weights FILE [--pictures 256]

Each in a process of its own. Core-seconds count no time in which other processes had the core.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch

from train.evaluation import inception, small_classifier
from train.evaluation.features import of_pictures
from train.running.provenance import hardware

NETWORKS = {
    "Inception, PyTorch": lambda weights: inception.official(weights, "torch"),
    "Inception, OpenVINO": lambda weights: inception.official(weights, "openvino"),
    "cifar10 classifier": lambda weights: small_classifier.find("cifar10", "uoft-cs/cifar10", ()).extractor,
}


def measure(name: str, weights: Path, n: int) -> None:
    extractor = NETWORKS[name](weights)
    some = torch.randint(256, (n, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    of_pictures(extractor, some[: extractor.batch])
    wall, core = time.perf_counter(), time.process_time()
    of_pictures(extractor, some)
    wall, core = time.perf_counter() - wall, time.process_time() - core
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"| {name} | {n / wall:.1f} | {n / core:.1f} | {peak:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inception-weights", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--one", choices=NETWORKS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one, given.inception_weights, given.pictures)
        return
    print(f"{hardware(torch.device('cpu'))}; torch {torch.__version__}; {given.pictures} pictures\n")
    print(
        "| network | pictures a second | pictures a core-second | peak, GiB |\n|---|---|---|---|", flush=True
    )
    for name in NETWORKS:
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--one", name], check=True)


if __name__ == "__main__":
    main()
