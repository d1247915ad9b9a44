"""From samples or checkpoints to rows: planted defects move the figure meant for them; caches, protocol, refusals."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from cards import build
from train import (
    classifier,
    data,
    evaluate,
    features,
    inception,
    metrics,
    pix2pix,
    rows,
    sampled,
    tracked,
    translated,
    yardsticks,
)
from train.features import Extractor
from zoo import checkpoint
from zoo.errors import DataError, Refused

torch.set_num_threads(1)
SIDE, CLASSES, TRAIN, TEST = 32, ("blue", "green", "red"), 300, 200


def made_up(n, seed, labels=None):
    """Soft blobs on the colour of their class: uint8 (n, 3, 32, 32) and classes (n,)."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (n,), generator=rng) if labels is None else labels
    blobs = torch.nn.functional.interpolate(torch.randn(n, 3, 4, 4, generator=rng), SIDE, mode="bicubic")
    return ((torch.eye(3).flip(1)[labels][:, :, None, None] * 4 + blobs + 3) * 25).clamp(0, 255).to(
        torch.uint8
    ), labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """colours/{train,test}/{blue,green,red}/*.png, and pairs/{A,B}/."""
    root = tmp_path_factory.mktemp("sets")
    for split, n, seed in (("train", TRAIN, 0), ("test", TEST, 1)):
        for i, (picture, label) in enumerate(zip(*made_up(n, seed), strict=True)):
            path = root / "colours" / split / CLASSES[label] / f"{i:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.permute(1, 2, 0).numpy()).save(path)
    for split, n in (("train", 8), ("test", 6)):
        for side in "AB":
            pictures, _ = made_up(n, 2 if side == "A" else 3)
            for i, picture in enumerate(pictures):
                path = root / "pairs" / split / side / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture.permute(1, 2, 0).numpy()).save(path)
    return root


