"""The tab Lab: what each loss asks of its nets, and toy GANs that are trained by it while one looks."""

import json
from pathlib import Path

import gradio as gr

from space import parts
from space.lab.asking import SLIDERS
from space.lab.prices import REACH, STEP
from space.lab.shapes import EDGE, MAX_OWN, NEAR
from space.lab.training import ARROWS, FIELD, SHOWN, TOY
from space.limits import MAX_TOY_STEPS
from zoo import losses

RING = Path(__file__).with_name("ring.json")


def told() -> dict:
    """What the page is told of the lab once."""
    defaults = {name: losses.get(name, **TOY.get(name, {})) for name in SLIDERS}
    return {
        "sliders": {
            name: {field: [*bounds, getattr(defaults[name], field)] for field, bounds in fields.items()}
            for name, fields in SLIDERS.items()
        },
        "scores": [REACH, STEP],
        "plane": {"edge": EDGE, "near": NEAR, "own": MAX_OWN},
        "frame": {"points": SHOWN, "field": FIELD, "arrows": ARROWS},
        "steps": MAX_TOY_STEPS,
        "ring": json.loads(RING.read_text(encoding="utf-8")) if RING.exists() else None,
    }


def tab() -> None:
    with gr.Tab("Lab", id="lab"):
        parts.piece("lab", [], lab=told())
