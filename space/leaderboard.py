"""The tab Leaderboard: every checkpoint with every figure, its uncertainty and its protocol."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import gradio as gr

from cards import measures, sections
from cards.measures import MEASURES, OF_CURVES, OF_PICTURES
from space import parts
from space.curves import told
from space.shelf import Shelf
from zoo.checkpoint import CARD, HISTORY
from zoo.config import Config
from zoo.measurements import Info, collapse, counting, measure_of

# Columns that say how a model was made: name → (title, whether numbers).
FACTS = {
    "family": ("architecture", False),
    "loss": ("loss", False),
    "data": ("data set", False),
    "size": ("size, px", True),
    "kimg": ("budget, kimg", True),
    "g_steps": ("generator steps", True),
    "critic_steps": ("critic steps each", True),
    "batch": ("batch", True),
    "lr": ("learning rate", True),
    "critic": ("critic", False),
    "seed": ("seed", True),
    "mb": ("MB", True),
    "minutes": ("minutes", True),
}
FIRST = ("loss", "fid", "kid", "precision", "recall", "psnr", "kimg", "g_steps")  # seen at first


def tab(shelf: Shelf) -> None:
    def board(_: dict) -> dict:
        """{} → {columns, rows}."""
        return rows_of(shelf)

    def figures(asked: dict) -> dict:
        """{models} → {figures: {id: every row of its metrics.json}}."""
        keys = shelf.chosen(asked.get("models"))
        return {"figures": {key: unfolded(shelf.info(key).metrics.rows) for key in keys}}

    with gr.Tab("Leaderboard", id="leaderboard"):
        parts.piece("leaderboard", [told(board), told(figures)])


def rows_of(shelf: Shelf) -> dict:
    """{columns: [{name, title, better, numbers, kind, first}], rows: [{id, load, card, …, cells: {name: …}}]}.

    `card` is its address, None where there is none; `curves`: whether there are any.
    """
    rows = [_row(key, shelf) for key in shelf.ids()]
    had = {name for row in rows for name in row["cells"]}
    facts = [
        {"name": name, "title": title, "better": "", "numbers": numbers, "kind": "training"}
        for name, (title, numbers) in FACTS.items()
    ]
    pictures, curves = (
        [
            {"name": n, "title": of.title, "better": of.better, "numbers": True, "kind": kind}
            for n, of in group.items()
        ]
        for kind, group in (("pictures", OF_PICTURES), ("curves", OF_CURVES))
    )
    columns = [column for column in (*pictures, *facts, *curves) if column["name"] in had]
    first = set(FIRST)
    if not first & set(OF_PICTURES) & had:  # measured without Inception: what there is
        first |= set(OF_PICTURES)
    return {
        "columns": [column | {"first": column["name"] in first} for column in columns],
        "rows": rows,
    }


def _row(key: str, shelf: Shelf) -> dict[str, Any]:
    info = shelf.info(key)
    load = shelf.name(key)
    if folder := shelf.folder(key):
        card = f"of/{quote(key)}/card" if (folder / CARD).is_file() else None
    else:
        repository, _, at = load.partition("@")
        card = f"https://huggingface.co/{repository}" + (f"/tree/{at}" if at else "")
    rows = [] if info.metrics.stale else info.metrics.rows
    return {
        "id": key,
        "load": load,
        "card": card,
        "curves": bool(folder) and (folder / HISTORY).is_file(),
        "notes": notes(info, rows),
        "collapsed": collapse(rows) is not None,
        "measured": len(info.metrics.rows),
        "cells": facts(info.config) | figures_of(rows),
    }


def notes(info: Info, rows: Sequence[dict]) -> list[str]:
    """What must be known before any figure."""
    unfit = measures.unfit(counting(rows, "swing_d"))
    said = ["figures of other weights, not shown"] if info.metrics.stale else []
    if not rows and not said:
        said = ["no figures yet"]
    return said + ([unfit] if unfit else [])


def facts(config: Config) -> dict[str, dict]:
    training = config.training
    values = {
        "family": config.architecture["name"],
        "loss": config.loss["name"],
        "data": config.dataset.name,
        "size": config.dataset.size,
        "kimg": training.kimg,
        "g_steps": training.g_steps,
        "critic_steps": training.critic_steps,
        "batch": training.batch * training.processes,
        "lr": training.lr_g,
        "critic": sections.critic(config),
        "seed": training.seed,
        "mb": config.weights.bytes / 1e6,
        "minutes": training.seconds / 60,
    }
    forms = {
        "kimg": ",.0f" if training.kimg >= 10 else ".3g",
        "g_steps": ",d",
        "lr": "g",
        "mb": ".1f",
        "minutes": ",.0f",
    }
    return {
        name: {"value": value, "shown": format(value, forms.get(name, ""))} for name, value in values.items()
    }


def figures_of(rows: Sequence[dict]) -> dict[str, dict]:
    """{measure: {value, shown, give, seeds, n, protocol}}: the row that counts, as the cards tell it.

    `give` is the standard error or the interval of that figure; `seeds` the mean over training seeds with their
    standard deviation and number.
    """
    found = {}
    for name in MEASURES:
        row = counting(rows, name)
        if row is None or (row["value"] is None and not name.startswith("settled")):
            continue
        values = [one["value"] for one in (row, *measures.of_other_seeds(rows, row))]
        known = [value for value in values if value is not None]
        found[name] = {
            "value": row["value"],
            "shown": measures.show(name, row["value"]) if row["value"] is not None else "not settled",
            "give": sections.uncertainty(name, row).strip(),
            "seeds": f"{measures.mean(name, known)} ({len(known)})" if len(known) > 1 else "",
            "n": row.get("n"),
            "protocol": sections.protocol(row),
        }
    return found


def unfolded(rows: Sequence[dict]) -> list[dict]:
    """All of them in words: the final ones first, then other seeds, other ways, what was taken along the way."""
    order = ["final", measures.OTHER_SEED, "best", "snapshot"]

    def rank(row: dict) -> tuple:
        which = row.get("which", "final")
        return order.index(which) if which in order else len(order), not row.get("default", True)

    return [said(row) for row in sorted(rows, key=rank)]


def said(row: dict) -> dict:
    """One row of metrics.json, in words."""
    name = measure_of(row)
    which = [row.get("which", "final")]
    if which == ["final"] and not row.get("default", True):
        which = [f"{way} {row[way]}" for way in measures.WAYS if way in row]
    of = [f"seed {row['training_seed']}" if row.get("which") == measures.OTHER_SEED else ", ".join(which)]
    return {
        "figure": measures.title(row),
        "shown": measures.show(name, row["value"]),
        "give": sections.uncertainty(name, row).strip(),
        "of": of[0],
        "kimg": row.get("kimg"),
        "g_steps": row.get("g_steps"),
        "protocol": sections.protocol(row),
        "date": row.get("date", ""),
    }
