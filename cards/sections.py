"""The tables of a card: how a model was trained, what was measured of its pictures, and of its curves."""

from collections.abc import Sequence

import torch
from torch import nn

from cards import measures
from cards.measures import OF_PICTURES, show, title
from cards.quoting import code, prose
from zoo import architectures
from zoo.config import LIBRARY, Config
from zoo.measurements import counting, final, measure_of, preference


def stopped(config: Config) -> str:
    """ "stopped at 36.8 of 60 kimg" of a run that did not come to its end, as far as its config tells; else ""."""
    planned, seen = (config.options or {}).get("kimg"), config.training.kimg
    if not isinstance(planned, int | float) or seen >= planned:
        return ""
    return f"stopped at {seen:.4g} of {planned:g} kimg"


def facts(config: Config) -> dict[str, str]:
    """The table of how it was trained."""
    data, training, weights = config.dataset, config.training, config.weights
    pictures = 1000 * training.kimg
    by, beside = "", ""
    if config.critic:
        by, beside = " by the critic", f", one to {_count(training.critic_steps, 'critic step')}"
    return {
        "data": f"{prose(data.title)} ({_source(config)}), {prose(data.split)} split, {data.pictures:,}"
        f" pictures, {data.size}×{data.size}, {'grey' if data.channels == 1 else 'colour'}",
        "loss": _fields(config.loss),
        "architecture": _fields(config.architecture),
        "critic": critic(config),
        f"pictures seen{by}": f"{pictures:,.0f}, {pictures / data.pictures:.3g} epochs",
        "generator steps": f"{training.g_steps:,}{beside}",
        "optimiser": _optimiser(config),
        **_start(config),
        "besides": _besides(config),
        "weights": f"averaged with a half-life of {training.ema_kimg:g} kimg; the last ones, not the best;"
        f" {weights.bytes / 1e6:.2f} MB, {weights.dtype}",
        "half precision": f"rounding changes pictures by {weights.rounding:.2g} of 255 grey levels on average"
        if weights.dtype == "float16"
        else "not used: weights are float32",
        "computed in": prose(f"{training.precision}, {training.memory_format}"),
        "time": f"{duration(training.seconds)}, {training.pictures_per_second:,.0f} pictures/s on"
        f" {prose(training.hardware)}",
        "seed": str(training.seed),
        "commit": _commit(config),
        "versions": prose(f"{LIBRARY} {training.library_version}, torch {training.torch_version}"),
        "inference mode": inference(config),
    }


def _source(config: Config) -> str:
    data = config.dataset
    if not data.id:
        return "not from the Hub"
    return code(data.id) + (f" at {prose(data.revision)}" if data.revision else "")


def _optimiser(config: Config) -> str:
    t = config.training
    rates = (
        f"learning rate {t.lr_g:g}" if t.lr_g == t.lr_d else f"learning rates {t.lr_g:g}, critic's {t.lr_d:g}"
    )
    decay = f", falling to 0 from {t.lr_decay_from:.0%} of the budget on" if t.lr_decay_from < 1 else ""
    batch = f"{t.batch}" if t.processes == 1 else f"{t.batch} in each of {t.processes} processes"
    return f"{prose(t.optimiser.capitalize())}, {rates}{decay}, betas {t.betas[0]:g} and {t.betas[1]:g}, batch {batch}"


def _besides(config: Config) -> str:
    training = config.training
    parts = ["pictures mirrored at random"] if training.mirror else []
    augment = (config.options or {}).get("augment", "none")
    if augment in ("diffaug", "ada"):
        parts += [f"what the critic sees is augmented by {prose(augment)}"]
    parts += [f"enlarged by {training.jitter} pixels and cut back"] if training.jitter else []
    place = "added to the loss" if config.critic else "as the only loss"
    parts += [f"{training.l1_weight:g} × the L1 distance {place}"] if training.l1_weight else []
    return ", ".join(parts) or "nothing: no mirroring, no jitter"


