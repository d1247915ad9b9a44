"""`--from`: what a run begins with, what does not fit, what stays as it was, and that it is resumed like any other."""

import json
import shutil

import pytest
import torch

import zoo
from cards.sections import facts
from tests.train.running.short_runs import Cut, refusal
from train.running import loop, starting
from zoo import checkpoint
from zoo.errors import CheckpointError, Refused, TrainingError, UnknownName


@pytest.fixture
def first(run):
    """A finished run, to begin with."""
    return run(out="first", seed=5)


@pytest.fixture
def begun(each_step):
    """What the nets are before the first step since it was last emptied: {net: its state dict}."""
    nets = {}

    def look(step, game, batches):
        if not nets:
            for name in ("generator", "average", "critic"):
                state = getattr(game, name).state_dict()
                nets[name] = {key: value.clone() for key, value in state.items()}

    each_step(look)
    return nets


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_finished_runs_critic_lies_beside_its_weights(first):
    config = zoo.info(first).config
    state = torch.load(first / "state/state.pt")
    assert same(checkpoint.load_critic(first, config).state_dict(), state["critic"])
    assert zoo.load(first).critic(torch.zeros(2, 3, 32, 32)).shape == (2,)
    assert not list((first / "state").rglob("critic.safetensors"))
    assert "critic.safetensors" not in checkpoint.read_published(first)


@pytest.mark.parametrize("name", ["dcgan", "cdcgan", "pix2pix"])
def test_a_run_begins_with_the_weights_and_the_critic(name, run, begun, capsys):
    source = run(name, "source", kimg=0.08, seed=5)
    config, generator = checkpoint.load(source)
    critic = checkpoint.load_critic(source, config)
    begun.clear()
    out = run(name, "more", kimg=0.08, from_=str(source))
    assert same(begun["generator"], generator.state_dict()) and same(begun["average"], generator.state_dict())
    assert same(begun["critic"], critic.state_dict())
    assert "and its critic" in capsys.readouterr().out
    recorded = zoo.info(out).config
    assert recorded.options["from"] == "./source"
    assert (
        recorded.options["from_sha256"][0] == config.weights.sha256
        and len(recorded.options["from_sha256"]) == 2
    )
    assert str(source.parent) not in (out / "config.json").read_text()
    told = facts(recorded)["started from"]
    assert "`./source`" in told and config.weights.sha256[:16] in told and "and its critic" in told
    assert "started from" not in facts(config)


def test_without_a_critic_or_with_another_it_begins_anew_and_that_is_said(run, first, begun, capsys):
    out = run(out="penalty", kimg=0.08, from_=str(first), loss="wgan-gp")
    assert "the critic anew" in (said := capsys.readouterr().out) and "norm = batch, not layer" in said
    assert "its loss was vanilla; from here on it is wgan-gp (--loss vanilla keeps it)" in said
    (first / "critic.safetensors").unlink()
    begun.clear()
    other = run(out="alone", kimg=0.08, from_=str(first))
    assert "was not kept" in (said := capsys.readouterr().out) and "its loss" not in said
    assert same(begun["generator"], checkpoint.load(first)[1].state_dict())
    for one in (out, other):
        config = zoo.info(one).config
        assert len(config.options["from_sha256"]) == 1 and "critic anew" in facts(config)["started from"]


def test_the_recorded_command_begins_with_the_very_same_or_not_at_all(run, line, first, outcome, monkeypatch):
    out = run(out="more", kimg=0.08, from_=str(first))
    monkeypatch.chdir(first.parent)
    words = zoo.info(out).config.training.command.split()
    assert words[words.index("--from") + 1] == "./first"
    again = [*words[3 : words.index("--dataset")], *words[words.index("--dataset") + 2 :]]
    photos = json.loads(json.dumps(torch.load(out / "state/state.pt")["aside"]["dataset"]))
    chosen = line(*again, "--dataset", photos, "--out", "again")
    loop.run("dcgan", chosen, script="script.py")
    one, other = outcome(out), outcome(first.parent / "again")
    assert (
        one["model.safetensors"] == other["model.safetensors"]
        and one["history.jsonl"] == other["history.jsonl"]
    )
    (first / "critic.safetensors").unlink()
    chosen = line(*again, "--dataset", photos, "--out", "elsewhere")
    assert "--from-sha256" in refusal(Refused, loop.run, "dcgan", chosen, script="script.py")


@pytest.mark.parametrize("alone", [True, False])
def test_a_run_from_another_is_resumed_bit_for_bit_whatever_became_of_that(
    alone, run, line, first, cut_after, outcome
):
    given = {"from_": str(first), "freeze_d": 1, "augment": "ada"}
    whole = run(out="whole", **given)
    cut_after(30)
    with pytest.raises(Cut):
        run(out="cut", **given)
    cut_after(None)
    cut = first.parent / "cut"
    if alone:
        shutil.rmtree(first)
        loop.run("dcgan", line("--resume", cut, "--from", f"gone/{first.name}"), script="script.py")
    else:
        run(out="cut", resume=True, **given)
    assert outcome(cut) == outcome(whole)
    assert "from = ./first, not ./whole" in refusal(TrainingError, line, "--resume", cut, "--from", whole)


