"""A frame as a page gets it: the head's length (four bytes, little end first), the head (JSON), then bytes by loss.

Of each loss in turn, in the head's order: points (x, y: 0 to 255 over the square), scores (0 to 255 from the least to
the most, which the head has), arrows (x, y: -127 to 127, of the longest).
"""

import json
import math

import torch
from torch import Tensor

from space.lab.shapes import EDGE
from space.lab.training import Frame, Training

QUANTILES = (0.1, 0.5, 0.9)


def packed(training: Training) -> bytes:
    frames = training.frames()
    head = {
        "steps": training.steps,
        "places": [[_short(value) for value in place] for place in training.setting.shape.places],
        "losses": {name: _head(frame) for name, frame in frames.items()},
    }
    text = json.dumps(head, allow_nan=False, separators=(",", ":")).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, *map(_body, frames.values())])


def _head(frame: Frame) -> dict:
    """`lost`: numbers have grown out of all bounds."""
    lost = not all(bool(torch.isfinite(part).all()) for part in (frame.points, frame.field, frame.arrows))
    return {
        "lost": lost,
        "reached": frame.reached,
        "pull": _short(frame.pull),
        "field": [_short(frame.field.min()), _short(frame.field.max())],
        "arrow": _short(frame.arrows.norm(dim=-1).max()),
        "fake": _quantiles(frame.fake),
        "real": _quantiles(frame.real),
    }


def _quantiles(scores: Tensor) -> list[float]:
    return [_short(value) for value in torch.quantile(scores.nan_to_num(), torch.tensor(QUANTILES))]


def _short(value: float | Tensor) -> float:
    """Four digits that count; JSON has no word for what is not finite."""
    value = float(value)
    return float(f"{value:.4g}") if math.isfinite(value) else 0.0


def _body(frame: Frame) -> bytes:
    low, high = frame.field.min(), frame.field.max()
    longest = frame.arrows.norm(dim=-1).max()
    points = (frame.points / (2 * EDGE) + 0.5) * 255
    field = (frame.field - low) / (high - low).clamp(min=1e-12) * 255
    arrows = frame.arrows / longest.clamp(min=1e-30) * 127
    unsigned = [_bytes(values, 0, 255, torch.uint8) for values in (points, field)]
    return b"".join([*unsigned, _bytes(arrows, -127, 127, torch.int8)])


def _bytes(values: Tensor, low: int, high: int, kind: torch.dtype) -> bytes:
    return values.nan_to_num().round().clamp(low, high).to(kind).numpy().tobytes()
