"""How a claim is decided: by intervals of differences between runs that share their training seed."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cards import measures
from cards.intervals import chance, detectable, interval
from cards.measures import MEASURES, show
from cards.runs import STARTER, Run, Zoo

NOT_TESTED, UNDECIDED, SHOWN = "not tested", "undecided", "shown"
DIFFERENCE, AGAINST, PARITY = "difference", "difference, the other way", "parity"
HOLDS, FAILS = "holds", "fails"
WITHIN = 0.10  # of the reference: what counts as parity
# Of a claim with several parts, the first of these that any part has is the claim's.
ORDER = (AGAINST, FAILS, NOT_TESTED, UNDECIDED, SHOWN, PARITY, DIFFERENCE, HOLDS)
COARSE = ("class_coverage",)  # measures of so few values that seeds agree by chance
UNSEEN = "a difference of "  # so begins the note on what could have been seen
CARRIED = "whole"  # tag of the runs that go on to the paper's whole budget


@dataclass(frozen=True)
class Cell:
    architecture: str
    loss: str
    dataset: str

    def __str__(self) -> str:
        return f"`{self.architecture}-{self.loss}-{self.dataset}`"


@dataclass(frozen=True)
class Source:
    """A claim's own set-up: its recipe and its budget in kimg (None: it names none).

    Where the paper's budget is too dear, `kimg` is a part of it, and one seed of each of `carried` goes on to the
    whole; verdicts count if at the end their FIDs have the order that they had, and no longer fall (`carried_on`).
    """

    recipe: str
    kimg: float | None
    carried: tuple[Cell, ...] = ()
    whole: float | None = None  # kimg


@dataclass(frozen=True)
class Part:
    """`text`: the figures. `here`: what they would say if our set-up were the claim's. `unmet`: why it is not.
    `about`: the runs that they come from. `p`: how often chance alone would say as much; None where none is asked.
    `what`: which measure, on what; `who`: of which loss or net; `note`: the rule, or what the figures could not show.
    `cells`: the trainings that it needs; `seeds`: how many of each there are."""

    word: str
    text: str
    here: str = ""
    unmet: str = ""
    about: str = ""
    p: float | None = None
    what: str = ""
    who: str = ""
    note: str = ""
    cells: tuple[Cell, ...] = ()
    seeds: int = 0

    @property
    def says(self) -> str:
        """The figures' own word, whether the claim's conditions are met or not; "" where there are none."""
        return self.here or (self.word if self.word != NOT_TESTED else "")

    @property
    def power(self) -> str:
        """Of its note, what could have been seen; "" where that is not told."""
        return next((told for told in self.note.split("; ") if told.startswith(UNSEEN)), "")


def overall(words: Sequence[str]) -> str:
    return min(words, key=ORDER.index)


# ---- finding what is to be compared


@dataclass(frozen=True)
class Evidence:
    """The runs of some cells that share their seeds: seeds[i][j] is cell j with the i-th seed."""

    recipe: str
    cells: tuple[Cell, ...]
    seeds: list[tuple[Run, ...]]
    missing: str = ""  # why there are none
    too_short: str = ""  # why the source's part of its paper's budget does not do
    failed: str = ""  # trainings that came to nothing, which no figure tells of

    @property
    def about(self) -> str:
        runs = [run for row in self.seeds for run in row]
        steps = " and ".join(f"{n:,}" for n in dict.fromkeys(run.g_steps for run in runs))
        precisions = dict.fromkeys(run.config.training.precision for run in runs)
        mixed = f", {' and '.join(precisions)}" if len(precisions) > 1 else ""
        return f"{self.recipe}, {runs[0].kimg:,.0f} kimg, {steps} generator steps{mixed}"

    def absent(self, what: str, who: str = "") -> Part:
        return Part(NOT_TESTED, self.missing, what=what, who=who, cells=self.cells)


def evidence(zoo: Zoo, source: Source, cells: Sequence[Cell], name: str) -> Evidence:
    """Runs that measured `name`: those of the claim's recipe, else those of the starter zoo."""
    too_short = carried_on(zoo, source)
    best = Evidence(source.recipe, tuple(cells), [])
    for recipe in dict.fromkeys((source.recipe, STARTER)):
        by_cell = [zoo.seeds(recipe, cell.architecture, cell.loss, cell.dataset) for cell in cells]
        common = [seed for seed in by_cell[0] if all(seed in runs for runs in by_cell)]
        rows = [tuple(runs[seed] for runs in by_cell) for seed in common]
        rows = [row for row in rows if measures.alike([run.row(name) for run in row])]
        if len(rows) > len(best.seeds):
            failed = [
                f"{n} of {len(runs)} trainings of {cell.loss} failed"
                for cell, runs in zip(cells, by_cell, strict=True)
                if (n := sum(run.config is None for run in runs.values()))
            ]
            best = Evidence(recipe, tuple(cells), rows, too_short=too_short, failed=", ".join(failed))
        if len(best.seeds) > 1:
            break
    if best.seeds:
        return best
    return Evidence(source.recipe, tuple(cells), [], why_missing(zoo, source, cells, name))


