import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity

from zoo import measures, pictures
from zoo.errors import Refused


def flat(level: int, mode: str = "RGB", size: tuple[int, int] = (16, 16)) -> Image.Image:
    return Image.new(mode, size, level if mode == "L" else (level,) * 3)


def noise(seed: int) -> torch.Tensor:
    return torch.randint(256, (3, 24, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def test_psnr_is_the_formula_in_grey_levels():
    a, b = noise(0), noise(1)
    error = np.mean((a.numpy().astype(np.float64) - b.numpy().astype(np.float64)) ** 2)
    assert measures.psnr(a, b) == pytest.approx(10 * math.log10(255**2 / error), rel=1e-6)


def test_psnr_does_not_wrap_round_at_256():
    dark, light = flat(0), flat(255)
    wrapped = np.asarray(dark) - np.asarray(light)  # uint8: 0 - 255 is 1
    assert 10 * math.log10(255**2 / np.mean(wrapped.astype(float) ** 2)) > 48
    assert measures.psnr(dark, light) == pytest.approx(0, abs=1e-6)
    assert measures.psnr(flat(10), flat(250)) == measures.psnr(flat(250), flat(10)) < 1
    assert measures.l1(flat(10), flat(250)) == 240


def test_the_range_is_that_of_pictures_and_not_of_the_pair():
    assert measures.psnr(flat(100), flat(110)) == pytest.approx(20 * math.log10(255 / 10))


def test_equal_pictures_are_infinitely_near():
    a = noise(0)
    assert (measures.psnr(a, a), measures.ssim(a, a), measures.l1(a, a)) == (math.inf, 1, 0)


def test_ssim_of_two_flat_pictures_is_the_luminance_term():
    constant = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + constant) / (100**2 + 150**2 + constant)
    assert measures.ssim(flat(100), flat(150)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("height", "width"), [(11, 11), (12, 40), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_that_of_its_authors(height, width, channels):
    """Against scikit-image with the authors' settings, on pictures with structure that goes on at the border."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(height), 2 * np.arange(width))[..., None] % 200
    a = (ramp + rng.integers(40, size=(height, width, channels))).astype(np.uint8)
    b = (ramp + rng.integers(56, size=(height, width, channels))).astype(np.uint8)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    expected = structural_similarity(a, b, channel_axis=2, **settings)
    ours = measures.ssim(*(torch.from_numpy(x).permute(2, 0, 1) for x in (a, b)))
    assert ours == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("measure", [measures.psnr, measures.ssim, measures.l1])
def test_pil_uint8_and_float_pictures_measure_the_same(measure):
    a, b = noise(0), noise(1)
    expected = measure(a, b)
    assert measure(pictures.to_pil(a), pictures.to_pil(b)) == expected
    assert measure(pictures.to_float(a), b) == pytest.approx(expected, rel=1e-5)


def test_floats_beyond_the_range_count_as_the_picture_they_make():
    assert measures.l1(torch.full((1, 12, 12), 3.0), flat(255, "L", (12, 12))) == 0


@pytest.mark.parametrize("measure", [measures.psnr, measures.ssim, measures.l1])
@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (flat(0), flat(0, size=(16, 12)), r"one shape, not \(3, 16, 16\) and \(3, 12, 16\)"),
        (flat(0), flat(0, "L"), "one shape"),
        (noise(0)[None], noise(1)[None], r"not \(1, 3, 24, 20\)"),
        (noise(0).long(), noise(1), "int64"),
    ],
)
def test_what_is_no_pair_is_refused(measure, a, b, says):
    with pytest.raises(Refused, match=says):
        measure(a, b)


def test_ssim_of_pictures_smaller_than_its_window_is_refused():
    with pytest.raises(Refused, match="11 pixels"):
        measures.ssim(flat(0, size=(10, 30)), flat(9, size=(10, 30)))


def test_torchmetrics_is_imported_when_a_measure_is_taken_and_not_before():
    code = "import sys; import zoo.measures; sys.exit('torchmetrics' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pictures_of_other_modes_are_compared_by_what_they_show():
    rng = np.random.default_rng(0)
    deep = [Image.fromarray(rng.integers(256, 65536, (16, 16), dtype=np.uint16)) for _ in "ab"]
    shown = [pictures.decode(picture) for picture in deep]
    assert (
        measures.psnr(*deep) == measures.psnr(*shown) < 15 and measures.l1(*deep) == measures.l1(*shown) > 50
    )
    clear = Image.new("RGBA", (16, 16), (9, 9, 9, 0))  # nothing of it is seen on white
    assert measures.l1(clear, Image.new("RGB", (16, 16), "white")) == 0
    grey = Image.new("LA", (16, 16), (7, 255))
    assert measures.l1(grey, Image.new("L", (16, 16), 7)) == 0


def test_what_is_no_picture_is_refused_in_a_line():
    with pytest.raises(Refused, match=r"by Image\.open, or a tensor, no str"):
        measures.psnr("a.png", "b.png")


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_picture_that_does_not_say_what_white_is_is_refused(mode):
    with pytest.raises(Refused, match=f"mode {mode}"):
        measures.l1(Image.new(mode, (16, 16), 1), Image.new(mode, (16, 16), 2))
