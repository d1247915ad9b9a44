"""The text of a model card, from a checkpoint folder's config, metrics and history alone."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cards import citations, figures, measures
from cards.measures import OF_CURVES, OF_PICTURES, base, final, show, title
from zoo import architectures, checkpoint
from zoo.checkpoint import CONFIG, METRICS
from zoo.config import LIBRARY, Config
from zoo.errors import CheckpointError

HISTORY, SAMPLES, CURVES, PROGRESS = "history.jsonl", "samples.png", "curves.png", "progress.webp"
SOURCES = (CONFIG, METRICS, HISTORY)
TASKS = {"noise": "unconditional-image-generation", "translation": "image-to-image"}
# What a row of the Hub's model-index tells of the protocol, where the measurement has it.
PROTOCOL = ("n", "se", "ci", "reference_n", "extractor", "features", "k", "statistics", "dropout", "sample_seed")
FAMILIES = {"dcgan": "DCGAN", "cdcgan": "class-conditional DCGAN", "sngan": "residual SNGAN",
            "convgan": "small convolutional GAN without batch norm", "convgan-bn": "small convolutional GAN",
            "convgan-deep": "deeper small convolutional GAN",
            "convgan-bn-after": "small convolutional GAN, batch norm after the activation",
            "pix2pix": "pix2pix"}  # fmt: skip


def render(folder: Path) -> str:
    """README.md of a checkpoint folder; CheckpointError where config, metrics or history are damaged."""
    config, (rows, stale) = checkpoint.read(folder), checkpoint.read_metrics(folder)
    rows = [] if stale else rows
    kind = architectures.get(config.architecture["name"]).kind
    pictures = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    text = pictures.get_template("card.md.j2").render(
        front_matter=front_matter(config, rows, kind),
        made_from=json.dumps(hashes(folder)),
        config=config,
        family=FAMILIES.get(config.architecture["name"], config.architecture["name"]),
        data=citations.data(config.dataset.name),
        kind=kind,
        stale=stale,
        warnings=warnings(rows),
        use=usage(config, kind),
        has={name: (folder / name).exists() for name in (SAMPLES, PROGRESS)}
        | {CURVES: bool(figures.panels(history(folder)))},
        facts=facts(config),
        measured=measured(rows),
        modes=modes(rows),
        best=[row for row in rows if row.get("which") == "best" and base(row["name"]) in OF_PICTURES],
        stability=stability(rows),
        shown=lambda row: show(base(row["name"]), row["value"]),
        title=title,
        versions=versions(rows),
        bibtex=citations.bibtex(
            config.loss["name"], config.architecture["name"], config.dataset.name
        ),
    )
    return text.rstrip("\n") + "\n"


def hashes(folder: Path) -> dict[str, str | None]:
    """sha256 of what a card is made from; None for what is not there."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() if (folder / name).is_file() else None
        for name in SOURCES
    }


def history(folder: Path) -> list[dict]:
    """The lines of history.jsonl; none where there is no such file. CheckpointError where it is damaged."""
    path = folder / HISTORY
    if not path.is_file():
        return []
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except ValueError:
        raise CheckpointError(f"{path} is damaged: a line is not JSON") from None
    if not all(isinstance(line, dict) and "kimg" in line for line in lines):
        raise CheckpointError(f"{path} is damaged: every line has its kimg")
    return lines


# ---- for the Hub


def front_matter(config: Config, rows: Sequence[dict], kind: str) -> str:
    results = model_index(config, rows, TASKS[kind])
    named = {"model_name": config.id, "eval_results": results} if results else {}
    return ModelCardData(
        library_name=LIBRARY,
        pipeline_tag=TASKS[kind],
        license=citations.data(config.dataset.name).weights,
        datasets=[config.dataset.id] if config.dataset.id else None,
        tags=[LIBRARY, "gan", config.architecture["name"], config.loss["name"]],
        **named,
    ).to_yaml()


def model_index(config: Config, rows: Sequence[dict], task: str) -> list[EvalResult]:
    """A result for every figure of these weights. The Hub keeps one protocol a data set and split, so each figure's
    own stands in its metric's args."""
    results = []
    for row in rows:
        if row.get("which", "final") != "final" or row["value"] is None:
            continue
        of_curves = base(row["name"]) in OF_CURVES
        results.append(
            EvalResult(
                task_type=task,
                dataset_type=config.dataset.id or config.dataset.name,
                dataset_name=citations.data(config.dataset.name).title,
                dataset_split=config.dataset.split if of_curves else row.get("split"),
                metric_type=base(row["name"]),
                metric_value=row["value"],
                metric_name=title(row),
                metric_args={key: row[key] for key in PROTOCOL if key in row and not of_curves} or None,
            )
        )
    return results


# ---- for people


