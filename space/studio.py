"""Where the page's pictures come from: one sheet a checkpoint, validated, drawn one at a time, remembered.

A custom piece's server functions pass by Gradio's queue, so the bounds of what may be asked and of how many may wait
are kept here.
"""

import base64
import contextlib
import functools
import io
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from PIL import Image

from space.gate import visitor_left
from space.limits import (
    COLUMNS,
    FPS,
    MAX_CLASSES,
    MAX_FILMS,
    MAX_LATENT,
    MAX_PICTURES,
    MAX_SEED,
    MAX_STEPS,
    MAX_WAITING,
    MIN_STEPS,
    MIN_TRUNCATION,
    NO_TRUNCATION,
)
from space.shelf import Shelf, between, whole
from zoo import pictures
from zoo.errors import CheckpointError, HubError, Refused, UnknownName, ZooError, unknown

PATHS = ("slerp", "lerp")
REMEMBERED = 400  # sheets, of about 100 kB
FILMS = 8  # that are remembered, of up to 10 MB
FILM_SIDE = 192  # pixels of a picture of an animation


class Busy(Exception):
    """As many wait already as may; how many more would come is not known."""


class Left(Exception):
    """Whoever asked has closed the page."""


class Turns:
    """Whoever runs a model waits for a turn."""

    def __init__(self, most: int | None = None) -> None:
        """`most` may be inside or wait; None: MAX_WAITING."""
        self._lock = threading.Lock()
        self._most, self._waiting = most, 0

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One at a time; Busy where too many wait already, Left where the visitor did not wait."""
        if self._waiting >= (MAX_WAITING if self._most is None else self._most):
            raise Busy
        self._waiting += 1
        try:
            with self._lock:
                if visitor_left():
                    raise Left
                yield
        finally:
            self._waiting -= 1


class Studio(Turns):
    """Draws for the page, one request at a time; the same one twice is drawn once."""

    def __init__(self, shelf: Shelf):
        super().__init__()
        self.shelf = shelf
        self._sheet = functools.lru_cache(REMEMBERED)(self._draw_sheet)
        self._walk = functools.lru_cache(REMEMBERED)(self._draw_walk)
        self._filming, self._films = threading.Lock(), 0
        self._film = functools.lru_cache(FILMS)(self._draw_film)

    def warm_up(self, seed: int) -> None:
        """Draws every model's first sheet in the background, so that the first visitor need not wait for it."""

        def draw() -> None:
            for key in self.shelf.ids("noise"):
                with contextlib.suppress(ZooError, Busy), self.turn():
                    self.sheet(key, seed, COLUMNS * COLUMNS, None, None)
                time.sleep(0.01)  # whoever waits goes first

        threading.Thread(target=draw, daemon=True).start()

    # ---- what may be asked

    def sheet(
        self, key: str, seed: Any, n: Any, truncation: Any, label: Any, columns: int = COLUMNS
    ) -> bytes:
        """Lossless WebP of `n` pictures, `columns` in a row. `label`: None, "rows" (each class a row), a class.

        A model without classes takes no notice of `label`.
        """
        seed = whole("the seed", seed, 0, MAX_SEED)
        if truncation is not None:
            truncation = between("the truncation", truncation, MIN_TRUNCATION, NO_TRUNCATION)
        classes = self._classes(key)
        n = whole("the number of pictures", n, 1, COLUMNS * MAX_CLASSES if label == "rows" else MAX_PICTURES)
        if not classes:
            label = None
        elif label is not None and label != "rows":
            label = whole("the class", label, 0, classes - 1)
        return self._sheet(key, seed, n, truncation, label, columns)

    def walk(self, key: str, anchors: Any, labels: Any, steps: Any, path: Any) -> bytes:
        """Lossless WebP of a row of `steps` pictures between two (seed, latent) pairs, or of a plane between four.

        `labels`, one an anchor, are of a conditional model; others take no notice of them.
        """
        return self._walk(*self._checked_walk(key, anchors, labels, steps, path))

    def film(self, keys: Any, anchors: Any, labels: Any, steps: Any, path: Any) -> bytes:
        """Animated WebP, there and back: the models side by side."""
        keys = self.shelf.chosen(keys)
        if not keys:
            raise Refused("choose a model")
        walks = tuple(self._checked_walk(key, anchors, labels, steps, path) for key in keys)
        if self._films >= MAX_FILMS:
            raise Busy
        self._films += 1
        try:
            with self._filming:  # not the turn of all: each model's frames take one, and the film itself none
                return self._film(walks)
        finally:
            self._films -= 1

    def _draw_film(self, walks: tuple) -> bytes:
        rows = []
        for walk in walks:
            with self.turn():
                rows.append(self._frames(*walk))
        if visitor_left():
            raise Left
        frames = [_abreast([pictures.to_pil(row[i]) for row in rows]) for i in range(len(rows[0]))]
        return pictures.animation([*frames, *frames[-2:0:-1]], fps=FPS)

    def _checked_walk(self, key: str, anchors: Any, labels: Any, steps: Any, path: Any) -> tuple:
        classes = self._classes(key)
        if not isinstance(anchors, list | tuple) or len(anchors) not in (2, 4):
            raise Refused("give two anchors for a line, or four for a plane")
        pairs = []
        for anchor in anchors:
            if not isinstance(anchor, list | tuple) or len(anchor) != 2:
                raise Refused("an anchor is a seed and the number of a latent")
            seed = whole("a seed", anchor[0], 0, MAX_SEED)
            pairs.append((seed, whole("a latent's number", anchor[1], 0, MAX_LATENT)))
        most = MAX_STEPS if len(pairs) == 2 else COLUMNS
        steps = whole("steps", steps, MIN_STEPS, most)
        if path not in PATHS:
            raise unknown("path", str(path)[:60], PATHS)
        if not classes or labels is None:
            labels = None
        elif not isinstance(labels, list | tuple) or len(labels) != len(pairs):
            raise Refused("give a class for each anchor, or none")
        else:
            labels = tuple(whole("the class", label, 0, classes - 1) for label in labels)
        return key, tuple(pairs), labels, steps, path

    def _classes(self, key: str) -> int:
        return self.shelf.config(str(key)).architecture.get("classes", 0)

    # ---- drawing

    def _draw_sheet(
        self, key: str, seed: int, n: int, truncation: float | None, label: int | str | None, columns: int
    ) -> bytes:
        labels = [i // columns for i in range(n)] if label == "rows" else label
        drawn = self.shelf.model(key).sample(n, seed=seed, truncation=truncation, labels=labels)
        return packed(pictures.grid(drawn, columns))

    def _draw_walk(self, key: str, pairs: tuple, labels: tuple | None, steps: int, path: str) -> bytes:
        return packed(pictures.grid(self._frames(key, pairs, labels, steps, path), steps))

    def _frames(self, key: str, pairs: tuple, labels: tuple | None, steps: int, path: str) -> torch.Tensor:
        return self.shelf.model(key).interpolate(*pairs, steps=steps, mode=path, labels=labels)


def each(keys: Iterable[str], draw: Callable[[str], Any]) -> dict:
    """{sheets: {id: what `draw` makes}, errors: {id: why there is none}}: a damaged model takes no other with it."""
    sheets, errors = {}, {}
    for key in keys:
        try:
            sheets[key] = draw(key)
        except (CheckpointError, HubError, UnknownName) as error:
            errors[key] = str(error)
    return {"sheets": sheets} | ({"errors": errors} if errors else {})


def packed(picture: Image.Image) -> bytes:
    """Lossless WebP: a fifth of the time of PNG, and smaller."""
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=True, quality=0, method=0)
    return file.getvalue()


