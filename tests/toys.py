"""Toy checkpoints: tiny nets with random weights, and a config to go with them; pictures compared."""

import json
import typing
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from zoo import architectures, checkpoint


def anything(kind: typing.Any) -> typing.Any:
    """A value of an annotation, so that a new field of the format does not change every test."""
    if typing.get_origin(kind) is tuple:
        return tuple(map(anything, typing.get_args(kind)))
    return {int: 3, float: 12.5, str: "some", bool: True}.get(kind)


def config(
    name: str,
    of: dict[str, int],
    *,
    id: str | None = None,
    loss: dict | None = None,
    labels: tuple[str, ...] = (),
    palette: str | None = None,
    **given,
) -> checkpoint.Config:
    """Of the architecture `name` with the fields `of`."""
    training = checkpoint.Training(**{f.name: anything(f.type) for f in fields(checkpoint.Training)})
    dataset = checkpoint.Dataset(
        name="toy",
        id=None,
        revision=None,
        split="train",
        pictures=9,
        size=of["size"],
        channels=of["channels"],
        labels=labels,
        palette=palette,
    )
    return checkpoint.Config(
        id=id or f"{name}-focal-toy",
        architecture={"name": name, **of},
        critic={"norm": "batch", "spectral_norm": True, "autoencoder": False, "width": 4},
        loss=loss or {"name": "focal", "alpha": 1.0, "gamma": 2.0},
        dataset=dataset,
        training=training,
        **given,
    )


def weights(config: checkpoint.Config, seed: int = 0) -> dict[str, torch.Tensor]:
    """The state of a generator that makes pictures of some contrast."""
    torch.manual_seed(seed)
    of = dict(config.architecture)
    generator = architectures.build_generator(of.pop("name"), of)
    for parameter in generator.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.2)
    return generator.state_dict()


def keep_critic(folder: Path) -> torch.nn.Module:
    """A critic with random weights beside the generator's, as a run leaves it."""
    config = checkpoint.read(folder)
    of = {name: value for name, value in config.architecture.items() if name != "name"}
    critic = architectures.build_described_critic(str(config.architecture["name"]), of, config.critic)
    (folder / checkpoint.CRITIC).write_bytes(checkpoint.as_file(critic.state_dict()))
    return critic


def measure(folder: Path, **figures: tuple[float, int]) -> None:
    """The checkpoint's metrics.json with `figures`: name=(value, number of samples)."""
    rows = [{"name": name, "value": value, "n": n, "which": "final"} for name, (value, n) in figures.items()]
    sha256 = checkpoint.read(folder).weights.sha256
    (folder / "metrics.json").write_text(json.dumps({"weights_sha256": sha256, "metrics": rows}))


def train(
    folder: Path, *, lines: int = 40, kimg: float = 1000.0, level: float = 1.0, shades: tuple = ()
) -> None:
    """A history.jsonl of `lines` lines up to `kimg`, losses around `level`; a snapshot per grey level in `shades`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(1, lines + 1):
        loss = level * (1 + 1 / i)
        rows.append(
            {
                "kimg": kimg * i / lines, "g_steps": 100 * i, "d_loss": loss, "penalty": 0.0, "grad_norm_d": 2.0,
                "d_real": level, "d_fake": -level / i, "d_accuracy": 0.9, "g_loss": 2 * loss, "grad_norm_g": 3.0,
                "score_gap_sd": 0.5, "seconds": 1.5 * i,
            }
        )  # fmt: skip
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for i, shade in enumerate(shades, 1):
        steps = 100 * round(lines * i / len(shades))
        along = folder / "state" / "snapshots" / f"{steps:08d}"
        along.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64), (shade, shade, shade)).save(along / "samples.png")


def alike(a: Image.Image, b: Image.Image) -> bool:
    """To one grey level of each colour."""
    x, y = (np.asarray(one.convert("RGB")).astype(int) for one in (a, b))
    return x.shape == y.shape and np.abs(x - y).max() <= 1


def same(a: Image.Image, b: Image.Image) -> bool:
    """Pixel for pixel."""
    return np.array_equal(np.asarray(a), np.asarray(b))
