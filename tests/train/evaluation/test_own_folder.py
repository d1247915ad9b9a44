"""A run on a folder of one's own is measured as any other: against what was held out, and without being told where."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cards import card
from tests.train.evaluation.colours import SIDE, made_up, stand_in
from train import dcgan, evaluate
from train.evaluation import drawn, inception, sampled, translated, yardsticks
from train.reading import files
from train.reading.data import DataOptions, load
from train.running import loop
from zoo import checkpoint, latents, measurements, pictures
from zoo.errors import DataError, Refused
from zoo.model import Model


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """mine/: forty pictures, of which a quarter is held out; runs/own, trained on the others."""
    root = tmp_path_factory.mktemp("own")
    (root / "mine").mkdir()
    for i, picture in enumerate(made_up(40, 0)[0]):
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(root / f"mine/{i:02}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.running.averaging.PICTURES", 64)
        options = dcgan.Options(
            dataset=str(root / "mine"), size=SIDE, latent=8, width=4, batch=4, kimg=0.04, snapshot_kimg=0.04,
            holdout=0.25, precision="float32", memory_format="contiguous", out=root / "run",
        )  # fmt: skip
        loop.run("dcgan", options, script="dcgan.py")
    return root


@pytest.fixture
def measured(own, tmp_path, monkeypatch, capsys):
    """`evaluate.py run …` from another folder, with stand-ins for both networks → rows by name, and what was said."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(own / "run", "run")
    monkeypatch.setattr(inception, "official", lambda *given: stand_in("Inception"))
    monkeypatch.setattr(translated, "alexnet", lambda weights: stand_in("AlexNet"))

    def measure(*more):
        monkeypatch.setattr("sys.argv", ["evaluate.py", "./run", "--n", "30", *more])
        evaluate.main()
        return {row["name"]: row for row in measurements.read_metrics("run").rows}, capsys.readouterr()

    return measure


def test_it_is_held_against_what_was_held_out(measured):
    assert checkpoint.read("run").dataset.pictures == 30
    rows, _ = measured()
    assert (rows["fid_n30"]["split"], rows["fid_n30"]["reference_n"]) == ("test", 10)
    assert rows["precision_n10"]["n"] == rows["recall_n10"]["reference_n"] == 10  # of both as many
    copies = rows["memorisation_n30"]
    assert (copies["extractor"], copies["split"], copies["reference_n"]) == ("Inception", "train", 30)


def test_without_inception_lpips_network_sees_copies_and_what_is_missing_is_said(measured):
    rows, said = measured("--skip", "inception")
    assert rows["memorisation_n30"]["extractor"] == "AlexNet" and "fid_n30" not in rows
    assert "not measured: fid" in said.err + said.out
    assert "FID, KID, precision and recall were not measured" in card.render(Path("run"))
    assert "Memorisation was not measured" not in card.render(Path("run"))
    assert "over that of unseen real pictures" in card.render(Path("run"))


@pytest.mark.parametrize(
    "skipped, looked_at", [((), [30]), (("inception",), [30]), (("inception", "lpips"), [])]
)
def test_no_sample_is_drawn_that_no_network_looks_at(measured, monkeypatch, skipped, looked_at):
    drew, draw = [], drawn.draw
    monkeypatch.setattr(drawn, "draw", lambda model, n, *more: drew.append(n) or draw(model, n, *more))
    _, said = measured("--n-classifier", "90", *(("--skip", *skipped) if skipped else ()))
    assert drew == looked_at and ("its curves alone" in said.err + said.out) == (not looked_at)


def test_a_network_that_cannot_be_had_leaves_copies_unmeasured(measured, monkeypatch):
    def fail(weights):
        raise DataError("cannot download AlexNet")

    monkeypatch.setattr(translated, "alexnet", fail)
    rows, said = measured("--skip", "inception")
    assert "memorisation_n30" not in rows and "memorisation is not measured: cannot download" in said.err


def test_without_pictures_held_out_the_distance_between_training_pictures_is_the_scale(measured):
    path = Path("run/config.json")
    config = json.loads(path.read_text())
    config["options"]["holdout"], config["dataset"]["pictures"] = 0.0, 40
    path.write_text(json.dumps(config))
    rows, said = measured()
    copies = rows["memorisation_n30"]
    assert (copies["split"], copies["against"]) == ("train", "other training pictures")
    assert rows["fid_n30"]["split"] == "train" and "not measured" not in said.err + said.out
    assert "over that of training pictures from each other" in card.render(Path("run"))
    assert Path("run/state/nearest.png").exists()