def why_missing(zoo: Zoo, source: Source, cells: Sequence[Cell], name: str) -> str:
    for cell in cells:
        runs = [
            run
            for recipe in (source.recipe, STARTER)
            for run in zoo.seeds(recipe, cell.architecture, cell.loss, cell.dataset).values()
        ]
        if not runs:
            return f"{cell} is not trained yet"
        if all(run.config is None for run in runs):
            return f"{cell} failed: {runs[0].failure}"
        if not any(run.row(name) for run in runs):
            return f"{MEASURES[name].title} of {cell} is not measured yet"
    return "the runs share no seed, or were measured by different protocols"


def unmet(found: Evidence, source: Source) -> str:
    """Why the claim's own conditions are not met; "" where they are."""
    budgets = {run.kimg for row in found.seeds for run in row}
    sizes = {(run.architecture, *size(run)) for row in found.seeds for run in row}
    if source.kimg and found.recipe != source.recipe:
        return f"only the {found.recipe} protocol is measured, not the source's set-up"
    if len(found.seeds) < 2:
        return "one training seed only"
    if len(sizes) > len({architecture for architecture, *_ in sizes}):
        return "the runs differ in width or batch"
    if max(budgets) > 1.01 * min(budgets):
        return "the runs differ in budget"
    if source.kimg and max(budgets) < 0.99 * source.kimg:
        return f"the source's budget is {source.whole or source.kimg:,.0f} kimg"
    if source.whole and min(budgets) >= 0.99 * source.whole:
        return ""
    return found.too_short


def size(run: Run) -> tuple[int | None, int]:
    """Of the generator, and of its batch: two runs of one net that differ in these are no comparison of losses."""
    return run.config.architecture.get("width"), run.config.training.batch


def carried_on(zoo: Zoo, source: Source) -> str:
    """Why figures at a part of the paper's budget cannot stand for the whole; "" where they can, or need not."""
    before, after = {}, {}
    for cell in source.carried:
        long = carried(zoo, source, cell)
        short = zoo.seeds(source.recipe, cell.architecture, cell.loss, cell.dataset).get(
            long.seed if long else 0
        )
        old, new = (run.value("fid") if run else None for run in (short, long))
        if old is None or new is None:
            return f"no seed of {cell} is measured at {source.kimg:,.0f} and at {source.whole:,.0f} kimg yet"
        if new < (1 - WITHIN) * old:
            fell = f"from {show('fid', old)} to {show('fid', new)}"
            return f"FID of {cell} still falls, {fell} at {source.whole:,.0f} kimg"
        before[cell], after[cell] = old, new
    if sorted(before, key=before.__getitem__) != sorted(after, key=after.__getitem__):
        return f"at {source.whole:,.0f} kimg the order of FIDs is another than at {source.kimg:,.0f}"
    return ""


def carried(zoo: Zoo, source: Source, cell: Cell) -> Run | None:
    """The run that went on to the paper's whole budget."""
    runs = zoo.seeds(source.recipe, cell.architecture, cell.loss, cell.dataset, CARRIED).values()
    return next((run for run in runs if run.kimg >= 0.99 * source.whole), None)


def judged(
    found: Evidence,
    source: Source,
    told: tuple[str, str],
    word: str,
    text: str,
    note: str = "",
    p: float | None = None,
    alone: bool = False,
) -> Part:
    """A part with its word, or "not tested" and what the word is at this set-up. `told`: its `what` and `who`.
    `alone`: one seed has a word too, at our set-up, though it is no verdict."""
    reason = unmet(found, source)
    note = "; ".join(filter(None, [found.failed, note]))
    here = word if alone or len(found.seeds) > 1 else UNDECIDED
    return Part(
        NOT_TESTED if reason else word,
        text,
        here,
        reason,
        found.about,
        p,
        *told,
        note,
        found.cells,
        len(found.seeds),
    )


# ---- the rules


def less(zoo: Zoo, source: Source, a: Cell, b: Cell, name: str) -> Part:
    """Difference: A's figure is lower than B's."""
    return _compared(zoo, source, a, b, name, sign=-1)


def more(zoo: Zoo, source: Source, a: Cell, b: Cell, name: str) -> Part:
    """Difference: A's figure is higher than B's."""
    return _compared(zoo, source, a, b, name, sign=1)


