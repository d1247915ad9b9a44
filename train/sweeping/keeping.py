"""What is kept of a cell in the source tree: a starter model for the zoo, figures and history of any other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cards import build, runs
from cards.measures import OF_PICTURES, OTHER_SEED
from train.evaluation.rows import has_more_figures, of_this_training, write_rows
from train.running.comparing import differ_in_seed_alone
from train.sweeping.recipe import Planned
from train.sweeping.status import FAILED, Status, kept_in, read_config, results_folder
from zoo.checkpoint import CARD, CONFIG, HISTORY, METRICS, PUBLISHED
from zoo.files import write_files
from zoo.measurements import measure_of, read_metrics

RESULT = (METRICS, HISTORY, CONFIG)
MODEL = PUBLISHED[::-1]  # the config comes last
FIGURES = (METRICS, CARD, "curves.png")  # and the card that tells them


def keep_all(statuses: Mapping[Planned, Status], out: Path) -> None:
    for cell, seen in statuses.items():
        if keep(cell, seen, cell.folder(out)):
            print(f"kept {cell.name}")
            config = read_config(kept_in(cell))
            if cell.bundled and config and str(config.training.commit).endswith(("None", "-dirty")):
                print(f"  but {cell.name} was trained by files that differ from their commit")
    for cell in statuses:
        if cell.bundled and tell_of_other_seeds(cell):
            print(f"{cell.name} tells of its other seeds")


def keep(cell: Planned, seen: Status, folder: Path) -> bool:
    """Copies what is kept of a cell that is trained or failed from `folder`; whether that changed anything."""
    if seen.kept:
        return False
    if seen.trained:
        (results_folder(cell) / FAILED).unlink(missing_ok=True)
        return copy(folder, kept_in(cell), MODEL if cell.bundled else RESULT)
    if seen.state == "failed" and (folder / FAILED).exists():
        return copy(folder, results_folder(cell), (*RESULT, FAILED))
    return False


def tell_of_other_seeds(cell: Planned) -> bool:
    """Puts the figures of a cell's further seeds beside those of its bundled model; whether that changed them."""
    model, further = kept_in(cell), sorted(results_folder(cell).parent.glob(f"{cell.id}-seed*"))
    config = read_config(model)
    told = [
        figure | {"which": OTHER_SEED}
        for run in (runs.read(cell.recipe, path) for path in further)
        if config and run and run.config and differ_in_seed_alone(config, run.config, type(cell.options))
        for figure in run.rows
        if figure.get("which") == "final" and measure_of(figure) in OF_PICTURES
    ]
    if not told:
        return False
    own, stale = read_metrics(model)
    rows = of_this_training(own) + told
    if stale or rows == own:
        return False
    write_rows(model / METRICS, {"weights_sha256": config.weights.sha256}, rows)
    build.build(model)
    return True


def copy(folder: Path, target: Path, names: Sequence[str]) -> bool:
    files = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    before, now = (config and config.weights.sha256 for config in map(read_config, (target, folder)))
    if before and before == now and has_more_figures(folder, target):
        files = {name: content for name, content in files.items() if name not in FIGURES}
    if all((target / name).exists() and (target / name).read_bytes() == files[name] for name in files):
        return False
    write_files(target, files)
    if before and now and before != now:
        for name in set(MODEL) - files.keys():  # figures, a card or curves of other weights
            (target / name).unlink(missing_ok=True)
    return True
