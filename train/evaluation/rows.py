"""Rows of metrics.json: a figure each, with what it takes to repeat it."""

import hashlib
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

from cards.measures import OTHER_SEED
from train.reading.cache import alone
from zoo import checkpoint, measurements
from zoo.checkpoint import METRICS
from zoo.errors import Refused
from zoo.files import replace_file

# Two rows that agree in these are measurements of one thing: the newer replaces the older.
SAME = (
    "name",
    "which",
    "kimg",
    "subject",
    "split",
    "extractor",
    "statistics",
    "dropout",
    "momentum",
    "sample_seed",
    "training_seed",
)


def row(name: str, value: float | None, n: int | None = None, **protocol) -> dict:
    """{name, value, n, …}; n is part of the name. Refused where the value is no number: NaN is never written."""
    if value is not None and not math.isfinite(value):
        raise Refused(f"{name} is {value}: not a figure")
    figure = {"name": name if n is None else f"{name}_n{n}", "value": rounded(value)}
    if n is not None:
        figure["n"] = n
    return figure | {key: rounded(item) for key, item in protocol.items()}


def rounded(value):
    """Floats at six significant digits, inside of lists too."""
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def merged(old: list[dict], new: list[dict]) -> list[dict]:
    """The new rows, and before them the old ones that they do not measure again."""
    again = {_identity(figure) for figure in new}
    return [figure for figure in old if _identity(figure) not in again] + new


def of_this_training(rows: Sequence[dict]) -> list[dict]:
    """Without the figures of other seeds, which a bundled model tells beside its own."""
    return [figure for figure in rows if figure.get("which") != OTHER_SEED]


def has_more_figures(than: Path, folder: Path) -> bool:
    """Whether `folder` holds further figures of the same weights, or other seeds alone were added there."""
    try:
        there, here = (measurements.read_metrics(place) for place in (folder, than))
    except checkpoint.CheckpointError:
        return False
    own = of_this_training(there.rows)
    further = merged(own, here.rows) != here.rows
    return not there.stale and (further or (own == here.rows and own != there.rows))


def _identity(figure: dict) -> tuple:
    return tuple(figure.get(key) for key in SAME)


def write(folder: Path, new: list[dict]) -> None:
    """Into metrics.json beside the weights; rows measured with other weights are dropped.

    Refused where the new ones are of other weights themselves: a training replaced them meanwhile.
    """
    key = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
    with alone(key):  # no row of another evaluation is lost
        sha256 = checkpoint.read(folder).weights.sha256
        if any(
            figure.get("weights_sha256", sha256) != sha256 for figure in filter(measurements.is_final, new)
        ):
            raise Refused(f"{folder}: its weights were replaced while they were measured; run it again")
        try:
            old, stale = measurements.read_metrics(folder)
        except checkpoint.CheckpointError:
            old, stale = [], True
        write_rows(folder / METRICS, {"weights_sha256": sha256}, merged([] if stale else old, new))


def write_rows(path: Path, head: dict, rows: list[dict]) -> None:
    """A row a line: a change of one figure is a change of one line."""
    lines = ",\n".join("  " + json.dumps(figure, ensure_ascii=False, allow_nan=False) for figure in rows)
    start = json.dumps(head, ensure_ascii=False)[1:-1]
    start = f" {start},\n" if start else ""
    replace_file(path, f'{{\n{start} "metrics": [\n{lines}\n ]\n}}\n'.encode())
