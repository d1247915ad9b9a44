"""Whole runs in this process: what they leave, how they go on, and how they end when something is wrong."""

import errno
import io
import json
import math
import os
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import zoo
from train import auto, averaging, dcgan, loop, pix2pix
from train.loop import Tally
from train.step import Batch
from zoo.architectures import ARCHITECTURES
from zoo.errors import DataError, Refused, TrainingError, ZooError
from zoo.losses import LOSSES

torch.set_num_threads(1)

SHORT = {
    "kimg": 0.16,
    "snapshot_kimg": 0.08,
    "log_kimg": 0.02,
    "batch": 4,
    "width": 4,
}  # 40 steps, 2 snapshots
PINNED = {"precision": "float32", "memory_format": "contiguous"}


class Cut(Exception):
    """The power, during a run."""


@pytest.fixture(autouse=True)
def apart(tmp_path_factory, monkeypatch):
    """Nothing is read or written but for the test's own folders; statistics come from fewer latents."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    monkeypatch.setattr(averaging, "PICTURES", 500)


@pytest.fixture
def run(made_up, tmp_path):
    def run(name="dcgan", out="run", **given):
        shared = {**SHORT, **PINNED, "out": tmp_path / out if isinstance(out, str) else out}
        if ARCHITECTURES[name].kind == "translation":
            given = {"dataset": str(made_up / "pairs"), "size": 32, "cap": 8, **given}
            options = pix2pix.Options(**{**shared, **given})
        else:
            given = {"dataset": str(made_up / "photos"), "size": 32, "latent": 8, **given}
            options = dcgan.Options(**{**shared, "conditional": name == "cdcgan", **given})
        return loop.run(name, options, script="script.py")

    return run


@pytest.fixture(scope="module")
def known():
    return {}


@pytest.fixture
def whole(run, outcome, known):
    """What a run without any option leaves when nothing happens to it."""
    return known or known.update(outcome(run(out="whole"))) or known


@pytest.fixture
def each_step(monkeypatch):
    """From now on `act(step, game, batches)` is called before each step, counted from 1; with None, no more.

    What it gives back, if anything, is called with the step's scalars.
    """
    play = loop.play

    def each_step(act):
        step = 0

        def watched(game, batches, *rest, **named):
            nonlocal step
            step += 1
            afterwards = act(step, game, batches)
            seen = play(game, batches, *rest, **named)
            if afterwards is not None:
                afterwards(seen)
            return seen

        monkeypatch.setattr(loop, "play", play if act is None else watched)

    return each_step


@pytest.fixture
def cut_after(each_step):
    """Runs end by Cut after so many steps, until called with None."""

    def cut_after(steps):
        def act(step, game, batches):
            if step > steps:
                raise Cut

        each_step(None if steps is None else act)

    return cut_after


def history(out):
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


def files(out):
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def refusal(kind, act, *given, **named):
    with pytest.raises(kind) as raised:
        act(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)


# ---- same seed, same curve; resumed, the same too


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


# ---- what a run leaves

EVERY_LINE = {"kimg", "g_steps", "grad_norm_g", "seconds"}
CRITICS = {"d_loss", "g_loss", "penalty", "d_real", "d_fake", "d_accuracy", "score_gap_sd", "grad_norm_d"}


@pytest.mark.parametrize(
    "name, loss, keys",
    [
        ("dcgan", "vanilla", CRITICS),
        ("dcgan", "began", CRITICS | {"k", "convergence"}),
        ("pix2pix", "focal", CRITICS | {"l1", "adversarial_to_l1"}),
        ("pix2pix", "none", {"l1"}),
    ],
)
def test_a_line_of_history_holds_what_applies_as_finite_numbers(name, loss, keys, run):
    rows = history(run(name, loss=loss))
    assert all(row.keys() == EVERY_LINE | keys for row in rows)
    assert all(isinstance(v, int | float) and math.isfinite(v) for row in rows for v in row.values())
    assert [row["g_steps"] for row in rows] == [5, 10, 15, 20, 25, 30, 35, 40]
    assert [row["kimg"] for row in rows] == pytest.approx([0.02 * i for i in range(1, 9)])
    assert all(a["seconds"] < b["seconds"] for a, b in pairwise(rows))


def test_a_run_leaves_a_checkpoint_and_how_it_came_to_be(run, tmp_path):
    out = run(loss="wgan", loss_fields=("clip=0.02",), kimg=0.1, snapshot_kimg=None, log_kimg=None)
    assert {p.name for p in out.iterdir()} == {
        "config.json",
        "model.safetensors",
        "history.jsonl",
        "samples.png",
        "progress.webp",
        "state",
    }
    along = sorted((out / "state/snapshots").iterdir())
    assert [int(folder.name) for folder in along] == [1, 2, 3, 4, 5]
    for name in ("config.json", "model.safetensors", "samples.png"):
        assert (along[-1] / name).read_bytes() == (out / name).read_bytes()
    assert len({(folder / "samples.png").read_bytes() for folder in along}) == 5
    assert zoo.load(along[0]).config.training.g_steps == 1
    assert Image.open(out / "samples.png").size == (256, 256)
    assert Image.open(out / "progress.webp").n_frames > 1

    config = zoo.info(out).config
    assert config.id == "dcgan-wgan-photos" and config.loss == {"name": "wgan", "clip": 0.02}
    assert (config.dataset.pictures, config.dataset.labels) == (24, ("a", "b"))
    training = config.training
    assert (training.kimg, training.g_steps, training.critic_steps) == (0.1, 5, 5)
    assert (training.processes, training.batch) == (1, 4)
    public = [p for p in out.rglob("*") if p.is_file() and p.suffix != ".pt"]
    assert not any(str(tmp_path.parent).encode() in p.read_bytes() for p in public)


def test_by_default_it_lies_in_runs_and_loads_by_its_relative_path(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(loss="focal", out=None) == Path("runs/dcgan-focal-photos")
    assert zoo.load("runs/dcgan-focal-photos").sample(2).shape == (2, 3, 32, 32)
    assert 'zoo.load("runs/dcgan-focal-photos")' in capsys.readouterr().out
    run(out=Path("here"))
    assert 'zoo.load("./here")' in capsys.readouterr().out
    assert zoo.load("./here").sample(2).shape == (2, 3, 32, 32)


def test_averaged_weights_are_saved_and_not_the_raw_ones(run):
    out = run(ema_kimg=10)
    saved, state = load_file(out / "model.safetensors"), torch.load(out / "state/state.pt")
    weights = [name for name in saved if name.endswith((".weight", ".bias"))]
    for name in weights:
        torch.testing.assert_close(saved[name].float(), state["average"][name], atol=1e-3, rtol=1e-3)
    assert all((saved[name] - state["generator"][name]).abs().max() > 1.5e-3 for name in weights)


def test_learning_rates_fall_from_the_given_fraction_on(run, each_step):
    rates = []
    each_step(
        lambda step, game, batches: rates.append(
            [float(o.param_groups[0]["lr"]) for o in (game.optimiser_g, game.optimiser_d)]
        )
    )
    run(lr=0.01, critic_lr=0.03, lr_decay_from=0.5)
    factors = [1.0] * 20 + [1 - i / 20 for i in range(20)]
    assert np.allclose(rates, [[0.01 * f, 0.03 * f] for f in factors])
    rates.clear()
    run(out="constant", lr=0.01)
    assert rates == [[0.01, 0.01]] * 40


class Processes:
    """As many as there are `others`, whose sums are known: what Tally needs of accelerate."""

    def __init__(self, *others):
        self.others, self.num_processes = others, 1 + len(others)

    def reduce(self, tensor, how):
        assert how == "mean"
        return torch.stack([tensor, *self.others]).mean(0)

    def gather(self, tensor):
        """Of the steps that were bad: none, with the others."""
        return torch.cat([tensor.reshape(-1), torch.full((len(self.others),), math.inf)])


def test_the_gaps_deviation_is_that_of_all_pairs_of_the_interval_and_of_all_processes():
    rng = np.random.default_rng(0)
    gaps = rng.normal(3, 2, size=(2, 5, 4)).astype(np.float32)  # processes, steps, pictures

    def tally(of):
        made = Tally(torch.device("cpu"))
        for step, gap in enumerate(of):
            scalars = {"gap": gap.mean(), "gap_squared": (gap**2).mean(), "d_loss": gap.max()}
            made.add(step, {k: torch.tensor(v) for k, v in scalars.items()})
        return made

    values, bad_step = tally(gaps[0]).read(Processes())
    assert values.keys() == {"score_gap_sd", "d_loss"} and bad_step is None
    assert values["score_gap_sd"] == pytest.approx(gaps[0].std(), rel=1e-4)
    assert values["d_loss"] == pytest.approx(gaps[0].max(1).mean(), rel=1e-5)
    other = tally(gaps[1])
    values, _ = tally(gaps[0]).read(Processes(other.sums))
    assert values["score_gap_sd"] == pytest.approx(gaps.std(), rel=1e-4)
    made = tally(gaps[0])
    made.read(Processes())
    made.add(9, {"gap": torch.tensor(1.0), "gap_squared": torch.tensor(1.0)})
    assert made.read(Processes())[0] == {"score_gap_sd": 0.0}  # an interval forgets the last


# ---- no number


@pytest.fixture
def poison(each_step):
    """NaN in the generator's weights and its loss at one step."""

    def poison(at):
        def act(step, game, batches):
            def spoil(seen):
                with torch.no_grad():
                    next(game.generator.parameters()).fill_(math.nan)
                seen["g_loss"] = seen["g_loss"] * math.nan

            return spoil if step == at else None

        each_step(None if at is None else act)

    return poison


