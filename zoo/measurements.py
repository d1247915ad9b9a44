"""metrics.json, and the two things that are decided about it once: which row counts, and what collapsed means.

A measure may have several rows: of snapshots, of other training seeds, of the raw generator, in other modes of
inference, by other protocols. **The row that counts** is, in this order,

1. of the final weights, of this training, used as `Model` uses them (`is_final`);
2. held against the test split, and not against what the model was trained on;
3. taken on as many samples as the zoo's own figures are (`OWN_N`), so that models stay comparable: FID falls with n
   whatever the model, so a further row on 50,000 samples is told beside it and never takes its place;
4. the one with most samples, then with the smallest sample seed, then with the first extractor by name.

It depends on the rows alone, not on their order nor on other models: cards, page, `zoo info`, overview and claims
say one figure.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from zoo import checkpoint
from zoo.checkpoint import METRICS
from zoo.config import Config, parse_json, short
from zoo.errors import CheckpointError, is_line

Row = dict[str, Any]  # {name, value, n?, split?, …}: a figure and its protocol
LONGEST, HUGE = 1000, 1e100  # letters of a text; figures beyond are none

# Samples that the zoo's own figures are taken on: through Inception, and through a data set's own classifier.
N, N_CLASSIFIER = 5_000, 10_000
OWN_N = dict.fromkeys(("fid", "kid", "precision", "recall", "inception_score"), N) | dict.fromkeys(
    ("classifier_distance", "class_coverage", "class_entropy", "asked_class", "memorisation"), N_CLASSIFIER
)
# Below it a model has collapsed: its samples reach hardly any of the real pictures, or, where recall was not
# measured, show fewer than half of the classes.
COLLAPSED = {"recall": 0.05, "class_coverage": 0.5}


class Metrics(NamedTuple):
    """metrics.json: one row a measurement; `stale` where they were taken with other weights."""

    rows: list[Row]
    stale: bool


@dataclass(frozen=True)
class Info:
    """What is known of a model without its weights: its config and its measurements."""

    config: Config
    metrics: Metrics


def info(folder: str | Path) -> Info:
    """Config and measurements of a folder."""
    return Info(checkpoint.read(folder), read_metrics(folder))


def read_metrics(folder: str | Path) -> Metrics:
    """The folder's measurements; no rows where there is no metrics.json. CheckpointError where it is foreign."""
    path = Path(folder) / METRICS
    if not path.exists():
        return Metrics([], False)
    data = parse_json(checkpoint.read_text(path), str(path))
    rows = data.get("metrics") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise CheckpointError(
            f'{path} must hold "weights_sha256" and a list "metrics" of rows with a name and a value'
        )
    if flaw := next((flaw for row in rows if (flaw := _flaw(row))), None):
        raise CheckpointError(f"{path} has a row {flaw}: measure again")
    return Metrics(rows, stale=data.get("weights_sha256") != checkpoint.read(folder).weights.sha256)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and is_line(value, LONGEST)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -HUGE < value < HUGE  # NaN is not


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_interval(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_map(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(_is_text(k) and of(v) for k, v in value.items())


# What a row says, by the kinds of it; what else it may hold is read by nobody.
KINDS: dict[Callable[[Any], bool], str] = {
    _is_text: "name split extractor dataset se_of ci_of note device date which weights_sha256 best_by statistics",
    _is_count: "n reference_n features k sample_seed training_seed g_steps",
    _is_number: "kimg se classifier_accuracy",
    _is_interval: "ci range_5_95",
    _is_map(_is_number): "histogram",
    _is_map(_is_text): "versions",
    lambda value: isinstance(value, bool): "saturated dead dropout default",
    lambda value: value is None or _is_number(value): "value momentum",
}
TYPES = {key: of for of, keys in KINDS.items() for key in keys.split()}


def _flaw(row: Any) -> str | None:
    """What of a row is missing or of a wrong type; None where it can be used."""
    if not isinstance(row, dict):
        return "no object"
    needed = {"name", "value"}
    needed |= {"kimg"} if row.get("which") == "best" else set()
    needed |= {"range_5_95"} if str(row.get("name")).startswith("last_epoch_") else set()
    if missing := needed - row.keys():
        return f"without {min(missing)}"
    wrong = (key for key, value in row.items() if key in TYPES and not TYPES[key](value))
    return next((f"with {key} {short(row[key])}" for key in wrong), None)


# ---- which row counts


def measure_of(row: Row) -> str:
    """ "fid" of the row "fid_n5000"."""
    return re.sub(r"_n\d+$", "", row["name"])


def is_final(row: Row, momentum: float | None = None) -> bool:
    """Whether a measurement is of the final weights, used as `Model` uses them.

    Others are of a snapshot, of another training seed, in another mode, or of the raw generator with statistics
    tracked at a `momentum`: give that to ask for those.
    """
    return (
        row.get("which", "final") == "final" and row.get("default", True) and row.get("momentum") == momentum
    )


def preference(row: Row) -> tuple:
    """By which rows of one measure are sorted: points 2 to 4 of the rule, the preferred one first."""
    n = row.get("n", 0)
    return (
        row.get("split") != "test",
        n != OWN_N.get(measure_of(row)),
        -n,
        row.get("sample_seed", 0),
        str(row.get("extractor", "")),
    )


def final(rows: Sequence[Row], name: str, momentum: float | None = None) -> list[Row]:
    """The rows of the measure `name` of the final weights, in the model's own mode; the one that counts first."""
    return sorted(
        (row for row in rows if measure_of(row) == name and is_final(row, momentum)), key=preference
    )


def counting(rows: Sequence[Row], name: str, momentum: float | None = None) -> Row | None:
    """The row of the measure `name` that counts; None where it was not taken."""
    return next(iter(final(rows, name, momentum)), None)


def value(rows: Sequence[Row], name: str) -> float | None:
    """The figure of the measure `name`; None where it was not taken, or has no value (never settled)."""
    row = counting(rows, name)
    return row["value"] if row else None


# ---- what collapsed means


def collapse(rows: Sequence[Row]) -> Row | None:
    """The row by which a model has collapsed (`COLLAPSED`); None where it has not, or neither figure was taken."""
    decisive = next((row for name in COLLAPSED if (row := counting(rows, name))), None)
    return decisive if decisive and shows_collapse(decisive) else None


def shows_collapse(row: Row) -> bool:
    """Whether one row, of a measure of `COLLAPSED`, lies below its bound."""
    return row["value"] is not None and row["value"] < COLLAPSED[measure_of(row)]
