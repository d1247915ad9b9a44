#!/usr/bin/env bash
# effectsize 1.0.0 (PyPI): a class that one of two generators never draws is compared with another class.
#
# For whoever says in one number how far the classes of two generators' samples differ, as after a mode collapse. For a
# categorical variable the standardised difference is a Mahalanobis distance between the two vectors of shares.
# `compute_categorical` (`functions.py`) counts each group by itself (`value_counts`, or with weights a `groupby` cut in
# halves), so that a class without a sample is no 0 but left out, and shares are compared by position. No error, no warning.
#
# Expected: the distance of the shares, class by class; the same with weights of 1.
# Seen:     0, 1, 2 by one and 2, 3, 4 by the other: 0.08 instead of 2.7. Two generators without a class in common: 0.00, though
#           no two samples agree. With weights, and one class of five missing: 0.10 instead of 0.66, since the halves mix
#           the groups. Where each draws all classes, all is right.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
{ "$place/env/bin/pip" install -q numpy==1.26.4 scipy==1.11.4 pandas==1.5.3 statsmodels==0.14.0 &&
    "$place/env/bin/pip" install -q --no-deps effectsize==1.0.0; } 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import effectsize
import numpy as np
import pandas as pd

MANY = 600
random = np.random.default_rng(0)


def draw(shares: list[float]) -> np.ndarray:
    return random.choice(len(shares), MANY, p=shares)


def right(one: np.ndarray, other: np.ndarray) -> float:
    count = max(one.max(), other.max()) + 1
    shares = [np.bincount(group, minlength=count) / MANY for group in (one, other)]
    spread = sum(np.diag(each) - np.outer(each, each) for each in shares) / 2
    apart = shares[1] - shares[0]
    return float(np.sqrt(apart @ np.linalg.pinv(spread, rcond=1e-9) @ apart))


def seen(one: np.ndarray, other: np.ndarray, weights: str | None = None) -> float:
    table = pd.DataFrame({"generator": np.repeat([0, 1], MANY), "class": np.concatenate([one, other]), "weight": 1.0})
    return float(effectsize.compute(table, "generator", categorical=["class"], decimals=4, weights=weights).iloc[0, 0])


some = draw([0.1, 0.2, 0.3, 0.2, 0.2]), draw([0.3, 0.2, 0.1, 0.2, 0.2])
print(f"all classes by both: {seen(*some):.4f}, with weights {seen(*some, 'weight'):.4f}, right {right(*some):.4f}")
assert abs(seen(*some) - right(*some)) < 1e-3 and abs(seen(*some, "weight") - right(*some)) < 1e-3

three = draw([0.4, 0.3, 0.3, 0, 0]), draw([0, 0, 0.4, 0.3, 0.3])
print(f"0, 1, 2 and 2, 3, 4: {seen(*three):.2f}, with weights {seen(*three, 'weight'):.2f}, right {right(*three):.2f}")
assert seen(*three) < 0.3 and seen(*three, "weight") < 0.3 and right(*three) > 2, "no longer: by position"

none = draw([0.5, 0.3, 0.2]), draw([0.5, 0.3, 0.2]) + 3
print(f"0, 1, 2 and 3, 4, 5: {seen(*none):.2f}, with weights {seen(*none, 'weight'):.2f}")
assert not set(none[0]) & set(none[1]) and seen(*none) < 0.3, "no longer: no class in common, and nearly the same"

one = draw([0.2] * 5), draw([0.25, 0.25, 0.25, 0.25, 0])
print(f"one of five is missing: with weights {seen(*one, 'weight'):.2f}, right {right(*one):.2f}")
assert seen(*one, "weight") < 0.4 and right(*one) > 0.6, "no longer: the halves mix the groups"
PY
