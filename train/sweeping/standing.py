"""How a planned cell stands, read from the disk alone: what it has behind it, what failed, how long its training takes.

A cell has three phases: its training, its evaluation (metrics.json), and its card. Where only figures are kept, of
further seeds, there is no card.
"""

import heapq
import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cards import build
from train.reading.sources import called
from train.running.cell import describe_critic, describe_loss, rules
from train.running.options import as_recorded, completed
from train.sweeping.recipe import Planned
from zoo import checkpoint, names
from zoo.checkpoint import CONFIG, METRICS, Config
from zoo.errors import CheckpointError, ZooError
from zoo.measurements import read_metrics
from zoo.penalties import R1R2

RESULTS = Path(__file__).parents[1] / "results"
FAILED = "failed.json"
UNMEASURED = "unmeasured.json"
START_SECONDS = 30  # imports, data, and the last snapshot
# Of config.training: how and where it was trained, which may differ between two runs of one cell.
INCIDENTAL = (
    "command",
    "commit",
    "library_version",
    "torch_version",
    "pictures_per_second",
    "hardware",
    "seconds",
)


@dataclass
class Standing:
    """kimg: real pictures seen, in thousands (of a cell that waits: as far as it was saved)."""

    state: str  # done, failed, unmeasured, waiting; while a sweep runs also running, elsewhere, stopped
    kimg: float = 0.0
    pictures_per_second: float | None = None  # measured on this machine
    note: str = ""
    kept: bool = False  # in the source tree, whatever lies in the run's folder
    phase: str = "training"  # of what is not done: training, evaluation, card

    @property
    def trained(self) -> bool:
        return self.state == "done" or self.phase != "training"


def look(cell: Planned, out: Path, evaluation: str | None = None) -> Standing:
    """How a cell that is not running stands in `out`, in the zoo, or among the results that are kept.

    `evaluation`: the options by which it is to be measured, once trained; None: its training is all.
    """
    seen = look_at_training(cell, out)
    folder = out / cell.recipe / cell.name
    if evaluation is None or seen.state != "done" or seen.kept:
        return seen
    if not is_measured(folder):
        phase = "evaluation"
    elif cell.first and not has_card(folder):
        phase = "card"
    else:
        return seen
    if error := read_unmeasured(folder, evaluation):
        return replace(seen, state="unmeasured", phase=phase, note=error)
    return replace(seen, state="waiting", phase=phase)


def look_at_training(cell: Planned, out: Path) -> Standing:
    folder = out / cell.recipe / cell.name
    here = read_config(folder)
    if here and (folder / "progress.webp").exists() and is_result_of(cell, here):
        return Standing("done", here.training.kimg, here.training.pictures_per_second)
    for kept in kept_in(cell):
        if (there := read_config(kept)) and is_result_of(cell, there):
            return Standing("done", there.training.kimg, note=f"in {kept.parent.name}/{kept.name}", kept=True)
    for place in (folder,) if here else (folder, results_folder(cell)):
        if failure := read_failure(cell, place):
            return Standing("failed", failure["kimg"], note=failure["error"])
    if here:
        return Standing("waiting", here.training.kimg, here.training.pictures_per_second)
    return Standing("waiting")


def is_measured(folder: Path) -> bool:
    """Whether there are figures of the weights that lie there, by whatever protocol."""
    try:
        return (folder / METRICS).exists() and not read_metrics(folder).stale
    except CheckpointError:
        return False


def read_config(folder: Path) -> Config | None:
    if not (folder / CONFIG).exists():
        return None
    try:
        return checkpoint.read(folder)
    except CheckpointError:  # of an older format, or damaged: trained anew
        return None


def kept_in(cell: Planned) -> list[Path]:
    return [names.BUNDLED / cell.id] if cell.bundled else [results_folder(cell)]


def results_folder(cell: Planned) -> Path:
    return RESULTS / cell.recipe / cell.seeded


def is_result_of(cell: Planned, given: Config) -> bool:
    """Whether `given` describes a run of this cell to the end of its budget, wherever and whenever it was.

    What the options leave to the code (a loss's constants, the critic it demands) has to be what the code says today.
    """
    today, options = rules(cell.architecture, cell.options), cell.options
    return (
        given.options is not None
        and completed(given.options, type(options)) == as_recorded(options)
        and given.architecture["name"] == cell.architecture
        and given.dataset.name == called(options.dataset).name
        and (given.loss, given.critic) == (describe_loss(today), describe_critic(today, options))
        and given.training.critic_steps == today.critic_steps
        and given.training.processes == 1
        and given.training.kimg >= options.kimg
    )


