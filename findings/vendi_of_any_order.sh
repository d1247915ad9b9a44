#!/usr/bin/env bash
# vendi-score 0.0.3 (PyPI), the authors' own: `score_X` takes the order q of the score, and leaves it at 1.
#
# Met while asking which measure of diversity sees rare modes that a GAN drops. The order decides that (Pasarkar & Dieng
# 2023): small q count rare kinds of pictures, large q frequent ones. `score_X(X, q=...)`, from features, hands on
# `q=1` (`vendi.py`), where `score_K`, from a kernel, and `score_dual`, from features of few dimensions, hand on what is given.
#
# Expected: the same score from the same features by all three; of kinds with shares p, (sum of p^q)^(1 / (1 - q)).
# Seen:     of 100 features of 5 kinds, 60, 20, 10, 5 and 5 of them: 3.18 by `score_X` for any q; by the others 3.94 for
#           q = 0.5, 2.41 for q = 2 and 1.67 for q = "inf". Whoever compares orders finds that none matters.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q vendi-score==0.0.3 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import numpy as np
from vendi_score import vendi

many = [60, 20, 10, 5, 5]
features = np.repeat(np.eye(len(many)), many, axis=0)
shares = np.array(many) / sum(many)
seen = []
for q in (0.5, 1, 2, "inf"):
    if q == 1:
        right = np.exp(-(shares * np.log(shares)).sum())
    else:
        right = 1 / shares.max() if q == "inf" else (shares**q).sum() ** (1 / (1 - q))
    by_features, by_kernel = vendi.score_X(features, q=q), vendi.score_K(features @ features.T, q=q)
    dual = vendi.score_dual(features, q=q)
    print(f"q = {q}: score_X {by_features:.2f}, score_K {by_kernel:.2f}, score_dual {dual:.2f}, by the formula {right:.2f}")
    seen.append(by_features)
    assert max(abs(by_kernel - right), abs(dual - right)) < 0.01
assert max(seen) - min(seen) < 1e-9, "no longer: score_X takes no notice of q"
PY
