"""Samples above their nearest training pictures, for the eyes: of pictures of one's own, which are not published."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from train.evaluation import drawn
from train.evaluation.yardsticks import Yardsticks, translates
from zoo import checkpoint, latents, pictures
from zoo.files import replace_file
from zoo.measurements import counting
from zoo.model import Model

SHEET = Path("state") / "nearest.png"  # beside what is never pushed
LEAST = 128  # pixels of a picture on the sheet


def write(folder: Path, found: list[dict], tools: Yardsticks) -> None:
    """The sheet of the pairs that memorisation names, in the run's state/; none of a set that everybody has."""
    config, row = checkpoint.read(folder), counting(found, "memorisation")
    if row is None or translates(config) or config.dataset.known or config.dataset.id:
        return
    samples, rows = map(list, zip(*row["nearest"], strict=True))
    model, training = Model.from_pretrained(folder.absolute()), tools.against(config).training
    z = torch.stack([latents.row(i, config.architecture["latent"], row["sample_seed"]) for i in samples])
    labels = drawn.classes(config, max(samples) + 1, training)
    made = pictures.to_uint8(model.sample(latents=z, labels=None if labels is None else labels[samples]))
    real = torch.from_numpy(np.stack([np.array(training.images[i]) for i in rows]))
    sheet = pictures.grid(torch.cat([made, real]), len(samples))
    if times := LEAST // config.dataset.size:  # enlarged whole times, so that every pixel is seen as it is
        sheet = sheet.resize((sheet.width * times, sheet.height * times), Image.Resampling.NEAREST)
    replace_file(folder / SHEET, lambda file: sheet.save(file, format="PNG"))
