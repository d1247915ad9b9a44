"""A model as one ONNX file, which other languages and browsers run; held against PyTorch before it is written.

`latents` (n, latent size), and with classes `classes` (n, classes), their weights → `images` (n, C, S, S) in [-1, 1];
of a model that translates, `labelmap` (n, 3, S, S) in [-1, 1], and where it keeps dropout a mask for each dropout,
`dropout_1` (n, C, H, W) and so on: 1 / (1 - p) where a number is kept, else 0 (`masks`). All of them are float32.
"""

import copy
import json
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

import zoo
from zoo import facades
from zoo.architectures.layers import SeededDropout
from zoo.config import Config
from zoo.errors import CheckpointError, Refused
from zoo.files import write_files
from zoo.latents import draw
from zoo.model import Model

OPSET = 18
PRODUCER = "gan-zoo"
FAR = 1 / 255  # of a picture's range: the largest difference from PyTorch that is let through
COMPARED = {"noise": (1, 3, 60), "translation": (1, 3)}  # pictures a batch: batches of any size are the same


class Exported(NamedTuple):
    """A file that was written; `difference`: the largest from PyTorch in `pictures` pictures, of 255 grey levels."""

    path: Path
    bytes: int
    pictures: int
    difference: float


def export(model: Model, path: str | os.PathLike[str], *, force: bool = False) -> Exported:
    """Write the generator to `path`, its config beside it; half precision is how weights lie there, not what computes.

    Both are replaced at once, if they are of a model of that id or `force` is given. Refused where other files are in
    their place, where the weights are no longer the checkpoint's, which the config names, and where the nets cannot be
    exported or differ from PyTorch by more than FAR; then nothing is written. CheckpointError: its folder is gone.
    """
    path = Path(path)
    if path.suffix.lower() != ".onnx":
        raise Refused(f"an export is an .onnx file, with its config as .json beside it, not '{path.name}'")
    beside = path.with_suffix(".json")
    if not force:
        check_free(path, model.id)
    reference = copy.deepcopy(model).to("cpu", torch.float32)
    reference.check_weights()
    content = _to_onnx(reference).SerializeToString()
    compared, difference = _compare(content, reference)
    if not difference <= FAR:  # NaN, too
        raise Refused(
            f"{model.id} was not exported: its pictures differ from PyTorch's by {255 * difference:.3g} of 255 levels"
        )
    write_files(path.parent, {path.name: content, beside.name: model.config.to_json().encode()})
    return Exported(path, len(content), compared, 255 * difference)


def check_free(path: Path, id: str) -> None:
    """Refused where `path`, or the config beside it, is a file of something else than the model `id`."""
    if path.exists() and _id_in(path) != id:
        raise Refused(f"{path} is no export of {id}: move it away, or --force replaces it")
    beside = path.with_suffix(".json")
    if beside.exists():
        try:
            known = Config.from_json(beside.read_text("utf-8"), str(beside)).id
        except (CheckpointError, OSError, UnicodeDecodeError):
            known = None
        if known != id:
            raise Refused(f"{beside} is no config of {id}: move it away, or --force replaces it")


def masks(model: Model, seed: int) -> list[Tensor]:
    """The masks (C, H, W) of `model.translate(map, seed=seed)`, in the order of its inputs; none where dropout is off.

    In another language: with one word w of `zoo.latents` a number, row by row and mask after mask, a number is
    kept where (w mod 2²⁴) / 2²⁴ ≥ p, and divided by 1 - p.
    """
    used: list[tuple[SeededDropout, tuple[int, ...]]] = []
    model = copy.deepcopy(model)  # others may be using it
    dropouts = [module for module in model.generator.modules() if isinstance(module, SeededDropout)]
    hooks = [
        dropout.register_forward_pre_hook(lambda module, given: used.append((module, given[0].shape[1:])))
        for dropout in dropouts
    ]
    if hooks:
        model.translate(facades.random_building(0))
    for hook in hooks:
        hook.remove()
    rng = torch.Generator().manual_seed(seed)
    return [(torch.rand(shape, generator=rng) >= d.p).float() / (1 - d.p) for d, shape in used]


# ---- the graph


def _to_onnx(model: Model) -> Any:
    """The onnx.ModelProto of a model that is on the CPU in float32."""
    onnx, _, script = libraries()
    net = _Flat(model)
    proto = onnx.ModelProto()
    proto.CopyFrom(_traced(net, model))
    weights = net.state_dict()
    for stored in proto.graph.initializer:
        if stored.name in weights:
            stored.CopyFrom(onnx.numpy_helper.from_array(weights[stored.name].numpy(), stored.name))
    script.optimizer.fold_constants(proto)
    script.optimizer.remove_unused_nodes(proto)
    _halve(proto, onnx)
    graph = proto.graph
    del graph.value_info[:]
    for part in (proto, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]  # the exporter's: where in this machine's files each node comes from
    proto.producer_name, proto.producer_version = PRODUCER, zoo.__version__
    about = {"id": model.id, "config": json.dumps(asdict(model.config), ensure_ascii=False)}
    onnx.helper.set_model_props(proto, about)
    onnx.checker.check_model(proto)
    return proto


_TRACED: dict[str, Any] = {}  # models of the same nets share their graph, which takes seconds


