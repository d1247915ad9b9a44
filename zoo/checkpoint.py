"""The checkpoint folder: how its files get in and out of it whole.

config.json comes last and holds the hash of the weights, so a folder is either whole or visibly not. Whatever
a foreign config or weights file says is checked by name before anything large is allocated.
"""

import contextlib
import hashlib
import io
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from zoo.config import Config, Dataset, Inference, Training, Weights, parse_json, short
from zoo.errors import CheckpointError, ZooError
from zoo.files import Content, write_files

if TYPE_CHECKING:  # torch is imported where weights are touched: reading a config costs nothing
    from torch import Tensor, nn

__all__ = ["Config", "Dataset", "Inference", "Training", "Weights"]

CONFIG, WEIGHTS, METRICS = "config.json", "model.safetensors", "metrics.json"
# A run's, to go on from: it is not needed to draw pictures, so no part of PUBLISHED.
CRITIC = "critic.safetensors"
HISTORY, CARD = "history.jsonl", "README.md"
# What a folder holds for others: never state/, nor anything that is not listed.
PICTURES = ("samples.png", "curves.png", "progress.webp")
PUBLISHED = (CONFIG, WEIGHTS, CARD, METRICS, HISTORY, *PICTURES)
LARGEST = {CONFIG: 2**16, METRICS: 2**20, HISTORY: 2**25, CARD: 2**20} | dict.fromkeys(
    PICTURES, 2**25
)  # bytes
LARGEST_HEADER = 2**20  # bytes of the weights' header

# ---- reading


def read(folder: str | Path) -> Config:
    """The folder's config, checked; CheckpointError where it is damaged or foreign."""
    path = Path(folder) / CONFIG
    return Config.from_json(read_text(path), str(path))


def read_history(folder: str | Path) -> list[dict[str, Any]]:
    """The lines of history.jsonl; none where there is no such file. CheckpointError where it is damaged."""
    path = Path(folder) / HISTORY
    if not path.is_file():
        return []
    lines = [parse_json(line, str(path)) for line in read_text(path).splitlines()]
    for n, line in enumerate(lines, 1):
        numbers = isinstance(line, dict) and {*map(type, line.values())} <= {int, float}
        if not numbers or "kimg" not in line:
            raise CheckpointError(f"{path} is damaged: its line {n} holds more than numbers, or no kimg")
    return lines


def read_text(path: Path) -> str:
    """A small text file; CheckpointError where it is missing, no plain file, too large or not text."""
    try:
        return _content(path, LARGEST[path.name]).decode("utf-8")
    except UnicodeDecodeError:
        raise CheckpointError(f"{path} is damaged: it is not text") from None


def read_published(folder: str | Path, *, with_critic: bool = False) -> dict[str, bytes]:
    """All that a folder holds for others, by name: neither hashed nor parsed, but each no larger than it may be.

    Its critic only where that is asked for; CheckpointError where there is none then, or another than it tells of.

    A symbolic link is refused, unless to what the Hub's client keeps of that very repository: it would give away
    another file of whoever copies or pushes the folder.
    """
    folder = Path(folder)
    config = read(folder)
    largest = LARGEST | {WEIGHTS: config.weights.bytes}
    if with_critic:
        if load_critic(folder, config) is None:
            raise CheckpointError(f"{folder} has no {CRITIC}: it was not kept; push without it")
        largest[CRITIC] = largest_critic(folder, config)
    contents = {}
    for name in (*PUBLISHED, *([CRITIC] if with_critic else [])):
        path = folder / name
        if path.is_symlink() and path.resolve().parent != (folder.resolve().parent.parent / "blobs"):
            raise CheckpointError(
                f"{path} is a symbolic link, which is not followed: put the file in its place"
            )
        if path.exists():
            contents[name] = _content(path, largest[name])
    return contents


def _content(path: Path, most: int) -> bytes:
    try:
        if not path.is_file():
            raise CheckpointError(f"{path.parent} has no {path.name}: it is no checkpoint folder")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > most:
        raise CheckpointError(f"{path} is not ours: it has more than {most} bytes")
    return content


class WrongHash(CheckpointError):
    """The weights are not those that the config names."""


def load(folder: str | Path) -> tuple[Config, "nn.Module"]:
    """Config and generator (float32, CPU, evaluation mode, without gradients) of a checkpoint folder.

    Weights that do not fit the config are read once more, in case a writer was just replacing both.
    """
    try:
        return _load(Path(folder))
    except WrongHash:
        time.sleep(0.1)
        return _load(Path(folder))


