"""Augmentation in a run: resumed, by default for few pictures, off in recipes."""

import json

import pytest

import zoo
import zoo.augmentation as augmentation_of_zoo
from tests.train.running.short_runs import Cut, history
from train import dcgan
from train.running import folder, loop
from train.running.options import as_recorded
from train.sweeping import recipe


@pytest.mark.parametrize("name, given", [("dcgan", {"augment": "ada"}), ("pix2pix", {"augment": "diffaug"})])
def test_an_augmented_run_that_was_cut_ends_as_the_whole_one(
    name, given, run, cut_after, outcome, monkeypatch
):
    monkeypatch.setattr(augmentation_of_zoo, "PICTURES", 12)
    monkeypatch.setattr(augmentation_of_zoo, "KIMG", 0.1)
    monkeypatch.setattr(augmentation_of_zoo, "TARGET", 0.0)
    whole = run(name, "whole", **given)
    cut_after(31)
    with pytest.raises(Cut):
        run(name, "cut", **given)
    cut_after(None)
    assert outcome(run(name, "cut", resume=True, **given)) == outcome(whole)
    if given["augment"] == "ada":
        told = [row["augment_p"] for row in history(whole)]
        assert all(0 <= p <= 1 for p in told) and len(set(told)) > 3
        assert all(-1 <= row["augment_r"] <= 1 for row in history(whole))
    assert outcome(run(name, "again", **given)) == outcome(whole)
    plain = run(name, "plain", augment="none")
    assert outcome(plain)["model.safetensors"] != outcome(whole)["model.safetensors"]


def test_a_small_folder_is_augmented_by_default_and_it_is_said(run, line, capsys, monkeypatch):
    out = run(kimg=0.08)
    assert "24 pictures are few" in (said := capsys.readouterr().out) and "--augment none" in said
    config = zoo.info(out).config
    assert config.options["augment"] == "ada" and "--augment ada" in config.training.command
    assert line("--resume", out, "--augment", "auto").augment == "ada"
    asked = run(out="asked", kimg=0.08, augment="ada")
    assert "are few" not in capsys.readouterr().out
    assert (asked / "model.safetensors").read_bytes() == (out / "model.safetensors").read_bytes()
    monkeypatch.setattr(dcgan.Options, "augment_fewer_than", 24)
    many = run(out="many", kimg=0.08)
    assert zoo.info(many).config.options["augment"] == "none" and "are few" not in capsys.readouterr().out
    pairs = run("pix2pix", "pairs", kimg=0.08)
    assert zoo.info(pairs).config.options["augment"] == "none"


def test_a_run_from_before_there_was_augmentation_goes_on_without(run, line, cut_after, outcome, tmp_path):
    plain = run(out="plain", augment="none")
    for alone in (True, False):
        cut_after(30)
        with pytest.raises(Cut):
            run(out=f"{alone}", augment="none")
        cut_after(None)
        state = folder.read_state(tmp_path / f"{alone}")
        del state["options"]["augment"]
        folder.write_state(tmp_path / f"{alone}", state)
        if alone:
            loop.run("dcgan", line("--resume", tmp_path / f"{alone}"), script="script.py")
        else:
            run(out=f"{alone}", resume=True)
        assert outcome(tmp_path / f"{alone}") == outcome(plain)


def test_named_sets_and_all_recipes_are_not_augmented(made_up, tmp_path):
    assert as_recorded(dcgan.Options())["augment"] == "none"
    assert as_recorded(dcgan.Options(dataset=str(made_up / "photos")))["augment"] == "auto"
    for name in recipe.shipped():
        if name != "augmentation":  # which is about it
            assert {as_recorded(cell.options)["augment"] for cell in recipe.read(name)} == {"none"}
    own = tmp_path / "own.toml"
    of = f"dataset = {json.dumps(str(made_up / 'photos'))}"
    cells = '[[cells]]\narchitectures = ["dcgan"]\nlosses = ["vanilla"]'
    own.write_text(f'about = "x"\n[cpu.dcgan]\n{of}\n{cells}\n')
    assert [cell.options.augment for cell in recipe.read(str(own))] == ["none"]
