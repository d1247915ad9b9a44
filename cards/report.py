"""One's own runs side by side: a table over losses and seeds, their curves in one figure, their samples in one sheet.

    python -m cards.overview runs/mine --out report.md     # or: zoo report runs/mine --out report.md

Folders of folders are looked through; what is unfinished or broken is named and passed over.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from cards import figures, measures, runs, sections, tables
from cards.quoting import prose
from cards.runs import Run
from zoo import checkpoint
from zoo.decoding import decode
from zoo.errors import Refused, ZooError
from zoo.files import write_files
from zoo.measurements import counting, measure_of
from zoo.names import gathered

# Options that have a column, or decide nothing of what is trained.
TOLD = {
    "loss",
    "dataset",
    "size",
    "kimg",
    "seed",
    "augment",
    "from",
    "from_sha256",
    "freeze_d",
    "conditional",
}
TOLD |= {"precision", "memory_format", "cuda_graphs", "skip_broken", "snapshot_kimg", "log_kimg"}
SIDE, COLUMNS, MARGIN = 256, 4, 18  # pixels of a run's samples, and of the caption above them


def write(names: Sequence[str], out: Path) -> dict[str, str]:
    """`out` (.md) and, beside it, its two pictures; what was passed over, with the reason. Refused where no run is."""
    if out.suffix != ".md":
        raise Refused(f"--out {out} must end in .md: pictures go beside it")
    found, over = gathered(names)
    read: dict[Path, Run] = {}
    first: dict[str, Path] = {}  # by the hash of its weights: a copy is no second seed
    for folder in found:
        try:
            run = runs.read("", folder)
            checkpoint.read_history(folder)
        except (ZooError, OSError) as error:
            over[str(folder)] = str(error)
            continue
        if (same := first.setdefault(run.config.weights.sha256, folder)) != folder:
            over[str(folder)] = f"its weights are those of {same}"
        else:
            read[folder] = run
    if not read:
        told = "; ".join(f"{name}: {why}" for name, why in over.items())
        raise Refused(f"no run to report on ({told or 'no folder was named'})")
    pictures = {f"{out.stem}-curves.png": curves(read), f"{out.stem}-samples.png": samples(read, over)}
    pictures = {name: content for name, content in pictures.items() if content}
    write_files(out.parent, pictures | {out.name: page(read, over, list(pictures)).encode()})
    return over


def page(read: dict[Path, Run], over: dict[str, str], pictures: Sequence[str]) -> str:
    number = f"{len(read)} run{'s' if len(read) > 1 else ''}"
    parts = ["# Runs side by side", f"{number}; over several seeds: mean ± standard deviation."]
    cells: dict[tuple[str, ...], list[Run]] = {}
    for run in read.values():
        cell = (run.architecture, data(run), f"{run.kimg:g}", run.loss, besides(run, list(read.values())))
        cells.setdefault(cell, []).append(run)
    names = [n for n in measures.OF_PICTURES if any(counting(run.rows, n) for run in read.values())]
    head = [
        "architecture",
        "data",
        "kimg",
        "loss",
        "besides",
        "seeds",
        *(measures.OF_PICTURES[n].heading for n in names),
    ]
    lines = [
        [*cell, ", ".join(str(run.seed) for run in of), *(over_seeds(of, name) for name in names)]
        for cell, of in sorted(cells.items())
    ]
    parts.append(tables.table(head, lines))
    if not names:
        parts.append("None of them is measured: `zoo evaluate` does it.")
    parts += [f"![{name}]({name})" for name in pictures]
    named = names_of([*read, *map(Path, over)])
    rows = [
        [
            named[folder],
            run.loss,
            str(run.seed),
            sections.stopped(run.config) or "whole",
            sections.duration(run.config.training.seconds),
            measured(run),
        ]
        for folder, run in read.items()
    ]
    parts += ["## Each run", tables.table(["run", "loss", "seed", "budget", "time", "measured"], rows)]
    if over:
        parts += ["## Passed over", "\n".join(f"- {named[Path(name)]}: {why}" for name, why in over.items())]
    return "\n\n".join(parts) + "\n"


def data(run: Run) -> str:
    return f"{run.dataset}, {run.config.dataset.size} px"


def besides(run: Run, runs: Sequence[Run]) -> str:
    """What runs of one loss and budget may differ in, so that they are no seeds of one another."""
    options = run.config.options or {}
    told = [str(augment)] if (augment := options.get("augment")) in ("diffaug", "ada") else []
    told += [f"from {prose(start)}"] if (start := options.get("from")) else []
    told += [f"freeze-d {frozen}"] if (frozen := options.get("freeze_d")) else []
    alike = [of.config.options for of in runs if of.architecture == run.architecture and of.config.options]
    for name, value in options.items():
        if name not in TOLD and value not in (None, []) and any(of.get(name) != value for of in alike):
            told.append(f"{name.replace('_', '-')} {prose(shown(value))}")
    return ", ".join(told) or "–"


def shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def measured(run: Run) -> str:
    if any(counting(run.rows, name) for name in measures.OF_PICTURES):
        return "yes"
    return "its curves alone" if run.rows else "no"


def over_seeds(of: Sequence[Run], name: str) -> str:
    """One measure over the seeds of a cell, of those that were measured by the same protocol as the first."""
    rows = [row for run in of if (row := counting(run.rows, name)) and row["value"] is not None]
    alike = [row for row in rows if protocol(row) == protocol(rows[0])]
    if not alike:
        return "–"
    short = f" ({len(alike)} of {len(of)})" if len(alike) < len(of) else ""
    return measures.mean(name, [row["value"] for row in alike]) + short


def protocol(row: dict) -> tuple:
    return (measure_of(row), row.get("n"), row.get("split"), row.get("extractor"))


def curves(read: dict[Path, Run]) -> bytes | None:
    """Smoothed losses of all runs over kimg, the critic's above the generator's."""
    called = labels(read)
    series = {called[folder]: checkpoint.read_history(folder) for folder in read}
    return figures.together({name: lines for name, lines in series.items() if len(lines) > 1})


def samples(read: dict[Path, Run], over: dict[str, str]) -> bytes | None:
    """Each run's samples under its name; a picture that cannot be read is told in `over`."""
    drawn, called = {}, labels(read)
    for folder in read:
        if (path := folder / "samples.png").is_file():
            try:
                drawn[called[folder]] = decode(path)
            except ZooError as error:
                over[str(path)] = str(error)
    if not drawn:
        return None
    rows = -(-len(drawn) // COLUMNS)
    sheet = Image.new("RGB", (min(len(drawn), COLUMNS) * SIDE, rows * (SIDE + MARGIN)), "white")
    for i, (name, picture) in enumerate(drawn.items()):
        x, y = i % COLUMNS * SIDE, i // COLUMNS * (SIDE + MARGIN)
        ImageDraw.Draw(sheet).text((x + 2, y + 3), name[:40], fill="black")
        small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        sheet.paste(small, (x, y + MARGIN))
    return figures.png_of(sheet)


def labels(read: dict[Path, Run]) -> dict[Path, str]:
    """Of each run its name and seed."""
    named = names_of(read)
    return {
        folder: named[folder] if f"seed{run.seed}" in named[folder] else f"{named[folder]}, seed {run.seed}"
        for folder, run in read.items()
    }


def names_of(folders: Iterable[Path]) -> dict[Path, str]:
    """Each folder's own name, which "." and ".." have not; its whole path where two have the same."""
    named = {path: path.name if path.name not in ("", "..") else path.resolve().name for path in folders}
    many = Counter(named.values())
    return {path: name if many[name] == 1 else str(path) for path, name in named.items()}
