"""From the averaged generator to what is saved: batch-norm statistics of its own, and half precision."""

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from train.running.cell import Cell, inference
from zoo import latents
from zoo.pictures import to_float

PICTURES, CHUNK = 10_000, 250  # that batch norm's statistics are estimated from, at most; at a time
FEWEST = 64
MAPS = 64  # at least, from which a translating generator's are estimated, in batches of the size it is trained with
GREY_LEVELS = 127.5  # of 255, in one unit of [-1, 1]


def with_statistics(cell: Cell, average: nn.Module) -> nn.Module:
    """A copy of the average, in evaluation mode, with the batch-norm statistics of its own activations.

    Copied from the raw generator they would be another network's: the average's activations differ.
    """
    average = copy.deepcopy(average)
    norms = [m for m in average.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    if norms:
        average.train()
        devices = [device_of(average)] if device_of(average).type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices):
            torch.manual_seed(0)  # dropout is on, and a run that is asked twice has to say the same
            for z, condition in inputs(cell, device_of(average)):
                average(z, condition)
    return average.eval()


def halved(cell: Cell, average: nn.Module) -> tuple[dict[str, Tensor], float]:
    """Weights in float16, and the mean change of a picture by it in grey levels; float32 if that reaches 1."""
    z, condition = next(inputs(cell, device_of(average)))
    with torch.no_grad():
        whole, half = (
            as_used(cell, net)(z, condition) for net in (average, copy.deepcopy(average).half().float())
        )
    change = (whole - half).abs().mean().item() * GREY_LEVELS
    if change < 1:
        return {k: v.half() if v.is_floating_point() else v for k, v in average.state_dict().items()}, change
    return average.state_dict(), 0.0


def as_used(cell: Cell, average: nn.Module) -> nn.Module:
    """A copy with the statistics that it will be used with; without dropout, whose noise would drown a difference."""
    net = copy.deepcopy(average)
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d) and inference(cell).statistics == "batch":
            norm.train()
    return net


def inputs(cell: Cell, device: torch.device) -> Iterator[tuple[Tensor | None, Tensor | None]]:
    """Latents and conditions in chunks, always the same; conditions as the data has them."""
    pictures = cell.pictures
    rng = np.random.default_rng(0)
    if pictures.maps is None:
        n, chunk = how_many(cell)
        rows = rng.integers(len(pictures), size=n)
    else:  # the statistics of a batch are its own, and so is what they make of the next layer's
        chunk = cell.options.batch
        n = chunk * math.ceil(MAPS / chunk)
        rows = np.concatenate([rng.permutation(len(pictures))[:chunk] for _ in range(0, n, chunk)])
    for start in range(0, n, chunk):
        z = condition = None
        if "latent" in cell.fields:
            z = latents.draw(chunk, cell.fields["latent"], seed=start).to(device)
        if pictures.maps is not None:
            maps = np.stack([pictures.maps[i] for i in rows[start : start + chunk]])
            condition = to_float(torch.from_numpy(maps)).to(device)
        elif cell.fields.get("classes"):
            condition = torch.from_numpy(pictures.labels[rows[start : start + chunk]]).to(device)
        yield z, condition


def how_many(cell: Cell) -> tuple[int, int]:
    """Pictures for batch norm's statistics, and how many at a time.

    Half as many as the critic sees from snapshot to snapshot: to make one takes a fifth of training on one, or less, so
    that is a tenth of the time. A clock would bound it too, and give another network each time.
    """
    kimg = cell.options.snapshot_kimg or cell.options.kimg / 10
    n = min(PICTURES, max(FEWEST, int(500 * kimg)))
    chunk = min(CHUNK, n)
    return n // chunk * chunk, chunk


def device_of(net: nn.Module) -> torch.device:
    return next(net.parameters()).device
