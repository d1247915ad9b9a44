"""All trainings that the source tree knows: the bundled checkpoints, and the results kept without weights."""

import json
import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo import checkpoint, measurements, names
from zoo.architectures import ARCHITECTURES
from zoo.checkpoint import CONFIG
from zoo.config import Config, parse_json
from zoo.errors import CheckpointError
from zoo.losses import LOSSES

RESULTS = Path(__file__).parents[1] / "train" / "results"
STARTER = "starter-zoo"  # the recipe whose first seeds are bundled
PROTOCOL = "protocol"  # short runs that decided how the starter zoo is trained
REFERENCES = "references"  # real pictures and noise, measured as if a model had made them


@dataclass(frozen=True)
class Run:
    """One training. `config` is None of one that failed before it had a checkpoint."""

    recipe: str
    architecture: str
    loss: str
    dataset: str
    tag: str = ""  # what sets it apart beside loss and architecture
    seed: int = 0
    config: Config | None = None
    rows: Sequence[dict] = ()
    failure: str = ""
    folder: Path | None = None

    def value(self, name: str) -> float | None:
        return measurements.value(self.rows, name)

    def row(self, name: str) -> dict | None:
        return measurements.counting(self.rows, name)

    def history(self) -> list[dict]:
        """The lines of its training; none where it has no folder."""
        return checkpoint.read_history(self.folder) if self.folder else []

    def first_spike(self, player: str) -> float | None:
        """Of the first interval, which the step spike of metrics.json leaves out: its peak over the usual one of the
        lines that are kept (of results, every second). None of a history that does not tell."""
        lines = [line for line in self.history() if all(map(math.isfinite, line.values()))]
        peaks = [line.get(f"{player}_loss_peak") for line in lines]
        if len(peaks) < 2 or None in peaks:
            return None
        usual = statistics.median(peaks[1:])
        return peaks[0] / usual if usual else None

    @property
    def collapsed(self) -> bool:
        return measurements.collapse(self.rows) is not None

    @property
    def kimg(self) -> float:
        return self.config.training.kimg if self.config else 0.0

    @property
    def g_steps(self) -> int:
        return self.config.training.g_steps if self.config else 0


@dataclass(frozen=True)
class Zoo:
    runs: list[Run] = field(default_factory=list)
    references: dict[str, list[dict]] = field(default_factory=dict)  # data set → rows with a `subject`

    def seeds(self, recipe: str, architecture: str, loss: str, dataset: str, tag: str = "") -> dict[int, Run]:
        """{training seed: run} of one cell of a recipe, in order; failed ones too."""
        found = {
            run.seed: run
            for run in self.runs
            if (run.recipe, run.architecture, run.loss, run.dataset, run.tag)
            == (recipe, architecture, loss, dataset, tag)
        }
        return dict(sorted(found.items()))


def find(bundled: Path | None = None, results: Path | None = None) -> Zoo:
    """Everything in `bundled` and `results`, by default the source tree's; CheckpointError where one is damaged."""
    bundled, results = bundled or names.BUNDLED, results or RESULTS
    folders = [(STARTER, path) for path in sorted(bundled.glob("*/"))]
    folders += [
        (path.parent.name, path) for path in sorted(results.glob("*/*/")) if path.parent.name != REFERENCES
    ]
    found = [run for recipe, path in folders if (run := read(recipe, path))]
    references = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["metrics"]
        for path in sorted((results / REFERENCES).glob("*.json"))
    }
    return Zoo(found, references)


def read(recipe: str, folder: Path) -> Run | None:
    """The run that a folder tells of; None where it tells of none. Figures of other weights are left out."""
    failure, path = "", folder / "failed.json"
    if path.is_file():
        told = parse_json(path.read_text(encoding="utf-8", errors="replace"), str(path))
        failure = told.get("error") if isinstance(told, dict) else None
        if not isinstance(failure, str):
            raise CheckpointError(f"{path} is damaged: it tells no error; delete it")
    if not (folder / CONFIG).is_file():
        return failed(recipe, folder.name, failure) if failure else None
    config, (rows, stale) = checkpoint.read(folder), measurements.read_metrics(folder)
    tag = re.sub(r"-?seed\d+$", "", folder.name.removeprefix(config.id)).strip("-")
    return Run(
        recipe, config.architecture["name"], config.loss["name"], config.dataset.name, tag,
        config.training.seed, config, () if stale else rows, failure, folder,
    )  # fmt: skip


def failed(recipe: str, name: str, failure: str) -> Run | None:
    """A run known by its folder's name alone: <architecture>-<loss>-<data set>[-seedN]."""
    pattern = r"({})-({})-(.+?)(?:-seed(\d+))?".format(
        *("|".join(sorted(names, key=len, reverse=True)) for names in (ARCHITECTURES, [*LOSSES, "none"]))
    )
    parts = re.fullmatch(pattern, name)
    if parts is None:
        return None
    architecture, loss, dataset, seed = parts.groups()
    return Run(recipe, architecture, loss, dataset, seed=int(seed or 0), failure=failure)
