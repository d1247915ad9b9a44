"""From checkpoints to rows of metrics.json."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch

import train
from cards import build
from tests.train.evaluation.colours import SIDE, TEST, TRAIN, stand_in
from train import evaluate
from train.evaluation import checkpoints, features, sampled, small_classifier, tracked, translated, yardsticks
from train.reading.decoded import Pictures
from zoo import checkpoint, measurements
from zoo.errors import DataError, Refused

SHIPPED = Path(train.__path__[0]) / "classifiers"


def test_a_conditional_checkpoint_gets_every_figure_with_its_protocol(measured, tmp_path):
    found = {figure["name"]: figure for figure in measured("cdcgan", "colours")}
    sampled_names = {"fid_n60", "kid_n60", "precision_n60", "recall_n60"} | {
        f"{name}_n90"
        for name in ("classifier_distance", "class_coverage", "class_entropy", "asked_class", "memorisation")
    }
    assert (
        sampled_names <= found.keys() and {"swing_d", "swing_g", "settled_kimg_g", "spike_d"} <= found.keys()
    )
    assert "inception_score_n60" not in found
    config = checkpoint.read(tmp_path / "runs" / "cdcgan")
    for name in sampled_names:
        figure = found[name]
        protocol = (
            "value n dataset split reference_n extractor features resize precision versions device date"
        )
        assert figure.keys() >= set(protocol.split())
        assert figure["which"] == "final" and figure["weights_sha256"] == config.weights.sha256
        assert (figure["sample_seed"], figure["training_seed"]) == (0, 0)
    assert (found["fid_n60"]["split"], found["fid_n60"]["reference_n"]) == ("test", TEST)
    assert (found["memorisation_n90"]["split"], found["memorisation_n90"]["reference_n"]) == ("train", TRAIN)
    assert found["fid_n60"]["se"] > 0 and found["fid_n60"]["se_of"].startswith(
        "standard error of drawing both"
    )
    assert "se" not in found["classifier_distance_n90"]  # fewer pictures than its 128 features
    assert found["kid_n60"]["se"] > 0 and "standard error" in found["kid_n60"]["se_of"]


def test_figures_by_another_protocol_stay_and_the_same_are_replaced(measured, tmp_path):
    first = measured("cdcgan", "colours")
    again = measured("cdcgan", "colours")
    strip = lambda found: [{k: v for k, v in figure.items() if k != "date"} for figure in found]  # noqa: E731
    assert strip(first) == strip(again)
    both = measured("cdcgan", "colours", "--reference-split", "train")
    splits = {f["split"] for f in both if f["name"] == "fid_n60"}
    assert splits == {"test", "train"}
    (trained_on,) = (f for f in both if f["name"] == "fid_n60" and f["split"] == "train")
    assert "trained on" in trained_on["note"]
    path = tmp_path / "runs" / "cdcgan" / "metrics.json"
    stale = json.loads(path.read_text()) | {"weights_sha256": "0" * 64}
    stale["metrics"].append({"name": "of other weights", "value": 1})
    path.write_text(json.dumps(stale))
    assert "of other weights" not in {f["name"] for f in measured("cdcgan", "colours")}


def test_snapshots_are_measured_and_the_best_is_named_with_its_own_weights(measured, tmp_path):
    found = measured("cdcgan", "colours", "--snapshots")
    along = [f for f in found if f["which"] == "snapshot"]
    assert [f["kimg"] for f in along] == sorted(f["kimg"] for f in along) and len(along) >= 4
    assert len({f["weights_sha256"] for f in along}) == len(along)
    best = min(along, key=lambda f: f["value"])
    of_best = [f for f in found if f["which"] == "best"]
    assert {f["kimg"] for f in of_best} == {best["kimg"]} and "fid_n60" in {f["name"] for f in of_best}
    assert {f["weights_sha256"] for f in of_best} == {best["weights_sha256"]}
    assert [f["name"] for f in found].count("distance_follows_loss") == 1


def test_where_the_final_weights_are_the_best_they_are_measured_once(measured, tmp_path, monkeypatch):
    measured("cdcgan", "colours")
    for earlier in sorted((tmp_path / "runs" / "cdcgan" / "state" / "snapshots").iterdir())[:-1]:
        shutil.rmtree(earlier)
    asked = []
    of_noise = checkpoints.of_noise
    monkeypatch.setattr(checkpoints, "of_noise", lambda *given: asked.append(given) or of_noise(*given))
    found = measured("cdcgan", "colours", "--snapshots")
    by_name = {
        which: {f["name"]: f["value"] for f in found if f["which"] == which} for which in ("final", "best")
    }
    assert len(asked) == 1 and by_name["best"].items() <= by_name["final"].items()
    assert {"fid_n60", "classifier_distance_n90"} <= by_name["best"].keys()
    assert "swing_d" not in by_name["best"]  # a figure of the whole run


def test_the_raw_generator_is_measured_at_each_momentum_of_its_statistics(measured, run, against, tmp_path):
    found = measured("cdcgan", "colours", "--momenta", "0.1", "0.05")
    fid = {f.get("momentum"): f for f in found if f["name"] == "fid_n60"}
    assert fid.keys() == {None, 0.1, 0.05} and len({f["value"] for f in fid.values()}) == 3
    assert fid[0.1]["weights_sha256"] == fid[0.05]["weights_sha256"] != fid[None]["weights_sha256"]
    (one, _), (few, _) = (tracked.model(run / "cdcgan", m, against.training) for m in (1.0, 0.01))
    z = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    assert not one.sample(latents=z).allclose(few.sample(latents=z))
    shutil.rmtree(tmp_path / "runs" / "cdcgan" / "state")
    with pytest.raises(DataError, match="no state/"):
        measured("cdcgan", "colours", "--momenta", "0.1")


def test_statistics_are_tracked_over_classes_as_often_as_they_were_trained_on(run, monkeypatch):
    """Of a batch of 16 and ten classes the first six came twice as often as the others."""
    config, generator = checkpoint.load(run / "cdcgan")
    monkeypatch.setattr(checkpoint, "load", lambda folder: (config, generator))
    seen = []
    generator.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    pictures = Pictures("mine", "mine", None, "train", np.zeros(0), np.repeat([0, 2], [90, 10]))
    tracked.model(run / "cdcgan", 0.1, pictures)
    assert torch.cat(seen).bincount(minlength=3).tolist() == [360, 0, 40]


def test_translations_are_measured_in_four_ways_the_default_first(measured, capsys):
    found = [f for f in measured("pix2pix", "pairs") if f.get("source") != "history.jsonl"]
    assert "not measured" not in capsys.readouterr().out  # memorisation is for pictures from noise
    names = ["psnr_n6", "ssim_n6", "l1_n6", "lpips_n6", "fid_n6", "wrapped_psnr_n6"]
    assert [f["name"] for f in found] == names * 4
    assert [f["default"] for f in found] == [True] * 6 + [False] * 18
    assert (found[0]["statistics"], found[0]["dropout"]) == ("running", False)  # trained on four at a time
    assert len({f["value"] for f in found if f["name"] == "psnr_n6"}) == 4
    for figure in found:
        if figure["name"] in names[:4]:
            low, high = figure["ci"]
            assert low <= figure["value"] <= high and "bootstrap" in figure["ci_of"]
        else:
            assert "ci" not in figure
    assert "singular" in found[4]["note"] and "artefact" in found[5]["note"]
    assert found[5]["value"] > 25


def test_the_photographs_themselves_are_perfect_translations(folder):
    pairs_of = yardsticks.pairs.load_pairs(
        yardsticks.pairs.PairOptions(dataset=str(folder / "pairs"), split="test", size=SIDE)
    )
    photographs = torch.from_numpy(np.array(pairs_of.images))
    near = (photographs.int() + 5).clamp(0, 255).to(torch.uint8)
    found = translated.compare(near, pairs_of, lpips=None, inception=None, features=None)
    values = {f["name"]: f["value"] for f in found}
    assert values["psnr_n6"] == pytest.approx(34.2, abs=0.3) and values["l1_n6"] == pytest.approx(5, abs=0.3)


def test_equal_pairs_are_counted_and_left_out_of_the_mean(folder, capsys):
    """A blank sheet that comes out blank is infinitely near."""
    pairs_of = yardsticks.pairs.load_pairs(
        yardsticks.pairs.PairOptions(dataset=str(folder / "pairs"), split="test", size=SIDE)
    )
    photographs = torch.from_numpy(np.array(pairs_of.images))
    fakes = (photographs.int() + 5).clamp(0, 255).to(torch.uint8)
    fakes[:2] = photographs[:2]
    found = {
        f["name"]: f for f in translated.compare(fakes, pairs_of, lpips=None, inception=None, features=None)
    }
    assert found["psnr_n6"]["infinite"] == 2
    assert found["psnr_n6"]["value"] == pytest.approx(34.2, abs=0.3)
    assert found["l1_n6"]["value"] == pytest.approx(5 * 4 / 6, abs=0.3) and "infinite" not in found["l1_n6"]
    found = translated.compare(photographs, pairs_of, lpips=None, inception=None, features=None)
    assert [f["name"] for f in found] == ["ssim_n6", "l1_n6"]
    assert "6 of 6 pairs are equal" in capsys.readouterr().out


def test_of_a_single_pair_nobody_is_told_that_its_pictures_are_equal(capsys):
    assert translated.mean_of_finite("psnr", [12.0]) == []
    assert capsys.readouterr().out == "psnr: no mean of fewer than two values\n"


def test_a_single_test_pair_leaves_the_figures_of_the_history_and_the_training_pairs(
    measured, folder, tmp_path, capsys
):
    shutil.copytree(folder / "pairs", tmp_path / "pairs")
    for path in (tmp_path / "pairs/test").glob("*/[1-9].png"):
        path.unlink()
    shutil.copy(tmp_path / "runs/cdcgan/history.jsonl", tmp_path / "runs/pix2pix")  # its own is too short
    assert {row["source"] for row in measured("pix2pix", tmp_path / "pairs")} == {"history.jsonl"}
    said = capsys.readouterr().out
    assert said.count("split test of pairs has a single pair") == 1 and "--reference-split (train" in said
    build.build(tmp_path / "runs/pix2pix")
    found = measured("pix2pix", tmp_path / "pairs", "--reference-split", "train")
    assert {"psnr_n8", "lpips_n8", "fid_n8"} <= {row["name"] for row in found}


@pytest.mark.parametrize(
    ("file", "content"),
    [("history.jsonl", "{}\nno history\n"), ("config.json", "{"), ("model.safetensors", "")],
)
def test_a_model_that_cannot_be_measured_stops_no_other(
    measured, folder, run, tmp_path, monkeypatch, capsys, file, content
):
    for name in ("broken", "fine"):
        shutil.copytree(run / "cdcgan", tmp_path / "runs" / name, ignore=shutil.ignore_patterns("state"))
    (tmp_path / "runs/broken" / file).write_text(content)
    given = ["--dataset", str(folder / "colours"), "--n", "60", "--n-classifier", "90"]
    words = [str(tmp_path / "runs" / name) for name in ("broken", "fine")]
    monkeypatch.setattr("sys.argv", ["evaluate.py", *words, *given])
    with pytest.raises(Refused, match="1 of 2 models were not measured"):
        evaluate.main()
    assert "broken: " in capsys.readouterr().err
    assert measurements.read_metrics(tmp_path / "runs/fine").rows


def test_a_model_is_not_held_against_pictures_of_another_set(
    measured, folder, run, tmp_path, monkeypatch, capsys
):
    """Every other model of the call is."""
    shutil.copytree(run / "cdcgan", tmp_path / "runs/other", ignore=shutil.ignore_patterns("state"))
    rename(tmp_path / "runs/other", id="uoft-cs/cifar10", name="cifar10")
    given = ["--dataset", str(folder / "colours"), "--n", "60", "--n-classifier", "90"]
    words = [str(tmp_path / "runs" / name) for name in ("other", "cdcgan")]
    monkeypatch.setattr("sys.argv", ["evaluate.py", *words, *given])
    with pytest.raises(Refused, match="1 of 2 models were not measured"):
        evaluate.main()
    assert "was trained on uoft-cs/cifar10, not on colours" in capsys.readouterr().err
    assert not (tmp_path / "runs/other/metrics.json").exists()
    assert measurements.read_metrics(tmp_path / "runs/cdcgan").rows


def rename(folder, **given):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"dataset": config["dataset"] | given}))


@pytest.mark.parametrize(
    "given, said",
    [
        ({"name": "other"}, "was trained on other, not on colours"),
        ({"id": "someone/colours"}, "was trained on someone/colours, not on colours"),
        ({"pictures": 299}, "was trained on 299 pictures of colours; there are 300 now"),
    ],
)
def test_what_the_config_says_of_its_data_has_to_fit(given, said, measured, tmp_path):
    rename(tmp_path / "runs/cdcgan", **given)
    with pytest.raises(Refused, match=said):
        measured("cdcgan", "colours")


def test_a_folder_called_as_a_named_set_is_not_that_set(run, tmp_path):
    shutil.copytree(run / "cdcgan", tmp_path / "own", ignore=shutil.ignore_patterns("state"))
    rename(tmp_path / "own", name="cifar10")  # as configs called it once
    with pytest.raises(Refused, match="--dataset DIR"):
        yardsticks.reading(checkpoint.read(tmp_path / "own"), "train", evaluate.Options())
    assert small_classifier.find("cifar10", None, (), SHIPPED) is None
    known = small_classifier.find("cifar10", "uoft-cs/cifar10", (), SHIPPED)
    assert known.labels[0] == "airplane"
    build.build(tmp_path / "own")
    card = (tmp_path / "own/README.md").read_text()
    assert "krizhevsky" not in card.lower() and "CIFAR-10" not in card and "license: unknown" in card


def test_pairs_read_in_another_direction_are_others(folder, run):
    config = checkpoint.read(run / "pix2pix")
    turned = replace(config, options=config.options | {"direction": "AtoB"})
    tools = yardsticks.Yardsticks(evaluate.Options(dataset=str(folder / "pairs")), torch.device("cpu"))
    there, back = tools.pairs(config), tools.pairs(turned)
    assert np.array_equal(there.images, back.maps) and not np.array_equal(there.images, back.images)
    of = lambda pictures: tools.features(stand_in(), pictures)  # noqa: E731
    assert not torch.equal(of(there), of(back))
    older = replace(turned, options=None, training=replace(config.training, command="--direction AtoB"))
    with pytest.raises(Refused, match="how its pictures were read"):
        tools.pairs(older)


def test_references_put_real_pictures_and_noise_beside_models(folder, measured, monkeypatch, tmp_path):
    monkeypatch.setattr(evaluate, "RESULTS", tmp_path)
    tools = yardsticks.Yardsticks(evaluate.Options(), torch.device("cpu"))
    monkeypatch.setattr(tools, "_made", {})
    path = evaluate.measure_references(
        str(folder / "colours"), tools, evaluate.Options(n=100, n_classifier=100)
    )
    found = json.loads(path.read_text())["metrics"]
    assert path == tmp_path / "colours.json"
    fid = {f["subject"]: f["value"] for f in found if f["name"] == "fid_n100"}
    assert fid["noise"] > 10 * fid["real"]
    blind = yardsticks.Yardsticks(evaluate.Options(skip=("inception", "lpips")), torch.device("cpu"))
    with pytest.raises(Refused, match="nothing that --skip leaves"):
        evaluate.measure_references(str(folder / "colours"), blind, evaluate.Options())
    assert json.loads(path.read_text())["metrics"] == found


def test_references_of_pairs_are_what_translates_nothing(folder):
    own = yardsticks.pairs.PairOptions(dataset=str(folder / "pairs"), split="test", size=SIDE)
    pairs, training = (yardsticks.pairs.load_pairs(replace(own, split=split)) for split in ("test", "train"))
    tools = {
        "inception": stand_in(),
        "features": lambda net, of: features.of_pictures(net, torch.tensor(of.images)),
    }
    found = translated.for_scale(pairs, training, lpips=None, **tools, seed=0)
    (real,) = [row for row in found if row["subject"] == "real"]
    assert real["name"] == "fid_n6" and real["value"] > 1e-3  # other photographs than the pairs'
    among = translated.for_scale(pairs, pairs, lpips=None, **tools, seed=0)
    assert "real" not in {row["subject"] for row in among}
    true, wrapped = (
        {f["subject"]: f["value"] for f in found if f["name"] == n} for n in ("psnr_n6", "wrapped_psnr_n6")
    )
    assert list(true) == ["another photograph", "black", "noise"] == list(wrapped)
    assert max(true.values()) < 13 and all(27 < value < 30 for value in wrapped.values())


def test_a_broken_picture_of_the_test_split_is_passed_over_as_its_refusal_advises(
    measured, folder, tmp_path, capsys
):
    """The training never read it."""
    shutil.copytree(folder / "colours", tmp_path / "colours")
    broken = sorted((tmp_path / "colours/test/red").iterdir())[0]
    broken.write_bytes(b"no picture")
    with pytest.raises(DataError, match=rf"{broken.name}.* with --skip-broken$"):
        measured("cdcgan", tmp_path / "colours")
    capsys.readouterr()
    found = {row["name"]: row for row in measured("cdcgan", tmp_path / "colours", "--skip-broken")}
    assert found["fid_n60"]["reference_n"] == found["classifier_distance_n90"]["reference_n"] == TEST - 1
    assert f"1 unreadable: {broken}" in capsys.readouterr().err
    tools = yardsticks.Yardsticks(evaluate.Options(skip_broken=True), torch.device("cpu"))
    assert len(tools.against_named(str(tmp_path / "colours")).reference) == TEST - 1


def test_what_cannot_be_measured_is_said_in_one_line(measured, monkeypatch):
    monkeypatch.setattr("sys.argv", ["evaluate.py"])
    with pytest.raises(Refused, match="nothing to measure"):
        evaluate.main()
    with pytest.raises(DataError, match="no split"):
        measured("cdcgan", "colours", "--reference-split", "validation")
    monkeypatch.setattr(small_classifier, "find", lambda *_: None)
    monkeypatch.setattr(checkpoints, "of_noise", lambda *given: pytest.fail("samples were measured before"))
    with pytest.raises(DataError, match="no classifier"):
        measured("cdcgan", "colours", "--snapshots")


@pytest.mark.parametrize("split, told", [("train+test", True), ("test[:50%]", True), ("train[:90%]", False)])
def test_a_test_split_that_was_trained_on_in_part_is_not_called_unseen(split, told, monkeypatch):
    two = partial(MagicMock, __len__=lambda self: 2)
    training, test = two(split=split), two(split="test")
    against = sampled.Against(test, training, test, None, None, None)
    monkeypatch.setattr(sampled, "describe", lambda extractor, reference: {})
    assert against.has_unseen is not told and ("note" in against.about(None)) is told
