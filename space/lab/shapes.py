"""The toy data: points in the plane around some places, and how many of those places a generator reaches."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from space.shelf import between
from zoo.errors import Refused, unknown

SPREAD = 0.05  # of the points around their place; the places lie within ±EDGE
EDGE = 1.25  # of the square that is seen
NEAR = 3 * SPREAD  # a sample nearer than this has hit its place
SHARE = 1 / 4  # a place that gets less than this part of its fair share counts as missed
MAX_OWN = 40


class Shape(NamedTuple):
    """Places (m, 2) in the plane. `modes`: whether they are apart, so that each is a mode; else parts of curves."""

    places: Tensor
    modes: bool


def ring() -> Tensor:
    turn = torch.arange(8) * (math.tau / 8)
    return 0.85 * torch.stack([turn.cos(), turn.sin()], 1)


def grid() -> Tensor:
    line = torch.linspace(-0.9, 0.9, 5)
    return torch.cartesian_prod(line, line)


def moons() -> Tensor:
    """Two half circles, each the other's upside down and half a diameter on, in twelve parts each."""
    turn = torch.linspace(0, math.pi, 12)
    upper = torch.stack([turn.cos() - 0.5, turn.sin() - 0.25], 1)
    return 0.7 * torch.cat([upper, -upper])


SHAPES = {"ring": (ring, True), "grid": (grid, True), "moons": (moons, False)}


def shape(name: object, own: object = None) -> Shape:
    """One of SHAPES, or "own": `own` is a list of [x, y] within ±EDGE. UnknownName or Refused otherwise."""
    if name == "own":
        if not isinstance(own, Sequence) or not 1 <= len(own) <= MAX_OWN:
            raise Refused(f"put 1 to {MAX_OWN} points of your own into the plane")
        return Shape(torch.tensor([_place(point) for point in own]), True)
    if name not in SHAPES:
        raise unknown("shape", str(name)[:60], [*SHAPES, "own"])
    places, modes = SHAPES[str(name)]
    return Shape(places(), modes)


def _place(point: object) -> list[float]:
    if not isinstance(point, Sequence) or isinstance(point, str) or len(point) != 2:
        raise Refused("a point of your own is a pair of numbers")
    return [between("a point's coordinate", float(v) if type(v) is int else v, -EDGE, EDGE) for v in point]


def draw(shape: Shape, n: int, rng: Generator) -> Tensor:
    """n points of the data: (n, 2)."""
    chosen = torch.randint(len(shape.places), (n,), generator=rng)
    return shape.places[chosen] + SPREAD * torch.randn(n, 2, generator=rng)


def reached(shape: Shape, points: Tensor) -> Tensor:
    """How many of the places each of the generators reaches: points (generators, n, 2) → (generators,)."""
    distance, nearest = torch.cdist(points, shape.places.expand(len(points), -1, -1)).min(
        2
    )  # (generators, n)
    m = len(shape.places)
    hits = torch.nn.functional.one_hot(nearest, m) * (distance < NEAR)[..., None]
    return (hits.sum(1) >= SHARE * points.shape[1] / m).sum(1)
