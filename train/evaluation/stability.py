"""How steady a training run was, from its history.jsonl alone.

A line averages an interval of about a 160th of the budget. All figures are free of the loss's scale: they
compare a curve with itself, or take the critic's own unit, the deviation of its score gap over single pairs.

- **Swing** of the critic: how far its mean score gap, real minus fake, moves from interval to interval around its own
  trend (straight lines through a tenth of training), in units of the gap's deviation over pairs (its running median),
  as a root mean square; what drawing so few pairs gives by itself, 1/√pairs, is taken off in squares. Swing of the
  generator: the same of its mean score. Every loss rises and falls with these scores alone, so this is the smoothness
  of its curves, but focal's smaller scale is no calm, no level is divided by (those of wgan and of hinge's generator
  cross zero), and a constant added to all scores changes nothing. 0: it moves no more than sampling
  does (much, at one picture a step); 1: by a whole deviation. A line follows the points that it is laid through, so
  swing is low by some 4 % for all alike, and 0 already where it is below two fifths of what sampling gives. The first
  tenth of training, where every curve bends, is left out.
- **Saturated** is a critic that has won: it ranks above 99 % of pairs right in more than half of the lines of the last
  half. Its swing is told with that word, and says nothing of stability.
- **Dead** is a critic that tells the generator nothing any more: in the last twentieth of the lines, at least, the
  generator's gradient is below a hundredth of the largest that was usual after the first tenth (its running median).
  It too is no stability.
- **Settled**: the kimg from which the running median of a loss stays within its final band for good. The band is
  what that median covers in the last fifth of training, widened on both sides by the robust deviation (1.48 times the
  median absolute one) of the loss around it there. None: it came in only in the last quarter, so it has not settled.
- **Spike** of a loss: the largest size of an interval's mean over their median size, which hides what single steps do.
  **Step spike**: the largest size that a step had over what the largest of an interval usually is (their median). The
  first interval is left out, in which a critic that is to be clipped has not been.
- **Exploded** is an interval in which a gradient's norm is above ten times its running median; lines that are not
  finite hold NaN or infinity.
- **Adversarial to L1**, where there is an L1 part: the size of the adversarial part's gradient at the generated
  pictures over that of the weighted L1 part, the median over training.
"""

import math
from collections.abc import Sequence

import numpy as np

from zoo.errors import DataError

LINES, FEWEST_SNAPSHOTS = 20, 4  # at least, to speak of a trend
WON, EXPLODED, VANISHED = 0.99, 10.0, 0.01
CURVES = {"d": "d_loss", "g": "g_loss"}


def series(lines: Sequence[dict], name: str) -> np.ndarray:
    """(lines,) float64; NaN where a line lacks it."""
    return np.array([line.get(name, math.nan) for line in lines], float)


def figures(lines: Sequence[dict], *, batch: int, epoch_kimg: float) -> list[dict]:
    """Rows {name, value, …} of a history with adversarial losses; none where it has fewer than 20 lines.

    `batch`: pictures of one critic step over all processes. `epoch_kimg`: thousands of pictures in the data set.
    """
    finite = [line for line in lines if all(math.isfinite(v) for v in line.values())]
    if len(finite) < LINES or "d_loss" not in finite[0]:
        return []
    state = {"saturated": saturated(finite), "dead": dead(finite)}
    kimg = series(finite, "kimg")
    rows = [{"name": f"swing_{who}", "value": value, **state} for who, value in swing(finite, batch).items()]
    last_epoch = kimg > min(kimg[-1] - epoch_kimg, 0.9 * kimg[-1])
    first_tenth = kimg <= 0.1 * kimg[-1]
    for who, curve in CURVES.items():
        x = series(finite, curve)
        rows.append({"name": f"settled_kimg_{who}", "value": settled(kimg, x), **state})
        rows.append({"name": f"spike_{who}", "value": _over(np.abs(x).max(), np.median(np.abs(x)))})
        peaks = np.array([line[f"{curve}_peak"] for line in finite[1:] if f"{curve}_peak" in line])
        if len(peaks) == len(finite) - 1:
            rows.append({"name": f"step_spike_{who}", "value": _over(peaks.max(), np.median(peaks))})
        low, middle, high = np.quantile(x[last_epoch], [0.05, 0.5, 0.95])
        rows.append(
            {
                "name": f"last_epoch_{who}_loss",
                "value": float(middle),
                "range_5_95": [float(low), float(high)],
            }
        )
    if first_tenth.any():  # a resumed run may log more often than it did there
        early = float(np.median(series(finite, "grad_norm_g")[first_tenth]))
        rows.append({"name": "early_grad_norm_g", "value": early})
    if "adversarial_to_l1" in finite[0]:
        ratio = float(np.median(series(finite, "adversarial_to_l1")))
        rows.append({"name": "adversarial_to_l1", "value": ratio})
    rows.append({"name": "exploded_intervals", "value": exploded(finite)})
    rows.append({"name": "not_finite_lines", "value": len(lines) - len(finite)})
    return rows


