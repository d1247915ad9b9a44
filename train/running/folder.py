"""A run's files: history, the state to resume from, snapshots along the way. All are replaced whole or not at all."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from zoo import checkpoint, pictures
from zoo.checkpoint import Config
from zoo.errors import CheckpointError, TrainingError
from zoo.files import replace_file
from zoo.model import Model
from zoo.step import Game

STATE = "state/state.pt"
OF_A_MACHINE = ("lr", "capturable", "fused", "foreach")  # of an optimiser: how it computes where it is now
OF_A_RUN = ("g_steps", "seconds", "options", "precision", "memory_format", "cuda_graphs", "generator", "k")


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
            here = [
                {key: group[key] for key in OF_A_MACHINE if key in group} for group in optimiser.param_groups
            ]
            then = state[name]["param_groups"]
            groups = [old | own for old, own in zip(then, here, strict=True)]
            optimiser.load_state_dict(state[name] | {"param_groups": groups})
            for group, own in zip(optimiser.param_groups, here, strict=True):
                group["lr"] = own["lr"]  # a number, or a tensor that has to stay on the device
    game.k.copy_(state["k"])
    if game.augmentation is not None:
        game.augmentation.p.copy_(state["augment_p"])
        game.augmentation.tally.copy_(state["augment_tally"])


def write_state(out: Path, state: dict) -> None:
    state = {name: value for name, value in state.items() if name != "digest"}
    state["digest"] = digest(state)
    replace_file(out / STATE, lambda file: torch.save(state, file))


def read_place(out: Path) -> str | None:
    """Where the run in `out` read its pictures, which its public config does not tell; None where it is not known."""
    try:
        state = torch.load(out / STATE, map_location="cpu", weights_only=True, mmap=True)
        place = state["aside"]["dataset"]
    except Exception:  # no state, an older or a damaged one
        return None
    return place if isinstance(place, str) and Path(place).is_dir() else None


def digest(state: dict) -> str:
    """Of its values, so that a flipped bit is noticed; what the file is packed in does not matter."""
    sha = hashlib.sha256()

    def add(value: object) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                sha.update(f"{name}:".encode())
                add(item)
        elif isinstance(value, list | tuple):
            for item in value:
                add(item)
        elif isinstance(value, Tensor):
            sha.update(f"{value.dtype}{tuple(value.shape)}".encode())
            sha.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        else:
            sha.update(f"{value!r},".encode())

    add(state)
    return sha.hexdigest()


def read_state(out: Path) -> dict | None:
    """The last saved state, on the CPU; None where there is none. TrainingError where it is not what was written."""
    if not (out / STATE).exists():
        return None
    damaged = TrainingError(f"{out / STATE} is damaged: delete {out} and start again")
    try:
        state = torch.load(out / STATE, map_location="cpu", weights_only=True)
        written = state.pop("digest", None)  # older versions wrote none
        whole = written is None or written == digest(state)
    except Exception as error:  # whatever an unpickler stumbles over
        raise damaged from error
    if not whole:
        raise damaged
    return state


def read_run(out: Path) -> dict | None:
    """The state of a run, with all that it takes to go on; TrainingError names the first thing that it lacks."""
    state = read_state(out)
    for name in OF_A_RUN if state is not None else ():
        if name not in state:
            raise TrainingError(f"{out / STATE} is no run's, it has no {name}: delete {out} and start again")
    return state


def is_told(out: Path, g_steps: int, *, along: bool) -> bool:
    """Whether the snapshot after so many steps is whole: a run may have been stopped between its state and that."""
    last = snapshot_along(out, g_steps) if along else out
    try:
        return checkpoint.read(out).training.g_steps == g_steps and (last / "samples.png").exists()
    except CheckpointError:
        return False


def snapshot_along(out: Path, g_steps: int) -> Path:
    return out / "state" / "snapshots" / f"{g_steps:08d}"


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """A full disk is an error for people to read."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"cannot write {path}: {error.strerror}; what was saved before is whole"
        ) from error


def check_same(out: Path, then: dict, now: dict, but: tuple[str, ...] = ()) -> None:
    """TrainingError names the first of the options, processes or data that are not those of the run to be resumed."""
    for name in [*now, *sorted(then.keys() - now.keys())]:
        if name not in but and not alike(name, then.get(name), now.get(name)):
            raise TrainingError(
                f"{out} was trained with {name} = {then.get(name)}, not {now.get(name)}:"
                " resume with the same options, or start elsewhere with --out"
            )


def alike(name: str, then: object, now: object) -> bool:
    """What a run began with may have moved, or be gone: its hashes are recorded beside its name."""
    moved = name == "from" and isinstance(then, str) and isinstance(now, str)
    return then == now or (moved and Path(then).name == Path(now).name)


class History:
    """history.jsonl: a line each logging interval."""

    def __init__(self, path: Path, kept_steps: int, untold: int = 0):
        """Forgets the lines after `kept_steps`, which a resumed run will write again.

        The state holds the sums of the last `untold` of these steps: no line tells of them yet.
        """
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines(True) if kept_steps and path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]  # a full disk cuts the last one short
        kept = [line for n, line in enumerate(whole, 1) if self.step_of(line, n) <= kept_steps]
        if (self.step_of(kept[-1], len(kept)) if kept else 0) < kept_steps - untold:
            tqdm.write(
                f"{path} ends before the saved state does, as after a power cut: its curves have a gap"
            )
        replace_file(path, "".join(kept).encode())

    def step_of(self, line: str, n: int) -> int:
        try:
            return int(json.loads(line)["g_steps"])
        except (ValueError, KeyError, TypeError):
            raise TrainingError(f"{self.path} is damaged: delete its line {n}, then resume") from None

    def add(self, values: dict[str, float]) -> None:
        line = json.dumps({k: v if isinstance(v, int) else float(f"{v:.5g}") for k, v in values.items()})
        with one_line(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def write_snapshot(
    out: Path,
    config: Config,
    tensors: dict[str, Tensor],
    rounding: float,
    inputs: list[Image.Image],
    critic: dict[str, Tensor] | None = None,
    *,
    along: bool = True,
) -> None:
    """The checkpoint as it stands, its samples from fixed latents or `inputs`, and a copy of both `along` the way.

    The critic lies beside the newest weights alone, always that of their step.
    """
    beside = {checkpoint.CRITIC: checkpoint.as_file(critic)} if critic is not None else {}
    config = checkpoint.write(out, config, tensors, rounding=rounding, files=beside)
    grid = samples(Model.from_pretrained(out.absolute()), inputs)
    places = [out]
    if along:
        places.append(snapshot_along(out, config.training.g_steps))
        checkpoint.write(places[1], config, tensors, rounding=rounding)
    for folder in places:
        replace_file(folder / "samples.png", lambda file: grid.save(file, format="PNG"))


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
    frames = []
    for path in sorted((out / "state" / "snapshots").glob("*/samples.png")):
        with Image.open(path) as grid:  # one at a time: a system lets a process have so many files open
            frames.append(grid.convert("RGB").crop((0, grid.height // 2, grid.width, grid.height)))
    replace_file(out / "progress.webp", pictures.animation(frames + frames[-1:] * 3, fps=2, quality=60))
