"""A recipe: which cells are trained, and how that differs from the scripts' defaults. TOML -> a plan.

    about = "how it departs from its source"
    [options]           options of every cell, named as in a script's --help, with _ for -
    [cpu.dcgan]         options of all cells of one script by the budget "cpu"; [gpu.dcgan] by the other
    [cpu.cdcgan]        where an architecture of that script departs from the script's table
    [[cells]]           cells, in the order in which they are trained; any option may stand here too
    architectures = ["dcgan", "cdcgan"]
    losses = ["vanilla", "focal"]       or "all": every loss that the architecture takes
    seeds = [0, 1, 2]                   default [0]; the first seed that a recipe names is the cell itself
    tag = "layer-norm"                  part of the name, for cells that differ in more than loss and architecture
    kimg_times = 5                      so many times the budget

Nothing is augmented unless `augment` says so.

A cell that is named again with the same options counts once; "all" means those that no block before it has named.
"""

import itertools
import tomllib
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_type_hints

from train.arguments import must_fit
from train.reading.sources import called
from train.running.cell import rules
from train.running.options import ASIDE, TrainingOptions, as_recorded, check, words
from zoo.architectures import ARCHITECTURES
from zoo.errors import Refused, ZooError, unknown
from zoo.losses import LOSSES

SHIPPED = Path(__file__).parents[1] / "recipes"
KEYS = ("about", "options", "cpu", "gpu", "cells")
STARTER = "starter-zoo"  # the recipe whose cells are bundled

# Set by a cell's place in the recipe, or no matter of what is trained.
MANAGED = {"loss", "seed", *ASIDE}.union(*(row.options for row in ARCHITECTURES.values()))
TABLES = list(dict.fromkeys([*(row.script for row in ARCHITECTURES.values()), *ARCHITECTURES]))  # of a budget


@dataclass(frozen=True)
class Planned:
    """One training that a recipe asks for."""

    recipe: str
    architecture: str
    options: TrainingOptions  # complete, as the script would parse them
    tag: str = ""
    first: bool = True  # the first seed of its kind

    @property
    def script(self) -> str:
        return ARCHITECTURES[self.architecture].script

    @property
    def id(self) -> str:
        """As its config.json will say."""
        return f"{self.architecture}-{self.options.loss}-{called(self.options.dataset, self.options.config).name}"

    @property
    def kind(self) -> str:
        return f"{self.id}-{self.tag}" if self.tag else self.id

    @property
    def seeded(self) -> str:
        return f"{self.kind}-seed{self.options.seed}"

    @property
    def name(self) -> str:
        """Of its folder, and in what is shown."""
        return self.kind if self.first else self.seeded

    @property
    def bundled(self) -> bool:
        """Whether its weights become part of the zoo."""
        return self.recipe == STARTER and self.first and not self.tag

    def folder(self, out: Path) -> Path:
        return out / self.recipe / self.name

    def arguments(self, out: Path) -> list[str]:
        """Of the script: whatever differs from its defaults. Given again, they go on where they stopped."""
        return [*words(self.options), "--out", str(self.folder(out)), "--resume"]


@dataclass(frozen=True)
class Block:
    """One [[cells]] of a recipe."""

    architectures: list[str]
    losses: list[str] | Literal["all"]
    seeds: list[int] = field(default_factory=lambda: [0])
    tag: str = ""
    kimg_times: float = 1
    options: dict[str, Any] = field(default_factory=dict)


def read(recipe: str, budget: str = "cpu") -> list[Planned]:
    """The plan of a recipe, shipped (by name) or anybody's (a path), with its budget "cpu" or "gpu", or a file's.

    A ZooError names the first thing in it that is unknown or may not be.
    """
    path = SHIPPED / f"{recipe}.toml" if "/" not in recipe and not recipe.endswith(".toml") else Path(recipe)
    if not path.is_file():
        raise unknown("recipe", recipe, shipped())
    blamed = path
    try:
        data = parse(path)
        for key in data.keys() - KEYS:
            raise unknown("key", key, KEYS)
        if not isinstance(data.get("about"), str) or not isinstance(data.get("cells"), list):
            raise Refused("it needs an about text and [[cells]]")
        blocks = [block(given) for given in data["cells"]]
        blamed = path if budget in ("cpu", "gpu") else Path(budget)
        budgets = data.get(budget, {}) if blamed == path else parse(blamed)
        for table in budgets:
            if table not in TABLES:
                raise unknown("script or architecture", table, TABLES)
        return expand(path.stem, data.get("options", {}), budgets, blocks)
    except ZooError as error:
        raise type(error)(f"{blamed.name}: {error}") from None


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"cannot be read: {error}") from None


def block(given: dict[str, Any]) -> Block:
    own = {name: hint for name, hint in get_type_hints(Block).items() if name != "options"}
    mine = {name: value for name, value in given.items() if name in own}
    for name, value in mine.items():
        must_fit(name, own[name], value)
    if missing := {"architectures", "losses"} - mine.keys():
        raise Refused(f"[[cells]] needs {' and '.join(sorted(missing))}")
    asked = {"architecture": mine["architectures"], "loss": mine["losses"] if mine["losses"] != "all" else ()}
    known = {"architecture": ARCHITECTURES, "loss": [*LOSSES, "none"]}
    for what, name in ((what, name) for what, names in asked.items() for name in names):
        if name not in known[what]:
            raise unknown(what, name, known[what])
    return Block(**mine, options={name: value for name, value in given.items() if name not in own})


def expand(recipe: str, shared: dict, budgets: dict[str, dict], blocks: list[Block]) -> list[Planned]:
    plan: dict[tuple[str, int], Planned] = {}
    first_seeds: dict[str, int] = {}
    for block in blocks:
        for seed, architecture in itertools.product(block.seeds, block.architectures):
            row, script = ARCHITECTURES[architecture], ARCHITECTURES[architecture].script
            if script not in budgets:
                raise Refused(f"the budget has no table [{script}]")
            given = shared | budgets[script] | budgets.get(architecture, {}) | block.options
            for loss in LOSSES if block.losses == "all" else block.losses:
                options = build(script, given, row.options | {"loss": loss, "seed": seed})
                options = replace(options, kimg=options.kimg * block.kimg_times)
                if (
                    as_recorded(options)["augment"] == "auto"
                ):  # a recipe does not depend on how many there are
                    options = replace(options, augment="none")
                check(options)
                try:
                    rules(architecture, options)
                except Refused:
                    if block.losses == "all":  # that the architecture takes
                        continue
                    raise
                cell = Planned(recipe, architecture, options, block.tag)
                if block.losses == "all" and (cell.kind, seed) in plan:
                    continue
                cell = replace(cell, first=first_seeds.setdefault(cell.kind, seed) == seed)
                if plan.setdefault((cell.kind, seed), cell) != cell:
                    raise Refused(f"two different cells are called {cell.name}: give one of them a tag")
    if not plan:
        raise Refused("it has no cells")
    return list(plan.values())


def build(script: str, given: dict[str, Any], decided: dict[str, Any]) -> TrainingOptions:
    """The script's options, checked by name and type."""
    kind = options_of(script)
    hints = get_type_hints(kind)
    for name, value in given.items():
        if name not in hints.keys() - MANAGED:
            raise unknown(f"option of {script}.py for recipes", name, sorted(hints.keys() - MANAGED))
        must_fit(name, hints[name], value)
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return kind(**values, **decided)


def options_of(script: str) -> type[TrainingOptions]:
    """What `train/<script>.py` asks for."""
    return import_module(f"train.{script}").Options
