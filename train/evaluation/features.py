"""Pictures -> features that sets are compared by, and the cache of real pictures' features.

An extractor is told by its key: the hash of its weights, its resizing, its precision and what runs it. The cache is
keyed by the pictures themselves, so a folder that changed, another split or another extractor never meet old numbers.
"""

import hashlib
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from train.reading import cache
from zoo.errors import DataError, Refused

PART = 1000  # pictures in a file of the cache
HASH = hashlib.sha256().digest_size  # bytes at its end


@dataclass(frozen=True)
class Extractor:
    """`run`: uint8 (n, 3 or 1, S, S) -> float32 features (n, width). `head`: weight and bias of its classes, if any."""

    name: str  # as a row of metrics.json tells it
    key: str
    width: int
    resize: str
    precision: str
    run: Callable[[Tensor], Tensor]
    head: tuple[Tensor, Tensor] | None = None
    batch: int = 50

    def __call__(self, pictures: Tensor) -> Tensor:
        """Features on the CPU; Refused where they are not finite or of another width."""
        with torch.inference_mode():
            features = self.run(pictures).float().cpu()
        if features.shape != (len(pictures), self.width):
            raise Refused(
                f"{self.name} gave {tuple(features.shape)} instead of {(len(pictures), self.width)}"
            )
        if not features.isfinite().all():
            raise Refused(f"{self.name} gave NaN or infinity: its weights are broken")
        return features.clone()

    def logits(self, features: Tensor) -> Tensor:
        weight, bias = self.head
        return features.float() @ weight.T + bias


def of_pictures(extractor: Extractor, pictures: Tensor, *, progress: str | None = None) -> Tensor:
    """Features (n, width) of uint8 pictures (n, C, S, S); `progress` names the bar."""
    bar = tqdm(total=len(pictures), desc=progress, unit=" pictures", disable=progress is None, leave=False)
    found = torch.empty(len(pictures), extractor.width)
    for batch, rows in zip(pictures.split(extractor.batch), found.split(extractor.batch), strict=True):
        rows.copy_(extractor(batch))
        bar.update(len(batch))
    bar.close()
    return found


def of_real(
    extractor: Extractor,
    images,
    name: str,
    *,
    rank: int = 0,
    world: int = 1,
    wait: Callable[[], object] = lambda: None,
) -> Tensor:
    """Features (n, width) of a data set's `images` (n, C, S, S) uint8, from the cache as far as they are there.

    Written part by part: an interrupted computation goes on where it was, and what is damaged is made anew. Processes
    share the missing parts and `wait` for each other. `name` is for people: data set and split.
    """
    plain = re.sub(r"[^\w.-]+", "_", name)  # a split may be slices
    folder = cache.cache_root() / "features" / f"{plain}-{digest(images)}-{extractor.key}"
    try:
        cache.hold_or_start(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    starts = range(0, len(images), PART)

    def read(start: int) -> np.ndarray | None:
        return _read(folder / f"{start:08d}.npy", (min(PART, len(images) - start), extractor.width))

    parts = {start: read(start) for start in starts[rank::world]}
    missing = [start for start, part in parts.items() if part is None]
    bar = tqdm(
        total=sum(min(PART, len(images) - start) for start in missing),
        desc=f"{extractor.name} of {name}",
        unit=" pictures",
        disable=not missing or rank > 0,
    )
    try:
        if missing:
            cache.make_room(4 * extractor.width * len(images))
        for start in missing:
            part = torch.from_numpy(np.array(images[start : start + PART]))
            found = []
            for batch in part.split(extractor.batch):
                found.append(extractor(batch))
                bar.update(len(batch))
            parts[start] = torch.cat(found).numpy()
            _save(folder / f"{start:08d}.npy", parts[start])
    except Exception:
        wait()  # where the others are, or will be: they must not wait for what never comes
        raise
    bar.close()
    wait()
    parts |= {start: read(start) for start in starts if start not in parts}
    if any(part is None for part in parts.values()):
        raise DataError(f"another process failed at {extractor.name} of {name}: its own line says why")
    return torch.from_numpy(np.concatenate([parts[start] for start in starts]))


def digest(images) -> str:
    """Of the pictures themselves; those of a streamed set are decoded for it."""
    sha = hashlib.sha256(str(images.shape).encode())
    for start in range(0, len(images), PART):
        sha.update(np.ascontiguousarray(images[start : start + PART]))
    return sha.hexdigest()[:12]


def _read(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """A part; None where it is not there, or not what was written."""
    try:
        content = path.read_bytes()
        body, known = content[:-HASH], content[-HASH:]
        if hashlib.sha256(body).digest() != known:
            body = content  # of an older version, which wrote none
        with io.BytesIO(body) as file:
            part = np.load(file)
            whole = not file.read()
    except Exception:  # whatever a damaged head leads to
        return None
    return part if whole and part.shape == shape and part.dtype == np.float32 else None


def _save(path: Path, array: np.ndarray) -> None:
    """With a hash behind it: a flipped bit would be another figure, and nobody would know."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    file = io.BytesIO()
    np.save(file, array)
    file.write(hashlib.sha256(file.getvalue()).digest())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(file.getvalue())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(path.parent, error) from error


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(f"cannot write the cache {folder} ({error.strerror}): set ZOO_CACHE")


def three_channels(pictures: Tensor) -> Tensor:
    return pictures.expand(-1, 3, -1, -1)