def _start(config: Config) -> dict[str, str]:
    """Of a run that began with a model's weights: whose, and whether its critic came along."""
    options = config.options or {}
    if not options.get("from"):
        return {}
    hashes = options.get("from_sha256")
    hashes = hashes if isinstance(hashes, list) else []
    text = f"the weights of {code(options['from'])}"
    if hashes:
        text += f" (sha256 {code(str(hashes[0])[:16])})"
    if config.critic:
        text += " and its critic" if len(hashes) > 1 else ", its critic anew"
    if frozen := options.get("freeze_d"):
        text += f", of which the first {prose(frozen)} layers stayed as they were (FreezeD)"
    return {"started from": text}


def _commit(config: Config) -> str:
    commit = config.training.commit
    if commit is None:
        return "not recorded (no git checkout)"
    return prose(commit).replace("-dirty", ", with files that differed from it")


def critic(config: Config) -> str:
    given = config.critic
    if not given:
        return "none"
    norm = given.get("norm", "none")
    parts = [
        "an autoencoder" if given.get("autoencoder") else "",
        prose(f"{'no' if norm == 'none' else norm} norm"),
    ]
    parts += ["spectral norm"] if given.get("spectral_norm") else []
    parts += [prose(f"width {given['width']}")] if "width" in given else []
    parts += [prose(f"penalty {given['penalty']}")] if "penalty" in given else []
    text = ", ".join(part for part in parts if part)
    if "clip" in config.loss:
        text += f", all its parameters clipped to ±{prose(config.loss['clip'])} after every step"
        if given.get("norm") == "batch":
            text += " (batch norm rescales what was clipped, as in WGAN's own critic)"
    return text


def inference(config: Config) -> str:
    dropout = "dropout stays on" if config.inference.dropout else "no dropout"
    name, fields = config.architecture["name"], {k: v for k, v in config.architecture.items() if k != "name"}
    with torch.device("meta"):
        layers = architectures.build_generator(name, fields).modules()
    if not any(isinstance(layer, nn.BatchNorm2d) for layer in layers):
        return dropout
    own = config.inference.statistics == "batch"
    how = "the statistics of the one picture" if own else "running statistics"
    if architectures.get(name).kind == "translation":
        batch = config.training.batch
        how += f" (trained on {'one picture' if batch == 1 else f'{batch} pictures'} at a time)"
    return f"batch norm by {how}, {dropout}"


def measured(rows: Sequence[dict]) -> list[dict]:
    """A line a figure of the final weights: {figure, value, seeds, protocol}; `seeds` is "" where no other is known."""
    lines = []
    for name, measure in OF_PICTURES.items():
        for row in final(rows, name):
            value = f"{show(name, row['value'])}{uncertainty(name, row)}"
            values = [one["value"] for one in (row, *measures.of_other_seeds(rows, row))]
            lines.append(
                {
                    "figure": f"{title(row)} {measure.better}".rstrip(),
                    "value": value,
                    "seeds": f"{measures.mean(name, values)} ({len(values)})" if len(values) > 1 else "",
                    "protocol": protocol(row),
                }
            )
    return lines


def missing(rows: Sequence[dict], kind: str) -> list[str]:
    """What was not measured though other figures of pictures were, and what it takes; a sentence each."""
    if not any(counting(rows, name) for name in OF_PICTURES):
        return []
    needed = {
        "fid": "FID, KID, precision and recall were not measured: they need Inception, so evaluate without --skip"
    }
    if kind == "noise":
        needed["memorisation"] = (
            "Memorisation was not measured: it needs a network that tells pictures apart, so evaluate without --skip"
        )
    return [f"{sentence}." for name, sentence in needed.items() if counting(rows, name) is None]


def apart(rows: Sequence[dict]) -> str:
    """The real pictures whose distance to training pictures is the scale of memorisation."""
    row = counting(rows, "memorisation") or {}
    alone = row.get("against") == "other training pictures"
    return "training pictures from each other" if alone else "unseen real pictures"


def uncertainty(name: str, row: dict) -> str:
    if "ci" in row:
        return " [{}, {}]".format(*(show(name, end) for end in row["ci"]))
    return f" ± {show(name, row['se'])}" if "se" in row else ""