def _load(folder: Path) -> tuple[Config, "nn.Module"]:
    config = read(folder)
    module = build(folder, config)
    load_weights(folder, config, module)
    return config, module.eval().requires_grad_(False)


def check_claims(folder: Path, config: Config) -> None:
    """CheckpointError where no weights can be as the config says: before they are fetched."""
    tensors = build(folder, config).state_dict().values()
    content = sum(_size(tensor, config.weights.dtype) for tensor in tensors)
    claimed = config.weights.bytes
    if not content < claimed < content + LARGEST_HEADER:
        raise CheckpointError(
            f"{folder / CONFIG}: weights.bytes is {claimed}, but {content} and a header are right"
        )


def largest_critic(folder: str | Path, config: Config) -> int:
    """Bytes that the file of the critic which the config tells of has at most; CheckpointError where there is none."""
    tensors = build(Path(folder), config, critic=True).state_dict().values()
    return sum(_size(tensor, "float32") for tensor in tensors) + LARGEST_HEADER


def load_critic(folder: str | Path, config: Config) -> "nn.Module | None":
    """The critic that lies beside the weights, as `load` gives a generator; None where it was not kept.

    CheckpointError where the file does not hold the critic that the config tells of.
    """
    path = Path(folder) / CRITIC
    if not path.is_file() or not config.critic:
        return None
    module = build(Path(folder), config, critic=True)
    with _reading(path) as file:
        _fill(module, file, "float32", path)
    return module.eval().requires_grad_(False)


def build(folder: Path, config: Config, *, critic: bool = False) -> "nn.Module":
    """The generator, or the critic, on the meta device: names and shapes, and no memory."""
    import torch
    from torch.overrides import TorchFunctionMode

    from zoo import architectures

    class Uninitialised(TorchFunctionMode):
        """Skips drawing normal numbers, for which the meta device would import torch._dynamo: two seconds."""

        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function in (torch.nn.init.normal_, torch.Tensor.normal_):
                return args[0] if args else None
            return function(*args, **(kwargs or {}))

    fields = dict(config.architecture)
    name = str(fields.pop("name"))
    try:
        with torch.device("meta"), Uninitialised():
            if critic:
                return architectures.build_described_critic(name, fields, config.critic)
            return architectures.build_generator(name, fields)
    except ZooError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from None


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[io.BufferedReader]:
    """A file of tensors, by one descriptor throughout: a writer may replace the file meanwhile."""
    import safetensors

    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from None
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None


def _fill(module: "nn.Module", file: BinaryIO, precision: str, path: Path) -> None:
    """Put a file's tensors, floats at `precision` there, into `module` as float32, once its header fits."""
    import safetensors.torch

    file.seek(0)
    _check_header(file, os.fstat(file.fileno()).st_size, precision, module.state_dict(), path)
    file.seek(0)
    tensors = safetensors.torch.load(file.read())
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise CheckpointError(f"{path}: {name} is not finite everywhere; its training had diverged")
    module.load_state_dict(
        {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()},
        assign=True,
    )


def load_weights(folder: str | Path, config: Config, module: "nn.Module") -> None:
    """Put the folder's weights, as float32, into `module`, whose own tensors may be on the meta device.

    The hash is verified before a byte is parsed, and every name, shape and type before a tensor is made.
    CheckpointError says what does not fit; its kind WrongHash, that the file is not the one `config` names.
    """
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f"{folder} has no {WEIGHTS}: fetch it again")
    with _reading(path) as file:
        size, expected = os.fstat(file.fileno()).st_size, config.weights.bytes
        if size != expected:
            raise WrongHash(f"{path} has {size} bytes instead of {expected}: fetch it again")
        if hashlib.file_digest(file, "sha256").hexdigest() != config.weights.sha256:
            raise WrongHash(f"{path} is not what its config names (sha256): fetch it again")
        _fill(module, file, config.weights.dtype, path)


