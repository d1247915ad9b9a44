#!/usr/bin/env bash
# pyagree 0.0.4 (PyPI): where one rater sees one class only, it counts the empty classes for the others.
#
# For whoever asks how well two classifiers agree on what a generator draws, which after a mode collapse is one class. Kappa is not
# defined there; for that there is `ia_c`, the information agreement, extended by continuity. It is to be 1 less the share of
# classes that are in use, the limit for ever smaller shares of the others. `count_nonnull_rows` and `count_nonnull_cols`
# (`common.py`), which by their docstrings count the rows and columns that are not null, count those that are. No error, no warning.
#
# Expected: the limit: 0 if the other rater uses all classes, 2/3 if both see the same one of three, 0.9 of ten.
# Seen:     the first is 1, full agreement; the second 1/3; of ten classes 0.1. Two of three used: 2/3 for 1/3.
#           Where both raters see several classes, all is right.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q pyagree==0.0.4 numpy==2.2.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
from decimal import Decimal, getcontext

import numpy as np
from pyagree import ia_c

getcontext().prec = 600


def entropy(shares: np.ndarray) -> Decimal:
    return -sum(share * share.ln() for share in shares.ravel())


def limit(counts: np.ndarray) -> float:
    """Mutual information over the smaller entropy, with next to nothing in place of each 0."""
    counts = np.array([[Decimal(int(count)) or Decimal("1e-200") for count in row] for row in counts])
    shares = counts / counts.sum()
    rows, columns, both = entropy(shares.sum(1)), entropy(shares.sum(0)), entropy(shares)
    return float((rows + columns - both) / min(rows, columns))


def one_row(*counts: int) -> np.ndarray:
    return np.array([counts] + [[0] * len(counts)] * (len(counts) - 1))


several = np.array([[5, 1, 0], [2, 6, 1], [0, 1, 9]])
print(f"several classes by both: {ia_c(several):.4f}, right {limit(several):.4f}")
assert abs(ia_c(several) - limit(several)) < 1e-9

for name, counts, wrong, expected in (
    ("one class by one, all by the other", one_row(5, 5, 5), 1, 0),
    ("one class by one, two of three by the other", one_row(5, 5, 0), 2 / 3, 1 / 3),
    ("the same class of three by both", one_row(15, 0, 0), 1 / 3, 2 / 3),
    ("the same class of ten by both", one_row(15, *[0] * 9), 0.1, 0.9),
    ("all by one, one class by the other", one_row(5, 5, 5).T, 1, 0),
):
    print(f"{name}: {ia_c(counts):.3f}, in the limit {limit(counts):.3f}")
    assert abs(limit(counts) - expected) < 0.01, "the reference is not right"
    assert abs(ia_c(counts) - wrong) < 1e-9, "no longer: it counts the empty ones"
PY
