"""Which real pictures a checkpoint is held against; nothing is trained for it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests import toys
from train.evaluation import yardsticks
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