def swing(lines: Sequence[dict], batch: int, window: float = 0.1) -> dict[str, float]:
    """The critic's ("d") and the generator's ("g") swing, around lines through a `window` of training."""
    late = slice(len(lines) // 10, None)
    steps = np.diff(series(lines, "g_steps"), prepend=0)
    unit = running_median(series(lines, "score_gap_sd"))
    real, fake = series(lines, "d_real"), series(lines, "d_fake")
    found = {}
    for who, x in (("d", real - fake), ("g", fake)):
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = (x - running_line(x, window)) / unit
        moved = np.where(unit > 0, moved, 0.0)  # scores that never differ do not move either
        pairs = batch * steps  # one critic step of each generator step is logged
        sampling = (1 if who == "d" else 0.5) / pairs  # half of a gap's variance is the fake's
        found[who] = math.sqrt(max(0.0, float(np.mean((moved**2 - sampling)[late]))))
    return found


def saturated(lines: Sequence[dict]) -> bool:
    accuracy = series(lines, "d_accuracy")[len(lines) // 2 :]
    return bool(np.mean(accuracy > WON) > 0.5)


def dead(lines: Sequence[dict]) -> bool:
    norm = series(lines, "grad_norm_g")
    usual = running_median(norm)[len(norm) // 10 :]
    last = norm[-max(1, len(norm) // 20) :]
    return bool((last <= VANISHED * usual.max()).all())  # or was never anything


def settled(kimg: np.ndarray, x: np.ndarray) -> float | None:
    """kimg from which the curve stays in its final band; None where that is in the last quarter."""
    curve, last = running_median(x), slice(-max(2, len(x) // 5), None)
    noise = 1.4826 * np.median(np.abs(x - curve)[last])
    low, high = curve[last].min() - noise, curve[last].max() + noise
    outside = np.flatnonzero((curve < low) | (curve > high))
    first = 0 if len(outside) == 0 else int(outside[-1]) + 1
    return None if first >= 0.75 * len(x) else float(kimg[first])


def exploded(lines: Sequence[dict]) -> int:
    """Intervals in which either player's gradient grew beyond ten times what is usual around them."""
    norms = np.stack([series(lines, "grad_norm_d"), series(lines, "grad_norm_g")])
    usual = np.stack([running_median(x) for x in norms])
    return int((norms > EXPLODED * usual).any(0).sum())


def running_line(x: np.ndarray, window: float) -> np.ndarray:
    """At each point the straight line through a share of the series (a median would follow the noise on a slope)."""
    n, width = len(x), max(5, int(len(x) * window + 1e-9))
    starts = np.clip(np.arange(n) - width // 2, 0, n - width)
    lines = [np.polyfit(np.arange(width), x[start : start + width], 1) for start in starts]
    return np.array(
        [np.polyval(line, i - start) for i, (line, start) in enumerate(zip(lines, starts, strict=True))]
    )


def running_median(x: np.ndarray) -> np.ndarray:
    """Over a tenth of the series, centred; near its ends over as much as fits on both sides."""
    n, reach = len(x), max(1, len(x) // 20)
    half = [min(reach, i, n - 1 - i) for i in range(n)]
    return np.array([np.median(x[i - h : i + h + 1]) for i, h in enumerate(half)])


def between(lines: Sequence[dict], ends: Sequence[int], name: str) -> list[float]:
    """The mean of a curve over the lines up to each of `ends` (steps) since the one before; ends without lines lack."""
    steps, x = series(lines, "g_steps"), series(lines, name)
    spans = zip([0, *ends], ends, strict=False)
    parts = [x[(steps > start) & (steps <= end)] for start, end in spans]
    return [float(part.mean()) for part in parts if len(part) and np.isfinite(part).all()]


def rank_correlation_of_changes(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Spearman's, of the changes from one snapshot to the next: the levels of two trending series always correlate.

    None where one of the two always changes by as much.
    """
    from scipy import stats

    if len(x) < FEWEST_SNAPSHOTS:
        raise DataError(f"a rank correlation of changes needs {FEWEST_SNAPSHOTS} snapshots or more")
    changes = [np.diff(series) for series in (x, y)]
    if any(np.ptp(of) == 0 for of in changes):
        return None
    return float(stats.spearmanr(*changes).statistic)


def _over(a: float, b: float) -> float | None:
    return float(a / b) if b > 0 else None
