"""The whole step as one CUDA graph: on a GPU small nets are bound by the launching of kernels, and this launches once.

A graph is used only where it has just been seen to do what the eager step does, on this very machine.
"""

from functools import partial

import torch
from torch import Generator, Tensor

from train.running.cell import Cell, build_game, in_layout, made_up_batch
from zoo.step import Batch, Game, play

WARM_UP = 3  # eager steps before a capture: optimiser states and cuDNN's choices have to exist


class Graphed:
    """`play` for batches of always the same shapes: eager at first, then captured once and replayed.

    What it returns is overwritten by the next call. `rng` feeds the penalties; seeding it between calls works, as a
    replay reads its seed anew.
    """

    def __init__(self, game: Game, rng: Generator):
        self.game, self.rng = game, rng
        self.calls, self.graph = 0, None

    def __call__(self, batches: list[Batch]) -> dict[str, Tensor]:
        self.calls += 1
        if self.calls <= WARM_UP:
            return self.on_side_stream(batches)
        if self.graph is None:
            self.capture(batches)
        for held, batch in zip(self.held, batches, strict=True):
            for target, source in zip(held, batch, strict=True):
                if target is not None:
                    target.copy_(source)
        self.graph.replay()
        return self.values

    def on_side_stream(self, batches: list[Batch]) -> dict[str, Tensor]:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            values = play(self.game, batches, self.rng)
        torch.cuda.current_stream().wait_stream(stream)
        return values

    def capture(self, batches: list[Batch]) -> None:
        """Records the step; nothing is computed by it."""
        self.held = [Batch(*(None if t is None else t.clone() for t in batch)) for batch in batches]
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(self.rng)
        with torch.cuda.graph(self.graph):
            self.values = play(self.game, self.held, self.rng)


def agrees(cell: Cell, settings: dict[str, str], device: torch.device) -> bool:
    """Whether graphed steps go the way of eager ones, for this cell on this device: losses and gradient norms."""
    games = [build_game(cell, settings["precision"], settings["memory_format"], device) for _ in range(2)]
    rngs = [torch.Generator(device) for _ in games]
    dropout = torch.cuda.default_generators[device.index or 0]
    eager, graphed = partial(play, games[0], rng=rngs[0]), Graphed(games[1], rngs[1])
    try:
        for seed in range(WARM_UP + 3):
            made_up = (made_up_batch(cell, device) for _ in range(cell.rules.critic_steps))
            batches = [in_layout(batch, settings["memory_format"]) for batch in made_up]
            seen = []
            for step, rng in zip((eager, graphed), rngs, strict=True):
                rng.manual_seed(seed)
                dropout.manual_seed(seed)
                seen.append(torch.stack([value.float() for value in step(batches).values()]))
            if not torch.allclose(*seen, rtol=0.05, atol=0.01):
                return False
    except RuntimeError:  # something in the step cannot be captured
        torch.cuda.synchronize()
        return False
    return True
