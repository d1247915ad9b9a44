"""The tab Interpolate: one path through the noise, and what each model shows on the way."""

from typing import Literal

import gradio as gr
from gradio.data_classes import FileData

from space import parts
from space.studio import Studio, address, answered, each, own_turns

OF_A_WALK = ("anchors", "labels", "steps", "path")


def tab(studio: Studio) -> None:
    def draw(asked: dict) -> dict:
        """{models, anchors, labels, steps, path} → {sheets: {id: address of a picture}}."""
        of = [asked.get(name) for name in OF_A_WALK]
        keys = studio.shelf.chosen(asked.get("models"))
        return each(keys, lambda key: address(studio.walk(key, *of)))

    def film(asked: dict) -> dict:
        """The same → {film: address of an animated WebP}."""
        of = [asked.get(name) for name in OF_A_WALK]
        return {"film": address(studio.film(asked.get("models"), *of))}

    with gr.Tab("Interpolate", id="interpolate"):
        parts.piece("interpolate", [answered(studio, draw), answered(studio, film, turn=own_turns)])
        parts.endpoint(interpolate_of(studio))


def interpolate_of(studio: Studio):
    @parts.said_to_the_visitor()
    def interpolate(
        model: str,
        seed_a: int,
        seed_b: int,
        steps: int = 16,
        path: Literal["slerp", "lerp"] = "slerp",
        latent_a: int = 0,
        latent_b: int = 0,
        label_a: str | None = None,
        label_b: str | None = None,
    ) -> FileData:
        """A PNG with a row of 2 to 64 steps of a model by its id (see /models), from one latent to another.

        A latent is a seed (0 to 2**32 - 1) and its number in it (0 to 127), the one that Compare shows. Labels, names
        or numbers of classes, are for class-conditional models, which walk from one to the other.
        """
        config = studio.shelf.config(model)
        labels = [parts.class_of(label, config) for label in (label_a, label_b)]
        if None in labels:
            labels = None if labels == [None, None] else [labels[0] or labels[1] or 0] * 2
        anchors = ((seed_a, latent_a), (seed_b, latent_b))
        with studio.turn():
            return parts.png(studio.walk(model, anchors, labels, steps, path))

    return interpolate
