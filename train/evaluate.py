"""Measure checkpoints: metrics.json beside the weights, each figure with its protocol.

    accelerate launch train/evaluate.py runs/dcgan-focal-cifar10
    accelerate launch train/evaluate.py runs/* --n 50000 --reference-split train
    accelerate launch train/evaluate.py --references cifar10

Several processes share the models, and the features of real pictures. What was measured before by another protocol
stays; what was measured with other weights goes. The last line measures real pictures and noise as if a model had made
them, for scale, into train/results/references/; of pairs (facades) another pair's photograph, black and noise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import torch._dynamo  # before the processes meet, as in train/loop.py
import tyro
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from train import options, sampled, stability, tracked, translated, yardsticks
from train.cell import hardware
from train.rows import row, write, write_rows
from train.sources import NAMED
from train.yardsticks import Yardsticks, translates
from zoo import checkpoint, hub
from zoo.config import Config
from zoo.errors import DataError, Refused
from zoo.model import Model
from zoo.pictures import to_uint8

RESULTS = Path(__file__).parent / "results" / "references"
LIBRARIES = ("gan-zoo", "torch", "torchmetrics", "torch-fidelity")


@dataclass(frozen=True, kw_only=True)
class Options(yardsticks.Options):
    models: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="ID_OR_FOLDER ...")] = ()
    """checkpoint folders and bundled ids"""
    references: tuple[str, ...] = ()
    """data sets whose real pictures, and noise, are measured too"""
    n: int = 5000
    """samples for FID, KID, precision and recall"""
    n_classifier: int = 10_000
    """samples for what the data set's own small classifier sees"""
    seed: int = 0
    """of latents, and of dropout where it stays on"""
    snapshots: bool = False
    """hold the snapshots along the way against the classifier, and measure the best one whole"""
    momenta: tuple[float, ...] = ()
    """momenta of batch norm at which to measure the raw generator too, with its statistics tracked so"""


def main() -> None:
    chosen = options.parse(Options, __doc__)
    if not chosen.models and not chosen.references:
        raise Refused("nothing to measure: name checkpoint folders, ids, or --references")
    torch.backends.cudnn.allow_tf32 = False  # figures are float32
    accelerator = Accelerator()  # PartialState alone would not hear of ACCELERATE_USE_CPU
    try:
        measure_all(chosen, accelerator)
    finally:
        accelerator.end_training()


def measure_all(chosen: Options, state: Accelerator) -> None:
    """Every model by one of the processes, which alone writes its folder."""
    folders = list(dict.fromkeys(hub.resolve(name).resolve() for name in chosen.models))
    share = {"rank": state.process_index, "world": state.num_processes, "wait": state.wait_for_everyone}
    tools = Yardsticks(chosen, state.device, share)
    configs = [checkpoint.read(folder) for folder in folders]
    with state.main_process_first():
        fetch(configs, tools)
    prepare(configs, tools)
    tools.share = {}  # all is in the cache now, and every process goes its own way
    for folder in folders[state.process_index :: state.num_processes]:
        found = evaluate(folder, tools, chosen)
        write(folder, found)
        tqdm.write(f"{folder.name}: {summary(found)}")
    if state.is_main_process:
        for name in chosen.references:
            tqdm.write(f"{measure_references(name, tools, chosen)} is written")


def fetch(configs: Iterable[Config], tools: Yardsticks) -> None:
    """Decode the pictures and download the networks: one process does, and the others find them there."""
    for config in configs:
        if translates(config):
            _ = tools.pairs(config), tools.inception, tools.lpips
        else:
            tools.against(config)


def prepare(configs: Iterable[Config], tools: Yardsticks) -> None:
    """Features of all real pictures that will be needed, in the same order in every process."""
    for config in configs:
        if translates(config):
            if tools.inception:
                tools.features(tools.inception, tools.pairs(config))
            continue
        against = tools.against(config)
        if against.inception:
            tools.features(against.inception, against.reference)
        if against.classifier:
            for pictures in (against.reference, against.training, against.unseen):
                if pictures is not None:
                    tools.features(against.classifier.extractor, pictures)


def evaluate(folder: Path, tools: Yardsticks, chosen: Options) -> list[dict]:
    """Rows of a checkpoint: of its pictures, of its history and, if asked for, of its snapshots."""
    config = checkpoint.read(folder)
    if translates(config):
        found = translated.measure(
            folder,
            tools.pairs(config),
            inception=tools.inception,
            lpips=tools.lpips,
            features=tools.features,
            seed=chosen.seed,
        )
    else:
        found = of_noise(Model.from_pretrained(folder.absolute()), tools, chosen)
    found = [figure | of_checkpoint(config, "final", chosen) for figure in found + of_history(folder, config)]
    if chosen.snapshots and not translates(config):
        found += of_snapshots(folder, tools, chosen)
    if not translates(config):
        for momentum in chosen.momenta:
            model, sha256 = tracked.model(folder, momentum)
            about = {"weights_sha256": sha256, "momentum": momentum, "note": tracked.HOW}
            raw = of_noise(model, tools, chosen)
            found += [figure | of_checkpoint(config, "final", chosen) | about for figure in raw]
    return [figure | of_this_run(tools) for figure in found]