def _check_header(
    file: BinaryIO, size: int, precision: str, expected: Mapping[str, "Tensor"], path: Path
) -> None:
    """CheckpointError unless the file holds the `expected` tensors, floats at `precision`, and no more."""
    length = int.from_bytes(file.read(8), "little")
    if length > min(size, LARGEST_HEADER):
        raise CheckpointError(f"{path} is no safetensors file")
    header = parse_json(file.read(length).decode("utf-8", "replace"), str(path))
    if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
        raise CheckpointError(f"{path} is damaged: its header lists no tensors")
    header.pop("__metadata__", None)
    for verb, names in (("lacks", expected.keys() - header), ("has the foreign", header.keys() - expected)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise CheckpointError(f"{path} {verb} {short(min(names))}{more}")
    content = 0
    for name, tensor in expected.items():
        dtype = _stored(tensor, precision)
        wanted = [f"{dtype[0].upper()}{_bits(dtype)}", list(tensor.shape)]
        given = [header[name].get("dtype"), header[name].get("shape")]
        if given != wanted:
            raise CheckpointError(f"{path}: {name} is {short(given)} where {wanted} is expected")
        content += _size(tensor, precision)
    if size != 8 + length + content:
        raise CheckpointError(f"{path} holds {size - 8 - length} bytes of tensors instead of {content}")


def _dtype(tensor: "Tensor") -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _stored(tensor: "Tensor", precision: str) -> str:
    """The type in which a tensor lies in the file."""
    return precision if tensor.is_floating_point() else _dtype(tensor)


def _bits(dtype: str) -> int:
    return int(dtype.lstrip("floatinu"))


def _size(tensor: "Tensor", precision: str) -> int:
    """Bytes that a tensor takes in the file."""
    return tensor.numel() * _bits(_stored(tensor, precision)) // 8


# ---- writing


def write(
    folder: str | Path,
    config: Config,
    tensors: Mapping[str, "Tensor"],
    *,
    rounding: float = 0.0,
    files: Mapping[str, Content] | None = None,
) -> Config:
    """Write a checkpoint folder, made where it is missing; return the config with `weights` filled in.

    `tensors` is the generator's state dict, its floats all float16 or all float32; `files` holds further ones
    by name, replaced together with it. Where something cannot be written (a full disk), what the folder held
    stays whole and CheckpointError is raised.
    """
    dtypes = sorted({_dtype(tensor) for tensor in tensors.values() if tensor.is_floating_point()})
    if len(dtypes) != 1:
        raise CheckpointError(f"weights must all be float16 or all float32, not {dtypes}")
    data = as_file(tensors)
    sha256 = hashlib.sha256(data).hexdigest()
    weights = Weights(sha256=sha256, bytes=len(data), dtype=dtypes[0], rounding=rounding)
    text = _to_json(replace(config, weights=weights))
    write_files(folder, {**(files or {}), WEIGHTS: data, CONFIG: text.encode()})
    return Config.from_json(text)


def check_config(config: Config) -> None:
    """CheckpointError where `write` would refuse it, whatever the weights."""
    _to_json(replace(config, weights=Weights(sha256="0" * 64, bytes=1, dtype="float16", rounding=0.0)))


def as_file(tensors: Mapping[str, "Tensor"]) -> bytes:
    """A state dict as a file of weights holds it."""
    import safetensors.torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(tensors, metadata={"format": "pt"})


def copy(files: Mapping[str, bytes], config: Config, folder: str | Path) -> None:
    """Write a checkpoint's `files`, which hold its weights, with `config`; CheckpointError if they differ.

    Where `folder` held another checkpoint, its critic, figures and pictures go.
    """
    weights = files.get(WEIGHTS, b"")
    if hashlib.sha256(weights).hexdigest() != config.weights.sha256:
        raise CheckpointError(f"the weights of {config.id} have changed since loading: load it again")
    others = {*PUBLISHED, CRITIC} - {*files, CONFIG}
    with contextlib.suppress(CheckpointError):
        others = set() if read(folder).weights.sha256 == config.weights.sha256 else others
    rest = {name: content for name, content in files.items() if name != CONFIG}  # which comes last
    write_files(folder, rest | {CONFIG: config.to_json().encode()})
    for name in others:
        Path(folder, name).unlink(missing_ok=True)


def _to_json(config: Config) -> str:
    """The config as a reader will accept it, or CheckpointError, before anything is written."""
    try:
        text = config.to_json()
    except ValueError as error:  # NaN has no place in JSON
        raise CheckpointError(f"the config cannot be written: {error}") from None
    Config.from_json(text)
    if len(text.encode()) > LARGEST[CONFIG]:
        raise CheckpointError(f"the config cannot be written: it has more than {LARGEST[CONFIG]:,} bytes")
    return text
