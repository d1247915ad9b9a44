"""The focal paper's Table 4 beside our Facades models, and what is behind it, in five computed sentences."""

import statistics
from collections.abc import Collection, Sequence

from cards import decisions, papers, tables
from cards.measures import show
from cards.runs import STARTER, Run, Zoo
from cards.verdicts import AGAINST, DIFFERENCE, Part
from zoo import losses, measurements

CONTROLS = "controls"  # the recipe in which one thing differs, and it is no loss
RANGE = tuple(round(end(papers.PSNR.values()), 1) for end in (min, max))  # dB, of the paper's table
HELD_OUT = "train[360:]"  # the split of `--reference-split` that the family's models were not trained on
MODES = [(of, dropout) for of in ("batch", "running") for dropout in (True, False)]
WEAK = 0.1  # of L1's pull: an adversarial part below it decides little
OF_MODES = ("lpips", "psnr")
SCALES = {"psnr": "true PSNR", "wrapped_psnr": "the wrap-around one"}


def of_loss(zoo: Zoo, loss: str) -> list[Run]:
    return tables.runs_of(zoo, STARTER, "pix2pix", loss, "facades")


def controls(zoo: Zoo) -> dict[str, list[Run]]:
    """{label: runs of all seeds}, of which one thing differs."""
    tagged = [
        run for run in zoo.runs if run.recipe == CONTROLS and run.architecture == "pix2pix" and run.config
    ]
    found: dict[str, list[Run]] = {}
    for run in tagged:
        found.setdefault(f"{run.loss}, {run.tag.replace('-', ' ')}", []).append(run)
    return found


def labelled(zoo: Zoo) -> dict[str, list[Run]]:
    """{label: runs of all seeds}: the paper's losses, L1 alone, controls."""
    return (
        {loss: of_loss(zoo, loss) for loss in papers.PSNR}
        | {tables.L1_ALONE: of_loss(zoo, "none")}
        | controls(zoo)
    )


def references(zoo: Zoo) -> dict[str, list[dict]]:
    """{what translates nothing: its rows}."""
    found: dict[str, list[dict]] = {}
    for row in zoo.references.get("facades", []):
        if row["subject"] != "real":  # photographs of no map
            found.setdefault(row["subject"], []).append(row)
    return found


def table(zoo: Zoo) -> str:
    found = labelled(zoo)
    lines = [
        [
            label,
            f"{papers.PSNR[label]:.3f}" if label in papers.PSNR else "–",
            tables.ours(runs, "psnr"),
            *(tables.mean(runs, name) for name in ("wrapped_psnr", "adversarial_to_l1")),
        ]
        for label, runs in found.items()
    ]
    for subject, rows in references(zoo).items():
        figures = (show(name, measurements.value(rows, name)) for name in SCALES)
        lines.append([f"*{subject}, no translation*", "–", *figures, "–"])
    heading = ["loss", "theirs, Table 4", "our true PSNR ↑", "ours with uint8 wrap-around",
               "adversarial gradient over that of L1"]  # fmt: skip
    return f"{tables.with_budgets(heading, lines, found)}\n\n{explanation(zoo)}"


def explanation(zoo: Zoo) -> str:
    """Five sentences: the slip, what it makes of no translation, of ours, the order of the losses, the part of L1."""
    said = (
        "Subtracted and squared as unsigned bytes, as [torcheval 0.0.7](../findings/torcheval_psnr_of_uint8.sh) does"
        " with uint8 pictures, an error wraps around at 256, and so does its square: any two pictures that differ much"
        " are then some 28 dB apart.",
        untranslated(zoo),
        landing(zoo),
        order(zoo),
        part_of_l1(zoo),
    )
    return "\n".join(f"{i}. {sentence}" for i, sentence in enumerate(said, 1))


