"""Pictures -> features that sets are compared by, and the cache of real pictures' features.

An extractor is told by its key: the hash of its weights, its resizing, its precision and what runs it. The cache is
keyed by the pictures themselves, so a folder that changed, another split or another extractor never meet old numbers.
"""

import hashlib
import os
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from train.decoded import cache_root
from zoo.errors import DataError, Refused

PART = 1000  # pictures in a file of the cache
WIDTH, SIDE = 2048, 299  # of Inception's last layer; of the pictures it takes, in pixels
# What the official weights make of `_probe`: mean, deviation and the place of the largest of the 2048 features.
OFFICIAL = (0.2737, 0.4225, 102)


@dataclass(frozen=True)
class Extractor:
    """`run`: uint8 (n, 3 or 1, S, S) -> float32 features (n, width). `head`: weight and bias of its classes, if any."""

    name: str  # as a row of metrics.json tells it
    key: str
    width: int
    resize: str
    precision: str
    run: Callable[[Tensor], Tensor]
    head: tuple[Tensor, Tensor] | None = None
    batch: int = 50

    def __call__(self, pictures: Tensor) -> Tensor:
        """Features on the CPU; Refused where they are not finite or of another width."""
        with torch.inference_mode():
            features = self.run(pictures).float().cpu()
        if features.shape != (len(pictures), self.width):
            raise Refused(
                f"{self.name} gave {tuple(features.shape)} instead of {(len(pictures), self.width)}"
            )
        if not features.isfinite().all():
            raise Refused(f"{self.name} gave NaN or infinity: its weights are broken")
        return features.clone()

    def logits(self, features: Tensor) -> Tensor:
        weight, bias = self.head
        return features.float() @ weight.T + bias


def of_pictures(extractor: Extractor, pictures: Tensor, *, progress: str | None = None) -> Tensor:
    """Features (n, width) of uint8 pictures (n, C, S, S); `progress` names the bar."""
    bar = tqdm(total=len(pictures), desc=progress, unit=" pictures", disable=progress is None, leave=False)
    found = []
    for batch in pictures.split(extractor.batch):
        found.append(extractor(batch))
        bar.update(len(batch))
    bar.close()
    return torch.cat(found)


def of_real(
    extractor: Extractor,
    images,
    name: str,
    *,
    rank: int = 0,
    world: int = 1,
    wait: Callable[[], object] = lambda: None,
) -> Tensor:
    """Features (n, width) of a data set's `images` (n, C, S, S) uint8, from the cache as far as they are there.

    Written part by part: an interrupted computation goes on where it was. Processes share the missing parts and
    `wait` for each other. `name` is for people: data set and split.
    """
    folder = cache_root() / "features" / f"{name}-{digest(images)}-{extractor.key}"
    starts = range(0, len(images), PART)
    missing = [start for start in starts[rank::world] if not (folder / f"{start:08d}.npy").is_file()]
    bar = tqdm(
        total=sum(min(PART, len(images) - start) for start in missing),
        desc=f"{extractor.name} of {name}",
        unit=" pictures",
        disable=not missing or rank > 0,
    )
    for start in missing:
        part = torch.from_numpy(np.array(images[start : start + PART]))
        found = []
        for batch in part.split(extractor.batch):
            found.append(extractor(batch))
            bar.update(len(batch))
        _save(folder / f"{start:08d}.npy", torch.cat(found).numpy())
    bar.close()
    wait()
    try:
        features = torch.from_numpy(
            np.concatenate([np.load(folder / f"{start:08d}.npy") for start in starts])
        )
    except (ValueError, EOFError):
        features = torch.empty(0)
    if features.shape != (len(images), extractor.width):
        raise DataError(f"the cache {folder} is damaged: delete it")
    return features


def digest(images) -> str:
    """Of the pictures themselves; those of a streamed set are decoded for it."""
    sha = hashlib.sha256(str(images.shape).encode())
    for start in range(0, len(images), PART):
        sha.update(np.ascontiguousarray(images[start : start + PART]))
    return sha.hexdigest()[:12]


def _save(path: Path, array: np.ndarray) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.save(file, array)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataError(f"cannot write the cache {path.parent} ({error.strerror}): set ZOO_CACHE") from error


def three_channels(pictures: Tensor) -> Tensor:
    return pictures.expand(-1, 3, -1, -1)


# ---- the official Inception


def inception(
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
        name=f"Inception 2015-12-05 ({backend})",
        key=f"inception-{_sha(path)}-{backend}-float32-tf1",
        width=WIDTH,
        resize=f"TensorFlow 1 bilinear to {SIDE}",
        precision="float32",
        run=run,
        head=head,
        batch=50,
    )
    check_official(extractor, path)
    return extractor


def check_official(extractor: Extractor, path: Path) -> None:
    """Refused unless the network makes of a fixed picture what the official one does (half precision included)."""
    features = extractor(probe())[0]
    mean, deviation, largest = OFFICIAL
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
    # its bf16 would be off by up to 0.15: not for figures
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
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
