"""Measure checkpoints: metrics.json beside the weights, each figure with its protocol.

    accelerate launch train/evaluate.py runs/dcgan-focal-cifar10
    accelerate launch train/evaluate.py runs/dcgan-focal-my_photos  # finds ./my_photos where the run did
    accelerate launch train/evaluate.py runs/* --n 50000 --reference-split train
    accelerate launch train/evaluate.py --references cifar10

Several processes share the models, and the features of real pictures. What was measured before by another protocol
stays; what was measured with other weights goes. The last line measures real pictures and noise as if a model had made
them, for scale, into train/results/references/; of pairs (facades) another pair's photograph, black, noise, and
training photographs.
"""

import sys
import traceback
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch._dynamo  # before the processes meet, as in train/running/loop.py
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs
from tqdm import tqdm

from train import arguments
from train.evaluation import nearest, sampled, translated
from train.evaluation.checkpoints import evaluate, of_this_run
from train.evaluation.options import Options
from train.evaluation.rows import write, write_rows
from train.evaluation.yardsticks import Yardsticks, translates
from train.reading.sources import called
from train.running import memory
from train.running.folder import read_place
from zoo import checkpoint, latents, names
from zoo.config import Config
from zoo.errors import Refused, ZooError
from zoo.measurements import final, is_final

RESULTS = Path(__file__).parent / "results" / "references"


def main() -> None:
    chosen = arguments.parse(Options, __doc__)
    if not chosen.models and not chosen.references:
        raise Refused("nothing to measure: name checkpoint folders, ids, or --references")
    if chosen.references and not RESULTS.is_dir():
        raise Refused("--references leaves its figures in train/results, so it needs a checkout")
    latents.check_seed(chosen.seed)
    torch.backends.cudnn.allow_tf32 = False  # figures are float32
    memory.keep()
    patient = InitProcessGroupKwargs(timeout=timedelta(days=7))  # decoding and features take what they take
    accelerator = Accelerator(
        kwargs_handlers=[patient]
    )  # PartialState alone would not hear of ACCELERATE_USE_CPU
    try:
        measure_all(chosen, accelerator)
    finally:
        accelerator.end_training()


def measure_all(chosen: Options, state: Accelerator) -> None:
    """Every model by one of the processes, which alone writes its folder."""
    folders = list(
        dict.fromkeys(folder.resolve() for folder in asked_for(chosen.models, state.is_main_process))
    )
    share = {"rank": state.process_index, "world": state.num_processes, "wait": state.wait_for_everyone}
    tools = Yardsticks(chosen, state.device, share)
    configs: dict[Path, Config] = {}
    unread: dict[Path, ZooError] = {}
    for folder in folders:
        try:
            configs[folder] = config = checkpoint.read(folder)
            if place := read_place(folder):
                tools.places[config.weights.sha256] = place
        except ZooError as error:
            if len(folders) == 1:
                raise
            unread[folder] = error
    with state.main_process_first():
        refused = fetch(configs, tools) | unread
    prepare([config for folder, config in configs.items() if folder not in refused], tools)
    tools.share = {}  # all is in the cache now, and every process goes its own way
    for folder in folders[state.process_index :: state.num_processes]:
        try:
            if folder in refused:
                raise refused[folder]
            found = evaluate(folder, tools, chosen)
            nearest.write(folder, found, tools)
            write(folder, found)  # last: it says that all was measured
        except Exception as error:  # of this model: the others are measured all the same
            if not isinstance(error, ZooError):
                traceback.print_exc()
            if len(folders) == 1:
                raise
            refused[folder] = error
            tqdm.write(f"{folder.name}: {error}", file=sys.stderr)
            continue
        tqdm.write(f"{folder.name}: {summary(found, configs[folder])}")
    if state.is_main_process:
        for name in chosen.references:
            tqdm.write(f"{measure_references(name, tools, chosen)} is written")
    state.wait_for_everyone()  # one that ends in an error would stop the others
    if refused:
        raise Refused(f"{len(refused)} of {len(folders)} models were not measured")


def asked_for(models: Iterable[str], tell: bool) -> Iterable[Path]:
    """Checkpoint folders, those in folders of folders too; what is unfinished among them is told and passed over."""
    for name in models:
        if not Path(name).is_dir() or (Path(name) / checkpoint.CONFIG).is_file():
            yield names.resolve(name)
            continue
        found, over = names.gathered([name])
        if len(models) == 1 and not found:
            raise Refused(f"{name}: {over[name]}")
        for folder, why in over.items() if tell else ():
            tqdm.write(f"{folder} is passed over: {why}", file=sys.stderr)
        yield from found


def fetch(configs: dict[Path, Config], tools: Yardsticks) -> dict[Path, ZooError]:
    """Decode the pictures and download the networks: one process does, and the others find them there.

    The models whose pictures cannot be had, or are not theirs, with the reason; that of a single one is raised.
    """
    refused = {}
    for folder, config in configs.items():
        _ = tools.inception, translates(config) and tools.lpips  # without these nothing is measured
        try:
            _ = tools.pairs(config) if translates(config) else tools.against(config)
        except ZooError as error:
            if len(configs) == 1:
                raise
            refused[folder] = error
    return refused


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
        apart = [against.unseen] if against.has_unseen else []
        apart += [against.mirrored] if against.mirrored else []
        if against.classifier:
            for pictures in (against.reference, against.training, *apart):
                tools.features(against.classifier.extractor, pictures)
        elif seen_by := against.inception or against.alexnet():
            for pictures in (against.training, *apart):
                tools.features(seen_by, pictures)


def measure_references(name: str, tools: Yardsticks, chosen: Options) -> Path:
    """Rows of what no model made, each with its `subject`; the path they are in."""
    dataset = called(name)
    if dataset.named and dataset.named.map:
        pairs, training = tools.pairs_named(name), tools.pairs_named(name, "train")
        tests = {"inception": tools.inception, "features": tools.features, "lpips": tools.lpips}
        found = translated.for_scale(pairs, training, **tests, seed=chosen.seed)
    else:
        found = of_real_and_noise(tools.against_named(name), chosen)
    if not found:
        raise Refused(f"--references {name}: nothing that --skip leaves measures these pictures")
    about = {"sample_seed": chosen.seed} | of_this_run(tools)
    path = RESULTS / f"{dataset.name}.json"
    write_rows(path, {"dataset": dataset.name}, [figure | about for figure in found])
    return path


def of_real_and_noise(against: sampled.Against, chosen: Options) -> list[dict]:
    """Rows of real training pictures and of noise in the place of samples."""
    rng = np.random.default_rng(chosen.seed)
    if not (n := against.looked_at(chosen.n, chosen.n_classifier)):
        return []
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


# As when --skip leaves no network that tells pictures of this size or set apart, or a split holds one pair.
NOTHING = (
    "its curves alone, none of its pictures: leave out --skip, skip less, name a file (--lpips-weights) or another"
    " --reference-split"
)


def summary(found: list[dict], config: Config) -> str:
    """The figures of the final weights on a line, and which of those that tell the most are not among them."""
    shown = [figure for figure in found if is_final(figure) and "n" in figure]
    text = ", ".join(f"{figure['name']} {figure['value']:.4g}" for figure in shown) or NOTHING
    wanted = ("fid",) if translates(config) else ("fid", "memorisation")
    missing = [name for name in wanted if any("n" in f for f in shown) and not final(found, name)]
    return text + (f"; not measured: {', '.join(missing)}" if missing else "")


if __name__ == "__main__":
    arguments.exit_with_one_line(main, stopped="stopped; run it again to go on")