def untranslated(zoo: Zoo) -> str:
    true, wrapped = ([measurements.value(rows, name) for rows in references(zoo).values()] for name in SCALES)
    if not true:
        return "What pictures that translate nothing come to is not measured yet."
    return (
        f"Pictures that translate nothing come to {span(true, 'psnr')} in truth and to"
        f" {span(wrapped, 'wrapped_psnr')} with the slip, near where the table lies"
        f" ({span(papers.PSNR.values(), 'psnr')})."
    )


def landing(zoo: Zoo) -> str:
    """Whether our wrap-around figures of the paper's losses lie where the paper's do."""
    found = {loss: value for loss in papers.PSNR if (value := average(of_loss(zoo, loss), "wrapped_psnr"))}
    where = f"the paper's {RANGE[0]} to {RANGE[1]} dB"
    if not found:
        return f"Whether ours land within {where} with the slip is not measured yet."
    outside = [loss for loss, value in found.items() if not RANGE[0] <= round(value, 1) <= RANGE[1]]
    who = f"all {len(papers.PSNR)} of its losses" if len(found) == len(papers.PSNR) else listed(found)
    verdict = (
        f"**outside** are {listed(outside)}"
        if outside
        else "**all within**"
        if len(found) > 1
        else "**within**"
    )
    text = f"With the slip ours of {who} come to {span(found.values(), 'wrapped_psnr')}: {verdict} {where}."
    if not outside:
        text += " This is consistent with the slip but does not show it"
        if len(found) == len(papers.PSNR):
            text += f": ours span {width(found)} dB, the paper's {width(papers.PSNR)}"
            scale = [measurements.value(rows, "wrapped_psnr") for rows in references(zoo).values()]
            above = [loss for loss, theirs in papers.PSNR.items() if theirs > max([*found.values(), *scale])]
            text += f", and its {listed(above)} lie above all that we measured so" if above else ""
        text += "."
    return text


def width(psnr: dict[str, float]) -> str:
    return show("psnr", max(psnr.values()) - min(psnr.values()))


def order(zoo: Zoo) -> str:
    """Whether the order of the table stands out from the differences between training seeds, on both scales."""
    by_scale = {scale: apart(list(decisions.table_4(zoo, name))) for name, scale in SCALES.items()}
    if len(set(by_scale.values())) == 1:
        by_scale = {"either scale": next(iter(by_scale.values()))}
    said = ", ".join(f"by {scale} {found}" for scale, found in by_scale.items())
    return f"Its order is {' before '.join(papers.PSNR)}; {said}."


def apart(parts: Sequence[Part]) -> str:
    words = [part.word for part in parts if part.seeds > 1]
    if len(words) < len(parts):
        return f"it is **not tested** ({len(words)} of {len(parts)} steps have two seeds or more)"
    as_claimed, against = words.count(DIFFERENCE), words.count(AGAINST)
    if not as_claimed + against:
        return "it **cannot be told from noise**"
    if as_claimed == len(words):
        return "it **stands out from noise** in every step"
    stand = "stands" if as_claimed == 1 else "stand"
    said = [f"{as_claimed} of {len(words)} steps {stand} out from noise as claimed"]
    said += [f"{against} the other way"] * bool(against)
    return " and ".join(said)


