"""What `--precision auto` and `--memory-format auto` mean here: whatever a few timed steps say."""

import itertools
import statistics
import time

import torch

from train.cell import Cell, build_game
from train.step import Batch, Game, play

PRECISIONS, MEMORY_FORMATS = ("float32", "bf16"), ("channels_last", "contiguous")
STEPS = 5


def settle(cell: Cell, device: torch.device) -> tuple[str, str]:
    """(precision, memory format): as the options say, or where they say "auto" the fastest on this machine."""
    asked = cell.options.precision, cell.options.memory_format
    choices = list(
        itertools.product(
            *(
                known if wish == "auto" else (wish,)
                for wish, known in zip(asked, (PRECISIONS, MEMORY_FORMATS), strict=True)
            )
        )
    )
    if len(choices) == 1:
        return choices[0]
    return min(choices, key=lambda choice: seconds_a_step(cell, *choice, device))


def seconds_a_step(cell: Cell, precision: str, memory_format: str, device: torch.device) -> float:
    game = build_game(cell, precision, memory_format, device)
    batches = [made_up_batch(cell, device) for _ in range(cell.rules.critic_steps)]
    times = []
    for _ in range(2 + STEPS):
        began = time.perf_counter()
        play(game, batches)
        wait(game)
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:])


def made_up_batch(cell: Cell, device: torch.device, n: int | None = None) -> Batch:
    """Noise in the shapes of the cell's data."""
    n, fields = n or cell.options.batch, cell.fields
    picture = torch.rand(n, fields["channels"], fields["size"], fields["size"], device=device) * 2 - 1
    condition = None
    if cell.pictures.maps is not None:
        condition = torch.rand(n, 3, fields["size"], fields["size"], device=device) * 2 - 1
    elif fields.get("classes"):
        condition = torch.randint(fields["classes"], (n,), device=device)
    latents = torch.randn(n, fields["latent"], device=device) if "latent" in fields else None
    return Batch(picture, condition, latents)


def wait(game: Game) -> None:
    """For the device to have done what it was asked."""
    next(game.average.parameters()).flatten()[0].item()