def address(content: bytes) -> str:
    """A WebP as a data address."""
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"


def _abreast(row: list[Image.Image]) -> Image.Image:
    """Pictures side by side, each enlarged by a whole number towards FILM_SIDE."""
    scale = max(1, FILM_SIDE // row[0].width)
    side = scale * row[0].width
    whole_row = Image.new("RGB", (side * len(row), side))
    for i, picture in enumerate(row):
        whole_row.paste(picture.resize((side, side), Image.Resampling.NEAREST), (i * side, 0))
    return whole_row


def own_turns(asked: dict) -> contextlib.AbstractContextManager:
    """For `answered`, of what takes turns itself."""
    return contextlib.nullcontext()


def answered(
    studio: Studio,
    draw: Callable[[dict], dict],
    *,
    before: Callable[[dict], None] = lambda asked: None,
    turn: Callable[[dict], contextlib.AbstractContextManager] | None = None,
) -> Callable[[dict], dict]:
    """A server function for a custom piece: takes and gives one object; what goes wrong is said in it.

    `before` is done out of turn, as it may take long and needs no model; `turn` stands in
    for the studio's, for what needs no model or takes turns itself.
    """

    @functools.wraps(draw)
    def answer(asked):
        if not isinstance(asked, dict):
            return {"error": "ask with an object"}
        try:
            before(asked)
            with turn(asked) if turn else studio.turn():
                return draw(asked)
        except ZooError as error:
            return {"error": str(error)}
        except Busy:
            return {"busy": True}
        except Left:
            return {}

    return answer
