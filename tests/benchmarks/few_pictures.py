"""What augmentation does for few pictures: folders of cats64, and the table of the runs that train/recipes/augmentation
makes of them.

    python tests/benchmarks/few_pictures.py DIR --make          # DIR/cats-150 … cats-9000, from ZOO_DATA_DIR
    (cd DIR && python …/train/sweep.py augmentation --train-only --out runs)
    python tests/benchmarks/few_pictures.py DIR                 # → the table

The Fréchet distance of 3,000 samples is to 3,000 unseen cats, of runs on 9,000 to the 300 that are left, by the
features of CIFAR-10's small classifier at 32 pixels (larger pictures are halved) and, with `--lpips-weights FILE`, by
those of LPIPS' AlexNet, which sees what halving hides; "real" is that of other cats to them.
"""

import argparse
import functools
import os
import statistics
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import zoo
from train.evaluation import metrics, small_classifier
from train.evaluation.features import Extractor, of_pictures
from train.evaluation.translated import alexnet
from train.reading import data
from zoo import checkpoint

SIZES, UNSEEN, SAMPLES = (150, 600, 3000, 9000), 300, 3000


def shuffled() -> np.ndarray:
    """cats64 (9303, 3, 64, 64) in an order of its own: the first are trained on, the last are nobody's."""
    folder = Path(os.environ["ZOO_DATA_DIR"])
    images = data.load(data.DataOptions(dataset="cats64", data_dir=folder)).images
    return images[np.random.default_rng(0).permutation(len(images))]


def make(place: Path) -> None:
    images = shuffled()
    for n in SIZES:
        for split, rows in (("train", range(n)), ("test", range(len(images) - UNSEEN, len(images)))):
            folder = place / f"cats-{n}" / split
            folder.mkdir(parents=True, exist_ok=True)
            for i in rows:
                Image.fromarray(images[i].transpose(1, 2, 0)).save(folder / f"{i:04}.png")


def features(extractor: Extractor, pictures: torch.Tensor, side: int) -> torch.Tensor:
    if pictures.shape[-1] != side:
        halved = F.interpolate(pictures.float(), (side, side), mode="area")
        pictures = halved.round().to(torch.uint8)
    return of_pictures(extractor, pictures)


def table(place: Path, lpips_weights: Path | None) -> None:
    images = torch.from_numpy(np.array(shuffled()))
    networks = [small_classifier.find("cifar10", "uoft-cs/cifar10", ()).extractor]
    networks += [alexnet(lpips_weights)] if lpips_weights else []

    def seen(pictures: torch.Tensor, side: int) -> list[torch.Tensor]:
        return [features(net, pictures, at) for net, at in zip(networks, (32, side), strict=False)]

    @functools.cache
    def of_cats(start: int, end: int, side: int) -> list[torch.Tensor]:
        return seen(images[start:end], side)

    def distances(one: list[torch.Tensor], other: list[torch.Tensor]) -> list[float]:
        return [metrics.frechet(*pair).value for pair in zip(one, other, strict=True)]

    last = (len(images) - UNSEEN, len(images))

    runs = defaultdict(list)
    for path in sorted((place / "runs" / "augmentation").glob("*/config.json")):
        config = checkpoint.read(path.parent)
        if config.training.kimg < config.options["kimg"]:
            continue
        n = config.dataset.pictures
        samples = zoo.load(path.parent).sample(SAMPLES, seed=0)
        sampled = ((samples + 1) * 127.5).round().to(torch.uint8)
        side = config.dataset.size
        unseen = of_cats(*((n, n + SAMPLES) if n < 6000 else last), side)
        found = distances(seen(sampled, side), unseen)
        rows = checkpoint.read_history(path.parent)
        accuracy = statistics.mean(row["d_accuracy"] for row in rows[len(rows) // 2 :])
        key = (n, config.dataset.size, config.training.kimg, config.options["augment"])
        runs[key].append((*found, accuracy, config.training.seconds / 60))
    named = ["pictures", "side", "kimg", "augmentation", "seeds", "distance to unseen"]
    named += ["by AlexNet"] * bool(lpips_weights) + ["pair accuracy", "core-minutes"]
    print("|", " | ".join(named), "|")
    print("|---" * len(named) + "|")
    for (n, side, kimg, kind), found in sorted(runs.items()):
        *measured, accuracies, minutes = zip(*found, strict=True)
        row = [n, side, f"{kimg:g}", kind, len(found)]
        for values in measured:
            spread = f" ± {statistics.stdev(values):.3g}" if len(values) > 1 else ""
            row.append(f"{statistics.mean(values):.3g}{spread}")
        row += [f"{statistics.mean(accuracies):.3f}", f"{statistics.mean(minutes):.1f}"]
        print("|", " | ".join(map(str, row)), "|")
    for start, end in ((6000, 9000), last):
        same = distances(of_cats(3000, 6000, 64), of_cats(start, end, 64))
        print(f"real to {end - start:,} unseen: {', '.join(f'{value:.2g}' for value in same)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("place", type=Path)
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--lpips-weights", type=Path, help="as of train/evaluate.py")
    chosen = parser.parse_args()
    if chosen.make:
        make(chosen.place)
    else:
        table(chosen.place, chosen.lpips_weights)


if __name__ == "__main__":
    main()
