"""The curves of trainings, finished and running, and their samples along the way: what the tab Curves is given.

A history is read again only where its file has changed, so that many may look at a training that runs.
"""

import contextlib
import functools
import io
import math
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

from cards import runs
from space.shelf import Shelf
from space.studio import address
from zoo import checkpoint, measurements
from zoo.checkpoint import CONFIG, HISTORY, METRICS
from zoo.config import parse_json
from zoo.errors import ZooError, unknown
from zoo.measurements import Info

SNAPSHOTS, PROGRESS = "state/snapshots", "progress.webp"  # of a run's folder
COLUMNS = ("d_loss", "g_loss", "penalty", "grad_norm_d", "grad_norm_g", "d_accuracy", "score_gap_sd", "l1")
STILL = 60.0  # seconds, at least, after which a training that writes no line is not running any more
LAST = 3  # how often write_progress shows the last frame more
KEPT = 256  # answers, of each kind
QUALITY = 80  # of the sheet of samples, which is cut from lossy files already


class Histories:
    """Those of a shelf's models, and of every run in its places that has written a line."""

    def __init__(self, shelf: Shelf):
        self.shelf = shelf
        self._lock = threading.Lock()  # one reads and packs at a time
        self._read = functools.lru_cache(KEPT)(_read)
        self._held = functools.lru_cache(KEPT)(self._held_by)
        self._packed = functools.lru_cache(KEPT)(_packed)

    def warm_up(self) -> None:
        """Reads and packs all models' in the background, so that the first visitor need not wait for it."""

        def work() -> None:
            for key in self.shelf.ids():
                with contextlib.suppress(ZooError, OSError):
                    self.curves(key)
                    self.progress(key)
                time.sleep(0.01)  # whoever waits goes first

        threading.Thread(target=work, daemon=True).start()

    # ---- which there are

    def folders(self) -> dict[str, Path]:
        """{id: folder}: the models, then the runs that are none yet, by their folders' names."""
        found = {key: folder for key in self.shelf.ids() if (folder := self.shelf.folder(key))}
        taken = {folder.resolve() for folder in found.values()}
        for place in self.shelf.places:
            for path in sorted(place.glob(f"*/{HISTORY}")):
                if path.parent.resolve() not in taken:
                    name = path.parent.name
                    found[name if name not in found else str(path.parent)] = path.parent
        return found

    def runs(self) -> list[dict]:
        """What can be drawn: {id, load, family, loss, data, kimg of the budget or None, rev, running}.

        `rev` changes when there is more to see.
        """
        found = []
        for key, folder in self.folders().items():
            if not (folder / HISTORY).is_file():
                continue
            about = self._about(key, folder)
            found.append({"id": key, **about, "rev": _rev(folder), "running": self._running(folder)})
        return found

    def _about(self, key: str, folder: Path) -> dict[str, Any]:
        of = dict.fromkeys(("load", "family", "loss", "data", "kimg"))
        try:
            config = self.shelf.config(key) if key in self.shelf.ids() else checkpoint.read(folder)
        except ZooError:  # no snapshot yet: known by the folder's name, if that is the usual one
            run = runs.failed("", folder.name, "")
            return of | ({"family": run.architecture, "loss": run.loss, "data": run.dataset} if run else {})
        return of | {
            "load": self.shelf.name(key) if key in self.shelf.ids() else str(folder),
            "family": config.architecture["name"],
            "loss": config.loss["name"],
            "data": config.dataset.name,
            "kimg": (config.options or {}).get("kimg") or config.training.kimg,
        }

    def _running(self, folder: Path) -> bool:
        """Whether lines still come: no longer ago than five of them take."""
        if folder.parent not in self.shelf.places:
            return False
        try:
            seconds = [_number(line.get("seconds")) or 0.0 for line in self._lines(folder)[-2:]]
        except ZooError:  # a damaged history, which its curves tell of
            return False
        patience = max(STILL, 5 * (seconds[-1] - seconds[0])) if seconds else STILL
        return time.time() - (folder / HISTORY).stat().st_mtime < patience

    # ---- what they hold

    def curves(self, key: str) -> dict:
        """{rev, kimg, g_steps, columns: {name: values, None where not finite}, said: {who: swing, settled, state}}."""
        folder = self._folder(key)
        metrics = folder / METRICS
        return self._held(folder, _rev(folder), metrics.stat().st_mtime_ns if metrics.is_file() else 0)

    def _held_by(self, folder: Path, rev: str, *_of_the_figures: int) -> dict:
        lines = self._lines(folder)
        columns = {name: _column(lines, name) for name in COLUMNS}
        gap = zip(_column(lines, "d_real"), _column(lines, "d_fake"), strict=True)
        columns["gap"] = [None if real is None or fake is None else real - fake for real, fake in gap]
        drawn = {name: x for name, x in columns.items() if any(value is not None for value in x)}
        if not any(drawn.get("penalty", ())):
            drawn.pop("penalty", None)
        return {
            "rev": rev,
            "kimg": _column(lines, "kimg"),
            "g_steps": _column(lines, "g_steps"),
            "columns": drawn,
            "said": said(measurements.info(folder), len(lines)) if (folder / CONFIG).is_file() else {},
        }

    def progress(self, key: str) -> dict | None:
        """{sheet: its address, frames one below the other; kimg of each; width, height of one}; None: no samples."""
        folder = self._folder(key)
        taken = sorted((folder / SNAPSHOTS).glob("*/samples.png"))
        sources = tuple(taken) or tuple(path for path in [folder / PROGRESS] if path.is_file())
        if not sources:
            return None
        with self._lock:
            sheet, frames, width, height = self._packed(sources, sources[-1].stat().st_mtime_ns)
        lines = self._lines(folder)
        kimg = moments(lines, frames, [int(path.parent.name) for path in taken], self._snapshot_kimg(folder))
        return {"sheet": sheet, "kimg": kimg, "width": width, "height": height, "rev": frames}

    def _folder(self, key: str) -> Path:
        if key in self.shelf.ids() and (folder := self.shelf.folder(key)):
            return folder
        folders = self.folders()
        if key not in folders:
            raise unknown("training", key[:60], folders)
        return folders[key]

    def _lines(self, folder: Path) -> list[dict]:
        path = folder / HISTORY
        if not path.is_file():
            return []
        with self._lock:
            return self._read(path, path.stat().st_mtime_ns, path.stat().st_size)

    def _snapshot_kimg(self, folder: Path) -> float | None:
        if not (folder / CONFIG).is_file():
            return None
        config = checkpoint.read(folder)
        options = config.options or {}
        return options.get("snapshot_kimg") or (options.get("kimg") or config.training.kimg) / 10