def has_card(folder: Path) -> bool:
    try:
        return build.check(folder) is None
    except ZooError:  # what damaged it is told when the card is made
        return False


# ---- failures


def read_failure(cell: Planned, folder: Path) -> dict | None:
    """What went wrong when the cell was last trained, unless the recipe has changed since."""
    failure = read_json(folder / FAILED)
    return failure if failure.get("options") == as_recorded(cell.options) else None


def write_failure(cell: Planned, folder: Path, error: str) -> None:
    kimg = last_line(folder).get("kimg", 0.0)
    write_json(folder / FAILED, {"error": error, "kimg": kimg, "options": as_recorded(cell.options)})


def read_unmeasured(folder: Path, evaluation: str) -> str:
    """Why these weights could not be measured, or described, with these options when that was last tried."""
    failure = read_json(folder / UNMEASURED)
    tried = (failure.get("weights_sha256"), failure.get("options"))
    return failure["error"] if tried == (checkpoint.read(folder).weights.sha256, evaluation) else ""


def write_unmeasured(folder: Path, evaluation: str, error: str) -> None:
    sha256 = checkpoint.read(folder).weights.sha256
    write_json(folder / UNMEASURED, {"error": error, "weights_sha256": sha256, "options": evaluation})


def read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_json(path: Path, data: dict) -> None:
    checkpoint.replace_file(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


# ---- how far, and how long


def progress(folder: Path, phase: str = "training") -> Standing:
    """Of a cell that is running, by its history."""
    last = last_line(folder)
    kimg, seconds = last.get("kimg", 0.0), last.get("seconds", 0.0)
    return Standing("running", kimg, 1000 * kimg / seconds if seconds else None, phase=phase)


def last_line(folder: Path) -> dict[str, float]:
    try:
        lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
        return json.loads(lines[-1])
    except (OSError, ValueError, IndexError):  # none yet, or just being written
        return {}


def seconds_left(cell: Planned, standings: Mapping[Planned, Standing]) -> float | None:
    """Of one cell; by its own speed, else by that of others of the same script, else by its recipe's word."""
    standing = standings[cell]
    speed = standing.pictures_per_second or speed_by_others(cell, standings) or speed_by_recipe(cell)
    if speed is None:
        return None
    started = standing.state in ("running", "elsewhere")
    return max(0.0, cell.options.kimg - standing.kimg) * 1000 / speed + START_SECONDS * (not started)


def speed_by_others(cell: Planned, standings: Mapping[Planned, Standing]) -> float | None:
    measured = [
        (other, seen.pictures_per_second * cost(other) / cost(cell))
        for other, seen in standings.items()
        if seen.pictures_per_second and other.script == cell.script
    ]
    alike = [speed for other, speed in measured if other.kind == cell.kind]
    speeds = alike or [speed for _, speed in measured]
    return statistics.median(speeds) if speeds else None


def speed_by_recipe(cell: Planned) -> float | None:
    if cell.pictures_per_second is None:
        return None
    plain = replace(cell, options=replace(cell.options, loss="vanilla", loss_fields=(), critic_steps=1))
    return cell.pictures_per_second * cost(plain) / cost(cell)


def cost(cell: Planned) -> float:
    """Of one real picture, in forward passes of a network: a rough guess for losses not yet timed.

    The critic's step on a real and a fake picture is 7, the generator's 4; a gradient penalty measures as 9 more, and
    an autoencoder for a critic doubles all.
    """
    made_of = rules(cell.architecture, cell.options)
    if made_of.plan is None:
        return 3.0
    penalties = 0 if made_of.penalty is None else 2 if isinstance(made_of.penalty, R1R2) else 1
    return (7 + 4 / made_of.critic_steps + 9 * penalties) * (2 if made_of.plan.autoencoder else 1)


def seconds_for_all(running: Iterable[float], waiting: Iterable[float], jobs: int) -> float:
    """Until all have ended, `jobs` at a time, in order."""
    ends = sorted(running)
    ends += [0.0] * (jobs - len(ends))
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)
