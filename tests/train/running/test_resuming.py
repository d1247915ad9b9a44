"""Same seed, same curve; resumed, the same too, and what "auto" chose with it."""

import itertools
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

import zoo
from tests.train.running.short_runs import PINNED, Cut, files, history, refusal
from train import dcgan, pix2pix, sngan
from train.running import auto, folder, loop, resuming
from train.running.cell import layout
from train.running.options import as_recorded
from zoo.errors import Refused, TrainingError
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


@pytest.mark.parametrize("name", ["dcgan", "pix2pix"])
@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_pictures_decoded_anew_give_the_curve_of_those_held_in_memory(name, memory_format, run, outcome):
    given = {"kimg": 0.08, "memory_format": memory_format}
    held, streamed = (
        outcome(run(name, out, resident_gb=gb, **given)) for out, gb in (("a", 6.0), ("b", 0.0))
    )
    assert held["history.jsonl"] == streamed["history.jsonl"]
    assert held["model.safetensors"] == streamed["model.safetensors"]


def test_batches_come_in_the_layout_that_was_asked_for(run, each_step):
    for memory_format in ("contiguous", "channels_last"):
        of, seen = layout(memory_format), []
        each_step(lambda step, game, batches, of=of, seen=seen: seen.append(laid_out(batches, of)))
        for name, gb in itertools.product(("dcgan", "pix2pix"), (6.0, 0.0)):
            run(name, f"{name}-{memory_format}-{gb}", kimg=0.08, memory_format=memory_format, resident_gb=gb)
        assert seen and all(seen)


def laid_out(batches, of):
    tensors = [t for batch in batches for t in batch if t is not None and t.ndim == 4]
    return bool(tensors) and all(t.is_contiguous(memory_format=of) for t in tensors)


@pytest.mark.parametrize("chosen", [("float32", "channels_last"), ("bf16", "contiguous")])
def test_the_recorded_command_names_what_auto_chose_and_repeats_the_run(
    chosen, run, line, outcome, monkeypatch, tmp_path
):
    fastest = auto.fastest
    monkeypatch.setattr(auto, "fastest", lambda cell, device: chosen)
    free = {"kimg": 0.08, "precision": "auto", "memory_format": "auto"}
    out = run(out="free", **free)
    words = zoo.info(out).config.training.command.split()[3:]
    assert words[words.index("--precision") + 1] == chosen[0]
    assert words[words.index("--memory-format") + 1] == chosen[1]
    monkeypatch.setattr(auto, "fastest", fastest)
    pinned = run(out="pinned", kimg=0.08, precision=chosen[0], memory_format=chosen[1])
    one, other = outcome(out), outcome(pinned)
    assert one["model.safetensors"] == other["model.safetensors"]
    assert one["history.jsonl"] == other["history.jsonl"]
    before = files(out)  # and the recorded command resumes what was started without those words
    assert (
        files(run(out="free", resume=True, kimg=0.08, precision=chosen[0], memory_format=chosen[1])) == before
    )
    assert line("--resume", out, "--precision", chosen[0]).kimg == 0.08
    unlike = {"float32": "bf16", "bf16": "float32"}[chosen[0]]
    assert f"precision = {chosen[0]}, not {unlike}" in refusal(
        TrainingError, line, "--resume", out, "--precision", unlike
    )


def test_a_run_of_a_gpu_goes_on_where_there_is_none(run, cut_after, outcome, tmp_path, whole):
    """What such a run records: captured steps, and optimisers that can be captured."""
    cut_after(25)
    with pytest.raises(Cut):
        run()
    cut_after(None)
    state = folder.read_state(tmp_path / "run")
    state["cuda_graphs"] = True
    for name in ("optimiser_g", "optimiser_d"):
        for group in state[name]["param_groups"]:
            group |= {"capturable": True, "lr": torch.tensor(group["lr"])}
    folder.write_state(tmp_path / "run", state)
    found = outcome(run(resume=True))
    for name in ("model.safetensors", "history.jsonl"):
        assert found[name] == whole[name]


EACH_KIND = {(loss.control, loss.critic_steps, loss.paired): name for name, loss in LOSSES.items()}.values()


