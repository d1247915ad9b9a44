#!/usr/bin/env bash
# brad 0.2.0a0 (PyPI), resampling tests: six scores that are all equal differ with p = 0, and so do three from any three below them.
#
# For whoever asks by permutation whether two losses differ by more than their seeds do. The p-value is the share of relabellings
# whose statistic is at least the observed one; the labels as they are belong to them, so that it is never 0: of three
# seeds against three it is 1 of 20 at best. `PermutationDistribution.p_value` (`results.py`) counts those that are strictly
# greater, in both tails. Ties, and the observed labels with whatever has their value, count as if they spoke against chance.
# Neither README nor docstrings say so. No error, no warning.
#
# Expected: 1 for equal scores; 0.05 for three above three; at most alpha of comparisons with p <= alpha where nothing differs.
# Seen:     0 for equal scores, in both tails; 0 for three above three, however many relabellings are drawn. Of 1,000
#           comparisons of a loss with itself, three seeds each, about 5 % have p = 0 (by definition none) and 8 %
#           p <= 0.05 (2 %). With whole numbers from 1 to 3 (raters' say, ten each) 10 % have p <= 0.05 (4 %).
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q brad==0.2.0a0 numpy==1.26.4 scikit-learn==1.9.1 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
from brad import permutation_test

TIMES, DRAWN = 1000, 200
draw = np.random.default_rng(0)


def labels(each: int) -> np.ndarray:
    return np.repeat([1, 0], each)


def difference(scores: np.ndarray, label: np.ndarray) -> float:
    """Of means, rounded so that what is equal is equal as a number, too."""
    return round(float(scores[label == 1].mean() - scores[label == 0].mean()), 9)


def compare(scores: np.ndarray, drawn: int = DRAWN) -> tuple[float, float]:
    """The package's p-value, and that of the same relabellings by definition, with the observed one among them."""
    found = permutation_test(scores, labels(len(scores) // 2), drawn, statistic=difference)
    return found.p_value(), (1 + int((found.replications >= found.observation).sum())) / (1 + drawn)


equal = permutation_test(np.full(6, 40.0), labels(3), DRAWN, statistic=difference)
tails = equal.p_value(), equal.p_value(lower_tail=True)
print("six equal scores, both tails:", tails)
assert tails == (0, 0) and (equal.replications == equal.observation).all(), "no longer: ties speak against chance"
for drawn in (100, 5000):
    found, right = compare(np.array([50.0, 52.0, 51.0, 40.0, 42.0, 41.0]), drawn)
    print(f"three scores above three, {drawn} relabellings: p = {found}, by definition {right:.3f}")
    assert found == 0 and 0.01 < right < 0.12, "no longer: the observed labels do not count"

nothing = {"three seeds each": lambda: draw.normal(size=6), "ten raters each": lambda: draw.integers(1, 4, 20).astype(float)}
rates = {}
for name, scores in nothing.items():
    p = np.array([compare(scores()) for _ in range(TIMES)])
    rates[name] = (p == 0).mean(0), (p <= 0.05).mean(0)
    (zero, right_zero), (small, right_small) = rates[name]
    print(f"{name}, nothing differs: p = 0 in {zero:.1%} (by definition {right_zero:.1%}), p <= 0.05 in {small:.1%} "
          f"({right_small:.1%})")
(zeros, small), (_, small_of_raters) = rates.values()
assert zeros[0] > 0.025 and zeros[1] == 0, "no longer: p = 0"
assert small[0] > 0.07 and small_of_raters[0] > 2 * small_of_raters[1]
PY
