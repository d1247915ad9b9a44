"""Peak memory of measuring many samples of 64 pixels in colour, beyond the networks, after each part of it.

    OMP_NUM_THREADS=1 python tests/benchmarks/evaluation_memory.py [--n 50000]

The generator is small, and in Inception's place stands a product with 2,048 random columns: what both networks need for
themselves is not counted. KID compares all pairs, so the last part takes as long as all the others.
"""

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import torch

from train.evaluation import metrics
from train.evaluation.checkpoints import draw
from train.evaluation.features import Extractor, of_pictures
from train.evaluation.options import Options
from train.evaluation.yardsticks import Yardsticks
from zoo import checkpoint
from zoo.model import Model

sys.path.insert(0, str(Path(__file__).parents[1]))
import toys

REAL, WIDTH = 10_000, 2048


def stand_in() -> Extractor:
    columns = torch.randn(3 * 16 * 16, WIDTH, generator=torch.Generator().manual_seed(0)) / 28

    def run(pictures: torch.Tensor) -> torch.Tensor:
        small = torch.nn.functional.avg_pool2d(pictures.float() / 255, 4)
        return (small.flatten(1) @ columns).relu()

    return Extractor("a stand-in", "none", WIDTH, "none", "float32", run)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=50_000)
    n = parser.parse_args().n
    config = toys.config("dcgan", {"size": 64, "channels": 3, "latent": 128, "width": 4})
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.write(Path(folder), config, toys.weights(config))
        model = Model.from_pretrained(Path(folder))
    chosen, extractor = Options(n=n), stand_in()
    tools = Yardsticks(chosen, torch.device("cpu"))
    warm = metrics.frechet(torch.randn(64, 64), torch.randn(64, 64)), draw(model, 64, tools, chosen)
    of_pictures(extractor, warm[1])
    before = peak()
    print("| after | peak, GB, beyond the networks |\n|---|---|")

    def told(what: str) -> None:
        print(f"| {what} | {peak() - before:.2f} |", flush=True)

    samples = draw(model, n, tools, chosen)
    told(f"drawing {n:,} samples")
    fake = of_pictures(extractor, samples)
    real = of_pictures(extractor, samples[:REAL].flip(3)) + 0.01
    del samples  # as sampled.measure does
    told("their features")
    metrics.frechet(fake, real)
    told("FID")
    metrics.precision_recall(fake[:REAL], real, 3)
    told("precision, recall")
    metrics.kid(fake, real)
    told("KID")


if __name__ == "__main__":
    main()
