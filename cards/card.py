"""The text of a model card, from a checkpoint folder's config, metrics and history alone."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cards import citations, figures, measures, sections
from cards.measures import OF_PICTURES, show, title
from cards.quoting import block, prose, python
from zoo import architectures, checkpoint, measurements
from zoo.checkpoint import CONFIG, HISTORY, METRICS
from zoo.config import LIBRARY, Config
from zoo.measurements import collapse, counting, measure_of, shows_collapse

SAMPLES, CURVES, PROGRESS = "samples.png", "curves.png", "progress.webp"
NEAREST = "state/nearest.png"  # by train/evaluate.py, of a folder of one's own; state/ is never published
SOURCES = (CONFIG, METRICS, HISTORY)
NOISE = 0.05  # precision below it: hardly a sample looks like a picture
TASKS = {"noise": "unconditional-image-generation", "translation": "image-to-image"}
# What a row of the Hub's model-index tells of the protocol, where the measurement has it.
PROTOCOL = (
    "n",
    "se",
    "ci",
    "reference_n",
    "extractor",
    "features",
    "k",
    "statistics",
    "dropout",
    "sample_seed",
)


def render(folder: Path) -> str:
    """README.md of a checkpoint folder; CheckpointError where config, metrics or history are damaged."""
    config, (rows, stale) = checkpoint.read(folder), measurements.read_metrics(folder)
    rows = [] if stale else rows
    architecture = architectures.get(config.architecture["name"])
    kind = architecture.kind
    loader = FileSystemLoader(Path(__file__).parent)
    templates = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    templates.filters |= {"prose": prose, "block": block}
    text = templates.get_template("card.md.j2").render(
        front_matter=front_matter(config, rows, kind),
        made_from=json.dumps(hashes(folder)),
        config=config,
        family=architecture.title,
        data=citations.data(config.dataset),
        kind=kind,
        stale=stale,
        warnings=[f"This run was {told}." for told in [sections.stopped(config)] if told]
        + warnings(rows, config.training.critic_steps),
        use=usage(config, kind),
        has={name: (folder / name).exists() for name in (SAMPLES, PROGRESS, NEAREST)}
        | {CURVES: bool(figures.panels(checkpoint.read_history(folder)))},
        facts=sections.facts(config),
        measured=sections.measured(rows),
        missing=sections.missing(rows, kind),
        modes=sections.modes(rows),
        best=[row for row in rows if row.get("which") == "best" and measure_of(row) in OF_PICTURES],
        stability=sections.stability(rows),
        shown=lambda row: show(measure_of(row), row["value"]),
        title=title,
        versions=sections.versions(rows),
        apart=sections.apart(rows),
        bibtex=citations.bibtex(config.loss["name"], config.architecture["name"], config.dataset),
    )
    return text.rstrip("\n") + "\n"


def hashes(folder: Path) -> dict[str, str | None]:
    """sha256 of what a card is made from; None for what is not there."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() if (folder / name).is_file() else None
        for name in SOURCES
    }


# ---- for the Hub


def front_matter(config: Config, rows: Sequence[dict], kind: str) -> str:
    results = model_index(config, rows, TASKS[kind])
    named = {"model_name": config.id, "eval_results": results} if results else {}
    return ModelCardData(
        library_name=LIBRARY,
        pipeline_tag=TASKS[kind],
        license=citations.data(config.dataset).weights,
        datasets=[config.dataset.id] if config.dataset.id else None,
        tags=[LIBRARY, "gan", config.architecture["name"], config.loss["name"]],
        **named,
    ).to_yaml()


