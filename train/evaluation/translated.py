"""What is measured of translations: pictures of maps, each against the photograph that belongs to its map.

The model is used in four ways, batch norm's statistics of the one picture or running ones × dropout on or off; the
config's own, the way in which `Model.translate` works, comes first and is marked "default".
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from train.evaluation import metrics, sampled
from train.evaluation.features import Extractor, of_pictures, three_channels
from train.evaluation.rows import row
from train.reading.columns import overlap
from train.reading.decoded import Pictures
from zoo import checkpoint, latents, measures, pictures
from zoo.checkpoint import Inference
from zoo.errors import DataError
from zoo.model import Model

SEEN_AT = 64  # pixels; AlexNet makes nothing of fewer than 31
INTERVAL = "95 % bootstrap over the pictures"
ARTEFACT = (
    "wrap-around artefact, no quality: PSNR with uint8 differences and squares, as the focal paper's Table 4"
    " (vanilla 28.813, WGAN-GP 27.778, LSGAN 28.056, focal 28.351) is likely to have been taken"
)
SINGULAR = "fewer pictures than features: the covariance is singular; a figure without interval or verdict"
MODES = [(statistics, dropout) for statistics in ("batch", "running") for dropout in (True, False)]


def measure(
    folder: Path,
    pairs: Pictures,
    *,
    inception: Extractor | None,
    lpips: Callable[[Tensor, Tensor], float] | None,
    features: Callable[[Extractor, Pictures], Tensor],
    seed: int = 0,
) -> list[dict]:
    """Rows of all four modes on every pair, the default one's first; none of a single pair, which is said."""
    if len(pairs) < 2:
        tqdm.write(
            f"split {pairs.split} of {pairs.name} has a single pair, and figures are means over pairs:"
            " name another by --reference-split (train, if there is no other)"
        )
        return []
    own = checkpoint.read(folder).inference
    rows = []
    for statistics, dropout in sorted(MODES, key=lambda mode: mode != (own.statistics, own.dropout)):
        default = (statistics, dropout) == (own.statistics, own.dropout)
        mode = {"statistics": statistics, "dropout": dropout, "default": default}
        fakes = translate(folder, pairs, Inference(statistics=statistics, dropout=dropout), seed)
        rows += [
            figure | mode
            for figure in compare(fakes, pairs, lpips=lpips, inception=inception, features=features)
        ]
    return rows


def translate(folder: Path, pairs: Pictures, inference: Inference, seed: int) -> Tensor:
    """The model's pictures of all maps, uint8 (n, C, S, S), as they would be saved; the i-th with seed + i."""
    config, generator = checkpoint.load(folder)
    model = Model(replace(config, inference=inference), generator, folder)
    bar = tqdm(range(len(pairs)), desc=f"translating, {inference.statistics}", unit=" pictures", leave=False)
    outputs = []
    for i in bar:
        given = pictures.to_float(torch.from_numpy(pairs.maps[i]))
        outputs.append(pictures.to_uint8(model.translate(given, seed=(seed + i) % latents.SEEDS)))
    return torch.stack(outputs)


def compare(
    fakes: Tensor,
    pairs: Pictures,
    *,
    lpips: Callable[[Tensor, Tensor], float] | None,
    inception: Extractor | None,
    features: Callable[[Extractor, Pictures], Tensor],
) -> list[dict]:
    """PSNR, SSIM, L1 and LPIPS a picture, then the mean with its interval; FID; the wrap-around artefact."""
    n = len(fakes)
    reals = torch.from_numpy(np.array(pairs.images[:]))
    about = {"dataset": pairs.name, "split": pairs.split, "data_range": 255}
    rows = []
    for name, of in {"psnr": measures.psnr, "ssim": measures.ssim, "l1": measures.l1}.items():
        values = [of(fake, real) for fake, real in zip(fakes, reals, strict=True)]
        rows += mean_of_finite(name, values, **about)
    if lpips is not None:
        mean = metrics.bootstrap([lpips(fake, real) for fake, real in zip(fakes, reals, strict=True)])
        protocol = {"dataset": pairs.name, "split": pairs.split, "extractor": "LPIPS 0.1, AlexNet"}
        rows.append(row("lpips", mean.value, n, ci=[mean.low, mean.high], ci_of=INTERVAL, **protocol))
    if inception is not None:
        fake = of_pictures(inception, fakes, progress="Inception of translations")
        rows.append(fid(fake, inception, pairs, features))
    wrapped = [measures.wrapped_psnr(f.numpy(), r.numpy()) for f, r in zip(fakes, reals, strict=True)]
    if finite := [value for value in wrapped if math.isfinite(value)]:
        rows.append(row("wrapped_psnr", float(np.mean(finite)), n, note=ARTEFACT, **about))
    return rows


def fid(
    fake: Tensor, inception: Extractor, pairs: Pictures, features: Callable[[Extractor, Pictures], Tensor]
) -> dict:
    about = sampled.describe(inception, pairs)
    if len(fake) <= inception.width:
        about["note"] = SINGULAR
    return sampled.frechet("fid", fake, features(inception, pairs), **about)