def protocol(row: dict) -> str:
    """Against what, through what; in words short enough for a table."""
    against = f"{row['split']} split" if "split" in row else ""
    if "reference_n" in row:
        against += f" ({row['reference_n']:,}{', mirrored too' if row.get('mirrored') else ''})"
    through = row.get("extractor", "") + (f", {row['features']} features" if "features" in row else "")
    parts = [against, through, f"k = {row['k']}" if "k" in row else ""]
    parts += [f"± is the {row['se_of'].split(' (')[0]}"] if "se_of" in row else []
    parts += [row["ci_of"]] if "ci_of" in row else []
    if "classifier_accuracy" in row and measure_of(row) == "class_coverage":
        parts.append(f"the classifier is right on {row['classifier_accuracy']:.1%} of real ones")
    parts += [row["note"].split(":")[0].split(",")[0]] if "note" in row else []
    return prose("; ".join(part for part in parts if part))


def modes(rows: Sequence[dict]) -> list[list[str]]:
    """A table of a translating model's ways of being used: a heading, then a line each."""
    modes: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=preference):
        if {"default", "statistics", "dropout"} <= row.keys() and row.get("which", "final") == "final":
            own = "; the default" if row["default"] else ""
            mode = f"{prose(row['statistics'])} statistics, dropout {'on' if row['dropout'] else 'off'}{own}"
            modes.setdefault(mode, {}).setdefault(measure_of(row), show(measure_of(row), row["value"]))
    if len(modes) < 2:
        return []
    names = [name for name in OF_PICTURES if any(name in figures for figures in modes.values())]
    heading = ["mode", *(OF_PICTURES[name].heading.split(" (")[0] for name in names)]
    return [
        heading,
        *([mode, *(figures.get(name, "–") for name in names)] for mode, figures in modes.items()),
    ]


def stability(rows: Sequence[dict]) -> list[tuple[str, str, str]]:
    """(figure, the critic's, the generator's) of the history; none where it was not measured."""
    swing = counting(rows, "swing_d")
    if swing is None:
        return []

    def of(name: str, text: str = "{}", missing: str = "–") -> str:
        row = counting(rows, name)
        return missing if row is None or row["value"] is None else text.format(show(name, row["value"]))

    unfit = measures.unfit(swing)
    calm = f" ({unfit}: no sign of stability)" if unfit else ""
    table = [
        (
            "swing: how far scores move around their trend, in deviations of the gap",
            of("swing_d") + calm,
            of("swing_g") + calm,
        ),
        (
            "settled: stays in its final band from",
            of("settled_kimg_d", "{} kimg", "not settled") + calm,
            of("settled_kimg_g", "{} kimg", "not settled") + calm,
        ),
        ("largest over median loss", of("spike_d"), of("spike_g")),
    ]
    ends = []
    for player in "dg":
        row = counting(rows, f"last_epoch_{player}_loss")
        ends.append("–" if row is None else "{} [{}, {}]".format(
            *(show(row["name"], x) for x in (row["value"], *row["range_5_95"]))))  # fmt: skip
    table.append(("loss in the last epoch: median [5 %, 95 %]", *ends))
    if counting(rows, "adversarial_to_l1"):
        table.append(
            (f"{measures.OF_CURVES['adversarial_to_l1'].title}, at the pictures", "", of("adversarial_to_l1"))
        )
    counts = [of(name, f"{{}} {measures.OF_CURVES[name].title}") for name in
              ("exploded_intervals", "not_finite_lines")]  # fmt: skip
    table.append(("mishaps", ", ".join(counts), ""))
    return table


def versions(rows: Sequence[dict]) -> str:
    """What measured the figures, and when: of the newest row."""
    told = [row for row in rows if "versions" in row]
    if not told:
        return ""
    last = max(told, key=lambda row: row.get("date", ""))
    names = ", ".join(f"{name} {number}" for name, number in last["versions"].items())
    return prose(
        f"{names}; {last.get('device', 'device not recorded')}; {last.get('date', 'date not recorded')}"
    )


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _count(n: int, noun: str) -> str:
    return f"a {noun}" if n == 1 else f"{n} {noun}s"


def _fields(given: dict) -> str:
    constants = [
        prose(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}")
        for key, value in given.items()
        if key != "name"
    ]
    return ", ".join([prose(given["name"]), *constants])
