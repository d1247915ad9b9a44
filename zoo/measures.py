"""How far one picture is from another: PSNR, SSIM and L1, each of a single pair.

Thin over torchmetrics (of the extras `train` and `space`), which is imported when a measure is taken. A set's
figure is the mean over its pairs: a PSNR of pooled errors is another, lower number.

A picture is a PIL picture or a tensor (C, H, W), C 1 or 3, uint8 or float in [-1, 1] (beyond: clamped). Both are
compared as float64 in grey levels, 0 to 255: subtracting uint8 wraps round at 256 and flatters. Refused is raised
where the pair differs in shape.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zoo.errors import Refused

RANGE = 255.0  # grey levels
WINDOW = 11  # pixels: the side of SSIM's Gaussian window (σ = 1.5)

Picture = Image.Image | Tensor


def psnr(a: Picture, b: Picture) -> float:
    """Peak signal-to-noise ratio in decibels, from 0 (black on white) to infinity (equal)."""
    from torchmetrics.functional.image import peak_signal_noise_ratio

    return float(peak_signal_noise_ratio(*_pair(a, b), data_range=RANGE))


def ssim(a: Picture, b: Picture) -> float:
    """Structural similarity, at most 1 (equal); Wang et al. 2004. Refused below 11 pixels a side.

    As its authors' code has it: the mean over the places where the whole window lies inside the picture. torchmetrics'
    own mean, since 1.5, is also over a reflected border, and comes out up to an eighth higher or lower.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    a, b = _pair(a, b)
    if min(a.shape[-2:]) < WINDOW:
        raise Refused(f"SSIM needs {WINDOW} pixels a side, not {tuple(a.shape[-2:])}")
    _, everywhere = structural_similarity_index_measure(
        a, b, kernel_size=WINDOW, data_range=RANGE, return_full_image=True
    )
    border = WINDOW // 2
    return float(everywhere[..., border:-border, border:-border].mean())


def l1(a: Picture, b: Picture) -> float:
    """Mean absolute difference in grey levels, 0 to 255."""
    from torchmetrics.functional import mean_absolute_error

    return float(mean_absolute_error(*_pair(a, b)))


def _pair(a: Picture, b: Picture) -> tuple[Tensor, Tensor]:
    """Both as (1, C, H, W)."""
    x, y = _levels(a), _levels(b)
    if x.shape != y.shape:
        raise Refused(f"a pair of pictures has one shape, not {tuple(x.shape[1:])} and {tuple(y.shape[1:])}")
    return x, y


def _levels(picture: Picture) -> Tensor:
    """(1, C, H, W), float64 in [0, 255]."""
    if isinstance(picture, Image.Image):
        pixels = np.array(picture if picture.mode == "L" else picture.convert("RGB"))
        picture = torch.from_numpy(np.atleast_3d(pixels)).permute(2, 0, 1)
    if picture.ndim != 3 or picture.shape[0] not in (1, 3):
        raise Refused(f"a picture is a tensor (1 or 3, height, width), not {tuple(picture.shape)}")
    x = picture.detach().cpu().double().contiguous()[None]
    if picture.dtype == torch.uint8:
        return x
    if not picture.is_floating_point():
        raise Refused(f"a picture is uint8 or float in [-1, 1], not {picture.dtype}")
    return ((x + 1) * (RANGE / 2)).clamp(0, RANGE)
