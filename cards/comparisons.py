"""Tables of the claims: every comparison that a verdict rests on, and the verdicts with their chances."""

from collections.abc import Sequence

from cards import tables
from cards.claims import Verdict
from cards.intervals import holm
from cards.verdicts import Part

CHANCES = (
    "*p*: how often chance alone would say as much as the figures that there are: that of the weakest part or, against"
    " a claim, that of the strongest, times as many as the parts are. A claim has no p where what decides it has"
    " none: a bound, say, or a comparison of one seed. *Corrected* for the number of claims that have one, by Holm's"
    " rule: above 0.05, a verdict may be the one in twenty that comes by itself."
)


def verdicts(decided: Sequence[Verdict]) -> list[str]:
    """A line for each claim; with the chances, and what they mean, where any claim has one."""
    found, rows = chances(decided), []
    for v in decided:
        told = [shown(p) for p in found.get(v.claim.key, (None, None))] if found else []
        rows.append([v.claim.key, f"**{v.word}**", v.here or "–", *told])
    head = ["claim", "verdict", "our figures so far"]
    if not found:
        return [tables.table(head, rows)]
    return [CHANCES, tables.table([*head, "p", "corrected"], rows)]


def chances(decided: Sequence[Verdict]) -> dict[str, tuple[float, float]]:
    """{claim: p, and p corrected} of those that have one."""
    found = {v.claim.key: v.p for v in decided if v.p is not None}
    corrected = holm(found)
    return {key: (p, corrected[key]) for key, p in found.items()}


def shown(p: float | None) -> str:
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.2g}"


def every(decided: Sequence[Verdict]) -> str:
    """A line for each part of each claim: what is compared, its figures, what they come from, and what they say."""
    rows = [[verdict.claim.key, *row(part)] for verdict in decided for part in verdict.parts]
    return tables.table(["claim", "compared", "figures", "seeds", "trained", "they say"], rows)


def row(part: Part) -> list[str]:
    compared = ": ".join(filter(None, [part.what, part.who]))
    figures = f"{part.text}; {part.note}" if part.note else part.text
    return [compared, figures, str(part.seeds or "–"), part.about or "–", part.says or "–"]
