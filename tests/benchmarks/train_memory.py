"""Peak memory of training DCGAN on CIFAR-10 on a CPU, decoding included, beside that of `import torch`.

OMP_NUM_THREADS=1 ZOO_DATA_DIR=… python tests/benchmarks/train_memory.py
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def peak_gib(*command: str, cache: str) -> float:
    """Largest resident size of the command's process."""
    measured = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", measured, *command],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"ZOO_CACHE": cache},
    )
    return int(done.stdout.splitlines()[-1]) / 2**20  # KiB on Linux


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        torch_alone = peak_gib(sys.executable, "-c", "import torch", cache=folder)
        train = [sys.executable, "train/dcgan.py", "--kimg", "4", "--out", f"{folder}/run"]
        first = peak_gib(*train, cache=folder)
        again = peak_gib(*train[:-1], f"{folder}/again", cache=folder)
    print("| process | peak, GiB | beyond `import torch` |")
    print("|---|---|---|")
    print(f"| `import torch` | {torch_alone:.2f} | |")
    for what, peak in (("training, data decoded first", first), ("training, data in the cache", again)):
        print(f"| {what} | {peak:.2f} | {peak - torch_alone:.2f} |")


if __name__ == "__main__":
    main()
