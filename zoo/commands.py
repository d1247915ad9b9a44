"""zoo train | evaluate | report | card: what stands above this package, started by name.

Nothing of `zoo` needs train/ or cards/, so they are imported only here, once one of their commands is asked for. A
checkout has them beside zoo/, the wheel in zoo/_rooms/; whichever it is goes first on this process's path, so that a
train.py in the user's own folder does not stand in for ours, nor ours for theirs in any other process.
"""

import ast
import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo.errors import Refused

HERE = Path(__file__).parent
HELP = {
    "train": "train a model: zoo train dcgan --loss focal --dataset ./my_photos",
    "evaluate": "measure checkpoints: metrics.json beside the weights",
    "report": "put runs of your own side by side: zoo report runs/mine --out report.md",
    "card": "make checkpoints' model cards: README.md and curves.png",
}


def run(name: str, words: Sequence[str]) -> int:
    """Run a command of HELP with what followed it; its exit code. Refused where it cannot be run here."""
    rooms = next(
        (root for root in (HERE.parent, HERE / "_rooms") if (root / "train/arguments.py").is_file()), None
    )
    if rooms is None:
        raise Refused(f"'zoo {name}' is not part of this copy of the package: pip install 'gan-zoo[train]'")
    if str(rooms) not in sys.path[:1]:
        sys.path.insert(0, str(rooms))
    try:
        if name == "card":
            return importlib.import_module("cards.build").main(words, prog="zoo card")
        if name == "report":
            return importlib.import_module("cards.overview").main(words, prog="zoo report", own=True)
        if name == "train" and words and words[0] in ("-h", "--help"):
            print(_help(rooms))
            return 0
        return _run_script(*_script(words) if name == "train" else (name, words))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("train", "cards", "zoo"):
            raise
        raise Refused(f"'zoo {name}' needs {error.name}: pip install 'gan-zoo[train]'") from None


def _script(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The script of a family that the first word names, and the words for it."""
    scripts = _scripts()
    if not words or words[0] not in scripts:
        given = f", not '{words[0]}'" if words else ""
        raise Refused(f"{_families()}{given} ('zoo train --help' tells them apart)")
    return words[0], words[1:]


def _help(rooms: Path) -> str:
    """What `zoo train --help` says: the scripts, what each trains by its own first line, and where to go on."""
    lines = []
    for script in _scripts():
        source = (rooms / "train" / f"{script}.py").read_text(encoding="utf-8")
        about = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
        lines.append(f"  {script:9} {about}")
    more = "Their options: zoo train dcgan --help; for example: " + HELP["train"].partition(": ")[2]
    return "\n\n".join([f"{_families()}:", "\n".join(lines), more])


def _scripts() -> list[str]:
    from zoo.architectures import ARCHITECTURES

    return list(dict.fromkeys(row.script for row in ARCHITECTURES.values()))


def _families() -> str:
    *first, last = _scripts()
    return f"'zoo train' takes {', '.join(first)} or {last}, then options"


def _run_script(script: str, words: Sequence[str]) -> int:
    """A script of train/, which finds its words where one that was started by its path does."""
    module = importlib.import_module(f"train.{script}")
    arguments = importlib.import_module("train.arguments")
    module.__doc__ = re.sub(
        r"accelerate launch train/(\w+)\.py", lambda m: _called(m[1]), module.__doc__ or ""
    )
    stopped = {"stopped": "stopped; run it again to go on"} if script == "evaluate" else {}
    before, sys.argv = sys.argv, [_called(script), *words]
    try:
        arguments.exit_with_one_line(module.main, **stopped)
    finally:
        sys.argv = before
    return 0


def _called(script: str) -> str:
    """As it is called here, in --help and in errors."""
    return f"zoo {script}" if script in HELP else f"zoo train {script}"