def mean_of_finite(name: str, values: list[float], **protocol) -> list[dict]:
    """The row of a mean over pairs. The PSNR of an equal pair (two blank sheets, say) is infinite: such pairs are left
    out and counted. No row where fewer than two are left."""
    finite, n = [value for value in values if math.isfinite(value)], len(values)
    if len(finite) < 2:
        equal = f": {n - len(finite)} of {n} pairs are equal, theirs is infinite" if len(finite) < n else ""
        tqdm.write(f"{name}: no mean of fewer than two values{equal}")
        return []
    mean = metrics.bootstrap(finite)
    equal = {"infinite": n - len(finite)} if len(finite) < n else {}
    return [row(name, mean.value, n, ci=[mean.low, mean.high], ci_of=INTERVAL, **equal, **protocol)]


def for_scale(
    pairs: Pictures,
    training: Pictures,
    *,
    lpips: Callable[[Tensor, Tensor], float] | None,
    inception: Extractor | None,
    features: Callable[[Extractor, Pictures], Tensor],
    seed: int,
) -> list[dict]:
    """Rows of what translates nothing, each with its `subject`: another pair's photograph, black, noise; and the FID of
    "real", as many training photographs, which is what a perfect model would have, where none is among the pairs.
    """
    reals = torch.from_numpy(np.array(pairs.images[:]))
    noise = torch.randint(256, reals.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    subjects = {"another photograph": reals.roll(1, 0), "black": torch.zeros_like(reals), "noise": noise}
    found = [
        figure | {"subject": subject}
        for subject, fakes in subjects.items()
        for figure in compare(fakes, pairs, lpips=lpips, inception=None, features=features)
    ]
    unseen = len(training) >= len(pairs) and not overlap(pairs.split, training.split)
    if inception is not None and unseen:
        some = np.random.default_rng(seed).permutation(len(training))[: len(pairs)]
        real = of_pictures(inception, torch.from_numpy(np.array(training.images[np.sort(some)])))
        found.append(fid(real, inception, pairs, features) | {"subject": "real"})
    return found


def load_lpips(weights: Path | None) -> Callable[[Tensor, Tensor], float]:
    """The distance of two uint8 pictures (C, H, W), LPIPS-alex of Zhang et al. 2018; `weights` as for `_lpips_net`."""
    net = _lpips_net(weights)

    def distance(a: Tensor, b: Tensor) -> float:
        with torch.inference_mode():
            x, y = (three_channels(pictures.to_float(picture)[None]) for picture in (a, b))
            return float(net(x, y))

    return distance


def alexnet(weights: Path | None) -> Extractor:
    """LPIPS' AlexNet as an extractor: its last layer's maps, averaged; pictures below 64 pixels are enlarged to it."""
    net = _lpips_net(weights)
    sha = hashlib.sha256()
    for tensor in net.net.state_dict().values():
        sha.update(tensor.numpy().tobytes())

    def run(batch: Tensor) -> Tensor:
        x = three_channels(pictures.to_float(batch))
        if x.shape[-1] < SEEN_AT:
            x = F.interpolate(x, SEEN_AT, mode="bilinear", align_corners=False)
        return net.net(net.scaling_layer(x))[-1].mean((2, 3))

    key = f"alexnet-{sha.hexdigest()[:12]}-float32"
    return Extractor("LPIPS' AlexNet", key, 256, f"bilinear, to {SEEN_AT} pixels or more", "float32", run)


def _lpips_net(weights: Path | None) -> nn.Module:
    """`weights`: torchvision's AlexNet features and the authors' lin layers in one file; None lets torchmetrics
    download the former. DataError where they cannot be had.
    """
    from torchmetrics.functional.image.lpips import _LPIPS

    if weights is None:
        try:
            net = _LPIPS(net="alex")
        except OSError as error:
            raise DataError(
                f"cannot download AlexNet ({error}): pass --lpips-weights FILE, or --skip lpips"
            ) from error
    else:
        net = _LPIPS(pretrained=False, pnet_rand=True, net="alex")
        try:
            given = torch.load(weights, map_location="cpu", weights_only=True)
            net.load_state_dict(_renamed(given, net), strict=True)
        except Exception as error:  # whatever a foreign file makes torch raise
            reason = " ".join(str(error).split())[:120]
            raise DataError(f"cannot use {weights} for --lpips-weights: {reason}") from error
    return net


def _renamed(given: dict[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """torchvision's names for AlexNet's layers -> those of torchmetrics, which cuts them in slices."""
    slices = {
        name.split(".")[2]: name.rsplit(".", 1)[0] for name in net.state_dict() if name.startswith("net.")
    }
    found = {}
    for name, tensor in given.items():
        if name.startswith("features."):
            _, layer, kind = name.split(".")
            name = f"{slices[layer]}.{kind}"
        found[name] = tensor.float()
        if name.startswith("lin"):
            found[f"lins.{name[3:]}"] = tensor.float()  # the same layers, a second time
    scaling = {name: t for name, t in net.state_dict().items() if name.startswith("scaling_layer.")}
    return scaling | found
