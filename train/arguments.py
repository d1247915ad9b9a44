"""Options: how they look in --help, are parsed and, of a file, checked; and how a script ends."""

import os
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import tyro

from zoo.errors import Refused, ZooError

SAID_BY_ANOTHER = 5.0  # seconds in which it is


def automatic(metavar: str, default: str, name: str | None = None):
    """For Annotated[X | None, …] = None: an option that, left out, is decided by `default`; `name`: of the option."""
    return tyro.conf.arg(name=name, metavar=metavar, help_behavior_hint=f"(default: {default})")


def listed(names: Iterable[str], more: str = ""):
    """For Annotated[str, …]: an option that takes one of the `names`, with a remark behind them."""
    *first, last = names
    return tyro.conf.arg(help=f"{', '.join(first)} or {last}{more}")


def told(values: Mapping[str, float]) -> str:
    """ "5 for wgan and wgan-gp, else 1": the commonest value comes last."""
    usual = Counter(values.values()).most_common(1)[0][0]
    names: dict[float, list[str]] = {}
    for name, value in values.items():
        if value != usual:
            names.setdefault(value, []).append(name)
    parts = [f"{value:g} for {' and '.join(of)}" for value, of in names.items()]
    return ", ".join([*parts, f"{'else ' if parts else ''}{usual:g}"])


# For a `bool | Path`: an option that is given alone (True) or with a folder.
FLAG_OR_FOLDER = tyro.constructors.PrimitiveConstructorSpec(
    nargs=(0, 1),
    metavar="[DIR]",
    instance_from_str=lambda words: Path(words[0]) if words else True,
    is_instance=lambda value: isinstance(value, bool | Path),
    str_from_instance=lambda value: [] if isinstance(value, bool) else [str(value)],
)


def parse(kind: type, description: str, **given):
    """The options of a script from its command line; what it leaves out is as in `default`, if that is given."""
    return tyro.cli(kind, description=description, **given)


def must_fit(name: str, hint: Any, value: Any) -> None:
    """Refused where a value of TOML is not of the annotated type of the option `name`."""
    if not fits(hint, value):
        kind = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
        raise Refused(f"{name} must be {kind.replace('typing.', '')}, not {value!r}")


def fits(hint: Any, value: Any) -> bool:
    """Whether a value of TOML is of the annotated type; a list stands for a tuple, a whole number for a float."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(one, value) for one in arguments)
    if origin is Literal:
        return value in arguments
    if origin in (tuple, list):
        right_length = origin is list or arguments[-1] is Ellipsis or len(value) == len(arguments)
        return isinstance(value, list) and right_length and all(fits(arguments[0], item) for item in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint


def exit_with_one_line(
    main: Callable[[], None], stopped: str = "stopped; --resume goes on from the last snapshot"
) -> None:
    """Runs a script; an error made for people to read ends it with one line and exit code 2, not a traceback.

    Ctrl-C ends it with a line too, and with 130, by which a sweep tells it from a failure.
    """
    code = 2
    try:
        main()
        sys.stdout.flush()
        return
    except BrokenPipeError:  # of `sweep.py … --print-commands | head`
        sys.stdout = None  # what is left of it can no longer be written, at the end neither
        sys.exit(0)
    except ZooError as error:
        message = str(error)
        if int(os.environ.get("RANK") or 0):  # the first process says the same, and its end ends this one
            time.sleep(SAID_BY_ANOTHER)
    except KeyboardInterrupt as stop:
        message, code = str(stop) or stopped, 128 + signal.SIGINT
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(code)
