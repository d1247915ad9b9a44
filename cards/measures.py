"""The rows of metrics.json as people read them: which is which, what it is called, how many digits it deserves."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from zoo.measurements import measure_of

# A critic whose calm is no stability, as train/evaluation/stability.py marks it: the mark, and its word.
UNFIT = {"saturated": "saturated critic", "dead": "dead critic"}
WAYS = ("statistics", "dropout", "momentum")  # of using one model
OTHER_SEED = "other seed"  # the `which` of a figure of another training of the same cell


@dataclass(frozen=True)
class Measure:
    """`better`: ↑ or ↓, where one way is."""

    title: str
    spec: str
    better: str = ""
    widest: float = math.inf  # difference that there can be of it

    @property
    def heading(self) -> str:
        return f"{self.title} {self.better}".rstrip()


OF_PICTURES = {
    "fid": Measure("FID", ".1f", "↓"),
    "kid": Measure("KID", ".4f", "↓"),
    "precision": Measure("precision", ".3f", "↑", 1),
    "recall": Measure("recall", ".3f", "↑", 1),
    "inception_score": Measure("Inception Score", ".2f", "↑"),
    "classifier_distance": Measure("classifier distance", ".2f", "↓"),
    "class_coverage": Measure("classes covered", ".0%", "↑", 1),
    "class_entropy": Measure("entropy of classes", ".3f", "↑"),
    "asked_class": Measure("asked-for class seen", ".1%", "↑", 1),
    "memorisation": Measure("memorisation", ".2f"),
    "shared_pictures": Measure("test pictures that are training pictures", ".1%"),
    "psnr": Measure("PSNR in dB", ".2f", "↑"),
    "ssim": Measure("SSIM", ".3f", "↑"),
    "l1": Measure("L1 in grey levels", ".2f", "↓"),
    "lpips": Measure("LPIPS", ".3f", "↓"),
    "wrapped_psnr": Measure("wrap-around PSNR, no quality", ".2f"),
}
OF_CURVES = {
    "swing_d": Measure("swing of the critic", ".3f"),
    "swing_g": Measure("swing of the generator", ".3f"),
    "settled_kimg_d": Measure("critic's loss settled, kimg", ",.0f"),
    "settled_kimg_g": Measure("generator's loss settled, kimg", ",.0f"),
    "spike_d": Measure("largest over median critic loss", ",.1f"),
    "spike_g": Measure("largest over median generator loss", ",.1f"),
    "step_spike_d": Measure("step spike of the critic's loss", ",.1f"),
    "step_spike_g": Measure("step spike of the generator's loss", ",.1f"),
    "last_epoch_d_loss": Measure("critic's loss, last epoch", ".3f"),
    "last_epoch_g_loss": Measure("generator's loss, last epoch", ".3f"),
    "adversarial_to_l1": Measure("adversarial gradient over that of L1", ".2f"),
    "early_grad_norm_g": Measure("generator's gradient norm, first tenth", ".3g"),
    "exploded_intervals": Measure("exploded intervals", "d"),
    "not_finite_lines": Measure("lines not finite", "d"),
    "distance_follows_loss": Measure(
        "rank correlation of changes in −critic loss and in classifier distance", ".2f", widest=2
    ),
}
MEASURES = OF_PICTURES | OF_CURVES


def title(row: dict) -> str:
    """Of a row, with the number of pictures it was taken on: "FID (n = 5,000)"."""
    known = MEASURES.get(measure_of(row))
    text = known.title if known else measure_of(row)
    return f"{text} (n = {row['n']:,})" if "n" in row else text


def show(name: str, value: float | None) -> str:
    """A value of the measure `name`, at its digits."""
    if value is None:
        return "–"
    known = MEASURES.get(name)
    if known is None:
        return f"{value:.4g}"
    short = known.spec == ",.0f" and 0 < value < 10  # kimg of a short run
    if known.spec == "d":
        return str(int(value))
    return format(value, "z" + (".2g" if short else known.spec))  # z: what rounds to 0 has no sign


def alike(rows: Sequence[dict | None]) -> bool:
    """Whether all are there and were measured alike: how many pictures, against what, by which network, used how."""
    protocol = ("name", "split", "reference_n", "extractor", "features", "precision", *WAYS)
    return all(rows) and len({tuple(row.get(key) for key in protocol) for row in rows}) == 1


def of_other_seeds(rows: Sequence[dict], row: dict) -> list[dict]:
    """What further trainings of the same cell came to in the figure `row`."""
    return [other for other in rows if other.get("which") == OTHER_SEED and alike([row, other])]


def mean(name: str, values: Sequence[float]) -> str:
    """With its standard deviation, where there are several; – where there are none."""
    if not values:
        return "–"
    spread = f" ± {show(name, statistics.stdev(values))}" if len(values) > 1 else ""
    return f"{show(name, statistics.fmean(values))}{spread}".replace("-", "−")


def unfit(row: dict | None) -> str:
    """ "saturated critic" or "dead critic", by a row of how a curve moved or settled; "" of a critic at work."""
    return next((word for mark, word in UNFIT.items() if row and row.get(mark)), "")
