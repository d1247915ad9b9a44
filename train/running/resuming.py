"""`--resume DIR`: a run's own options, of which only what is given as well is looked at."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from train import arguments
from train.reading.sources import called
from train.running.cell import usual_ema_kimg
from train.running.folder import check_same, read_run
from train.running.options import ASIDE, WATCHING, as_recorded, completed, settled
from zoo.errors import Refused, TrainingError

OF_THE_RUN = ("architecture", "processes", "pictures")  # beside its options


def parse(kind: type, description: str):
    """The options of a script from its command line; with `--resume DIR` all that it leaves out is as in that run.

    TrainingError where DIR holds no run of this script, or where an option that decides what is trained differs.
    """
    chosen = arguments.parse(kind, description)
    if not isinstance(chosen.resume, Path):
        return chosen
    out, state = chosen.resume, read_run(chosen.resume)
    if state is None:
        raise TrainingError(f"{out} holds no run that could be resumed: start one with --out {out}")
    before = recall(kind, out, state)
    chosen = arguments.parse(kind, description, default=before)
    if chosen.augment == "auto":  # which the run has decided
        chosen = replace(chosen, augment=before.augment)
    then, chosen = prolonged(as_recorded(before), chosen)
    check_same(out, settled(then, state), settled(as_recorded(chosen), state), may_differ(state))
    return chosen


def prolonged(then: dict, options) -> tuple[dict, Any]:
    """Recorded options and those of now, where --kimg asks for more: all else stays, the average's half-life too.

    Refused where the options are not the run's own (--resume without DIR) and would have another half-life.
    """
    if options.kimg < then["kimg"]:
        raise TrainingError(f"--kimg can only be raised: the run's is {then['kimg']:g}, not {options.kimg:g}")
    if options.kimg == then["kimg"]:
        return then, options
    if then["lr_decay_from"] < 1:
        raise Refused(
            f"--kimg cannot be raised from {then['kimg']:g}: with --lr-decay-from learning rates are zero by then"
        )
    ema_kimg, usual = then["ema_kimg"] or usual_ema_kimg(then["kimg"]), usual_ema_kimg(options.kimg)
    if options.ema_kimg is None and ema_kimg != usual:
        if options.resume is True:
            raise Refused(
                f"--kimg {options.kimg:g} has an average with a half-life of {usual:g} kimg, and the run was begun"
                f" with {ema_kimg:g}: --ema-kimg {ema_kimg:g} goes on with that"
            )
        options = replace(options, ema_kimg=ema_kimg)
    recorded = None if options.ema_kimg is None else ema_kimg
    return then | {"kimg": options.kimg, "ema_kimg": recorded}, options


def may_differ(state: dict) -> tuple[str, ...]:
    """Options that may: where the pictures themselves are compared, the set may be called and lie otherwise."""
    return (*WATCHING, "dataset") if "data" in state else WATCHING


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
    unheld = {"holdout": 0.0} if "holdout" in names else {}  # runs that did not know of it held nothing out
    recorded = completed(unheld | state["options"], kind)
    own = {name.rstrip("_"): name for name in names}
    values = {own.get(name, name): value for name, value in recorded.items() if name not in OF_THE_RUN}
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
