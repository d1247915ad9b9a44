"""Statistics of a few training seeds: intervals, what chance alone would say, and what could not have been seen."""

import math
import statistics
import warnings
from collections.abc import Sequence

POWER = 0.8  # of a difference that would mostly be seen


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval (Student's t) of two values or more."""
    from scipy import stats  # takes a second, which a report of one's own runs does without

    mean, n = statistics.fmean(values), len(values)
    reach = stats.t.ppf(0.975, n - 1) * statistics.stdev(values) / math.sqrt(n)
    return mean, mean - reach, mean + reach


def chance(values: Sequence[float], bound: float = 0.0) -> float | None:
    """p of two values or more: below 0.05 where their `interval` excludes 0 or, with a bound, lies within ±bound.

    Student's t, two-sided; with a bound two one-sided tests (Schuirmann 1987), each at half of it.
    """
    from scipy import stats

    if len(values) < 2:
        return None
    sides = [(0.0, "two-sided")] if not bound else [(-bound, "greater"), (bound, "less")]
    with warnings.catch_warnings(category=RuntimeWarning, action="ignore"):  # equal values have no deviation
        found = [stats.ttest_1samp(values, at, alternative=side).pvalue for at, side in sides]
    if any(map(math.isnan, found)):
        return 1.0
    return min(1.0, max(found) * len(sides))


def detectable(values: Sequence[float]) -> float:
    """The difference of which four in five would be seen (a power of 80 %), if it scatters as these values do."""
    from scipy import optimize, stats

    n = len(values)
    bound = stats.t.ppf(0.975, n - 1)
    shift = optimize.brentq(lambda shift: stats.nct.sf(bound, n - 1, shift) - POWER, 0, 1000)
    return shift * statistics.stdev(values) / math.sqrt(n)


def holm(chances: dict[str, float]) -> dict[str, float]:
    """p of each of several claims, corrected for their number (Holm 1979)."""
    corrected, largest = {}, 0.0
    for i, key in enumerate(sorted(chances, key=chances.__getitem__)):
        largest = max(largest, min(1.0, (len(chances) - i) * chances[key]))
        corrected[key] = largest
    return corrected
