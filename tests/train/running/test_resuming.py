"""Same seed, same curve; resumed, the same too, and what "auto" chose with it."""

import pytest
import torch

import zoo
from tests.train.running.short_runs import PINNED, Cut, files, history
from train.running import auto
from zoo.losses import LOSSES

# ---- same seed, same curve


def test_the_same_seed_gives_the_same_curve_and_another_seed_another(run, outcome):
    given = {"loss": "dragan", "kimg": 0.08}
    one = outcome(run(out="one", **given))
    torch.rand(5)  # whatever was drawn before
    assert outcome(run(out="again", **given)) == one
    other = outcome(run(out="other", seed=1, **given))
    assert other["model.safetensors"] != one["model.safetensors"]
    curves = [[row["d_loss"] for row in of["history.jsonl"]] for of in (one, other)]
    assert not set(curves[0]) & set(curves[1])


EACH_KIND = {(loss.control, loss.critic_steps, loss.paired): name for name, loss in LOSSES.items()}.values()


@pytest.mark.parametrize(
    "name, given",
    [
        *[("dcgan", {"loss": loss, "mirror": True}) for loss in EACH_KIND],
        ("cdcgan", {"loss": "focal", "penalty": "r1", "lr_decay_from": 0.5}),
        ("dcgan", {"loss": "hinge", "precision": "bf16", "memory_format": "channels_last"}),
        ("pix2pix", {"loss": "wgan-gp", "jitter": 4}),
        ("pix2pix", {"loss": "none"}),
        ("dcgan", {"resident_gb": 0.0}),  # decoded anew, by workers
        ("pix2pix", {"resident_gb": 0.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_an_interrupted_run_ends_as_the_uninterrupted_one(name, given, run, cut_after, outcome):
    whole = run(name, "whole", **given)
    steps = history(whole)[-1]["g_steps"]
    cut_after(steps * 7 // 8)
    with pytest.raises(Cut):
        run(name, "cut", **given)
    cut = whole.parent / "cut"
    assert history(cut)[-1]["g_steps"] > torch.load(cut / "state/state.pt")["g_steps"] == steps // 2
    cut_after(None)
    run(name, "cut", resume=True, **given)
    assert outcome(cut) == outcome(whole)


def test_resume_begins_where_there_is_nothing_and_leaves_alone_what_is_done(run, outcome, whole):
    first = run(resume=True)
    before = files(first)
    assert outcome(first) == whole and files(run(resume=True)) == before


# ---- what "auto" chose

UNDECIDED = {"precision": "auto", "memory_format": "auto"}


def test_what_auto_chose_is_written_down_and_not_asked_again(run, cut_after, monkeypatch):
    def seconds(cell, precision, memory_format, device):
        return 2 - (precision == "bf16") - (memory_format == "channels_last")

    monkeypatch.setattr(auto, "seconds_a_step", seconds)
    cut_after(30)
    with pytest.raises(Cut):
        run(**UNDECIDED)
    cut_after(None)
    monkeypatch.setattr(auto, "seconds_a_step", lambda *_: pytest.fail("asked again"))
    training = zoo.info(run(resume=True, **UNDECIDED)).config.training
    assert (training.precision, training.memory_format) == ("bf16", "channels_last")


def test_timing_what_is_fastest_changes_no_weight(run, monkeypatch):
    measure, measured = auto.seconds_a_step, []

    def prefer_pinned(cell, precision, memory_format, device):
        measured.append(measure(cell, precision, memory_format, device))
        return (precision, memory_format) != tuple(PINNED.values())

    monkeypatch.setattr(auto, "seconds_a_step", prefer_pinned)
    chosen = run(out="auto", kimg=0.08, **UNDECIDED)
    assert len(measured) == 4 and min(measured) > 0
    pinned = run(out="pinned", kimg=0.08)
    assert (chosen / "model.safetensors").read_bytes() == (pinned / "model.safetensors").read_bytes()
