"""What the page is told once: models with figures, the losses' curves and words, what cannot be, and limits."""

import math
import shlex
from collections.abc import Sequence

import torch

from space.limits import LIMITS, SCORES
from space.shelf import Shelf
from zoo import architectures, losses
from zoo.config import Dataset
from zoo.errors import Refused
from zoo.measurements import Info, collapse, counting

POINTS = 49


def catalogue(shelf: Shelf) -> dict:
    """All of it, as JSON can hold it."""
    models = [entry(key, shelf) for key in shelf.ids("noise")]
    datasets = [shelf.config(model["id"]).dataset for model in models]
    for model, name in zip(models, data_names(datasets), strict=True):
        model["data"] = name
    mark_rows(models)
    mark_best(models)
    found = {model["family"] for model in models}
    families = [name for name in architectures.ARCHITECTURES if name in found]
    return {
        "models": models,
        "losses": [{"name": name, "words": of.words, **curves(name)} for name, of in losses.LOSSES.items()],
        "families": {name: family(name) for name in families},
        "data": data(datasets),
        "limits": LIMITS,
        "translators": [translator(key, shelf) for key in shelf.ids("translation")],
    }


def entry(key: str, shelf: Shelf) -> dict:
    """One model."""
    config = shelf.config(key)
    fields = config.architecture
    return {
        "id": key,
        "load": shelf.name(key),
        "family": fields["name"],
        "loss": config.loss["name"],
        "size": fields["size"],
        "classes": fields.get("classes", 0),
        "kimg": config.training.kimg,
        "seed": config.training.seed,
        "from": (config.options or {}).get("from"),
        "figures": figures(shelf.info(key)),
    }


def translator(key: str, shelf: Shelf) -> dict:
    """One model that translates."""
    config = shelf.config(key)
    return entry(key, shelf) | {"data": config.dataset.name, "dropout": config.inference.dropout}


def mark_rows(models: list[dict]) -> None:
    """Gives each model its row of the matrix: its family; a second one of a cell stands in a row of its own."""
    cells: dict[tuple, int] = {}
    for model in models:
        cell = model["family"], model["loss"], model["data"]
        cells[cell] = cells.get(cell, 0) + 1
        model["row"] = model["family"] if cells[cell] == 1 else f"{model['family']} {cells[cell]}"


def mark_best(models: list[dict]) -> None:
    """Marks, in each row, the best figure and every one that their sampling errors cannot tell from it (95 %)."""
    rows: dict[tuple, list[dict]] = {}
    for model in models:
        if shown := model["figures"]:
            rows.setdefault((model["row"], model["data"], shown["name"], shown["n"]), []).append(shown)
    for row in rows.values():
        best = min(row, key=lambda shown: shown["value"])
        for shown in row:
            reach = 1.96 * math.hypot(shown["se"], best["se"])
            shown["best"] = len(row) > 1 and shown["value"] - best["value"] <= reach


def figures(info: Info) -> dict | None:
    """The distance to the real pictures and how much of them is reached, of these very weights; None: not measured."""
    rows = [row for row in info.metrics.rows if row["value"] is not None]
    fid, recall, covered = (counting(rows, name) for name in ("fid", "recall", "class_coverage"))
    distance = fid or counting(rows, "classifier_distance")
    if info.metrics.stale or not distance:
        return None
    shown = {
        "name": "FID" if fid else "distance",
        "n": distance.get("n"),
        "value": distance["value"],
        "se": distance.get("se", 0.0),  # 0: it was measured without one
    }
    if recall:
        shown["reach"] = f"recall {recall['value']:.2f}"
    elif covered:
        total = len(info.config.dataset.labels) or 10
        shown["reach"] = f"{round(covered['value'] * total)}/{total} classes"
    return shown | {"collapsed": collapse(rows) is not None, "digits": 1 if fid else 2}


def family(name: str) -> dict:
    """What is said of an architecture, the script that trains it, and which losses it refuses, with the reason."""
    row = architectures.get(name)
    refused = {}
    for loss in losses.LOSSES:
        try:
            architectures.plan_critic(name, loss, losses.get(loss))
        except Refused as error:
            refused[loss] = str(error)
    return {"words": row.words, "command": row.command, "refused": refused}


def data_names(datasets: Sequence[Dataset]) -> list[str]:
    """What the page calls each one: its name; at another size than the first of that name it is another data set."""
    first: dict[str, int] = {}
    return [
        of.name if first.setdefault(of.name, of.size) == of.size else f"{of.name} {of.size} px"
        for of in datasets
    ]


def data(datasets: Sequence[Dataset]) -> dict[str, dict]:
    """Each data set by its name on the page; its classes are known to the models that were told them."""
    found: dict[str, dict] = {}
    for name, dataset in zip(data_names(datasets), datasets, strict=True):
        of = {
            "title": dataset.title,
            "size": dataset.size,
            "options": data_options(dataset),
            "labels": list(dataset.labels),
        }
        known = found.setdefault(name, of)
        known["labels"] = max(known["labels"], of["labels"], key=len)
    return found


def data_options(dataset: Dataset) -> str:
    """By which a script trains on it: its name, its id on the Hub or, of a folder, the name that it had."""
    asked = shlex.quote(dataset.known or dataset.id or f"./{dataset.name}")
    size = "" if dataset.natural else f" --size {dataset.size}"
    split = "" if dataset.split == "train" else f" --split {shlex.quote(dataset.split)}"
    return f"--dataset {asked}{size}{split}"


# --- curves


def curves(name: str) -> dict:
    """What a generated picture's score costs the critic (`d`) and the generator (`g`), sampled from `zoo.losses`.

    For a paired loss x is the gap to the real picture's score, for an autoencoder's its error (x ≥ 0).
    """
    loss = losses.get(name)
    errors = loss.control == "autoencoder"
    x = torch.linspace(0.0 if errors else -SCORES, SCORES, POINTS)
    more = {"k": 0.5} if errors else {}
    zero = torch.zeros(())
    real = zero if loss.paired or errors else content(loss)
    d = [loss.d(real, score, **more).item() for score in x]
    g = [loss.g(score, zero).item() for score in x]
    rounded = [[round(float(value), 3) for value in values] for values in (x, d, g)]
    return dict(zip("xdg", rounded, strict=True))


def content(loss: losses.Loss) -> torch.Tensor:
    """A real score that costs the critic nothing, so that what is left is the price of the generated one."""
    pairs = [(torch.tensor(real), torch.tensor(fake)) for real in (0.0, 1.0, 30.0) for fake in (0.0, -30.0)]
    return min(pairs, key=lambda pair: abs(loss.d(*pair).item()))[0]
