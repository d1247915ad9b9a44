"""What the rules stand on: intervals over seeds, and the worst of several words."""

from itertools import pairwise

import pytest

from cards import verdicts


def test_intervals_are_students_for_any_number_of_seeds():
    """The 97.5 % point of t with n - 1 degrees of freedom, as tables print it."""
    table = {
        2: 12.706,
        3: 4.303,
        4: 3.182,
        5: 2.776,
        6: 2.571,
        7: 2.447,
        8: 2.365,
        9: 2.306,
        10: 2.262,
        11: 2.228,
    }
    for n, t in table.items():
        values = [float(i) for i in range(n)]
        mean, low, high = verdicts.interval(values)
        deviation = (n * (n + 1) / 12) ** 0.5  # of 0, 1, …, n - 1
        assert (mean, high - mean, mean - low) == pytest.approx(
            ((n - 1) / 2, t * deviation / n**0.5, t * deviation / n**0.5), rel=1e-3
        )
    for n, t in ((12, 2.201), (20, 2.093), (50, 2.010)):  # beyond the table: never narrower, little wider
        _, low, high = verdicts.interval([float(i) for i in range(n)])
        half = t * (n * (n + 1) / 12 / n) ** 0.5
        assert half <= (high - low) / 2 <= 1.14 * half


def test_the_worst_word_is_the_claims():
    worst_first = [
        verdicts.AGAINST, verdicts.FAILS, verdicts.NOT_TESTED, verdicts.UNDECIDED, verdicts.SHOWN,
        verdicts.PARITY, verdicts.DIFFERENCE, verdicts.HOLDS,
    ]  # fmt: skip
    for worse, better in pairwise(worst_first):
        assert verdicts.overall([better, worse, better]) == worse
