"""The tab Facades: one label map through every model that translates, with the figures of those that have a truth."""

import functools
import math
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import FileData
from PIL import Image

from space import parts, uploads
from space.limits import MAX_SEED
from space.pairs import HOW, TestPairs
from space.shelf import whole
from space.studio import Studio, address, answered, each, own_turns, packed
from zoo import facades, measures, pictures
from zoo.architectures import PIX2PIX
from zoo.errors import Refused
from zoo.latents import SEEDS
from zoo.losses import LOSSES

FIGURES = ("psnr", "ssim", "wrapped")
REMEMBERED = 64  # translations, of 200 kB


class Translations:
    """Maps through models; the same twice is translated once."""

    def __init__(self, studio: Studio, pairs: TestPairs):
        self.studio, self.shelf, self.pairs = studio, studio.shelf, pairs
        self._translated = functools.lru_cache(REMEMBERED)(self._translate)

    # ---- what may be asked

    def draw(self, asked: dict) -> dict:
        """{models, map or pair, seed} → {sheets: {id: address of a picture}, errors?}."""
        of = self._of(asked)
        return each(self.keys(asked.get("models")), lambda key: address(packed(self._translated(key, *of))))

    def measure(self, asked: dict) -> dict:
        """{models, pair, seed} or {models, map, photograph, seed} → {sheets: {id: figures}, errors?}."""
        of = self._of(asked)
        keys = self.keys(asked.get("models"))
        truth = self._truth(asked)  # before the turn, as a large one takes seconds
        with self.studio.turn():
            return each(keys, lambda key: figures(self._translated(key, *of), truth))

    def place(self, asked: dict) -> dict:
        """{pair}, {building} or {files} → {map, photograph or None, scale}: a map as text, a photograph's address.

        `scale`: the figures of what translates nothing, held against the photograph.
        """
        brought = None
        if "building" not in asked and "pair" not in asked:
            brought = uploads.read(asked.get("files"))
        with self.studio.turn():
            return self._placed(asked, brought)

    def _placed(self, asked: dict, brought: tuple[Image.Image, Image.Image | None] | None) -> dict:
        if "building" in asked:
            seed = whole("the seed of a building", asked["building"], 0, MAX_SEED)
            return {"map": facades.pack(facades.random_building(seed))}
        if brought:
            (label_map, photograph), other = brought, None
        else:
            number = self._number(asked["pair"])
            label_map, photograph = self.pairs[number]
            other = self.pairs[number - 1 if number else len(self.pairs) - 1][1]
        answer = {"map": facades.pack(pictures.fit(label_map, facades.SIDE))}
        if photograph is None:
            return answer
        shown = pictures.fit(photograph, facades.SIDE).convert("RGB")
        return answer | {"photograph": address(packed(shown)), "scale": self._scale(shown, other)}

    def fetch(self, asked: dict) -> None:
        """What may wait for the Hub, and so is done while nobody waits for us."""
        if asked.get("pair") is not None:
            self._number(asked["pair"])
            self.pairs.fetch()

    # ---- within

    def keys(self, models: Any) -> list[str]:
        """`models`, each known and one that translates."""
        keys = self.shelf.chosen(models)
        known = self.shelf.ids("translation")
        for key in keys:
            if key not in known:
                raise Refused(f"{key} makes pictures from noise: choose one of {', '.join(known)}")
        return keys

    def _number(self, number: Any) -> int:
        return whole("the number of a test pair", number, 0, len(self.pairs) - 1)

    def _of(self, asked: dict) -> tuple[int | str, int]:
        """A pair's number or a map as text, and dropout's seed: the i-th pair's is i higher, as evaluate.py has it."""
        seed = whole("the seed", asked.get("seed"), 0, MAX_SEED)
        if asked.get("pair") is not None:
            number = self._number(asked["pair"])
            return number, (seed + number) % SEEDS
        if not isinstance(asked.get("map"), str):
            raise Refused("give a map as text, or the number of a test pair")
        return asked["map"], seed

    def _truth(self, asked: dict) -> Image.Image:
        if asked.get("pair") is not None:
            return self.pairs[self._number(asked["pair"])][1]
        return uploads.decode(asked.get("photograph")).picture

    def _translate(self, key: str, of: int | str, seed: int) -> Image.Image:
        label_map = facades.unpack(of) if isinstance(of, str) else self.pairs[of][0]
        return self.shelf.model(key).translate(label_map, seed=seed)

    def _scale(self, truth: Image.Image, other: Image.Image | None) -> list[dict]:
        """Black, noise and an unrelated building against a photograph; every PSNR of uint8 is some 28 dB."""
        noise = np.random.default_rng(0).integers(256, size=(truth.height, truth.width, 3), dtype=np.uint8)
        other = other or facades.random_building(0)
        unrelated = pictures.fit(other, truth.width).convert("RGB")
        subjects = {
            "black": Image.new("RGB", truth.size),
            "noise": Image.fromarray(noise),
            "an unrelated building": unrelated,
        }
        return [{"of": of} | figures(picture, truth) for of, picture in subjects.items()]


