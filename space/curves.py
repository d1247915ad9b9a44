"""The tab Curves: what the losses did in training, and the samples that came of it."""

import functools
from collections.abc import Callable, Iterable
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
        """{models} → {curves: {id: what its history holds}, wrong: {id: why there is none}}."""
        return each("curves", of.curves, shelf.bounded(asked.get("models")))

    def progress(asked: dict) -> dict:
        """{models} → {progress: {id: its samples along the way, or null}, wrong: {id: why}}."""
        return each("progress", of.progress, shelf.bounded(asked.get("models")))

    with gr.Tab("Curves", id="curves"):
        functions = [told(function) for function in (runs, curves, progress)]
        parts.piece("curves", functions, live=bool(shelf.places), papers=CURVES)


def each(name: str, answer: Callable[[str], Any], keys: Iterable[str]) -> dict[str, dict]:
    """{name: {key: answer}, wrong: {key: why}}: one that is unknown or damaged takes no other with it."""
    found, wrong = {}, {}
    for key in keys:
        try:
            found[key] = answer(key)
        except ZooError as error:
            wrong[key] = str(error)
        except (OSError, SyntaxError, ValueError) as error:  # gone meanwhile, or no picture
            wrong[key] = (
                f"the files of {key[:60]} cannot be read ({getattr(error, 'strerror', None) or 'damaged'})"
            )
    return {name: found, "wrong": wrong}


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