def _compared(zoo: Zoo, source: Source, a: Cell, b: Cell, name: str, sign: int) -> Part:
    found, told = evidence(zoo, source, (a, b), name), versus(a, b, name)
    if found.missing:
        return found.absent(*told)
    values = [(x.value(name), y.value(name)) for x, y in found.seeds]
    if any(None in pair for pair in values):
        return judged(found, source, told, UNDECIDED, "no value in some run")
    text, low, high = difference(values, name)
    if why := unfit(found, name):
        return judged(found, source, told, UNDECIDED, text, f"no measure of stability: {why}")
    word = UNDECIDED
    if low is not None and not low <= 0 <= high:
        word = DIFFERENCE if (low > 0) == (sign > 0) else AGAINST
    apart = [x - y for x, y in values]
    if low is None:  # one seed, or no deviation over seeds
        return judged(found, source, told, word, text)
    size = detectable(apart)
    possible = size < MEASURES[name].widest
    seen = (
        f"{show(name, size)} would be seen four times in five"
        if possible
        else "any size would mostly be missed"
    )
    return judged(
        found, source, told, word, text, UNSEEN + seen if word == UNDECIDED else "", p=chance(apart)
    )


def versus(a: Cell, b: Cell, name: str) -> tuple[str, str]:
    """A measure on what two cells share, and A minus B by what they do not."""
    if a.architecture == b.architecture:
        return f"{MEASURES[name].title}, {a.architecture} on {a.dataset}", f"{a.loss} − {b.loss}"
    return f"{MEASURES[name].title}, {a.loss} on {a.dataset}", f"{a.architecture} − {b.architecture}"


def same(zoo: Zoo, source: Source, a: Cell, b: Cell, name: str) -> Part:
    """Parity: the interval of A minus B lies within ±10 % of B's figure."""
    found, told = evidence(zoo, source, (a, b), name), versus(a, b, name)
    if found.missing:
        return found.absent(*told)
    values = [(x.value(name), y.value(name)) for x, y in found.seeds]
    if any(None in pair for pair in values):
        return judged(found, source, told, UNDECIDED, "no value in some run")
    text, low, high = difference(values, name)
    bound = WITHIN * abs(statistics.fmean(y for _, y in values))
    word = PARITY if low is not None and -bound <= low and high <= bound else UNDECIDED
    text = f"{text}, parity within ±{show(name, bound)}"
    p = None if low is None else chance([x - y for x, y in values], bound)
    return judged(found, source, told, word, text, p=p)


def difference(values: Sequence[tuple[float, float]], name: str) -> tuple[str, float | None, float | None]:
    """The paired difference in words and its interval; ends are None with one seed, and where a coarse measure differs
    alike with all: its deviation of 0 says nothing of another seed."""
    a, b = (statistics.fmean(side) for side in zip(*values, strict=True))
    means = f"{show(name, a)} − {show(name, b)}"
    apart = [x - y for x, y in values]
    if len(values) < 2 or (name in COARSE and max(apart) - min(apart) < 1e-9):
        alike = ", the same with each seed" if len(values) > 1 else ""
        return f"{means} = {show(name, a - b)}".replace("-", "−") + alike, None, None
    mean, low, high = interval(apart)
    widest = MEASURES[name].widest  # of few seeds Student's t, which knows no bounds, reaches past it
    low, high = max(low, -widest), min(high, widest)
    text = f"{means} = {show(name, mean)} [{show(name, low)}, {show(name, high)}]"
    return text.replace("-", "−"), low, high


def unfit(found: Evidence, name: str) -> str:
    """Which losses' critics had won or died, and in how many runs, if the figure would take that for calm."""
    of_curves = name.startswith(("swing", "settled"))
    words = [(measures.unfit(run.row(name)), run.loss) for row in found.seeds for run in row if of_curves]
    counts = Counter(pair for pair in words if pair[0])
    return ", ".join(
        f"{word} of {loss} in {n} of {len(found.seeds)} seeds" for (word, loss), n in counts.items()
    )


def threshold(
    zoo: Zoo,
    source: Source,
    cell: Cell,
    name: str,
    judge: Callable[[Sequence[float]], str],
    rule: str = "",
    p: Callable[[Sequence[float]], float | None] = lambda values: None,
) -> Part:
    """One cell's figures over its seeds, by a rule of their values; None is a figure that has no value."""
    found = evidence(zoo, source, (cell,), name)
    told = f"{MEASURES[name].title}, {cell.architecture} on {cell.dataset}", cell.loss
    if found.missing:
        return found.absent(*told)
    values = [row[0].value(name) for row in found.seeds]
    text = " and ".join(show(name, value) for value in values).replace("-", "−")
    if why := unfit(found, name):
        return judged(found, source, told, UNDECIDED, text, f"no measure of stability: {why}", alone=True)
    chance_alone = None if None in values else p(values)
    return judged(found, source, told, judge(values), text, rule, chance_alone, alone=True)


def bounds(holds: Callable[[float | None], bool]) -> Callable[[Sequence[float | None]], str]:
    """The rule of a bound on each seed's figure: kept by all it holds, by none it fails, else it is undecided."""

    def judge(values: Sequence[float | None]) -> str:
        kept = [holds(value) for value in values]
        return HOLDS if all(kept) else UNDECIDED if any(kept) else FAILS

    return judge
