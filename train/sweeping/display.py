"""What a sweep shows: a table that is drawn again and again in a terminal, elsewhere a line for each change."""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping

from train.sweeping.recipe import Planned
from train.sweeping.standing import Standing, seconds_left

ORDER = ("running", "elsewhere", "failed", "unmeasured", "stopped", "waiting", "done")


class Table:
    def __init__(self, title: str):
        self.title, self.drawn = title, 0
        self.states: dict[Planned, tuple[str, str]] | None = None

    def show(self, standings: Mapping[Planned, Standing], seconds: float | None) -> None:
        """`seconds`: until all have ended, where that is known."""
        if sys.stdout.isatty():
            width, height = shutil.get_terminal_size()
            lines = [summary(self.title, standings, seconds), *rows(standings, height - 3)]
            up = f"\x1b[{self.drawn}F" if self.drawn else ""
            sys.stdout.write(up + "\x1b[J" + "".join(f"{line[: width - 1]}\n" for line in lines))
            self.drawn = len(lines)
        else:
            self.tell_changes(standings, seconds)
        sys.stdout.flush()

    def tell_changes(self, standings: Mapping[Planned, Standing], seconds: float | None) -> None:
        states = {cell: (seen.state, seen.phase) for cell, seen in standings.items()}
        if self.states == states:
            return
        if self.states is not None or any(seen.state == "running" for seen in standings.values()):
            before = self.states or {cell: ("waiting", seen.phase) for cell, seen in standings.items()}
            for cell in states:
                if states[cell] != before[cell]:
                    print(time.strftime("%H:%M:%S"), row(cell, standings))
        print(time.strftime("%H:%M:%S"), summary(self.title, standings, seconds))
        self.states = states


def summary(title: str, standings: Mapping[Planned, Standing], seconds: float | None) -> str:
    counts = Counter(seen.state for seen in standings.values())
    text = ", ".join(f"{counts[state]} {state}" for state in reversed(ORDER) if counts[state])
    return f"{title}: {text}" + (f"; about {duration(seconds)} left" if seconds else "")


def rows(standings: Mapping[Planned, Standing], most: int) -> list[str]:
    """A line a cell, those that matter now first, and no more than fit."""
    cells = sorted(standings, key=lambda cell: ORDER.index(standings[cell].state))
    lines = [row(cell, standings) for cell in cells]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"... and {len(lines) - most + 1} more"]


def row(cell: Planned, standings: Mapping[Planned, Standing]) -> str:
    seen = standings[cell]
    width = max(len(other.name) for other in standings)
    parts = [f"{seen.state:10}  {cell.name:{width}}  {round(seen.kimg, 1):6g} of {cell.options.kimg:g} kimg"]
    if seen.phase != "training":
        parts.append(seen.phase)
    elif seen.state != "failed" and seen.pictures_per_second:
        parts.append(f"{seen.pictures_per_second:.0f} pictures/s")
    if seen.state in ("running", "elsewhere", "waiting") and (left := seconds_left(cell, standings)):
        parts.append(f"{duration(left)} left")
    return "  ".join([*parts, seen.note]).rstrip()


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
