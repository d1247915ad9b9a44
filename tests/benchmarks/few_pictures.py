"""What augmentation does for few pictures: folders of cats64, and the table of the runs that train/recipes/augmentation
makes of them.

    python tests/benchmarks/few_pictures.py DIR --make          # DIR/cats-150 … cats-9000, from ZOO_DATA_DIR
    (cd DIR && python …/train/sweep.py augmentation --train-only --out runs)
    python tests/benchmarks/few_pictures.py DIR                 # → the table

The Fréchet distance of 3,000 samples is to 3,000 unseen cats, of runs on 9,000 to the 300 that are left, by the
features of CIFAR-10's small classifier at 32 pixels (larger pictures are halved); "real" is that of other cats to them.
"""

import argparse
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
from train.evaluation.features import of_pictures
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


def features(pictures: torch.Tensor) -> torch.Tensor:
    extractor = small_classifier.find("cifar10", "uoft-cs/cifar10").extractor
    if pictures.shape[-1] != 32:
        halved = F.interpolate(pictures.float(), (32, 32), mode="area")
        pictures = halved.round().to(torch.uint8)
    return of_pictures(extractor, pictures)


def table(place: Path) -> None:
    images = torch.from_numpy(np.array(shuffled()))
    trained_on = {}
    runs = defaultdict(list)
    for path in sorted((place / "runs" / "augmentation").glob("*/config.json")):
        config = checkpoint.read(path.parent)
        if config.training.kimg < config.options["kimg"]:
            continue
        n = config.dataset.pictures
        if n not in trained_on:
            trained_on[n] = features(images[n : n + SAMPLES] if n < 6000 else images[-UNSEEN:])
        samples = zoo.load(path.parent).sample(SAMPLES, seed=0)
        sampled = ((samples + 1) * 127.5).round().to(torch.uint8) if samples.is_floating_point() else samples
        distance = metrics.frechet(features(sampled), trained_on[n]).value
        last = checkpoint.read_history(path.parent)
        accuracy = statistics.mean(row["d_accuracy"] for row in last[len(last) // 2 :])
        key = (n, config.dataset.size, config.training.kimg, config.options["augment"])
        runs[key].append((distance, accuracy, config.training.seconds / 60))
    print(
        "| pictures | side | kimg | augmentation | seeds | distance to unseen | pair accuracy | core-minutes |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for (n, side, kimg, kind), found in sorted(runs.items()):
        distances, accuracies, minutes = zip(*found, strict=True)
        spread = f" ± {statistics.stdev(distances):.2f}" if len(found) > 1 else ""
        row = [n, side, f"{kimg:g}", kind, len(found), f"{statistics.mean(distances):.2f}{spread}"]
        row += [f"{statistics.mean(accuracies):.3f}", f"{statistics.mean(minutes):.1f}"]
        print("|", " | ".join(map(str, row)), "|")
    real, unseen = features(images[3000:6000]), (features(images[6000:9000]), features(images[-UNSEEN:]))
    same = [f"{metrics.frechet(real, of).value:.2f} to {len(of):,}" for of in unseen]
    print(f"\nreal: {', '.join(same)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("place", type=Path)
    parser.add_argument("--make", action="store_true")
    chosen = parser.parse_args()
    (make if chosen.make else table)(chosen.place)


if __name__ == "__main__":
    main()
