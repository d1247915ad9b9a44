"""Rows of metrics.json of one checkpoint: of its pictures, its history and its snapshots, with their protocol."""

from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
from torch import Tensor
from tqdm import tqdm

from train.evaluation import drawn, sampled, stability, tracked, translated
from train.evaluation.options import Options
from train.evaluation.rows import row
from train.evaluation.yardsticks import Yardsticks, translates
from train.reading.columns import overlap
from train.running.provenance import hardware
from zoo import checkpoint
from zoo.config import Config
from zoo.errors import DataError
from zoo.model import Model

LIBRARIES = ("gan-zoo", "torch", "torchmetrics", "torch-fidelity")


def evaluate(folder: Path, tools: Yardsticks, chosen: Options) -> list[dict]:
    """Rows of a checkpoint: of its pictures, of its history and, if asked for, of its snapshots."""
    config = checkpoint.read(folder)
    if translates(config):
        pairs = tools.pairs(config)
        found = translated.measure(
            folder,
            pairs,
            inception=tools.inception,
            lpips=tools.lpips,
            features=tools.features,
            seed=chosen.seed,
        )
        if overlap(pairs.split, config.dataset.split):
            found = [
                figure | {"note": "; ".join(filter(None, (sampled.TRAINED_ON, figure.get("note"))))}
                for figure in found
            ]
    else:
        if chosen.snapshots and (tools.against(config).classifier is None or not snapshots(folder)):
            raise DataError(
                f"--snapshots: {folder} has no snapshots, or its data no classifier (train/classifier.py)"
            )
        found = of_noise(Model.from_pretrained(folder.absolute()), tools, chosen)
    found = [figure | of_checkpoint(config, "final", chosen) for figure in found + of_history(folder, config)]
    if chosen.snapshots and not translates(config):
        found += of_snapshots(folder, tools, chosen, found)
    if not translates(config):
        for momentum in chosen.momenta:
            model, sha256 = tracked.model(folder, momentum, tools.against(config).training)
            about = {"weights_sha256": sha256, "momentum": momentum, "note": tracked.HOW}
            raw = of_noise(model, tools, chosen)
            found += [figure | of_checkpoint(config, "final", chosen) | about for figure in raw]
    return [figure | of_this_run(tools) for figure in found]


def of_noise(model: Model, tools: Yardsticks, chosen: Options) -> list[dict]:
    against = tools.against(model.config)
    if not (n := against.looked_at(chosen.n, chosen.n_classifier)):
        return []
    labels = drawn.classes(model.config, n, against.training)
    told = against.classifier and against.classifier.labels == model.config.dataset.labels
    found = sampled.measure(
        draw(model, n, tools, chosen),  # which nothing else holds: it goes when its features are there
        against,
        n=chosen.n,
        n_classifier=chosen.n_classifier,
        asked=labels if told else None,
    )
    return found if labels is None else [figure | {"classes": drawn.AS_OFTEN} for figure in found]


def draw(model: Model, n: int, tools: Yardsticks, chosen: Options) -> Tensor:
    labels = drawn.classes(model.config, n, tools.against(model.config).training)
    return drawn.draw(model.to(tools.device), n, chosen.seed, labels)


def of_history(folder: Path, config: Config) -> list[dict]:
    batch, epoch = config.training.batch * config.training.processes, config.dataset.pictures / 1000
    lines = checkpoint.read_history(folder)
    found = stability.figures(lines, batch=batch, epoch_kimg=epoch)
    return [row(source="history.jsonl", lines=len(lines), **figure) for figure in found]


def of_snapshots(folder: Path, tools: Yardsticks, chosen: Options, final: list[dict]) -> list[dict]:
    """The classifier's distance at every snapshot, all figures of the best one, and whether distance follows loss.

    Where the last snapshot is the best, its figures are those of `final`, which were measured already.
    """
    against, paths = tools.against(checkpoint.read(folder)), snapshots(folder)
    found, ends, distances = [], [], []
    for path in tqdm(paths, desc="snapshots", leave=False):
        model = Model.from_pretrained(path.absolute())
        figure = sampled.distance(draw(model, chosen.n_classifier, tools, chosen), against)
        found.append(figure | of_checkpoint(checkpoint.read(path), "snapshot", chosen))
        ends.append(found[-1]["g_steps"])
        distances.append(found[-1]["value"])
    best = paths[int(np.argmin(distances))]
    about = of_checkpoint(checkpoint.read(best), "best", chosen) | {"best_by": "classifier_distance"}
    measured = [
        figure
        for figure in final
        if figure.get("source") is None and figure["weights_sha256"] == about["weights_sha256"]
    ]
    measured = measured or of_noise(Model.from_pretrained(best.absolute()), tools, chosen)
    found += [figure | about for figure in measured]
    d_loss = stability.between(checkpoint.read_history(folder), ends, "d_loss")
    if len(d_loss) == len(ends) >= stability.FEWEST_SNAPSHOTS:
        value = stability.rank_correlation_of_changes([-loss for loss in d_loss], distances)
        found.append(
            row("distance_follows_loss", value, snapshots=len(ends), of="-d_loss, classifier_distance")
            | of_checkpoint(checkpoint.read(folder), "final", chosen)
        )
    return found


def snapshots(folder: Path) -> list[Path]:
    """Those that its training has left, in order."""
    return sorted(path.parent for path in (folder / "state" / "snapshots").glob(f"*/{checkpoint.CONFIG}"))


def of_checkpoint(config: Config, which: str, chosen: Options) -> dict:
    """The protocol's part that the checkpoint decides. `which`: final, best or snapshot."""
    return {
        "which": which,
        "kimg": config.training.kimg,
        "g_steps": config.training.g_steps,
        "sample_seed": chosen.seed,
        "training_seed": config.training.seed,
        "weights_sha256": config.weights.sha256,
    }


def of_this_run(tools: Yardsticks) -> dict:
    versions = {name: version(name) for name in LIBRARIES}
    return {"versions": versions, "device": hardware(tools.device), "date": date.today().isoformat()}