def of_noise(model: Model, tools: Yardsticks, chosen: Options) -> list[dict]:
    against = tools.against(model.config)
    samples = draw(model, max(chosen.n, chosen.n_classifier), tools, chosen)
    asked, classes = None, model.config.architecture.get("classes", 0)
    if classes and against.classifier and against.classifier.labels == model.config.dataset.labels:
        asked = torch.arange(len(samples)) % classes  # Model.sample's own choice
    return sampled.measure(samples, against, n=chosen.n, n_classifier=chosen.n_classifier, asked=asked)


def draw(model: Model, n: int, tools: Yardsticks, chosen: Options) -> Tensor:
    """Samples as they would be saved: uint8 (n, C, S, S), every class equally often."""
    return to_uint8(model.to(tools.device).sample(n, seed=chosen.seed))


def of_history(folder: Path, config: Config) -> list[dict]:
    batch, epoch = config.training.batch * config.training.processes, config.dataset.pictures / 1000
    lines = checkpoint.read_history(folder)
    found = stability.figures(lines, batch=batch, epoch_kimg=epoch)
    return [row(source="history.jsonl", lines=len(lines), **figure) for figure in found]


def of_snapshots(folder: Path, tools: Yardsticks, chosen: Options) -> list[dict]:
    """The classifier's distance at every snapshot, all figures of the best one, and whether distance follows loss."""
    against = tools.against(checkpoint.read(folder))
    paths = sorted(path.parent for path in (folder / "state" / "snapshots").glob(f"*/{checkpoint.CONFIG}"))
    if against.classifier is None or not paths:
        raise DataError(
            f"--snapshots: {folder} has no snapshots, or its data no classifier (train/classifier.py)"
        )
    found, kimg, distances = [], [], []
    for path in tqdm(paths, desc="snapshots", leave=False):
        figure = sampled.distance(
            draw(Model.from_pretrained(path.absolute()), chosen.n_classifier, tools, chosen), against
        )
        found.append(figure | of_checkpoint(checkpoint.read(path), "snapshot", chosen))
        kimg.append(found[-1]["kimg"])
        distances.append(found[-1]["value"])
    best = paths[int(np.argmin(distances))]
    about = of_checkpoint(checkpoint.read(best), "best", chosen) | {"best_by": "classifier_distance"}
    found += [figure | about for figure in of_noise(Model.from_pretrained(best.absolute()), tools, chosen)]
    d_loss = stability.between(checkpoint.read_history(folder), kimg, "d_loss")
    if len(d_loss) == len(kimg) >= stability.FEWEST_SNAPSHOTS:
        value = stability.rank_correlation_of_changes([-loss for loss in d_loss], distances)
        final = of_checkpoint(checkpoint.read(folder), "final", chosen)
        found.append(
            row("distance_follows_loss", value, snapshots=len(kimg), of="-d_loss, classifier_distance")
            | final
        )
    return found


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


def measure_references(name: str, tools: Yardsticks, chosen: Options) -> Path:
    """Rows of what no model made, each with its `subject`; the path they are in."""
    named = NAMED.get(name)
    if named and named.map:
        found = translated.for_scale(tools.pairs_named(name), lpips=tools.lpips, seed=chosen.seed)
    else:
        found = of_real_and_noise(name, tools, chosen)
    about = {"sample_seed": chosen.seed} | of_this_run(tools)
    write_rows(RESULTS / f"{name}.json", {"dataset": name}, [figure | about for figure in found])
    return RESULTS / f"{name}.json"


def of_real_and_noise(name: str, tools: Yardsticks, chosen: Options) -> list[dict]:
    """Rows of real training pictures and of noise in the place of samples."""
    against = tools.against_named(name)
    rng, n = np.random.default_rng(chosen.seed), max(chosen.n, chosen.n_classifier)
    some = np.sort(rng.permutation(len(against.training))[:n])
    noise = rng.integers(256, size=(n, *against.reference.images.shape[1:]), dtype=np.uint8)
    found = []
    for subject, pictures in (("real", np.array(against.training.images[some])), ("noise", noise)):
        measured = sampled.measure(
            torch.from_numpy(pictures), against, n=chosen.n, n_classifier=chosen.n_classifier
        )
        found += [
            figure | {"subject": subject}
            for figure in measured
            if subject == "noise"
            or not figure["name"].startswith("memorisation")  # these are training pictures
        ]
    return found


def summary(found: list[dict]) -> str:
    """The figures of the final weights on a line."""
    shown = [figure for figure in found if checkpoint.is_final(figure) and "n" in figure]
    return ", ".join(f"{figure['name']} {figure['value']:.4g}" for figure in shown) or "its curves alone"


if __name__ == "__main__":
    options.exit_with_one_line(main, stopped="stopped; run it again to go on")
