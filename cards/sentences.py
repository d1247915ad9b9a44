"""A claim in a few plain words: its verdict, the figures that decide it, and what is missing where it is not tested."""

from collections import Counter
from collections.abc import Sequence

from cards.claims import Verdict
from cards.prices import Missing, missing
from cards.runs import Zoo
from cards.verdicts import (
    AGAINST,
    DIFFERENCE,
    FAILS,
    HOLDS,
    NOT_TESTED,
    ORDER,
    PARITY,
    SHOWN,
    UNDECIDED,
    Cell,
    Part,
)
from zoo.measurements import COLLAPSED

MOST = 2  # measures that a sentence tells of; the tables have them all
CONFIRMED, CONTRADICTED = (DIFFERENCE, PARITY, HOLDS), (AGAINST, FAILS)
# What the pages call collapsed, of runs and models alike; the claim L3 has a bound of its own.
COLLAPSE = (
    "recall below {recall:g} or, where recall was not measured, less than {class_coverage:.0%} of the classes covered"
).format(**COLLAPSED)
READINGS = dict.fromkeys(CONFIRMED, "as claimed") | dict.fromkeys(CONTRADICTED, "contrary to the claim")


def sentence(zoo: Zoo, verdict: Verdict) -> str:
    """A claim, its verdict, the figures it rests on, and what is missing."""
    parts = [f"{headline(verdict)} *{capital(verdict.claim.text)}.*"]
    if figures := evidence(verdict):
        parts.append(figures)
    if lack := wanting(zoo, verdict):
        parts.append(lack)
    return " ".join(parts)


def headline(verdict: Verdict) -> str:
    reading = READINGS.get(verdict.word)
    return f"**{verdict.claim.key}, {verdict.word}{f' ({reading})' if reading else ''}.**"


def evidence(verdict: Verdict) -> str:
    """What our figures say, the deciding ones first; "" where there are none."""
    known = [part for part in verdict.parts if part.says or part.about]
    if not known:
        return ""
    words = Counter(part.says for part in known if part.says)
    groups: dict[str, list[Part]] = {}
    for part in leading(known):
        groups.setdefault(part.what, []).append(part)
    told = "; ".join(group(parts, len(words) > 1) for parts in [*groups.values()][:MOST])
    lead = whose(verdict, known)
    if len(words) == 1 and verdict.word == NOT_TESTED:
        lead += f", *{next(iter(words))}*"
    if len(groups) > MOST:
        counts = " and ".join(f"{words[word]} *{word}*" for word in ORDER if words[word])
        lead += f", {counts} of {len(known)}" if len(words) > 1 else f" in all {len(known)}"
        lead += " comparisons, for instance"
    return f"{lead}: {told}."


def whose(verdict: Verdict, known: Sequence[Part]) -> str:
    """By which set-up figures were made: the source's, or one of ours where the source has its own."""
    source = verdict.claim.source
    if source.kimg and all(part.about and not part.about.startswith(f"{source.recipe},") for part in known):
        return "At our own set-up"
    return "Our figures so far" if verdict.word == NOT_TESTED else "Our figures"


def leading(parts: Sequence[Part]) -> list[Part]:
    """The deciding ones first, whose word is the worst if it is a decision or also goes against the claim; then by
    seeds, then by p."""
    worst = min((part.says for part in parts if part.says), key=ORDER.index, default=UNDECIDED)

    def rank(part: Part) -> tuple:
        decides = part.says == worst and worst not in (UNDECIDED, SHOWN)
        decides = decides or part.says in CONTRADICTED
        return not decides, -part.seeds, 1.0 if part.p is None else part.p

    return sorted(parts, key=rank)


def group(parts: Sequence[Part], words: bool) -> str:
    """One measure on one net, of all that it is told of: "FID, dcgan on cifar10: focal − vanilla 52.4 − 51.9 = …"."""
    notes = dict.fromkeys(note for part in parts if (note := _note(part)))
    seeds = {part.seeds for part in parts}
    told = []
    for part in parts:
        text = f"{part.who} {'= ' if ' = ' in part.text else ''}{part.text}".strip()
        text += many(part.seeds) if len(seeds) > 1 else ""
        told.append(f"{text} (*{part.says}*)" if words and part.says else text)
    shared = many(seeds.pop()) if len(seeds) == 1 else ""
    return f"{parts[0].what}: {', '.join(told)}{shared}" + "".join(f" ({note})" for note in notes)


