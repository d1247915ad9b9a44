"""Pictures -> features that sets are compared by, and the cache of real pictures' features.

An extractor is told by its key: the hash of its weights, its resizing, its precision and what runs it. The cache is
keyed by the pictures themselves, so a folder that changed, another split or another extractor never meet old numbers.
"""

import hashlib
import os
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

    Written part by part: an interrupted computation goes on where it was. Processes share the missing parts and
    `wait` for each other. `name` is for people: data set and split.
    """
    folder = cache.cache_root() / "features" / f"{name}-{digest(images)}-{extractor.key}"
    try:
        cache.hold_or_start(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    starts = range(0, len(images), PART)
    missing = [start for start in starts[rank::world] if not (folder / f"{start:08d}.npy").is_file()]
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
            _save(folder / f"{start:08d}.npy", torch.cat(found).numpy())
    except Exception:
        wait()  # where the others are, or will be: they must not wait for what never comes
        raise
    bar.close()
    wait()
    try:
        features = torch.from_numpy(
            np.concatenate([np.load(folder / f"{start:08d}.npy") for start in starts])
        )
    except FileNotFoundError:
        raise DataError(
            f"another process failed at {extractor.name} of {name}: its own line says why"
        ) from None
    except (ValueError, EOFError):
        features = torch.empty(0)
    if features.shape != (len(images), extractor.width):
        raise DataError(f"the cache {folder} is damaged: delete it")
    return features


def digest(images) -> str:
    """Of the pictures themselves; those of a streamed set are decoded for it."""
    sha = hashlib.sha256(str(images.shape).encode())
    for start in range(0, len(images), PART):
        sha.update(np.ascontiguousarray(images[start : start + PART]))
    return sha.hexdigest()[:12]


def _save(path: Path, array: np.ndarray) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.save(file, array)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(path.parent, error) from error


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(f"cannot write the cache {folder} ({error.strerror}): set ZOO_CACHE")


def three_channels(pictures: Tensor) -> Tensor:
    return pictures.expand(-1, 3, -1, -1)