def figures(translated: Image.Image, truth: Image.Image) -> dict:
    """PSNR, SSIM, and the PSNR that subtracting uint8 gives; None for one that is infinite, as JSON knows none."""
    truth = pictures.fit(truth, translated.width).convert(translated.mode)
    arrays = np.atleast_3d(np.asarray(translated)), np.atleast_3d(np.asarray(truth))
    values = (
        measures.psnr(translated, truth),
        measures.ssim(translated, truth),
        measures.wrapped_psnr(*arrays),
    )
    return {
        name: value if math.isfinite(value) else None for name, value in zip(FIGURES, values, strict=True)
    }


def tab(studio: Studio, pairs: TestPairs) -> None:
    work = Translations(studio, pairs)
    with gr.Tab("Facades", id="facades"):
        measure = answered(studio, work.measure, turn=own_turns)
        place = answered(studio, work.place, before=work.fetch, turn=own_turns)
        parts.piece("facades", [answered(studio, work.draw), measure, place])
        parts.endpoint(translate_of(studio, work))


def translate_of(studio: Studio, work: Translations):
    @parts.said_to_the_visitor()
    def translate(
        map: FileData, models: list[str] | None = None, truth: FileData | None = None, seed: int = 0
    ) -> list[dict]:
        """For each model a dict: id, picture (a PNG of the map as a photograph), psnr, ssim and wrapped.

        map: a picture of any size; its middle square is snapped to the twelve colours of CMP Facades. models: ids (see
        /models); null takes all that translate. truth: the photograph of that map, of the same size; without it psnr
        (dB), ssim and wrapped (the PSNR that subtracting uint8 gives, an artefact) are null. seed: of dropout, a whole
        number from 0 to 2**32 - 1.
        """
        seed = whole("the seed", seed, 0, MAX_SEED)
        keys = work.shelf.ids("translation") if models is None else work.keys(models)
        given = [uploads.opened(Path(file["path"])) for file in (map, truth) if file]
        uploads.check_one_size(*given)
        answers = []
        for key in keys:  # a turn each, so that nobody waits for all of them
            with studio.turn():
                picture = work.shelf.model(key).translate(given[0].picture, seed=seed)
                measured = figures(picture, given[1].picture) if truth else dict.fromkeys(FIGURES)
            answers.append({"id": key, "picture": parts.png(packed(picture))} | measured)
        return answers

    return translate


def about(pairs: TestPairs) -> dict:
    """What the page is told of maps and pairs."""
    colours = ["#" + bytes(colour).hex() for colour in facades.PALETTE]
    classes = [
        {"name": name, "colour": colour} for name, colour in zip(facades.CLASSES, colours, strict=True)
    ]
    refused = [name for name, loss in LOSSES.items() if loss.control in PIX2PIX.refusals]
    found = {"pairs": len(pairs), "here": pairs.here, "how": HOW, "buildings": SEEDS, "uploads": True}
    return {"classes": classes, "refused": refused, **found}
