"""The text that one would cite: set-up, results, what does not replicate, limits. Every number is computed.

`python -m cards.overview` writes it beside the overview, which has all tables; the words for a claim are the same.
"""

import statistics
from collections import Counter
from collections.abc import Sequence

from cards import comparisons, measures, papers, prices, sentences, tables
from cards.claims import Verdict
from cards.runs import PROTOCOL, STARTER, Run, Zoo
from cards.sentences import CONFIRMED, CONTRADICTED
from cards.verdicts import NOT_TESTED, SHOWN, UNSEEN, Part
from zoo.losses import LOSSES
from zoo.measurements import COLLAPSED


def page(zoo: Zoo, decided: Sequence[Verdict]) -> str:
    parts = [
        "# Findings: what four papers claim of GAN losses",
        abstract(decided),
        "## Set-up",
        *set_up(zoo),
        "## Results",
        *results(zoo, decided),
        "## What does not replicate",
        *contradicted(zoo, decided),
        "## Limits",
        *limits(zoo, decided),
        "All tables, every comparison and the rules: [overview.md](overview.md).",
    ]
    return "\n\n".join(parts) + "\n"


def abstract(decided: Sequence[Verdict]) -> str:
    sources = "; ".join(f"{letter}, {title}" for letter, title in papers.SOURCES.items())
    return (
        "We train small GANs in which the loss, with the Lipschitz control that belongs to it, is the only thing that"
        f" changes, and let rules in code decide {len(decided)} claims of four papers from their figures ({sources})."
        f" {sentences.tally(decided)}"
    )


# ---- set-up


def set_up(zoo: Zoo) -> list[str]:
    runs = [run for run in zoo.runs if run.config and run.recipe != PROTOCOL and not run.tag]
    if not runs:
        return ["Nothing is trained yet."]
    losses = {run.loss for run in runs} & set(LOSSES)
    told = (
        f"{len(runs)} trainings with {len(losses)} losses, in the table those of the zoo's own protocols: within a"
        " family all losses have the same network, data and budget in kimg, thousands of real pictures seen by the"
        " critic; what a loss demands of its critic (norm, penalty, steps) belongs to the loss. Trainings by precision:"
        f" {counted(run.config.training.precision for run in runs)}{mixed(runs)}; by hardware:"
        f" {counted(map(machine, runs))}. *Collapsed*: {sentences.COLLAPSE}."
        " *Best* is the best mean; of one seed it is no ranking."
    )
    rows = [row(zoo, net, data) for net, data in tables.families(zoo)]
    head = ["family", "kimg", "losses", "with several seeds", "best", "collapsed"]
    return [told, tables.table(head, [row for row in rows if row])]


