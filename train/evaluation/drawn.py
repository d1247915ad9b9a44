"""The samples that a model from noise is measured by."""

import numpy as np
import torch
from torch import Tensor

from train.reading.decoded import Pictures
from zoo import latents
from zoo.config import Config
from zoo.model import Model
from zoo.pictures import to_uint8

PIECE = 1000  # samples at a time
AS_OFTEN = "as often as among training pictures"


def classes(config: Config, n: int, training: Pictures) -> Tensor | None:
    """(n,) the class of each sample, as often as training pictures have it; None where the model knows no classes.

    Classes that all have as many pictures come in turn, as `Model.sample` has it. The first ones do not depend on n.
    """
    known = config.architecture.get("classes")
    if not known:
        return None
    pictures = np.zeros(known) if training.labels is None else np.bincount(training.labels, minlength=known)
    if len(set(pictures)) == 1:
        return torch.arange(n) % known
    due, found = np.zeros(known), torch.empty(n, dtype=torch.int64)
    for i in range(n):  # whatever has fallen behind the most
        due += pictures / pictures.sum()
        found[i] = int(due.argmax())
        due[found[i]] -= 1
    return found


def draw(model: Model, n: int, seed: int, labels: Tensor | None) -> Tensor:
    """Samples as they would be saved: uint8 (n, C, S, S).

    Those of `model.sample(n, seed=…)`, drawn in pieces: as floats all at once they would take four times the memory.
    """
    config = model.config
    z = latents.draw(n, config.architecture["latent"], seed)
    shape = (config.dataset.channels, config.dataset.size, config.dataset.size)
    samples = torch.empty(n, *shape, dtype=torch.uint8)
    for start in range(0, n, PIECE):
        piece = slice(start, start + PIECE)
        of = None if labels is None else labels[piece]
        samples[piece] = to_uint8(model.sample(latents=z[piece], labels=of))
    return samples
