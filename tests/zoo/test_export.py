"""An exported model draws the pictures that PyTorch draws, of the promised inputs, and is whole or not there."""

import contextlib
import functools
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import zoo
from tests import toys
from zoo import architectures, checkpoint, cli, export, facades
from zoo.architectures.layers import SeededDropout
from zoo.checkpoint import Inference
from zoo.errors import Refused
from zoo.model import Model

# Operators of a generator: a browser's GPU has them all, and none is of how PyTorch computes them on a CPU.
PLAIN = {
    *("Add", "BatchNormalization", "Cast", "Concat", "Constant", "Conv", "ConvTranspose", "Gemm"),
    *("InstanceNormalization", "LeakyRelu", "MatMul", "Mul", "Relu", "Reshape", "Resize", "Shape", "Slice"),
    *("Squeeze", "Tanh", "Transpose", "Unsqueeze"),
}
NETS = [(name, size) for name, row in architectures.ARCHITECTURES.items() for size in row.sizes]
OWN = Inference(statistics="batch", dropout=True)


@pytest.fixture(autouse=True, scope="module")
def known_operators():
    """Torch's exporter parses the sources of its 500 operators in each call, a third of its time: once will do."""
    with pytest.MonkeyPatch.context() as patch:
        with contextlib.suppress(ImportError, AttributeError):  # a torch that has it elsewhere: only slower
            from torch.onnx._internal.exporter._registration import ONNXRegistry

            once = functools.cache(ONNXRegistry.from_torchlib)
            patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(once))
        yield


@pytest.fixture(scope="module")
def toy(tiny_fields, tmp_path_factory):
    """A model with random weights, in half precision as most: an architecture's name and size → a loaded checkpoint."""

    def make(name: str, size: int, precision=torch.float16, seed: int = 0, **given) -> Model:
        of = tiny_fields(name, size=size)
        config = toys.config(name, of, labels=tuple("abc") if of.get("classes") else (), **given)
        folder = tmp_path_factory.mktemp(name)
        weights = toys.weights(config, seed).items()
        checkpoint.write(
            folder, config, {k: v.to(precision) if v.is_floating_point() else v for k, v in weights}
        )
        return zoo.load(folder)

    return make


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def shapes(values) -> dict:
    assert {value.type for value in values} == {"tensor(float)"}
    return {value.name: value.shape for value in values}


def near(images: np.ndarray, wanted: torch.Tensor) -> bool:
    return images.shape == wanted.shape and np.abs(images - wanted.numpy()).max() <= 1e-3


@pytest.mark.parametrize(("name", "size"), NETS)
def test_every_architecture_and_size_agrees_in_any_batch(name, size, toy, tmp_path):
    model = toy(name, size)
    made = export.export(model, tmp_path / "x.onnx")
    assert made.difference < 0.1 and made.bytes == made.path.stat().st_size
    assert {path.name for path in tmp_path.iterdir()} == {"x.onnx", "x.json"}
    graph, of = onnx.load(made.path).graph, model.config.architecture
    stored = {
        len(weight.dims) > 1: weight.data_type for weight in graph.initializer if len(weight.raw_data) > 64
    }
    assert stored[True] == onnx.TensorProto.FLOAT16
    assert {node.op_type for node in graph.node} <= PLAIN
    run, picture = session(made.path), [of["channels"], size, size]
    assert shapes(run.get_outputs()) == {"images": ["n", *picture]}
    if model.kind == "translation":
        assert shapes(run.get_inputs()) == {"labelmap": ["n", 3, size, size]}
        maps = torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1
        for n in (1, 3):
            (images,) = run.run(None, {"labelmap": maps[:n].numpy()})
            assert near(images, model.translate(maps[:n]))
        return
    wanted = {"latents": ["n", of["latent"]]} | ({"classes": ["n", 3]} if of.get("classes") else {})
    assert shapes(run.get_inputs()) == wanted
    for n in (1, 3, 64):
        given = {"latents": zoo.latents.draw(n, of["latent"], seed=5).numpy()}
        if of.get("classes"):
            given["classes"] = np.eye(3, dtype=np.float32)[np.arange(n) % 3]
        assert near(run.run(None, given)[0], model.sample(n, seed=5))