def mixed(runs: Sequence[Run]) -> str:
    """In which families losses were trained in several precisions; "" where in none."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for run in runs:
        family = (run.recipe, run.architecture, run.dataset)
        found.setdefault(family, set()).add(run.config.training.precision)
    told = dict.fromkeys(f"{net} on {data}" for (_, net, data), used in found.items() if len(used) > 1)
    return f", mixed within {', '.join(told)}" if told else ""


def row(zoo: Zoo, architecture: str, dataset: str) -> list[str]:
    """One family in a line: its budget, how many losses, and what they came to; none where nothing is trained."""
    by_loss = {
        loss: [run for run in zoo.seeds(STARTER, architecture, loss, dataset).values() if run.config]
        for loss in tables.LOSSES_AND_NONE
    }
    by_loss = {loss: runs for loss, runs in by_loss.items() if runs}
    if not by_loss:
        return []
    kimg = dict.fromkeys(f"{run.kimg:,.0f}" for runs in by_loss.values() for run in runs)
    gans = [loss for loss in by_loss if loss != "none"]
    several = [loss for loss in gans if len(by_loss[loss]) > 1]
    cells = [f"{architecture} on {dataset}", ", ".join(kimg), str(len(gans)), ", ".join(several) or "none"]
    return [*cells, best(by_loss), collapsed(by_loss)]


def collapsed(by_loss: dict[str, list[Run]]) -> str:
    """Of which losses how many runs; "none" is said only where a figure could have shown it."""
    runs = [run for of in by_loss.values() for run in of]
    if not any(run.row(name) for run in runs for name in COLLAPSED):
        return "not measured"
    told = [
        f"{loss} in {n} of {len(of)}"
        for loss, of in by_loss.items()
        if (n := sum(run.collapsed for run in of))
    ]
    return ", ".join(told) or "none"


def best(by_loss: dict[str, list[Run]]) -> str:
    """The loss with the best mean FID, and its figure over its seeds; and what a control did better."""
    found = {
        loss: values
        for loss, runs in by_loss.items()
        if loss != "none" and (values := [x for run in runs if (x := run.value("fid")) is not None])
    }
    if not found:
        return tables.NOT_MEASURED
    means = {loss: statistics.fmean(values) for loss, values in found.items()}
    loss = min(means, key=means.get)
    text = f"{loss}, FID {measures.mean('fid', found[loss])}{sentences.many(len(found[loss]))}"
    control = [run for run in by_loss.get("none", []) if run.value("fid") is not None]
    better = tables.better_control(control, means[loss])
    return f"{text}{better}{sentences.many(len(control)) if better else ''}"


def counted(words) -> str:
    """ "bf16 (8), float32 (2)": the most frequent first."""
    return ", ".join(f"{word} ({n})" for word, n in Counter(words).most_common())


def machine(run: Run) -> str:
    """What it was trained on, as far as it matters: threads of a CPU, or the name."""
    name, _, threads = run.config.training.hardware.rpartition(", ")
    return f"a CPU with {threads}" if "thread" in threads else name or threads


# ---- results


def results(zoo: Zoo, decided: Sequence[Verdict]) -> list[str]:
    """Claims that stand, by their own conditions; then what ours say of the others."""
    tested = [v for v in decided if v.word != NOT_TESTED and v.word not in CONTRADICTED]
    open_ = [v for v in decided if v.word == NOT_TESTED and v.here not in CONTRADICTED]
    parts = [items(sentences.sentence(zoo, v) for v in tested)] if tested else ["No claim is decided yet."]
    speaking = [v for v in open_ if v.here in CONFIRMED or (not v.here and sentences.evidence(v))]
    if speaking:
        parts += [
            "Not tested under all of their own conditions, but with figures:",
            items(map(brief, speaking)),
        ]
    if so_far := sentences.so_far(decided):
        parts.append(so_far)
    return parts


def brief(verdict: Verdict) -> str:
    return (
        f"**{verdict.claim.key}.** *{sentences.capital(verdict.claim.text)}.* {sentences.evidence(verdict)}"
    )


def contradicted(zoo: Zoo, decided: Sequence[Verdict]) -> list[str]:
    against = [v for v in decided if v.word in CONTRADICTED]
    ours = [v for v in decided if v.word == NOT_TESTED and v.here in CONTRADICTED]
    met = sum(v.word not in (NOT_TESTED, SHOWN) for v in decided)
    none = "No claim is decided yet."
    if met:
        none = f"Claims whose own conditions are met: {met}. None of them is contradicted."
    parts = [items(sentences.sentence(zoo, v) for v in against)] if against else [none]
    if ours:
        lead = "Not tested under all of their own conditions, but our figures so far do not agree with:"
        parts += [lead, items(map(brief, ours))]
    return parts


def items(lines) -> str:
    return "\n".join(f"- {line}" for line in lines)


# ---- limits


def limits(zoo: Zoo, decided: Sequence[Verdict]) -> list[str]:
    parts = [part for v in decided for part in v.parts]
    known = [part for part in parts if part.seeds and part.says != SHOWN]
    alone = sum(part.seeds == 1 for part in known)
    lines = []
    if known:
        lines.append(
            f"**Seeds.** {alone} of {len(known)} comparisons rest on one seed: they have no interval, and no verdict"
            f" rests on them.{seeds(known)}"
        )
    if unseen := undetected(parts):
        lines.append(
            "**Power.** Undecided, where a difference of this size would have been seen four times in five, a smaller"
            f" one less often: {unseen}."
        )
    if chances := comparisons.chances(decided):
        told = ", ".join(f"{key} {comparisons.shown(p)}" for key, (_, p) in chances.items())
        many = f"{len(chances)} claim{'s' * (len(chances) > 1)}"
        lines.append(f"**Chance.** p of what the figures say, corrected for {many} by Holm's rule: {told}.")
    lines += missing(zoo, decided)
    return [items(lines)] if lines else []


def seeds(parts: Sequence[Part]) -> str:
    several = [part.seeds for part in parts if part.seeds > 1]
    if not several:
        return ""
    least, most = min(several), max(several)
    return (
        f" The others rest on {least} seeds."
        if least == most
        else f" The others rest on {least} to {most} seeds."
    )


def undetected(parts: Sequence[Part]) -> str:
    """Of comparisons of several seeds that came to nothing: which difference would mostly have been seen."""
    found: dict[str, list[str]] = {}
    for part in parts:
        if part.power:
            size = part.power.removeprefix(UNSEEN).split()[0].replace("any", "none")
            found.setdefault(part.what, []).append(f"{part.who} {size}".strip())
    return "; ".join(f"{what}: {', '.join(told)}" for what, told in found.items())


def missing(zoo: Zoo, decided: Sequence[Verdict]) -> list[str]:
    """What is not tested, recipe by recipe: trainings that several claims share are counted once."""
    untested = [v for v in decided if v.word == NOT_TESTED]
    lines = []
    for source in dict.fromkeys(v.claim.source for v in untested):
        of = [v for v in untested if v.claim.source == source]
        lack = prices.missing(zoo, source, sentences.untested_cells(of))
        told = sentences.trainings(lack) if lack.runs or lack.carried else "measures that are not taken yet"
        lines.append(f"**Not tested: {', '.join(v.claim.key for v in of)}.** Missing: {told}.")
    if lines:
        lines.append("Core-hours are at the speed of our own, mostly smaller batches: an order of magnitude.")
    return lines
