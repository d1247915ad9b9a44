"""What a claim that is not tested still needs: which trainings are missing, and how many core-hours they would take."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cards.runs import STARTER, Zoo
from cards.verdicts import Cell, Source, carried
from zoo import architectures

SEEDS = 3  # of each training, as the papers' recipes plan
RECIPES = Path(__file__).parents[1] / "train" / "recipes"


@dataclass(frozen=True)
class Missing:
    """`runs` of `planned` trainings by a recipe's settings, each of `kimg` (None: not one for all), and their `hours`
    of one core: all but of `unpriced` architectures, of which no run tells how fast they are. `carried`: trainings
    that are still to go on from there to `whole` kimg."""

    recipe: str
    kimg: float | None
    runs: int
    planned: int
    hours: float
    unpriced: tuple[str, ...]
    carried: int = 0
    whole: float | None = None


def missing(zoo: Zoo, source: Source, cells: Sequence[Cell]) -> Missing:
    """The trainings of `cells` that their source's set-up still needs; of a source without one, by the best-known."""
    recipes = (source.recipe,) if source.kimg else (source.recipe, STARTER)
    budgets = {recipe: {cell: source.kimg or budget(cell, recipe) for cell in cells} for recipe in recipes}
    lack = {
        recipe: {cell: lacking(zoo, recipe, cell, kimg) for cell, kimg in of.items()}
        for recipe, of in budgets.items()
    }
    recipe = min(recipes, key=lambda recipe: sum(lack[recipe].values()))
    todo = [(cell, n, budgets[recipe][cell]) for cell, n in lack[recipe].items() if n]
    longer = [cell for cell in source.carried if not carried(zoo, source, cell)]
    todo += [(cell, 1, source.whole - source.kimg) for cell in longer]
    rates = {cell: seconds_per_kimg(zoo, cell, recipe) for cell, _, kimg in todo if kimg}
    every = set(budgets[recipe].values())
    return Missing(
        recipe,
        every.pop() if len(every) == 1 else None,
        sum(lack[recipe].values()),
        SEEDS * len(cells),
        sum(n * kimg * rates[cell] for cell, n, kimg in todo if rates.get(cell)) / 3600,
        tuple(dict.fromkeys(cell.architecture for cell, _, _ in todo if not rates.get(cell))),
        len(longer),
        source.whole,
    )


def lacking(zoo: Zoo, recipe: str, cell: Cell, kimg: float | None) -> int:
    """How many seeds of a cell are not trained, by this recipe and with this budget."""
    runs = zoo.seeds(recipe, cell.architecture, cell.loss, cell.dataset).values()
    return max(0, SEEDS - sum(run.config is not None and run.kimg >= 0.99 * (kimg or 0) for run in runs))


def budget(cell: Cell, recipe: str = STARTER) -> float | None:
    """The kimg that a recipe gives this architecture on a CPU; None where it leaves that to the script."""
    found = tomllib.loads((RECIPES / f"{recipe}.toml").read_text(encoding="utf-8"))
    script = architectures.get(cell.architecture).script
    cpu = found.get("cpu", {})
    return (found.get("options", {}) | cpu.get(script, {}) | cpu.get(cell.architecture, {})).get("kimg")


def seconds_per_kimg(zoo: Zoo, cell: Cell, recipe: str) -> float | None:
    """Core-seconds per thousand pictures, over our runs of this architecture: on this data set, with this loss and
    by this recipe (whose batch may be another), where there are any."""
    timed = [
        (run, run.config.training.seconds * int(threads[1]))
        for run in zoo.runs
        if run.architecture == cell.architecture
        and run.config
        and (threads := re.search(r"(\d+) threads?$", run.config.training.hardware))
    ]
    timed = [one for one in timed if one[0].dataset == cell.dataset] or timed
    timed = [one for one in timed if one[0].loss == cell.loss] or timed
    timed = [one for one in timed if one[0].recipe == recipe] or timed
    kimg = sum(run.kimg for run, _ in timed)
    return sum(seconds for _, seconds in timed) / kimg if kimg else None