def model_index(config: Config, rows: Sequence[dict], task: str) -> list[EvalResult]:
    """A result for each figure of pictures that counts; how curves moved is no result of a model. The Hub keeps one
    protocol a data set and split, so each figure's own stands in its metric's args."""
    return [
        EvalResult(
            task_type=task,
            dataset_type=config.dataset.id or config.dataset.name,
            dataset_name=config.dataset.title,
            dataset_split=row.get("split"),
            metric_type=name,
            metric_value=row["value"],
            metric_name=title(row),
            metric_args={key: row[key] for key in PROTOCOL if key in row} or None,
        )
        for name in OF_PICTURES
        if (row := counting(rows, name)) and row["value"] is not None
    ]


# ---- for people


def usage(config: Config, kind: str) -> str:
    """Three lines that run as printed wherever the model's id is known."""
    load = f'model = zoo.load("{config.id}")'
    if kind == "noise":
        labels = config.dataset.labels if config.architecture.get("classes") else ()
        asked = f", labels={python(labels[0])}" if labels else ""
        return f'import zoo\n\n{load}\nmodel.grid(64, seed=7{asked}).save("grid.png")'
    if config.dataset.palette == "facades":
        return f'import zoo\n\n{load}\nmodel.translate(zoo.facades.random_building(seed=3)).save("photograph.png")'
    return f'import PIL.Image, zoo\n\n{load}\nmodel.translate(PIL.Image.open("input.png")).save("output.png")'


def warnings(rows: Sequence[dict], critic_steps: int) -> list[str]:
    """What must be known before any figure: in a sentence each, by fixed rules. `critic_steps`: to one of the
    generator."""
    found = []

    def note(name: str, holds, sentence: str) -> None:
        figure = measurements.value(rows, name)
        if figure is not None and holds(figure):
            found.append(sentence.format(show(name, figure)))

    row = collapse(rows)
    if row is not None:
        reaches = {"recall": "reach hardly any of the real pictures (recall {})",
                   "class_coverage": "show only {} of the data's classes"}[measure_of(row)]  # fmt: skip
        reaches = reaches.format(show(measure_of(row), row["value"]))
        found.append(
            f"This model has collapsed: its samples {reaches}.{again(rows, row)}{share(critic_steps)}"
        )
    note("precision", lambda x: x < NOISE,
         "Hardly any of its samples lies near a real picture (precision {}).")  # fmt: skip
    if row is None or measure_of(row) != "class_coverage":
        note("class_coverage", lambda x: x < 0.8, "Only {} of the data's classes are among its samples.")
    histogram = (counting(rows, "class_coverage") or {}).get("histogram", {})
    chance = 1 / (len(histogram) or 10)
    note("asked_class", lambda x: x < chance + 0.1,
         "It does not follow its label: {} of the samples look like the class asked for.")  # fmt: skip
    note("memorisation", lambda x: x < 0.5,
         "It repeats training pictures: samples lie at {} of the distance that real ones have.")  # fmt: skip
    note("shared_pictures", lambda x: x > 0,
         "The data set's splits share pictures ({} of the test split): figures against it flatter.")  # fmt: skip
    swing = counting(rows, "swing_d") or {}
    if swing.get("saturated"):
        found.append("Its critic had won for most of the last half of training (saturated).")
    if swing.get("dead"):
        found.append("Its critic died before the end: it taught the generator nothing any more.")
    return found


def again(rows: Sequence[dict], collapsed: dict) -> str:
    """How many other training seeds collapsed too, by the figure of the row `collapsed`; "" where there are none.

    No more than that: so few trainings do not tell whether the loss is to blame.
    """
    others = measures.of_other_seeds(rows, collapsed)
    too = sum(map(shows_collapse, others))
    return f" Trained again, {too} of {len(others)} did so too." if others else ""


def share(critic_steps: int) -> str:
    """How many of the generator's steps a budget leaves beside losses with one critic step; "" of one of those."""
    if critic_steps == 1:
        return ""
    part = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth"}.get(critic_steps, f"1/{critic_steps}")
    return (
        f" (With {critic_steps} critic steps to one of the generator, it had {part} of the generator's steps that its"
        " siblings with one critic step had.)"
    )