@pytest.mark.parametrize("at", [23, 40])  # within an interval, and just where a snapshot is due
def test_nan_stops_the_run_names_the_step_and_leaves_the_last_good_checkpoint(
    at, run, poison, tmp_path, outcome, whole
):
    poison(at)
    said = refusal(TrainingError, run)
    assert f"generator step {at} ({at * 4 / 1000:.1f} kimg)" in said and str(tmp_path / "run") in said
    model = zoo.load(tmp_path / "run")
    assert model.config.training.g_steps == 20 and model.sample(4).isfinite().all()
    assert all(math.isfinite(value) for row in history(tmp_path / "run") for value in row.values())
    poison(None)
    assert outcome(run(resume=True)) == whole


def test_nan_before_the_first_snapshot_leaves_nothing_that_looks_like_a_checkpoint(run, poison, tmp_path):
    poison(1)
    said = refusal(TrainingError, run)
    assert "generator step 1 " in said and "nothing was saved yet" in said
    assert not list(tmp_path.rglob("*.safetensors")) and not list(tmp_path.rglob("config.json"))
    poison(None)
    run()  # and the folder is no obstacle


# ---- a full disk


class Full:
    """A file on a disk with no room left."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def flush(self):
        self.file.flush()

    def fileno(self):
        raise io.UnsupportedOperation

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


@pytest.fixture
def fill_disk(monkeypatch):
    """From the moment that `since` exists, a file with `name` in its name takes half of what is written."""
    open_ = Path.open

    def fill_disk(name, since):
        def full_open(self, mode="r", *rest, **named):
            file = open_(self, mode, *rest, **named)
            writes = set(mode) & set("wax+")
            return Full(file) if writes and name in self.name and since.exists() else file

        monkeypatch.setattr(Path, "open", full_open if name else open_)

    return fill_disk


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "samples.png", "state.pt", "history.jsonl", "progress.webp"]
)
def test_a_full_disk_leaves_a_checkpoint_that_loads_and_a_run_that_goes_on(
    name, run, fill_disk, tmp_path, outcome, whole
):
    out = tmp_path / "run"
    fill_disk(name, since=out / "state/state.pt")
    assert "No space left" in refusal(ZooError, run)
    fill_disk(None, None)
    model = zoo.load(out)
    assert model.config.training.g_steps in (20, 40) and model.sample(4).isfinite().all()
    assert not list(out.rglob("*.tmp"))
    assert outcome(run(resume=True)) == whole


# ---- a folder that is taken


def test_a_folder_that_holds_a_run_is_not_written_over(run):
    before = files(out := run())
    assert "--resume" in (said := refusal(TrainingError, run)) and "--out" in said
    assert files(out) == before


def test_a_checkpoint_without_a_state_is_not_written_over_either(run):
    """A bundled model, say, or one that was fetched."""
    out = run()
    shutil.rmtree(out / "state")
    before = files(out)
    for resume in (False, True):
        assert "--out" in refusal(TrainingError, run, resume=resume, seed=1)
        assert files(out) == before


@pytest.mark.parametrize(
    "field, other",
    [("loss", "hinge"), ("seed", 1), ("kimg", 0.32), ("lr", 1e-3), ("betas", (0.0, 0.9)), ("width", 8)],
)
def test_a_run_is_not_resumed_with_other_options(field, other, run):
    before = files(out := run(kimg=0.08))
    then = {"loss": "vanilla", "seed": 0, "kimg": 0.08, "lr": 4e-4, "betas": [0.5, 0.999], "width": 4}[field]
    said = refusal(TrainingError, run, resume=True, **{"kimg": 0.08, field: other})
    other = list(other) if isinstance(other, tuple) else other
    assert f"{field} = {then}, not {other}" in said and "--out" in said
    assert files(out) == before


def test_a_run_is_not_resumed_with_other_processes_or_pictures(run, made_up, tmp_path, monkeypatch):
    shutil.copytree(made_up / "photos", tmp_path / "photos")
    given = {"dataset": str(tmp_path / "photos"), "kimg": 0.08}
    run(**given)
    (tmp_path / "photos/a/00.png").unlink()
    assert "pictures = 24, not 23" in refusal(TrainingError, run, resume=True, **given)
    state = torch.load(tmp_path / "run/state/state.pt")
    state["options"] |= {"processes": 2, "pictures": 23}
    torch.save(state, tmp_path / "run/state/state.pt")
    assert "processes = 2, not 1" in refusal(TrainingError, run, resume=True, **given)


# ---- refused before anything is written


@pytest.mark.parametrize("given", [{}, {"precision": "auto", "memory_format": "auto"}])
def test_a_batch_larger_than_the_data_is_refused_before_a_step_is_timed(given, run, tmp_path, monkeypatch):
    monkeypatch.setattr(auto, "seconds_a_step", lambda *_: pytest.fail("took a step"))
    assert "24 pictures" in (said := refusal(DataError, run, batch=25, **given)) and "25" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name, given", [("dcgan", {"size": 48}), ("pix2pix", {"size": 50})])
def test_a_size_that_the_nets_do_not_make_is_refused(name, given, run, tmp_path):
    said = refusal(Refused, run, name, **given)
    assert str(given["size"]) in said and "64" in said
    assert not (tmp_path / "run").exists()


# ---- small parts


def test_seeds_of_neighbours_have_nothing_in_common():
    seeds = [loop.seed_of(a, b, c) for a in range(4) for b in range(4) for c in range(40)]
    assert len(set(seeds)) == len(seeds) and all(0 <= seed < 2**63 for seed in seeds)
    first = [torch.randn((), generator=torch.Generator().manual_seed(seed)).item() for seed in seeds]
    assert abs(np.mean(first)) < 0.15 and abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.15


def test_a_batch_is_real_pictures_their_labels_and_noise_of_the_steps_own_generator(run, each_step):
    batches = []
    each_step(lambda step, game, drawn: batches.extend(drawn))
    run("cdcgan", loss="wgan")
    assert len(batches) == 40 and all(isinstance(batch, Batch) for batch in batches)
    noise = torch.cat([batch.latents for batch in batches])
    assert len(noise.unique(dim=0)) == len(noise) == 160  # other noise for each critic step
    assert abs(noise.mean()) < 0.1 and noise.std().item() == pytest.approx(1, abs=0.1)
    for batch in batches:
        assert batch.real.shape == (4, 3, 32, 32) and -1 <= batch.real.min() < batch.real.max() <= 1
        assert batch.condition.shape == (4,) and set(batch.condition.tolist()) <= {0, 1}