@pytest.mark.parametrize("held, scale", [(3, "test split"), (1, "other training pictures")])
def test_so_few_held_out_pictures_are_said_before_inception_has_seen_a_sample(
    measured, own, monkeypatch, held, scale
):
    path = Path("run/config.json")
    config = json.loads(path.read_text())
    config["options"]["holdout"], config["dataset"]["pictures"] = held / 40, 40 - held
    path.write_text(json.dumps(config))
    of_pictures = sampled.of_pictures
    monkeypatch.setattr(sampled, "of_pictures", lambda *given, **more: pytest.fail("it has"))
    with pytest.raises(Refused, match=f"split test of mine has {held}: --reference-split train"):
        measured()
    monkeypatch.setattr(sampled, "of_pictures", of_pictures)
    rows, _ = measured("--reference-split", "train")
    assert rows["fid_n30"]["reference_n"] == 40 - held and rows["memorisation_n30"]["against"] == scale


def test_a_mirrored_copy_is_a_copy_where_training_mirrored(measured, own, monkeypatch):
    training = load(DataOptions(dataset=str(own / "mine"), size=SIDE, holdout=0.25), progress=False).images
    copies = torch.from_numpy(np.array(training)).flip(-1)
    monkeypatch.setattr(drawn, "draw", lambda model, n, seed, labels: copies[:n])
    path = Path("run/config.json")
    config = json.loads(path.read_text())
    for mirror in (False, True):
        config["training"]["mirror"] = mirror
        path.write_text(json.dumps(config))
        rows, _ = measured()
        found = rows["memorisation_n30"]
        assert (found["value"] == 0, "mirrored" in found) == (mirror, mirror)
    assert all(sample == row for sample, row in found["nearest"])
    assert "train split (30, mirrored too)" in card.render(Path("run"))


def test_samples_stand_above_their_nearest_training_pictures_and_stay_at_home(measured, own):
    rows, _ = measured()
    shown, times = np.asarray(Image.open("run/state/nearest.png")), 128 // SIDE
    sheet = shown[::times, ::times]
    assert np.array_equal(shown, sheet.repeat(times, 0).repeat(times, 1)) and times > 1  # large enough to see
    pairs = rows["memorisation_n30"]["nearest"]
    assert sheet.shape == (2 * SIDE, len(pairs) * SIDE, 3)
    training = load(DataOptions(dataset=str(own / "mine"), size=SIDE, holdout=0.25), progress=False)
    model = Model.from_pretrained(Path("run").absolute())
    for place, (sample, row) in enumerate(pairs):
        column = sheet[:, place * SIDE : (place + 1) * SIDE]
        assert np.array_equal(column[SIDE:], training.images[row].transpose(1, 2, 0))
        drawn = pictures.to_uint8(model.sample(latents=latents.draw(30, 8)[sample : sample + 1]))[0]
        assert np.abs(column[:SIDE].astype(int) - drawn.permute(1, 2, 0).numpy()).max() <= 1
    text = card.render(Path("run"))
    assert "](state/nearest.png)" in text and "no picture of the data is published with it" in text
    assert not any("nearest" in name for name in checkpoint.PUBLISHED)


def test_a_run_from_elsewhere_is_told_where_its_pictures_lie(measured, own):
    shutil.rmtree("run/state")
    with pytest.raises(Refused, match="--dataset DIR"):
        measured()
    for where in (["--dataset", str(own / "mine")], ["--data-dir", str(own)]):
        Path("run/metrics.json").unlink(missing_ok=True)
        assert measured(*where)[0]["fid_n30"]["split"] == "test"


def test_a_broken_picture_that_was_held_out_is_passed_over_and_named(measured, own, tmp_path):
    shutil.copytree(own / "mine", tmp_path / "mine")
    names = sorted(path.name for path in (tmp_path / "mine").iterdir())
    broken = names[int(np.flatnonzero(files.held_out(names, 0.25))[0])]
    (tmp_path / "mine" / broken).write_bytes(b"no picture")
    rows, said = measured("--dataset", str(tmp_path / "mine"))
    assert rows["fid_n30"]["reference_n"] == 9 and f"1 unreadable: {broken}" in said.err.replace(
        f"{tmp_path}/mine/", ""
    )


def test_a_run_that_knew_of_no_holdout_had_none(own):
    config = checkpoint.read(own / "run")
    older = replace(config, options={k: v for k, v in config.options.items() if k != "holdout"})
    options = yardsticks.Options(dataset=str(own / "mine"))
    assert yardsticks.reading(config, "train", options).holdout == 0.25
    assert yardsticks.reading(older, "train", options).holdout == 0.0


@pytest.mark.parametrize("shape", [(3, 28, 28), (1, 32, 32), (3, 80, 80)])
def test_alexnet_sees_pictures_of_any_size(shape, monkeypatch):
    from torchmetrics.functional.image.lpips import _LPIPS

    monkeypatch.setattr(translated, "_lpips_net", lambda weights: _LPIPS(pretrained=False, pnet_rand=True))
    extractor = translated.alexnet(None)
    seen = extractor(torch.randint(256, (2, *shape), dtype=torch.uint8))
    assert seen.shape == (2, 256) and not torch.equal(seen[0], seen[1])