@pytest.fixture(scope="module", autouse=True)
def apart(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("ACCELERATE_USE_CPU", "true")
        patch.delenv("ZOO_DATA_DIR", raising=False)
        patch.setattr(classifier, "FOLDER", tmp_path_factory.mktemp("classifiers"))
        yield


@pytest.fixture(scope="module")
def trained(folder):
    """A classifier of the colours, by the script itself."""
    options = classifier.Options(
        dataset=str(folder / "colours"), size=SIDE, epochs=3, batch=15, lr=0.05, out=classifier.FOLDER
    )
    return classifier.train(options)


def stand_in(name="stand-in", power=1.0):
    """For Inception: 24 features, cheap and the same every time."""
    weight = torch.randn(48, 24, generator=torch.Generator().manual_seed(0)) / 10

    def run(pictures):
        small = torch.nn.functional.adaptive_avg_pool2d(features.three_channels(pictures).float() / 100, 4)
        return (small.flatten(1) @ weight).abs() ** power

    return Extractor(name, name, 24, "none", "float32", run)


@pytest.fixture(scope="module")
def against(folder, trained):
    training, test = (
        data.load(data.DataOptions(dataset=str(folder / "colours"), size=SIDE, split=split))
        for split in ("train", "test")
    )
    real = lambda extractor, of: features.of_real(extractor, of.images, f"{of.name}-{of.split}")  # noqa: E731
    return sampled.Against(test, training, test, stand_in(), classifier.find("colours"), real)


@pytest.fixture(scope="module")
def figures(against):
    """Samples → {name without n: row}."""

    def measure(samples, asked=None):
        found = sampled.measure(samples, against, n=len(samples), n_classifier=len(samples), asked=asked)
        return {figure["name"].removesuffix(f"_n{len(samples)}"): figure for figure in found}

    return measure


@pytest.fixture(scope="module")
def good(figures):
    return figures(*made_up(TEST, 7))


# ---- the classifier


def test_the_script_leaves_a_classifier_that_knows_its_data(trained):
    about = json.loads(trained.with_suffix(".json").read_text())
    known = classifier.find("colours")
    assert known.labels == CLASSES and known.accuracy == about["accuracy"] > 0.9
    assert trained.stat().st_size < 2_000_000 and about["parameters"] < 1_000_000
    pictures, labels = made_up(60, 9)
    predicted = known.extractor.logits(known.extractor(pictures)).argmax(1)
    assert (predicted == labels).double().mean() > 0.9
    assert classifier.find("unknown") is None


def test_weights_that_the_json_does_not_describe_are_refused(trained, tmp_path):
    for suffix in (".json", ".safetensors"):
        shutil.copy(trained.with_suffix(suffix), tmp_path)
    (tmp_path / "colours.safetensors").write_bytes(trained.read_bytes()[:-4] + b"abcd")
    with pytest.raises(DataError, match="other weights"):
        classifier.find("colours", tmp_path)


def test_shifts_and_mirrors_keep_the_picture_and_hold_for_the_seed():
    x = torch.arange(32.0).expand(6, 1, 32, 32).contiguous()
    moved = classifier.augment(x, torch.Generator().manual_seed(0))
    assert moved.shape == x.shape and not moved.equal(x)
    assert moved.equal(classifier.augment(x, torch.Generator().manual_seed(0)))
    slopes = moved[:, 0, 16, 12:20].diff().mean(1)
    assert set(slopes.tolist()) == {-1.0, 1.0}


# ---- planted defects


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
    assert found["memorisation"]["value"] < 0.01
    assert found["fid"]["value"] < 6 * good["fid"]["value"] and found["recall"]["value"] > 0.7
    assert all(copied[sample] == row for sample, row in found["memorisation"]["nearest"])


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


# ---- features and their cache


def test_real_features_are_computed_once_for_each_split_and_extractor(against, monkeypatch):
    seen = []

    def counting(name):
        extractor = stand_in(name, power=0.5 if name == "other" else 1.0)
        run = lambda pictures: seen.append(len(pictures)) or extractor.run(pictures)  # noqa: E731
        return Extractor(name, name, 24, "none", "float32", run)

    first = features.of_real(counting("one"), against.training.images, "colours-train")
    assert sum(seen) == TRAIN
    assert first.equal(features.of_real(counting("one"), against.training.images, "colours-train"))
    assert sum(seen) == TRAIN
    other = features.of_real(counting("other"), against.training.images, "colours-train")
    assert sum(seen) == 2 * TRAIN and not first.allclose(other)
    features.of_real(counting("one"), against.reference.images, "colours-test")
    assert sum(seen) == 2 * TRAIN + TEST
    changed = np.array(against.training.images)
    changed[5, 0, 0, 0] += 1
    features.of_real(counting("one"), changed, "colours-train")
    assert sum(seen) == 3 * TRAIN + TEST
    for path in features.cache_root().glob("features/colours-test-*-one/*.npy"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="damaged: delete it"):
        features.of_real(counting("one"), against.reference.images, "colours-test")


def test_an_interrupted_computation_goes_on_and_processes_share_it(against, monkeypatch):
    monkeypatch.setattr(features, "PART", 100)
    images, whole = against.training.images, stand_in()(torch.from_numpy(np.array(against.training.images)))
    seen = []

    def run(pictures):
        if sum(seen) >= 200:
            raise KeyboardInterrupt
        seen.append(len(pictures))
        return stand_in().run(pictures)

    with pytest.raises(KeyboardInterrupt):
        features.of_real(Extractor("cut", "cut", 24, "none", "float32", run), images, "colours-train")
    seen[:] = [-10_000]
    assert features.of_real(
        Extractor("cut", "cut", 24, "none", "float32", run), images, "colours-train"
    ).equal(whole)
    assert sum(seen) + 10_000 == TRAIN - 200

    def other_process():
        features.of_real(
            Extractor("both", "both", 24, "none", "float32", run), images, "colours-train", rank=1, world=2
        )

    seen[:] = [-10_000]
    both = Extractor("both", "both", 24, "none", "float32", run)
    assert features.of_real(both, images, "colours-train", rank=0, world=2, wait=other_process).equal(whole)
    assert sum(seen) + 10_000 == TRAIN  # no picture twice


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused_never_a_number(value, against):
    def run(pictures):
        return torch.full((len(pictures), 24), value)

    broken = Extractor("broken", "broken", 24, "none", "float32", run)
    with pytest.raises(Refused, match="NaN"):
        features.of_real(broken, against.reference.images, "colours-test")
    with pytest.raises(Refused, match="instead of"):
        Extractor("short", "short", 2048, "none", "float32", stand_in().run)(made_up(4, 0)[0])
    with pytest.raises(Refused, match="not a figure"):
        rows.row("fid", value, 10)


class Pretender(torch.nn.Module):
    def forward(self, x):
        return x.mean((1, 2, 3))[:, None].repeat(1, 2048)


def test_a_network_that_is_not_the_official_one_is_refused(tmp_path):
    torch.jit.trace(Pretender(), torch.zeros(1, 3, 299, 299)).save(str(tmp_path / "other.pt"))
    with pytest.raises(Refused, match=r"other.pt is not the Inception of 2015-12-05"):
        inception.official(tmp_path / "other.pt")
    (tmp_path / "none.pth").write_bytes(b"no weights")
    with pytest.raises(DataError, match=r"none.pth"):
        inception.official(tmp_path / "none.pth")
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "part.pth")
    with pytest.raises(DataError, match="Missing key"):
        inception.official(tmp_path / "part.pth")
    with pytest.raises(DataError, match="no file"):
        inception.official(tmp_path / "nothing.pt")


