"""Checkpoints with figures, made on the spot: tiny nets, random weights, numbers that a test chooses."""

import json
import math
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cards.runs import Run
from zoo import architectures, checkpoint, names
from zoo.config import NAMED_DATA

TRAINING = checkpoint.Training(
    kimg=250.0, g_steps=15_625, batch=16, processes=1, critic_steps=1, seed=0, optimiser="adam", lr_g=4e-4,
    lr_d=4e-4, betas=(0.5, 0.999), ema_kimg=10.0, precision="float32", memory_format="contiguous",
    lr_decay_from=1.0, mirror=False, jitter=0, l1_weight=0.0,
    command="accelerate launch train/dcgan.py --loss focal --kimg 250", commit="0123abcd" * 5,
    library_version="0.1.0", torch_version="2.11.0", pictures_per_second=610.0, hardware="a CPU, 1 thread",
    seconds=410.0,
)  # fmt: skip
CIFAR_LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
INCEPTION = {
    "dataset": "cifar10", "split": "test", "reference_n": 10_000, "extractor": "Inception 2015-12-05",
    "features": 2048, "resize": "299, TensorFlow 1", "precision": "float32",
}  # fmt: skip
CLASSIFIER = INCEPTION | {"extractor": "cifar10 classifier", "features": 128, "classifier_accuracy": 0.9}
ABOUT = {
    "which": "final", "kimg": 250.0, "g_steps": 15_625, "sample_seed": 0, "training_seed": 0,
    "versions": {"gan-zoo": "0.1.0", "torch": "2.11.0"}, "device": "a CPU, 1 thread", "date": "2026-11-24",
}  # fmt: skip


def of_noise(**values: float) -> list[dict]:
    """The rows that evaluate.py writes of a model from noise; `values` change some."""
    known = {
        "fid": 55.12, "kid": 0.0312, "precision": 0.61, "recall": 0.42, "classifier_distance": 7.02,
        "class_coverage": 1.0, "class_entropy": 0.98, "memorisation": 1.02, "swing_d": 0.08, "swing_g": 0.05,
        "settled_kimg_d": 80.0, "settled_kimg_g": None, "spike_d": 1.8, "spike_g": 2.6,
        "step_spike_d": 2.8, "step_spike_g": 3.6,
        "last_epoch_d_loss": 1.38, "last_epoch_g_loss": 0.72, "early_grad_norm_g": 0.9, "exploded_intervals": 0,
        "not_finite_lines": 0,
    } | values  # fmt: skip
    rows = []
    for name, value in known.items():
        if name in ("fid", "kid", "precision", "recall"):
            row = {"name": f"{name}_n5000", "value": value, "n": 5000, **INCEPTION}
            row |= (
                {"se": 0.0007, "se_of": "standard error of drawing both sets anew (x)"}
                if name == "kid"
                else {}
            )
            row |= {"k": 3} if name in ("precision", "recall") else {}
        elif name.startswith("class") or name in ("memorisation", "asked_class"):
            row = {"name": f"{name}_n10000", "value": value, "n": 10_000, **CLASSIFIER}
            row |= {"histogram": dict.fromkeys(CIFAR_LABELS, 0.1)} if name == "class_coverage" else {}
        else:
            row = {"name": name, "value": value, "source": "history.jsonl", "lines": 200}
            row |= {"saturated": False} if name.startswith(("swing", "settled")) else {}
            row |= {"range_5_95": [value * 0.9, value * 1.1]} if name.startswith("last_epoch") else {}
        rows.append(row | ABOUT)
    return rows


def of_translation(**values: float) -> list[dict]:
    """The same of a model that translates, in its four modes, the default first."""
    known = {
        "psnr": 12.87,
        "ssim": 0.21,
        "l1": 45.2,
        "lpips": 0.49,
        "fid": 140.3,
        "wrapped_psnr": 28.2,
    } | values
    rows = []
    for statistics, dropout in (("batch", True), ("batch", False), ("running", True), ("running", False)):
        mode = {
            "statistics": statistics,
            "dropout": dropout,
            "default": (statistics, dropout) == ("batch", True),
        }
        for name, value in known.items():
            row = {"name": f"{name}_n106", "value": value, "n": 106, "dataset": "facades", "split": "test"}
            if name in ("psnr", "ssim", "l1", "lpips"):
                row |= {"ci": [value * 0.98, value * 1.02], "ci_of": "95 % bootstrap over the pictures"}
            rows.append(row | mode | ABOUT)
    return rows


