"""Which samples a model is measured by."""

from types import SimpleNamespace

import numpy as np

from train.evaluation import drawn
from train.reading.decoded import Pictures


def classes(pictures: list[int], n: int) -> list[int]:
    """Of n samples of a model that was trained on so many pictures of each class."""
    config = SimpleNamespace(architecture={"classes": len(pictures)})
    labels = np.repeat(np.arange(len(pictures)), pictures)
    return drawn.classes(config, n, Pictures("mine", "mine", None, "train", np.zeros(0), labels)).tolist()


def test_classes_come_as_often_as_they_were_trained_on():
    """Each came equally often: of 900 cats and 100 dogs a perfect model had FID's distance to half dogs."""
    found = classes([900, 0, 100], 200)
    assert np.bincount(found, minlength=3).tolist() == [180, 0, 20]
    assert found[:60] == classes([900, 0, 100], 60) and found[:10].count(2) == 1


def test_classes_of_as_many_pictures_come_in_turn():
    assert classes([7, 7, 7], 8) == [0, 1, 2, 0, 1, 2, 0, 1]


def test_without_classes_or_without_knowing_how_many_pictures_have_them():
    pictures = Pictures("mine", "mine", None, "train", np.zeros(0))
    assert drawn.classes(SimpleNamespace(architecture={}), 4, pictures) is None
    three = SimpleNamespace(architecture={"classes": 3})
    assert drawn.classes(three, 4, pictures).tolist() == [0, 1, 2, 0]
