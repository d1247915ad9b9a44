"""The table of families in the project's README: what is bundled, and the best of each.

It stands between two comments there, and `python -m cards.overview` writes and checks it with the overview.
"""

from collections.abc import Sequence
from pathlib import Path

from cards import tables
from cards.measures import show, title
from cards.runs import STARTER, Run, Zoo
from zoo.errors import Refused
from zoo.files import replace_file

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- python -m cards.overview writes this table -->\n", "<!-- end -->"
MODELS = "zoo/checkpoints"


def families(zoo: Zoo) -> str:
    """A line a family: its data, how many losses are bundled, and the best of them by FID."""
    lines = []
    for architecture, dataset in tables.families(zoo):
        seeds = (zoo.seeds(STARTER, architecture, loss, dataset).get(0) for loss in tables.LOSSES_AND_NONE)
        if bundled := [run for run in seeds if run and run.config]:
            losses = sum(run.loss != "none" for run in bundled)
            lines.append([architecture, dataset, str(losses), best(bundled)])
    return tables.table(["family", "data", "losses", "the best of them"], lines)


def best(bundled: Sequence[Run]) -> str:
    """Its card, and the figure with the number of pictures it was taken on; and what a control did better."""
    gans = [run for run in bundled if run.loss != "none"]
    if not (measured := [run for run in gans if run.value("fid") is not None]):
        return tables.NOT_MEASURED
    run = min(measured, key=lambda run: run.value("fid"))
    card = f"[{run.config.id}]({MODELS}/{run.config.id}/README.md)"
    control = tables.better_control(bundled, run.value("fid"))
    return f"{card}: {title(run.row('fid'))} {show('fid', run.value('fid'))}{control}"


def written(text: str, zoo: Zoo) -> str:
    """The README with its table as the figures are now."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise Refused(f"{README.name} has no place for the table of families: {BEGIN.strip()} … {END}")
    return f"{before}{BEGIN}\n{families(zoo)}\n\n{END}{after}"


def write(zoo: Zoo) -> None:
    replace_file(README, written(README.read_text(encoding="utf-8"), zoo).encode())


def check(zoo: Zoo) -> str | None:
    """What has drifted, in a line."""
    text = README.read_text(encoding="utf-8")
    return None if text == written(text, zoo) else f"{README.name}'s table is not what its figures say now"
