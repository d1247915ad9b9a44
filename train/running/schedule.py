"""How long a run is, and when it logs and saves."""

import math
from dataclasses import dataclass

from train.running.cell import Cell
from zoo.errors import Refused

MOST_LINES = 100_000  # of a history: checkpoint.LARGEST bounds what is read back


@dataclass(frozen=True)
class Schedule:
    """The budget and the intervals of it, in generator steps."""

    total: int
    log_every: int
    snapshot_every: int  # a multiple of log_every: no interval is cut in two

    def is_due(self, done: int) -> bool:
        """Whether there is a snapshot after so many steps."""
        return done % self.snapshot_every == 0 or done == self.total

    @classmethod
    def of(cls, cell: Cell) -> "Schedule":
        options, steps_a_kimg = cell.options, 1000 / cell.pictures_per_step
        between_snapshots = options.snapshot_kimg or options.kimg / 10
        between_logs = min(options.log_kimg or options.kimg / 160, between_snapshots)
        log_every = max(1, round(between_logs * steps_a_kimg))
        if (lines := options.kimg * steps_a_kimg / log_every) > MOST_LINES:
            raise Refused(
                f"an interval of {between_logs:g} kimg would log {lines:,.0f} times, and a history has"
                f" {MOST_LINES:,} lines at most"
            )
        logs_a_snapshot = round(between_snapshots * steps_a_kimg / log_every)
        steps = math.ceil(
            round(options.kimg * 1000, 6) / cell.pictures_per_step
        )  # 30 kimg are 30,000 pictures
        return cls(steps, log_every, log_every * max(1, logs_a_snapshot))