def test_a_run_from_another_is_prolonged(run, line, first, outcome):
    run(out="more", kimg=0.08, from_=str(first))
    more = first.parent / "more"
    loop.run("dcgan", line("--resume", more, "--kimg", "0.16"), script="script.py")
    at_once = run(out="at once", kimg=0.16, ema_kimg=0.004, from_=str(first))
    for name in ("model.safetensors", "critic.safetensors", "history.jsonl"):
        assert outcome(more)[name] == outcome(at_once)[name]


# ---- what does not fit


@pytest.mark.parametrize(
    "given, words",
    [
        ({"size": 28}, "--size 32"),
        ({"width": 8}, "--width 4"),
        ({"latent": 9}, "--latent 8"),
        ({"channels": 1}, "--channels 3"),
    ],
)
def test_another_generator_is_refused_in_a_line_that_names_the_option(given, words, run, first):
    said = refusal(Refused, run, out="other", from_=str(first), **given)
    assert words in said and next(iter(given)) in said
    assert not (first.parent / "other").exists()


def test_another_architecture_or_number_of_classes_is_refused(run, first, made_up, tmp_path):
    said = refusal(Refused, run, "cdcgan", "other", from_=str(first))
    assert "is a dcgan, not a cdcgan" in said and "train/dcgan.py" in said
    two = run("cdcgan", "two", kimg=0.08)
    shutil.copytree(made_up / "photos", tmp_path / "three")
    shutil.copytree(made_up / "photos/a", tmp_path / "three/c")
    said = refusal(Refused, run, "cdcgan", "other", from_=str(two), dataset=str(tmp_path / "three"))
    assert "classes = 2, not 3" in said


def test_classes_that_are_called_otherwise_go_on_by_their_number_and_that_is_said(
    run, made_up, tmp_path, capsys
):
    two = run("cdcgan", "two", kimg=0.08)
    shutil.copytree(made_up / "photos", tmp_path / "others")
    (tmp_path / "others/b").rename(tmp_path / "others/cats")
    run("cdcgan", "more", kimg=0.08, from_=str(two), dataset=str(tmp_path / "others"))
    assert "by their number: b as cats" in capsys.readouterr().out


def test_what_is_no_model_is_refused_before_a_picture_is_read(run, first):
    nowhere = {"dataset": "nowhere/to-be-found"}
    refusal(UnknownName, run, out="other", from_=str(first.parent / "typo"), **nowhere)
    (first / "critic.safetensors").write_bytes(b"no tensors")
    refusal(CheckpointError, run, out="other", from_=str(first), **nowhere)
    assert not (first.parent / "other").exists()


# ---- FreezeD


def test_frozen_layers_of_the_critic_stay_as_they_were_and_the_others_learn(run, first):
    before = checkpoint.load_critic(first, zoo.info(first).config).state_dict()
    for n in (1, 2):
        out = run(out=f"frozen {n}", kimg=0.08, from_=str(first), freeze_d=n)
        after = checkpoint.load_critic(out, zoo.info(out).config).state_dict()
        weights = [
            name for name in after if name.endswith(("original", "bias")) or "weight" in name.split(".")[-1]
        ]
        changed = [name for name in weights if not torch.equal(before[name], after[name])]
        kept = {
            int(name.split(".")[1]) for name in weights if name not in changed and name.startswith("layers.")
        }
        convolutions = sorted(
            {int(name.split(".")[1]) for name in weights if "parametrizations" in name and "layers." in name}
        )
        assert {place for place in kept if place in convolutions} == set(convolutions[:n])
        assert any(name.startswith("score") for name in changed)
        assert f"first {n} layers stayed" in facts(zoo.info(out).config)["started from"]


def test_freezing_without_a_critic_that_comes_along_is_refused(run, first):
    assert "--from" in refusal(Refused, run, out="other", freeze_d=1)
    said = refusal(Refused, run, out="other", from_=str(first), freeze_d=1, loss="wgan-gp")
    assert "--freeze-d" in said and "norm" in said
    assert "3 layers" in refusal(Refused, run, out="other", from_=str(first), freeze_d=4)
    (first / "critic.safetensors").unlink()
    assert "not kept" in refusal(Refused, run, out="other", from_=str(first), freeze_d=1)
    assert "above 0" in refusal(Refused, run, out="other", from_=str(first), freeze_d=0)


def test_a_bundled_model_is_begun_with_by_its_id(run, capsys):
    out = run(
        out="own",
        kimg=0.02,
        log_kimg=0.02,
        snapshot_kimg=0.02,
        width=32,
        latent=128,
        from_="dcgan-focal-cifar10",
    )
    config = zoo.info(out).config
    assert (
        config.options["from"] == "dcgan-focal-cifar10"
        and "`dcgan-focal-cifar10`" in facts(config)["started from"]
    )
    assert config.options["from_sha256"] == [zoo.info("dcgan-focal-cifar10").config.weights.sha256]
    assert "was not kept" in capsys.readouterr().out
    assert not list(zoo.names.BUNDLED.glob("*/critic.safetensors"))


def test_the_options_name_of_the_command_line(line):
    assert line("--from", "runs/x").from_ == "runs/x"
    assert starting.FLAGS["size"] == "--size"