def lines(n: int = 60, kimg: float = 250.0, **series) -> list[dict]:
    """A history; `series` are columns (n,)."""
    rng = np.random.default_rng(0)
    columns = {
        "kimg": np.linspace(kimg / n, kimg, n), "g_steps": np.arange(1, n + 1) * 260,
        "d_loss": 1.3 + rng.normal(0, 0.05, n), "g_loss": 0.8 + rng.normal(0, 0.05, n), "penalty": np.zeros(n),
        "d_accuracy": np.full(n, 0.8),
    } | series  # fmt: skip
    return [{name: float(x[i]) for name, x in columns.items()} for i in range(n)]


@pytest.fixture
def make(tmp_path):
    """Writes a checkpoint folder with metrics and history, and its weights unless they are not wanted."""

    def write(
        folder: str, architecture: str = "dcgan", loss: str = "focal", dataset: str = "cifar10", *, rows=None,
        hub_id: str | None = "", history=None, weights: bool = True, clip: float | None = None, **training,
    ) -> Path:  # fmt: skip
        row = architectures.get(architecture)
        translates = row.kind == "translation"
        of = {"size": 32, "channels": 1 if dataset == "fashion-mnist" else 3, "width": 4}
        of |= {"cap": 8} if translates else {"latent": 8}
        of |= {"classes": 10} if row.conditional else {}
        of_critic = {"norm": "batch", "autoencoder": False, "width": 4}
        config = checkpoint.Config(
            id=f"{architecture}-{loss}-{dataset}",
            architecture={"name": architecture, **of},
            critic={} if loss == "none" else of_critic | {"spectral_norm": clip is None},
            loss={"name": loss} | ({"clip": clip} if clip else {}),
            dataset=checkpoint.Dataset(
                name=dataset, id=getattr(NAMED_DATA.get(dataset), "id", None) if hub_id == "" else hub_id,
                revision=None, split="train",
                pictures=50_000, size=32, channels=of["channels"],
                labels=() if translates else CIFAR_LABELS, palette="facades" if dataset == "facades" else None,
            ),
            training=replace(TRAINING, **training),
        )  # fmt: skip
        path = tmp_path / folder
        torch.manual_seed(zlib.crc32(folder.encode()))  # no two trainings come to the same weights
        generator = architectures.build_generator(architecture, of)
        tensors = {k: v.half() if v.is_floating_point() else v for k, v in generator.state_dict().items()}
        config = checkpoint.write(path, config, tensors, rounding=0.02)
        if not weights:
            (path / checkpoint.WEIGHTS).unlink()
        Image.new("RGB", (64, 64)).save(path / "samples.png")
        if rows is not None:
            measured = {"weights_sha256": config.weights.sha256, "metrics": rows}
            (path / checkpoint.METRICS).write_text(json.dumps(measured, allow_nan=False))
        if history is not None:
            (path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in history))
        return path

    return write


@pytest.fixture
def run():
    """One training with figures, without files."""

    def make(
        loss: str, architecture: str = "dcgan", dataset: str = "cifar10", *, recipe: str = "starter-zoo",
        seed: int = 0, kimg: float = 250.0, tag: str = "", rows=None, failure: str = "", g_steps: int = 15_625,
        **values: float,
    ) -> Run:  # fmt: skip
        data = checkpoint.Dataset(
            name=dataset, id=None, revision=None, split="train", pictures=50_000, size=32, channels=3
        )
        config = checkpoint.Config(
            id=f"{architecture}-{loss}-{dataset}",
            architecture={"name": architecture},
            critic={},
            loss={"name": loss},
            dataset=data,
            training=replace(TRAINING, seed=seed, kimg=kimg, g_steps=g_steps),
        )
        rows = [] if failure else of_noise(**values) if rows is None else rows
        return Run(recipe, architecture, loss, dataset, tag, seed, None if failure else config, rows, failure)

    return make


@pytest.fixture
def figures_of():
    """What a test says of rows and histories: `figures_of.noise(...)` and so on."""

    class Made:
        noise, translation, history = (
            staticmethod(of_noise),
            staticmethod(of_translation),
            staticmethod(lines),
        )
        nan = math.nan

    return Made


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """An empty zoo: checkpoints go to bundle("…")."""
    monkeypatch.setattr(names, "BUNDLED", tmp_path / "zoo")
    return lambda name: f"zoo/{name}"