def _traced(net: "_Flat", model: Model) -> Any:
    """The graph of `net` as an onnx.ModelProto, whose weights are not to be used."""
    nets = json.dumps([model.config.architecture, asdict(model.config.inference), repr(net)])
    if nets in _TRACED:
        return _TRACED[nets]
    inputs, _ = _drawn(model, 2)  # of a batch of one, the exporter makes a constant
    batch = {0: torch.export.Dim("n")}
    try:
        with warnings.catch_warnings(action="ignore"):  # of the exporter to its authors
            program = torch.onnx.export(
                net,
                tuple(inputs.values()),
                dynamo=True,
                dynamic_shapes=((batch,) * len(inputs),),
                input_names=list(inputs),
                output_names=["images"],
                opset_version=OPSET,
                optimize=False,  # it would melt batch norm into the weights, which half precision then changes
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().split("\n")[0]
        raise Refused(f"{model.id} cannot be exported to ONNX: {reason}") from None
    assert program is not None
    return _TRACED.setdefault(nets, program.model_proto)


class _Flat(nn.Module):
    """A copy of a model's generator that takes its inputs in a row, and is a function of single pictures."""

    def __init__(self, model: Model):
        super().__init__()
        self.generator = copy.deepcopy(model.generator)
        self.translates = model.kind == "translation"
        given: list[Iterator[Tensor]] = []
        self.give = given.append  # not the list: no tensor may become part of a module as it is traced
        for module in list(self.generator.modules()):
            for name, child in module.named_children():
                if isinstance(child, SeededDropout):
                    setattr(module, name, _Masked(lambda: next(given[-1])))
                elif isinstance(child, _BatchNorm) and child.running_mean is None:
                    setattr(module, name, _of_one_picture(child))
        self.eval()

    def forward(self, *inputs: Tensor) -> Tensor:
        if not self.translates:
            return self.generator(*inputs)
        self.give(iter(inputs[1:]))
        return self.generator(None, inputs[0])


class _Masked(nn.Module):
    """Dropout by the next of the masks that were given last."""

    def __init__(self, take: Callable[[], Tensor]):
        super().__init__()
        self.take = take

    def forward(self, x: Tensor) -> Tensor:
        return x * self.take()


def _of_one_picture(norm: _BatchNorm) -> nn.Module:
    """Batch norm by the batch's own statistics, which `translate` gives one picture at a time."""
    own = nn.InstanceNorm2d(norm.num_features, norm.eps, affine=True)
    own.weight, own.bias = norm.weight, norm.bias
    return own


def _halve(proto: Any, onnx: Any) -> None:
    """Store weights as float16, where that loses nothing, and cast them when the graph is loaded; vectors stay float32.

    A checkpoint holds halves already, unless its training found that they change its pictures.
    """
    casts = []
    for stored in proto.graph.initializer:
        if stored.data_type != onnx.TensorProto.FLOAT or len(stored.dims) < 2:
            continue
        name, values = stored.name, onnx.numpy_helper.to_array(stored)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if (half == values).all():
            stored.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [stored.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def _id_in(path: Path) -> str | None:
    """The model's id in an ONNX file of ours; None of any other file."""
    onnx, _, _ = libraries()
    try:
        found = onnx.load(path, load_external_data=False)
    except Exception:  # whatever a foreign file makes of its parser
        return None
    properties = {entry.key: entry.value for entry in found.metadata_props}
    return properties.get("id") if found.producer_name == PRODUCER else None


# ---- held against PyTorch


def _compare(content: bytes, model: Model) -> tuple[int, float]:
    """How many pictures the file and PyTorch drew, and their largest difference as a share of the range."""
    _, runtime, _ = libraries()
    options = runtime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, torch.get_num_threads()
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    worst, first, sizes = 0.0, 0, COMPARED[model.kind]
    given, wanted = _drawn(model, sum(sizes))
    for n in sizes:
        rows = {name: values[first : first + n].numpy() for name, values in given.items()}
        (images,) = session.run(["images"], rows)
        far = (torch.from_numpy(images) - wanted[first : first + n]).abs().max().item() / 2
        worst, first = far if not far <= worst else worst, first + n
    return first, worst


def _drawn(model: Model, n: int) -> tuple[dict[str, Tensor], Tensor]:
    """The inputs of n pictures by their names, and the pictures (n, C, S, S) that PyTorch makes of them.

    Classes: one each, and from the middle on a mixture of two; maps: random buildings, a seed of dropout each.
    """
    of = model.config.architecture
    if model.kind == "translation":
        maps = torch.stack([model._prepare(facades.random_building(seed)) for seed in range(n)])
        photographs = [model._translate(one, seed) for seed, one in enumerate(maps)]
        drawn = zip(*(masks(model, seed) for seed in range(n)), strict=True)
        dropout = {f"dropout_{i + 1}": torch.stack(each) for i, each in enumerate(drawn)}
        return {"labelmap": maps, **dropout}, torch.stack(photographs)
    z = draw(n, int(of["latent"]))
    if not (classes := int(of.get("classes", 0))):
        return {"latents": z}, model.sample(latents=z)
    weights = nn.functional.one_hot(torch.arange(n) % classes, classes).float()
    weights[n // 2 :] = 0.75 * weights[n // 2 :] + 0.25 * weights[n // 2 :].roll(1, 1)
    return {"latents": z, "classes": weights}, model._generate(z, weights)


def libraries() -> tuple[Any, Any, Any]:
    """onnx, onnxruntime and onnxscript; Refused where the extra `export` is not installed."""
    try:
        onnx, runtime, script = map(import_module, ("onnx", "onnxruntime", "onnxscript"))
        import_module("onnxscript.optimizer")
    except ModuleNotFoundError as error:
        raise Refused(f"an export needs {error.name}: pip install 'gan-zoo[export]'") from None
    return onnx, runtime, script
