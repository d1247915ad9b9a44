"""config.json: what a checkpoint says of itself, parsed strictly.

A config may come from anyone: unknown and missing keys, wrong types and numbers that are none are refused by
name.
"""

import json
import os
import re
import types
import warnings
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Self, get_args, get_origin

from zoo.errors import CheckpointError, Refused, is_line

# 2 has `options`. A reader refuses keys that it does not know, so a new key is a new format; one that older readers may
# leave out, their pictures being the same without it, is written with "compatible": the oldest format that may.
FORMAT = 2
LIBRARY = "gan-zoo"
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,95}")
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
Scalar = bool | int | float | str
Option = Scalar | list[Scalar] | None
MOST_OPTIONS, LONGEST_OPTION = 100, 1000  # options; letters of a text, or items of a list
LONGEST = 5000  # letters of any text, the command that trained it included


@dataclass(frozen=True)
class NamedData:
    """A data set with a short name. `id`: the Hub's, None where it is not there; `size`: its pictures', in pixels."""

    title: str
    id: str | None
    size: int


NAMED_DATA = {  # others that are called the same are others
    "cifar10": NamedData("CIFAR-10", "uoft-cs/cifar10", 32),
    "fashion-mnist": NamedData("Fashion-MNIST", "zalando-datasets/fashion_mnist", 28),
    "facades": NamedData("CMP Facades", "huggan/facades", 256),
    "cats64": NamedData("Cat faces (Kaggle)", None, 64),
}


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What the model has seen. `size` in pixels, `pictures` their number, `id` the Hub's if there is one."""

    name: str
    id: str | None
    revision: str | None
    split: str
    pictures: int
    size: int
    channels: int
    labels: tuple[str, ...] = ()
    palette: str | None = None  # "facades": a map is snapped to these colours before it is translated

    @property
    def known(self) -> str | None:
        """Its name, if it is one of NAMED_DATA and not another that is called the same."""
        return self.name if self.name in NAMED_DATA and NAMED_DATA[self.name].id == self.id else None

    @property
    def natural(self) -> bool:
        """Whether its pictures are a named set's at their own size: asked for by its name alone."""
        return self.known is not None and NAMED_DATA[self.known].size == self.size

    @property
    def title(self) -> str:
        """As it is written in prose."""
        return NAMED_DATA[self.known].title if self.known else self.name


@dataclass(frozen=True, kw_only=True)
class Training:
    """How it was trained. `kimg`: thousands of real pictures seen by the critic, over all processes."""

    kimg: float
    g_steps: int
    batch: int
    processes: int
    critic_steps: int
    seed: int
    optimiser: str
    lr_g: float
    lr_d: float
    betas: tuple[float, float]
    ema_kimg: float
    precision: str
    memory_format: str
    lr_decay_from: float
    mirror: bool
    jitter: int
    l1_weight: float
    command: str
    commit: str | None
    library_version: str
    torch_version: str
    pictures_per_second: float
    hardware: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Inference:
    """Batch norm's `statistics`, "running" or "batch" (the one picture's), and whether `dropout` stays on."""

    statistics: str = "running"
    dropout: bool = False


@dataclass(frozen=True, kw_only=True)
class Weights:
    """model.safetensors. `rounding`: how half precision changes pictures, in mean grey levels (0 to 255)."""

    sha256: str
    bytes: int
    dtype: str
    rounding: float


UNWRITTEN = Weights(sha256="", bytes=0, dtype="", rounding=0.0)


