"""Make a checkpoint folder's README.md and curves.png, from the folder alone.

    python -m cards.build dcgan-focal-cifar10 runs/*
    python -m cards.build --check                      # all bundled models: is any card older than its figures?

--check compares the text, and the hashes of what it was made from, never a rendered picture.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from cards import card, figures
from cards.card import CURVES
from zoo import checkpoint, measurements, names
from zoo.config import parse_json
from zoo.errors import Refused, UnknownName, ZooError
from zoo.files import write_files
from zoo.hub.push import MADE_FROM

README = "README.md"
ROOT = Path(__file__).parents[1]  # of a checkout; in the wheel it has no pyproject.toml


def build(folder: Path) -> list[str]:
    """Write the card and, where there is a history, its curves; all of them or none. The files' names."""
    curves = figures.curves(checkpoint.read_history(folder))
    files = {CURVES: curves} if curves else {}
    files = {README: card.render(folder).encode()} | files
    write_files(folder, files)
    if not curves:  # those of a history that is gone
        (folder / CURVES).unlink(missing_ok=True)
    return list(files)


def check(folder: Path) -> str | None:
    """What has drifted, in a line; None where the card is what `build` would write now."""
    path = folder / README
    if not path.is_file():
        return f"has no {README}"
    given = path.read_text(encoding="utf-8", errors="replace")
    named = MADE_FROM.search(given)
    if named is None:
        return f"{README} was not made by cards.build"
    then, now = parse_json(named[1], str(path)), card.hashes(folder)
    changed = [name for name in now if then.get(name) != now[name]]
    if changed:
        return f"{README} is older than {' and '.join(changed)}"
    if given != card.render(folder):
        return f"{README} is not what cards.build writes now"
    if figures.panels(checkpoint.read_history(folder)) and not (folder / CURVES).is_file():
        return f"has no {CURVES}"
    return None


def main(arguments: Sequence[str] | None = None, prog: str = "cards.build") -> int:
    """The exit code is 1 where a card has drifted, 2 where something cannot be used."""
    parser = argparse.ArgumentParser(prog=prog, description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "models", nargs="*", metavar="ID_OR_FOLDER", help="default, in a checkout: all bundled models"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a card has drifted")
    options = parser.parse_args(arguments)
    drifted, failed = 0, 0
    try:
        if not (options.models or options.check or (ROOT / "pyproject.toml").is_file()):
            raise Refused("no model is named, and this is no checkout: installed models keep their cards")
        found, over = names.gathered(options.models or names.bundled())
        for name, why in over.items():
            if len(options.models) == 1 and not found:
                raise UnknownName(f"{name}: {why}")
            print(f"{prog}: {name} is passed over: {why}", file=sys.stderr)
        for folder in found:
            try:
                if not options.check:
                    written = " and ".join(build(folder))
                    rows, stale = measurements.read_metrics(folder)
                    unmeasured = (
                        f"; zoo evaluate {shlex.quote(str(folder))} adds figures" if stale or not rows else ""
                    )
                    print(f"{folder}: {written}{unmeasured}")
                elif problem := check(folder):
                    drifted += 1
                    name = folder.name if folder.parent == names.BUNDLED else folder
                    print(f"{name}: {problem}; zoo card {shlex.quote(str(name))} writes it anew")
            except ZooError as error:
                if len(found) == 1:
                    raise
                failed += 1
                print(f"{prog}: {folder} is passed over: {error}", file=sys.stderr)
    except ZooError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    return 2 if failed == len(found) else 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