@pytest.mark.skipif(
    "ZOO_INCEPTION" not in os.environ, reason="ZOO_INCEPTION names no file with the official weights"
)
def test_the_official_network_gives_torchmetrics_documented_kid():
    """0.0312 ± 0.0025 over subsets of 50, says its KernelInceptionDistance; other noise gives another KID."""
    rng = torch.Generator().manual_seed(42)
    below = torch.randint(0, 200, (100, 3, 299, 299), dtype=torch.uint8, generator=rng)
    above = torch.randint(100, 255, (100, 3, 299, 299), dtype=torch.uint8, generator=rng)
    official = inception.official(os.environ["ZOO_INCEPTION"])
    found = metrics.kid(features.of_pictures(official, above), features.of_pictures(official, below))
    assert found.value == pytest.approx(0.0312, abs=3 * found.se) and 0.001 < found.se < 0.004


# ---- rows of checkpoints


@pytest.fixture(scope="module")
def run(folder, trained, tmp_path_factory):
    """A short run on the colours, with classes, and one on the pairs: their folders."""
    from train import dcgan, loop

    out = tmp_path_factory.mktemp("runs")
    shared = {"width": 4, "batch": 4, "precision": "float32", "memory_format": "contiguous"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.averaging.PICTURES", 250)
        loop.run(
            "cdcgan",
            dcgan.Options(
                dataset=str(folder / "colours"),
                size=SIDE,
                conditional=True,
                latent=8,
                kimg=0.2,
                snapshot_kimg=0.04,
                log_kimg=0.008,
                out=out / "cdcgan",
                **shared,
            ),
            script="dcgan.py",
        )
        loop.run(
            "pix2pix",
            pix2pix.Options(
                dataset=str(folder / "pairs"),
                direction="BtoA",
                size=SIDE,
                cap=8,
                kimg=0.032,
                out=out / "pix2pix",
                **shared,
            ),
            script="pix2pix.py",
        )
    return out


@pytest.fixture
def measured(run, folder, tmp_path, monkeypatch):
    """`train/evaluate.py` on copies of the runs with a stand-in for Inception: (its options) → rows of metrics.json."""
    monkeypatch.setattr(inception, "official", lambda *given: stand_in())
    monkeypatch.setattr(translated, "load_lpips", lambda path: lambda a, b: float((a != b).float().mean()))
    shutil.copytree(run, tmp_path / "runs")

    def measure(name, dataset, *more):
        where = tmp_path / "runs" / name
        words = [str(where), "--dataset", str(folder / dataset), "--n", "60", "--n-classifier", "90", *more]
        monkeypatch.setattr("sys.argv", ["evaluate.py", *words])
        evaluate.main()
        found = checkpoint.read_metrics(where)
        assert not found.stale
        return found.rows

    return measure


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


def test_the_raw_generator_is_measured_at_each_momentum_of_its_statistics(measured, run, tmp_path):
    found = measured("cdcgan", "colours", "--momenta", "0.1", "0.05")
    fid = {f.get("momentum"): f for f in found if f["name"] == "fid_n60"}
    assert fid.keys() == {None, 0.1, 0.05} and len({f["value"] for f in fid.values()}) == 3
    assert fid[0.1]["weights_sha256"] == fid[0.05]["weights_sha256"] != fid[None]["weights_sha256"]
    (one, _), (few, _) = (tracked.model(run / "cdcgan", momentum) for momentum in (1.0, 0.01))
    z = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    assert not one.sample(latents=z).allclose(few.sample(latents=z))
    shutil.rmtree(tmp_path / "runs" / "cdcgan" / "state")
    with pytest.raises(DataError, match="no state/"):
        measured("cdcgan", "colours", "--momenta", "0.1")


def test_translations_are_measured_in_four_ways_the_default_first(measured):
    found = [f for f in measured("pix2pix", "pairs") if f.get("source") != "history.jsonl"]
    names = ["psnr_n6", "ssim_n6", "l1_n6", "lpips_n6", "fid_n6", "wrapped_psnr_n6"]
    assert [f["name"] for f in found] == names * 4
    assert [f["default"] for f in found] == [True] * 6 + [False] * 18
    assert (found[0]["statistics"], found[0]["dropout"]) == ("batch", True)
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


def test_references_put_real_pictures_and_noise_beside_models(folder, measured, monkeypatch, tmp_path):
    monkeypatch.setattr(evaluate, "RESULTS", tmp_path)
    tools = yardsticks.Yardsticks(evaluate.Options(), torch.device("cpu"))
    monkeypatch.setattr(tools, "_made", {})
    path = evaluate.measure_references(
        str(folder / "colours"), tools, evaluate.Options(n=100, n_classifier=100)
    )
    found = json.loads(path.read_text())["metrics"]
    fid = {f["subject"]: f["value"] for f in found if f["name"] == "fid_n100"}
    assert fid["noise"] > 10 * fid["real"]


def test_what_cannot_be_measured_is_said_in_one_line(measured, monkeypatch):
    monkeypatch.setattr("sys.argv", ["evaluate.py"])
    with pytest.raises(Refused, match="nothing to measure"):
        evaluate.main()
    with pytest.raises(DataError, match="no split"):
        measured("cdcgan", "colours", "--reference-split", "validation")
    monkeypatch.setattr(classifier, "find", lambda name: None)
    with pytest.raises(DataError, match="no classifier"):
        measured("cdcgan", "colours", "--snapshots")


# ---- two processes

SPY = '''
"""Evaluate with two processes, which write down what each of them wrote and left behind."""

import importlib.util, json, sys
from pathlib import Path

import torch

from train import classifier, evaluate, features, inception

out, tests, classifier.FOLDER = (Path(word) for word in sys.argv[1:4])
spec = importlib.util.spec_from_file_location("stand_ins", tests)
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)
inception.official = lambda *given: stand_ins.stand_in()
features.PART = 50
measure_all, places, wrote = evaluate.measure_all, [], set()


def watched(chosen, state):
    places.append((state.process_index, state.num_processes))
    measure_all(chosen, state)


def note(event, arguments):
    if event == "open" and str(arguments[0]).startswith(str(out)) and set(arguments[1] or "") & set("wax+"):
        wrote.add(str(Path(arguments[0]).relative_to(out)))


evaluate.measure_all = watched
sys.argv = ["evaluate.py", *sys.argv[4:]]
sys.addaudithook(note)
evaluate.main()
(rank, world), = places
tasks = Path("/proc/self/task").glob("*/comm")
found = {"world": world, "wrote": sorted(wrote), "threads": [task.read_text().strip() for task in tasks]}
found["group"] = torch.distributed.is_initialized()
(out / f"rank-{rank}.json").write_text(json.dumps(found))
'''


def test_two_processes_share_the_work_and_find_what_one_finds(run, folder, trained, measured, tmp_path):
    places = {"a": run / "cdcgan", "b": min((run / "cdcgan/state/snapshots").iterdir())}
    alone, both = tmp_path / "runs", tmp_path / "both"
    for name, place in places.items():
        for out in (alone, both):
            shutil.copytree(place, out / name, ignore=shutil.ignore_patterns("state"))
    (tmp_path / "spy.py").write_text(SPY, encoding="utf-8")
    given = ["--dataset", str(folder / "colours"), "--n", "60", "--n-classifier", "90"]
    launch = [
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        "--main_process_port",
        "0",
    ]
    words = [tmp_path / "spy.py", both, __file__, trained.parent, both / "a", both / "b", *given]
    places = {"ZOO_CACHE": str(both / "cache"), "HF_HOME": str(tmp_path / "hub"), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, *launch, *words],
        env=os.environ | places,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    ranks = [json.loads((both / f"rank-{rank}.json").read_text()) for rank in range(2)]
    assert [seen["world"] for seen in ranks] == [2, 2]

    for name in ("a", "b"):
        measured(name, "colours")
        one, two = (checkpoint.read_metrics(out / name).rows for out in (alone, both))
        told = [[(row["name"], row["weights_sha256"]) for row in rows] for rows in (one, two)]
        assert told[0] == told[1] and len(one) >= 9
        for x, y in zip(one, two, strict=True):
            assert x["value"] == y["value"] or x["value"] == pytest.approx(y["value"], rel=1e-4, abs=1e-6)

    first, second = (set(seen["wrote"]) for seen in ranks)
    places = [{path.split("/")[0] for path in wrote} for wrote in (first, second)]
    assert places == [{"a", "cache"}, {"b", "cache"}] and first.isdisjoint(second)
    assert not any(path.startswith("cache/data") for path in second)
    features_of = [sum(path.startswith("cache/features") for path in wrote) for wrote in (first, second)]
    assert features_of == [
        7,
        7,
    ]  # 50 pictures a part: 200 through Inception, 200 + 300 through the classifier
    assert not any(seen["group"] for seen in ranks)
    assert all("gloo" not in name for seen in ranks for name in seen["threads"])
