"""What a claim that is not tested still needs: which trainings are missing, and how many core-hours they would take."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cards.runs import STARTER, Zoo
from cards.verdicts import Cell, Source
from zoo import architectures

SEEDS = 3  # of each training, as the papers' recipes plan
RECIPE = Path(__file__).parents[1] / "train" / "recipes" / f"{STARTER}.toml"


@dataclass(frozen=True)
class Missing:
    """`runs` of `planned` trainings by a recipe's settings, each of `kimg` (None: not one for all), and their `hours`
    of one core: all but of `unpriced` architectures, of which no run tells how fast they are."""

    recipe: str
    kimg: float | None
    runs: int
    planned: int
    hours: float
    unpriced: tuple[str, ...]


def missing(zoo: Zoo, source: Source, cells: Sequence[Cell]) -> Missing:
    """The trainings of `cells` that their source's set-up still needs; of a source without one, by the best-known."""

    def kimg(recipe: str, cell: Cell) -> float | None:
        return source.kimg or (budget(cell) if recipe == STARTER else None)

    recipes = (source.recipe,) if source.kimg else (source.recipe, STARTER)
    by_recipe = [
        (recipe, {cell: lacking(zoo, recipe, cell, kimg(recipe, cell)) for cell in cells})
        for recipe in recipes
    ]
    recipe, lack = min(by_recipe, key=lambda found: sum(found[1].values()))
    seconds, unpriced = 0.0, []
    for cell, n in lack.items():
        rate, each = seconds_per_kimg(zoo, cell), source.kimg or budget(cell)
        if n and rate and each:
            seconds += n * rate * each
        elif n:
            unpriced.append(cell.architecture)
    every = {kimg(recipe, cell) for cell in cells}
    return Missing(
        recipe,
        every.pop() if len(every) == 1 else None,
        sum(lack.values()),
        SEEDS * len(cells),
        seconds / 3600,
        tuple(dict.fromkeys(unpriced)),
    )


def lacking(zoo: Zoo, recipe: str, cell: Cell, kimg: float | None) -> int:
    """How many seeds of a cell are not trained, by this recipe and with this budget."""
    runs = zoo.seeds(recipe, cell.architecture, cell.loss, cell.dataset).values()
    return max(0, SEEDS - sum(run.config is not None and run.kimg >= 0.99 * (kimg or 0) for run in runs))


def budget(cell: Cell) -> float | None:
    """The kimg that the starter recipe gives this architecture on a CPU; None where it leaves that to the script."""
    tables = tomllib.loads(RECIPE.read_text(encoding="utf-8"))["cpu"]
    script = architectures.get(cell.architecture).script
    return (tables.get(script, {}) | tables.get(cell.architecture, {})).get("kimg")


def seconds_per_kimg(zoo: Zoo, cell: Cell) -> float | None:
    """Core-seconds per thousand pictures, over our runs of this architecture: on this data set and with
    this loss, where there are any."""
    timed = [
        (run, run.config.training.seconds * int(threads[1]))
        for run in zoo.runs
        if run.architecture == cell.architecture
        and run.config
        and (threads := re.search(r"(\d+) threads?$", run.config.training.hardware))
    ]
    timed = [one for one in timed if one[0].dataset == cell.dataset] or timed
    timed = [one for one in timed if one[0].loss == cell.loss] or timed
    kimg = sum(run.kimg for run, _ in timed)
    return sum(seconds for _, seconds in timed) / kimg if kimg else None
