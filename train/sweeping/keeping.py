"""What is kept of a cell in the source tree: a starter model for the zoo, figures and history of any other."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cards import build, runs
from cards.measures import OF_PICTURES, OTHER_SEED
from train.evaluation.rows import merged, write_rows
from train.sweeping.recipe import Planned
from train.sweeping.standing import FAILED, INCIDENTAL, Standing, kept_in, read_config, results_folder
from zoo import checkpoint
from zoo.checkpoint import CONFIG, HISTORY, METRICS, WEIGHTS, Config
from zoo.errors import CheckpointError
from zoo.measurements import measure_of, read_metrics

RESULT = (METRICS, HISTORY, CONFIG)
MODEL = ("README.md", "curves.png", "progress.webp", "samples.png", METRICS, HISTORY, WEIGHTS, CONFIG)
FIGURES = (METRICS, "README.md", "curves.png")  # and the card that tells them
LINES = 100  # of a history that is kept without its model


def keep(cell: Planned, standing: Standing, folder: Path) -> bool:
    """Copies what is kept of a cell that is trained or failed from `folder`; whether that changed anything."""
    if standing.kept:
        return False
    if standing.trained:
        (target,) = kept_in(cell)
        (results_folder(cell) / FAILED).unlink(missing_ok=True)
        return copy(folder, target, MODEL if cell.bundled else RESULT)
    if standing.state == "failed" and (folder / FAILED).exists():
        return copy(folder, results_folder(cell), (*RESULT, FAILED))
    return False


def tell_of_other_seeds(cell: Planned) -> bool:
    """Puts the figures of a cell's further seeds beside those of its bundled model; whether that changed them."""
    (model,) = kept_in(cell)
    config = read_config(model)
    further = [
        runs.read(cell.recipe, path) for path in sorted(results_folder(cell).parent.glob(f"{cell.id}-seed*"))
    ]
    told = [
        figure | {"which": OTHER_SEED}
        for run in further
        if config and run and run.config and differ_in_seed_alone(config, run.config)
        for figure in run.rows
        if figure.get("which") == "final" and measure_of(figure) in OF_PICTURES
    ]
    if not told:
        return False
    own, stale = read_metrics(model)
    rows = without_other_seeds(own) + told
    if stale or rows == own:
        return False
    write_rows(model / METRICS, {"weights_sha256": config.weights.sha256}, rows)
    build.build(model)
    return True


def differ_in_seed_alone(a: Config, b: Config) -> bool:
    """Of two trainings; how and where they ran is no matter."""
    theirs = {name: getattr(b.training, name) for name in (*INCIDENTAL, "seed")}
    options = a.options and a.options | {"seed": b.training.seed}
    alike = replace(a, options=options, training=replace(a.training, **theirs), weights=b.weights) == b
    return alike and a.training.seed != b.training.seed


def copy(folder: Path, target: Path, names: tuple[str, ...]) -> bool:
    files = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    if WEIGHTS not in names and HISTORY in files:
        files[HISTORY] = thinned(files[HISTORY])
    if has_more_figures(target, folder):
        files = {name: content for name, content in files.items() if name not in FIGURES}
    if all((target / name).exists() and (target / name).read_bytes() == files[name] for name in files):
        return False
    before, now = read_config(target), read_config(folder)
    checkpoint.write_files(target, files)
    if before and now and before.weights.sha256 != now.weights.sha256:
        for name in set(MODEL) - files.keys():  # figures, a card or curves of other weights
            (target / name).unlink(missing_ok=True)
    return True


def has_more_figures(target: Path, folder: Path) -> bool:
    """Whether the same weights were measured further where they are kept, or other seeds alone were added there."""
    before, now = read_config(target), read_config(folder)
    if not (before and now and before.weights.sha256 == now.weights.sha256):
        return False
    try:
        there, here = (read_metrics(place) for place in (target, folder))
    except CheckpointError:
        return False
    own = without_other_seeds(there.rows)
    further = merged(own, here.rows) != here.rows
    return not there.stale and (further or (own == here.rows and own != there.rows))


def without_other_seeds(rows: Sequence[dict]) -> list[dict]:
    return [figure for figure in rows if figure.get("which") != OTHER_SEED]


def thinned(history: bytes) -> bytes:
    """Every k-th line, the last among them."""
    lines = history.splitlines(keepends=True)
    return b"".join(lines[:: -max(1, math.ceil(len(lines) / LINES))][::-1])


def comes_from_a_commit(folder: Path) -> bool:
    """Whether a checkpoint was trained by the code of a commit, and not by files that differed from it."""
    config = read_config(folder)
    return bool(config and config.training.commit) and not config.training.commit.endswith("-dirty")