def part_of_l1(zoo: Zoo) -> str:
    """L1 alone beside the GANs of its budget, and how hard each loss pulls against L1."""
    alone = average(of_loss(zoo, "none"), "psnr")
    if alone is None:
        return "L1 alone, which tells what the adversarial part costs in PSNR, is not trained yet."
    kimg = of_loss(zoo, "none")[0].kimg
    gans = {loss: runs for loss in losses.LOSSES if (runs := of_loss(zoo, loss)) and runs[0].kimg == kimg}
    gans |= {label: runs for label, runs in controls(zoo).items() if runs[0].kimg == kimg}
    figures = {label: value for label, runs in gans.items() if (value := average(runs, "psnr")) is not None}
    above = {label: value for label, value in figures.items() if value >= alone}
    text = f"L1 alone comes to {show('psnr', alone)} dB, "
    if not figures:
        text += "beside no GAN of its budget yet"
    elif above:
        single = all(len(runs) == 1 for runs in (of_loss(zoo, "none"), *gans.values()))
        told = [f"{label} ({show('psnr', value)})" for label, value in above.items()]
        text += f"below {listed(told)}{', one training each' if single else ''}"
    else:
        text += f"**above every GAN trained so far** ({span([*figures.values()], 'psnr')})"
    pulls = {label: value for label, runs in gans.items() if (value := average(runs, "adversarial_to_l1"))}
    if pulls:
        each = ", ".join(
            f"{value:.2f} times with {label}" if value >= 0.01 else f"{value:.1g} times with {label}"
            for label, value in pulls.items()
        )
        text += f"; beside L1, weighted, the adversarial part pulls {each}"
        if weak := [label for label in above if pulls.get(label, 1) < WEAK]:
            text += f"; {listed(weak)}, where it is that weak, trained little but L1 too"
    return f"{text}."


def modes(zoo: Zoo) -> str:
    """How the family is used: LPIPS and PSNR in every mode on pairs kept from training; "" where that is not measured.

    The lowest mean rank by LPIPS over the losses decides for all of them.
    """
    found = {loss: of for loss in tables.LOSSES_AND_NONE if (of := held_out(of_loss(zoo, loss)))}
    if not found:
        return ""
    every = [mode for mode in MODES if all(mode in of for of in found.values())]
    ranks = {
        mode: statistics.fmean(
            1 + sum(of[other]["lpips"] < of[mode]["lpips"] for other in every) for of in found.values()
        )
        for mode in every
    }
    best = min(ranks, key=ranks.get)
    used = {
        (run.config.inference.statistics, run.config.inference.dropout)
        for loss in found
        for run in of_loss(zoo, loss)
    }
    verdict = "and is how all of them are used" if used == {best} else "but **not all are used so**"
    lines = [
        [
            words(mode),
            *(" / ".join(show(name, of[mode][name]) for name in OF_MODES) for of in found.values()),
            f"{ranks[mode]:.2g}",
        ]
        for mode in every
    ]
    heading = ["mode", *(tables.L1_ALONE if loss == "none" else loss for loss in found), "mean rank ↓"]
    return (
        f"How the generator is used afterwards is one decision for the family, made on the pairs of `{HELD_OUT}`, which"
        " none of its models has seen: LPIPS ↓ / PSNR ↑ in dB. By LPIPS"
        f" {words(best)} ranks first on average, {verdict}.\n\n{tables.table(heading, lines)}"
    )


def held_out(runs: Sequence[Run]) -> dict[tuple[str, bool], dict[str, float]]:
    """{mode: {measure: mean over seeds}} on the pairs kept from training."""
    found: dict[tuple[str, bool], dict[str, list[float]]] = {}
    for run in runs:
        for row in run.rows:
            name = measurements.measure_of(row)
            if row.get("split") == HELD_OUT and name in OF_MODES and row.get("which", "final") == "final":
                of_mode = found.setdefault((row["statistics"], row["dropout"]), {})
                of_mode.setdefault(name, []).append(row["value"])
    whole = {mode: of for mode, of in found.items() if len(of) == len(OF_MODES)}
    return {mode: {name: statistics.fmean(of[name]) for name in OF_MODES} for mode, of in whole.items()}


def words(mode: tuple[str, bool]) -> str:
    return f"{mode[0]} statistics, dropout {'on' if mode[1] else 'off'}"


def average(runs: Sequence[Run], name: str) -> float | None:
    """Over seeds; None where none has it."""
    values = [value for run in runs if (value := run.value(name)) is not None]
    return statistics.fmean(values) if values else None


def span(values: Collection[float], name: str) -> str:
    low, high = show(name, min(values)), show(name, max(values))
    return f"{low} dB" if low == high else f"{low} to {high} dB"


def listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
