"""A recipe: which cells are trained, and how that differs from the scripts' defaults. TOML -> a plan.

    about = "how it departs from its source"
    [options]           options of every cell, named as in a script's --help, with _ for -
    [cpu.dcgan]         a budget: options of all cells of one script, and optionally its pictures_per_second on the
    [gpu.dcgan]         machine in mind, for a loss with one critic step and no penalty
    [cpu.cdcgan]        where an architecture of that script departs from the script's table
    [[cells]]           cells, in the order in which they are trained; any option may stand here too
    architectures = ["dcgan", "cdcgan"]
    losses = ["vanilla", "focal"]       or "all": every loss that the architecture takes
    seeds = [0, 1, 2]                   default [0]; the first seed that a recipe names is the cell itself
    tag = "layer-norm"                  part of the name, for cells that differ in more than loss and architecture
    kimg_times = 5                      so many times the budget

A cell that is named again with the same options counts once, so a later "all" means the rest.
"""

import itertools
import tomllib
import types
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from train.reading.sources import called
from train.running.cell import rules
from train.running.options import ASIDE, TrainingOptions, check, words
from zoo.architectures import ARCHITECTURES
from zoo.errors import Refused, ZooError, unknown
from zoo.losses import LOSSES

SHIPPED = Path(__file__).parents[1] / "recipes"
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
    pictures_per_second: float | None = None

    @property
    def script(self) -> str:
        return ARCHITECTURES[self.architecture].script

    @property
    def id(self) -> str:
        """As its config.json will say."""
        return f"{self.architecture}-{self.options.loss}-{called(self.options.dataset).name}"

    @property
    def kind(self) -> str:
        return f"{self.id}-{self.tag}" if self.tag else self.id

    @property
    def seeded(self) -> str:
        return f"{self.kind}-seed{self.options.seed}"

    @property
    def name(self) -> str:
        """Of its folder, and in the table."""
        return self.kind if self.first else self.seeded

    @property
    def bundled(self) -> bool:
        """Whether its weights become part of the zoo."""
        return self.recipe == STARTER and self.first and not self.tag

    def arguments(self, out: Path) -> list[str]:
        """Of the script: whatever differs from its defaults. Given again, they go on where they stopped."""
        return [*words(self.options), "--out", str(out / self.recipe / self.name), "--resume"]


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
        for key in data:
            if key not in ("about", "options", "cpu", "gpu", "cells"):
                raise unknown("key", key, ("about", "options", "cpu", "gpu", "cells"))
        if not isinstance(data.get("about"), str) or not isinstance(data.get("cells"), list):
            raise Refused("it needs an about text and [[cells]]")
        blocks = [block(given) for given in data["cells"]]
        if budget in ("cpu", "gpu"):
            budgets = data.get(budget, {})
        else:
            blamed = Path(budget)
            budgets = parse(blamed)
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
    for name in ("architectures", "losses"):
        if name not in given:
            raise Refused(f"[[cells]] needs {name}")
    for name, hint in own.items():
        if name in given:
            must_fit(name, hint, given[name])
    for architecture in given["architectures"]:
        if architecture not in ARCHITECTURES:
            raise unknown("architecture", architecture, ARCHITECTURES)
    for loss in given["losses"] if given["losses"] != "all" else ():
        if loss not in LOSSES and loss != "none":
            raise unknown("loss", loss, [*LOSSES, "none"])
    mine = {name: value for name, value in given.items() if name in own}
    return Block(**mine, options={name: value for name, value in given.items() if name not in own})


def expand(recipe: str, shared: dict, budgets: dict[str, dict], blocks: list[Block]) -> list[Planned]:
    plan: dict[tuple[str, int], Planned] = {}
    first_seeds: dict[str, int] = {}
    for block in blocks:
        for seed, architecture in itertools.product(block.seeds, block.architectures):
            row = ARCHITECTURES[architecture]
            script = row.script
            if script not in budgets:
                raise Refused(f"the budget has no table [{script}]")
            given = shared | budgets[script] | budgets.get(architecture, {}) | block.options
            speed = given.pop("pictures_per_second", None)
            must_fit("pictures_per_second", float | None, speed)
            for loss in LOSSES if block.losses == "all" else block.losses:
                options = build(script, given, row.options | {"loss": loss, "seed": seed})
                options = replace(options, kimg=options.kimg * block.kimg_times)
                check(options)
                if not is_allowed(architecture, options, skip=block.losses == "all"):
                    continue
                cell = Planned(recipe, architecture, options, block.tag, pictures_per_second=speed)
                cell = replace(cell, first=first_seeds.setdefault(cell.kind, seed) == seed)
                if plan.setdefault((cell.kind, seed), cell) != cell:
                    raise Refused(f"two different cells are called {cell.name}: give one of them a tag")
    if not plan:
        raise Refused("it has no cells")
    return list(plan.values())


def is_allowed(architecture: str, options: TrainingOptions, *, skip: bool) -> bool:
    """Whether the architecture takes the loss; Refused where it does not, unless such cells are to be skipped."""
    try:
        rules(architecture, options)
    except Refused:
        if skip:
            return False
        raise
    return True


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


def must_fit(name: str, hint: Any, value: Any) -> None:
    if not fits(hint, value):
        kind = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
        raise Refused(f"{name} must be {kind.replace('typing.', '')}, not {value!r}")


def fits(hint: Any, value: Any) -> bool:
    """Whether a value of TOML is of the annotated type; a list stands for a tuple, a whole number for a float."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(one, value) for one in arguments)
    if origin is Literal:
        return value in arguments
    if origin in (tuple, list):
        right_length = origin is list or arguments[-1] is Ellipsis or len(value) == len(arguments)
        return isinstance(value, list) and right_length and all(fits(arguments[0], item) for item in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint
