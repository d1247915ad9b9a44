"""The trainings of all pages that are open: one a page, one at a time, gone with its page or when it rests too long.

Nothing is trained but while a page asks for a frame: one that asks no more costs memory alone, and not for long.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from space.lab.training import Setting, Training
from space.limits import MAX_TOY_STEPS, MAX_TRAININGS
from space.studio import Busy, Turns
from zoo.errors import Refused

TICK = 0.08  # seconds of training a frame, at most by one step more
REST = 120.0  # seconds without a frame, after which a training is let go
NAME = re.compile(r"[0-9a-f]{16,64}")  # a page's name for itself, drawn at random


class Gone(Exception):
    """There is no such training, or no longer."""


@dataclass
class _Held:
    training: Training
    asked: float
    ended: bool = False


class Trainings(Turns):
    def __init__(self, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self._held: dict[str, _Held] = {}
        self._clock = clock

    def __len__(self) -> int:
        return len(self._held)

    def start(self, page: object, setting: Setting, show: Callable[[Training], bytes]) -> bytes:
        """What `show` makes of a new one, in the place of the page's last. Busy where MAX_TRAININGS are held."""
        if not isinstance(page, str) or not NAME.fullmatch(page):
            raise Refused("a page's name is 16 to 64 hexadecimal digits")
        with self.turn():
            self.end(page)
            self._let_go()
            if len(self._held) >= MAX_TRAININGS:
                raise Busy
            held = self._held[page] = _Held(Training(setting), self._clock())
            return show(held.training)

    def tick(self, page: object, steps: int, show: Callable[[Training], bytes]) -> bytes:
        """`steps` more, or as many as TICK has time for, none past MAX_TOY_STEPS. Gone where there is no training."""
        with self.turn():
            self._let_go()
            held = self._held.get(str(page))
            if held is None:
                raise Gone
            held.asked = began = self._clock()
            training = held.training
            for _ in range(min(steps, MAX_TOY_STEPS - training.steps)):
                training.run(1)
                if held.ended or self._clock() - began > TICK:
                    break
            return show(training)

    def end(self, page: object) -> None:
        """Also in the middle of a tick."""
        held = self._held.pop(str(page), None)
        if held is not None:
            held.ended = True

    def _let_go(self) -> None:
        now = self._clock()
        for page in [page for page, held in self._held.items() if now - held.asked > REST]:
            self.end(page)
