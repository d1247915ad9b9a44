"""`--resume DIR`: a run's own options, of which only what is given as well is looked at."""

from dataclasses import fields
from pathlib import Path

from train import arguments
from train.reading.sources import called
from train.running.folder import check_same, read_state
from train.running.options import ASIDE, as_recorded, settled
from zoo.errors import TrainingError

OF_THE_RUN = ("architecture", "processes", "pictures")  # beside its options


def parse(kind: type, description: str):
    """The options of a script from its command line; with `--resume DIR` all that it leaves out is as in that run.

    TrainingError where DIR holds no run of this script, or where an option that decides what is trained differs.
    """
    chosen = arguments.parse(kind, description)
    if not isinstance(chosen.resume, Path):
        return chosen
    out, state = chosen.resume, read_state(chosen.resume)
    if state is None:
        raise TrainingError(f"{out} holds no run that could be resumed: start one with --out {out}")
    before = recall(kind, out, state)
    chosen = arguments.parse(kind, description, default=before)
    check_same(out, settled(as_recorded(before), state), settled(as_recorded(chosen), state))
    return chosen


def kept_aside(options) -> dict[str, str | float | bool | None]:
    """What a run needs to be resumed by its folder's name alone, and nobody else is to know: where things lie."""
    values = {name: getattr(options, name) for name in ASIDE if name not in ("out", "resume")}
    if values["data_dir"] is not None:
        values["data_dir"] = str(values["data_dir"].expanduser().resolve())
    place = called(options.dataset).folder
    return values | {"dataset": str(place.resolve()) if place else options.dataset}


def recall(kind: type, out: Path, state: dict):
    """The options that the run in `out` was started, or last resumed, with."""
    names = {field.name for field in fields(kind)}
    values = {name: value for name, value in state["options"].items() if name not in OF_THE_RUN}
    if "holdout" in names:  # runs that did not know of it held nothing out
        values.setdefault("holdout", 0.0)
    if foreign := sorted(values.keys() - names):
        raise TrainingError(
            f"{out} was trained with {foreign[0]}, which this script does not have: resume it with its own script"
        )
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in (values | state.get("aside", {})).items()
    }
    if values.get("data_dir") is not None:
        values["data_dir"] = Path(values["data_dir"])
    return kind(**values, out=out, resume=out)