@dataclass(frozen=True, kw_only=True)
class Config:
    """config.json. `weights` says nothing until `checkpoint.write` has filled it in.

    `options`: all that decided what was trained, by the names of the script's --help with _ for -, where the script
    decides itself None. Of a folder of format 1, which did not record them, `options` is None as a whole.
    """

    format: int = FORMAT
    library: str = LIBRARY
    id: str
    options: dict[str, Option] | None = None
    architecture: dict[str, int | str]
    critic: dict[str, Scalar]
    loss: dict[str, Scalar]
    dataset: Dataset
    training: Training
    inference: Inference = Inference()
    weights: Weights = UNWRITTEN

    @classmethod
    def from_json(cls, text: str, source: str = "config.json") -> Self:
        """CheckpointError names the first key that is unknown, missing or of a wrong type or value."""
        data = parse_json(text, source)
        if not isinstance(data, dict) or data.get("library") != LIBRARY:
            raise CheckpointError(f"{source} does not describe a model of {LIBRARY}")
        if data.get("format") == 1 and "options" not in data:
            data |= {"format": FORMAT, "options": None}
        if _may_be_read(data):
            data = _without_later_keys(data, source)
        if data.get("format") != FORMAT:
            given = short(data.get("format"))
            raise CheckpointError(f"{source} has format {given}, not {FORMAT}: upgrade {LIBRARY}")
        try:
            config = _parse(cls, data, "")
            config.check()
        except ValueError as error:
            raise CheckpointError(f"{source}: {error}") from None
        return config

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def check(self) -> None:
        """ValueError names a field whose value cannot be; the architecture's are left to its builder."""
        weights, labels, options = self.weights, self.dataset.labels, self.options or {}
        classes = self.architecture.get("classes", 0)
        rules = {
            "id must be lower-case letters, digits and . _ -, 96 at most": ID.fullmatch(self.id),
            "architecture.name is missing": "name" in self.architecture,
            "architecture.name must be text": isinstance(self.architecture.get("name"), str),
            "loss.name is missing": "name" in self.loss,
            f"dataset.labels must be {classes}, one a class": not classes or len(labels) in (0, classes),
            "dataset.pictures and dataset.size must be above 0": min(self.dataset.pictures, self.dataset.size)
            > 0,
            "dataset.channels must be 1 or 3": self.dataset.channels in (1, 3),
            "training.batch and training.processes must be above 0": min(
                self.training.batch, self.training.processes
            )
            > 0,
            "inference.statistics must be running or batch": self.inference.statistics
            in ("running", "batch"),
            f"options must be at most {MOST_OPTIONS}, named a-z, 0-9 and _": all(
                re.fullmatch("[a-z][a-z0-9_]{0,49}", name) for name in options
            )
            and len(options) <= MOST_OPTIONS,
            f"options must be no longer than {LONGEST_OPTION}": all(map(_is_short, options.values())),
            "weights.sha256 must be 64 hex digits": re.fullmatch("[0-9a-f]{64}", weights.sha256),
            "weights.dtype must be float16 or float32": weights.dtype in ("float16", "float32"),
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(rule)


def _may_be_read(data: dict[str, Any]) -> bool:
    """Whether a config of a later format says that a reader of this one will do."""
    later, oldest = data.get("format"), data.get("compatible")
    return type(later) is int and type(oldest) is int and oldest <= FORMAT < later


def _without_later_keys(data: dict[str, Any], source: str) -> dict[str, Any]:
    """What this format knows of a later one; a warning names what was left out."""
    left: list[str] = []

    def known(kind: Any, value: Any, prefix: str) -> Any:
        if not (is_dataclass(kind) and isinstance(value, dict)):
            return value
        types = {field.name: field.type for field in fields(kind)}
        left.extend(f"{prefix}{short(name)}" for name in value if name not in types)
        return {name: known(types[name], item, f"{name}.") for name, item in value.items() if name in types}

    read = known(Config, {k: v for k, v in data.items() if k != "compatible"}, "") | {"format": FORMAT}
    told = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
    words = f"{source} is of a later {LIBRARY} (format {data['format']}): {told or 'nothing'} was left out"
    warnings.warn(words, stacklevel=2)
    return read


def _is_short(option: Option) -> bool:
    texts = [option, *option] if isinstance(option, list) else [option]
    return all(len(text) <= LONGEST_OPTION for text in texts if isinstance(text, (str, list)))


_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    types.NoneType: "null",
}


def _parse(kind: Any, value: Any, key: str) -> Any:
    """`value`, as JSON gave it, as an instance of the annotation `kind`; ValueError names the key."""
    if isinstance(kind, type) and is_dataclass(kind):
        known = {field.name: field.type for field in fields(kind)}
        prefix = f"{key}." if key else ""
        _expect(isinstance(value, dict), key, "an object", value)
        for name in value:
            if name not in known:
                raise ValueError(f"{prefix}{short(name)} is not a key of format {FORMAT}")
        for name in known:
            if name not in value:
                raise ValueError(f"{prefix}{name} is missing")
        return kind(**{name: _parse(of, value[name], prefix + name) for name, of in known.items()})
    arguments = get_args(kind)
    if get_origin(kind) is list:
        return [_parse(arguments[0], item, key) for item in value]
    if get_origin(kind) is tuple:
        _expect(isinstance(value, list), key, "a list", value)
        kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        _expect(len(value) == len(kinds), key, f"a list of {len(kinds)}", value)
        return tuple(_parse(of, item, key) for of, item in zip(kinds, value, strict=True))
    if get_origin(kind) is dict:
        _expect(isinstance(value, dict), key, "an object", value)
        return {name: _parse(arguments[1], item, f"{key}.{short(name)}") for name, item in value.items()}
    return _parse_scalar(arguments or (kind,), value, key)


def _parse_scalar(kinds: tuple[Any, ...], value: Any, key: str) -> Any:
    """One of several `kinds`; `true` is no number here, and 1 is a float where no int is asked for."""
    number = type(value) in (int, float)
    if number and not abs(value) < 2**63:  # NaN is not less either
        raise ValueError(f"{key} must be a finite number, not {short(value)}")
    if type(value) is int and int not in kinds and float in kinds:
        return float(value)
    for kind in kinds:
        foreign = isinstance(value, list) if get_origin(kind) is list else value is not None
        if (is_dataclass(kind) or get_origin(kind)) and foreign:
            return _parse(kind, value, key)
        if type(value) is kind:
            if kind is str and not is_line(value, LONGEST):
                raise ValueError(f"{key} must be one line of at most {LONGEST} letters, not {short(value)}")
            return value
    what = " or ".join(_NAMES.get(get_origin(kind) or kind, "an object") for kind in kinds)
    raise ValueError(f"{key} must be {what}, not {short(value)}")


def _expect(holds: bool, key: str, what: str, value: Any) -> None:
    if not holds:
        raise ValueError(f"{key} must be {what}, not {short(value)}")


def short(value: Any) -> str:
    """A foreign value as it may stand in a line of error."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= 40 else text[:40] + "…"


def parse_json(text: str, source: str) -> Any:
    """JSON from anyone; CheckpointError where `text` is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise CheckpointError(f"{source} is damaged: it is not JSON") from None


def owner_of(given: str | None) -> str | None:
    """Whose zoo: the one given, or the environment's; there is no default. Refused where it is no name."""
    owner = given or os.environ.get("ZOO_HUB_OWNER")
    if owner and not REPOSITORY.fullmatch(f"{owner}/x"):
        raise Refused(f"'{owner}' is no owner on the Hub: give the name of a person or organisation")
    return owner