def usage(config: Config, kind: str) -> str:
    """Three lines that run as printed wherever the model's id is known."""
    load = f'model = zoo.load("{config.id}")'
    if kind == "noise":
        labels = config.dataset.labels if config.architecture.get("classes") else ()
        asked = f', labels="{labels[0]}"' if labels else ""
        return f'import zoo\n{load}\nmodel.grid(64, seed=7{asked}).save("grid.png")'
    if config.dataset.palette == "facades":
        return f'import zoo\n{load}\nmodel.translate(zoo.facades.random_building(seed=3)).save("photograph.png")'
    return f'import PIL.Image, zoo\n{load}\nmodel.translate(PIL.Image.open("map.png")).save("photograph.png")'


def warnings(rows: Sequence[dict]) -> list[str]:
    """What must be known before any figure: in a sentence each, by fixed rules."""
    found = []

    def note(name: str, holds, sentence: str) -> None:
        figure = measures.value(rows, name)
        if figure is not None and holds(figure):
            found.append(sentence.format(show(name, figure)))

    note("recall", lambda x: x < measures.COLLAPSED,
         "This model has collapsed: its samples reach hardly any of the real pictures (recall {}).")  # fmt: skip
    note("precision", lambda x: x < measures.COLLAPSED,
         "Hardly any of its samples lies near a real picture (precision {}).")  # fmt: skip
    note("class_coverage", lambda x: x < 0.8, "Only {} of the data's classes are among its samples.")
    note("asked_class", lambda x: x < 0.2,
         "It does not follow its label: {} of the samples look like the class asked for.")  # fmt: skip
    note("memorisation", lambda x: x < 0.5,
         "It repeats training pictures: samples lie at {} of the distance that unseen real pictures have.")  # fmt: skip
    if any(row.get("saturated") for row in final(rows, "swing_d")):
        found.append("Its critic had won for most of the last half of training (saturated).")
    return found


def facts(config: Config) -> dict[str, str]:
    """The table of how it was trained."""
    data, training, weights = config.dataset, config.training, config.weights
    epochs = 1000 * training.kimg / data.pictures
    revision = f" at {data.revision}" if data.revision else ""
    source = f"{data.id}{revision}" if data.id else "not on the Hub"
    steps = "one after each critic step" if training.critic_steps == 1 else f"one after {training.critic_steps} critic steps"
    decay = "" if training.lr_decay_from >= 1 else f", falling to 0 from {training.lr_decay_from:.0%} of the budget on"
    extra = ["mirrored at random"] if training.mirror else []
    extra += [f"enlarged by {training.jitter} pixels and cut back"] if training.jitter else []
    extra += [f"beside the loss {training.l1_weight:g} × L1"] if training.l1_weight else []
    commit = training.commit or "not recorded (no git checkout)"
    if commit.endswith("-dirty"):
        commit = f"{commit.removesuffix('-dirty')}, with files that differed from it"
    shape = f"{data.size}×{data.size}, {'grey' if data.channels == 1 else 'colour'}"
    return {
        "data": f"{citations.data(data.name).title} ({source}), {data.split} split, {data.pictures:,} pictures, {shape}",
        "loss": _fields(config.loss),
        "architecture": _fields(config.architecture),
        "critic": critic(config),
        "pictures seen by the critic": f"{1000 * training.kimg:,.0f} ({epochs:.3g} epochs); the budget of every loss",
        "generator steps": f"{training.g_steps:,}, {steps}",
        "optimiser": f"{training.optimiser.capitalize()}, generator {training.lr_g:g}, critic {training.lr_d:g}{decay}, betas"
        f" {training.betas[0]:g} and {training.betas[1]:g}, batch {training.batch} × {_count(training.processes, 'process')}",
        **({"besides": ", ".join(extra)} if extra else {}),
        "weights": f"averaged with a half-life of {training.ema_kimg:g} kimg; the last ones, not the best;"
        f" {weights.bytes / 1e6:.2f} MB, {weights.dtype}",
        "half precision": f"rounding changes pictures by {weights.rounding:.2g} of 255 grey levels on average"
        if weights.dtype == "float16"
        else "not used: weights are float32",
        "computed in": f"{training.precision}, {training.memory_format}",
        "time": f"{duration(training.seconds)}, {training.pictures_per_second:,.0f} pictures/s on {training.hardware}",
        "seed": str(training.seed),
        "commit": commit,
        "versions": f"{LIBRARY} {training.library_version}, torch {training.torch_version}",
        "inference mode": inference(config),
    }


def critic(config: Config) -> str:
    given = config.critic
    if not given:
        return "none"
    parts = ["an autoencoder" if given.get("autoencoder") else "", f"{given.get('norm', 'none')} norm"]
    parts += ["spectral norm"] if given.get("spectral_norm") else []
    parts += [f"width {given['width']}"] if "width" in given else []
    parts += [f"penalty {given['penalty']}"] if "penalty" in given else []
    text = ", ".join(part for part in parts if part)
    if "clip" in config.loss:
        text += f", all its parameters clipped to ±{config.loss['clip']:g} after every step"
        if given.get("norm") == "batch":
            text += " (batch norm rescales what was clipped, as in WGAN's own critic)"
    return text


