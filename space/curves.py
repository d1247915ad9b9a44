"""The tab Curves: what the losses did in training, and the samples that came of it."""

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from cards.papers import CURVES
from space import parts
from space.histories import Histories
from zoo.errors import ZooError


def tab(of: Histories) -> None:
    shelf = of.shelf

    def runs(_: dict) -> dict:
        """{} → {runs: what can be drawn}."""
        return {"runs": of.runs()}

    def curves(asked: dict) -> dict:
        """{models} → {curves: {id: what its history holds}}."""
        return {"curves": {key: of.curves(key) for key in shelf.bounded(asked.get("models"))}}

    def progress(asked: dict) -> dict:
        """{models} → {progress: {id: its samples along the way, or null}}."""
        return {"progress": {key: of.progress(key) for key in shelf.bounded(asked.get("models"))}}

    with gr.Tab("Curves", id="curves"):
        functions = [told(function) for function in (runs, curves, progress)]
        parts.piece("curves", functions, live=bool(shelf.places), papers=CURVES)


def told(answer: Callable[[dict], dict]) -> Callable[[Any], dict]:
    """A server function that runs no model: takes and gives one object; what goes wrong is said in it."""

    @functools.wraps(answer)
    def function(asked):
        if not isinstance(asked, dict):
            return {"error": "ask with an object"}
        try:
            return answer(asked)
        except ZooError as error:
            return {"error": str(error)}

    return function
