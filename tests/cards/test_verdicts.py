"""What the rules stand on: intervals and chances over seeds, and the worst of several words."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest

from cards import comparisons, intervals, verdicts
from cards.claims import CLAIMS, Verdict


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
        12: 2.201,
        50: 2.010,
    }
    for n, t in table.items():
        values = [float(i) for i in range(n)]
        mean, low, high = intervals.interval(values)
        deviation = (n * (n + 1) / 12) ** 0.5  # of 0, 1, …, n - 1
        assert (mean, high - mean, mean - low) == pytest.approx(
            ((n - 1) / 2, t * deviation / n**0.5, t * deviation / n**0.5), rel=1e-3
        )


@pytest.mark.parametrize("bound", [0.0, 0.8])
def test_a_chance_is_below_one_in_twenty_exactly_where_the_interval_says_so(bound):
    draw, seen = np.random.default_rng(0), set()
    for _ in range(300):
        values = list(draw.normal(draw.choice([0, 0.5, 2]), 0.4, draw.integers(2, 6)))
        _, low, high = intervals.interval(values)
        said = (-bound < low and high < bound) if bound else not low <= 0 <= high
        assert (intervals.chance(values, bound) < 0.05) == said
        seen.add(said)
    assert seen == {True, False}
    assert intervals.chance([1.0], bound) is None


def test_of_a_pair_of_differences_chance_is_that_of_cauchys_distribution():
    """One degree of freedom: t = 3 has 1 − 2·atan(3)/π."""
    assert intervals.chance([1.0, 2.0]) == pytest.approx(1 - 2 * math.atan(3) / math.pi)


def test_a_difference_that_is_detectable_is_seen_four_times_in_five():
    draw = np.random.default_rng(0)
    for n in (2, 3, 6):
        even = list(np.linspace(0, 1, n))
        least = intervals.detectable(even) / statistics.stdev(even)
        moved = draw.normal(least, 1, (3000, n))
        assert sum(intervals.chance(list(row)) < 0.05 for row in moved) / 3000 == pytest.approx(0.8, abs=0.03)


def test_holms_correction_of_his_own_order():
    """p of 0.01, 0.04, 0.03 and 0.005, times 4, 3, 2 and 1 from the least, and never less than the one before."""
    found = intervals.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert intervals.holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0} and intervals.holm({}) == {}


def part(word: str, p: float | None, here: str = "") -> verdicts.Part:
    return verdicts.Part(word, "", here, p=p)


@pytest.mark.parametrize(
    "parts, p",
    [
        ([part(verdicts.DIFFERENCE, 0.01), part(verdicts.DIFFERENCE, 0.04)], 0.04),
        ([part(verdicts.DIFFERENCE, 0.01), part(verdicts.UNDECIDED, 0.3)], 0.3),
        ([part(verdicts.DIFFERENCE, 0.01), part(verdicts.UNDECIDED, None)], None),  # one seed
        ([part(verdicts.NOT_TESTED, 0.02, verdicts.DIFFERENCE)], 0.02),
        ([part(verdicts.NOT_TESTED, None)], None),
        ([part(verdicts.AGAINST, 0.01), part(verdicts.DIFFERENCE, 0.02)], 0.02),  # twice the strongest
        ([part(verdicts.AGAINST, 0.01), part(verdicts.UNDECIDED, None)], 0.02),  # one without p is a part too
        ([part(verdicts.AGAINST, 0.01), part(verdicts.HOLDS, None), part(verdicts.UNDECIDED, 0.5)], 0.03),
        ([part(verdicts.HOLDS, None), part(verdicts.DIFFERENCE, 0.03)], 0.03),
        ([part(verdicts.HOLDS, None)], None),
    ],
)
def test_a_claims_chance_is_that_of_its_weakest_part_or_of_its_strongest_against(parts, p):
    assert Verdict(CLAIMS[0], parts).p == (None if p is None else pytest.approx(p))


def test_chances_are_shown_beside_the_verdicts_where_there_are_any():
    decided = [
        Verdict(claim, [part(verdicts.DIFFERENCE, p)])
        for claim, p in zip(CLAIMS, (0.03, 1e-5, None), strict=False)
    ]
    said, table = comparisons.verdicts(decided)
    assert "Holm" in said and "| p | corrected |" in table
    rows = table.splitlines()[2:]
    assert [row.split(" | ")[-2:] for row in rows] == [
        ["0.03", "0.03 |"],
        ["< 0.001", "< 0.001 |"],
        ["–", "– |"],
    ]
    assert "| p |" not in comparisons.verdicts(decided[2:])[0]


def test_the_worst_word_is_the_claims():
    worst_first = [
        verdicts.AGAINST, verdicts.FAILS, verdicts.NOT_TESTED, verdicts.UNDECIDED, verdicts.SHOWN,
        verdicts.PARITY, verdicts.DIFFERENCE, verdicts.HOLDS,
    ]  # fmt: skip
    for worse, better in pairwise(worst_first):
        assert verdicts.overall([better, worse, better]) == worse
