"""The raw generator with batch-norm statistics as training tracks them, at a momentum: what users get who save neither
an average nor statistics of its own. Momentum enters no training step, so one run serves every momentum.
"""

import hashlib
import math
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from train.evaluation import drawn
from train.reading.decoded import Pictures
from train.running.folder import read_state
from zoo import checkpoint, latents
from zoo.errors import DataError, Refused
from zoo.model import Model

HOW = "raw generator; statistics tracked at this momentum over batches of the training's size, weights held still"


def model(folder: Path, momentum: float, training: Pictures) -> tuple[Model, str]:
    """The model, and the sha256 of its raw weights. DataError without the run's state, Refused without batch norm.

    Classes are drawn as often as `training` has them, which the statistics depend on.
    """
    if not 0 < momentum <= 1:
        raise Refused(f"a momentum lies above 0 and is at most 1, not {momentum}")
    config, generator = checkpoint.load(folder)
    state = read_state(folder)
    if state is None:
        raise DataError(f"--momenta: {folder} has no state/ any more, where the raw generator lies")
    generator.load_state_dict(state["generator"])
    sha256 = hashlib.sha256(
        safetensors.torch.save({name: t.contiguous() for name, t in generator.state_dict().items()})
    ).hexdigest()
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        raise Refused(f"--momenta: {config.id} has no batch norm")
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = momentum
    batch, steps = config.training.batch, math.ceil(10 / momentum)  # what they started from then counts e⁻¹⁰
    labels = drawn.classes(config, steps * batch, training)
    generator.train()
    with torch.no_grad():
        for step in range(steps):
            of = None if labels is None else labels[step * batch : (step + 1) * batch]
            generator(latents.draw(batch, config.architecture["latent"], seed=step), of)
    return Model(config, generator.eval(), folder), sha256
