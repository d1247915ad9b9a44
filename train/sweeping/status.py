"""How far a planned cell is, read from the disk alone: what it has behind it, and what failed.

A cell has three phases: its training, its evaluation (metrics.json), and its card. Where only figures are kept, of
further seeds, there is no card.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from cards import build
from train.running.comparing import is_run_of
from train.running.options import as_recorded
from train.sweeping.recipe import Planned
from zoo import checkpoint, names
from zoo.checkpoint import METRICS, Config
from zoo.errors import CheckpointError, ZooError
from zoo.files import replace_file
from zoo.measurements import read_metrics

RESULTS = Path(__file__).parents[1] / "results"
FAILED, UNMEASURED = "failed.json", "unmeasured.json"
# The first four are read from the disk; the others are of a sweep that runs.
STATES = ("done", "waiting", "unmeasured", "failed", "stopped", "elsewhere", "running")


@dataclass
class Status:
    state: str  # one of STATES
    kimg: float = 0.0  # real pictures seen, in thousands
    note: str = ""
    kept: bool = False  # in the source tree, whatever lies in the run's folder
    phase: str = "training"  # of what is not done: training, evaluation, card

    @property
    def trained(self) -> bool:
        return self.state == "done" or self.phase != "training"


def look(cell: Planned, out: Path, evaluation: str | None = None) -> Status:
    """The status of a cell that is not running: in `out`, in the zoo, or among the results that are kept.

    `evaluation`: the options by which it is to be measured, once trained; None: its training is all.
    """
    seen, folder = look_at_training(cell, out), cell.folder(out)
    if evaluation is None or seen.state != "done" or seen.kept:
        return seen
    phase = "evaluation" if not is_measured(folder) else "card"
    if phase == "card" and (not cell.first or has_card(folder)):
        return seen
    if failure := read_failure(folder / UNMEASURED, measuring(folder, evaluation)):
        return replace(seen, state="unmeasured", phase=phase, note=failure["error"])
    return replace(seen, state="waiting", phase=phase)


def look_at_training(cell: Planned, out: Path) -> Status:
    folder, kept = cell.folder(out), kept_in(cell)
    here, there = read_config(folder), read_config(kept)
    if here and (folder / "progress.webp").exists() and is_run_of(here, cell.architecture, cell.options):
        return Status("done", here.training.kimg)
    if there and is_run_of(there, cell.architecture, cell.options):
        return Status("done", there.training.kimg, f"in {kept.parent.name}/{kept.name}", kept=True)
    for place in (folder,) if here else (folder, results_folder(cell)):
        if failure := read_failure(place / FAILED, as_recorded(cell.options)):
            return Status("failed", failure.get("kimg", 0.0), failure["error"])
    return Status("waiting", here.training.kimg if here else 0.0)


def seen_kimg(folder: Path) -> float:
    """Of a cell that is running, by its history."""
    try:
        return checkpoint.read_history(folder)[-1]["kimg"]
    except (CheckpointError, IndexError):  # none yet, or just being written
        return 0.0


def is_measured(folder: Path) -> bool:
    """Whether there are figures of the weights that lie there, by whatever protocol."""
    try:
        return (folder / METRICS).exists() and not read_metrics(folder).stale
    except CheckpointError:
        return False


def has_card(folder: Path) -> bool:
    try:
        return build.check(folder) is None
    except ZooError:  # what damaged it is told when the card is made
        return False


def read_config(folder: Path) -> Config | None:
    try:
        return checkpoint.read(folder)
    except CheckpointError:  # none yet, of another format, or damaged: trained anew
        return None


def kept_in(cell: Planned) -> Path:
    return names.BUNDLED / cell.id if cell.bundled else results_folder(cell)


def results_folder(cell: Planned) -> Path:
    return RESULTS / cell.recipe / cell.seeded


def measuring(folder: Path, evaluation: str) -> list[str]:
    """What is tried of a trained cell; of others it is their options."""
    return [checkpoint.read(folder).weights.sha256, evaluation]


def read_failure(path: Path, tried: dict | list) -> dict:
    """What went wrong when just this was last tried; empty where nothing did."""
    try:
        failure = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    told = isinstance(failure, dict) and isinstance(failure.get("error"), str)
    return failure if told and failure.get("tried") == tried else {}


def write_failure(path: Path, tried: dict | list, error: str, **more: float) -> None:
    told = json.dumps({"error": error, **more, "tried": tried}, indent=1, ensure_ascii=False)
    replace_file(path, f"{told}\n".encode())