def inference(config: Config) -> str:
    dropout = "dropout stays on" if config.inference.dropout else "no dropout"
    own = config.inference.statistics == "batch"
    return f"batch norm by {'the statistics of the one picture' if own else 'running statistics'}, {dropout}"


def measured(rows: Sequence[dict]) -> list[dict]:
    """A line a figure of the final weights: {figure, value, protocol}."""
    lines = []
    for name, measure in OF_PICTURES.items():
        for row in final(rows, name):
            value = f"{show(name, row['value'])}{uncertainty(name, row)}"
            lines.append(
                {"figure": f"{title(row)} {measure.better}".rstrip(), "value": value, "protocol": protocol(row)}
            )
    return lines


def uncertainty(name: str, row: dict) -> str:
    if "ci" in row:
        return " [{}, {}]".format(*(show(name, end) for end in row["ci"]))
    return f" ± {show(name, row['se'])}" if "se" in row else ""


def protocol(row: dict) -> str:
    """Against what, through what; in words short enough for a table."""
    against = f"{row['split']} split" if "split" in row else ""
    if "reference_n" in row:
        against += f" ({row['reference_n']:,})"
    seen = f"{row['extractor']}, {row['features']} features" if "features" in row else row.get("extractor", "")
    parts = [against, seen, f"k = {row['k']}" if "k" in row else ""]
    parts += [f"± is the {row['se_of'].split(' (')[0]}"] if "se_of" in row else []
    parts += [row["ci_of"]] if "ci_of" in row else []
    if "classifier_accuracy" in row and base(row["name"]) == "class_coverage":
        parts.append(f"the classifier is right on {row['classifier_accuracy']:.1%} of real ones")
    parts += [row["note"].split(":")[0].split(",")[0]] if "note" in row else []
    return "; ".join(part for part in parts if part)


def modes(rows: Sequence[dict]) -> list[list[str]]:
    """A table of a translating model's ways of being used: a heading, then a line each."""
    modes: dict[str, dict[str, str]] = {}
    for row in rows:
        if "default" in row and row.get("which", "final") == "final":
            own = "; the default" if row["default"] else ""
            mode = f"{row['statistics']} statistics, dropout {'on' if row['dropout'] else 'off'}{own}"
            modes.setdefault(mode, {})[base(row["name"])] = show(base(row["name"]), row["value"])
    if len(modes) < 2:
        return []
    names = [name for name in OF_PICTURES if any(name in figures for figures in modes.values())]
    heading = ["mode", *(OF_PICTURES[name].heading.split(" (")[0] for name in names)]
    return [heading, *([mode, *(figures.get(name, "–") for name in names)] for mode, figures in modes.items())]


def stability(rows: Sequence[dict]) -> list[tuple[str, str, str]]:
    """(figure, the critic's, the generator's) of the history; none where it was not measured."""
    found = {row["name"]: row for row in rows if row["name"] in OF_CURVES and row.get("which", "final") == "final"}
    if "swing_d" not in found:
        return []

    def of(name: str, text: str = "{}", missing: str = "–") -> str:
        row = found.get(name)
        return missing if row is None or row["value"] is None else text.format(show(name, row["value"]))

    won = " (saturated: it says nothing of stability)" if found["swing_d"].get("saturated") else ""
    table = [
        ("swing: how far scores move around their trend, in deviations of the gap", of("swing_d") + won, of("swing_g")),
        ("settled: stays in its final band from", *(of(f"settled_kimg_{p}", "{} kimg", "not settled") for p in "dg")),
        ("largest over median loss", of("spike_d"), of("spike_g")),
    ]
    ends = []
    for player in "dg":
        row = found.get(f"last_epoch_{player}_loss")
        ends.append("–" if row is None else "{} [{}, {}]".format(
            *(show(row["name"], x) for x in (row["value"], *row["range_5_95"]))))  # fmt: skip
    table.append(("loss in the last epoch: median [5 %, 95 %]", *ends))
    counts = [of(name, f"{{}} {measures.OF_CURVES[name].title}") for name in
              ("exploded_intervals", "skipped_steps", "not_finite_lines")]  # fmt: skip
    table.append(("mishaps", ", ".join(counts), ""))
    return table


def versions(rows: Sequence[dict]) -> str:
    """What measured the figures, and when: of the newest row."""
    told = [row for row in rows if "versions" in row]
    if not told:
        return ""
    last = max(told, key=lambda row: row.get("date", ""))
    names = ", ".join(f"{name} {number}" for name, number in last["versions"].items())
    return f"{names}; {last.get('device', 'device not recorded')}; {last.get('date', 'date not recorded')}"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}es"


def _fields(given: dict) -> str:
    constants = [f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in given.items() if key != "name"]
    return ", ".join([str(given["name"]), *constants])
