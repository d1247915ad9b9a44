#!/usr/bin/env bash
# purepix 0.3.1 (PyPI): its perceptual hashes look at one pixel in 64 and call unlike pictures alike by them.
#
# For whoever looks for samples that are training pictures, or for pictures twice in a data set. A perceptual hash describes a
# picture made small, so that every pixel counts a little and noise averages out. `ahash`, `dhash` and `phash` (`compare.py`)
# make it small by `Image.resize` without a method, which is the nearest pixel: of 256 x 256 pixels the hash of a DCT sees
# 1,024, the others 64 and 72, and of larger pictures no more. Whoever is used to averages is not told. No error, no warning.
#
# Expected: a picture with every 64th pixel replaced by that of an unlike one is like the picture, not like the unlike one;
#           noise of a standard deviation of 60 in each pixel changes a few of 64 bits.
# Seen:     by the average and the DCT the mixed picture is the unlike one, with 0 bits of difference, and 41 and 40 bits from
#           its own; with averages of blocks before the same hashes it is 42 and 38 bits from the unlike one and 0 from its
#           own. With noise 20, 29 and 16 bits differ (with averages 2, 3 and 6): `is_similar` says no.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q purepix==0.3.1 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import math
import random

from purepix import Image, compare

SIDE, SMALL = 256, 32
STEP = SIDE // SMALL
draw = random.Random(0)
HASHES = {"average": compare.ahash, "difference": compare.dhash, "DCT": compare.phash}


def smooth() -> list[float]:
    """A grey picture of a few waves, of long ones most."""
    waves = [(draw.uniform(-3, 3), draw.uniform(-3, 3), draw.uniform(0, 7), draw.uniform(5, 25)) for _ in range(12)]
    turn = 2 * math.pi / SIDE
    return [128 + sum(size * math.sin(turn * (u * x + v * y) + phase) for u, v, phase, size in waves)
            for y in range(SIDE) for x in range(SIDE)]


def picture(greys: list[float], side: int) -> Image:
    return Image("L", (side, side), bytearray(max(0, min(255, round(grey))) for grey in greys))


def averaged(image: Image) -> Image:
    """Made small by averages of blocks: what hashes are meant to be taken of."""
    greys = [0.0] * SMALL**2
    for i, grey in enumerate(image.data):
        greys[i // SIDE // STEP * SMALL + i % SIDE // STEP] += grey / STEP**2
    return picture(greys, SMALL)


def bits(one: Image, other: Image) -> dict[str, int]:
    return {kind: compare.hamming(take(one), take(other)) for kind, take in HASHES.items()}


first, second = smooth(), smooth()
mixed = [first[i] if i % STEP == 0 and i // SIDE % STEP == 0 else grey for i, grey in enumerate(second)]
noisy = [grey + draw.gauss(0, 60) for grey in first]
first, second, mixed, noisy = (picture(greys, SIDE) for greys in (first, second, mixed, noisy))
pairs = {
    "two pictures": (first, second), "the second with every 64th pixel of the first, and the first": (mixed, first),
    "the same, and the second": (mixed, second), "the first with noise, and the first": (noisy, first),
}
found, right = {}, {}
for name, (one, other) in pairs.items():
    found[name], right[name] = bits(one, other), bits(averaged(one), averaged(other))
    print(f"{name}: bits that differ {found[name]}, of averages {right[name]}; similar: {compare.is_similar(one, other)}")
unlike, to_first, to_second, noise = pairs
assert min(right[unlike].values()) > 20 and max(*right[to_second].values(), *right[noise].values()) < 10, "not a usual hash"
for kind in ("average", "DCT"):
    assert found[to_first][kind] == 0 and found[to_second][kind] > 20, "no longer: one pixel in 64"
    assert found[noise][kind] > 2 * right[noise][kind]
assert compare.is_similar(*pairs[to_first]) and not compare.is_similar(*pairs[to_second])
assert not compare.is_similar(*pairs[noise])
PY
