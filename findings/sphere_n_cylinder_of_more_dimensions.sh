#!/usr/bin/env bash
# sphere-n 0.7 (PyPI), "uniformly distributed points on n-dimensional spheres": its own generator heaps them on the last axes.
#
# For whoever wants latents that lie evenly on a sphere, to show a generator by few of them or to compare two by the same. The
# height of an even point of a sphere is uniform on the ordinary one alone (Archimedes); in R^d its density goes with
# (1 - h^2)^((d - 3) / 2), and each axis has a share of 1 / d of the squared length. `CylindN` (`cylind_n.py`), the one generator
# of which this package has the code, draws a uniform height at each level, whatever its dimension. README and the
# module's docstring promise points evenly on the n-sphere (a method says "n-cylinder", but on the sphere they lie), with no
# word of another density. `SphereN` of lds-gen, on which the package depends and which its README imports from
# here, is even. No error, no warning.
#
# Expected: a mean square of 1 / d on each axis, as by `SphereN` and by normal numbers that are divided by their length.
# Seen:     0.333 on each of 3 axes, as it should be; 0.222 on three and 0.333 on the last of 4; of 10 axes 0.333, 0.222, 0.148 on
#           the last ones down to 0.020 on the first three (by `SphereN` 0.100 on each). A tenth of the points lies within
#           26 degrees of the last axis (by `SphereN` 0.01 %). So the first inputs of a generator hardly change from one
#           latent to the next, and the variety that is seen is that of the last few.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q sphere-n==0.7 lds-gen==0.6 numpy==2.4.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
from lds_gen.sphere_n import Sphere3, SphereN
from sphere_n.cylind_n import CylindN

BASES = [2, 3, 5, 7, 11, 13, 17, 19, 23]
MANY = 20_000
draw = np.random.default_rng(0)


def normal(dimensions: int) -> np.ndarray:
    points = draw.normal(size=(MANY, dimensions))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def shares(points: np.ndarray) -> np.ndarray:
    """The mean square of each axis; they sum up to the squared length, 1."""
    assert np.allclose(np.linalg.norm(points, axis=1), 1), "not even on the sphere"
    return (points**2).mean(0)


def near_last(points: np.ndarray) -> float:
    """How many lie near the last axis, at either end."""
    return float((np.abs(points[:, -1]) > 0.9).mean())


for dimensions in (3, 4, 10):
    bases = BASES[: dimensions - 1]
    points = {"CylindN": np.array(CylindN(bases).pop_batch(MANY)), "normal": normal(dimensions)}
    if dimensions > 3:
        points["SphereN"] = np.array((Sphere3 if dimensions == 4 else SphereN)(bases).pop_batch(MANY))
    for name, found in points.items():
        print(f"{dimensions} axes, {name}: mean squares {shares(found).round(3)}; {near_last(found):.2%} near the last axis")
        if name != "CylindN" or dimensions == 3:
            assert np.allclose(shares(found), 1 / dimensions, rtol=0.04), "not even where it is meant to be"
    if dimensions > 3:
        levels = [3.0 ** -(level + 1) * 2**level for level in range(dimensions - 3)]  # 1/3, then 1/3 of the other 2/3, and so on
        rest = [(1 - sum(levels)) / 3] * 3
        assert np.allclose(shares(points["CylindN"]), [*rest, *reversed(levels)], rtol=0.02), "no longer: a uniform height each"
        assert near_last(points["CylindN"]) > 0.095 and near_last(points["SphereN"]) < 0.06
PY
