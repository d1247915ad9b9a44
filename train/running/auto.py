"""What `--precision auto` and `--memory-format auto` mean here: whatever a few timed steps say."""

import itertools
import statistics
import time

import torch

from train.running.cell import Cell, build_game, in_layout, made_up_batch
from train.running.graphs import agrees
from zoo.step import Game, play

PRECISIONS, MEMORY_FORMATS = ("float32", "bf16"), ("channels_last", "contiguous")
STEPS = 5


def settle(cell: Cell, device: torch.device) -> dict[str, str | bool]:
    """Precision, memory format and CUDA graphs: as the options say, or where they say "auto" what is fastest here."""
    precision, memory_format = fastest(cell, device)
    settings = {"precision": precision, "memory_format": memory_format}
    may_graph = cell.options.cuda_graphs == "auto" and device.type == "cuda" and cell.processes == 1
    return settings | {"cuda_graphs": may_graph and agrees(cell, settings, device)}


def fastest(cell: Cell, device: torch.device) -> tuple[str, str]:
    asked = cell.options.precision, cell.options.memory_format
    known = PRECISIONS if has_bf16(device) else PRECISIONS[:1], MEMORY_FORMATS
    wishes = zip(asked, known, strict=True)
    choices = list(itertools.product(*(there if wish == "auto" else (wish,) for wish, there in wishes)))
    if len(choices) == 1:
        return choices[0]
    return min(choices, key=lambda choice: seconds_a_step(cell, *choice, device))


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 is worth timing: a CPU that has to emulate it takes twenty to thirty times as long for a step."""
    if device.type != "cpu":
        return True
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def seconds_a_step(cell: Cell, precision: str, memory_format: str, device: torch.device) -> float:
    game = build_game(cell, precision, memory_format, device)
    batches = [in_layout(made_up_batch(cell, device), memory_format) for _ in range(cell.rules.critic_steps)]
    times = []
    for _ in range(2 + STEPS):
        began = time.perf_counter()
        play(game, batches)
        wait(game)
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:])


def wait(game: Game) -> None:
    """For the device to have done what it was asked."""
    next(game.average.parameters()).flatten()[0].item()
