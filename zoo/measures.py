"""How far one picture is from another: PSNR, SSIM and L1, each of a single pair.

A set's figure is the mean over its pairs: a PSNR of pooled errors is another, lower number.

A picture is a PIL picture of any mode but I and F, read as `zoo.pictures.decode` does (16 bits scaled to 8,
transparency on white, grey as one channel, an ICC profile's colours as sRGB; DataError where it cannot), or a tensor
(C, H, W), C 1 or 3, uint8 or float in [-1, 1] (beyond: clamped). Both are compared as float64 in grey levels, 0 to
255: subtracting uint8 wraps round at 256 and flatters. Refused is raised where the pair differs in shape.
"""

import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zoo.decoding import decode
from zoo.errors import Refused

RANGE = 255.0  # grey levels
WINDOW, SIGMA = 11, 1.5  # pixels: the side of SSIM's Gaussian window, and its deviation

Picture = Image.Image | Tensor


def psnr(a: Picture, b: Picture) -> float:
    """Peak signal-to-noise ratio in decibels, from 0 (black on white) to infinity (equal)."""
    x, y = _pair(a, b)
    return _decibels(float(((x - y) ** 2).mean()))


def ssim(a: Picture, b: Picture) -> float:
    """Structural similarity, at most 1 (equal); Wang et al. 2004. Refused below 11 pixels a side.

    As its authors' code has it: the mean over the places where the whole window lies inside the picture. torchmetrics'
    mean, since 1.5, is also over a reflected border, and comes out up to an eighth higher or lower.
    """
    a, b = _pair(a, b)
    if min(a.shape[-2:]) < WINDOW:
        raise Refused(f"SSIM needs {WINDOW} pixels a side, not {tuple(a.shape[-2:])}")
    mean_a, mean_b, aa, bb, ab = _blurred(torch.stack([a, b, a * a, b * b, a * b]))
    steady, steadier = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
    light = (2 * mean_a * mean_b + steady) / (mean_a**2 + mean_b**2 + steady)
    contrast = (2 * (ab - mean_a * mean_b) + steadier) / (aa - mean_a**2 + bb - mean_b**2 + steadier)
    return float((light * contrast).mean())


def _blurred(x: Tensor) -> Tensor:
    """(…, H, W) → (…, H - 10, W - 10): by SSIM's window, along one side after the other, a tenth of the work."""
    at = torch.arange(WINDOW, dtype=x.dtype) - WINDOW // 2
    window = torch.exp(-((at / SIGMA) ** 2) / 2)
    window = window / window.sum()
    for side in (-1, -2):
        length = x.shape[side] - WINDOW + 1
        first, *others = (x.narrow(side, k, length) for k in range(WINDOW))
        x = first * window[0]
        for weight, shifted in zip(window[1:], others, strict=True):
            x.add_(shifted, alpha=float(weight))
    return x


def wrapped_psnr(a: np.ndarray, b: np.ndarray) -> float:
    """What a PSNR becomes where uint8 arrays are subtracted and squared as uint8: **an artefact, no quality.**

    Both wrap round at 256, so the error of two unrelated pictures is one of a few squares modulo 256, and any pair of
    pictures "has" some 28 dB (27.898 where residuals are uniform; 24.2 at least). torcheval 0.0.7 does this to uint8
    tensors. Reported beside the true one, because the focal paper's Table 4 lies just there: vanilla 28.813, WGAN-GP
    27.778, LSGAN 28.056, focal 28.351.
    """
    if a.dtype != np.uint8 or b.dtype != np.uint8 or a.shape != b.shape:
        raise Refused("the slip is that of two uint8 pictures of one shape")
    return _decibels(float(np.mean((a - b) ** 2)))  # in uint8, on purpose


def _decibels(error: float) -> float:
    return 10 * math.log10(RANGE**2 / error) if error else math.inf


def l1(a: Picture, b: Picture) -> float:
    """Mean absolute difference in grey levels, 0 to 255."""
    x, y = _pair(a, b)
    return float((x - y).abs().mean())


def _pair(a: Picture, b: Picture) -> tuple[Tensor, Tensor]:
    """Both as (1, C, H, W)."""
    x, y = _levels(a), _levels(b)
    if x.shape != y.shape:
        raise Refused(f"a pair of pictures has one shape, not {tuple(x.shape[1:])} and {tuple(y.shape[1:])}")
    return x, y


def _levels(picture: Picture) -> Tensor:
    """(1, C, H, W), float64 in [0, 255]."""
    if isinstance(picture, Image.Image):
        if picture.mode in (
            "I",
            "F",
        ):  # they do not say what white is, and two pictures would be scaled apart
            raise Refused(f"a picture of mode {picture.mode} is compared as a tensor in [-1, 1]")
        pixels = np.array(decode(picture))
        picture = torch.from_numpy(np.atleast_3d(pixels)).permute(2, 0, 1)
    if not isinstance(picture, Tensor):
        raise Refused(f"a picture is a PIL picture, by Image.open, or a tensor, no {type(picture).__name__}")
    if picture.ndim != 3 or picture.shape[0] not in (1, 3):
        raise Refused(f"a picture is a tensor (1 or 3, height, width), not {tuple(picture.shape)}")
    x = picture.detach().cpu().double().contiguous()[None]
    if picture.dtype == torch.uint8:
        return x
    if not picture.is_floating_point():
        raise Refused(f"a picture is uint8 or float in [-1, 1], not {picture.dtype}")
    return ((x + 1) * (RANGE / 2)).clamp(0, RANGE)
