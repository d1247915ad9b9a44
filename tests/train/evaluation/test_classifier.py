"""The small classifiers: trained by their script, found without the data."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.train.evaluation.colours import CLASSES, made_up
from train import classifier
from train.evaluation import small_classifier
from zoo.errors import DataError, Refused


def test_the_script_leaves_a_classifier_that_knows_its_data(trained):
    about = json.loads(trained.with_suffix(".json").read_text())
    known = small_classifier.find("colours", None, CLASSES)
    assert known.labels == CLASSES and known.accuracy == about["accuracy"] > 0.9
    assert trained.stat().st_size < 2_000_000 and about["parameters"] < 1_000_000
    pictures, labels = made_up(60, 9)
    predicted = known.extractor.logits(known.extractor(pictures)).argmax(1)
    assert (predicted == labels).double().mean() > 0.9
    assert small_classifier.find("unknown", None, CLASSES) is None
    assert small_classifier.find("colours", "someone/colours", CLASSES) is None


@pytest.mark.parametrize("classes", [("cat", "dog", "fox"), CLASSES[:2], CLASSES[::-1], ()])
def test_a_folder_of_the_same_name_with_other_classes_has_another_classifier(trained, classes):
    assert small_classifier.find("colours", None, classes) is None


def test_a_classifier_of_a_single_class_as_older_versions_saved_is_not_found(tmp_path):
    """Its entropy of classes is 0 / 0, which no model could be measured by."""
    (tmp_path / "cats.json").write_text(json.dumps({"id": None, "labels": ["cat"]}))
    assert small_classifier.find("cats", None, ("cat",), tmp_path) is None


def test_weights_that_the_json_does_not_describe_are_refused(trained, tmp_path):
    for suffix in (".json", ".safetensors"):
        shutil.copy(trained.with_suffix(suffix), tmp_path)
    (tmp_path / "colours.safetensors").write_bytes(trained.read_bytes()[:-4] + b"abcd")
    with pytest.raises(DataError, match="other weights"):
        small_classifier.find("colours", None, CLASSES, tmp_path)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_torch_would_take_for_another_is_refused(seed):
    with pytest.raises(Refused, match="between 0 and 2"):
        classifier.train(classifier.Options(dataset="cifar10", seed=seed))


def test_shifts_and_mirrors_keep_the_picture_and_hold_for_the_seed():
    x = torch.arange(32.0).expand(6, 1, 32, 32).contiguous()
    moved = classifier.augment(x, torch.Generator().manual_seed(0))
    assert moved.shape == x.shape and not moved.equal(x)
    assert moved.equal(classifier.augment(x, torch.Generator().manual_seed(0)))
    slopes = moved[:, 0, 16, 12:20].diff().mean(1)
    assert set(slopes.tolist()) == {-1.0, 1.0}


@pytest.fixture
def few(tmp_path):
    """A set of six pictures in two classes; far fewer than a batch."""
    for split in ("train", "val"):
        for i, (picture, label) in enumerate(zip(*made_up(6, 0), strict=True)):
            path = tmp_path / "few" / split / CLASSES[label] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.permute(1, 2, 0).numpy()).save(path)
    return {"dataset": str(tmp_path / "few"), "out": tmp_path}


@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_a_set_smaller_than_a_batch_is_one_batch(few, epochs):
    """Of just four steps in all, a cycle that rises over a quarter of them divided by 0."""
    path = classifier.train(classifier.Options(**few, size=16, epochs=epochs))
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["dataset"] == "few" and about["accuracy_on"] == "val, 6 pictures"


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch": 0}, {"size": 4}])
def test_what_cannot_be_trained_is_refused_in_a_line(wrong, few):
    with pytest.raises(Refused, match="at least"):
        classifier.train(classifier.Options(**few, **{"size": 16, "epochs": 1} | wrong))


def test_a_set_that_shows_one_class_is_refused_before_it_is_trained(few):
    for folder in Path(few["dataset"]).glob("*/*"):
        if folder.name != CLASSES[0]:
            shutil.rmtree(folder)
    with pytest.raises(Refused, match="few show 1: add a class folder"):
        classifier.train(classifier.Options(**few, size=16, epochs=1))
    assert not list(few["out"].glob("*.safetensors"))


@pytest.mark.parametrize("grey, channels", [("val", 3), ("train", 1)])
def test_unseen_pictures_are_told_apart_in_the_channels_of_the_training(grey, channels, few):
    for path in (Path(few["dataset"]) / grey).rglob("*.png"):
        Image.open(path).convert("L").save(path)
    path = classifier.train(classifier.Options(**few, size=16, epochs=1))
    assert json.loads(path.with_suffix(".json").read_text())["channels"] == channels
