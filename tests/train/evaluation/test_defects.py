"""Planted defects move the figure meant for them, down to the card."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from cards import build
from tests.train.evaluation.colours import SIDE, TEST, TRAIN, made_up
from train.evaluation import rows, sampled


def test_pictures_as_good_as_real_ones_look_good_in_every_figure(good):
    assert abs(good["kid"]["value"]) < 4 * good["kid"]["se"]
    assert good["precision"]["value"] > 0.7 and good["recall"]["value"] > 0.7
    assert good["class_coverage"]["value"] == 1 and good["class_entropy"]["value"] > 0.99
    assert good["asked_class"]["value"] > 0.9
    assert good["memorisation"]["value"] == pytest.approx(1, abs=0.15)


def test_a_generator_that_repeats_twenty_pictures_loses_recall(figures, good):
    pictures, _ = made_up(20, 7)
    found = figures(pictures.repeat(10, 1, 1, 1))
    assert found["recall"]["value"] < 0.05 < 0.7 < good["recall"]["value"]
    assert found["fid"]["value"] > 2 * good["fid"]["value"]
    assert found["classifier_distance"]["value"] > 2 * good["classifier_distance"]["value"]


def test_a_generator_of_one_class_loses_coverage_and_entropy(figures):
    found = figures(made_up(TEST, 7, labels=torch.ones(TEST, dtype=torch.long))[0])
    assert (
        found["class_coverage"]["value"] == pytest.approx(1 / 3, abs=1e-5)
        and found["class_entropy"]["value"] < 0.3
    )
    assert found["class_coverage"]["histogram"]["green"] > 0.9


def test_a_generator_that_copies_training_pictures_is_found_out_though_its_fid_is_good(
    figures, good, against
):
    copied = torch.randperm(TRAIN, generator=torch.Generator().manual_seed(0))[:TEST]
    found = figures(torch.from_numpy(np.array(against.training.images))[copied])
    assert found["memorisation"]["value"] == 0
    assert found["fid"]["value"] < 6 * good["fid"]["value"] and found["recall"]["value"] > 0.7
    assert all(copied[sample] == row for sample, row in found["memorisation"]["nearest"])


def test_a_test_split_that_lies_within_the_training_split_is_said_to(against):
    within = replace(against, unseen=replace(against.training, split="test"))
    samples, _ = made_up(60, 7)
    rows = sampled.measure(samples, within, n=60, n_classifier=60)
    found = {name.partition("_n")[0]: value for name, value in ((r["name"], r["value"]) for r in rows)}
    assert found["shared_pictures"] == 1 and "memorisation" not in found


def test_copies_of_a_training_set_without_unseen_pictures_are_found_out_and_of_one_picture_nothing_is(
    against,
):
    alone = replace(against, reference=against.training, unseen=None)
    copied, drawn = torch.from_numpy(np.array(alone.training.images[:60])), made_up(60, 7)[0]
    for samples, low, high in ((copied, 0, 0), (drawn, 0.8, 1.2)):
        row = next(r for r in sampled.copies(alone.inception(samples), alone, alone.inception))
        assert row["name"] == "memorisation_n60" and low <= row["value"] <= high
    one = replace(alone, training=replace(alone.training, images=alone.training.images[:1]))
    assert sampled.copies(alone.inception(drawn), one, alone.inception) == []


def test_a_generator_that_ignores_its_label_is_at_chance(figures):
    pictures, labels = made_up(TEST, 7)
    asked = labels[torch.randperm(TEST, generator=torch.Generator().manual_seed(0))]
    found = figures(pictures, asked)
    assert found["asked_class"]["value"] == pytest.approx(1 / 3, abs=0.1)
    assert found["class_coverage"]["value"] == 1


def test_noise_is_far_from_everything(figures, good):
    noise = torch.randint(
        256, (TEST, 3, SIDE, SIDE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    found = figures(noise)
    assert found["precision"]["value"] < 0.05
    assert found["fid"]["value"] > 20 * good["fid"]["value"]
    assert found["kid"]["value"] > 10 * found["kid"]["se"]


@pytest.mark.parametrize(
    "defect, said",
    [
        ("repeats", "This model has collapsed"),
        ("copies", "It repeats training pictures"),
        ("ignores", "It does not follow its label"),
        ("noise", "Hardly any of its samples lies near a real picture"),
        (None, None),
    ],
)
def test_no_card_calls_a_planted_defect_good(defect, said, figures, against, run, tmp_path):
    pictures, asked = made_up(TEST, 7)
    match defect:
        case "repeats":
            pictures, asked = pictures[:20].repeat(10, 1, 1, 1), None
        case "copies":
            pictures, asked = torch.from_numpy(np.array(against.training.images[:TEST])), None
        case "ignores":
            asked = asked.roll(1)
        case "noise":
            rng = torch.Generator().manual_seed(0)
            pictures, asked = torch.randint(256, pictures.shape, dtype=torch.uint8, generator=rng), None
    found = figures(pictures, asked)
    folder = tmp_path / "run"
    shutil.copytree(run / "cdcgan", folder, ignore=shutil.ignore_patterns("state"))
    rows.write(folder, [figure | {"which": "final"} for figure in found.values()])
    build.build(folder)
    warnings = [line for line in (folder / "README.md").read_text().splitlines() if line.startswith("> **")]
    assert any(said in line for line in warnings) if defect else warnings == []