def said(info: Info, lines: int) -> dict[str, dict]:
    """What is computed of the critic's ("d") and the generator's ("g") curves; of other lines than these, nothing."""
    found = {}
    for who in "dg":
        swing, settled = (
            measurements.counting(info.metrics.rows, f"{name}_{who}") for name in ("swing", "settled_kimg")
        )
        if info.metrics.stale or not swing or not settled or swing.get("lines", lines) != lines:
            continue
        state = next((word for word in ("saturated", "dead") if swing.get(word)), None)
        found[who] = {"swing": swing["value"], "settled": settled["value"], "state": state}
    return found


def moments(lines: list[dict], frames: int, steps: list[int], every: float | None) -> list[float]:
    """The kimg at which each of `frames` was drawn: at the generator steps `steps` if these are known.

    Else at each line that ends an interval of `every` kimg, and the last, as train/ does it; or, where that makes
    another number, evenly over the history.
    """
    kimg = [line["kimg"] for line in lines] or [0.0]
    if len(steps) == frames:
        at = {_number(line.get("g_steps")): line["kimg"] for line in lines}
        per_step = kimg[-1] / max(1, _number(lines[-1].get("g_steps")) or 1) if lines else 0.0
        return [at.get(step, step * per_step) for step in steps]
    interval = max(1, round(every / kimg[0])) if every and kimg[0] else 1
    ends = [i for i in range(len(kimg)) if (i + 1) % interval == 0 or i == len(kimg) - 1]
    if len(ends) == frames:
        return [kimg[i] for i in ends]
    return [kimg[-1] * (i + 1) / frames for i in range(frames)]


def _read(path: Path, *_of_the_file: int) -> list[dict]:
    """Its whole lines; the last may be on its way."""
    whole = checkpoint.read_text(path).rpartition("\n")[0].splitlines()
    lines = [parse_json(line, str(path)) for line in whole]
    return [line for line in lines if isinstance(line, dict) and _number(line.get("kimg")) is not None]


def _rev(folder: Path) -> str:
    path = folder / HISTORY
    return f"{path.stat().st_mtime_ns}.{path.stat().st_size}" if path.is_file() else ""


def _column(lines: Iterable[dict], name: str) -> list[float | None]:
    values = (line.get(name) for line in lines)
    return [_number(x) for x in values]


def _number(x: object) -> float | None:
    return x if type(x) in (int, float) and math.isfinite(x) else None


def _packed(sources: tuple[Path, ...], _changed: int) -> tuple[str, int, int, int]:
    """One lossy WebP of all frames, one below the other; their number, width and height."""
    frames = []
    for path in sources:
        with Image.open(path) as picture:
            if path.name == PROGRESS:
                frames += _of_film(picture)
            else:  # as write_progress cuts it
                size = picture.width, picture.height
                frames.append(picture.convert("RGB").crop((0, size[1] // 2, *size)))
    width, height = frames[0].size
    sheet = Image.new("RGB", (width, height * len(frames)))
    for i, frame in enumerate(frames):
        sheet.paste(frame, (0, i * height))
    file = io.BytesIO()
    sheet.save(file, "WEBP", quality=QUALITY, method=0)
    return address(file.getvalue()), len(frames), width, height


def _of_film(film: Image.Image) -> list[Image.Image]:
    """Each snapshot's frame. Frames that are alike were stored as one that is seen for longer."""
    found, seconds = [], []
    for frame in ImageSequence.Iterator(film):
        found.append(frame.convert("RGB"))
        seconds.append(frame.info.get("duration", 0))
    usual = min(seconds) or 1
    shown = [frame for frame, long in zip(found, seconds, strict=True) for _ in range(round(long / usual))]
    return shown[:-LAST] if len(shown) > LAST else found
