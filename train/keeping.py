"""What is kept of a cell in the source tree: a starter model for the zoo, figures and history of any other."""

import math
from pathlib import Path

from train.recipe import Planned
from train.rows import merged
from train.standing import FAILED, Standing, kept_in, read_config, results_folder
from zoo import checkpoint
from zoo.checkpoint import CONFIG, HISTORY, METRICS, WEIGHTS
from zoo.errors import CheckpointError

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
    """Whether the same weights were measured further where they are kept."""
    before, now = read_config(target), read_config(folder)
    if not (before and now and before.weights.sha256 == now.weights.sha256):
        return False
    try:
        there, here = (checkpoint.read_metrics(place) for place in (target, folder))
    except CheckpointError:
        return False
    return not there.stale and merged(there.rows, here.rows) != here.rows


def thinned(history: bytes) -> bytes:
    """Every k-th line, the last among them."""
    lines = history.splitlines(keepends=True)
    return b"".join(lines[:: -max(1, math.ceil(len(lines) / LINES))][::-1])


def comes_from_a_commit(folder: Path) -> bool:
    """Whether a checkpoint was trained by the code of a commit, and not by files that differed from it."""
    config = read_config(folder)
    return bool(config and config.training.commit) and not config.training.commit.endswith("-dirty")
