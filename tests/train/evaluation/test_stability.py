"""The figures of a curve: what moves them and, above all, what must not."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from train.evaluation import stability
from zoo import checkpoint, measurements
from zoo.errors import CheckpointError, DataError

LINES, BATCH, STEPS = 200, 16, 100
ROOT = Path(__file__).parents[3]


@pytest.fixture
def history():
    """Lines of a run whose scores wobble by `wobble` deviations of the gap, of one seed."""

    def make(wobble=0.0, *, scale=1.0, offset=0.0, trend=0.0, accuracy=0.8, seed=0, **given):
        rng = np.random.default_rng(seed)
        sampling = 1 / math.sqrt(2 * BATCH * STEPS)  # of each player's mean score: half of the gap's variance
        ramp = trend * np.linspace(0, 1, LINES)
        real = 1 + ramp + rng.normal(0, sampling, LINES) + rng.normal(0, 1, LINES) * wobble / math.sqrt(2)
        fake = -1 - ramp + rng.normal(0, sampling, LINES) + rng.normal(0, 1, LINES) * wobble / math.sqrt(2)
        lines = []
        for i in range(LINES):
            line = {
                "kimg": 1.6 * (i + 1),
                "g_steps": STEPS * (i + 1),
                "d_loss": scale * (0.5 - 0.1 * (real[i] - fake[i])),
                "g_loss": -scale * fake[i],
                "d_real": scale * real[i] + offset,
                "d_fake": scale * fake[i] + offset,
                "score_gap_sd": scale,
                "d_accuracy": accuracy,
                "grad_norm_d": 1.0,
                "grad_norm_g": 2.0,
            }
            lines.append(line | {name: of[i] for name, of in given.items()})
        return lines

    return make


def figures(lines):
    return {figure["name"]: figure for figure in stability.figures(lines, batch=BATCH, epoch_kimg=32)}


def test_a_history_that_begins_late_has_all_but_its_beginnings_figure(history):
    whole = figures(history(0.2))
    late = figures(history(0.2)[30:])  # as where --log-kimg was lowered by --resume
    assert whole.keys() - late.keys() == {"early_grad_norm_g"} and "swing_d" in late


@pytest.mark.parametrize("wobble", [0.05, 0.2, 1.0])
def test_swing_is_the_wobble_that_was_put_in(history, wobble):
    swing = stability.swing(history(wobble), BATCH)
    assert swing["d"] == pytest.approx(wobble, rel=0.2)
    assert swing["g"] == pytest.approx(wobble / math.sqrt(2), rel=0.2)


def test_swing_of_a_calm_critic_is_not_the_noise_of_few_pairs(history):
    assert stability.swing(history(0), BATCH)["d"] < 0.01 < 1 / math.sqrt(BATCH * STEPS)


def test_swing_knows_neither_scale_nor_offset_nor_trend(history):
    plain = stability.swing(history(0.2), BATCH)
    for changed in ({"scale": 0.01}, {"scale": 1e4}, {"offset": 1.0}, {"offset": -1e3}):
        assert stability.swing(history(0.2, **changed), BATCH) == pytest.approx(plain, rel=1e-6)
    assert stability.swing(history(0.2, trend=20), BATCH) == pytest.approx(plain, rel=0.1)


def test_swing_of_scores_that_never_differ_is_nothing(history):
    lines = [line | {"score_gap_sd": 0.0, "d_real": 1.0, "d_fake": 1.0} for line in history()]
    assert stability.swing(lines, BATCH) == {"d": 0, "g": 0}


def test_a_critic_that_has_won_is_saturated_however_smooth_its_curve(history):
    won = np.r_[np.full(90, 0.7), np.full(110, 0.995)]
    found = figures(history(d_accuracy=won))
    assert found["swing_d"]["saturated"] and found["settled_kimg_g"]["saturated"]
    lately = np.r_[np.full(160, 0.7), np.full(40, 0.999)]  # less than half of the last half
    assert not figures(history(d_accuracy=lately))["swing_d"]["saturated"]


def test_a_critic_that_teaches_nothing_any_more_is_dead_however_settled_its_curve(history):
    for lately in (110, 12):
        died = np.r_[np.full(10, 90.0), np.full(190 - lately, 2.0), np.full(lately, 0.001)]
        found = figures(history(grad_norm_g=died))
        assert found["swing_d"]["dead"] and found["settled_kimg_d"]["dead"]
    came_back = np.r_[np.full(90, 2.0), np.full(105, 0.001), np.full(5, 1.0)]
    assert not figures(history(grad_norm_g=came_back))["swing_d"]["dead"]
    calmed = np.r_[np.full(10, 900.0), np.full(80, 2.0), np.full(110, 0.2)]  # the first tenth is no measure
    assert not figures(history(grad_norm_g=calmed))["swing_d"]["dead"]


def test_settled_is_when_the_curve_came_into_its_final_band_for_good():
    kimg, rng = np.arange(1.0, 201), np.random.default_rng(0)
    noise = rng.normal(0, 0.05, 200)
    assert stability.settled(kimg, np.where(kimg < 60, 3.0, 1.0) + noise) == pytest.approx(60, abs=2)
    back = np.where((kimg > 100) & (kimg < 140), 3.0, 1.0) + noise
    assert stability.settled(kimg, back) == pytest.approx(140, abs=2)
    assert stability.settled(kimg, 1 + noise) == 1
    assert stability.settled(kimg, 5 - kimg / 50 + noise / 10) is None
    assert stability.settled(kimg, -7 * (np.where(kimg < 60, 3.0, 1.0) + noise)) == pytest.approx(60, abs=2)


def test_spikes_explosions_and_lines_that_are_not_finite_are_counted(history):
    grad, loss = np.full(LINES, 2.0), np.ones(LINES)
    grad[[20, 90]], grad[150], loss[40] = 30.0, 15.0, -2180.0
    lines = history(grad_norm_g=grad, g_loss=loss)
    lines[7]["d_loss"] = math.nan
    found = figures(lines)
    assert found["exploded_intervals"]["value"] == 2
    assert found["spike_g"]["value"] == 2180
    assert found["not_finite_lines"]["value"] == 1


def test_a_step_spikes_beside_what_steps_usually_reach_and_a_first_one_that_is_not_clipped_does_not_count(
    history,
):
    peaks = np.full(LINES, 2.0)
    peaks[0], peaks[40] = 900.0, 250.0
    found = figures(history(g_loss_peak=peaks))
    assert found["step_spike_g"]["value"] == 125 and "step_spike_d" not in found
    half = history(g_loss_peak=peaks)
    del half[50]["g_loss_peak"]  # as of a run that an older version began
    assert "step_spike_g" not in figures(half)


def test_a_generator_that_never_had_a_gradient_has_a_dead_critic(history):
    assert figures(history(grad_norm_g=np.zeros(LINES)))["swing_d"]["dead"]


def test_last_epoch_and_first_tenth_are_where_they_say(history):
    kimg = 1.6 * np.arange(1, LINES + 1)
    found = figures(
        history(d_loss=np.where(kimg > kimg[-1] - 32, 1.4, 9.0), grad_norm_g=np.where(kimg <= 32, 5.0, 1.0))
    )
    assert found["last_epoch_d_loss"]["value"] == pytest.approx(1.4)
    assert found["last_epoch_d_loss"]["range_5_95"] == pytest.approx([1.4, 1.4])
    assert found["early_grad_norm_g"]["value"] == pytest.approx(5)


def test_changes_that_go_together_correlate_and_common_trends_do_not():
    rng = np.random.default_rng(0)
    steps = rng.normal(size=300)
    assert stability.rank_correlation_of_changes(np.cumsum(steps), np.exp(np.cumsum(steps) / 30)) > 0.8
    assert stability.rank_correlation_of_changes(np.cumsum(steps), -np.cumsum(steps)) == pytest.approx(-1)
    falling = [100 - np.arange(300) + np.cumsum(rng.normal(size=300)) for _ in range(2)]
    assert np.corrcoef(*falling)[0, 1] > 0.9
    assert abs(stability.rank_correlation_of_changes(*falling)) < 0.2
    assert stability.rank_correlation_of_changes([0.0] * 5, [9, 5, 3, 2, 1.5]) is None  # a critic that died
    assert stability.rank_correlation_of_changes([1, 1, 1, 2, 3], [0, 0, 0, 1, 2]) == pytest.approx(1)  # ties
    with pytest.raises(DataError, match="4 snapshots"):
        stability.rank_correlation_of_changes([1, 2, 3], [1, 2, 3])


def test_between_averages_the_lines_since_the_last_snapshot():
    lines = [
        {"kimg": 59.9 * k, "g_steps": k, "d_loss": 10.0 * k} for k in range(1, 7)
    ]  # kimg is rounded, steps are not
    assert stability.between(lines, [2, 6], "d_loss") == [15.0, 45.0]
    assert stability.between(lines, [2, 6, 9], "d_loss") == [15.0, 45.0]


def test_what_is_kept_of_distance_and_loss_follows_from_the_files_beside_it():
    kept = [
        path.parent
        for room in ("zoo/checkpoints", "train/results")
        for path in ROOT.glob(f"{room}/**/metrics.json")
    ]
    compared = 0
    for folder in kept:
        rows = measurements.read_metrics(folder).rows
        told = [row["value"] for row in rows if row["name"] == "distance_follows_loss"]
        along = sorted((row["g_steps"], row["value"]) for row in rows if row["which"] == "snapshot")
        if told:
            loss = stability.between(checkpoint.read_history(folder), [steps for steps, _ in along], "d_loss")
            found = stability.rank_correlation_of_changes([-of for of in loss], [of for _, of in along])
            assert told == pytest.approx([found], rel=1e-5), folder.name
            compared += 1
    assert compared > 10


def test_histories_that_say_nothing_give_no_figures(tmp_path, history):
    assert checkpoint.read_history(tmp_path) == []
    assert figures(history()[:19]) == {}
    assert figures([{"kimg": float(i), "g_steps": i, "l1": 0.5} for i in range(50)]) == {}
    (tmp_path / "history.jsonl").write_text(json.dumps({"kimg": 1.5}) + "\n")
    assert checkpoint.read_history(tmp_path) == [{"kimg": 1.5}]
    for text in ("{", "[1]", '{"d_loss": 1}'):
        (tmp_path / "history.jsonl").write_text(text)
        with pytest.raises(CheckpointError, match="damaged"):
            checkpoint.read_history(tmp_path)
