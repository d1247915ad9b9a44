"""A run's files: history, the state to resume from, snapshots along the way. All are replaced whole or not at all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zoo import checkpoint, pictures
from zoo.checkpoint import Config
from zoo.errors import TrainingError
from zoo.model import Model
from zoo.step import Game

STATE = "state/state.pt"


def game_state(game: Game) -> dict:
    nets = {
        name: getattr(game, name) for name in ("generator", "critic", "average", "optimiser_g", "optimiser_d")
    }
    state = {name: net.state_dict() for name, net in nets.items() if net is not None} | {"k": game.k}
    if game.augmentation is not None:
        state |= {"augment_p": game.augmentation.p, "augment_tally": game.augmentation.tally}
    return state


def restore(game: Game, state: dict) -> None:
    for name in ("generator", "critic", "average"):
        if getattr(game, name) is not None:
            getattr(game, name).load_state_dict(state[name])
    for name in ("optimiser_g", "optimiser_d"):
        if (optimiser := getattr(game, name)) is not None:
            lr = optimiser.param_groups[0]["lr"]
            optimiser.load_state_dict(state[name])
            optimiser.param_groups[0]["lr"] = lr  # a number, or a tensor that has to stay on the device
    game.k.copy_(state["k"])
    if game.augmentation is not None:
        game.augmentation.p.copy_(state["augment_p"])
        game.augmentation.tally.copy_(state["augment_tally"])


def write_state(out: Path, state: dict) -> None:
    checkpoint.replace_file(out / STATE, lambda file: torch.save(state, file))


def read_place(out: Path) -> str | None:
    """Where the run in `out` read its pictures, which its public config does not tell; None where it is not known."""
    try:
        state = torch.load(out / STATE, map_location="cpu", weights_only=True, mmap=True)
        place = state["aside"]["dataset"]
    except Exception:  # no state, an older or a damaged one
        return None
    return place if isinstance(place, str) and Path(place).is_dir() else None


def read_state(out: Path) -> dict | None:
    """The last saved state, on the CPU; None where there is none."""
    if not (out / STATE).exists():
        return None
    try:
        return torch.load(out / STATE, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever an unpickler stumbles over
        raise TrainingError(f"{out / STATE} is damaged: delete {out} and start again") from error


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """A full disk is an error for people to read."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"cannot write {path}: {error.strerror}; what was saved before is whole"
        ) from error


def check_same(out: Path, then: dict, now: dict) -> None:
    """TrainingError names the first of the options, processes or data that are not those of the run to be resumed."""
    for name in [*now, *sorted(then.keys() - now.keys())]:
        if then.get(name) != now.get(name):
            raise TrainingError(
                f"{out} was trained with {name} = {then.get(name)}, not {now.get(name)}:"
                " resume with the same options, or start elsewhere with --out"
            )


class History:
    """history.jsonl: a line each logging interval."""

    def __init__(self, path: Path, kept_steps: int):
        """Forgets the lines after `kept_steps`, which a resumed run will write again."""
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines(True) if kept_steps and path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]  # a full disk cuts the last one short
        kept = [line for line in whole if json.loads(line)["g_steps"] <= kept_steps]
        checkpoint.replace_file(path, "".join(kept).encode())

    def add(self, values: dict[str, float]) -> None:
        line = json.dumps({k: v if isinstance(v, int) else float(f"{v:.5g}") for k, v in values.items()})
        with one_line(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def write_snapshot(
    out: Path, config: Config, tensors: dict[str, Tensor], rounding: float, inputs: list[Image.Image]
) -> None:
    """The checkpoint as it stands, its samples from fixed latents or `inputs`, and a copy of both along the way."""
    config = checkpoint.write(out, config, tensors, rounding=rounding)
    grid = samples(Model.from_pretrained(out.absolute()), inputs)
    along = out / "state" / "snapshots" / f"{config.training.g_steps:08d}"
    checkpoint.write(along, config, tensors, rounding=rounding)
    for folder in (out, along):
        checkpoint.replace_file(folder / "samples.png", lambda file: grid.save(file, format="PNG"))


def samples(model: Model, inputs: list[Image.Image]) -> Image.Image:
    """Some 256 pixels square of pictures from fixed latents, or six translations, small; the same for every model.

    Facades' inputs are made-up buildings and are shown above; pictures of a user's own set never leave it.
    """
    if model.kind == "noise":
        columns = max(1, 256 // model.config.dataset.size)
        return model.grid(columns**2, columns=columns, seed=0)
    photographs = [model.translate(picture) for picture in inputs]
    tiles = photographs
    if model.config.dataset.palette == "facades":
        tiles = [*inputs[:3], *photographs[:3]]
    small = [tile.convert("RGB").resize((128, 128), Image.Resampling.LANCZOS) for tile in tiles]
    stacked = torch.stack([torch.from_numpy(np.array(tile)).permute(2, 0, 1) for tile in small])
    return pictures.grid(stacked, columns=3)


def write_progress(out: Path) -> None:
    """progress.webp: how the lower half of the samples came to be."""
    grids = [Image.open(path) for path in sorted((out / "state" / "snapshots").glob("*/samples.png"))]
    frames = [grid.convert("RGB").crop((0, grid.height // 2, grid.width, grid.height)) for grid in grids]
    with one_line(out / "progress.webp"):
        pictures.save_animation(frames + frames[-1:] * 3, out / "progress.webp", fps=2, quality=60)