def _note(part: Part) -> str:
    """Its note without what could have been seen, which stands among the limits."""
    return "; ".join(told for told in part.note.split("; ") if told and told != part.power)


def many(seeds: int) -> str:
    return {0: "", 1: ", one seed"}.get(seeds, f", {seeds} seeds")


def wanting(zoo: Zoo, verdict: Verdict) -> str:
    """What a claim that is not tested lacks, and its price; "" of one that is."""
    if verdict.word != NOT_TESTED:
        return ""
    untested = [part for part in verdict.parts if part.word == NOT_TESTED]
    lack = still(zoo, verdict)
    told = [trainings(lack)] if lack and (lack.runs or lack.carried) else []
    told += dict.fromkeys(
        part.text for part in untested if not part.about and "not trained yet" not in part.text
    )
    if not told:  # all is trained, and yet
        told = list(dict.fromkeys(part.unmet or part.text for part in untested))
    return f"Missing: {'; '.join(told)}."


def still(zoo: Zoo, verdict: Verdict) -> Missing | None:
    """The trainings that a claim lacks; None where none of its parts needs any."""
    cells = untested_cells([verdict])
    return missing(zoo, verdict.claim.source, cells) if cells else None


def untested_cells(decided: Sequence[Verdict]) -> list[Cell]:
    """What the parts that are not tested need trainings of, each once."""
    parts = (part for verdict in decided for part in verdict.parts if part.word == NOT_TESTED)
    return list(dict.fromkeys(cell for part in parts for cell in part.cells))


def trainings(lack: Missing) -> str:
    budget = f"{lack.kimg:,.0f} kimg each" if lack.kimg else "at its budgets"
    told = []
    if lack.runs or not lack.carried:
        told.append(f"{lack.runs} of {lack.planned} trainings (settings of `{lack.recipe}`, {budget})")
    if lack.carried:
        told.append(f"{lack.carried} of `{lack.recipe}` carried on to {lack.whole:,.0f} kimg")
    return f"{' and '.join(told)}, {hours(lack)}"


def hours(lack: Missing) -> str:
    unpriced = ", ".join(f"`{name}`" for name in lack.unpriced)
    if not lack.hours:
        return f"of unknown price: no {unpriced} has been trained"
    told = (
        f"about {lack.hours:,.0f} core-hours" if lack.hours >= 1.5 else f"about {lack.hours:.1f} core-hours"
    )
    return f"{told} without {unpriced}, whose speed is not known" if unpriced else told


def tally(decided: Sequence[Verdict]) -> str:
    """How many claims came to what, and which."""
    met = {word: [v.claim.key for v in decided if v.word == word] for word in ORDER}
    told = listed(
        ("as claimed", [key for word in CONFIRMED for key in met[word]]),
        ("contrary to the claim", [key for word in CONTRADICTED for key in met[word]]),
        ("undecided", met[UNDECIDED]),
        ("for eyes to judge", met[SHOWN]),
    )
    untested = listed(("not tested under their source's own conditions", met[NOT_TESTED])).partition(" (")[0]
    return f"Of {len(decided)} claims: {'; '.join(filter(None, [told, untested]))}."


def so_far(decided: Sequence[Verdict]) -> str:
    """What our figures say of the claims that are not tested; "" where all are."""
    others = [v for v in decided if v.word == NOT_TESTED]
    told = listed(
        ("as claimed", [v.claim.key for v in others if v.here in CONFIRMED]),
        ("contrary to the claim", [v.claim.key for v in others if v.here in CONTRADICTED]),
        ("undecided", [v.claim.key for v in others if v.here == UNDECIDED]),
        ("without a verdict", [v.claim.key for v in others if not v.here]),
    )
    return f"What our own figures say so far of those not tested: {told}." if told else ""


def listed(*groups: tuple[str, Sequence[str]]) -> str:
    return "; ".join(f"{len(keys)} {what} ({', '.join(sorted(keys))})" for what, keys in groups if keys)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
