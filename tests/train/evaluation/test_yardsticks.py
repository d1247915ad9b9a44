"""Which real pictures a checkpoint is held against; nothing is trained for it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests import toys
from train.evaluation import yardsticks
from train.reading import decoded
from train.running.options import as_recorded
from zoo import architectures
from zoo.checkpoint import Weights
from zoo.errors import DataError


@pytest.fixture
def own(tmp_path):
    """A set called own/, to be filled with splits of two pictures, or of two pairs."""

    def write(split: str, *sides: str) -> None:
        for i in range(2):
            for side in sides or ("",):
                path = tmp_path / "own" / split / side / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                noise = np.random.default_rng(i).integers(256, size=(32, 32, 3), dtype=np.uint8)
                Image.fromarray(noise).save(path)

    return write


@pytest.mark.parametrize("kind, sides", [("dcgan", ()), ("pix2pix", ("A", "B"))])
def test_training_pictures_are_the_reference_only_where_there_are_no_others(
    kind, sides, own, tmp_path, tiny_fields, capsys
):
    config = toys.config(kind, tiny_fields(kind, size=32))
    config = replace(config, dataset=replace(config.dataset, name="own", pictures=2))

    def reference(times: int = 1) -> str:
        options = yardsticks.Options(dataset=str(tmp_path / "own"), skip=("inception",))
        tools = yardsticks.Yardsticks(options, torch.device("cpu"))
        for _ in range(times):
            found = tools.pairs(config) if sides else tools.against(config).reference
        return found.split

    own("train", *sides)
    assert reference(2) == "train"
    assert capsys.readouterr().err.count("own has no test or validation split") == 1
    own("valid", *sides)
    assert reference() == "valid"
    own("test", *sides)
    assert reference() == "test"
    (tmp_path / "own/test" / (sides[0] if sides else "") / "0.png").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"0\.png"):
        reference()
    if sides:
        (tmp_path / "own/test/A/0.png").unlink()
        with pytest.raises(DataError, match="no other half"):
            reference()
    assert "no test or" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["dcgan", "cdcgan"])
def test_runs_on_folders_of_one_name_are_held_each_against_its_own(name, tmp_path, tiny_fields, monkeypatch):
    """What is asked of two configs that differ in weights alone."""
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    fields = tiny_fields(name, size=32, classes=2) if name == "cdcgan" else tiny_fields(name, size=32)
    configs = {}
    for i, colour in enumerate(("red", "blue")):
        for label in "ab":
            path = tmp_path / colour / "own" / label / "0.png"
            path.parent.mkdir(parents=True)
            Image.new("RGB", (32, 32), colour).save(path)
        config = toys.config(name, fields)
        config = replace(config, dataset=replace(config.dataset, name="own", pictures=2))
        configs[colour] = replace(
            config, weights=Weights(sha256=f"{i}" * 64, bytes=1, dtype="float16", rounding=0.0)
        )
    tools = yardsticks.Yardsticks(yardsticks.Options(skip=("inception", "lpips")), torch.device("cpu"))
    tools.places = {
        config.weights.sha256: str(tmp_path / colour / "own") for colour, config in configs.items()
    }
    for colour, channel in (("red", 0), ("blue", 2)):
        training = tools.against(configs[colour]).training.images
        assert training[:, channel].min() == 255 and training[:, 1].max() == 0


def test_pictures_are_read_as_the_run_read_them(tiny_fields):
    config = toys.config("dcgan", tiny_fields("dcgan", size=32, channels=1))
    of = replace(config.dataset, name="cifar10", id="uoft-cs/cifar10")
    config = replace(config, dataset=of, options={"channels": 1, "revision": "v1.0", "skip_broken": True})
    options = yardsticks.Options(resident_gb=9.0)
    asked = yardsticks.reading(config, "test", options)
    assert (asked.size, asked.channels, asked.revision, asked.resident_gb) == (None, 1, "v1.0", 9.0)
    natural = yardsticks.reading(replace(config, options={"channels": None}), "test", options)
    assert natural.channels is None
    here = yardsticks.reading(config, "test", replace(options, data_dir=Path("sets")))
    assert here.revision is None  # a copy on the disk has none


@pytest.mark.parametrize("name, side", [("dcgan", 64), ("sngan", 32), ("pix2pix", 256)])
def test_what_the_training_decoded_is_not_decoded_again(name, side, own, tmp_path, tiny_fields, monkeypatch):
    """A run without --size and --channels, on a folder; photographs take a tenth of a second each to decode."""
    sides = ("A", "B") if name == "pix2pix" else ()
    own("train", *sides)
    chosen = import_module(f"train.{name}").Options(dataset=str(tmp_path / "own"))
    trained_on = chosen.load_pictures(max(architectures.get(name).sizes))
    config = toys.config(name, tiny_fields(name, size=side))
    of = replace(config.dataset, name="own", pictures=2, size=trained_on.size)
    config = replace(config, dataset=of, options=as_recorded(chosen))
    assert trained_on.size == side

    monkeypatch.setattr(decoded, "_decode", lambda *given, **more: pytest.fail("decoded again"))
    options = yardsticks.Options(dataset=str(tmp_path / "own"), skip=("inception", "lpips"))
    tools = yardsticks.Yardsticks(options, torch.device("cpu"))
    found = tools.pairs(config) if sides else tools.against(config).training
    assert np.array_equal(found.images, trained_on.images)
