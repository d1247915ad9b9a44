"""What a claim that is not tested still needs: which trainings are missing, and how many core-hours they would take."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cards.runs import STARTER, Zoo
from cards.verdicts import Cell, Source

SEEDS = 3  # of each training, as the recipes plan


@dataclass(frozen=True)
class Missing:
    """`runs` of `planned` trainings by a recipe, and their `hours` of one core: all but of `unpriced` architectures,
    of which no run tells how fast they are."""

    recipe: str
    kimg: float | None
    runs: int
    planned: int
    hours: float
    unpriced: tuple[str, ...]


def missing(zoo: Zoo, source: Source, cells: Sequence[Cell]) -> Missing:
    """The trainings of `cells` that their source's set-up still needs; of a source without one, by the best-known."""
    recipes = (source.recipe,) if source.kimg else (source.recipe, STARTER)
    by_recipe = [
        (recipe, {cell: lacking(zoo, recipe, cell, source.kimg) for cell in cells}) for recipe in recipes
    ]
    recipe, lack = min(by_recipe, key=lambda found: sum(found[1].values()))
    seconds, unpriced = 0.0, []
    for cell, n in lack.items():
        rate, kimg = seconds_per_kimg(zoo, cell), source.kimg or budget(zoo, cell)
        if n and rate and kimg:
            seconds += n * rate * kimg
        elif n:
            unpriced.append(cell.architecture)
    planned = SEEDS * len(cells)
    return Missing(
        recipe, source.kimg, sum(lack.values()), planned, seconds / 3600, tuple(dict.fromkeys(unpriced))
    )


def lacking(zoo: Zoo, recipe: str, cell: Cell, kimg: float | None) -> int:
    """How many seeds of a cell are not trained, by this recipe and with this budget."""
    runs = zoo.seeds(recipe, cell.architecture, cell.loss, cell.dataset).values()
    return max(0, SEEDS - sum(run.config is not None and run.kimg >= 0.99 * (kimg or 0) for run in runs))


def budget(zoo: Zoo, cell: Cell) -> float:
    """The kimg that the starter zoo gives this architecture; 0 where it has trained none."""
    return max(
        (run.kimg for run in zoo.runs if run.recipe == STARTER and run.architecture == cell.architecture),
        default=0.0,
    )


def seconds_per_kimg(zoo: Zoo, cell: Cell) -> float | None:
    """Core-seconds per thousand pictures, over our runs of this architecture and loss, or else of any of its losses."""
    timed = [
        (run, run.config.training.seconds * int(threads[1]))
        for run in zoo.runs
        if run.architecture == cell.architecture
        and run.config
        and (threads := re.search(r"(\d+) threads?$", run.config.training.hardware))
    ]
    timed = [one for one in timed if one[0].loss == cell.loss] or timed
    kimg = sum(run.kimg for run, _ in timed)
    return sum(seconds for _, seconds in timed) / kimg if kimg else None
