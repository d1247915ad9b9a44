"""What people ask a model for, as tensors: latents, anchors, labels; what cannot be taken is refused in a line."""

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor

from zoo.config import Config, short
from zoo.errors import Refused, unknown
from zoo.latents import row, whole

Anchor = int | tuple[int, int] | Tensor
Labels = int | str | Iterable[int | str] | Tensor


def latents(given: Any, config: Config) -> Tensor:
    """Latents (n, latent size), float32 on the CPU, of a tensor, an array or lists; a gradient's way back is kept."""
    size = config.architecture["latent"]
    try:
        z = given if isinstance(given, Tensor) else torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        raise Refused(f"latents are a tensor (n, {size}) of floats, not {short(given)}") from None
    if z.ndim != 2 or z.shape[1] != size or not len(z):
        raise Refused(f"latents of {config.id} have shape (n, {size}), not {tuple(z.shape)}")
    if z.is_floating_point() and (z := z.cpu().float()).isfinite().all():
        return z
    raise Refused("latents must be finite floats")


def anchor(given: Any, config: Config) -> tuple[Tensor, int]:
    """An end of an interpolation as a latent (size,), and its row in the draw of its seed (0 of a latent)."""
    if isinstance(given, tuple | list) and len(given) == 2:
        seed, k = given[0], whole("a row", given[1])
        if k < 0:
            raise Refused(f"row {k} of seed {seed}: rows count from 0")
        return row(k, cast(int, config.architecture["latent"]), seed), k
    if isinstance(given, tuple | list):
        return latents([given], config)[0], 0
    if ndim := getattr(given, "ndim", 0):
        return latents(given[None] if ndim == 1 else given, config)[0], 0
    return row(0, cast(int, config.architecture["latent"]), given), 0


def one_for_all(labels: Labels | None) -> bool:
    """Whether `labels` are a single one."""
    return isinstance(labels, str) or not isinstance(labels, Iterable) or getattr(labels, "ndim", 1) == 0


def labels(given: Labels | None, n: int, config: Config, first: int = 0) -> Tensor | None:
    """Labels (n,) int64 in range of the pictures from the `first` on; None for a model without classes."""
    classes = cast(int, config.architecture.get("classes", 0))
    if not classes:
        if given is not None:
            raise Refused(f"{config.id} knows no classes: leave labels out")
        return None
    if given is None:
        return torch.arange(first, first + n) % classes
    if isinstance(given, bytes | bytearray | Mapping | Set):
        kind = type(given).__name__
        raise Refused(f"labels are one name or number, or a list of them in order, not a {kind}")
    if one_for_all(given):
        return torch.full((n,), _label(given, classes, config))
    numbers = [_label(label, classes, config) for label in cast("Iterable[int | str]", given)]
    if len(numbers) != n:
        raise Refused(f"{len(numbers)} labels for {n} pictures: give one for all or one each")
    return torch.tensor(numbers)


def _label(label: Any, classes: int, config: Config) -> int:
    names = config.dataset.labels
    if isinstance(label, str):
        if label in names:
            return names.index(label)
        if not re.fullmatch(r"-?[0-9]{1,9}", label):
            raise unknown("class", label, names)
        label = int(label)
    number = whole("a label, if it is no class's name,", label)
    if not 0 <= number < classes:
        raise Refused(f"label {number} is out of range: the classes of {config.id} are 0 to {classes - 1}")
    return number


def check_map(picture: Any) -> None:
    """Refused unless it is a map: a PIL picture, or a float tensor (1 or 3, H, W) or (n, 1 or 3, H, W)."""
    if isinstance(picture, Image.Image):
        if 0 in picture.size:
            raise Refused(f"a map of {picture.width}x{picture.height} pixels has nothing to translate")
        return
    if not isinstance(picture, Tensor):
        raise Refused(f"a map is a PIL picture, by Image.open, or a tensor, no {type(picture).__name__}")
    shaped = picture.ndim in (3, 4) and picture.shape[-3] in (1, 3) and picture.numel()
    if not (shaped and picture.is_floating_point()):
        given = f"{tuple(picture.shape)} of {picture.dtype}"
        raise Refused(f"a map is a float tensor (3, H, W) or (n, 3, H, W) in [-1, 1], not {given}")
    if not picture.isfinite().all():
        raise Refused("a map is a tensor of finite numbers in [-1, 1]")