@pytest.mark.parametrize(
    "name, given",
    [
        *[("dcgan", {"loss": loss, "mirror": True}) for loss in EACH_KIND],
        ("cdcgan", {"loss": "focal", "penalty": "r1", "lr_decay_from": 0.5}),
        ("dcgan", {"loss": "hinge", "precision": "bf16", "memory_format": "channels_last"}),
        ("pix2pix", {"loss": "wgan-gp", "jitter": 32}),
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


# ---- by its folder alone


@pytest.mark.parametrize(
    "name, given",
    [
        ("cdcgan", {"loss": "focal", "loss_fields": ("gamma=1",), "betas": (0.0, 0.9), "mirror": True}),
        ("pix2pix", {"loss": "none", "direction": "BtoA", "resident_gb": 0.0}),
    ],
)
def test_a_run_is_continued_by_its_folder_alone(
    name, given, run, line, cut_after, outcome, made_up, tmp_path, monkeypatch
):
    monkeypatch.chdir(made_up)
    data = {"dataset": f"./{'pairs' if name == 'pix2pix' else 'photos'}"}
    whole = run(name, "whole", **given, **data)
    cut_after(30)
    with pytest.raises(Cut):
        run(name, "cut", **given, **data)
    cut_after(None)
    monkeypatch.chdir(tmp_path)
    of = pix2pix.Options if name == "pix2pix" else dcgan.Options
    loop.run(name, line("--resume", "cut", of=of), script="script.py")
    assert outcome(tmp_path / "cut") == outcome(whole)


def test_what_is_given_as_well_must_agree_unless_it_decides_nothing(run, line, tmp_path):
    before = files(out := run(kimg=0.08, betas=(0.0, 0.9)))
    same = line(
        "--resume", out, "--kimg", "0.08", "--betas", "0", "0.9", "--resident-gb", "1", "--data-dir", tmp_path
    )
    assert (same.batch, same.betas, same.resident_gb, same.data_dir) == (4, (0.0, 0.9), 1.0, tmp_path)
    said = refusal(TrainingError, line, "--lr", "1", "--resume", out, "--loss", "hinge", "--seed", "0")
    assert "loss = vanilla, not hinge" in said and "--out" in said  # the first of the two
    assert "lr = 0.0004, not 1.0" in refusal(TrainingError, line, "--resume", out, "--lr", "1")
    assert files(out) == before


def test_what_was_said_last_of_where_things_lie_is_remembered(run, line, tmp_path):
    out = run(kimg=0.08, data_dir=tmp_path, hub_owner=None)
    assert line("--resume", out).data_dir == tmp_path
    again = replace(line("--resume", out), resident_gb=1.0)
    assert again == line("--resume", out, "--resident-gb", "1")
    assert str(tmp_path) not in (out / "config.json").read_text()


@pytest.mark.parametrize("alone", [True, False])
def test_a_run_of_an_older_version_goes_on(alone, run, line, cut_after, outcome, whole, made_up, tmp_path):
    cut_after(30)
    with pytest.raises(Cut):
        run()
    cut_after(None)
    state = torch.load(tmp_path / "run/state/state.pt")
    del state["aside"], state["options"]["architecture"], state["options"]["cuda_graphs"]
    del state["digest"], state["data"]
    state["options"]["dataset"] = str(made_up / "photos")
    torch.save(state, tmp_path / "run/state/state.pt")
    if alone:
        loop.run("dcgan", line("--resume", tmp_path / "run"), script="script.py")
    else:
        run(resume=True)
    assert outcome(tmp_path / "run") == whole


def test_a_folder_that_cannot_be_resumed_is_refused(run, line, tmp_path):
    assert "--out" in refusal(TrainingError, line, "--resume", tmp_path / "nowhere")
    out = run("cdcgan", kimg=0.08)
    said = refusal(TrainingError, line, "--resume", out, of=sngan.Options)
    assert "conditional" in said and "its own script" in said
    both = line("--resume", out, "--out", tmp_path / "other")
    assert "--out" in refusal(Refused, loop.run, "cdcgan", both, script="script.py")
    plain = line("--resume", run(out="plain", kimg=0.08))
    said = refusal(TrainingError, loop.run, "sngan", plain, script="script.py")
    assert "architecture = dcgan, not sngan" in said


# ---- with more budget, other intervals, from elsewhere


@pytest.mark.parametrize("alone", [True, False])
def test_a_prolonged_run_ends_as_one_that_had_the_whole_budget_from_the_start(
    alone, run, line, outcome, tmp_path
):
    """By the command that its config records, which names what went by the earlier budget."""
    run(kimg=0.08)
    if alone:
        loop.run("dcgan", line("--resume", tmp_path / "run", "--kimg", "0.16"), script="script.py")
    else:
        assert "--ema-kimg 0.004 goes on" in refusal(Refused, run, resume=True, kimg=0.16)
        run(resume=True, kimg=0.16, ema_kimg=0.004)
    config = zoo.info(tmp_path / "run").config
    assert config.training.kimg == 0.16 and config.training.ema_kimg == 0.004
    assert "--kimg 0.16 " in config.training.command and "--ema-kimg 0.004 " in config.training.command
    prolonged, at_once = outcome(tmp_path / "run"), outcome(run(out="at once", kimg=0.16, ema_kimg=0.004))
    for of in (prolonged, at_once):  # which names the budget of its day
        del of["state/snapshots/00000020/config.json"]
    assert prolonged == at_once
    assert line("--resume", tmp_path / "run").kimg == 0.16  # and it can be prolonged again, not cut
    cut = refusal(TrainingError, run, resume=True, kimg=0.08)
    assert "--kimg can only be raised: the run's is 0.16, not 0.08" in cut


def test_a_budget_raised_in_a_recipe_leaves_what_the_recipe_says():
    """Its cells were trained further, then called failed: their average's half-life was recorded, not planned."""
    then, raised = dcgan.Options(kimg=200), dcgan.Options(kimg=300, resume=True)
    assert resuming.prolonged(as_recorded(then), raised) == (as_recorded(raised), raised)


def test_a_run_whose_rates_have_fallen_is_not_prolonged(run, line, tmp_path):
    out = run(kimg=0.08, lr_decay_from=0.5)
    before = files(out)
    for act in (
        lambda: line("--resume", out, "--kimg", "1"),
        lambda: run(resume=True, kimg=1, lr_decay_from=0.5),
    ):
        assert "--lr-decay-from" in refusal(Refused, act)
    assert files(out) == before


def test_how_a_run_is_watched_may_change_and_the_weights_do_not(
    run, line, cut_after, tmp_path, whole, outcome
):
    cut_after(30)
    with pytest.raises(Cut):
        run()
    cut_after(None)
    more = line("--resume", tmp_path / "run", "--log-kimg", "0.04", "--snapshot-kimg", "0.04")
    loop.run("dcgan", more, script="script.py")
    after = outcome(tmp_path / "run")
    assert len(after["history.jsonl"]) == 4 + 2
    for net in ("generator", "critic", "average", "optimiser_g", "optimiser_d"):
        assert after["state/state.pt"][net] == whole["state/state.pt"][net]


def test_a_set_is_known_by_its_pictures_not_by_its_path(
    run, line, made_up, cut_after, tmp_path, outcome, whole
):
    cut_after(30)
    with pytest.raises(Cut):
        run()
    cut_after(None)
    other = tmp_path / "moved" / "and called otherwise"
    shutil.copytree(made_up / "photos", other)
    (other / "a" / "00.png").write_bytes((other / "a" / "02.png").read_bytes())
    chosen = line("--resume", tmp_path / "run", "--dataset", other)
    assert "other pictures" in refusal(TrainingError, loop.run, "dcgan", chosen, script="script.py")
    shutil.copy(made_up / "photos/a/00.png", other / "a" / "00.png")
    loop.run("dcgan", chosen, script="script.py")
    after = outcome(tmp_path / "run")
    assert after["model.safetensors"] == whole["model.safetensors"]
    assert line("--resume", tmp_path / "run").dataset == str(other)


# ---- what "auto" chose

UNDECIDED = {"precision": "auto", "memory_format": "auto"}


@pytest.mark.parametrize("alone", [True, False])
def test_what_auto_chose_is_written_down_and_not_asked_again(
    alone, run, line, cut_after, tmp_path, monkeypatch
):
    def seconds(cell, precision, memory_format, device):
        return 2 - (precision == "bf16") - (memory_format == "channels_last")

    monkeypatch.setattr(auto, "has_bf16", lambda _: True)
    monkeypatch.setattr(auto, "seconds_a_step", seconds)
    cut_after(30)
    with pytest.raises(Cut):
        run(**UNDECIDED)
    cut_after(None)
    monkeypatch.setattr(auto, "seconds_a_step", lambda *_: pytest.fail("asked again"))
    if alone:
        loop.run("dcgan", line("--resume", tmp_path / "run"), script="script.py")
    else:
        run(resume=True, **UNDECIDED)
    config = zoo.info(tmp_path / "run").config
    assert UNDECIDED.items() <= config.options.items()
    training = config.training
    assert (training.precision, training.memory_format) == ("bf16", "channels_last")


@pytest.mark.parametrize("emulated", [True, False])
def test_a_precision_that_the_cpu_only_emulates_is_not_even_timed(emulated, monkeypatch):
    """At 128 pixels four choices took seven and a half minutes, seven of them for this."""
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: not emulated)
    timed = []

    def asked(**given):
        return SimpleNamespace(options=SimpleNamespace(**given))

    monkeypatch.setattr(auto, "seconds_a_step", lambda cell, precision, *_: timed.append(precision) or 1.0)
    auto.fastest(asked(**UNDECIDED), torch.device("cpu"))
    assert set(timed) == ({"float32"} if emulated else {"float32", "bf16"})
    timed.clear()
    auto.fastest(asked(**UNDECIDED | {"precision": "bf16"}), torch.device("cpu"))
    assert set(timed) == {"bf16"}  # what is asked for is done


def test_timing_what_is_fastest_changes_no_weight(run, monkeypatch):
    measure, measured = auto.seconds_a_step, []

    def prefer_pinned(cell, precision, memory_format, device):
        measured.append(measure(cell, precision, memory_format, device))
        return (precision, memory_format) != tuple(PINNED.values())

    monkeypatch.setattr(auto, "has_bf16", lambda _: True)
    monkeypatch.setattr(auto, "seconds_a_step", prefer_pinned)
    chosen = run(out="auto", kimg=0.08, **UNDECIDED)
    assert len(measured) == 4 and min(measured) > 0
    pinned = run(out="pinned", kimg=0.08)
    assert (chosen / "model.safetensors").read_bytes() == (pinned / "model.safetensors").read_bytes()