def test_weights_of_classes_walk_between_them(toy, tmp_path):
    model = toy("cdcgan", 32)
    run = session(export.export(model, tmp_path / "x.onnx").path)
    t = np.linspace(0, 1, 5, dtype=np.float32)[:, None]
    z = zoo.latents.row(0, 8, seed=4).numpy()
    given = {"latents": np.tile(z, (5, 1)), "classes": np.hstack([1 - t, 0 * t, t])}
    assert near(run.run(None, given)[0], model.interpolate(4, 4, steps=5, labels=["a", "c"]))


def test_a_translation_takes_its_own_statistics_and_dropout_as_masks(toy, tmp_path):
    """Each picture of a batch by itself, and masks by the words that any language can have."""
    model = toy("pix2pix", 32, inference=OWN)
    run = session(export.export(model, tmp_path / "x.onnx").path)
    maps = torch.stack([model._prepare(facades.random_building(seed)) for seed in (1, 2)])
    given, twister = {"labelmap": maps.numpy()}, np.random.RandomState(11)
    for name, (_, *shape) in shapes(run.get_inputs()).items():
        if name != "labelmap":
            words = twister.randint(0, 2**32, size=shape, dtype=np.uint32)
            kept = (words % 2**24) / 2**24 >= 0.5
            given[name] = np.stack([kept / np.float32(0.5)] * 2).astype(np.float32)
    assert list(given) == ["labelmap", "dropout_1", "dropout_2", "dropout_3"]
    (images,) = run.run(None, given)
    assert near(images, model.translate(maps, seed=11))
    assert not near(images, model.translate(maps, seed=12))
    alone = {name: value[1:] for name, value in given.items()}
    assert np.abs(run.run(None, alone)[0] - images[1:]).max() < 1e-5


def test_weights_that_half_precision_would_change_stay_as_they_are(toy, tmp_path):
    model = toy("convgan", 28, precision=torch.float32)
    made = export.export(model, tmp_path / "x.onnx")
    assert made.difference < 0.1 and made.bytes > model.config.weights.bytes


def test_the_file_says_what_it_is(toy, tmp_path):
    model = toy("convgan", 28)
    path = export.export(model, tmp_path / "new" / f"{model.id}.onnx").path
    told = onnx.load(path)
    assert not told.functions and {bool(node.metadata_props) for node in told.graph.node} == {False}
    assert (told.producer_name, told.producer_version) == ("gan-zoo", zoo.__version__)
    assert [(one.domain, one.version) for one in told.opset_import] == [("", export.OPSET)]
    properties = {entry.key: entry.value for entry in told.metadata_props}
    assert properties.keys() == {"id", "config"} and properties["id"] == model.id
    beside = json.loads(path.with_suffix(".json").read_text())
    assert json.loads(properties["config"]) == beside == json.loads(model.config.to_json())
    assert str(Path(zoo.__file__).parents[1]).encode() not in path.read_bytes()


def test_a_model_that_is_at_work_elsewhere_is_left_as_it_is(toy, tmp_path):
    model = toy("convgan", 28).to(torch.float16)  # as its file holds it: nothing is lost
    before = model.sample(2)
    export.export(model, tmp_path / "x.onnx")
    assert model.dtype == torch.float16 and torch.equal(model.sample(2), before)


def test_rounded_weights_are_not_taken_for_the_checkpoints(toy, tmp_path):
    model = toy("convgan", 28).to(torch.bfloat16)
    with pytest.raises(Refused, match=r"no longer those of .*: load it again"):
        export.export(model, tmp_path / "x.onnx")
    assert not list(tmp_path.glob("x.*"))


def test_spectral_norm_is_folded_into_the_weights(toy, tmp_path):
    model = toy("convgan", 28)
    architectures.layers.normalise_spectrally(model.generator)
    for _ in range(20):
        model.generator.train()(zoo.latents.draw(2, 8))
    model.generator.eval()
    path = export.export(model, tmp_path / "x.onnx").path
    assert near(session(path).run(None, {"latents": zoo.latents.draw(3, 8).numpy()})[0], model.sample(3))
    assert {node.op_type for node in onnx.load(path).graph.node} <= PLAIN


def test_what_differs_is_not_left(toy, tmp_path, monkeypatch):
    model = toy("convgan", 28)
    export.export(model, tmp_path / "x.onnx")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    bound = export._halve
    monkeypatch.setattr(export, "_halve", lambda proto, onnx: (bound(proto, onnx), spoil(proto)))
    for name in ("x.onnx", "y.onnx"):
        with pytest.raises(
            Refused, match=rf"{model.id} was not exported: its pictures differ .* of 255 levels"
        ):
            export.export(model, tmp_path / name)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


