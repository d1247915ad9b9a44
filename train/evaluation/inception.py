"""The Inception that FID is defined by, of 2015-12-05, from the file that is at hand."""

import hashlib
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from train.evaluation.features import Extractor, three_channels
from train.reading.cache import cache_root
from zoo.errors import DataError, Refused

WIDTH, SIDE = 2048, 299  # of its last layer; of the pictures it takes, in pixels
# What it makes of `probe`: mean and deviation of the 2048 features, and which is the largest.
FINGERPRINT = (0.2737, 0.4225, 102)


def official(
    weights: Path | None, backend: Literal["torch", "openvino"] = "torch", device: torch.device | str = "cpu"
) -> Extractor:
    """The network of 2015-12-05 that FID is defined by, to its 2048 pooled features, in float32.

    `weights`: a TorchScript file that takes 299 pixels in [-1, 1], or torch-fidelity's own; None downloads the latter,
    which alone has the classes that an Inception Score needs. DataError where it cannot be had, Refused where it is
    another network. `openvino` makes a CPU twice as fast at equal features.
    """
    path = Path(weights) if weights is not None else _download()
    if not path.is_file():
        raise DataError(f"no file {path} for --inception-weights")
    net, head = _load(path, torch.device(device))
    if backend == "openvino":
        net = _openvino(net)

    def run(pictures: Tensor) -> Tensor:
        from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

        x = three_channels(pictures).to(device).float()
        x = interpolate_bilinear_2d_like_tensorflow1x(x, size=(SIDE, SIDE), align_corners=False)
        return net((x - 128) / 128)

    extractor = Extractor(
        name="Inception 2015-12-05",
        key=f"inception-{_sha(path)}-{backend}-float32-tf1",
        width=WIDTH,
        resize=f"TensorFlow 1 bilinear to {SIDE}",
        precision=f"float32 ({backend})",
        run=run,
        head=head,
        batch=50,
    )
    check_official(extractor, path)
    return extractor


def check_official(extractor: Extractor, path: Path) -> None:
    """Refused unless the network makes of a fixed picture what the official one does (half precision included)."""
    features = extractor(probe())[0]
    mean, deviation, largest = FINGERPRINT
    same = np.allclose((features.mean(), features.std()), (mean, deviation), rtol=0.02)
    if not same or int(features.argmax()) != largest:
        raise Refused(
            f"{path.name} is not the Inception of 2015-12-05: a layer is missing or its weights are others"
        )


def probe() -> Tensor:
    """A picture of waves, uint8 (1, 3, 64, 64)."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    waves = [torch.sin(x / 5 + y / 9), torch.sin(x / 7 - y / 4), torch.cos(x / 3)]
    return ((torch.stack(waves)[None] + 1) * 127.5).round().to(torch.uint8)


def _load(path: Path, device: torch.device) -> tuple[nn.Module, tuple[Tensor, Tensor] | None]:
    """The network from scaled pictures to features, and the head that gives its logits where it has one."""
    try:
        if zipfile.is_zipfile(path) and any("/code/" in name for name in zipfile.ZipFile(path).namelist()):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of its deprecation: the file is what people have
                return torch.jit.load(str(path), map_location=device).eval(), None
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        torch.load(path, map_location="cpu", weights_only=True)  # it would unpickle anything itself
        net = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(path))
    except Exception as error:  # whatever a foreign file makes torch raise
        reason = " ".join(str(error).split())[:120]
        raise DataError(f"cannot use {path} for --inception-weights: {reason}") from error
    return Scaled(net.to(device)), (net.fc.weight.detach().cpu(), torch.zeros(len(net.fc.bias)))


class Scaled(nn.Module):
    """torch-fidelity's network, layer by layer, for pictures that are scaled and resized already."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        for name in LAYERS:
            x = getattr(self.net, name)(x)
        return x.flatten(1)


LAYERS = (
    *(
        "Conv2d_1a_3x3",
        "Conv2d_2a_3x3",
        "Conv2d_2b_3x3",
        "MaxPool_1",
        "Conv2d_3b_1x1",
        "Conv2d_4a_3x3",
        "MaxPool_2",
    ),
    *("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    *("Mixed_7a", "Mixed_7b", "Mixed_7c", "AvgPool"),
)


def _openvino(net: nn.Module) -> Callable[[Tensor], Tensor]:
    try:
        import openvino
    except ImportError:
        raise Refused("--backend openvino needs it installed: pip install openvino") from None
    model = openvino.convert_model(net.cpu(), example_input=torch.zeros(1, 3, SIDE, SIDE))
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # its bf16 would be off by up to 0.15: not for figures
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "ENABLE_CPU_PINNING": False,  # else every process binds its threads to the first cores, and all share those
    }
    compiled = openvino.compile_model(model, "CPU", settings)
    return lambda x: torch.from_numpy(compiled(x.cpu().numpy())[0])


def _download() -> Path:
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    path = cache_root() / "weights" / URL_INCEPTION_V3.rsplit("/", 1)[1]
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(URL_INCEPTION_V3, str(path), hash_prefix="6726825d")
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"cannot download the Inception of FID ({error}): pass --inception-weights FILE, or --skip inception"
            ) from error
    return path


def _sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