class Undecided(torch.nn.Module):
    """Looks at numbers before it computes, which no graph can."""

    def __init__(self, net: torch.nn.Module):
        super().__init__()
        self.net = net

    def forward(self, z: torch.Tensor, *given) -> torch.Tensor:
        return self.net(z if z.sum() > 0 else -z, *given)


def test_what_cannot_be_a_graph_is_refused_in_a_line(toy, tmp_path):
    model = toy("convgan", 28)
    model.generator = Undecided(model.generator)
    with pytest.raises(Refused, match=rf"^{model.id} cannot be exported to ONNX: [^\n]+$"):
        export.export(model, tmp_path / "x.onnx")
    assert not any(tmp_path.iterdir())


def spoil(proto) -> None:
    """The first weight of the last layer is no number any more."""
    weight = next(
        one for one in reversed(proto.graph.initializer) if one.data_type == onnx.TensorProto.FLOAT16
    )
    weight.raw_data = np.full(len(weight.raw_data) // 2, np.nan, np.float16).tobytes()


def test_the_command_exports_several(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = toy("convgan", 28), toy("convgan", 28, seed=1, id="convgan-wgan-toy")
    words = ["export", str(first.folder), str(second.folder), "--out", "out"]
    for _ in range(2):  # the second time, in their own place
        assert cli.main(words) == 0
        said = capsys.readouterr()
        assert said.err == "" and [line.split()[0] for line in said.out.splitlines()] == [
            f"out/{model.id}.onnx" for model in (first, second)
        ]
    assert len(list(Path("out").iterdir())) == 4
    for model in (first, second):  # the nets are the same, the weights are not
        latents = zoo.latents.draw(2, 8).numpy()
        assert near(session(Path(f"out/{model.id}.onnx")).run(None, {"latents": latents})[0], model.sample(2))


def test_the_command_refuses_in_one_line(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder, twin = str(toy("convgan", 28).folder), str(toy("convgan", 28).folder)

    def fails(*words: str, saying: str) -> None:
        before = sorted(Path().rglob("*"))
        assert cli.main(["export", *words]) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and saying in said.err
        assert sorted(Path().rglob("*")) == before

    fails(folder, "dcgan-vocal-cifar10", "--out", "out", saying="did you mean")
    fails(folder, twin, "--out", "out", saying="are both convgan-focal-toy")
    Path("out").mkdir()
    for suffix in ("json", "onnx"):
        Path(f"out/convgan-focal-toy.{suffix}").write_text("{}")
        fails(folder, "--out", "out", saying=f"convgan-focal-toy.{suffix} is no")
    assert cli.main(["export", folder, "--out", "out", "--force"]) == 0
    assert capsys.readouterr().err == ""
    for library in ("onnx", "onnxscript", "onnxruntime"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, library, None)
            fails(folder, "--out", "out", saying=f"needs {library}: pip install 'gan-zoo[export]'")


@pytest.mark.parametrize("name", ["a.json", "a.v1", "a"])
def test_an_export_is_an_onnx_file_whose_config_is_another(toy, tmp_path, name):
    with pytest.raises(Refused, match=r"\.onnx file"):
        export.export(toy("dcgan", 32), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_weights_that_went_through_a_coarser_type_are_not_exported(toy, tmp_path):
    model = toy("convgan", 28).to(torch.bfloat16).to(torch.float32)
    with pytest.raises(Refused, match=r"no longer those of .*: load it again"):
        export.export(model, tmp_path / "x.onnx")
    assert not list(tmp_path.glob("x.*"))


def test_masks_are_found_beside_others_who_use_the_model(toy):
    model = toy("pix2pix", 32, inference=Inference(dropout=True))
    used, real, drawing = [], SeededDropout.forward, torch.zeros(1, 3, 32, 32)

    def meanwhile(self, x):  # somebody draws while the masks' own forward runs
        if not used:
            used.append(True)
            model.generator(None, drawing)
        return real(self, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SeededDropout, "forward", meanwhile)
        found = export.masks(model, 0)
    assert used and [mask.shape for mask in found] == [mask.shape for mask in export.masks(model, 0)]


@pytest.mark.parametrize("out", ["model.onnx", "taken/below"])
def test_a_place_that_is_no_folder_is_refused_before_anything_is_exported(
    toy, tmp_path, capsys, monkeypatch, out
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export, "export", lambda *_, **__: pytest.fail("exported it"))
    Path("taken").write_text("")
    assert cli.main(["export", str(toy("convgan", 28).folder), "--out", out]) == 2
    assert out in capsys.readouterr().err
